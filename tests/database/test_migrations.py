"""Migrations: from nothing, twice, half-way, by somebody newer, beside a practice's own."""

from __future__ import annotations

import asyncio

import asyncpg
import pytest

from greedy.database.connector import DBConnector
from greedy.database.embedded import EmbeddedServer
from greedy.database.errors import SchemaError
from greedy.database.migrations import migrate, migration_status, migrations, require_migrated
from tests.conftest import numbers


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
        with pytest.raises(SchemaError, match="is not migrated: 5 migrations are pending"):
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
    from greedy.database import migrations as module

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
