"""Migrations: from nothing, twice, half-way, by somebody newer, beside a practice's own."""

from __future__ import annotations

import asyncio
import signal
import sys
from pathlib import Path

import asyncpg
import pytest

from greedy.database.connector import DBConnector
from greedy.database.embedded.server import EmbeddedServer, _binary
from greedy.database.errors import SchemaError
from greedy.database.schema.migrations import migrate, migration_status, migrations, require_migrated
from greedy.database.schema.setup import SchemaSetup
from tests.databases import numbers
from tests.timing import PATIENCE_SECONDS


@pytest.fixture
async def empty(server: EmbeddedServer) -> DBConnector:
    """A database without anything in it."""
    name = f"empty_{next(numbers)}"
    admin = await asyncpg.connect(server.url("postgres"))
    await admin.execute(f"create database {name}")
    await admin.close()
    return DBConnector(server.url(name), min_size=1)


async def test_all_at_once_and_then_nothing(empty: DBConnector) -> None:
    async with empty as db:
        with pytest.raises(SchemaError, match=f"is not migrated: {len(migrations())} migrations are pending"):
            await require_migrated(db)
        versions = [migration.version for migration in migrations()]
        assert await migrate(db) == versions
        assert await migrate(db) == []
        await require_migrated(db)
        rows = await db.execute(
            "select version, name, statements from supabase_migrations.schema_migrations order by version", fetch_all=True
        )
        assert [(row["version"], row["name"]) for row in rows] == [(m.version, m.name) for m in migrations()]
        assert rows[0]["statements"] == [migrations()[0].sql]


async def test_two_programs_at_once_do_it_once(empty: DBConnector) -> None:
    async with empty as db:
        await db.execute("select 1", fetch_val=True)
        applied = await asyncio.gather(migrate(db), migrate(db), migrate(db))
        assert sorted(map(len, applied)) == [0, 0, len(migrations())]


async def test_a_failed_migration_leaves_nothing_behind(empty: DBConnector, monkeypatch: pytest.MonkeyPatch) -> None:
    from greedy.database.schema import migrations as module

    broken = [*migrations(), module.Migration("29990101000000", "greedy_broken", "create table half (x int); select 1 / 0;")]
    monkeypatch.setattr(module, "migrations", lambda: broken)
    async with empty as db:
        with pytest.raises(Exception, match="division by zero"):
            await migrate(db)
        assert await db.execute("select to_regclass('public.rosters') is null and to_regclass('half') is null", fetch_val=True)


async def test_a_newer_database_is_refused(db: DBConnector) -> None:
    await db.execute("insert into supabase_migrations.schema_migrations (version, name) values ('29990101000000', 'greedy_future')")
    for call in (require_migrated, migrate):
        with pytest.raises(SchemaError, match="was migrated by a newer version of greedy: 29990101000000"):
            await call(db)


async def test_a_practices_own_migrations_do_not_count(db: DBConnector) -> None:
    await db.execute("insert into supabase_migrations.schema_migrations (version, name) values ('29990101000000', 'our_own_table')")
    await require_migrated(db)
    assert (await migration_status(db)).unknown == ()


async def test_a_project_schema_has_a_history_of_its_own(db: DBConnector, database_url: str) -> None:
    versions = tuple(migration.version for migration in migrations())
    await SchemaSetup(db).ensure_project_schema("zuid")
    async with DBConnector(database_url, min_size=1, schema="zuid") as zuid:
        await require_migrated(zuid)
        assert (await migration_status(zuid)).applied == (await migration_status(db, "zuid")).applied == versions
        rows = await zuid.execute("select statements from schema_migrations order by version", fetch_all=True)
        assert all('"zuid".' in row["statements"][0] and "public." not in row["statements"][0] for row in rows)
        await db.execute("insert into supabase_migrations.schema_migrations (version, name) values ('29990101000000', 'greedy_future')")
        await require_migrated(zuid)
        assert await migrate(zuid) == []
        with pytest.raises(SchemaError, match="newer version"):
            await migrate(zuid, "public")


@pytest.mark.parametrize("there", ["", "create schema zuid", "create schema zuid; create table zuid.schema_migrations (version text)"])
async def test_a_project_schema_is_never_made_by_mistake(db: DBConnector, database_url: str, there: str) -> None:
    if there:
        await db.execute(there)
    async with DBConnector(database_url, min_size=1, schema="zuid") as zuid:
        for call in (migrate, require_migrated, migration_status):
            with pytest.raises(SchemaError, match="has no schema 'zuid' of a practice") as caught:
                await call(zuid)
            assert "greedy db schema create zuid" in str(caught.value.next_step)
    assert await db.execute("select to_regclass('zuid.rosters') is null", fetch_val=True)


