"""Restoring on the real server: equal, whole, and migrated; what cannot be restored touches nothing."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from greedy.database.connector import DBConnector
from greedy.database.embedded.server import EmbeddedServer
from greedy.database.schema.migrations import migrations
from greedy.database.schema.setup import SchemaSetup
from greedy.database.sync import DatabaseSyncManager, DumpError, RestoreError, RestorePlan, opened_dump
from greedy.database.sync.contents import definitions
from greedy.database.sync.dump_file import DumpWriter
from greedy.errors import GreedyError
from greedy.formats.tables import PracticeTables
from greedy.store.postgres import PostgresStore
from tests.database.sync.conftest import ask, content, databases, run, untouched

# What the last migration makes, and the one before it has not.
LAST_MADE = (
    ("function", "roster_demand_digest"),
    ("function", "entered_digest"),
    ("function", "copy_document"),
    ("function", "get_copy_v1"),
    ("function", "original_of_v1"),
    ("function", "lock_rosters"),
    ("function", "copy_roster_v1"),
    ("function", "list_copies_v1"),
    ("function", "take_over_copy_v1"),
    ("function", "delete_copy_v1"),
    ("table", "roster_copies"),
)


def resealed(path: Path, **changes: object) -> Path:
    """A dump with another manifest, sealed anew: what another program, or a forger, would make."""
    with opened_dump(path) as file:
        manifest = file.check().model_copy(update=changes)
        other = path.with_name("resealed.dump")
        with other.open("wb") as target:
            writer = DumpWriter(target, manifest)
            for chunk in file.chunks():
                writer.write(chunk)
            writer.finish()
    return other


async def test_round_trip(manager: DatabaseSyncManager, loaded_url: str, dump_path: Path, sample: PracticeTables) -> None:
    before = await content(loaded_url)
    async with DBConnector(loaded_url, min_size=1) as old:
        shape = await definitions(old, ["public", "supabase_migrations"])
        facts = await PostgresStore(old).verify(sample.roster.id)
    await run(loaded_url, "delete from rosters; delete from employees; create table public.later (x int)")
    restored = await manager.restore(dump_path)
    assert (restored.database, restored.migrated, restored.missing_roles) == (manager.database, (), ())
    assert await content(loaded_url) == before
    async with DBConnector(loaded_url, min_size=1) as new:
        assert await definitions(new, ["public", "supabase_migrations"]) == shape
        assert await PostgresStore(new).verify(sample.roster.id) == facts
        service = await new.execute("select id from service_types where code = 'DIO'", fetch_val=True)
        free = await new.execute(
            "select employee_id, date from roster_assignments where dagdeel = 'O' and status = 0 limit 1", fetch_row=True
        )
        assert free is not None
        sql = "update roster_assignments set status = 1, service_id = $1, source = 'manual' where employee_id = $2 and date = $3 and dagdeel = 'O'"
        await new.execute(sql, [service, *free])
        blocked = "select count(*) from roster_assignments where blocked_by_service_id = $1 and employee_id = $2 and blocked_by_date = $3"
        assert await new.execute(blocked, [service, *free], fetch_val=True) >= 1
        with pytest.raises(GreedyError):
            await new.execute(
                "insert into roster_assignments (roster_id, employee_id, date, dagdeel) select id, 'EMP001', '1999-01-01', 'O' from rosters"
            )
    assert await ask(loaded_url, "select bool_and(rowsecurity) from pg_tables where schemaname = 'public'") is True
    assert (
        await ask(
            loaded_url,
            "select proacl::text not like '%{=X%' and proacl::text not like '%,=X%' from pg_proc where proname = 'write_roster_v1'",
        )
        is True
    )
    assert await ask(loaded_url, "select has_schema_privilege('public', 'public', 'usage')") is True
    kept = loaded_url.replace(manager.database, restored.kept_as or "")
    assert await ask(kept, "select to_regclass('public.later') is not null and not exists (select from employees)") is True
    assert [one.name for one in (await manager.status()).kept] == [restored.kept_as]


async def test_a_dump_twice_in_a_second_and_old_ones_dropped(manager: DatabaseSyncManager, server: EmbeddedServer, dump_path: Path) -> None:
    before = await databases(server)
    first, second = await manager.restore(dump_path), await manager.restore(dump_path)
    assert first.kept_as is not None
    assert second.kept_as is not None
    assert await databases(server) - before == {first.kept_as, second.kept_as}
    third = await manager.restore(dump_path, drop_old=True)
    assert third.kept_as is None
    assert await databases(server) - before == {first.kept_as, second.kept_as}


async def test_what_belongs_to_the_database_stays(manager: DatabaseSyncManager, loaded_url: str, dump_path: Path) -> None:
    name = manager.database
    await run(
        loaded_url,
        f"""alter database {name} set timezone to 'Europe/Amsterdam'; alter database {name} set search_path to "$user", public, "odd, one";
            alter role current_user in database {name} set statement_timeout to '7min'; alter database {name} set greedy.words to 'it''s, ok';
            revoke connect on database {name} from public; comment on database {name} is 'of the practice'; alter database {name} connection limit 77""",
    )
    facts = """select json_build_array(current_setting('timezone'), current_setting('search_path'), current_setting('statement_timeout'),
                 current_setting('greedy.words'), has_database_privilege('public', oid, 'connect'), has_database_privilege('public', oid, 'temp'),
                 shobj_description(oid, 'pg_database'), datconnlimit, datcollate, pg_encoding_to_char(encoding), datlocprovider)
               from pg_database where datname = current_database()"""
    before = json.loads(await ask(loaded_url, facts))
    assert before[:5] == ["Europe/Amsterdam", '"$user", public, "odd, one"', "7min", "it's, ok", False]
    await manager.restore(dump_path)
    assert json.loads(await ask(loaded_url, facts)) == before


async def test_an_older_dump_is_migrated(manager: DatabaseSyncManager, server: EmbeddedServer, loaded_url: str, tmp_path: Path) -> None:
    last = migrations()[-1]
    functions = await ask(loaded_url, "select count(*) from pg_proc where pronamespace = 'public'::regnamespace")
    await run(
        loaded_url,
        f"delete from supabase_migrations.schema_migrations where version = '{last.version}';"
        + ";".join(f"drop {kind} {name}" for kind, name in LAST_MADE),
    )
    older = await manager.dump(tmp_path / "older.dump")
    assert older.manifest.schema_version != last.version
    restored = await manager.restore(older.path)
    assert restored.migrated == (last.version,)
    assert await ask(loaded_url, "select count(*) from pg_proc where pronamespace = 'public'::regnamespace") == functions


async def test_what_is_newer_is_refused(
    manager: DatabaseSyncManager, server: EmbeddedServer, loaded_url: str, dump_path: Path, tmp_path: Path
) -> None:
    before = await databases(server), await content(loaded_url)
    for changes, said in (
        ({"server_major": 19, "server_version": "19.1"}, r"the dump is of PostgreSQL 19\.1"),
        ({"pg_dump_major": 99}, "pg_restore 99 or newer"),
    ):
        with pytest.raises(GreedyError, match=said):
            await manager.restore(resealed(dump_path, **changes))
    await run(loaded_url, "insert into supabase_migrations.schema_migrations (version, name) values ('29990101000000', 'greedy_future')")
    newer = await manager.dump(tmp_path / "newer.dump")
    with pytest.raises(DumpError, match="newer schema than this program: 29990101000000") as caught:
        await manager.restore(newer.path)
    assert "update this program" in (caught.value.next_step or "")
    await run(loaded_url, "delete from supabase_migrations.schema_migrations where version = '29990101000000'")
    assert await untouched(server, loaded_url, before)


async def test_a_damaged_dump_touches_nothing(
    manager: DatabaseSyncManager, server: EmbeddedServer, loaded_url: str, dump_path: Path
) -> None:
    before = await databases(server), await content(loaded_url)
    whole = dump_path.read_bytes()
    for data in (b"", whole[:5000], whole[:-1], whole[:9000] + b"\0" + whole[9001:], whole + b"x", b"select 1;" * 100):
        dump_path.write_bytes(data)
        with pytest.raises(DumpError):
            await manager.restore(dump_path)
    assert await untouched(server, loaded_url, before)


async def test_a_sealed_dump_that_lies_is_found_before_the_swap(
    manager: DatabaseSyncManager, server: EmbeddedServer, loaded_url: str, dump_path: Path
) -> None:
    before = await databases(server), await content(loaded_url)
    with opened_dump(dump_path) as file:
        manifest = file.check()
    fewer = {**manifest.definitions, "triggers": manifest.definitions["triggers"].model_copy(update={"count": 14})}
    other = {**manifest.definitions, "functions": manifest.definitions["functions"].model_copy(update={"sha256": "0" * 64})}
    for changes, said in (
        ({"rows": {**manifest.rows, "public.rosters": 2}}, "public.rosters: 1 rows, not 2"),
        ({"rows": {**manifest.rows, "public.more": 2}}, "public.more: no rows, not 2"),
        ({"definitions": fewer}, "triggers: 15, not 14"),
        ({"definitions": other}, "functions: other definitions than in the dump"),
        ({"migrations": {"public": manifest.migrations["public"][:-1]}}, "the history of migrations differs"),
    ):
        with pytest.raises(RestoreError, match="not what was dumped") as caught:
            await manager.restore(resealed(dump_path, **changes))
        assert caught.value.details == (said,)
    assert await untouched(server, loaded_url, before)


async def test_an_archive_that_cannot_be_restored(
    manager: DatabaseSyncManager, server: EmbeddedServer, loaded_url: str, dump_path: Path
) -> None:
    """A column of a type that is not in the dump: pg_restore's words are shown, the fresh database is gone."""
    before = await databases(server)
    await run(loaded_url, "create schema extensions; create type extensions.odd as enum ('a'); create table public.x (o extensions.odd)")
    made = await manager.dump(dump_path, force=True)
    with pytest.raises(RestoreError, match="could not restore the dump") as caught:
        await manager.restore(made.path)
    assert any('schema "extensions" does not exist' in line for line in caught.value.details)
    assert await databases(server) == before


