"""DBOperator: rows of any table, without writing SQL."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any, TypeVar, cast, overload

from greedy.database.connection import DBConnection
from greedy.database.errors import DatabaseError, QueryError, SchemaError, ServerFacts
from greedy.database.executor import Executor, Record
from greedy.database.identifiers import listed, qualified, quoted
from greedy.database.rows import statements
from greedy.database.rows.bulk import Row, is_row, names_of, put_many
from greedy.database.rows.faults import bound, explained
from greedy.database.rows.statements import Conflict, Statement, Test
from greedy.database.schema.registry import SchemaRegistry, Table

Where = Row
T = TypeVar("T")

NAME_COLUMNS = ("name", "naam", "title", "titel", "label", "code")
COPY_REFUSED = "0A000"  # row level security was turned on
SHAPES = 500  # statements kept for one table


class DBOperator:
    """Fetch, insert, upsert, update and delete by table and column names.

    Names may be nearly right (see `match_column`); they are looked up in what the database says of itself, and quoted. Values are
    always bound, as the type of their column (see `format_for_storage`). Records come back as the driver makes them.

    A condition `where` is a mapping of columns to values, all of which must fit: None means "is null", a list, tuple or set means "one of
    these" (nothing fits an empty one; on an array column a list is the array itself). An empty mapping is no condition.

    Parameters
    ----------
    executor
        Connector or connection on which everything runs.
    registry
        What is known of the tables, to be shared between operators; without it, one of this operator's own.
    """

    def __init__(self, executor: Executor, registry: SchemaRegistry | None = None) -> None:
        self.executor = executor
        # It asks where the operator works: a transaction that waited for another connection could be one of many that do
        self.registry = SchemaRegistry(executor) if registry is None else registry.on(executor)

    def on(self, executor: Executor) -> DBOperator:
        """The same operator on another executor, such as the connection of a transaction."""
        return DBOperator(executor, self.registry)

    async def fetch(
        self,
        table: str,
        where: Where | None = None,
        *,
        columns: Sequence[str] | None = None,
        order_by: str | Sequence[str] = (),
        limit: int | None = None,
        offset: int | None = None,
        schema: str | None = None,
    ) -> list[Record]:
        """Rows that fit; all without `where`.

        Parameters
        ----------
        table, where, schema
            As for the class; `schema` None is the executor's own.
        columns
            Columns to fetch; None for all.
        order_by
            Names of columns, the first decides first; "-name" for descending.
        limit, offset
            At most so many rows, after leaving out so many.

        Raises
        ------
        SchemaError, ColumnMatchError
            No such table, or no such column.
        QueryError
            A value is not of its column's type.
        """
        tests, values = _tests(table, where)
        columns = None if columns is None else listed(columns)
        order_by = listed(order_by)
        for number in (limit, offset):
            if number is not None:
                values.append(number)
        shape = ("select", tests, columns, order_by, limit is None, offset is None)
        rows: list[Record] = await self._call(
            table,
            schema,
            shape,
            lambda found: statements.select(found, tests, columns, order_by, limit is not None, offset is not None),
            values,
            fetch_all=True,
        )
        return rows

    async def fetch_one(
        self,
        table: str,
        where: Where | None = None,
        *,
        columns: Sequence[str] | None = None,
        schema: str | None = None,
    ) -> Record | None:
        """The one row that fits, or None.

        Raises
        ------
        QueryError
            More than one fits.
        """
        rows = await self.fetch(table, where, columns=columns, limit=2, schema=schema)
        if len(rows) > 1:
            raise QueryError(
                f"more than one row of table {table} has this {', '.join(where or ()) or 'no condition'}", said=ServerFacts(table=table)
            )
        return rows[0] if rows else None

    async def get_by_uuid(self, table: str, id: object, *, column: str = "id", schema: str | None = None) -> Record | None:  # noqa: A002
        """The row with this id, a UUID or its text, or None."""
        return await self.fetch_one(table, {column: id}, schema=schema)

    async def get_by_name(self, table: str, name: str, *, column: str | None = None, schema: str | None = None) -> Record | None:
        """The one row of this name, or None. `column` holds the names; without it the first that the table has of `NAME_COLUMNS`."""
        if column is None:
            columns = (await self.registry.table(table, schema)).column
            column = next((each for each in NAME_COLUMNS if each in columns), NAME_COLUMNS[0])
        return await self.fetch_one(table, {column: name}, schema=schema)

    async def get_by_column(self, table: str, column: str, value: object, *, schema: str | None = None) -> list[Record]:
        """All rows with this value in this column."""
        return await self.fetch(table, {column: value}, schema=schema)

    @overload
    async def insert(self, table: str, row: Row, *, returning: Sequence[str] | None = None, schema: str | None = None) -> Record: ...
    @overload
    async def insert(self, table: str, row: Sequence[Row], *, returning: None = None, schema: str | None = None) -> int: ...
    @overload
    async def insert(self, table: str, row: Sequence[Row], *, returning: Sequence[str], schema: str | None = None) -> list[Record]: ...
    async def insert(
        self, table: str, row: Row | Sequence[Row], *, returning: Sequence[str] | None = None, schema: str | None = None
    ) -> Record | list[Record] | int:
        """Insert one row and get it back as it was stored, or many in one statement, all or none.

        Parameters
        ----------
        table, schema
            Where to.
        row
            A mapping of columns to values, or a sequence of such mappings, all with the same keys.
        returning
            Columns to give back. For one row all without it; for many without it only their number, with it the rows in the order given.

        Raises
        ------
        QueryError
            Rows with different keys, a value that is not of its column's type, a row that the database refuses. The message names table,
            column and row.
        SchemaError, ColumnMatchError
            No such table, or no such column.
        """
        return await self._put(table, row, returning, None, schema)

    @overload
    async def upsert(
        self,
        table: str,
        row: Row,
        *,
        on: Sequence[str] | None = None,
        update: Sequence[str] | None = None,
        returning: Sequence[str] | None = None,
        schema: str | None = None,
    ) -> Record: ...
    @overload
    async def upsert(
        self,
        table: str,
        row: Sequence[Row],
        *,
        on: Sequence[str] | None = None,
        update: Sequence[str] | None = None,
        returning: None = None,
        schema: str | None = None,
    ) -> int: ...
    @overload
    async def upsert(
        self,
        table: str,
        row: Sequence[Row],
        *,
        on: Sequence[str] | None = None,
        update: Sequence[str] | None = None,
        returning: Sequence[str],
        schema: str | None = None,
    ) -> list[Record]: ...
    async def upsert(
        self,
        table: str,
        row: Row | Sequence[Row],
        *,
        on: Sequence[str] | None = None,
        update: Sequence[str] | None = None,
        returning: Sequence[str] | None = None,
        schema: str | None = None,
    ) -> Record | list[Record] | int:
        """Insert rows, and overwrite those that are there already.

        Parameters
        ----------
        table, row, returning, schema
            As for `insert`.
        on
            Columns of the unique key that decides whether a row is there; None for the primary key.
        update
            Columns to overwrite; None for all that are given but those of the key. An empty list leaves rows alone that are there: they do
            not count, and of many they are not given back.

        Raises
        ------
        SchemaError
            The table has no such unique key.
        QueryError
            As for `insert`, and two of the rows have the same key.
        """
        conflict = Conflict(None if on is None else listed(on), None if update is None else listed(update))
        return await self._put(table, row, returning, conflict, schema)

    async def update(
        self, table: str, values: Row, where: Where | None = None, *, all_rows: bool = False, schema: str | None = None
    ) -> int:
        """Give the rows that fit new values, and return how many they were.

        Raises
        ------
        QueryError
            No condition, and `all_rows` was not asked for.
        """
        if not is_row(values) or not values:
            raise QueryError(f"update of table {table}: no values are given", said=ServerFacts(table=table))
        tests, compared = _tests(table, where)
        _refuse_all("update", table, tests, all_rows)
        names = tuple(values.keys())
        count: int = await self._call(
            table,
            schema,
            ("update", names, tests),
            lambda found: statements.update(found, names, tests),
            [*values.values(), *compared],
        )
        return count

    async def delete(self, table: str, where: Where | None = None, *, all_rows: bool = False, schema: str | None = None) -> int:
        """Delete the rows that fit, and return how many they were.

        Raises
        ------
        QueryError
            No condition, and `all_rows` was not asked for.
        """
        tests, values = _tests(table, where)
        _refuse_all("delete", table, tests, all_rows)
        count: int = await self._call(table, schema, ("delete", tests), lambda found: statements.delete(found, tests), values)
        return count

    async def execute_raw(self, sql: str, args: Sequence[object] = (), **how: Any) -> Any:  # noqa: ANN401  as `Executor.execute`
        """SQL as it stands, with arguments as they are: `Executor.execute`."""
        return await self.executor.execute(sql, args, **how)

    async def table_exists(self, table: str, *, schema: str | None = None) -> bool:
        """Whether there is a table or view of exactly this name, now."""
        schema = self.executor.schema if schema is None else schema
        _ = qualified(table, schema)
        return bool(await self.executor.execute(TABLE_EXISTS, [table, schema], fetch_val=True))

    async def schema_exists(self, name: str) -> bool:
        """Whether there is a schema of exactly this name, now."""
        _ = quoted(name)
        return bool(await self.executor.execute(SCHEMA_EXISTS, [name], fetch_val=True))

    async def create_schema(self, name: str) -> None:
        """Create an empty schema, unless it is there."""
        await self.executor.execute(f"create schema if not exists {quoted(name)}")
        self.registry.forget()

    async def _put(
        self,
        table: str,
        row: Row | Sequence[Row],
        returning: Sequence[str] | None,
        conflict: Conflict | None,
        schema: str | None,
    ) -> Record | list[Record] | int:
        returning = None if returning is None else listed(returning)
        if is_row(row):
            return await self._put_one(table, cast("Row", row), returning, conflict, schema)
        if isinstance(row, (str, bytes)) or not isinstance(row, Iterable):
            raise QueryError(f"rows for table {table} are mappings of columns to values, not {type(row).__name__}")
        rows = cast("Sequence[Row]", row if isinstance(row, (list, tuple)) else list(row))

        async def put(found: Table) -> int | list[Record]:
            if not rows:
                return 0 if returning is None else []
            names = names_of(found.name.table, rows)
            shape = ("insert many", names, returning, conflict)
            bulk = _kept(found, shape, lambda: statements.insert_many(found, names, returning, conflict))
            return await put_many(self.executor, found, bulk, names, rows)

        return await self._with_table(table, schema, put)

    async def _put_one(
        self, table: str, row: Row, returning: tuple[str, ...] | None, conflict: Conflict | None, schema: str | None
    ) -> Record:
        names = tuple(row.keys())
        stored: Record | None = await self._call(
            table,
            schema,
            ("insert", names, returning, conflict),
            lambda found: statements.insert(found, names, returning, conflict),
            list(row.values()),
            fetch_row=True,
        )
        if stored is None and conflict is not None:  # it was there, and nothing of it is to be overwritten
            found = await self.registry.table(table, schema)
            given = dict(zip(statements.columns_of(found, names), row.values(), strict=True))
            where = {column.name: given[column] for column in statements.key_of(found, conflict.on)}
            stored = await self.fetch_one(table, where, columns=returning, schema=schema)
        if stored is None:
            raise QueryError(
                f"the row for table {table} was not stored: a trigger or rule of the table kept it out", said=ServerFacts(table=table)
            )
        return stored

    async def _call(
        self, table: str, schema: str | None, shape: object, build: Callable[[Table], Statement], values: Sequence[Any], **how: bool
    ) -> Any:  # noqa: ANN401
        # Written out, without the helpers below: this is the call that single rows are made of
        statement: Statement | None = None
        try:
            found = await self.registry.table(table, schema)
            statement = cast("Statement | None", found.statements.get(shape)) or _kept(found, shape, lambda: build(found))
            return await self.executor.execute(statement.sql, bound(table, statement.arguments, values), **how)
        except DatabaseError as exc:
            if not self._may_be_stale(exc):
                if statement is not None and isinstance(exc, QueryError):
                    with explained(table, statement.arguments, values):
                        raise
                raise
        found = await self.registry.table(table, schema)
        statement = _kept(found, shape, lambda: build(found))
        with explained(table, statement.arguments, values):
            return await self.executor.execute(statement.sql, bound(table, statement.arguments, values), **how)

    async def _with_table(self, table: str, schema: str | None, use: Callable[[Table], Awaitable[T]]) -> T:
        try:
            return await use(await self.registry.table(table, schema))
        except DatabaseError as exc:
            if not self._may_be_stale(exc):
                raise
        return await use(await self.registry.table(table, schema))

    def _may_be_stale(self, exc: DatabaseError) -> bool:
        """Whether the schema may have changed since it was read, and the call can be made again; it is read anew then."""
        if not isinstance(exc, SchemaError) and exc.sqlstate != COPY_REFUSED:
            return False
        self.registry.forget()
        # An error of the server (ours name the table) ends a transaction: nothing can be tried again there
        return exc.table is not None or not isinstance(self.executor, DBConnection)


def _kept(table: Table, shape: object, build: Callable[[], T]) -> T:
    """What `build` makes, made once for this shape of call."""
    made = table.statements.get(shape)
    if made is None:
        if len(table.statements) >= SHAPES:
            table.statements.clear()
        table.statements[shape] = made = build()
    return cast("T", made)


def _tests(table: str, where: Where | None) -> tuple[tuple[tuple[str, Test], ...], list[object]]:
    """The shape of conditions, and their values without those that are None."""
    if where is None:
        return (), []
    if not is_row(where):
        raise QueryError(f"conditions on table {table} are a mapping of columns to values, not {type(where).__name__}")
    tests: list[tuple[str, Test]] = []
    values: list[object] = []
    for name, value in where.items():
        if value is None:
            tests.append((name, "null"))
            continue
        test: Test = "one"
        if isinstance(value, (list, tuple, set, frozenset)):
            test = "any or null" if None in value else "any"
        tests.append((name, test))
        values.append(list(cast("Iterable[object]", value)) if test != "one" else value)
    return tuple(tests), values


def _refuse_all(verb: str, table: str, tests: Sequence[object], all_rows: bool) -> None:
    if not tests and all_rows is not True:
        raise QueryError(
            f"{verb} of table {table} without conditions would touch every row",
            next_step="give conditions, or all_rows=True",
            said=ServerFacts(table=table),
        )


TABLE_EXISTS = """
select exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
               where c.relname = $1 and n.nspname = $2 and c.relkind in ('r', 'p', 'v', 'm', 'f'))
"""
SCHEMA_EXISTS = "select exists (select from pg_namespace where nspname = $1)"
