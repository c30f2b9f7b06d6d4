"""DBConnector from its first call to its end: time-outs, exhaustion, closing, cancellation, forks and event loops."""

from __future__ import annotations

import asyncio
import math
import random
import subprocess
import sys
from typing import Any

import pytest
from structlog.testing import capture_logs

from greedy.database.connector import DBConnector
from greedy.database.errors import ConnectionError, QueryError
from greedy.errors import SettingsError
from tests.timing import PATIENCE_SECONDS

SESSIONS = "select count(*) from pg_stat_activity where datname = current_database() and backend_type = 'client backend'"


@pytest.mark.parametrize(
    "settings",
    [
        {"min_size": 6, "max_size": 5},
        {"min_size": 0, "max_size": 0},
        {"min_size": "1"},
        {"min_size": None},
        {"max_size": 7.5},
        {"timeout_seconds": 0},
        {"acquire_timeout_seconds": -1},
        {"timeout_seconds": math.nan},
        {"acquire_timeout_seconds": "5"},
        {"schema": ""},
        {"url": None},
        {"url": b"postgresql://h/d"},
    ],
)
def test_a_pool_that_cannot_be_is_refused(settings: dict[str, Any]) -> None:
    with pytest.raises((SettingsError, QueryError)):
        DBConnector(**{"url": "postgresql://h/d", **settings})


async def test_a_connector_that_is_closed_while_it_opens_keeps_no_connection(database_url: str, db: DBConnector) -> None:
    await db.execute("select 1")
    other = DBConnector(database_url, min_size=3)
    task = asyncio.create_task(other.execute("select 1"))
    while other._opening is None or not other._opening.locked():
        await asyncio.sleep(0)
    await other.close()
    with pytest.raises(ConnectionError, match="is closed"):
        await task
    await until_alone(db)


async def test_the_pool_opens_with_the_first_call_and_keeps_its_sizes(database_url: str, db: DBConnector) -> None:
    before = await db.execute(SESSIONS, fetch_val=True)
    async with DBConnector(database_url, min_size=3, max_size=4) as other:
        assert await db.execute(SESSIONS, fetch_val=True) == before
        await other.execute("select 1")
        assert await db.execute(SESSIONS, fetch_val=True) == before + 3
        await asyncio.gather(*(other.execute("select pg_sleep(0.05)") for _ in range(12)))
        assert await db.execute(SESSIONS, fetch_val=True) == before + 4
    await until_alone(db)