async def test_schemas_that_only_the_database_has(manager: DatabaseSyncManager, loaded_url: str, dump_path: Path) -> None:
    await run(loaded_url, "create schema empty; create schema later; create table later.t as select 1 as x")
    with pytest.raises(RestoreError, match="schemas that the dump does not have: later"):
        await manager.restore(dump_path)
    restored = await manager.restore(dump_path, allow_missing_schemas=True)
    assert "later.t" not in await content(loaded_url)
    assert (await content(loaded_url.replace(manager.database, restored.kept_as or "")))["later.t"] == ["(1)"]


async def test_a_database_that_is_not_there_is_made(
    manager: DatabaseSyncManager, server: EmbeddedServer, loaded_url: str, dump_path: Path
) -> None:
    url = server.url("sync_made")
    restored = await DatabaseSyncManager(url, dumps_dir=dump_path.parent).restore(dump_path)
    assert restored.kept_as is None
    assert await content(url) == await content(loaded_url)


async def test_asked_first(manager: DatabaseSyncManager, server: EmbeddedServer, loaded_url: str, dump_path: Path) -> None:
    before = await databases(server), await content(loaded_url)

    async def confirm(plan: RestorePlan) -> bool:
        return plan.exists and plan.database != manager.database

    with pytest.raises(RestoreError, match="not confirmed"):
        await manager.restore(dump_path, confirm=confirm)
    assert await untouched(server, loaded_url, before)


