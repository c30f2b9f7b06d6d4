"""greedy doctor over a direct connection, and what it says before it has one."""

from __future__ import annotations

from pathlib import Path

import pytest

from greedy.cli.doctor.command import facts
from greedy.cli.doctor.facts import Fact
from greedy.database.connector import DBConnector
from greedy.formats.tables import PracticeTables
from greedy.settings import Settings
from greedy.store.postgres import PostgresStore
from tests.cli.test_cli import ROSTER, Greedy

HEALTHY = ["python", "settings", "solver", "connection", "migrations", "schema", "triggers"]


async def look(**settings: str) -> dict[str, Fact]:
    return {fact.name: fact async for fact in facts(Settings(_env_file=None, **settings), None, None)}


async def test_a_healthy_database_and_the_roster_of_a_run(database_url: str, db: DBConnector, sample: PracticeTables) -> None:
    found = await look(database_url=database_url)
    assert list(found) == HEALTHY
    assert {(fact.good, fact.next_step, fact.exit_code) for fact in found.values()} == {(True, None, 0)}
    await PostgresStore(db).import_tables(sample)
    found = await look(database_url=database_url, rooster_id=ROSTER)
    assert list(found) == [*HEALTHY, "roster"]
    assert "14 employees, 227 shifts asked for" in found["roster"].text
    wrong = (await look(database_url=database_url, rooster_id="00000000-0000-0000-0000-000000000001"))["roster"]
    assert (wrong.good, wrong.exit_code, wrong.next_step) == (False, 1, "use one of these ids")
    assert ROSTER in wrong.text


async def test_a_database_goes_before_a_project(database_url: str) -> None:
    project = {"supabase_url": "http://127.0.0.1:1", "supabase_key": "sb_publishable_x"}
    found = await look(database_url=database_url, **project)
    assert list(found) == HEALTHY
    assert found["settings"].text.startswith("database: DATABASE_URL;")
    assert list(await look(**project)) == ["python", "settings", "solver"]


async def test_a_database_that_is_not_migrated(database_url: str, db: DBConnector) -> None:
    await db.execute("delete from supabase_migrations.schema_migrations where version > '20261121100000'")
    found = await look(database_url=database_url)
    assert list(found)[-1] == "migrations"
    assert (found["migrations"].exit_code, found["migrations"].next_step) == (1, "greedy db migrate")


@pytest.mark.parametrize(
    "environment", [{"RAILWAY_ENVIRONMENT_ID": "production"}, {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/none"}]
)
def test_without_a_database_the_rest_is_told(tmp_path: Path, environment: dict[str, str]) -> None:
    done = Greedy(tmp_path, **environment)("doctor")
    assert done.returncode == (2 if "DATABASE_URL" in environment else 1)
    assert [line.partition(":")[0] for line in done.stdout.splitlines()[:4]] == [
        "ok     python",
        "ok     settings",
        "ok     solver",
        "WRONG  connection",
    ]
    assert "\n       next: " in done.stdout
