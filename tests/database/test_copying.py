"""COPY on the pool and within a transaction: rows in from what gives them, and out to what takes them."""

from __future__ import annotations

import asyncio
import io
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest

from greedy.database.connector import DBConnector
from greedy.database.errors import ConnectionError, DatabaseError, QueryError, SchemaError
from tests.database.things import count
from tests.timing import PATIENCE_SECONDS

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
