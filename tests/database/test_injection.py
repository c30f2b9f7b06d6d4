"""with_db_connection: commit on success, rollback on error, for functions and methods, async and called synchronously."""

from __future__ import annotations

import asyncio
import inspect
import subprocess
import sys
import threading

import pytest

from greedy.database.connection import DBConnection
from greedy.database.connector import DBConnector
from greedy.database.errors import QueryError
from greedy.database.injection import INJECTED, shared_loop, with_db_connection
from tests.timing import PATIENCE_SECONDS


@pytest.fixture
async def marks(db: DBConnector) -> DBConnector:
    """A connector to a database with a table of its own."""
    await db.execute("create table marks (n int primary key)")
    return db


async def numbers(db: DBConnector) -> list[int]:
    return [row["n"] for row in await db.execute("select n from marks order by n", fetch_all=True)]


async def test_success_commits_and_an_error_rolls_back(marks: DBConnector) -> None:
    @with_db_connection(marks)
    async def mark(n: int, *, fail: bool = False, connection: DBConnection = INJECTED) -> int:
        """Mark a number."""
        await connection.execute("insert into marks values ($1)", [n])
        if fail:
            raise RuntimeError("hers")
        return n * 2

    assert await mark(1) == 2
    with pytest.raises(RuntimeError, match="hers"):
        await mark(2, fail=True)
    assert await numbers(marks) == [1]
    assert (mark.__name__, mark.__doc__, inspect.iscoroutinefunction(mark)) == ("mark", "Mark a number.", True)


async def test_a_connection_of_the_caller_is_used_in_a_savepoint(marks: DBConnector) -> None:
    @with_db_connection(marks, name="conn")
    async def mark(n: int, *, conn: DBConnection = INJECTED) -> None:
        await conn.execute("insert into marks values ($1)", [n])

    async with marks.transaction() as outer:
        await mark(1, conn=outer)
        with pytest.raises(QueryError, match="duplicate"):
            await mark(1, conn=outer)
        await mark(2, conn=outer)
        assert await numbers(marks) == []
    assert await numbers(marks) == [1, 2]


async def test_methods_of_every_kind(marks: DBConnector) -> None:
    class Marker:
        step = 10

        @with_db_connection(marks)
        async def own(self, n: int, *, connection: DBConnection = INJECTED) -> None:
            await connection.execute("insert into marks values ($1)", [n + self.step])

        @classmethod
        @with_db_connection(marks)
        async def of_class(cls, n: int, *, connection: DBConnection = INJECTED) -> None:
            await connection.execute("insert into marks values ($1)", [n + cls.step])

        @staticmethod
        @with_db_connection(marks)
        async def static(n: int, *, connection: DBConnection = INJECTED) -> None:
            await connection.execute("insert into marks values ($1)", [n])

        @with_db_connection(marks)  # type: ignore[arg-type]
        @staticmethod
        async def above(n: int, *, connection: DBConnection = INJECTED) -> None:
            await connection.execute("insert into marks values ($1)", [n])

    await Marker().own(1)
    await Marker.of_class(2)
    await Marker.static(3)
    await Marker.above(4)
    assert await numbers(marks) == [3, 4, 11, 12]


async def test_isolation_and_readonly_are_those_of_the_transaction(marks: DBConnector) -> None:
    @with_db_connection(marks, isolation="serializable", readonly=True)
    async def mark(*, connection: DBConnection = INJECTED) -> str:
        isolation = await connection.execute("show transaction_isolation", fetch_val=True)
        with pytest.raises(QueryError, match="read-only"):
            async with connection.transaction():
                await connection.execute("insert into marks values (1)")
        return str(isolation)

    assert await mark() == "serializable"


def test_what_cannot_be_decorated_is_refused() -> None:
    db = DBConnector("postgresql://h/d")
    with pytest.raises(TypeError, match="async functions"):
        with_db_connection(db)(lambda: None)  # type: ignore[arg-type, return-value]

    async def without() -> None: ...

    async def positional(connection: DBConnection) -> None: ...

    for function in (without, positional):
        with pytest.raises(TypeError, match="keyword-only"):
            with_db_connection(db)(function)  # type: ignore[arg-type]


