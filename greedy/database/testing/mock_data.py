"""MockDataGenerator: made-up rows that the database accepts, the same for the same seed."""

# ruff: noqa: S608  statements are made of quoted names; values are bound

from __future__ import annotations

import json
import math
import re
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from random import Random
from typing import Any

from greedy.database.columns import match_column
from greedy.database.connection import DBConnection
from greedy.database.errors import DatabaseError, QueryError
from greedy.database.executor import Executor
from greedy.database.identifiers import qualified, quoted
from greedy.database.schema.registry import Column, ForeignKey, SchemaRegistry, Table
from greedy.database.testing.deferred import look_at_constraints
from greedy.database.testing.documents import recordset, rows_as_json
from greedy.database.testing.hints import Checked, checked
from greedy.database.testing.transactions import undone
from greedy.database.testing.values import NoValueError, Surroundings, make_value
from greedy.errors import CallerError, InputError

Row = dict[str, Any]

CANDIDATES = 48  # made and judged at once
ROUNDS = 24  # in which failing columns are made anew
ATTEMPTS = 300  # rows that the database may refuse for one that it accepts
CHUNK = 50  # rows that are tried in one statement
POOL = 200  # rows of a table that new rows may refer to
PARENTS = 3  # rows of a table that related rows refer to, at least
NULL_SHARE, DEFAULT_SHARE, SAME_NAME_SHARE = 0.25, 0.4, 0.5

NUMBERED = ("nextval(", "generated")
CONSTANT = re.compile(r"^\(?(-?[\d.]+|'(?:[^']|'')*'|true|false)\)?(::[\w\s\"\[\].(),]+)?$", re.IGNORECASE)


class MockDataError(CallerError):
    """No row was found that the database accepts; `details` has the last candidate."""


@dataclass
class _Target:
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


