"""A copy of a row with all that belongs to it, under new ids: for what-if, and to start a new one from an old one."""

# ruff: noqa: S608  statements are made of quoted names; values are bound

from __future__ import annotations

import re
import sys
from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter
from typing import Any
from uuid import UUID

from greedy.database.columns import match_column
from greedy.database.connection import DBConnection
from greedy.database.errors import QueryError, SchemaError
from greedy.database.executor import Executor
from greedy.database.identifiers import qualified, quoted
from greedy.database.rows.storage import UnfitError, format_for_storage
from greedy.database.schema.registry import Column, ForeignKey, SchemaRegistry, Table
from greedy.errors import InputError

STAMPED = ("created_at", "updated_at")  # a copy is a new row: where these have a default, they take it
MADE = re.compile(r"(nextval|uuid|random)\w*\(")  # in a default: the database makes a value that no other row has
ROW = '"the row"'  # no column's name, or it would mean the column and not the row
Joins = dict[tuple[str, ForeignKey], tuple[str, str]]  # alias and key -> alias of the row that it refers to, and the join
OF_THE_ORIGINAL = ("roster_writes", "roster_plans", "roster_publications", "roster_copies")  # what was done with it, not what it is
UNIQUE_VIOLATION = "23505"


async def clone_row(
    db: Executor,
    table: str,
    key: object,
    *,
    changes: Mapping[str, object] | None = None,
    skip: Collection[str] = (),
    schema: str | None = None,
) -> Any:  # noqa: ANN401  a key is of whatever type its column has
    """Copy a row and, recursively, the rows that would go with it if it were deleted (`on delete cascade`).

    It is one statement: the copy shows the rows as they stood at one moment, and is there whole or not at all. Keys that the database makes
    are made anew, references among the copied rows lead to the copies, everything else stays as it is; `created_at` and `updated_at`
    take their defaults. Triggers see the copied rows as any other new ones.

    Parameters
    ----------
    db
        Connector or connection.
    table
        Table of the row.
    key
        Value of its primary key; {column: value} for a key of several columns.
    changes
        {column: value} that the copied row has otherwise, its children excepted.
    skip
        Tables whose rows are not copied, nor what belongs to those.
    schema
        Schema of the table, without it the connection's own. Rows of other schemas are not copied.

    Returns
    -------
    Any
        Key of the copy, in the form of `key`.

    Raises
    ------
    InputError
        There is no such row, or its copy would clash with it in a unique column that is not among the `changes`; or one of these is not of
        its column's type.
    SchemaError
        No such table or column, or tables that belong to each other in a circle.
    QueryError
        The database refused a copied row.
    """
    async with db.transaction() as connection:
        plan = await _plan(connection, table, dict(changes or {}), skip, schema)
        values = _key_values(plan.root, key)
        await _refuse_clashes(connection, plan, values)
        sql, args = plan.statement(values)
        try:
            row = await connection.execute(sql, args, fetch_row=True)
        except QueryError as exc:
            if exc.sqlstate == UNIQUE_VIOLATION and exc.table in plan.tables:
                raise _clash(plan.tables[exc.table], exc.constraint or "", root=exc.table == table, cause=exc) from exc
            raise
    if row is None:
        raise _no_row(plan.root, values)
    return dict(row) if isinstance(key, Mapping) else row[0]


async def clone_roster(db: Executor, roster_id: UUID, *, changes: Mapping[str, object] | None = None, schema: str | None = None) -> UUID:
    """A full copy of a roster under a new id: demand, capabilities and all slots with status, source and notes; not the run ledger.

    It waits for a write of the roster that is under way, and shows the roster as it is then. The blocking triggers look at the copied
    slots as at any others: those of a final roster that stands under older rules are brought in line with today's.

    Parameters
    ----------
    db
        Connector or connection.
    roster_id
        Roster to copy.
    changes
        {column: value} of `rosters` that the copy has otherwise, for example `{"naam": "What if", "status": "draft"}`.
    schema
        Schema of the practice, without it the connection's own.

    Raises
    ------
    InputError
        There is no such roster.
    """
    async with db.transaction() as connection:
        await connection.execute(f"select {qualified('lock_roster', schema or connection.schema)}($1)", [roster_id], fetch_val=True)
        new: UUID = await clone_row(connection, "rosters", roster_id, changes=changes, skip=OF_THE_ORIGINAL, schema=schema)
        # The triggers look at duties and at slots that came free; a block whose rule is gone is neither.
        stale, refresh = (qualified(name, schema or connection.schema) for name in ("has_stale_blocks", "refresh_blocking"))
        if await connection.execute(f"select {stale}($1)", [new], fetch_val=True):
            await connection.execute(f"select {refresh}($1)", [new], fetch_val=True)
    return new


