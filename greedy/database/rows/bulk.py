"""Many rows in one statement, however many they are.

Three ways, chosen by what is fastest where the outcome is the same (measured with `scripts/bench_database`):

- COPY straight into the table, for inserts that give no rows back. Not into views, nor under rules or row level security, where COPY is
  refused or does another thing.
- One array for each column, unnested by the server, for the rest: one round trip.
- From `STAGED_ROWS` rows or `STAGED_CHARACTERS` of text on, and where a column is an array itself: COPY into a temporary table, and one
  insert from there. It is faster then, and a message to the server can have 1 GB at most. The user needs the right to make temporary
  tables, which PostgreSQL gives everybody.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from operator import is_, itemgetter
from typing import TypeAlias

from greedy.database.copying import Batches
from greedy.database.errors import QueryError, ServerFacts
from greedy.database.executor import Executor, Record
from greedy.database.rows.faults import bound, explained
from greedy.database.rows.statements import STAGE, Bulk
from greedy.database.schema.registry import Table

Row: TypeAlias = Mapping[str, object]

SAME_KEY_TWICE = "21000"
COPIED_ROWS = 20
STAGED_ROWS = 5_000
STAGED_CHARACTERS = 50_000_000
BATCH_ROWS = 500  # fewer than the objects after which Python looks for garbage


def is_row(row: object) -> bool:
    """Whether this is one row: a mapping, or a record that came from the database."""
    return isinstance(row, (Mapping, Record))


def names_of(table: str, rows: Sequence[Row]) -> tuple[str, ...]:
    """The column names of rows, those of the first."""
    if not is_row(rows[0]):
        raise _not_a_row(table, 1, rows[0])
    return tuple(rows[0].keys())


async def put_many(executor: Executor, table: Table, bulk: Bulk, names: Sequence[str], rows: Sequence[Row]) -> int | list[Record]:
    """Run an insert of many rows: their number, or what they are returned as."""
    try:
        return await _put_many(executor, table, bulk, names, rows)
    except QueryError as exc:
        if exc.sqlstate != SAME_KEY_TWICE:
            raise
        raise _same_key(bulk, names, rows) from None


async def _put_many(executor: Executor, table: Table, bulk: Bulk, names: Sequence[str], rows: Sequence[Row]) -> int | list[Record]:
    count = len(rows)
    if bulk.copy and (bulk.nested or count >= COPIED_ROWS):
        return await _copied(executor, table.name.table, table.name.schema, bulk, names, rows)
    if not bulk.nested and count < STAGED_ROWS:
        values = _by_column(bulk.table, names, rows)
        with explained(bulk.table, bulk.arguments, values):
            sent = bound(bulk.table, bulk.arguments, values)
            if sum(sum(map(len, filter(None, sent[place]))) for place in bulk.long) < STAGED_CHARACTERS:
                return await _inserted(executor, bulk.sql, bulk, sent)
    async with executor.transaction() as connection:
        await connection.execute(bulk.stage)
        await _copied(connection, STAGE, "pg_temp", bulk, names, rows)
        with explained(bulk.table, bulk.arguments, lambda: _by_column(bulk.table, names, rows)):
            done = await _inserted(connection, bulk.from_stage, bulk, [])
        await connection.execute(f"drop table pg_temp.{STAGE}")
        return done


def _same_key(bulk: Bulk, names: Sequence[str], rows: Sequence[Row]) -> QueryError:
    """The error for rows of one upsert that have the same key. Their keys may be personal: they are told by number."""
    sent = bound(bulk.table, bulk.arguments, _by_column(bulk.table, names, rows))
    seen: dict[str, list[int]] = {}
    for number, key in enumerate(zip(*(sent[place] for place in bulk.key), strict=True), 1):
        seen.setdefault(repr(key), []).append(number)
    twice = [f"rows {', '.join(map(str, numbers))}" for numbers in seen.values() if len(numbers) > 1]
    columns = ", ".join(bulk.arguments[place].column.name for place in bulk.key)
    return QueryError(
        f"rows for table {bulk.table} have the same key ({columns}): {'; '.join(twice[:5]) or 'the same for the server'}",
        next_step="give each key once",
        details=twice[5:50],
        said=ServerFacts(sqlstate=SAME_KEY_TWICE, table=bulk.table),
    )


async def _inserted(executor: Executor, sql: str, bulk: Bulk, args: Sequence[object]) -> int | list[Record]:
    if bulk.gives_rows:
        return await executor.execute(sql, args, fetch_all=True)
    return await executor.execute(sql, args)


async def _copied(executor: Executor, table: str, schema: str, bulk: Bulk, names: Sequence[str], rows: Sequence[Row]) -> int:
    columns = [argument.column.name for argument in bulk.arguments]
    # Rows are checked and taken apart while the server stores those before them
    with explained(bulk.table, bulk.arguments, lambda: _by_column(bulk.table, names, rows)):
        return await executor.copy_in(table, Batches(_batches(bulk, names, rows)), columns=columns, schema=schema)


def _batches(bulk: Bulk, names: Sequence[str], rows: Sequence[Row]) -> Iterator[list[tuple[object, ...]]]:
    for start in range(0, len(rows), BATCH_ROWS):
        taken = _taken(bulk.table, names, rows[start : start + BATCH_ROWS], start)
        columns = list(zip(*taken, strict=True))
        sent = bound(bulk.table, bulk.arguments, columns, start)
        yield taken if all(map(is_, sent, columns)) else list(zip(*sent, strict=True))


def _by_column(table: str, names: Sequence[str], rows: Sequence[Row]) -> list[tuple[object, ...]]:
    """Rows as the values of each column."""
    return list(zip(*_taken(table, names, rows), strict=True))


def _taken(table: str, names: Sequence[str], rows: Sequence[Row], start: int = 0) -> list[tuple[object, ...]]:
    """The values of each row, in the order of `names`. `start`: how many rows went before these."""
    try:
        if {len(names)}.issuperset(map(len, rows)):
            values = map(itemgetter(*names), rows)
            return list(values) if len(names) > 1 else list(zip(values, strict=True))
    except (KeyError, TypeError, AttributeError):
        pass
    for number, row in enumerate(rows, start + 1):
        if not is_row(row):
            raise _not_a_row(table, number, row)
        different = sorted(map(str, set(names) ^ set(row.keys())))
        if different:
            raise QueryError(
                f"row {number} for table {table} has other columns than row 1: {', '.join(different)}",
                next_step="give every row the same columns, None where there is no value",
                said=ServerFacts(table=table, column=different[0]),
            )
    raise AssertionError


def _not_a_row(table: str, number: int, row: object) -> QueryError:
    return QueryError(
        f"row {number} for table {table} is not a mapping of columns to values, but {type(row).__name__}", said=ServerFacts(table=table)
    )
