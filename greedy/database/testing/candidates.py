"""Candidates for made-up rows: put together from references, defaults and made-up values, and judged by the checks of their table."""

# ruff: noqa: S608  statements are made of quoted names; values are bound

from __future__ import annotations

import json
import re
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from greedy.database.connection import DBConnection
from greedy.database.errors import QueryError
from greedy.database.identifiers import quoted
from greedy.database.schema.registry import Column, ForeignKey, Table
from greedy.database.testing.documents import recordset, rows_as_json
from greedy.database.testing.hints import Checked
from greedy.database.testing.values import NoValueError, Surroundings, make_value
from greedy.errors import CallerError, InputError

Row = dict[str, Any]

CANDIDATES = 48  # made and judged at once
ROUNDS = 24  # in which failing columns are made anew
NULL_SHARE, DEFAULT_SHARE, SAME_NAME_SHARE = 0.25, 0.4, 0.5

NUMBERED = ("nextval(", "generated")
CONSTANT = re.compile(r"^\(?(-?[\d.]+|'(?:[^']|'')*'|true|false)\)?(::[\w\s\"\[\].(),]+)?$", re.IGNORECASE)


class MockDataError(CallerError):
    """No row was found that the database accepts; `details` has the last candidate."""


@dataclass
class Target:
    """One table while rows for it are made: its checks, columns, what it may refer to, and rows that passed the checks already."""

    checked: Checked
    columns: list[Column]
    given: Row
    pools: dict[str, list[Row]]
    defaults: dict[str, object]
    chance: Random
    ready: deque[Row] = field(default_factory=deque)
    careful: bool = False
    """A check ended in an error, so each is asked by itself."""

    @property
    def table(self) -> Table:
        return self.checked.table


def is_made(column: Column, needed: frozenset[str]) -> bool:
    """Whether a column gets a made-up value, and is not left to the database."""
    default = column.default or ""
    if default.startswith(NUMBERED):
        return column.name in needed
    return not column.generated and (not default or "uuid" in default or CONSTANT.match(default) is not None or column.name in needed)


async def defaults_of(connection: DBConnection, table: Table) -> dict[str, object]:
    """Values of the defaults that are constants, by column, as the server reads them."""
    constant = [column for column in table.columns if column.default and CONSTANT.match(column.default)]
    if not constant:
        return {}
    row = await connection.execute(f"select {', '.join(f'({column.default})::{column.type}' for column in constant)}", fetch_row=True)
    return {
        column.name: json.loads(value) if column.base_type in ("json", "jsonb") and isinstance(value, str) else value
        for column, value in zip(constant, row or (), strict=True)
    }


async def search(connection: DBConnection, target: Target, n: int) -> None:
    """Make candidates that pass all checks ready; of the best of them, failing columns are made anew until one does.

    Raises
    ------
    MockDataError
        None did.
    """
    conditions = target.checked.conditions
    kept: Row = {}
    fewest, best, failing = len(conditions) + 1, Row(), list[str]()
    for _ in range(ROUNDS):
        rows = [_candidate(target, kept) for _ in range(CANDIDATES + n)]
        verdicts = await _verdicts(connection, target, rows) if conditions else [[]] * len(rows)
        passed = [row for row, verdict in zip(rows, verdicts, strict=True) if all(verdict)]
        if passed:
            target.ready.extend(passed)
            return
        for row, verdict in zip(rows, verdicts, strict=True):
            if verdict.count(False) <= fewest:
                fewest, best = verdict.count(False), row
                kept = _kept(target, row, verdict)
                failing = [name for (name, _, _), ok in zip(conditions, verdict, strict=True) if not ok]
    raise MockDataError(
        f"no row of {target.table.name} was found that fits {', '.join(failing)}",
        details=[f"last candidate: {best}", *(f"{name}: {sql}" for name, _, sql in conditions if name in failing)],
        next_step="give values for the columns of these checks",
    )


def _kept(target: Target, row: Row, verdict: Sequence[bool]) -> Row:
    """Of a row, the columns of checks that it passes; those of the failing ones, and of keys that have any of them, are made anew."""
    conditions = target.checked.conditions
    wrong = {column for (_, columns, _), ok in zip(conditions, verdict, strict=True) if not ok for column in columns}
    for key in target.table.foreign_keys:
        if wrong & set(key.columns):
            wrong |= set(key.columns)
    right = {column for (_, columns, _), ok in zip(conditions, verdict, strict=True) if ok for column in columns}
    return {name: value for name, value in row.items() if name in right - wrong}


