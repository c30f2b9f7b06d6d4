"""DBConnector behind a real pooler in transaction mode, which gives each transaction another connection of the server."""

from __future__ import annotations

import asyncio
import io
import os
import pwd
import socket
import subprocess
from collections.abc import AsyncIterator
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import asyncpg
import pytest

from greedy.database.connector import DBConnector
from greedy.database.embedded import server_user
from greedy.database.errors import QueryError, SchemaError
from greedy.database.server_url import is_transaction_pooler
from tests.programs import required_program
from tests.timing import PATIENCE_SECONDS

# 60 tasks over 20 connections of clients, which share 2 of the server: what is left behind on one is found by another.
TASKS = 60


@pytest.fixture
async def pooler_url(database_url: str, tmp_path: Path) -> AsyncIterator[str]:
    """URL of the test's database through PgBouncer, which like PostgreSQL refuses to run as root."""
    program = required_program("pgbouncer", "pgbouncer")
    options = server_user.run_options()
    user = pwd.getpwuid(options.get("user", os.geteuid())).pw_name
    admin = await asyncpg.connect(database_url)
    if not await admin.fetchval("select exists (select from pg_roles where rolname = $1)", user):
        await admin.execute(f'create role "{user}" login superuser')
    await admin.close()
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    parts = urlsplit(database_url)
    folder = tmp_path / "pooler"
    folder.mkdir(mode=0o755)
    config = folder / "pgbouncer.ini"
    config.write_text(
        f"""[databases]
{parts.path[1:]} = host={parse_qs(parts.query)["host"][0]} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 2
max_client_conn = 200
"""
    )
    server_user.hand_over(folder, reachable=[])
    process = subprocess.Popen([program, str(config)], cwd="/", stderr=subprocess.PIPE, **options)  # noqa: ASYNC220  it returns at once
    url = f"postgresql://somebody@127.0.0.1:{port}{parts.path}"
    try:
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await answers(port):
                assert process.poll() is None, process.stderr and process.stderr.read().decode()
                await asyncio.sleep(0.02)
        yield url
    finally:
        process.terminate()
        process.communicate()


async def answers(port: int) -> bool:
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except OSError:
        return False
    writer.close()
    await writer.wait_closed()
    return True


async def crowd(db: DBConnector) -> list[object]:
    """Many tasks with different statements and types at the same time."""

    async def one(number: int) -> object:
        for turn in range(8):
            wanted = f"{number}-{turn}"
            assert await db.execute(f"select $1::text || '{'' if turn % 2 else number}'", [wanted], fetch_val=True)
            assert await db.execute("select $1::int + $2::int", [number, turn], fetch_val=True) == number + turn
            async with db.transaction() as connection:
                await connection.execute("insert into notes (writer, turn) values ($1, $2)", [number, turn])
                assert await connection.execute("select count(*) from notes where writer = $1", [number], fetch_val=True) == turn + 1
        return None

    return await asyncio.gather(*map(one, range(TASKS)), return_exceptions=True)


@pytest.mark.parametrize("schema", ["public", "Tenant 1"])
async def test_a_crowd_shares_two_connections_of_the_server(pooler_url: str, db: DBConnector, schema: str) -> None:
    await db.execute(f'create schema if not exists "{schema}"; create table "{schema}".notes (writer int, turn int)')
    async with DBConnector(pooler_url, transaction_pooler=True, schema=schema) as pooled:
        assert [failure for failure in await crowd(pooled) if failure] == []
        assert await pooled.execute("select count(*) from notes", fetch_val=True) == TASKS * 8
        sessions = (
            "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and application_name = ''"
        )
        assert await pooled.execute(sessions, fetch_val=True) <= 3
    if schema != "public":
        assert await db.execute("select to_regclass('public.notes')", fetch_val=True) is None


async def test_the_naive_way_fails_there(pooler_url: str, db: DBConnector) -> None:
    """What the test above shows is owed to the connector: without its care the same crowd fails."""
    await db.execute("create table notes (writer int, turn int)")
    async with DBConnector(pooler_url, transaction_pooler=False) as careless:
        assert any(isinstance(failure, QueryError | SchemaError) for failure in await crowd(careless))


async def test_copy_streams_and_borrowed_connections_work_there(pooler_url: str, db: DBConnector) -> None:
    await db.execute(
        "create schema tenant; create table tenant.things (id int primary key, kind text); create type tenant.mood as enum ('glad')"
    )
    async with DBConnector(pooler_url, transaction_pooler=True, schema="tenant", min_size=1) as pooled:

        async def one(start: int) -> None:
            assert await pooled.copy_in("things", ((n, "x") for n in range(start, start + 50)), columns=["id", "kind"]) == 50
            rows = [
                row["id"]
                async for row in pooled.stream(
                    "select id from things where id >= $1 and id < $2 order by 1", [start, start + 50], prefetch=7
                )
            ]
            assert rows == list(range(start, start + 50))
            file = io.BytesIO()
            assert await pooled.copy_out("select id from things where id = $1", file, args=[start]) == 1
            assert await pooled.execute("select 'glad'::mood", fetch_val=True) == "glad"
            async with pooled.connection() as connection:
                for n in range(3):
                    assert await connection.execute("select kind from things where id = $1", [start + n], fetch_val=True) == "x"
                with pytest.raises(QueryError, match="duplicate"):
                    await connection.execute("insert into things values ($1)", [start])
                assert await connection.execute("select 1", fetch_val=True) == 1

        await asyncio.gather(*(one(start) for start in range(0, 2000, 50)))
        assert await pooled.execute("select count(*) from things", fetch_val=True) == 2000
        with pytest.raises(QueryError, match="cannot run inside a transaction block"):
            await pooled.execute("vacuum things")


async def test_nothing_is_sent_outside_a_transaction_there(pooler_url: str, db: DBConnector) -> None:
    async with DBConnector(pooler_url, transaction_pooler=True, min_size=1) as pooled:
        assert await pooled.execute("select 1", fetch_val=True) == 1
        last = "select distinct query from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
        assert [row["query"] for row in await db.execute(last, fetch_all=True)] == ["commit"]


def test_the_port_of_supavisor_is_known() -> None:
    assert is_transaction_pooler("postgresql://u:p@aws-0-eu.pooler.supabase.com:6543/postgres")
    assert not is_transaction_pooler("postgresql://u:p@aws-0-eu.pooler.supabase.com:5432/postgres")
