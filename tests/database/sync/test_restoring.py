"""Restoring on the real server: equal, whole, and swapped in one step, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import asyncpg
import pytest

from greedy.database.connector import DBConnector
from greedy.database.embedded.server import EmbeddedServer
from greedy.database.schema.migrations import migrations
from greedy.database.schema.setup import SchemaSetup
from greedy.database.sync import DatabaseSyncManager, DumpError, RestoreError, opened_dump
from greedy.database.sync.contents import definitions
from greedy.database.sync.dump_file import DumpFile, DumpWriter
from greedy.database.sync.server import RESTORE_LOCK, STAND_IN
from greedy.errors import GreedyError
from greedy.formats.tables import PracticeTables
from greedy.store.postgres import PostgresStore
from tests.database.sync.conftest import Killer, ask, content, databases, run
from tests.supabase_project import ROLES
from tests.timing import PATIENCE_SECONDS

# What the last migration makes, and the one before it has not.
LAST_MADE = (("function", "apply_absences_v1"), ("table", "absences"))


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


async def forget_role(server: EmbeddedServer, role: str) -> None:
    """Drop a role and what it has in any database."""
    template1 = server.url("template1")
    if await ask(template1, "select true from pg_roles where rolname = $1", role):
        for name in await databases(server) - {"template0"}:
            await run(server.url(name), f'reassign owned by "{role}" to current_user; drop owned by "{role}"')
        await run(template1, f'drop role "{role}"')


async def untouched(server: EmbeddedServer, loaded_url: str, before: tuple[set[str], dict[str, list[str]]]) -> bool:
    return before == (await databases(server), await content(loaded_url))


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


async def test_roles_that_the_server_lacks(manager: DatabaseSyncManager, server: EmbeddedServer, loaded_url: str, dump_path: Path) -> None:
    """Grants to roles of another server are left out, policies for them too, and no role stays."""
    template1 = server.url("template1")
    await run(
        template1,
        'create role sync_here; create role "sync gone"',
    )
    try:
        await run(
            loaded_url,
            """grant select on rosters to sync_here, "sync gone"; grant usage on schema public to "sync gone";
               create policy seen on rosters for select to sync_here, "sync gone"; create policy unseen on rosters to "sync gone";
               alter default privileges in schema public grant select on tables to "sync gone" """,
        )
        made = await manager.dump(dump_path, force=True)
        assert set(made.manifest.roles) == {await ask(loaded_url, "select current_user"), *ROLES, "sync gone", "sync_here"}
        await run(loaded_url, 'drop owned by "sync gone"')
        await run(template1, 'drop role "sync gone"')
        restored = await manager.restore(dump_path)
        assert restored.missing_roles == ("sync gone",)
        assert await ask(loaded_url, "select has_table_privilege('sync_here', 'rosters', 'select')") is True
        assert (
            await ask(loaded_url, "select string_agg(polname || polroles::regrole[]::text, ' ') from pg_policy where polname like '%seen'")
            == "seen{sync_here}"
        )
        assert await ask(loaded_url, "select relacl::text like '%gone%' from pg_class where relname = 'rosters'") is False
        assert await ask(template1, "select count(*) from pg_roles where rolname = 'sync gone'") == 0
        assert await ask(loaded_url, "select count(*) from pg_roles where shobj_description(oid, 'pg_authid') = $1", STAND_IN) == 0
        await manager.restore(dump_path, drop_old=True)
    finally:
        await forget_role(server, "sync gone")
        await forget_role(server, "sync_here")


async def test_who_may_not_replace_the_database(
    manager: DatabaseSyncManager, server: EmbeddedServer, loaded_url: str, dump_path: Path
) -> None:
    before = await databases(server), await content(loaded_url)
    template1 = server.url("template1")
    await run(template1, "create role sync_limited login")
    limited = DatabaseSyncManager(f"{loaded_url}&role=sync_limited", dumps_dir=dump_path.parent)
    try:
        with pytest.raises(RestoreError, match="sync_limited is not the owner of"):
            await limited.restore(dump_path)
        await run(template1, f"alter database {manager.database} owner to sync_limited")
        with pytest.raises(RestoreError, match="sync_limited may not create databases") as caught:
            await limited.restore(dump_path)
        assert 'alter role "sync_limited" createdb' in (caught.value.next_step or "")
        await run(template1, "create role supabase_admin")
        with pytest.raises(RestoreError, match="Supabase does not let its users rename databases"):
            await limited.restore(dump_path)
        assert await untouched(server, loaded_url, before)
        await run(template1, "drop role supabase_admin; alter role sync_limited createdb")
        await limited.restore(dump_path)
        assert await content(loaded_url) == before[1]
        assert (
            await ask(loaded_url, "select string_agg(distinct tableowner, ' ') from pg_tables where schemaname = 'public'")
            == "sync_limited"
        )
        await manager.restore(dump_path)
        assert (
            await ask(loaded_url, "select string_agg(distinct tableowner, ' ') from pg_tables where schemaname = 'public'")
            == "sync_limited"
        )
    finally:
        await forget_role(server, "supabase_admin")
        await forget_role(server, "sync_limited")


async def test_only_one_at_a_time_and_what_is_no_target(manager: DatabaseSyncManager, server: EmbeddedServer, dump_path: Path) -> None:
    holder = await asyncpg.connect(server.url("template1"))
    await holder.execute("select pg_advisory_lock($1)", RESTORE_LOCK)
    with pytest.raises(RestoreError, match="another restore runs"):
        await manager.restore(dump_path)
    await holder.close()
    with pytest.raises(RestoreError, match="is a template"):
        await DatabaseSyncManager(server.url("template1"), dumps_dir=dump_path.parent).restore(dump_path)


async def test_a_database_that_is_not_there_is_made(
    manager: DatabaseSyncManager, server: EmbeddedServer, loaded_url: str, dump_path: Path
) -> None:
    url = server.url("sync_made")
    restored = await DatabaseSyncManager(url, dumps_dir=dump_path.parent).restore(dump_path)
    assert restored.kept_as is None
    assert await content(url) == await content(loaded_url)


async def test_asked_first(manager: DatabaseSyncManager, server: EmbeddedServer, loaded_url: str, dump_path: Path) -> None:
    before = await databases(server), await content(loaded_url)
    with pytest.raises(RestoreError, match="not confirmed"):
        await manager.restore(dump_path, confirm=lambda plan: plan.exists and plan.database != manager.database)
    assert await untouched(server, loaded_url, before)


async def test_clients_that_write_meanwhile_come_back(
    manager: DatabaseSyncManager, loaded_url: str, dump_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pools of others lose their connections at the swap alone, with errors that say try again, and go on with the new database."""
    monkeypatch.setattr("greedy.database.sync.server.SWAP_TIMEOUT_SECONDS", PATIENCE_SECONDS)
    stop = asyncio.Event()
    written, lost = 0, 0

    async def write(pool: DBConnector) -> None:
        nonlocal written, lost
        while not stop.is_set():
            try:
                await pool.execute("insert into rosters (start_date, end_date) values ('2026-01-01', '2026-01-07')")
                written += 1
            except GreedyError as exc:
                if not exc.retryable:
                    raise
                lost += 1
            await asyncio.sleep(0)

    async with DBConnector(loaded_url, min_size=2, max_size=6) as pool:
        writers = [asyncio.create_task(write(pool)) for _ in range(6)]
        while written < 50:
            await asyncio.sleep(0.01)
        idle = await asyncpg.connect(loaded_url)  # would hold the database for ever
        restored = await manager.restore(dump_path)
        with pytest.raises((asyncpg.PostgresError, asyncpg.InterfaceError)):
            await idle.fetchval("select 1")
        at_swap = written
        while written < at_swap + 50:
            await asyncio.sleep(0.01)
        stop.set()
        await asyncio.gather(*writers)
        assert lost
        here = await pool.execute("select count(*) from rosters", fetch_val=True)
    there = await ask(loaded_url.replace(manager.database, restored.kept_as or ""), "select count(*) from rosters")
    # No acknowledged row is lost: it is in the old database or in the new one. One may be there whose answer was lost.
    assert written <= here + there - 2 <= written + lost


