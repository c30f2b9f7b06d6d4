"""Statements, transactions, COPY and streams, on the pool and within a transaction."""

from __future__ import annotations

import asyncio
import io
import math
import os
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import aclosing
from pathlib import Path
from typing import Any

import asyncpg
import psutil
import pytest

from greedy.database.connector import DBConnector
from greedy.database.errors import ConnectionError, DatabaseError, QueryError, SchemaError
from tests.timing import PATIENCE_SECONDS


@pytest.fixture
async def things(db: DBConnector) -> DBConnector:
    """A connector to a database with a table of its own."""
    await db.execute("create table things (id int primary key, name text, weight numeric, tags text[])")
    return db


async def count(db: DBConnector) -> int:
    return int(await db.execute("select count(*) from things", fetch_val=True))


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


COLUMNS = ["id", "name", "weight", "tags"]


@pytest.mark.parametrize("inside", [False, True])
async def test_rows_come_in_from_lists_and_generators(things: DBConnector, inside: bool) -> None:
    async def later() -> AsyncIterator[tuple[object, ...]]:
        for number in range(100, 150):
            yield number, None, 1, ["a", None]

    if inside:
        async with things.transaction() as connection:
            assert await connection.copy_in("things", ((n, "x", n, []) for n in range(100)), columns=COLUMNS) == 100
            assert await connection.copy_in("things", later(), columns=COLUMNS, schema="public") == 50
    else:
        assert await things.copy_in("things", [[n, "x", n, []] for n in range(100)], columns=COLUMNS) == 100
        assert await things.copy_in("things", later(), columns=COLUMNS) == 50
    assert await count(things) == 150
    assert await things.copy_in("things", [], columns=COLUMNS) == 0


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ((1, "x", 1), "row 3 has 3 values for 4 columns"),
        ((1, "x", 1, [], 9), "row 3 has 5 values for 4 columns"),
        (("topsecret", "x", 1, []), "row 3 does not fit"),
        ((2**40, "x", 1, []), "row 3 does not fit"),
        ((1, 5, 1, []), "row 3 does not fit"),
        ((1, "\udc80topsecret", 1, []), "row 3 does not fit"),
        ((1, "x", "topsecret", []), "row 3 does not fit"),
        ((1, "x", 1, "topsecret"), "row 3 does not fit"),
        ((1, "x", 1, []), "duplicate key"),
        ((10, "null\0byte", 1, []), "invalid byte sequence"),
    ],
)
async def test_a_row_that_does_not_fit_is_named_and_nothing_comes_in(things: DBConnector, bad: tuple[object, ...], said: str) -> None:
    rows = [(1, "x", 1, []), (2, "x", 1, []), bad]
    with pytest.raises(QueryError, match=said) as caught:
        await things.copy_in("things", rows, columns=COLUMNS)
    assert "topsecret" not in f"{caught.value} {caught.value.details} {caught.value.__cause__}"
    with pytest.raises(QueryError, match="nothing was committed"):
        async with things.transaction() as connection:
            with pytest.raises(QueryError, match=said):
                await connection.copy_in("things", iter(rows), columns=COLUMNS)
    assert await count(things) == 0


@pytest.mark.parametrize("row", [1_000, 1_001, 2_345])
async def test_rows_are_counted_over_all_batches(things: DBConnector, row: int) -> None:
    rows: list[tuple[object, ...]] = [(n, "x", 1, []) for n in range(2_500)]
    for bad, said in (((1, "x", "topsecret", []), "does not fit"), ((1, "x"), "has 2 values for 4 columns")):
        rows[row - 1] = bad
        with pytest.raises(QueryError, match=f"row {row} {said}"):
            await things.copy_in("things", rows, columns=COLUMNS)
    assert await count(things) == 0


async def test_what_a_generator_of_rows_raises_leaves_as_it_is(things: DBConnector) -> None:
    for raised in (OSError("disk"), TimeoutError("hers"), ValueError("topic")):

        def rows(raised: Exception = raised) -> Iterator[tuple[object, ...]]:
            yield 1, "x", 1, []
            raise raised

        with pytest.raises(type(raised)) as caught:
            await things.copy_in("things", rows(), columns=COLUMNS)
        assert caught.value is raised
    assert await count(things) == 0


