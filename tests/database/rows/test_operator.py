"""What an operator finds, and how it goes on: names, schemas, a schema that changes, transactions, many at once."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from greedy.database.connector import DBConnector
from greedy.database.errors import ColumnMatchError, QueryError, SchemaError
from greedy.database.rows.operator import DBOperator
from tests.database.rows.things import ID, MADE, count, filled
from tests.timing import PATIENCE_SECONDS


@pytest.mark.parametrize(
    ("where", "fits"),
    [
        (None, [0, 1, 2, 3]),
        ({}, [0, 1, 2, 3]),
        ({"name": "a"}, [0]),
        ({"name": None}, [3]),
        ({"name": []}, []),
        ({"name": ["a", "c", "z"]}, [0, 2]),
        ({"name": ("a", None)}, [0, 3]),
        ({"name": {"b"}, "count": 1}, [1]),
        ({"name": frozenset({"b"}), "count": 0}, []),
        ({"tags": ["x", "2"]}, [2]),
        ({"Names": "a"}, [0]),
        ({"ID": [str(UUID(int=3)), UUID(int=1)]}, [1, 3]),
    ],
)
async def test_conditions(op: DBOperator, where: dict[str, object] | None, fits: list[int]) -> None:
    await filled(op)
    assert [row["id"].int for row in await op.fetch("things", where, order_by="id")] == fits


async def test_order_columns_limit_and_offset(op: DBOperator) -> None:
    await filled(op)
    rows = await op.fetch("things", columns=["name", "Count"], order_by=["-count", "name"], limit=2, offset=1)
    assert [dict(row) for row in rows] == [{"name": None, "count": 1}, {"name": "a", "count": 0}]
    assert await op.fetch("things", limit=0) == []
    with pytest.raises(QueryError):
        await op.fetch("things", limit=-1)
    with pytest.raises(QueryError, match="limit"):
        await op.fetch("things", limit="1; drop table things")  # type: ignore[arg-type]


async def test_one_row(op: DBOperator) -> None:
    await filled(op)
    row = await op.fetch_one("things", {"name": "b"})
    assert row is not None
    assert row["id"] == UUID(int=1)
    assert await op.fetch_one("things", {"name": "z"}) is None
    with pytest.raises(QueryError, match="more than one row of table things has this count"):
        await op.fetch_one("things", {"count": 1})
    assert (await op.get_by_uuid("things", str(UUID(int=2)))) == (await op.get_by_uuid("things", UUID(int=2)))
    assert await op.get_by_uuid("things", uuid4()) is None
    named = await op.get_by_name("things", "c")
    assert named is not None
    assert named["id"] == UUID(int=2)
    assert len(await op.get_by_column("things", "count", 1)) == 2
    await op.execute_raw("insert into rosters (naam, start_date, end_date) values ('week 48', '2025-11-24', '2025-11-30')")
    roster = await op.get_by_name("rosters", "week 48")
    assert roster is not None
    assert roster["naam"] == "week 48"
    with pytest.raises(ColumnMatchError, match="table parts has no column name"):
        await op.get_by_name("parts", "c")
    with pytest.raises(ColumnMatchError, match="table things has no column naam. Did you mean: name"):
        await op.get_by_name("things", "c", column="naam")


async def test_unknown_tables_and_columns_are_named_with_the_nearest(op: DBOperator) -> None:
    with pytest.raises(SchemaError, match=r"no table 'thing'.*Did you mean: things"):
        await op.fetch("thing")
    for call in (
        op.fetch("things", {"nmae": 1}),
        op.fetch("things", columns=["nmae"]),
        op.fetch("things", order_by=["-nmae"]),
        op.insert("things", {"nmae": 1}),
        op.insert("things", [{"nmae": 1}] * 30),
        op.insert("things", {"name": "x"}, returning=["nmae"]),
        op.upsert("things", {"name": "x"}, on=["nmae"]),
        op.upsert("things", {"name": "x"}, on=["name"], update=["nmae"]),
        op.update("things", {"nmae": 1}, {"id": ID}),
        op.delete("things", {"nmae": 1}),
        op.get_by_column("things", "nmae", 1),
    ):
        with pytest.raises(ColumnMatchError, match=r"table things has no column nmae. Did you mean: name"):
            await call
    assert await count(op) == 0


async def test_odd_names_work(op: DBOperator) -> None:
    odd = 'Odd "table"; --'
    await op.insert(odd, [{'a"b': "x", "select": n, "-name": -n} for n in range(30)])
    assert [row["select"] for row in await op.fetch(odd, order_by="-name", limit=2)] == [29, 28]
    assert [row["select"] for row in await op.fetch(odd, order_by="--name", limit=2)] == [0, 1]
    assert await op.upsert(odd, [{"select": 1, 'a"b': "y"}]) == 1
    assert await op.table_exists(odd)


async def test_schemas(op: DBOperator) -> None:
    name = 'te"nant'
    assert not await op.schema_exists(name)
    await op.create_schema(name)
    await op.create_schema(name)
    assert await op.schema_exists(name)
    await op.execute_raw('create table "te""nant".things (id integer primary key, name text)')
    assert await op.table_exists("things", schema=name)
    assert not await op.table_exists("Things", schema=name)
    assert await op.insert("things", [{"id": n, "name": "x"} for n in range(30)], schema=name) == 30
    assert await op.upsert("things", [{"id": 1, "name": "y"}], schema=name) == 1
    assert await op.update("things", {"name": "z"}, {"id": 2}, schema=name) == 1
    assert await op.delete("things", {"id": 3}, schema=name) == 1
    assert len(await op.fetch("things", schema=name)) == 29
    assert await count(op) == 0
    assert await op.execute_raw('select count(*) from "te""nant".things where id < $1', [2], fetch_val=True) == 2
    with pytest.raises(SchemaError, match="no schema 'nowhere'"):
        await op.fetch("things", schema="nowhere")


async def test_a_schema_that_changes_is_read_again(op: DBOperator, db: DBConnector) -> None:
    await filled(op)
    await db.execute("alter table things add column later text; create table new_one (id integer primary key)")
    assert await op.update("things", {"later": "x"}, {"name": "a"}) == 1
    assert await op.insert("new_one", {"id": 1})
    assert await op.fetch("things", {"later": "x"}, columns=["later"])
    await db.execute("alter table things rename column later to sooner")
    with pytest.raises(ColumnMatchError, match="no column later"):
        await op.fetch("things", {"later": "x"})
    await db.execute("drop table new_one")
    with pytest.raises(SchemaError, match="no table 'new_one'"):
        await op.insert("new_one", {"id": 2})


@pytest.mark.parametrize("give_back", [None, ["name"]], ids=["copied", "staged"])
async def test_a_table_with_arrays_may_change_between_many_rows(op: DBOperator, db: DBConnector, give_back: list[str] | None) -> None:
    async def insert(on: DBOperator, names: str) -> None:
        await on.insert("things", [{"name": name, "tags": [name]} for name in names], returning=give_back)

    async with db.transaction() as connection:
        await insert(op.on(connection), "ab")
    await db.execute("alter table things add column later text, drop column code")
    async with db.transaction() as connection:
        await insert(DBOperator(connection), "cd")
    await asyncio.gather(*(insert(op, name) for name in "efghi"))
    assert {row["name"]: row["tags"] for row in await op.fetch("things")} == {name: [name] for name in "abcdefghi"}


async def test_an_operator_in_a_transaction_waits_for_no_other_connection(database_url: str) -> None:
    async with DBConnector(database_url, min_size=1, max_size=1, acquire_timeout_seconds=PATIENCE_SECONDS) as db:
        op = DBOperator(db)
        async with db.transaction() as connection:
            await connection.execute("create table made_here (id integer primary key)")
            assert await op.on(connection).insert("made_here", {"id": 1})
            assert await DBOperator(connection, op.registry).fetch("made_here") == [(1,)]
        assert await op.fetch("made_here") == [(1,)]
        op.on(db).registry.forget()
        await db.execute("drop table made_here")
        with pytest.raises(SchemaError, match="no table 'made_here'"):
            await op.fetch("made_here")


async def test_in_a_transaction_the_first_error_is_the_one_that_is_told(op: DBOperator, db: DBConnector) -> None:
    await filled(op)
    await op.fetch("things", {"count": 1})
    with pytest.raises(SchemaError, match="count"):
        async with db.transaction() as connection:
            await connection.execute("alter table things drop column count")
            await op.on(connection).fetch("things", {"count": 1})
    assert len(await op.fetch("things", {"count": 1})) == 2


async def test_everything_of_a_transaction_goes_with_it(op: DBOperator, db: DBConnector) -> None:
    with pytest.raises(ZeroDivisionError):
        async with db.transaction() as connection:
            inside = op.on(connection)
            for size in (1, 30, 6_000):
                await inside.insert("things", [{"count": n} for n in range(size)])
                await inside.upsert("things", [{"id": uuid4(), "count": n} for n in range(size)])
            assert await count(inside) == 2 * 6_031
            raise ZeroDivisionError
    assert await count(op) == 0


async def test_rows_go_over_a_stage_more_than_once_in_a_transaction(op: DBOperator, db: DBConnector) -> None:
    async with db.transaction() as connection:
        for _ in range(2):
            await op.on(connection).upsert("things", [{"id": uuid4(), "tags": ["a"], "made_at": when} for when in (MADE, datetime.max)])  # noqa: DTZ901
    assert await count(op) == 4
    assert await db.execute("select count(*) from things where made_at = 'infinity'", fetch_val=True) == 2


async def test_many_at_once(op: DBOperator) -> None:
    await asyncio.gather(*(op.insert("things", [{"name": f"{task} {n}"} for n in range(25)]) for task in range(40)))
    assert await count(op) == 1_000


async def test_calls_of_the_wrong_kind_are_refused_in_words(op: DBOperator) -> None:
    bad: Any
    for bad in (None, 5, [], {}, b"things"):
        with pytest.raises(QueryError, match="no names of a table"):
            await op.fetch(bad)
    for bad in (5, [], b"public"):
        with pytest.raises(QueryError, match="no names of a table"):
            await op.fetch("things", schema=bad)
    for bad in ("", "a\0", "x" * 64):
        with pytest.raises(QueryError, match="name"):
            await op.fetch("things", schema=bad)
        with pytest.raises(QueryError, match="name"):
            await op.table_exists("things", schema=bad)
    for bad in (5, [["id"]], [{}], [None], [1], object()):
        calls = [
            op.fetch("things", columns=bad),
            op.fetch("things", order_by=bad),
            op.insert("things", {"name": "a"}, returning=bad),
            op.insert("things", [{"name": "a"}], returning=bad),
            op.upsert("things", {"name": "a"}, on=bad),
            op.upsert("things", {"name": "a"}, on=["name"], update=bad),
        ]
        for call in calls:
            with pytest.raises(QueryError, match="no list of names"):
                await call
    for bad in (None, 5, "name", b"name"):
        for put in (op.insert, op.upsert):
            with pytest.raises(QueryError, match="mappings of columns to values"):
                await put("things", bad)
    for many in ({"name": "a"}, [{"name": "a"}]):
        with pytest.raises(QueryError, match="no columns of table things are named"):
            await op.insert("things", many, returning=[])  # type: ignore[call-overload]
    with pytest.raises(SchemaError, match=r"no unique key on \(\)"):
        await op.upsert("things", {"name": "a"}, on=[])
    assert await count(op) == 0


async def test_shapes_without_end_do_not_fill_the_memory(op: DBOperator) -> None:
    for limit in range(1, 700):
        names = ["name", "count", "big", "day", "code", "ratio", "active", "colour", "raw", "opens"]
        await op.fetch("things", columns=[name for bit, name in enumerate(names) if limit >> bit & 1])
    assert len((await op.registry.table("things")).statements) <= 500
