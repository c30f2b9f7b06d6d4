"""Columns of many types and odd names: what goes in comes out, and what does not fit is named by its column."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from greedy.database.connector import DBConnector
from greedy.errors import InputError
from greedy.ingest.writing.entities import EntityType, EntityTypes
from greedy.ingest.writing.reflected import NO_LITERAL
from greedy.ingest.writing.sessions import open_session
from greedy.ingest.writing.violations import CheckViolation, NotNullViolation, ValueViolation, Violation
from greedy.ingest.writing.writer import DatabaseWriter

TYPES = EntityTypes(
    [
        EntityType("kinds", "kinds"),
        EntityType("lines", "Order Lines", id_column="Line No"),
        EntityType("pairs", "pairs", id_column=None, key=("a", "b")),
        EntityType("elsewhere", "other.notes"),
        EntityType("named", "named"),
    ]
)
DDL = """
create type mood as enum ('glad', 'sad');
create domain positive as integer check (value > 0);
create table kinds (
  id uuid primary key default gen_random_uuid(), tags text[], mood mood, moods mood[], many positive, doubled int generated always as (many * 2) stored,
  small smallint, big bigint, price numeric(5, 2), part real, code varchar(5), data jsonb, long interval, here timestamp, moment timestamptz, day date,
  hour time, raw bytea, yes boolean);
create table "Order Lines" (
  "Line No" serial primary key, "unit price" numeric(5, 2) default 1.50, "group" text not null default 'it''s', "select" int default 7,
  "naam (kort)" text, flag boolean default true);
