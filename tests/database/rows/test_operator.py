"""DBOperator on a table of every kind of column: rows in and out, and errors that name table, column and row."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from uuid import UUID, uuid4

import pytest
from pydantic import BaseModel

from greedy.database.connector import DBConnector
from greedy.database.errors import ColumnMatchError, DatabaseError, QueryError, SchemaError
from greedy.database.rows import bulk
from greedy.database.rows.operator import DBOperator
from tests.timing import PATIENCE_SECONDS

TABLES = """
create type colour as enum ('red', 'green');
create domain share as numeric(4, 2) check (value >= 0);
create table things (
    id uuid primary key default gen_random_uuid(), name text unique, code varchar(5), count integer, big bigint, share share,
    ratio double precision, active boolean, colour colour, colours colour[], day date, made_at timestamptz, local_at timestamp,
    opens time, lasts interval, tags text[], raw bytea, doc jsonb, doc_text json, amount numeric(5, 2),
    any_amount numeric, counts integer[], number bigint generated always as identity
);
create table parts (thing_id uuid references things (id) on delete cascade, place integer, what text, primary key (thing_id, place));
create view red_things as select id, name, colour from things where colour = 'red' with check option;
create table "Odd ""table""; --" ("a""b" text, "select" integer primary key, "-name" integer);
"""
ID = UUID(int=7)
MADE = datetime(2025, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)

NAIVE = datetime(2025, 3, 31)  # noqa: DTZ001  without a time zone on purpose


class Colour(Enum):
    RED = "red"


class Note(BaseModel):
    text: str
    on: date


@dataclass
class Size:
    width: Decimal


@pytest.fixture
async def op(db: DBConnector) -> DBOperator:
    await db.execute(TABLES)
    return DBOperator(db)


async def count(op: DBOperator, table: str = "things") -> int:
    return len(await op.fetch(table))


# --- values ---------------------------------------------------------------------------------------------------------------------------


VALUES: list[tuple[str, Any, Any]] = [
    ("id", str(ID), ID),
    ("id", ID, ID),
    ("name", 'it\'s "x" ; -- $1 \\ é𝒳', 'it\'s "x" ; -- $1 \\ é𝒳'),
    ("name", Colour.RED, "red"),
    ("count", 2**31 - 1, 2**31 - 1),
    ("big", -(2**63), -(2**63)),
    ("share", Decimal("12.34"), Decimal("12.34")),
    ("share", 0.1, Decimal("0.10")),
    ("ratio", 1, 1.0),
    ("ratio", Decimal("0.5"), 0.5),
    ("ratio", math.inf, math.inf),
    ("active", False, False),
    ("colour", Colour.RED, "red"),
    ("colours", [Colour.RED, "green"], ["red", "green"]),
    ("day", "2025-03-31", date(2025, 3, 31)),
    ("day", NAIVE, date(2025, 3, 31)),
    ("made_at", MADE.isoformat(), MADE),
    ("made_at", MADE, MADE),
    ("local_at", "2025-03-31T03:04", NAIVE.replace(hour=3, minute=4)),
    ("local_at", date(2025, 3, 31), NAIVE),
    ("opens", "07:30", time(7, 30)),
    ("lasts", timedelta(hours=36), timedelta(hours=36)),
    ("tags", ["a", None, 'b,"}'], ["a", None, 'b,"}']),
    ("tags", [], []),
    ("raw", b"\0\xff", b"\0\xff"),
    ("doc", {"a": [1, {"b": None}], "d": date(2025, 1, 1), "u": ID, "x": Decimal("1.50"), "c": Colour.RED}, None),
    ("doc", Note(text="é", on=date(2025, 1, 1)), None),
    ("doc", [Size(Decimal("1.5"))], None),
    ("doc_text", True, "true"),
    ("doc", '{"already": "json"}', '{"already": "json"}'),
    *[(column, None, None) for column in ("name", "share", "tags", "doc", "made_at")],
]
JSON_TEXT = {
    25: '{"a": [1, {"b": null}], "c": "red", "d": "2025-01-01", "u": "00000000-0000-0000-0000-000000000007", "x": "1.50"}',
    26: '{"on": "2025-01-01", "text": "é"}',
    27: '[{"width": "1.5"}]',
}


@pytest.mark.parametrize("rows", [1, 2, 30, 60], ids=["one", "arrays", "copied", "staged"])
async def test_values_come_back_as_what_they_are(op: DBOperator, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "STAGED_ROWS", 60)
    for place, (column, value, stored) in enumerate(VALUES):
        row = {column: value}
        if rows == 1:
            found: Sequence[Any] = [(await op.insert("things", row))[column]]
        elif column in ("id", "name") and value is not None:
            continue  # unique
        else:
            many = [row | {"id": uuid4()} for _ in range(rows)]
            if rows == 30:
                assert await op.insert("things", many) == rows
            else:
                assert len(await op.insert("things", many, returning=["id"])) == rows
            found = [each[column] for each in await op.fetch("things", columns=[column])]
        assert list(found) == [JSON_TEXT.get(place, stored)] * rows, column
        if column not in ("doc", "tags") and value is not None:
            assert len(await op.fetch("things", {column: value})) == rows, column
        await op.delete("things", all_rows=True)


WRONG: list[tuple[str, Any, str]] = [
    ("id", "not a uuid", "malformed text"),
    ("id", 5, "expected str, got int"),
    ("name", 5, "expected str, got int"),
    ("name", "a\0b", "NUL"),
    ("name", "a\ud800", "surrogate"),
    ("code", "abcdef", "6 characters in a column of 5"),
    ("count", "5", "expected int, got str"),
    ("count", 2.0, "float"),
    ("count", True, "got bool"),
    ("count", 2**31, "outside of the range of integer"),
    ("big", 2**63, "outside of the range of bigint"),
    ("ratio", math.nan, "NaN"),
    ("share", Decimal("NaN"), "NaN"),
    ("share", "1.0", "expected a number"),
    ("active", 1, "expected bool, got int"),
    ("colour", "blue", "not one of red, green"),
    ("amount", Decimal("999.995"), "outside of the range of numeric"),
    ("amount", 10**3, "outside of the range of numeric"),
    ("amount", Decimal("Infinity"), "outside of the range of numeric"),
    ("any_amount", Decimal("1e140000"), "outside of the range of numeric"),
    ("any_amount", -(10**131072), "outside of the range of numeric|malformed|int"),
    ("counts", [1, 2**31], "outside of the range of integer"),
    ("colours", ["red", "blue"], "not one of red, green"),
    ("tags", "abc", "expected a list, got str"),
    ("tags", ["a", 5], "expected str, got int"),
    ("tags", ["a\0"], "NUL"),
    ("day", "31-03-2025", "malformed text"),
    ("day", NAIVE.replace(hour=12), "time of day would be lost"),
    ("made_at", NAIVE, "no time zone"),
    ("made_at", "2025-01-01", "no time zone"),
    ("local_at", MADE, "time zone would be lost"),
    ("opens", "half past", "malformed text"),
    ("lasts", "1 day", "expected timedelta"),
    ("raw", "text", "expected bytes"),
    ("doc", {"a": math.nan}, "JSON has not"),
    ("doc", {"a": object()}, "object|dict"),
    ("doc", "{not json", "not JSON"),
    ("doc", {"a": "\0"}, "NUL"),
    ("doc", {"a": "\ud800"}, "dict"),
]


@pytest.mark.parametrize("rows", [1, 3, 30, 60], ids=["one", "arrays", "copied", "staged"])
async def test_what_does_not_fit_is_named_and_nothing_is_stored(op: DBOperator, rows: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "STAGED_ROWS", 60)
    for column, value, why in WRONG:
        with pytest.raises(QueryError, match=why) as caught:
            if rows == 1:
                await op.insert("things", {column: value})
            else:
                many = [{column: None if column != "id" else uuid4()} for _ in range(rows)]
                many[-2] = {column: value}
                if column != "id":
                    many = [row | {"id": uuid4()} for row in many]
                await (op.insert("things", many) if rows == 30 else op.upsert("things", many))
        told = str(caught.value)
        assert f"column {column} " in told, told
        assert "things" in told
        assert (caught.value.table, caught.value.column) == ("things", column)
        if rows > 1:
            assert f"row {rows - 1} " in told
    assert await count(op) == 0
    assert await op.insert("things", {"name": "the pool is well"})


@pytest.mark.parametrize("way", ["insert", "upsert"])
@pytest.mark.parametrize(("row", "value"), [(1, 2**31), (500, 2**31), (501, "x"), (1_250, 2**31), (5_200, 2**31)])
async def test_the_row_that_does_not_fit_is_counted_over_all_batches(op: DBOperator, way: str, row: int, value: object) -> None:
    assert bulk.STAGED_ROWS < 5_200
    assert bulk.BATCH_ROWS == 500
    rows: list[dict[str, object]] = [{"id": uuid4(), "count": n} for n in range(5_200)]
    rows[row - 1]["count"] = value
    with pytest.raises(QueryError, match=rf"^column count of row {row} for table things"):
        await getattr(op, way)("things", rows)
    assert await count(op) == 0


@pytest.mark.parametrize("size", [3, 40], ids=["arrays", "copied"])
@pytest.mark.parametrize(("column", "fit", "unfit"), [("made_at", MADE, NAIVE), ("local_at", NAIVE, MADE)])
async def test_one_time_zone_missing_or_too_many_is_seen_among_others(
    op: DBOperator, size: int, column: str, fit: datetime, unfit: datetime
) -> None:
    rows: list[dict[str, object]] = [{column: fit} for _ in range(size)]
    rows[0][column] = None
    assert await op.insert("things", rows) == size
    rows[-1][column] = unfit
    with pytest.raises(QueryError, match=rf"^column {column} of row {size} for table things"):
        await op.insert("things", rows)
    assert await count(op) == size


async def test_conditions_check_their_values_too(op: DBOperator) -> None:
    for column, value, why in WRONG:
        if column in ("colours", "tags", "doc", "code", "amount", "counts"):
            continue
        with pytest.raises(QueryError, match=why):
            await op.fetch("things", {column: value})
        with pytest.raises(QueryError, match=why):
            await op.delete("things", {column: [value]})


# --- fetch ----------------------------------------------------------------------------------------------------------------------------


async def filled(op: DBOperator) -> None:
    names = ["a", "b", "c", None]
    await op.insert("things", [{"id": UUID(int=n), "name": name, "count": n % 2, "tags": ["x", str(n)]} for n, name in enumerate(names)])


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


# --- insert and upsert ----------------------------------------------------------------------------------------------------------------


async def test_one_row_comes_back_as_it_was_stored(op: DBOperator) -> None:
    row = await op.insert("things", {"name": "a"})
    assert isinstance(row["id"], UUID)
    assert row["number"] == 1
    assert await op.fetch_one("things", {"id": row["id"]}) == row
    assert dict(await op.insert("things", {"name": "b"}, returning=["Name", "number"])) == {"name": "b", "number": 2}
    assert (await op.insert("things", {}))["name"] is None


@pytest.mark.parametrize("size", [1, 19, 20, 21, 2_500, 6_000])
async def test_many_rows_come_back_in_the_order_given(op: DBOperator, size: int) -> None:
    rows = [{"name": str(n), "count": n} for n in range(size)]
    back = await op.insert("things", rows, returning=["count", "number"])
    assert [row["count"] for row in back] == list(range(size))
    assert [row["number"] for row in back] == sorted(row["number"] for row in back)
    assert await op.upsert("things", [row | {"count": -1} for row in rows], on=["name"]) == size
    assert {row["count"] for row in await op.fetch("things")} == {-1}
    assert await count(op) == size


async def test_no_rows_are_no_work(op: DBOperator) -> None:
    assert await op.insert("things", []) == 0
    assert await op.insert("things", (), returning=["id"]) == []
    assert await op.upsert("things", [], on=["name"]) == 0
    with pytest.raises(SchemaError):
        await op.insert("nothing", [])


@pytest.mark.parametrize("size", [3, 40, 5_000])
async def test_rows_with_other_keys_are_named(op: DBOperator, size: int) -> None:
    for odd in ({"name": "x"}, {"name": "x", "count": 1, "big": 1}, {"name": "x", "big": 1}, ["name", "count"], "nm", None):
        rows: list[Any] = [{"name": str(n), "count": n} for n in range(size)]
        rows[-1] = odd
        with pytest.raises(QueryError, match=rf"row {size} for table things"):
            await op.insert("things", rows)
    assert await count(op) == 0


async def test_rows_may_have_their_keys_in_another_order(op: DBOperator) -> None:
    await op.insert("things", [{"name": "a", "count": 1}, {"count": 2, "name": "b"}])
    assert {row["name"]: row["count"] for row in await op.fetch("things")} == {"a": 1, "b": 2}


async def test_records_go_back_in(op: DBOperator) -> None:
    await filled(op)
    records = await op.fetch("things", columns=["id", "name", "tags", "doc", "made_at"])
    assert await op.upsert("things", records) == 4  # type: ignore[arg-type]  a Record is a mapping in all but name


async def test_upsert_overwrites_what_is_there(op: DBOperator) -> None:
    first = await op.upsert("things", {"id": ID, "name": "a", "count": 1})
    second = await op.upsert("things", {"id": ID, "name": "b", "count": 2}, update=["count"])
    assert (second["name"], second["count"], second["number"]) == ("a", 2, first["number"])
    third = await op.upsert("things", {"id": ID, "name": "c"}, update=[])
    assert (third["name"], third["count"]) == ("a", 2)
    assert dict(await op.upsert("things", {"id": ID}, returning=["name"])) == {"name": "a"}
    assert await op.upsert("things", [{"id": ID, "count": 3}, {"id": uuid4(), "count": 4}], update=[]) == 1
    await op.upsert("parts", [{"thing_id": ID, "place": 1, "what": "x"}, {"thing_id": ID, "place": 2, "what": "y"}])
    await op.upsert("parts", [{"thing_id": ID, "place": 1, "what": "z"}], on=["place", "thing_id"])
    assert [row["what"] for row in await op.fetch("parts", order_by="place")] == ["z", "y"]


@pytest.mark.parametrize("size", [4, 6_000])
async def test_the_same_key_twice_in_one_upsert_is_named(op: DBOperator, size: int) -> None:
    rows: list[dict[str, object]] = [{"id": uuid4(), "name": str(n)} for n in range(size)]
    rows[-1]["id"] = str(rows[1]["id"]).upper()
    with pytest.raises(QueryError, match=rf"same key \(id\): rows 2, {size}"):
        await op.upsert("things", rows)
    assert await count(op) == 0


async def test_an_upsert_needs_a_unique_key(op: DBOperator) -> None:
    with pytest.raises(SchemaError, match=r"no unique key on \(count\)") as caught:
        await op.upsert("things", {"count": 1}, on=["count"])
    assert "id; name" in str(caught.value.details)
    with pytest.raises(QueryError, match="column id of the key of table things is not in the rows"):
        await op.upsert("things", {"name": "a"})
    with pytest.raises(QueryError, match="column count of table things is to be overwritten"):
        await op.upsert("things", {"id": ID}, update=["count"])


async def test_all_or_nothing(op: DBOperator) -> None:
    for size in (3, 40, 5_000):
        rows: list[dict[str, object]] = [{"name": str(n)} for n in range(size)]
        rows[-1] = {"name": "0"}
        with pytest.raises(QueryError) as caught:
            await op.insert("things", rows)
        assert (caught.value.sqlstate, caught.value.constraint) == ("23505", "things_name_key")
    assert await count(op) == 0


async def test_columns_of_the_server_and_columns_twice_are_refused(op: DBOperator) -> None:
    with pytest.raises(QueryError, match="column number of table things is always generated"):
        await op.insert("things", [{"number": 1}] * 30)
    with pytest.raises(QueryError, match="column name of table things is given twice"):
        await op.insert("things", {"name": "a", "Name": "b"})
    with pytest.raises(QueryError, match="given twice"):
        await op.fetch("things", {"name": "a", "names": "b"})


async def test_a_large_text_takes_the_way_without_a_limit(op: DBOperator, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bulk, "STAGED_CHARACTERS", 1_000)
    seen: list[str] = []
    monkeypatch.setattr(bulk, "_copied", lambda *given, copied=bulk._copied: (seen.append(given[1]), copied(*given))[1])
    back = await op.insert("things", [{"name": "x" * 600}, {"name": "y" * 600}], returning=["name"])
    assert [row["name"][0] for row in back] == ["x", "y"]
    assert seen == [bulk.STAGE]


async def test_a_view_rules_and_row_security_are_heeded(op: DBOperator, db: DBConnector) -> None:
    red = [{"id": uuid4(), "name": str(n), "colour": "red"} for n in range(40)]
    assert await op.insert("red_things", red) == 40
    with pytest.raises(QueryError):
        await op.insert("red_things", [row | {"id": uuid4(), "name": None, "colour": "green"} for row in red])
    await db.execute("create role clerk; grant all on parts to clerk; alter table parts enable row level security")
    await db.execute("create policy low on parts to clerk using (true) with check (place < 100)")
    rows = [{"thing_id": red[0]["id"], "place": n} for n in range(40)]
    try:
        async with db.transaction() as connection:
            await connection.execute("set local role clerk")
            theirs = DBOperator(connection)
            assert await theirs.insert("parts", rows) == 40
            with pytest.raises(DatabaseError) as caught:
                async with connection.transaction():
                    await theirs.insert("parts", [row | {"place": n + 90} for n, row in enumerate(rows)])
            assert caught.value.sqlstate == "42501"
        assert await count(op, "parts") == 40
    finally:
        await db.execute("drop policy low on parts; drop owned by clerk; drop role clerk")
    await db.execute("create rule nothing as on insert to things do instead nothing")
    op.registry.forget()
    assert await op.insert("things", [{"name": f"kept out {n}"} for n in range(40)]) == 0


async def test_a_trigger_that_keeps_rows_out_is_told_of_one_row_and_counted_of_many(op: DBOperator, db: DBConnector) -> None:
    await db.execute("create function no() returns trigger language plpgsql as $$ begin return null; end $$")
    await db.execute("create trigger no before insert on things for each row when (new.count > 1) execute function no()")
    with pytest.raises(QueryError, match="row for table things was not stored: a trigger or rule"):
        await op.insert("things", {"count": 2})
    for size in (4, 40, 6_000):
        rows = [{"count": n % 4} for n in range(size)]
        assert await op.insert("things", rows) == size / 2
        assert [row["count"] for row in await op.insert("things", rows, returning=["count"])] == [0, 1] * (size // 4)


# --- update and delete ----------------------------------------------------------------------------------------------------------------


async def test_update_and_delete_touch_what_fits(op: DBOperator) -> None:
    await filled(op)
    assert await op.update("things", {"count": 9, "Tag": []}, {"name": ["a", None]}) == 2
    assert len(await op.fetch("things", {"count": 9, "tags": []})) == 2
    assert await op.delete("things", {"name": []}) == 0
    assert await op.delete("things", {"count": 9}) == 2
    assert await op.update("things", {"count": 0}, all_rows=True) == 2
    assert await op.delete("things", all_rows=True) == 2


async def test_without_conditions_nothing_is_touched(op: DBOperator) -> None:
    await filled(op)
    for where in (None, {}):
        with pytest.raises(QueryError, match="without conditions would touch every row"):
            await op.update("things", {"count": 5}, where)
        with pytest.raises(QueryError, match="without conditions would touch every row"):
            await op.delete("things", where)
        with pytest.raises(QueryError):
            await op.delete("things", where, all_rows="yes")  # type: ignore[arg-type]
    with pytest.raises(QueryError, match="no values"):
        await op.update("things", {}, {"name": "a"})
    with pytest.raises(QueryError, match="mapping of columns to values"):
        await op.delete("things", "name = 'a'")  # type: ignore[arg-type]
    assert len(await op.fetch("things", {"count": [0, 1]})) == 4


# --- names, schemas and a schema that changes -----------------------------------------------------------------------------------------


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
