"""Rows and tables of SQLite over an open connection."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
from functools import cache
from typing import Any, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects import sqlite
from sqlalchemy.ext.asyncio import AsyncConnection
from sqlalchemy.schema import CreateIndex, CreateTable

from greedy.errors import InputError
from greedy.generate.sinks.base import BATCH_ROWS, Wrote
from greedy.generate.sinks.columns import tables_in
from greedy.generate.sinks.ending import to_its_end
from greedy.generate.sinks.faults import findings
from greedy.generate.tables import Batch

SQL_TABLES = tables_in(sa.MetaData())
DIALECT = sqlite.dialect(paramstyle="qmark")
SAME_FOR_EQUAL = (sa.Date, sa.Time, sa.Boolean)  # equal values are written alike; of decimals, 1.0 and 1.00 are not


class Bound(NamedTuple):
    """Rows of a table as parameters of its INSERT, by columns."""

    table: str
    columns: tuple[Sequence[Any], ...]

    def batches(self) -> Iterator[list[tuple[Any, ...]]]:
        """Its rows, at most BATCH_ROWS at a time."""
        for start in range(0, len(self.columns[0]), BATCH_ROWS):
            yield list(zip(*(column[start : start + BATCH_ROWS] for column in self.columns), strict=True))


def bound(batch: Batch) -> Bound:
    """A batch as SQLite takes it: dates and times as ISO text, decimals as exact text, weekly absences as JSON."""
    columns = SQL_TABLES[batch.table.name].columns
    return Bound(batch.table.name, tuple(_bound(column, values) for column, values in zip(columns, batch.columns, strict=True)))


def insert_text(table: str) -> str:
    """The INSERT of a table, with a question mark for each column."""
    return str(sa.insert(SQL_TABLES[table]).compile(dialect=DIALECT))


async def make_tables(connection: AsyncConnection, tables: Collection[str]) -> None:
    """Those that are missing, without indexes of their own.

    Raises
    ------
    InputError
        One of that name is there and has not all columns.
    """
    for name in tables:
        await connection.execute(CreateTable(SQL_TABLES[name], if_not_exists=True))
        there = {row.name for row in await connection.exec_driver_sql(f"pragma table_info({name})")}
        if missing := [column.name for column in SQL_TABLES[name].columns if column.name not in there]:
            raise InputError(
                f"table {name} of the database is another than the generator's: it has no column {', '.join(missing)}",
                next_step="give a database without tables of these names",
            )


async def make_indexes(connection: AsyncConnection, tables: Collection[str]) -> None:
    """Those that are missing."""
    for name in tables:
        for index in sorted(SQL_TABLES[name].indexes, key=lambda index: str(index.name)):
            await connection.execute(CreateIndex(index, if_not_exists=True))


async def insert(connection: AsyncConnection, batch: Batch, name: str, wrote: Wrote) -> None:
    """Add rows, BATCH_ROWS at a time. `name` is the sink's, for errors."""
    text = insert_text(batch.table.name)
    for rows in bound(batch).batches():
        with findings(name):
            await to_its_end(connection.exec_driver_sql(text, rows))
        wrote(batch.table.name, len(rows))


async def check_references(connection: AsyncConnection, tables: Collection[str]) -> None:
    """Where SQLite does not check foreign keys by itself, do it now.

    Raises
    ------
    InputError
        A row refers to one that is not there.
    """
    if (await connection.exec_driver_sql("pragma foreign_keys")).scalar_one():
        return
    for name in tables:
        wrong = (await connection.exec_driver_sql(f"pragma foreign_key_check({name})")).first()
        if wrong is not None:
            raise InputError(
                f"a row of {name} refers to one of {wrong.parent} that is not there", next_step=f"generate {wrong.parent} first"
            )


def _bound(column: sa.Column[Any], values: Sequence[Any]) -> Sequence[Any]:
    process: Callable[[Any], Any] | None = column.type.dialect_impl(DIALECT).bind_processor(DIALECT)
    if process is None:
        return values
    if isinstance(column.type, SAME_FOR_EQUAL):
        process = cache(process)
    return [process(value) for value in values]