create table pairs (a int, b int, note text, primary key (a, b));
create schema other;
create table other.notes (id text primary key, created_at text, updated_at date);
create table named (id text primary key default 'n' || floor(random() * 1e15)::text, created_at int);
create function refuse() returns trigger language plpgsql as $$ begin raise exception 'no % here', new.note; end $$;
create trigger refuse before insert on pairs for each row when (new.note like 'x%') execute function refuse();
"""


@pytest.fixture
async def session(db: DBConnector) -> AsyncIterator[AsyncSession]:
    await db.execute(DDL)
    async with open_session(db) as session:
        yield session


@pytest.fixture
def writer(session: AsyncSession) -> DatabaseWriter:
    return DatabaseWriter(session, TYPES)


VALUES: dict[str, tuple[object, object]] = {
    "tags": (["a", 'b"'], ["a", 'b"']),
    "mood": ("glad", "glad"),
    "moods": (["sad", "glad"], ["sad", "glad"]),
    "many": (3, 3),
    "small": (-32768, -32768),
    "big": (2**62, 2**62),
    "price": (Decimal("123.45"), Decimal("123.45")),
    "part": (1.5, 1.5),
    "code": ("abcde", "abcde"),
    "data": ({"a": [1, Decimal("1.5"), dt.date(2026, 1, 1)], "é": None}, {"a": [1, "1.5", "2026-01-01"], "é": None}),
    "long": (dt.timedelta(days=2, hours=1), dt.timedelta(days=2, hours=1)),
    "here": ("2026-01-01 10:00", dt.datetime.fromisoformat("2026-01-01 10:00")),
    "moment": ("2026-01-01T10:00+02:00", dt.datetime(2026, 1, 1, 8, tzinfo=dt.UTC)),
    "day": ("2026-02-03", dt.date(2026, 2, 3)),
    "hour": ("09:30", dt.time(9, 30)),
    "raw": (b"\0\xff", b"\0\xff"),
    "yes": (False, False),
}


async def test_values_of_all_types_come_out_as_they_went_in(writer: DatabaseWriter, session: AsyncSession) -> None:
    first, second = await writer.batch_insert_entities(
        "kinds", [{name: given for name, (given, _) in VALUES.items()}, dict.fromkeys(VALUES)]
    )
    assert isinstance(first, UUID)
    table = (await writer.table("kinds")).table
    rows = {row["id"]: row for row in (await session.execute(sa.select(table))).mappings()}
    assert {name: rows[first][name] for name in VALUES} == {name: stored for name, (_, stored) in VALUES.items()}
    assert rows[first]["doubled"] == 6
    assert {rows[second][name] for name in VALUES} == {None}
    assert (await session.execute(sa.text("select count(*) from kinds where data is null"))).scalar_one() == 1  # and no JSON null


UNFIT: list[tuple[str, Any, str]] = [
    ("mood", "angry", "mood angry does not fit: invalid input value for enum mood"),
    ("small", 70_000, "small 70000 is not a whole number: out of range"),
    ("big", 2**70, "is not a whole number: out of range"),
    ("price", 12345, "price 12345 does not fit: numeric field overflow"),
    ("code", "abcdef", "code abcdef does not fit: value too long for type character varying(5)"),
    ("code", "a\0", r"code 'a\x00' does not fit"),
    ("code", "\ud800", r"code \ud800 does not fit"),
    ("data", "no json", "data no json is not JSON"),
    ("moment", "2026-01-01 10:00", "is not a date and time with its zone: it has no time zone"),
    ("part", float("nan"), "part nan is not a number"),
    ("yes", "ja", "yes ja is not true or false"),
    ("id", "none", "id none is not a uuid"),
    ("raw", "text", "raw text is not bytes"),
]


async def test_the_column_of_a_value_that_does_not_fit_is_named(writer: DatabaseWriter) -> None:
    for column, value, text in UNFIT:
        with pytest.raises(ValueViolation) as caught:
            await writer.batch_insert_entities("kinds", [{"many": 1}, {"many": 2, column: value}, {"many": 3}])
        assert (caught.value.column, caught.value.row) == (column, 1)
        assert text in caught.value.message


async def test_domains_triggers_and_keys_of_several_columns(writer: DatabaseWriter) -> None:
    with pytest.raises(CheckViolation, match="pos"):
        await writer.insert_entity("kinds", {"many": -1})
    with pytest.raises(InputError, match="doubled is made by the database itself"):
        await writer.insert_entity("kinds", {"doubled": 1})
    assert await writer.batch_insert_entities("pairs", [{"a": 1, "b": 2}, {"B": 3, "A": 1, "note": "n"}]) == [(1, 2), (1, 3)]
    with pytest.raises(NotNullViolation, match="b needs a value"):
        await writer.insert_entity("pairs", {"a": 1})
    with pytest.raises(Violation, match="pairs, row 2 of 2: no xyz here") as caught:
        await writer.batch_insert_entities("pairs", [{"a": 5, "b": 5}, {"a": 6, "b": 6, "note": "xyz"}])
    assert type(caught.value) is Violation
    assert writer.get_summary()["pairs"] == 2


async def test_odd_names_other_schemas_and_ids_that_the_database_makes(writer: DatabaseWriter, session: AsyncSession) -> None:
    rows: list[dict[str, object]] = [
        {"unit price": 2, "group": "g", "select": 1, "naam (kort)": "n"},
        {"Line No": 500, "naam (kort)": "own"},
        {"Line No": None, "UnitPrice": 3},
        {},
    ]
    ids = await writer.batch_insert_entities("lines", rows)
    assert ids[1] == 500
    assert sorted({*ids}) == [1, 2, 3, 500]
    made = await writer.batch_insert_entities("named", [{} for _ in range(5)])
    assert len({*made}) == 5
    assert all(one.startswith("n") for one in made)
    note = await writer.insert_entity("elsewhere", {})
    assert (await session.execute(sa.text("select id from other.notes"))).scalars().all() == [note]


async def test_what_the_database_puts_where_nothing_is_given(writer: DatabaseWriter) -> None:
    table = await writer.table("lines")
    found = {name: table.default(name) for name in table.columns}
    assert found.pop("Line No") is NO_LITERAL
    assert found == {"unit price": Decimal("1.50"), "group": "it's", "select": 7, "naam (kort)": None, "flag": True}
