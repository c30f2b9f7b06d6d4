"""Statements, transactions and streams, on the pool and within a transaction."""

from __future__ import annotations

import asyncio
import io
import math
import tracemalloc
from contextlib import aclosing
from typing import Any

import asyncpg
import psutil
import pytest

from greedy.database.connector import DBConnector
from greedy.database.errors import ConnectionError, DatabaseError, QueryError, SchemaError
from tests.database.things import count
from tests.timing import PATIENCE_SECONDS


async def test_a_nested_transaction_is_a_savepoint(things: DBConnector) -> None:
    async with things.transaction() as outer:
        await outer.execute("insert into things values (1)")
        with pytest.raises(QueryError, match="duplicate"):
            async with outer.transaction() as inner:
                await inner.execute("insert into things values (2)")
                await inner.execute("insert into things values (1)")
        async with outer.transaction() as inner, inner.transaction() as third:
            await third.execute("insert into things values (3)")
    rows = await things.execute("select id from things order by id", fetch_all=True)
    assert [row["id"] for row in rows] == [1, 3]


async def test_a_transaction_whose_statement_failed_never_looks_committed(things: DBConnector) -> None:
    with pytest.raises(QueryError, match="nothing was committed"):
        async with things.transaction() as connection:
            await connection.execute("insert into things values (1)")
            with pytest.raises(QueryError):
                await connection.execute("select 1 / 0")
    assert await count(things) == 0


@pytest.mark.parametrize("end", ["commit", "rollback"])
async def test_a_transaction_that_was_ended_within_its_block_never_looks_committed(things: DBConnector, end: str) -> None:
    with pytest.raises(QueryError, match="ended it before its block"):
        async with things.transaction() as connection:
            await connection.execute("insert into things values (1)")
            await connection.execute(end)
    assert await count(things) == (end == "commit")
    async with things.transaction() as connection:
        await connection.execute("insert into things values (2)")
    assert await count(things) == 1 + (end == "commit")


async def test_an_argument_that_does_not_fit_breaks_no_transaction(things: DBConnector) -> None:
    async with things.transaction() as connection:
        await connection.execute("insert into things values (1)")
        with pytest.raises(QueryError, match=r"argument \$1 does not fit"):
            await connection.execute("insert into things values ($1)", ["two"])
    assert await count(things) == 1


async def test_isolation_readonly_and_deferrable_reach_the_server(things: DBConnector) -> None:
    show = "select current_setting('transaction_' || $1)"
    async with things.transaction(isolation="serializable", readonly=True, deferrable=True) as connection:
        found = [await connection.execute(show, [name], fetch_val=True) for name in ("isolation", "read_only", "deferrable")]
        async with connection.transaction(isolation="serializable"):
            pass
        with pytest.raises(QueryError, match="cannot be repeatable_read"):
            async with connection.transaction(isolation="repeatable_read"):
                pass
        with pytest.raises(QueryError, match="outermost"):
            async with connection.transaction(deferrable=True):
                pass
    assert found == ["serializable", "on", "on"]
    with pytest.raises(QueryError, match="there is no isolation"):
        async with things.transaction(isolation="x; drop table things"):  # type: ignore[arg-type]
            pass
    async with things.transaction() as connection:
        with pytest.raises(QueryError) as caught:
            async with connection.transaction(readonly=True) as inner:
                await inner.execute("insert into things values (1)")
        await connection.execute("insert into things values (2)")
    assert caught.value.sqlstate == "25006"
    assert await count(things) == 1


async def test_what_the_users_block_raises_leaves_as_it_is(things: DBConnector) -> None:
    for raised in (OSError("disk"), TimeoutError("hers"), asyncpg.InterfaceError("hers"), asyncio.CancelledError()):
        with pytest.raises(type(raised)) as caught:
            async with things.transaction() as connection:
                await connection.execute("insert into things values (1)")
                raise raised
        assert caught.value is raised
        with pytest.raises(type(raised)) as caught:
            async with things.connection():
                raise raised
        assert caught.value is raised
    assert await count(things) == 0


async def cut(things: DBConnector, pid: int) -> None:
    await things.execute("select pg_terminate_backend($1, 5000)", [pid])


async def test_a_connection_that_dies_hides_no_error_and_blocks_no_pool(things: DBConnector) -> None:
    with pytest.raises(RuntimeError, match="first"):
        async with things.transaction() as connection:
            await cut(things, await connection.execute("select pg_backend_pid()", fetch_val=True))
            raise RuntimeError("first")
    with pytest.raises(ConnectionError) as caught:
        async with things.transaction() as connection:
            await connection.execute("insert into things values (1)")
            await cut(things, await connection.execute("select pg_backend_pid()", fetch_val=True))
            await asyncio.sleep(0.01)
            await connection.execute("insert into things values (2)")
    assert caught.value.retryable
    with pytest.raises(ConnectionError) as caught:
        async with things.transaction() as connection:
            await connection.execute("insert into things values (3)")
            await cut(things, await connection.execute("select pg_backend_pid()", fetch_val=True))
    assert await count(things) == 0
    await asyncio.gather(*(things.execute("select pg_sleep(0.01)") for _ in range(10)))


