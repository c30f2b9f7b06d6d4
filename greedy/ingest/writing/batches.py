"""Rows by names as statements with values: grouped by their columns, each value as its column takes it. Asks no database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import sqlalchemy as sa

from greedy.database.rows.storage import UnfitError
from greedy.errors import InputError
from greedy.ingest.writing.reflected import EntityTable, type_name
from greedy.ingest.writing.violations import Finding, ValueViolation

Row = Mapping[str, object]
CLOCK_COLUMNS = ("created_at", "updated_at")


@dataclass(frozen=True)
class Batch:
    """Rows that go to the database at once.

    Parameters
    ----------
    statement
        What is done with each.
    places
        Where the rows stand among those of the call.
    rows
        Values by the names that the statement gives them.
    ids
        Of the rows, in their order; empty when the database makes them and the statement returns them, or when nobody asks.
    """

    statement: Any
    places: Sequence[int]
    rows: Sequence[dict[str, object]]
    ids: Sequence[Any] = field(default=())
    returns_ids: bool = False

    def part(self, first: int, last: int) -> Batch:
        """Some of its rows."""
        return Batch(self.statement, self.places[first:last], self.rows[first:last], self.ids[first:last], self.returns_ids)


def inserts(table: EntityTable, rows: Sequence[Row], *, size: int, now: dt.datetime) -> Iterator[Batch]:
    """The rows as inserts. `now` goes into created_at and updated_at where rows do not have them.

    Raises
    ------
    ColumnMatchError, InputError
        A name that means no column, or two that mean one.
    ValueViolation
        A value that is none of its column's type.
    """
    one = table.type
    times = _times(table, CLOCK_COLUMNS, now)
    for columns, places in _same_columns(table, rows):
        for some in _sliced(places, size):
            data = {
                column: _stored(table, column, [rows[place][name] for place in some], some, len(rows)) for column, name in columns.items()
            }
            data |= {column: [value] * len(some) for column, value in times.items() if column not in data}
            data |= {column: [None] * len(some) for column in _missing_of_key(table) if column not in data}
            statement: Any = sa.insert(table.table)
            if one.id_column is not None and _fill_ids(table, one.id_column, data, len(some)):
                data.pop(one.id_column, None)
                statement = statement.returning(table.columns[one.id_column], sort_by_parameter_order=True)
                yield Batch(statement, some, _lines(data, len(some)), returns_ids=True)
                continue
            lines = _lines(data, len(some))
            if one.id_column is not None:
                ids: list[Any] = data[one.id_column]
            else:
                ids = [tuple(line.get(name) for name in one.key) for line in lines]
            yield Batch(statement, some, lines, ids)


def updates(table: EntityTable, changes: Sequence[tuple[Row, Row]], *, size: int, now: dt.datetime) -> Iterator[Batch]:
    """Changes as updates: each is what tells a row apart and its new values. `now` goes into updated_at. Raises as `inserts`."""
    values = [new for _, new in changes]
    times = _times(table, ("updated_at",), now)
    identity = table.type.identity
    # Names of their own: SQLAlchemy keeps those of columns for itself
    where = [table.columns[name] == sa.bindparam(f"greedy_key_{number}") for number, name in enumerate(identity)]
    for columns, places in _same_columns(table, values):
        given = {column: name for column, name in columns.items() if column not in identity}
        added = {column: value for column, value in times.items() if column not in given}
        target: dict[str, Any] = {column: sa.bindparam(f"greedy_new_{number}") for number, column in enumerate([*given, *added])}
        statement = sa.update(table.table).where(*where).values(target)
        for some in _sliced(places, size):
            keys = [_stored(table, name, [changes[place][0][name] for place in some], some, len(values)) for name in identity]
            news = [_stored(table, column, [values[place][name] for place in some], some, len(values)) for column, name in given.items()]
            news += [[value] * len(some) for value in added.values()]
            data = {f"greedy_key_{number}": column for number, column in enumerate(keys)}
            data |= {f"greedy_new_{number}": column for number, column in enumerate(news)}
            yield Batch(statement, some, _lines(data, len(some)))


def _same_columns(table: EntityTable, rows: Sequence[Row]) -> Iterator[tuple[dict[str, str], list[int]]]:
    """Rows that have the same names, as the columns that these mean and the places of the rows.

    All of them together; but only those that follow each other where one row may belong to another of the same table.
    """
    groups: dict[tuple[str, ...], list[int]] = {}
    last: tuple[str, ...] | None = None
    own = table.type.id_column or ""  # where it is empty, it is not given
    for place, row in enumerate(rows):
        if not isinstance(row, Mapping):
            raise InputError(f"row {place + 1} of {table.type.name} is no mapping of columns to values, but {type(row).__name__}")
        names = tuple(row)
        if own in row and row[own] is None:
            names = tuple(name for name in names if name != own)
        if table.type.refers_to_itself and last not in (None, names):
            yield from ((_fitted(table, some), places) for some, places in groups.items())
            groups = {}
        groups.setdefault(names, []).append(place)
        last = names
    yield from ((_fitted(table, some), places) for some, places in groups.items())


def _fitted(table: EntityTable, names: Iterable[str]) -> dict[str, str]:
    """Columns with the names that mean them."""
    columns: dict[str, str] = {}
    for name in names:
        column = table.column_named(name)
        if column in columns:
            raise InputError(f"{table.type.name}: {columns[column]} and {name} are both the column {column}", next_step="leave one out")
        made = table.columns[column]
        if made.computed is not None or (made.identity is not None and made.identity.always):
            raise InputError(f"{table.type.name}: {column} is made by the database itself", next_step="leave it out")
        columns[column] = name
    return columns


def _sliced(places: Sequence[int], size: int) -> Iterator[Sequence[int]]:
    return (places[first : first + size] for first in range(0, len(places), size))


def _stored(table: EntityTable, column: str, values: list[object], places: Sequence[int], count: int) -> list[Any]:
    """Values as their column takes them; the one that does not fit is named by its row."""
    rule = table.rules[column]
    try:
        return list(rule.many(values))
    except UnfitError:
        for place, value in zip(places, values, strict=True):
            try:
                rule.one(value)
            except UnfitError as exc:
                fault = Finding(ValueViolation, columns=(column,), said=f"{column} {table.unfit(column, value, exc)}")
                raise fault.told(table, table.type.name, row=place, count=count, values={column: value}) from None
        raise


def _lines(data: Mapping[str, Sequence[object]], count: int) -> list[dict[str, object]]:
    names = tuple(data)
    return [dict(zip(names, values, strict=True)) for values in zip(*data.values(), strict=True)] if names else [{} for _ in range(count)]


def _fill_ids(table: EntityTable, column: str, data: dict[str, list[Any]], count: int) -> bool:
    """Put ids where none are given. Returns whether the database has to make all of them; where some are given, it must not."""
    given = data.get(column, [None] * count)
    if None not in given:
        return False
    make = _id_maker(table, column)
    if make is None:
        if any(value is not None for value in given):
            raise InputError(
                f"{table.type.name}: some rows have their {column} and some leave it to the database, with the same columns",
                next_step=f"leave {column} out where the database makes it",
            )
        return True
    data[column] = [make() if value is None else value for value in given]
    return False


def _missing_of_key(table: EntityTable) -> list[str]:
    """Columns of the primary key that nobody makes: left out, SQLAlchemy warns of them; empty, the database refuses them."""
    made = table.type.id_column
    return [column.name for column in table.table.primary_key if column.name != made and column.server_default is None]


def _id_maker(table: EntityTable, column: str) -> Callable[[], str | UUID] | None:
    """How ids are made here; None where the database makes them."""
    prefix = table.type.id_prefix
    if prefix is not None:
        return lambda: f"{prefix}-{uuid4().hex}"
    kind = type_name(table.columns[column].type)
    if kind == "uuid":
        return uuid4
    return (lambda: str(uuid4())) if kind == "text" and table.columns[column].server_default is None else None


def _times(table: EntityTable, columns: Iterable[str], now: dt.datetime) -> dict[str, object]:
    """The time as each of the columns takes it, without those that the table has not, or that are not for times."""
    utc = now.astimezone(dt.UTC)
    kinds: dict[str, object] = {
        "timestamp with time zone": utc,
        "timestamp without time zone": utc.replace(tzinfo=None),
        "date": utc.date(),
        "text": utc.isoformat(sep=" "),
    }
    if table.dialect == "sqlite":
        kinds[""] = kinds["text"]  # types of names that it does not know
    found = {column: type_name(table.columns[column].type) for column in columns if column in table.columns}
    return {column: kinds[kind] for column, kind in found.items() if kind in kinds}
