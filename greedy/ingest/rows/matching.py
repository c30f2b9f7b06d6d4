"""Which rows of a workbook the database holds already, and where the two differ."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from ctypes import c_float
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from greedy.ingest.workbook.rows import PlacedRow
from greedy.ingest.writing.reflected import NO_LITERAL, EntityTable

MOST_LISTED = 1000  # values in a list of a statement: both databases read so many fast, and take no more than 32,766 in all
MANY_DIGITS = Context(prec=131_072 + 16_383)  # what a numeric can have

Stored = Mapping[str, Any]


@dataclass(frozen=True)
class Difference:
    """A column in which a row and the database say something else."""

    column: str
    here: object
    there: object


@dataclass
class Standing:
    """Rows of one table that stand in the database, by what tells them apart."""

    by_id: dict[Any, Stored] = field(default_factory=dict)
    by_key: dict[tuple[Any, ...], Stored] = field(default_factory=dict)


async def standing(connection: AsyncConnection, table: EntityTable, rows: Sequence[Stored]) -> Standing:
    """What the database holds of these rows, found by their ids and by their keys."""
    found = Standing()
    one = table.type
    if one.id_column is not None:
        ids = [row[one.id_column] for row in rows if row.get(one.id_column) is not None]
        async for row in _fetched(connection, table, {one.id_column: ids}):
            found.by_id[kept(table, one.id_column, row[one.id_column])] = row
    if one.key:
        keys = [key for row in rows if (key := key_of(table, row)) is not None]
        async for row in _fetched(connection, table, {column: [key[n] for key in keys] for n, column in enumerate(one.key)}):
            found.by_key[tuple(kept(table, column, row[column]) for column in one.key)] = row
    return found


def key_of(table: EntityTable, row: Stored) -> tuple[Any, ...] | None:
    """The values of its key, in which an empty one is a value too; None when all are."""
    key = tuple(kept(table, column, row.get(column)) for column in table.type.key)
    return None if all(part is None for part in key) else key


def field_of(row: PlacedRow, column: str | None) -> str | None:
    """The field of a sheet that a column of the table stands in: itself, or the first of its parts."""
    if column is None or column in row.columns:
        return column
    return next((name for name in row.columns if name.startswith(f"{column}.")), None)


def differences(table: EntityTable, placed: PlacedRow, values: Stored, there: Stored) -> Iterator[Difference]:
    """Where a row differs from the one in the database. A cell that is empty, of a column that the sheet has, means the default."""
    for column, now in there.items():
        if column == table.type.id_column:
            continue
        if column in values:
            wanted = values[column]
        elif field_of(placed, column) in placed.columns:
            wanted = table.default(column)
            if wanted is NO_LITERAL or (wanted is None and not table.columns[column].nullable):
                continue
        else:
            continue
        if isinstance(now, Mapping) and isinstance(wanted, Mapping):
            wanted = {**_without_columns(placed, column, now), **wanted}
        if kept(table, column, wanted) != kept(table, column, now):
            yield Difference(column, wanted, now)


def kept(table: EntityTable, column: str, value: Any) -> Any:  # noqa: ANN401
    """A value as it is after PostgreSQL has kept it: rounded to the column's places, and without the spaces that fill a character(n)."""
    kind = table.columns[column].type
    if table.dialect != "postgresql":
        return value
    if isinstance(value, str) and isinstance(kind, sa.CHAR):
        return value.rstrip(" ")
    if isinstance(value, Decimal | int) and type(kind) is sa.NUMERIC and kind.scale is not None:
        places = Decimal(1).scaleb(-kind.scale)
        return Decimal(value).quantize(places, ROUND_HALF_UP, MANY_DIGITS) if Decimal(value).is_finite() else value
    if isinstance(value, float | int) and isinstance(kind, sa.REAL):
        return c_float(value).value
    return value


def _without_columns(placed: PlacedRow, column: str, now: Mapping[str, object]) -> dict[str, object]:
    """Parts of an object that the sheet has no columns for, where it has columns for others."""
    if not any(name.startswith(f"{column}.") for name in placed.columns):
        return {}
    return {part: value for part, value in now.items() if f"{column}.{part}" not in placed.columns}


async def _fetched(connection: AsyncConnection, table: EntityTable, wanted: Mapping[str, list[Any]]) -> Any:  # noqa: ANN401
    """Rows whose columns have any of the wanted values: at least those that are looked for."""
    values = {column: list(dict.fromkeys(some)) for column, some in wanted.items()}
    if not all(values.values()):
        return
    largest = max(values, key=lambda column: len(values[column]))
    short = [column for column in values if column != largest and len(values[column]) <= MOST_LISTED]
    for first in range(0, len(values[largest]), MOST_LISTED):
        lists = {largest: values[largest][first : first + MOST_LISTED], **{column: values[column] for column in short}}
        query = sa.select(table.table).where(*(_is_one_of(table.columns[column], some) for column, some in lists.items()))
        for row in (await connection.execute(query)).mappings():
            yield row


def _is_one_of(column: sa.Column[Any], values: Sequence[object]) -> sa.ColumnElement[bool]:
    listed = column.in_([value for value in values if value is not None])
    return sa.or_(listed, column.is_(None)) if None in values else listed
