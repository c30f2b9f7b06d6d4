"""The server goes away in the middle of the work, and comes back: nothing that was acknowledged is lost, and nothing is there by half."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID, uuid4

import pytest

from greedy.database.connector import DBConnector
from greedy.database.embedded.server import EmbeddedServer
from greedy.database.errors import ConnectionError
from greedy.database.retry import retrying
from tests.timing import PATIENCE_SECONDS

TASKS, RESTARTS, ROWS = 60, 3, 3


@pytest.fixture
def own_server(tmp_path: Path) -> Iterator[EmbeddedServer]:
    """A server that nobody else uses."""
    server = EmbeddedServer(tmp_path / "own")
    server.start()
    yield server
    server.stop()


async def test_the_server_restarts_under_load(own_server: EmbeddedServer) -> None:
    async with DBConnector(own_server.url(), min_size=2) as db:
        await db.execute("create table runs (id uuid primary key);create table written (run uuid, n int, primary key (run, n))")
        acknowledged: list[UUID] = []
        failed: list[ConnectionError] = []
        stop = asyncio.Event()

        async def write(run: UUID) -> None:
            """One run, once: whoever finds it in the ledger has nothing left to do."""
            async with db.transaction() as connection:
                if not await connection.execute("insert into runs values ($1) on conflict do nothing", [run]):
                    return
                for n in range(ROWS):
                    await connection.execute("insert into written values ($1, $2)", [run, n])

        async def work() -> None:
            while not stop.is_set():
                run = uuid4()
                async for attempt in retrying(seconds=60):
                    with attempt:
                        try:
                            await write(run)
                        except ConnectionError as error:
                            failed.append(error)
                            raise
                acknowledged.append(run)

        async def restart() -> None:
            for _ in range(RESTARTS):
                goal = len(acknowledged) + 200
                while len(acknowledged) < goal:
                    await asyncio.sleep(0.01)
                await asyncio.to_thread(own_server.stop)
                await asyncio.to_thread(own_server.start)
            stop.set()

        async with asyncio.timeout(PATIENCE_SECONDS), asyncio.TaskGroup() as group:
            for _ in range(TASKS):
                group.create_task(work())
            group.create_task(restart())

        assert len(failed) >= RESTARTS
        assert all(error.retryable for error in failed)
        there = {row["id"] for row in await db.execute("select id from runs", fetch_all=True)}
        assert set(acknowledged) == there
        halves = "select count(*) from (select run from written group by run having count(*) <> $1) as half"
        assert await db.execute(halves, [ROWS], fetch_val=True) == 0
        assert await db.execute("select count(distinct run) from written", fetch_val=True) == len(there)
        assert db._pool is not None
        assert db._pool._queue.qsize() == db._pool.get_max_size()


async def test_a_call_in_flight_is_told_and_the_next_one_works(own_server: EmbeddedServer) -> None:
    async with DBConnector(own_server.url(), min_size=1, max_size=2) as db:
        await db.execute("select 1")
        slow = asyncio.create_task(db.execute("select pg_sleep(60)"))
        while not await db.execute(
            "select count(*) from pg_stat_activity where query like '%pg_sleep(60)' and state = 'active'", fetch_val=True
        ):
            await asyncio.sleep(0.01)
        await asyncio.to_thread(own_server.stop)
        with pytest.raises(ConnectionError) as caught:
            await slow
        assert caught.value.retryable
        with pytest.raises(ConnectionError, match="cannot reach|lost"):
            await db.execute("select 1")
        await asyncio.to_thread(own_server.start)
        assert await db.execute("select 1", fetch_val=True) == 1
