"""A table of every kind of column, and values for it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal
from enum import Enum
from uuid import UUID

from pydantic import BaseModel

from greedy.database.rows.operator import DBOperator

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


async def count(op: DBOperator, table: str = "things") -> int:
    return len(await op.fetch(table))


async def filled(op: DBOperator) -> None:
    names = ["a", "b", "c", None]
    await op.insert("things", [{"id": UUID(int=n), "name": name, "count": n % 2, "tags": ["x", str(n)]} for n, name in enumerate(names)])