@dataclass(frozen=True)
class _Plan:
    """What is copied: tables with the root first, each after those that it belongs to.

    `fresh`: SQL of columns that get a new value by themselves, by table and column; `belonging`: the keys by which rows of a table belong
    to copied ones; `distance`: how many references away the new value of a column is made, 0 in its own row.
    """

    tables: dict[str, Table]
    root: Table
    changes: dict[str, object]
    fresh: dict[str, dict[str, str]]
    belonging: dict[str, list[ForeignKey]]
    distance: dict[tuple[str, str], int]

    def statement(self, key: Mapping[str, object]) -> tuple[str, list[object]]:
        """The whole copy as one statement with its arguments; its row is the new key."""
        args: list[object] = [key[name] for name in self.root.primary_key]
        args += list(self.changes.values())
        name = self.root.name.table
        parts = [f"{self._rows(name)} as materialized ({self._selected(name)})" for name in self.tables]
        parts += [f"{quoted(f'copied {number}')} as ({self._insert(name)})" for number, name in enumerate(self.tables)]
        joins: Joins = {}
        new_key = ", ".join(f"{self._value(name, column, 'r', joins)} as {quoted(column)}" for column in self.root.primary_key)
        found = f"from {self._rows(name)} as r {' '.join(sql for _, sql in joins.values())}"
        return f'with {", ".join(parts)} select {new_key} {found} where r."is root"', args

    def _rows(self, name: str) -> str:
        return quoted(f"rows {list(self.tables).index(name)}")

    def _selected(self, name: str) -> str:
        """The rows to copy, each whole in `old`, with the values that they get by themselves."""
        table = self.tables[name]
        source = f"{qualified(name, table.name.schema)} as {ROW}"
        own = "".join(f", {sql} as {quoted(f'new {column}')}" for column, sql in self.fresh[name].items())
        if table is self.root:
            chosen = " and ".join(f"{ROW}.{quoted(column)} = ${n}" for n, column in enumerate(self.root.primary_key, 1))
            own += f', ({chosen}) as "is root"'
        else:
            chosen = " or ".join(self._belongs(key) for key in self.belonging[name] if key.target != table.name)
        loops = [key for key in self.belonging[name] if key.target == table.name]
        if not loops:
            return f"select {ROW} as old{own} from {source} where {chosen}"
        down = " or ".join(f"{_columns(ROW, key.columns)} = {_columns('up', key.target_columns)}" for key in loops)
        at = f"{ROW}.tableoid as part, {ROW}.ctid as id"
        return (
            f"with recursive tree as (select {at} from {source} where {chosen} union "
            f"select {at} from tree join {qualified(name, table.name.schema)} as up on up.tableoid = tree.part and up.ctid = tree.id "
            f"join {source} on {down}) "
            f"select {ROW} as old{own} from tree join {source} on {ROW}.tableoid = tree.part and {ROW}.ctid = tree.id"
        )

    def _belongs(self, key: ForeignKey) -> str:
        up = _columns("(up.old)", key.target_columns)[1:-1]
        return f"{_columns(ROW, key.columns)} in (select {up} from {self._rows(key.target.table)} as up)"

    def _insert(self, name: str) -> str:
        table = self.tables[name]
        columns = [
            column
            for column in table.columns
            if (not column.generated or _is_identity(column))
            and not (column.name in STAMPED and column.default and (name, column.name) not in self.distance)
        ]
        joins: Joins = {}
        values = ", ".join(self._value(name, column.name, "r", joins) for column in columns)
        named = ", ".join(quoted(column.name) for column in columns)
        return (
            f"insert into {qualified(name, table.name.schema)} ({named}) overriding system value "
            f"select {values} from {self._rows(name)} as r {' '.join(sql for _, sql in joins.values())}"
        )

    def _value(self, name: str, column: str, alias: str, joins: Joins) -> str:
        """SQL of a column of the copy of the row `alias`; the joins that lead to it are added to `joins`."""
        value = f"({alias}.old).{quoted(column)}"
        if column in self.fresh[name]:
            value = f"{alias}.{quoted(f'new {column}')}"
        else:
            found = [
                self._value(key.target.table, target, self._joined(key, alias, joins), joins) for key, target in self._leading(name, column)
            ]
            value = f"coalesce({', '.join([*found, value])})" if found else value
        if self.tables[name] is self.root and column in self.changes:
            given = f"${len(self.root.primary_key) + list(self.changes).index(column) + 1}::{self.root.column[column].type}"
            value = f'case when {alias}."is root" then {given} else {value} end'
        return value

    def _joined(self, key: ForeignKey, alias: str, joins: Joins) -> str:
        """Alias of the row that a key of the row `alias` refers to."""
        if (alias, key) not in joins:
            other = f"j{len(joins)}"
            condition = f"{_columns(f'({other}.old)', key.target_columns)} = {_columns(f'({alias}.old)', key.columns)}"
            joins[alias, key] = (other, f"left join {self._rows(key.target.table)} as {other} on {condition}")
        return joins[alias, key][0]

    def _leading(self, name: str, column: str) -> list[tuple[ForeignKey, str]]:
        """The references by which a column follows the copies: the shortest ways, so that none leads in a circle."""
        ways = [
            (self.distance[at], key, target)
            for key, target in _references(self.tables, name, column)
            if (at := (key.target.table, target)) in self.distance and at != (name, column)
        ]
        return [(key, target) for steps, key, target in ways if steps == min(way[0] for way in ways)]