async def test_a_commit_whose_answer_is_lost_says_that_nobody_knows(things: DBConnector) -> None:
    await things.execute(
        "create function hang() returns trigger language plpgsql as $$ begin perform pg_sleep(600); return null; end $$;"
        "create constraint trigger hangs after insert on things deferrable initially deferred for each row execute function hang()"
    )

    async def write() -> None:
        async with things.transaction() as connection:
            pids.append(await connection.execute("select pg_backend_pid()", fetch_val=True))
            await connection.execute("insert into things values (1)")

    pids: list[int] = []
    writing = asyncio.create_task(write())
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await things.execute("select count(*) from pg_stat_activity where query = 'commit' and state = 'active'", fetch_val=True):
            await asyncio.sleep(0.01)
    await cut(things, pids[0])
    with pytest.raises(ConnectionError, match="nobody knows whether it was committed") as caught:
        await writing
    assert caught.value.retryable


async def test_a_commit_on_a_connection_that_is_known_to_be_dead_was_not_sent(things: DBConnector) -> None:
    with pytest.raises(DatabaseError) as caught:
        async with things.transaction() as connection:
            await connection.execute("insert into things values (1)")
            pid = await connection.execute("select pg_backend_pid()", fetch_val=True)
            await things.execute("select pg_terminate_backend($1)", [pid])
            async with asyncio.timeout(PATIENCE_SECONDS):
                while psutil.pid_exists(pid):
                    await asyncio.sleep(0.01)
            await asyncio.sleep(0.05)  # for the driver to read of it, which lies there already
    assert "nobody knows" not in caught.value.message
    assert await count(things) == 0


@pytest.mark.parametrize("moment", ["begin", "rollback"])
async def test_a_connection_that_is_cancelled_at_the_edge_of_a_transaction_is_in_none_afterwards(things: DBConnector, moment: str) -> None:
    there = asyncio.Event()

    async with things.connection() as connection:

        async def work() -> None:
            if moment == "begin":
                there.set()
            async with connection.transaction():
                await connection.execute("insert into things values (1)")
                there.set()
                raise ZeroDivisionError

        task = asyncio.create_task(work())
        await there.wait()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        with pytest.raises(ConnectionError):
            await connection.execute("insert into things values (2)")
    assert await count(things) == 0


async def test_savepoints_that_were_rolled_back_do_not_pile_up(things: DBConnector) -> None:
    async with things.transaction() as connection:
        for n in range(5):
            with pytest.raises(ZeroDivisionError):
                async with connection.transaction():
                    await connection.execute("insert into things values ($1)", [n])
                    raise ZeroDivisionError
        await connection.execute("insert into things values (1)")
        open_savepoints = """select (pg_stat_get_backend_subxact(number)).subxact_count from pg_stat_get_backend_idset() as number
                             where pg_stat_get_backend_pid(number) = pg_backend_pid()"""
        assert await connection.execute(open_savepoints, fetch_val=True) == 0


async def test_a_commit_that_the_server_refuses_is_no_lost_one(things: DBConnector) -> None:
    await things.execute("create table parts (thing int references things deferrable initially deferred)")
    with pytest.raises(QueryError, match="foreign key") as caught:
        async with things.transaction() as connection:
            await connection.execute("insert into parts values (9)")
    assert (caught.value.sqlstate, caught.value.constraint) == ("23503", "parts_thing_fkey")


async def test_a_connection_is_not_for_two_tasks_nor_for_after_its_block(things: DBConnector) -> None:
    async with things.connection() as connection:
        slow = asyncio.create_task(connection.execute("select pg_sleep(0.1)"))
        await asyncio.sleep(0)  # it is sent then, and cannot be answered yet
        with pytest.raises(QueryError, match="another operation"):
            await connection.execute("select 1")
        await slow
    with pytest.raises(QueryError, match="released"):
        await connection.execute("select 1")
    with pytest.raises(QueryError, match="list of values"):
        await things.execute("select $1::text", "x", fetch_val=True)