async def test_a_connection_that_goes_during_a_copy_is_no_row_that_does_not_fit(things: DBConnector) -> None:
    async with things.connection() as connection:

        async def rows() -> AsyncIterator[tuple[int]]:
            for n in range(100_000):
                yield (n,)
                if n == 10:
                    connection._driver.terminate()

        with pytest.raises(ConnectionError, match="lost|cannot reach"):
            await connection.copy_in("things", rows(), columns=["id"])
    assert await count(things) == 0


async def test_names_in_copy_are_names(things: DBConnector) -> None:
    with pytest.raises(SchemaError):
        await things.copy_in('things" (id) from stdin; drop table "things', [], columns=["id"])
    with pytest.raises(SchemaError):
        await things.copy_in("things", [], columns=['id") from stdin; drop table things --'])
    with pytest.raises(QueryError, match="no columns"):
        await things.copy_in("things", [()], columns=[])
    with pytest.raises(SchemaError):
        await things.copy_out("things; drop table things", io.BytesIO())
    with pytest.raises(DatabaseError):
        await things.copy_out("things", io.BytesIO(), format='csv"); drop table things; --')  # type: ignore[arg-type]
    assert await count(things) == 0


async def test_rows_go_out_to_a_path_a_file_and_a_function(things: DBConnector, tmp_path: Path) -> None:
    await things.copy_in("things", [(1, "Anna, Bo", 1.5, ["a"]), (2, None, None, None)], columns=COLUMNS)
    path = tmp_path / "things.csv"
    assert await things.copy_out("things", path, header=True) == 2
    assert path.read_text() == 'id,name,weight,tags\n1,"Anna, Bo",1.5,{a}\n2,,,\n'
    file = io.BytesIO()
    assert await things.copy_out("things", file, columns=["name", "id"], schema="public", format="text") == 2
    assert file.getvalue() == b"Anna, Bo\t1\n\\N\t2\n"
    pieces: list[bytes] = []

    async def take(piece: bytes) -> None:
        pieces.append(piece)

    async with things.transaction() as connection:
        await connection.execute("insert into things values (3)")
        assert await connection.copy_out("select * from things", take, args=[], format="binary") == 3
    assert b"".join(pieces).startswith(b"PGCOPY\n")
    assert [entry.name for entry in os.scandir(tmp_path)] == [path.name]


async def test_a_query_goes_out_with_its_arguments_and_nothing_else_is_read_as_one(things: DBConnector) -> None:
    evil = "'; drop table things; --"
    await things.copy_in("things", [(1, evil, 1, [evil, None]), (2, "b", 2, None)], columns=COLUMNS)
    file = io.BytesIO()
    query = """select id, 'it''s $1' as "a$1", $tag$ $1 $tag$, e'\\'$1', $2::int /* $1 */, $3::text is null -- $1
               from things where name = $1 and $4 = tags"""
    assert await things.copy_out(query, file, args=[evil, 7, None, [evil, None]]) == 1
    assert file.getvalue() == b"1,it's $1, $1 ,'$1,7,t\n"
    assert await count(things) == 2
    with pytest.raises(QueryError, match=r"argument \$1 does not fit"):
        await things.copy_out("select * from things where id = $1", io.BytesIO(), args=["one"])
    with pytest.raises(QueryError, match="nested comments"):
        await things.copy_out("select $1::text /* a /* b */ $1 */", io.BytesIO(), args=[evil])


async def test_copying_out_fails_without_a_trace(things: DBConnector, tmp_path: Path) -> None:
    await things.copy_in("things", ((n, "x" * 1000, 1, []) for n in range(2000)), columns=COLUMNS)
    path = tmp_path / "things.csv"
    path.write_text("what was there")
    with pytest.raises(QueryError, match="division by zero"):
        await things.copy_out("select 1 / (1500 - id) from things", path, args=[])
    assert path.read_text() == "what was there"
    assert [entry.name for entry in os.scandir(tmp_path)] == [path.name]
    full = OSError("no space left")

    async def refuse(_: bytes) -> None:
        raise full

    with pytest.raises(OSError, match="no space") as caught:
        await things.copy_out("things", refuse)
    assert caught.value is full
    with pytest.raises(FileNotFoundError):
        await things.copy_out("things", tmp_path / "nowhere" / "x.csv")
    with pytest.raises(QueryError, match="COPY writes to a path"):
        await things.copy_out("things", 5)  # type: ignore[arg-type]
    assert await count(things) == 2000