async def test_a_connector_is_made_when_first_needed_and_again_when_it_was_closed(database_url: str) -> None:
    made: list[DBConnector] = []

    def make() -> DBConnector:
        made.append(DBConnector(database_url, min_size=1))
        return made[-1]

    @with_db_connection(make)
    async def one(*, connection: DBConnection = INJECTED) -> object:
        return await connection.execute("select 1", fetch_val=True)

    @with_db_connection(make)
    async def other(*, connection: DBConnection = INJECTED) -> object:
        return await connection.execute("select 1", fetch_val=True)

    assert made == []
    assert [await one(), await other(), await one()] == [1, 1, 1]
    assert len(made) == 1
    await made[0].close()
    assert await one() == 1
    assert len(made) == 2
    await made[1].close()


LOOPS = """
import asyncio, gc, sys
from greedy.database import INJECTED, DBConnector, with_db_connection

@with_db_connection(lambda: DBConnector(sys.argv[1], min_size=2))
async def sessions(*, connection=INJECTED):
    return await connection.execute("select count(*) from pg_stat_activity where datname = current_database()", fetch_val=True)

async def settled():
    async with asyncio.timeout(60):
        while await sessions() > 3:
            gc.collect()
            await asyncio.sleep(0.01)

for _ in range(6):
    asyncio.run(sessions())
asyncio.run(settled())
"""


async def test_the_connections_of_loops_that_are_over_go(database_url: str) -> None:
    await asyncio.to_thread(subprocess.run, [sys.executable, "-c", LOOPS, database_url], timeout=PATIENCE_SECONDS, check=True)


async def test_synchronous_callers_share_one_loop(marks: DBConnector, database_url: str) -> None:
    of_tasks = DBConnector(database_url, min_size=1, max_size=3)
    threads: set[int] = set()

    @with_db_connection(of_tasks, blocking=True)
    async def mark(n: int, *, fail: bool = False, connection: DBConnection = INJECTED) -> int:
        threads.add(threading.get_ident())
        await connection.execute("insert into marks values ($1)", [n])
        if fail:
            raise RuntimeError("hers")
        return n

    @with_db_connection(of_tasks, blocking=True)
    async def stop(*, connection: DBConnection = INJECTED) -> None:
        await connection.execute("insert into marks values (99)")
        raise SystemExit(3)

    @with_db_connection(of_tasks, blocking=True)
    async def nested(*, connection: DBConnection = INJECTED) -> int:
        with pytest.raises(QueryError, match="from within another one"):
            mark(50)
        return await mark.__wrapped__(51, connection=connection)  # type: ignore[attr-defined, no-any-return]

    assert mark(0) == 0  # here, where a loop runs
    assert await asyncio.gather(*(asyncio.to_thread(mark, n) for n in range(1, 20))) == list(range(1, 20))
    with pytest.raises(RuntimeError, match="hers"):
        mark(20, fail=True)
    with pytest.raises(SystemExit):
        stop()
    assert nested() == 51
    async with marks.transaction() as connection:
        with pytest.raises(QueryError, match="another event loop"):
            mark(60, connection=connection)
    assert await numbers(marks) == [*range(20), 51]
    assert len(threads) == 1
    assert threads != {threading.get_ident()}
    shared_loop.call(of_tasks.close)


SCRIPT = """
import os, signal, sys, threading, time
from greedy.database.connector import DBConnector
from greedy.database.injection import INJECTED, with_db_connection

url = sys.argv[1]

@with_db_connection(lambda: DBConnector(url, min_size=1), blocking=True)
async def mark(n, *, seconds=0, connection=INJECTED):
    await connection.execute("insert into marks values ($1)", [n])
    await connection.execute("select pg_sleep($1)", [seconds])

mark(1)
child = os.fork()
if child == 0:
    mark(2)
    sys.exit(0)
assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0
mark(3)

def interrupt(*_):
    raise TimeoutError("soft time limit")

signal.signal(signal.SIGALRM, interrupt)
try:
    signal.setitimer(signal.ITIMER_REAL, 0.3)
    mark(4, seconds=600)
except TimeoutError as error:
    print(error)
"""


async def test_it_works_after_a_fork_can_be_interrupted_and_ends_with_the_process(marks: DBConnector, database_url: str) -> None:
    done = await asyncio.to_thread(
        subprocess.run, [sys.executable, "-c", SCRIPT, database_url], capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False
    )
    assert (done.returncode, done.stderr, done.stdout.splitlines()[-1]) == (0, "", "soft time limit")
    assert await numbers(marks) == [1, 2, 3]