async def test_a_call_that_is_none_is_refused_and_costs_no_connection(things: DBConnector) -> None:
    bad: Any
    for bad in (None, 5, b"select 1", ["select 1"], "select 1\0", "select '\ud800'"):
        for how in ({}, {"fetch_val": True}):
            with pytest.raises(QueryError, match="a statement is text|the statement has half"):
                await things.execute(bad, **how)
    for bad in (None, 5, {"a": 1}, {1}, iter([1]), "x", b"x"):
        with pytest.raises(QueryError, match="list of values"):
            await things.execute("select $1::text", bad)
        with pytest.raises(QueryError, match="list of values"):
            async with aclosing(things.stream("select $1::text", bad)) as rows:
                await anext(rows)
    for bad in ("5", True, math.nan, []):
        calls = [
            things.execute("select 1", timeout_seconds=bad),
            things.copy_in("things", [], columns=["id"], timeout_seconds=bad),
            things.copy_out("things", io.BytesIO(), timeout_seconds=bad),
        ]
        for call in calls:
            with pytest.raises(QueryError, match="a number of seconds"):
                await call
        with pytest.raises(QueryError, match="a number of seconds"):
            async with things.connection(timeout_seconds=bad):
                pass
    for bad in (0, "a", None, 2**31, 1.5):
        with pytest.raises(QueryError, match="prefetch"):
            async with aclosing(things.stream("select 1", prefetch=bad)) as rows:
                await anext(rows)
    for bad in (5, None, [5]):
        with pytest.raises(QueryError, match="no list of names|is none|no columns"):
            await things.copy_in("things", [], columns=bad)
    for empty in ("", "  ", "-- nothing\n/* at all */"):
        assert await things.execute(empty) == 0
        assert await things.execute(empty, fetch_all=True) == []
    assert await things.execute("select 1", fetch_val=True) == 1


async def test_what_python_cannot_hold_is_told_and_breaks_no_transaction(things: DBConnector) -> None:
    async with things.transaction() as connection:
        await connection.execute("insert into things values (1)")
        for value in ("'4713-01-01 BC'::date", "'12345-01-01'::timestamptz", "interval 'infinity'", "'24:00'::time"):
            with pytest.raises(QueryError, match="value that Python has not") as caught:
                await connection.execute(f"select {value}", fetch_val=True)
            assert not caught.value.retryable
            with pytest.raises(QueryError, match="value that Python has not"):
                await things.execute(f"select {value}", fetch_all=True)
    assert await count(things) == 1


async def test_a_stream_holds_no_more_than_it_prefetches(db: DBConnector) -> None:
    tracemalloc.start()
    try:
        total = 0
        async for row in db.stream("select n, repeat('x', 1000) from generate_series(1, $1::int) as n", [20_000], prefetch=100):
            total += row["n"]
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()
    assert total == 20_000 * 20_001 // 2


async def test_a_stream_that_is_left_gives_its_connection_back(database_url: str) -> None:
    async with DBConnector(database_url, min_size=1, max_size=1, acquire_timeout_seconds=PATIENCE_SECONDS) as db:
        async for row in db.stream("select n from generate_series(1, 100000) as n"):
            if row["n"] == 5:
                break
        assert await db.execute("select 1", fetch_val=True) == 1
        with pytest.raises(RuntimeError, match="hers"):
            async with aclosing(db.stream("select n from generate_series(1, 100000) as n")) as rows:
                async for _ in rows:
                    raise RuntimeError("hers")
        assert await db.execute("select 1", fetch_val=True) == 1
        with pytest.raises(QueryError, match="division"):
            async for _ in db.stream("select 1 / (10 - n) from generate_series(1, 100) as n"):
                pass
        assert await db.execute("select 1", fetch_val=True) == 1


async def test_a_stream_that_was_read_to_its_end_leaves_no_cursor(things: DBConnector) -> None:
    async with things.transaction() as connection:
        assert [row[0] async for row in connection.stream("select generate_series(1, 3)", prefetch=2)] == [1, 2, 3]
        assert await connection.execute("select count(*) from pg_cursors where name like 'greedy%'", fetch_val=True) == 0


async def test_statements_go_between_the_rows_of_a_stream(things: DBConnector) -> None:
    async with things.transaction() as connection:
        async for row in connection.stream("select n from generate_series(1, 10) as n", prefetch=3):
            await connection.execute("insert into things (id) values ($1)", [row["n"]])
            if row["n"] == 7:
                break
        async for _ in connection.stream("select 1 as other, 2 as columns", prefetch=3):
            pass
    assert await count(things) == 7
    async with things.connection() as connection:
        with pytest.raises(QueryError, match="needs a transaction"):
            async for _ in connection.stream("select 1"):
                pass
    with pytest.raises(QueryError, match="prefetch"):
        async for _ in things.stream("select 1", prefetch=0):
            pass


async def test_names_are_looked_up_in_the_schema_of_the_connector(database_url: str, db: DBConnector) -> None:
    await db.execute('create schema "Dr. ""O""; drop"; create table "Dr. ""O""; drop".things (id int); create table things (id int)')
    async with DBConnector(database_url, schema='Dr. "O"; drop', min_size=1, max_size=2) as tenant:
        await tenant.execute("insert into things values (1)")
        assert await tenant.copy_in("things", [(2,)], columns=["id"]) == 1
        await tenant.execute("set search_path to public")  # of this call: the connection goes back as it came
        assert await tenant.execute("select count(*) from things", fetch_val=True) == 2
        with pytest.raises(SchemaError):
            await tenant.execute("select * from rosters")
    assert await db.execute("select count(*) from things", fetch_val=True) == 0
    with pytest.raises(QueryError, match="not a name"):
        DBConnector(database_url, schema="")