async def until_alone(db: DBConnector, *, sessions: int = 1) -> None:
    """Wait until the server has seen everybody else go."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while await db.execute(SESSIONS, fetch_val=True) > sessions:
            await asyncio.sleep(0.01)


async def test_an_exhausted_pool_says_so_and_is_not_a_slow_statement(database_url: str) -> None:
    async with DBConnector(
        database_url, min_size=2, max_size=2, acquire_timeout_seconds=0.2
    ) as db:  # as many as there are: to open one takes time too
        async with db.connection(), db.connection():
            with pytest.raises(ConnectionError, match="all 2 connections to .* in use and none came free in 0.2 seconds") as caught:
                await db.execute("select 1")
            with pytest.raises(ConnectionError, match="none came free in 0.1 seconds"):
                async with db.connection(timeout_seconds=0.1):
                    pass
            with pytest.raises(ConnectionError, match="none came free in 0 seconds"):
                async with db.connection(timeout_seconds=0):
                    pass
        assert caught.value.retryable
        assert await db.execute("select 1", fetch_val=True) == 1


async def test_a_time_out_is_of_its_own_call_only(db: DBConnector) -> None:
    with pytest.raises(ConnectionError, match="no answer in time"):
        await db.execute("select pg_sleep(600)", timeout_seconds=0.05)
    assert await db.execute("select 1 from pg_sleep(0.1)", fetch_val=True) == 1


async def test_closing_waits_for_what_is_borrowed(database_url: str) -> None:
    db = DBConnector(database_url, min_size=1)
    slow = asyncio.create_task(db.execute("select 1 from pg_sleep(0.2)", fetch_val=True))
    while db._pool is None or not db._pool.get_size() - db._pool.get_idle_size():
        await asyncio.sleep(0.01)
    await db.close(timeout_seconds=PATIENCE_SECONDS)
    assert await slow == 1


async def test_closing_cuts_off_what_does_not_come_back_and_says_so(database_url: str, db: DBConnector) -> None:
    other = DBConnector(database_url, min_size=1)
    async with db.transaction():
        with capture_logs() as logs, pytest.raises(ConnectionError):
            async with other.transaction() as connection:
                await connection.execute("create table cut_off (n int)")
                await other.close(timeout_seconds=0.1)
                await connection.execute("insert into cut_off values (1)")
    assert [(line["event"], line["borrowed"], line["log_level"]) for line in logs if line["event"] == "database.close_terminated"] == [
        ("database.close_terminated", 1, "warning")
    ]
    assert await db.execute("select to_regclass('cut_off')", fetch_val=True) is None
    await until_alone(db)


async def test_whoever_waits_for_a_connection_when_the_pool_closes_is_told(database_url: str) -> None:
    db = DBConnector(database_url, min_size=1, max_size=1, acquire_timeout_seconds=PATIENCE_SECONDS)
    async with db.connection():
        waiting = asyncio.create_task(db.execute("select 1"))
        await asyncio.sleep(0)
        await db.close(timeout_seconds=0.1)
    with pytest.raises(ConnectionError, match="is closed"):
        await waiting


async def test_cancelled_tasks_leave_no_connection_behind(database_url: str, db: DBConnector) -> None:
    await db.execute("create table marks (n int primary key)")
    chance = random.Random(4)
    async with DBConnector(database_url, min_size=2, max_size=4) as other:

        async def work(number: int) -> None:
            match number % 4:
                case 0:
                    await other.execute("select 1 from pg_sleep(0.002)", fetch_val=True)
                case 1:
                    async with other.transaction() as connection, connection.transaction() as inner:
                        await inner.execute("insert into marks values ($1)", [number])
                        await asyncio.sleep(0.001)
                case 2:
                    await other.copy_in("marks", ([number + 10_000 * (n + 1)] for n in range(50)), columns=["n"])
                case _:
                    async for _ in other.stream("select * from generate_series(1, 500)", prefetch=50):
                        pass

        async def outcome(number: int) -> str:
            task = asyncio.create_task(work(number))
            await asyncio.sleep(chance.random() * 0.03)
            if number % 16 > 11:  # of each kind some are done, on a slow machine too
                await asyncio.wait([task])
            for _ in range(chance.choice((1, 1, 2))):
                task.cancel()
                await asyncio.sleep(0)
            (found,) = await asyncio.gather(task, return_exceptions=True)
            if found is not None and not isinstance(found, asyncio.CancelledError):
                raise found
            return "cancelled" if isinstance(found, asyncio.CancelledError) else "done"

        outcomes = [found for start in range(0, 400, 20) for found in await asyncio.gather(*map(outcome, range(start, start + 20)))]
        assert {"cancelled", "done"} == set(outcomes)
        await until_idle(other)
        # All four can still be had at once, and none of them is in a transaction.
        await asyncio.gather(*(other.execute("select pg_sleep(0.02)") for _ in range(4)))
        assert (
            await db.execute(
                "select count(*) from pg_stat_activity where datname = current_database() and state like '%in transaction%'", fetch_val=True
            )
            == 0
        )
    # Every COPY is there whole or not at all.
    assert {row["count"] for row in await db.execute("select count(*) from marks where n >= 10000 group by n % 10000", fetch_all=True)} <= {
        50
    }


async def until_idle(db: DBConnector) -> None:
    """Wait until every connection of the pool is back in it."""
    assert db._pool is not None
    async with asyncio.timeout(PATIENCE_SECONDS):
        while db._pool._queue.qsize() < db._pool.get_max_size():
            await asyncio.sleep(0.01)


async def test_a_thousand_tasks_share_twenty_connections(database_url: str, db: DBConnector) -> None:
    await db.execute("create table work (n int primary key, by_task int)")
    async with DBConnector(database_url) as pool:

        async def work(number: int) -> None:
            if number % 2:
                await pool.execute("insert into work values ($1, $1)", [number])
            else:
                async with pool.transaction() as connection:
                    await connection.execute("insert into work values ($1, 0)", [number])
                    await connection.execute("update work set by_task = n where n = $1", [number])

        await asyncio.gather(*map(work, range(1000)))
        await until_idle(pool)
        assert pool._pool is not None
        assert pool._pool.get_size() == pool._pool.get_idle_size() <= 20
        assert await db.execute("select count(*) from work where n = by_task", fetch_val=True) == 1000
        busy = "select count(*) from pg_stat_activity where datname = current_database() and state <> 'idle' and pid <> pg_backend_pid()"
        assert await db.execute(busy, fetch_val=True) == 0
    await until_alone(db)


def run_script(script: str, *arguments: str) -> str:
    """What a Python program of its own prints; it fails on any warning."""
    done = subprocess.run([sys.executable, "-c", script, *arguments], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


LOOPS = """
import asyncio, sys
from greedy.database.connector import DBConnector
from greedy.database.errors import QueryError