async def test_the_search_path_of_the_session_does_not_matter(empty: DBConnector, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not a schema of the user's name, nor a temporary table, takes what is meant for public, even where a migration forgot to say so."""
    from greedy.database.schema import migrations as module
    from greedy.database.schema import setup as schema_setup

    loose = [
        *migrations(),
        module.Migration("29990101000000", "greedy_loose", "create table loose (x int); create index on rosters (naam);"),
    ]
    for place in (module, schema_setup):
        monkeypatch.setattr(place, "migrations", lambda: loose)
    async with empty as db, db.connection() as connection:
        user = await connection.execute("select current_user::text", fetch_val=True)
        await connection.execute(f'create schema "{user}"; create temporary table rosters (x int)')
        before = await connection.execute("show search_path", fetch_val=True)
        assert await migrate(connection) == [migration.version for migration in loose]
        assert await SchemaSetup(connection).ensure_project_schema("zuid") == [migration.version for migration in loose]
        assert await connection.execute("select to_regclass('zuid.loose') is not null", fetch_val=True)
        assert (await SchemaSetup(connection).verify_schema()).divergences == ()
        assert await connection.execute("show search_path", fetch_val=True) == before
        assert (
            await connection.execute(f"select count(*) from pg_class where relnamespace = '\"{user}\"'::regnamespace", fetch_val=True) == 0
        )


@pytest.mark.kill
@pytest.mark.parametrize("statement", ["create schema", "create table public.employees", "insert into", "notify"])
async def test_a_program_killed_in_the_middle_leaves_nothing(server: EmbeddedServer, empty: DBConnector, statement: str) -> None:
    """Killed before a statement of its transaction; SIGKILL, so that nothing in it cleans up."""
    script = (
        "import asyncio, os, signal, sys\n"
        "from greedy.database.connector import DBConnector\n"
        "from greedy.database.connection import DBConnection\n"
        "from greedy.database.schema.setup import SchemaSetup\n"
        "run = DBConnection.execute\n"
        "async def execute(self, sql, *args, **options):\n"
        "    if sys.argv[2].replace('public', '\"zuid\"') in sql:\n"
        "        os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return await run(self, sql, *args, **options)\n"
        "DBConnection.execute = execute\n"
        "asyncio.run(SchemaSetup(DBConnector(sys.argv[1], min_size=1)).ensure_project_schema('zuid'))\n"
    )
    async with empty as db:
        program = await asyncio.create_subprocess_exec(
            sys.executable, "-c", script, db._url, statement, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        assert await asyncio.wait_for(program.wait(), PATIENCE_SECONDS) == -signal.SIGKILL
        assert await db.execute("select to_regnamespace('zuid') is null", fetch_val=True)
        assert len(await SchemaSetup(db).ensure_project_schema("zuid")) == len(migrations())


async def test_a_dump_of_a_project_schema_alone_is_whole(
    server: EmbeddedServer, db: DBConnector, empty: DBConnector, tmp_path: Path
) -> None:
    """History included: what was restored elsewhere is a project schema, and as its migrations make it."""
    await SchemaSetup(db).ensure_project_schema("Praktijk Zuid")
    dump = tmp_path / "zuid.sql"
    await run(_binary("pg_dump"), "--no-owner", "-n", '"Praktijk Zuid"', "-f", str(dump), db._url)
    async with empty as other:
        await run(_binary("psql"), "-q", "-v", "ON_ERROR_STOP=1", "-f", str(dump), other._url)
        assert [one.name for one in await SchemaSetup(other).project_schemas()] == ["Praktijk Zuid"]
        # What practices share was not in it, as it holds the records of others too; the next migrate makes it.
        assert await migrate(other, "Praktijk Zuid") == []
        assert (await SchemaSetup(other).verify_schema("Praktijk Zuid")).divergences == ()


async def run(*command: str) -> None:
    program = await asyncio.create_subprocess_exec(*command, stdout=asyncio.subprocess.DEVNULL)
    assert await asyncio.wait_for(program.wait(), PATIENCE_SECONDS) == 0
