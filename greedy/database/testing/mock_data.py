"""MockDataGenerator: made-up rows that the database accepts, the same for the same seed."""

# ruff: noqa: S608  statements are made of quoted names; values are bound

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from random import Random

from greedy.database.columns import match_column
from greedy.database.connection import DBConnection
from greedy.database.executor import Executor
from greedy.database.identifiers import qualified, quoted
from greedy.database.schema.registry import ForeignKey, SchemaRegistry, Table
from greedy.database.testing.candidates import MockDataError, Row, Target, defaults_of, is_made, search
from greedy.database.testing.hints import Checked, checked
from greedy.database.testing.trial import accepted, insert, refusal_of
from greedy.database.undoing import look_at_constraints, undone
from greedy.errors import InputError

ATTEMPTS = 300  # rows that the database may refuse for one that it accepts
CHUNK = 50  # rows that are tried in one statement
POOL = 200  # rows of a table that new rows may refer to
PARENTS = 3  # rows of a table that related rows refer to, at least


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
                await insert(connection, await self._registry.table(name, self._schema), made)
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
        target = Target(
            checked=self._checked[name],
            columns=[column for column in table.columns if is_made(column, needed) and column.name not in given],
            given=given,
            pools={key.name: await self._pool(connection, table, key, known) for key in table.foreign_keys},
            defaults=await defaults_of(connection, table),
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

    async def _chunk(self, connection: DBConnection, target: Target, n: int) -> list[Row]:
        while len(target.ready) < n:
            await search(connection, target, n)
        made = await accepted(connection, target.table, [target.ready.popleft() for _ in range(n)])
        return made + [await self._one(connection, target) for _ in range(n - len(made))]

    async def _one(self, connection: DBConnection, target: Target) -> Row:
        for attempt in range(ATTEMPTS):
            if not target.ready:
                await search(connection, target, 1)
            row = target.ready.popleft()
            refusal = await refusal_of(connection, target.table, [row])
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