async def test_schemas_of_practices_come_along_and_are_migrated(manager: DatabaseSyncManager, loaded_url: str, tmp_path: Path) -> None:
    """One practice is up to date, one is a migration behind; both are whole and up to date after the restore."""
    last = migrations()[-1]
    async with DBConnector(loaded_url, min_size=1) as db:
        for name in ("zuid", "Noord é"):
            await SchemaSetup(db).ensure_project_schema(name)
    await run(
        loaded_url,
        f"insert into zuid.rosters (naam, start_date, end_date) values ('z', '2026-01-01', '2026-01-07');"
        f"delete from \"Noord é\".schema_migrations where version = '{last.version}';"
        + ";".join(f'drop {kind} "Noord é".{name}' for kind, name in LAST_MADE),
    )
    before = await content(loaded_url)
    made = await manager.dump(tmp_path / "practices.dump")
    assert set(made.manifest.migrations) == {"public", "zuid", "Noord é"}
    await run(loaded_url, 'drop schema zuid cascade; drop schema "Noord é" cascade')
    restored = await manager.restore(made.path)
    assert restored.migrated == (last.version,)
    after = await content(loaded_url)
    migrated = ('"Noord é".schema_migrations', '"Noord é".roster_copies')
    assert {name: rows for name, rows in after.items() if name not in migrated} == {
        name: rows for name, rows in before.items() if name not in migrated
    }
    async with DBConnector(loaded_url, min_size=1) as db:
        for name in ("public", "zuid", "Noord é"):
            assert (await SchemaSetup(db).verify_schema(name)).ok