class MockDataGenerator:
    """Rows of any table, made from its types, keys, checks and names, with the database itself as the judge.

    Candidates are inserted in a transaction that is rolled back, so keys, constraints of every kind and triggers have their say; nothing
    stays but numbers that sequences gave out. The same seed, calls and database give the same rows, in every process.

    Columns that the database fills by itself (times, computed columns, numbers that nothing refers to) are left out.

    Parameters
    ----------
    db
        Connector or connection, not read-only.
    seed
        Another seed, other rows.
    registry
        What is known of the tables; without it, one of the generator's own.
    schema
        Schema of the tables, without it the connection's own.
    """

    def __init__(self, db: Executor, *, seed: int = 0, registry: SchemaRegistry | None = None, schema: str | None = None) -> None:
        self.seed = seed
        self._db = db
        self._registry = registry or SchemaRegistry(db)
        self._schema = schema
        self._checked: dict[str, Checked] = {}
        self._calls: Counter[str] = Counter()

    async def generate_row(self, table: str, /, **given: object) -> Row:
        """A row that the database accepts as it is now; `given` columns are as they are given.

        Raises
        ------
        MockDataError
            None was found: the message says what refused the last candidate.
        InputError
            The row has to refer to a table without rows.
        SchemaError, ColumnMatchError
            No such table or column.
        """
        return (await self.generate_rows(table, 1, **given))[0]

    async def generate_rows(self, table: str, n: int, /, **given: object) -> list[Row]:
        """`n` rows that the database accepts together. They refer to rows that it has."""
        found = await self._registry.table(table, self._schema)
        values = {match_column(name, found.column, table=table): value for name, value in given.items()}
        async with undone(self._db) as connection:
            await look_at_constraints(connection, found.name.schema, stay=True)
            return await self._rows(connection, found, n, values, {}, frozenset())

    async def generate_related_rows(
        self, table: str, n: int = 1, *, children: Mapping[str, int] | None = None, given: Mapping[str, object] | None = None
    ) -> dict[str, list[Row]]:
        """Rows of a table with all that they refer to and that refers to them: by table, in the order in which they can be inserted.

        They refer to each other only, and to no row that is in the database.

        Parameters
        ----------
        table, n
            `n` rows of this table, with columns as `given`.
        children
            {table: rows for each row of `table`}; or for each row of an earlier one of the children, if a child refers to that.

        Raises
        ------
        MockDataError, InputError, SchemaError, ColumnMatchError
            As for `generate_row`; InputError also for a child that refers to none of the tables before it.
        """
        root = await self._registry.table(table, self._schema)
        values = {match_column(name, root.column, table=table): value for name, value in (given or {}).items()}
        owners = await self._owners(root, children or {})
        plan = await self._with_parents([table, *owners])
        counts = _counts(plan, table, n, {name: (owner, (children or {})[name]) for name, (owner, _) in owners.items()})
        referred = frozenset((key.target.table, column) for each in plan for key in each.foreign_keys for column in key.target_columns)
        rows: dict[str, list[Row]] = {}
        async with undone(self._db) as connection:
            await look_at_constraints(connection, root.name.schema, stay=True)
            for each in plan:
                name = each.name.table
                needed = frozenset(column for target, column in referred if target == name)
                if name in owners:
                    owner, key = owners[name]
                    rows[name] = []
                    for parent in rows[owner]:
                        own = {c: parent[t] for c, t in zip(key.columns, key.target_columns, strict=True)}
                        rows[name] += await self._rows(connection, each, (children or {})[name], own, rows, needed)
                else:
                    rows[name] = await self._rows(connection, each, counts[name], values if each is root else {}, rows, needed)
        return {name: made for name, made in rows.items() if made}

    async def insert_related_rows(
        self, table: str, n: int = 1, *, children: Mapping[str, int] | None = None, given: Mapping[str, object] | None = None
    ) -> dict[str, list[Row]]:
        """`generate_related_rows`, inserted in one transaction."""
        rows = await self.generate_related_rows(table, n, children=children, given=given)
        async with self._db.transaction() as connection:
            for name, made in rows.items():
                await _insert(connection, await self._registry.table(name, self._schema), made)
        return rows

    async def _owners(self, root: Table, children: Mapping[str, int]) -> dict[str, tuple[str, ForeignKey]]:
        """Each child with the table whose rows it is made for, and the key by which it refers to them."""
        owners: dict[str, tuple[str, ForeignKey]] = {}
        for name in children:
            child = await self._registry.table(name, self._schema)
            before = [*reversed(owners), root.name.table]
            keys = [(target, key) for target in before for key in child.foreign_keys if key.target.table == target != name]
            if not keys or name in before:
                raise InputError(
                    f"{name} does not refer to {' or '.join(before)}, so none of its rows belongs to one of those",
                    next_step="list children after what they refer to",
                )
            owners[name] = keys[0]
        return owners

    async def _with_parents(self, names: Sequence[str]) -> list[Table]:
        """These tables and all that they refer to, directly or over others, in the order to insert."""
        tables = await self._registry.tables(self._schema)
        wanted = dict.fromkeys(names)
        todo = list(names)
        while todo:
            for key in tables[todo.pop()].foreign_keys:
                if key.target.table not in wanted and key.target.table in tables and tables[key.target.table].name == key.target:
                    wanted[key.target.table] = None
                    todo.append(key.target.table)
        return [table for table in await self._registry.in_order(self._schema) if table.name.table in wanted]

    async def _rows(
        self, connection: DBConnection, table: Table, n: int, given: Row, known: Mapping[str, list[Row]], needed: frozenset[str]
    ) -> list[Row]:
        """`n` rows that are in the database when this returns, until the transaction is rolled back."""
        name = table.name.table
        self._calls[name] += 1
        if name not in self._checked:
            self._checked[name] = await checked(connection, table)
        target = _Target(
            checked=self._checked[name],
            columns=[column for column in table.columns if _is_made(column, needed) and column.name not in given],
            given=given,
            pools={key.name: await self._pool(connection, table, key, known) for key in table.foreign_keys},
            defaults=await _defaults(connection, table),
            chance=Random(f"{self.seed}/{name}/{self._calls[name]}"),  # noqa: S311  nothing secret
        )
        # Rows of a table that refers to itself come few at a time, so that later ones can refer to earlier ones.
        step = max(1, n // 4) if any(key.target == table.name for key in table.foreign_keys) else CHUNK
        made: list[Row] = []
        while len(made) < n:
            chunk = await self._chunk(connection, target, min(step, CHUNK, n - len(made)))
            made += chunk
            for key in table.foreign_keys:
                if key.target == table.name:
                    target.pools[key.name] += chunk
                    target.ready.clear()  # they do not know of these rows
        return made

    async def _chunk(self, connection: DBConnection, target: _Target, n: int) -> list[Row]:
        while len(target.ready) < n:
            await _search(connection, target, n)
        made = await _accepted(connection, target.table, [target.ready.popleft() for _ in range(n)])
        return made + [await self._one(connection, target) for _ in range(n - len(made))]

    async def _one(self, connection: DBConnection, target: _Target) -> Row:
        for attempt in range(ATTEMPTS):
            if not target.ready:
                await _search(connection, target, 1)
            row = target.ready.popleft()
            refusal = await _refusal(connection, target.table, [row])
            if refusal is None:
                break
            if attempt == ATTEMPTS - 1:
                said = f"{refusal.constraint or refusal.sqlstate}: {refusal.message}"
                raise MockDataError(
                    f"no row of {target.table.name} was found that the database accepts: {said}",
                    details=[f"last candidate: {row}", *refusal.details],
                    next_step="give values for the columns of that constraint",
                )
        return row

    async def _pool(self, connection: DBConnection, table: Table, key: ForeignKey, known: Mapping[str, list[Row]]) -> list[Row]:
        """Rows that a key may refer to: those just made, else what the database has."""
        if known and key.target.schema == table.name.schema:
            return [row for row in known.get(key.target.table, ()) if all(row.get(column) is not None for column in key.target_columns)]
        parent = await self._registry.table(key.target.table, key.target.schema)
        dates = [c.name for c in parent.columns if c.type.startswith(("date", "timestamp")) and c.default is None]
        same = [c.name for c in parent.columns if c.name in table.column and table.column[c.name].type == c.type]
        columns = ", ".join(quoted(name) for name in dict.fromkeys((*key.target_columns, *dates, *same)))
        order = ", ".join(quoted(name) for name in key.target_columns)
        found = await connection.execute(
            f"select {columns} from {qualified(*reversed(parent.name))} order by {order} limit {POOL}", fetch_all=True
        )
        return [dict(row) for row in found]


def _counts(plan: Sequence[Table], root: str, n: int, children: Mapping[str, tuple[str, int]]) -> dict[str, int]:
    """How many rows of each table: of parents, enough that keys made of references do not run out."""
    counts = {root: n}
    for name, (owner, each) in children.items():
        counts[name] = counts[owner] * each
    for table in reversed(plan):
        total = counts.setdefault(table.name.table, PARENTS)
        for key in table.foreign_keys:
            if key.target == table.name or key.target.table in (root, *children):
                continue
            alone = any(set(unique.columns) <= set(key.columns) for unique in table.uniques)
            wanted = total if alone else min(total, 1 + math.isqrt(2 * max(total, 1)))
            counts[key.target.table] = max(counts.get(key.target.table, PARENTS), wanted)
    return counts


def _is_made(column: Column, needed: frozenset[str]) -> bool:
    """Whether a column gets a made-up value, and is not left to the database."""
    default = column.default or ""
    if default.startswith(NUMBERED):
        return column.name in needed
    return not column.generated and (not default or "uuid" in default or CONSTANT.match(default) is not None or column.name in needed)


async def _defaults(connection: DBConnection, table: Table) -> dict[str, object]:
    constant = [column for column in table.columns if column.default and CONSTANT.match(column.default)]
    if not constant:
        return {}
    row = await connection.execute(f"select {', '.join(f'({column.default})::{column.type}' for column in constant)}", fetch_row=True)
    return {
        column.name: json.loads(value) if column.base_type in ("json", "jsonb") and isinstance(value, str) else value
        for column, value in zip(constant, row or (), strict=True)
    }


async def _search(connection: DBConnection, target: _Target, n: int) -> None:
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


def _kept(target: _Target, row: Row, verdict: Sequence[bool]) -> Row:
    """Of a row, the columns of checks that it passes; those of the failing ones, and of keys that have any of them, are made anew."""
    conditions = target.checked.conditions
    wrong = {column for (_, columns, _), ok in zip(conditions, verdict, strict=True) if not ok for column in columns}
    for key in target.table.foreign_keys:
        if wrong & set(key.columns):
            wrong |= set(key.columns)
    right = {column for (_, columns, _), ok in zip(conditions, verdict, strict=True) if ok for column in columns}
    return {name: value for name, value in row.items() if name in right - wrong}


def _candidate(target: _Target, kept: Row) -> Row:
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


def _value(target: _Target, column: Column, row: Row, parents: Sequence[Row], *, unique: bool) -> object:
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


async def _verdicts(connection: DBConnection, target: _Target, rows: Sequence[Row]) -> list[list[bool]]:
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


async def _refusal(connection: DBConnection, table: Table, rows: Sequence[Row]) -> DatabaseError | None:
    """Insert rows; what the database has against them, if anything."""
    try:
        async with connection.transaction() as attempt:
            await _insert(attempt, table, rows)
    except QueryError as exc:
        if exc.retryable:
            raise
        return exc
    return None


async def _accepted(connection: DBConnection, table: Table, rows: list[Row]) -> list[Row]:
    """Insert those of the rows that the database takes: all in one statement, else each half by itself."""
    if not rows or await _refusal(connection, table, rows) is None:
        return rows
    half = len(rows) // 2
    return await _accepted(connection, table, rows[:half]) + await _accepted(connection, table, rows[half:]) if half else []


async def _insert(connection: DBConnection, table: Table, rows: Sequence[Row]) -> None:
    columns = list(rows[0])
    named = ", ".join(quoted(column) for column in columns)
    plain = [
        {c: json.loads(v) if isinstance(v, str) and table.column[c].base_type in ("json", "jsonb") else v for c, v in row.items()}
        for row in rows
    ]
    await connection.execute(
        f"insert into {qualified(*reversed(table.name))} ({named}) overriding system value select {named} from {recordset(table, columns)}",
        [rows_as_json(plain)],
    )
