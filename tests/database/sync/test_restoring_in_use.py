"""Restoring where others are at work or may not be disturbed: swapped in one step, whatever happens meanwhile."""

from __future__ import annotations

import asyncio
from pathlib import Path

import asyncpg
import pytest

from greedy.database.connector import DBConnector
from greedy.database.embedded.server import EmbeddedServer
from greedy.database.sync import DatabaseSyncManager, DumpError, RestoreError
from greedy.database.sync.dump_file import DumpFile
from greedy.database.sync.server import RESTORE_LOCK, STAND_IN
from greedy.errors import GreedyError
from tests.database.sync.conftest import Killer, ask, content, databases, forget_role, run, untouched
from tests.supabase_project import ROLES
from tests.timing import PATIENCE_SECONDS


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


async def test_clients_that_write_meanwhile_come_back(
    manager: DatabaseSyncManager, loaded_url: str, dump_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Pools of others lose their connections at the swap alone, with errors that say try again, and go on with the new database."""
    monkeypatch.setattr("greedy.database.sync.server.IN_USE_SECONDS", PATIENCE_SECONDS)
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
    monkeypatch.setattr("greedy.database.sync.server.IN_USE_SECONDS", 0.5)
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
        for number, seconds in enumerate(kill.moments(10)):
            if number >= 10 and strays and killed > 5:
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