async def _plan(connection: DBConnection, table: str, changes: dict[str, object], skip: Collection[str], schema: str | None) -> _Plan:
    registry = SchemaRegistry(connection)
    root = await registry.table(table, schema)
    for name in skip:
        await registry.table(name, schema)
    if not root.primary_key:
        raise SchemaError(f"{root.name} has no primary key, so none of its rows can be named")
    changes = {match_column(name, root.column, table=table): value for name, value in changes.items()}
    for name, value in changes.items():
        try:
            changes[name] = format_for_storage(value, root.column[name].base_type)
        except UnfitError as exc:
            raise InputError(f"column {name} for table {table} ({root.column[name].type}): {exc}", next_step="mend `changes`") from None
    found: dict[str, Table] = {table: root}
    belonging: dict[str, list[ForeignKey]] = {table: []}
    todo = [root]
    while todo:
        for child, key in await registry.referring_to(todo.pop(0).name):
            if key.on_delete != "cascade" or child.name.table in skip:
                continue
            belonging.setdefault(child.name.table, []).append(key)
            if child.name.table not in found:
                found[child.name.table] = child
                todo.append(child)
    needs = {name: {key.target.table for key in keys if key.target.table != name} for name, keys in belonging.items()}
    try:
        order = list(TopologicalSorter(needs).static_order())
    except CycleError as exc:
        raise SchemaError(
            f"tables belong to each other in a circle: {' - '.join(exc.args[1])}", next_step="leave one of them out with `skip`"
        ) from None
    tables = {name: found[name] for name in order}
    fresh = {name: _fresh(tables[name]) for name in order}
    return _Plan(tables, root, changes, fresh, belonging, _distances(tables, fresh, {(table, name) for name in changes}))


