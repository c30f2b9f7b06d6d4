"""`supabase db push` and `greedy db migrate` apply the same files and keep one history, whichever goes first."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from greedy.database.connector import DBConnector
from greedy.database.embedded.server import EmbeddedServer
from greedy.database.schema.migrations import migrate, migrations
from greedy.database.schema.setup import SchemaSetup
from tests import node_programs
from tests.database.schema.practice_database import practice_database, rows_of_practice
from tests.databases import numbers
from tests.supabase_project import make_default_privileges
from tests.timing import PATIENCE_SECONDS

ROOT = Path(__file__).parents[3]
HISTORY = "select version, name from supabase_migrations.schema_migrations order by version"
NOTHING = "Remote database is up to date."


@pytest.fixture
async def empty_url(server: EmbeddedServer) -> str:
    """An empty database of a hosted project."""
    name = f"push_{next(numbers)}"
    admin = await asyncpg.connect(server.url("postgres"))
    await admin.execute(f"create database {name}")
    await admin.close()
    connection = await asyncpg.connect(server.url(name))
    await make_default_privileges(connection)
    await connection.close()
    return server.url(name)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of supabase/: the CLI writes beside the migrations."""
    shutil.copytree(ROOT / "supabase", tmp_path / "supabase", ignore=shutil.ignore_patterns(".temp", ".branches"))
    return tmp_path


def push(folder: Path, url: str, option: str = "--remote") -> subprocess.CompletedProcess[str]:
    """`supabase db push` of the folder's migrations to a database."""
    program = node_programs.installed() / "supabase" / "dist" / "supabase.js"
    parts = urlsplit(url)
    host = parse_qs(parts.query)["host"][0]
    address = f"postgresql://{parts.username}@localhost{parts.path}?host={host}"
    return subprocess.run(
        [node_programs.node(), program, "db", "push", option, address, "--yes"],
        cwd=folder, env=node_programs.environment(), capture_output=True, text=True, check=False, timeout=PATIENCE_SECONDS)  # fmt: skip


async def history(db: DBConnector) -> list[tuple[str, str]]:
    return [(row["version"], row["name"]) for row in await db.execute(HISTORY, fetch_all=True)]


EXPECTED = [(migration.version, migration.name) for migration in migrations()]


@pytest.mark.parametrize("option", ["--remote", "--db-url"])
async def test_pushed_twice_and_then_migrated(folder: Path, empty_url: str, option: str) -> None:
    done = push(folder, empty_url, option)
    assert done.returncode == 0, done.stderr
    again = push(folder, empty_url, option)
    assert (again.returncode, NOTHING in again.stdout + again.stderr) == (0, True), again.stdout + again.stderr
    async with DBConnector(empty_url, min_size=1) as db:
        assert await history(db) == EXPECTED
        assert await migrate(db) == []
        assert (await SchemaSetup(db).verify_schema()).divergences == ()


async def test_migrated_and_then_pushed(folder: Path, empty_url: str) -> None:
    async with DBConnector(empty_url, min_size=1) as db:
        await migrate(db)
        done = push(folder, empty_url)
        assert (done.returncode, NOTHING in done.stdout + done.stderr) == (0, True), done.stdout + done.stderr
        assert await history(db) == EXPECTED
        assert (await SchemaSetup(db).verify_schema()).divergences == ()


@pytest.mark.parametrize("first", ["push", "migrate"])
async def test_each_goes_on_where_the_other_stopped(folder: Path, empty_url: str, first: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from greedy.database.schema import migrations as module

    async with DBConnector(empty_url, min_size=1) as db:
        if first == "push":
            later = [path for path in sorted((folder / "supabase" / "migrations").iterdir()) if path.name[:14] > EXPECTED[2][0]]
            for path in later:
                path.unlink()
            assert push(folder, empty_url).returncode == 0
            assert await migrate(db) == [version for version, _ in EXPECTED[3:]]
        else:
            with monkeypatch.context() as patched:
                patched.setattr(module, "migrations", lambda: migrations()[:3])
                assert len(await migrate(db)) == 3
            assert push(folder, empty_url).returncode == 0
        assert await history(db) == EXPECTED
        assert (await SchemaSetup(db).verify_schema()).divergences == ()


async def test_pushed_to_a_practices_database(server: EmbeddedServer, folder: Path) -> None:
    url = await practice_database(server)
    before = await rows_of_practice(url)
    done = push(folder, url)
    assert done.returncode == 0, done.stderr
    assert await rows_of_practice(url) == before
    async with DBConnector(url, min_size=1) as db:
        assert await migrate(db) == []
        assert (await SchemaSetup(db).verify_schema()).ok


async def test_a_practices_database_that_does_not_fit_is_left_as_it_is(server: EmbeddedServer, folder: Path) -> None:
    """All faults are told, through the CLI too, which shows nothing of an error but its message."""
    url = await practice_database(
        server, "update employees set team = 'Paars' where id < 'EMP003'; alter table rosters drop column end_date"
    )
    before = await rows_of_practice(url)
    done = push(folder, url)
    assert done.returncode != 0
    assert "rosters.end_date is missing" in done.stderr
    assert "employees: 2 rows break CHECK" in done.stderr
    assert await rows_of_practice(url) == before
    async with DBConnector(url, min_size=1) as db:
        assert await history(db) == []
        assert await db.execute(
            "select to_regnamespace('greedy_set_aside') is null and to_regproc('is_weekly_absence') is null", fetch_val=True
        )