async def test_a_target_that_fails_at_the_last_piece_is_not_waited_for(things: DBConnector) -> None:
    await things.copy_in("things", [(1, "one", 1, [])], columns=COLUMNS)

    async def refuse(_: bytes) -> None:
        raise OSError("no space left")

    async with asyncio.timeout(30), things.transaction() as connection:  # half of what a statement may take
        await connection.execute("insert into things values (2)")
        with pytest.raises(OSError, match="no space"):
            await connection.copy_out("things", refuse)
        with pytest.raises(TypeError):
            await connection.copy_out("things", io.StringIO())  # type: ignore[arg-type]
    assert await count(things) == 2


@pytest.mark.parametrize("by", ["caller", "time-out"])
async def test_a_target_that_is_waited_for_too_long_keeps_no_connection(things: DBConnector, by: str) -> None:
    await things.copy_in("things", [(1, "one", 1, [])], columns=COLUMNS)
    taken = asyncio.Event()

    async def stick(_: bytes) -> None:
        taken.set()
        await asyncio.sleep(10 * PATIENCE_SECONDS)

    async with asyncio.timeout(PATIENCE_SECONDS):
        if by == "caller":

            async def copied() -> None:
                async with things.transaction() as connection:
                    await connection.copy_out("things", stick)

            task = asyncio.create_task(copied())
            await taken.wait()
            task.cancel()
            await asyncio.wait([task])
            assert task.cancelled()
        else:
            with pytest.raises(ConnectionError, match="no answer in time"):
                await things.copy_out("things", stick, timeout_seconds=0.1)
        assert await count(things) == 1


async def test_a_path_is_written_whole_by_one_at_a_time_and_for_its_owner_alone(things: DBConnector, tmp_path: Path) -> None:
    path = tmp_path / "rows.csv"
    queries = [f"select {n} from generate_series(1, 30000)" for n in range(4)]
    assert await asyncio.gather(*(things.copy_out(query, path, args=[]) for query in queries)) == [30_000] * 4
    lines = path.read_text().split()
    assert (len(lines), len(set(lines))) == (30_000, 1)
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.name for entry in os.scandir(tmp_path)] == [path.name]


async def test_what_is_no_file_is_not_replaced_by_one(things: DBConnector, tmp_path: Path) -> None:
    pipe, link, real = tmp_path / "pipe", tmp_path / "link", tmp_path / "real"
    os.mkfifo(pipe)
    real.write_text("old")
    link.symlink_to(real)
    for path in (pipe, tmp_path):
        with pytest.raises(QueryError, match="no ordinary file"):
            await things.copy_out("things", path)
    assert pipe.is_fifo()
    await things.copy_out("select 1", link, args=[])
    assert (link.is_symlink(), real.read_text()) == (True, "1\n")


async def test_a_file_that_takes_a_part_at_a_time_gets_everything(things: DBConnector) -> None:
    class Slow(io.BytesIO):
        def write(self, data: object, /) -> int:
            return super().write(bytes(data)[:3])  # type: ignore[call-overload]

    file = Slow()
    await things.copy_out("select repeat('x', 100)", file, args=[])
    assert file.getvalue() == b"x" * 100 + b"\n"


async def test_a_query_to_copy_may_end_as_any_statement_does(things: DBConnector) -> None:
    for query, args in [("select 7;", []), ("select 7 -- why", []), ("select $1::int -- why", [7]), ("select $1::int; ", [7])]:
        file = io.BytesIO()
        assert await things.copy_out(query, file, args=args) == 1, query
        assert file.getvalue() == b"7\n"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (5, "a int is none"),
        (None, "a NoneType is none"),
        (["ab"], "row 1 is not a list of values, but str"),
        ([("a", "b"), {"name": 1, "x": 2}], "row 2 is not a list of values, but dict"),
        ([("a", "b"), None], "row 2 is not a list of values, but NoneType"),
        ([{"x", "y"}], "row 1 is not a list of values, but set"),
        ([iter("ab")], "row 1 is not a list of values, but str_"),
    ],
)
async def test_what_are_no_rows_is_told(things: DBConnector, rows: Any, said: str) -> None:
    with pytest.raises(QueryError, match=said):
        await things.copy_in("things", rows, columns=["name", "tags"])
    assert await things.copy_in("things", [(1,)], columns="id") == 1


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