def _fresh(table: Table) -> dict[str, str]:
    """Columns of a key whose values the database makes, with the SQL that makes one."""
    keyed = {column for unique in table.uniques for column in unique.columns}
    referring = {column for key in table.foreign_keys for column in key.columns}
    fresh = {}
    for column in table.columns:
        if column.name not in keyed or column.name in referring:
            continue
        if _is_identity(column):
            sequence = f"pg_get_serial_sequence({_literal(qualified(*reversed(table.name)))}, {_literal(column.name)})"
            fresh[column.name] = f"nextval({sequence})::{column.type}"
        elif column.default and MADE.search(column.default):
            fresh[column.name] = column.default
        elif column.type == "uuid" and column.default is None and column.name in table.primary_key:
            fresh[column.name] = "gen_random_uuid()"
    return fresh


def _is_identity(column: Column) -> bool:
    return (column.default or "").startswith("generated")


def _distances(
    tables: Mapping[str, Table], fresh: Mapping[str, Mapping[str, str]], changed: set[tuple[str, str]]
) -> dict[tuple[str, str], int]:
    distance = {(name, column): 0 for name, columns in fresh.items() for column in columns} | dict.fromkeys(sorted(changed), 0)
    grown = True
    while grown:
        grown = False
        for name, table in tables.items():
            for column in table.column:
                steps = [distance[at] + 1 for key, t in _references(tables, name, column) if (at := (key.target.table, t)) in distance]
                if steps and min(steps) < distance.get((name, column), sys.maxsize):
                    distance[name, column] = min(steps)
                    grown = True
    return distance


def _references(tables: Mapping[str, Table], name: str, column: str) -> Iterator[tuple[ForeignKey, str]]:
    """Keys of a column that lead to copied tables, with the column that each leads to."""
    for key in tables[name].foreign_keys:
        target = tables.get(key.target.table)
        if column in key.columns and target is not None and target.name == key.target:
            yield key, key.target_columns[key.columns.index(column)]


def _key_values(root: Table, key: object) -> dict[str, object]:
    columns = root.primary_key
    if isinstance(key, Mapping):
        if set(key) != set(columns):
            raise InputError(f"the key of {root.name} is {', '.join(columns)}, not {', '.join(map(str, key))}")
        return {name: key[name] for name in columns}
    if len(columns) != 1:
        raise InputError(f"the key of {root.name} has the columns {', '.join(columns)}", next_step="give it as {column: value}")
    return {columns[0]: key}


async def _refuse_clashes(connection: DBConnection, plan: _Plan, key: Mapping[str, object]) -> None:
    """All unique columns of the row that its copy would share with it, before anything is written."""
    root = plan.root
    chosen = " and ".join(f"{quoted(name)} = ${n}" for n, name in enumerate(key, 1))
    uniques = [u for u in root.uniques if not any((root.name.table, name) in plan.distance for name in u.columns)]
    clashes = ", ".join(["true", *(f"num_nulls({', '.join(quoted(name) for name in u.columns)}) = 0" for u in uniques)])
    row = await connection.execute(
        f"select {clashes} from {qualified(root.name.table, root.name.schema)} where {chosen}",
        list(key.values()),
        fetch_row=True,
    )
    if row is None:
        raise _no_row(root, key)
    same = [" + ".join(unique.columns) for unique, clash in zip(uniques, list(row)[1:], strict=True) if clash]
    if same:
        raise InputError(
            f"a copy of this row of {root.name} would have the same {', '.join(same)}, which is unique",
            next_step="give other values for them in `changes`",
        )


def _clash(table: Table, constraint: str, *, root: bool, cause: QueryError) -> InputError:
    columns = next((" + ".join(unique.columns) for unique in table.uniques if unique.name == constraint), constraint)
    return InputError(
        f"the copy would clash in {table.name} with {columns}, which is unique",
        details=cause.details,
        next_step="give other values for them in `changes`" if root else f"leave {table.name.table} out with `skip`",
    )


def _no_row(table: Table, key: Mapping[str, object]) -> InputError:
    return InputError(f"{table.name} has no row with {', '.join(f'{name} {value}' for name, value in key.items())}; nothing was copied")


def _columns(row: str, columns: Collection[str]) -> str:
    return f"({', '.join(f'{row}.{quoted(column)}' for column in columns)})"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"