def _candidate(target: Target, kept: Row) -> Row:
    chance, table = target.chance, target.table
    row: Row = {**target.given, **kept}
    parents: list[Row] = []
    made = {column.name: column for column in target.columns}
    itself: list[ForeignKey] = []
    for key in table.foreign_keys:
        if any(column in row and row[column] is None for column in key.columns):
            continue
        pairs = list(zip(key.columns, key.target_columns, strict=True))
        fits = [parent for parent in target.pools[key.name] if all(c not in row or parent[t] == row[c] for c, t in pairs)]
        free = [column for column in key.columns if column not in row and column in made]
        optional = [column for column in free if made[column].nullable]
        if optional and (not fits or chance.random() < NULL_SHARE + 0.1):
            row |= dict.fromkeys(optional)
        elif fits:
            parent = chance.choice(fits)
            parents.append(parent)
            row |= {c: parent[t] for c, t in pairs if c in free}
        elif free and key.target == table.name:
            itself.append(key)
        elif free and not target.pools[key.name]:
            raise InputError(
                f"{table.name} refers by {', '.join(key.columns)} to {key.target}, which has no rows",
                next_step="use generate_related_rows, which makes them too; or insert some first",
            )
    unique = {name for each in table.uniques for name in each.columns}
    refers = {column for key in itself for column in key.columns}
    for column in target.columns:
        if column.name not in row and column.name not in refers:
            row[column.name] = _value(target, column, row, parents, unique=column.name in unique)
    for key in itself:  # the first row of a table that has to refer to itself
        row |= {c: row.get(t) for c, t in zip(key.columns, key.target_columns, strict=True) if c not in row}
    return {name: row[name] for name in table.column if name in row}


def _value(target: Target, column: Column, row: Row, parents: Sequence[Row], *, unique: bool) -> object:
    chance = target.chance
    if column.nullable and chance.random() < NULL_SHARE:
        return None
    if column.name in target.defaults and chance.random() < DEFAULT_SHARE:
        return target.defaults[column.name]
    same = [parent[column.name] for parent in parents if parent.get(column.name) is not None]
    if same and not _is_key(target.table, column.name) and chance.random() < SAME_NAME_SHARE:
        return chance.choice(same)
    try:
        type_name = target.checked.types[column.name]
        return make_value(chance, column, type_name, target.checked.hints[column.name], Surroundings(row, parents), unique=unique)
    except NoValueError:
        if column.nullable:
            return None
        raise MockDataError(
            f"there is no way to make up a value of type {column.type} for {target.table.name}.{column.name}",
            next_step=f"give one: {column.name}=...",
        ) from None


def _is_key(table: Table, column: str) -> bool:
    """Whether a column is a unique key by itself."""
    return any(unique.columns == (column,) for unique in table.uniques)


async def _verdicts(connection: DBConnection, target: Target, rows: Sequence[Row]) -> list[list[bool]]:
    """Which checks each row passes, in one query. A check that ends in an error for a row is one that the row does not pass."""
    names = ", ".join(quoted(name) for name in target.table.column)
    conditions = [f"({sql}) is not false" for _, _, sql in target.checked.conditions]
    if not target.careful:
        source = recordset(target.table, target.table.column).replace(" as given(", " as (", 1)
        try:
            async with connection.transaction():
                found = await connection.execute(
                    f"select array[{', '.join(conditions)}] "
                    f'from rows from ({source}) with ordinality as given({names}, "the row number") order by "the row number"',
                    [rows_as_json(rows)],
                    fetch_all=True,
                )
                return [row[0] for row in found]
        except QueryError as exc:
            if exc.retryable:
                raise
        one = recordset(target.table, target.table.column, alias="row_given").replace(
            "jsonb_to_recordset($1::text::jsonb)", "jsonb_to_record($1)"
        )
        steps = "".join(
            f"begin verdict := verdict || (select {sql} from {one}); exception when others then verdict := verdict || false; end;\n"
            for sql in conditions
        )
        body = f"declare verdict boolean[] := '{{}}';\nbegin\n{steps}return verdict;\nend"
        quote = next(f"$body{n}$" for n in range(len(body)) if f"$body{n}$" not in body)
        await connection.execute(
            f"create or replace function pg_temp.verdict_of_checks(jsonb) returns boolean[] language plpgsql as {quote}{body}{quote}"
        )
        target.careful = True
    found = await connection.execute(
        "select pg_temp.verdict_of_checks(value) from jsonb_array_elements($1::text::jsonb) with ordinality order by ordinality",
        [rows_as_json(rows)],
        fetch_all=True,
    )
    return [row[0] for row in found]