async def test_a_session_that_cannot_be_ended(
    manager: DatabaseSyncManager, server: EmbeddedServer, loaded_url: str, dump_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is that of a superuser; the database's owner is none."""
    monkeypatch.setattr("greedy.database.sync.server.SWAP_TIMEOUT_SECONDS", 0.5)
    template1 = server.url("template1")
    await run(template1, "create role sync_owner createdb")
    mightier = await asyncpg.connect(loaded_url)
    try:
        await run(template1, f"alter database {manager.database} owner to sync_owner")
        before = await databases(server), await content(loaded_url)
        limited = DatabaseSyncManager(f"{loaded_url}&role=sync_owner", dumps_dir=dump_path.parent)
        with pytest.raises(RestoreError, match="is still in use after") as caught:
            await limited.restore(dump_path)
        assert any(line.startswith("1 sessions of") for line in caught.value.details)
        assert await mightier.fetchval("select 1") == 1
        assert await untouched(server, loaded_url, before)
    finally:
        await mightier.close()
        await forget_role(server, "sync_owner")


async def test_killed_at_any_moment(manager: DatabaseSyncManager, server: EmbeddedServer, loaded_url: str, dump_path: Path) -> None:
    """The database is always there and whole: with the rows of before, or with those of the dump. What is left over goes with the next restore."""
    dumped = await content(loaded_url)
    strays = killed = 0
    with Killer("restore", loaded_url, dump_path) as kill:
        for number, seconds in enumerate(kill.moments(16)):
            if number >= 16 and strays and killed > 5:
                break
            await run(loaded_url, f"insert into rosters (naam, start_date, end_date) values ('later {number}', '2026-01-01', '2026-01-07')")
            before = await content(loaded_url)
            killed += kill(seconds)
            assert await content(loaded_url) in (before, dumped)
            strays += any(name.startswith("greedy_restore_") for name in await databases(server))
    assert killed > 5
    assert strays
    restored = await _once_free(manager, dump_path)
    assert await content(loaded_url) == dumped
    names = await databases(server)
    assert not any(name.startswith("greedy_restore_") for name in names)
    assert restored.kept_as in names


async def _once_free(manager: DatabaseSyncManager, dump_path: Path):  # noqa: ANN202
    """Restore, once the server has seen that the last one died."""
    while True:
        try:
            return await manager.restore(dump_path)
        except RestoreError as exc:
            if "another restore" not in exc.message:
                raise
            await asyncio.sleep(0.02)


async def test_a_dump_that_changes_while_it_is_restored(
    manager: DatabaseSyncManager, server: EmbeddedServer, loaded_url: str, dump_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Checked once, and again as it goes to pg_restore."""
    before = await databases(server), await content(loaded_url)
    check = DumpFile.check

    def check_and_change(self: DumpFile) -> object:
        found = check(self)
        data = bytearray(dump_path.read_bytes())
        data[-20_000] ^= 1
        with dump_path.open("r+b") as file:
            file.write(data)
        return found

    monkeypatch.setattr(DumpFile, "check", check_and_change)
    with pytest.raises(DumpError, match="archive differs"):
        await manager.restore(dump_path)
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
    migrated = ('"Noord é".schema_migrations', '"Noord é".absences')
    assert {name: rows for name, rows in after.items() if name not in migrated} == {
        name: rows for name, rows in before.items() if name not in migrated
    }
    async with DBConnector(loaded_url, min_size=1) as db:
        for name in ("public", "zuid", "Noord é"):
            assert (await SchemaSetup(db).verify_schema(name)).ok