db = DBConnector(sys.argv[1], min_size=2)

async def once():
    return await db.execute("select 1", fetch_val=True)

async def finish():
    found = await once()
    await db.close()
    return found

with asyncio.Runner() as first:
    first.run(once())
    try:
        asyncio.run(once())
    except QueryError as error:
        print(error.message)
    assert first.run(once()) == 1
print(asyncio.run(once()), asyncio.run(finish()))
"""


async def test_the_pool_of_a_closed_loop_is_forgotten_and_that_of_a_living_one_refused(database_url: str) -> None:
    said = await asyncio.to_thread(run_script, LOOPS, database_url)
    assert "belongs to another event loop" in said
    assert said.endswith("1 1\n")


FORK = """
import asyncio, gc, os, sys, time
from greedy.database.connector import DBConnector

url, how = sys.argv[1:]
db = DBConnector(url, min_size=2)
unused = DBConnector(url, min_size=2)

async def pids():
    return {await connection.execute("select pg_backend_pid()", fetch_val=True) for connection in [db, db, unused, unused]}

loop = asyncio.new_event_loop()
asyncio.set_event_loop(loop)
before = loop.run_until_complete(pids())
child = os.fork()
if child == 0:
    if how == "used":
        mine = asyncio.Runner().run(pids())
        assert not mine & before, "the child speaks on a connection of its parent"
    if how == "killed":
        os._exit(0)
    asyncio.set_event_loop(None)
    del loop
    gc.collect()  # with the pool would go the loop, and with it what wakes the parent's
    sys.exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
after = loop.run_until_complete(pids())
assert after <= before | after and after & before, (before, after)
assert len(after & before) == len(after), "the parent lost a connection"
begin = time.monotonic()
loop.run_until_complete(asyncio.wait_for(asyncio.to_thread(time.sleep, 0.1), 60))
assert time.monotonic() - begin < 60, "the parent's loop is not woken any more"
loop.run_until_complete(db.close())
loop.run_until_complete(unused.close())
loop.close()
print("same")
"""


@pytest.mark.parametrize("how", ["used", "unused", "killed"])
async def test_a_forked_child_leaves_its_parents_connections_alone(database_url: str, how: str) -> None:
    said = await asyncio.to_thread(run_script, FORK, database_url, how)
    assert said.endswith("same\n")
