"""Seed data: known rows from a JSON document, the same however often they are loaded."""

# ruff: noqa: S608  statements are made of quoted names; values are bound

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NoReturn

from pydantic_core import PydanticSerializationError, to_json

from greedy.database.columns import match_column
from greedy.database.connection import DBConnection
from greedy.database.errors import ColumnMatchError, DatabaseError, QueryError, SchemaError
from greedy.database.executor import Executor
from greedy.database.identifiers import qualified, quoted
from greedy.database.schema.registry import Check, ForeignKey, SchemaRegistry, Table, Unique
from greedy.database.testing.documents import recordset
from greedy.database.testing.protected import ProtectedRows
from greedy.database.undoing import look_at_constraints, undone
from greedy.errors import InputError

PROTECTED = "_protected"  # on top: names of whole tables; in a row: true or false
FOREIGN_KEY_VIOLATION = "23503"
SHOWN = 100  # faults

Row = dict[str, Any]


@dataclass
class SeedData:
    """What was loaded. `changed`: rows by table that were not there, or not so; `protected`: the rows for `cleanup_non_protected`."""

    changed: dict[str, int] = field(default_factory=dict)
    protected: ProtectedRows = field(default_factory=ProtectedRows)


async def load_seed_data(db: Executor, source: Path | str | Mapping[str, object], *, schema: str | None = None) -> SeedData:
    """Bring rows in by their primary keys, all or none; loaded again, they change nothing.

    Parameters
    ----------
    db
        Connector or connection.
    source
        A JSON file, or what one holds: `{table: [row, ...]}`, the tables in any order. A row is `{column: value}`; a column that it does
        not have takes its default when the row is new, and stays as it is otherwise. All rows are protected from `cleanup_non_protected`
        but those with `"_protected": false`; `"_protected": [table, ...]` beside the tables protects whole tables.
    schema
        Schema of the tables, without it the connection's own.

    Raises
    ------
    InputError
        The document is not such a one, or the database refuses rows of it. `details` names each fault by table, row (1 is the first)
        and column, as far as one does not hide another; nothing was loaded.
    """
    document = _read(source)
    registry = SchemaRegistry(db)
    tables, rows, data, faults = await _matched(registry, document, schema)
    if faults:
        raise _refused(faults)
    try:
        async with db.transaction() as connection:
            for table in tables:
                count = await _upsert(connection, table, rows[table.name.table])
                await _move_sequences(connection, table, rows[table.name.table])
                if count:
                    data.changed[table.name.table] = count
            if tables:
                await look_at_constraints(connection, tables[0].name.schema)
    except QueryError as exc:
        if exc.retryable:
            raise
        raise _refused(await _faults_of_rows(db, tables, rows) or [str(exc)]) from exc
    return data


def _read(source: Path | str | Mapping[str, object]) -> Mapping[str, object]:
    if isinstance(source, Mapping):
        try:
            document: object = json.loads(to_json(source, fallback=str), parse_constant=_no_number)
        except (PydanticSerializationError, RecursionError) as exc:
            raise InputError(f"seed data cannot be written as JSON: {exc}") from None
    elif not isinstance(source, (str, Path)):
        document = source
    else:
        try:
            document = json.loads(Path(source).read_text(encoding="utf-8"), parse_constant=_no_number, object_pairs_hook=_once)
        except OSError as exc:
            raise InputError(f"{source} cannot be read: {exc.strerror}", next_step="give the path of a JSON file") from exc
        except UnicodeDecodeError:
            raise InputError(f"{source} is not UTF-8 text", next_step="save it as UTF-8") from None
        except json.JSONDecodeError as exc:
            raise InputError(f"{source} is not JSON: line {exc.lineno}, column {exc.colno}: {exc.msg}") from None
        except (ValueError, RecursionError) as exc:  # a number of thousands of digits, arrays in arrays without end
            raise InputError(f"{source} is not JSON that can be read: {exc}") from None
    if not isinstance(document, dict):
        raise InputError("seed data is {table: [rows]}", next_step='for example {"employees": [{"id": "E1", "voornaam": "Anna"}]}')
    return document


def _no_number(name: str) -> NoReturn:
    raise InputError(f"seed data has {name}, which is not JSON", next_step="a number that is missing is null")


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    twice = [name for name, times in Counter(name for name, _ in pairs).items() if times > 1]
    if twice:
        raise InputError(f"seed data has {', '.join(twice)} twice in one object; the first would be lost")
    return dict(pairs)


async def _matched(
    registry: SchemaRegistry, document: Mapping[str, object], schema: str | None
) -> tuple[list[Table], dict[str, list[Row]], SeedData, list[str]]:
    """Tables in the order to load, their rows, what they protect; and all faults that show without asking the database."""
    data, faults = SeedData(), list[str]()
    rows: dict[str, list[Row]] = {}
    for name, given in document.items():
        try:
            if name == PROTECTED and isinstance(given, list):
                for each in given:
                    data.protected.table((await registry.table(str(each), schema)).name.table)
                continue
            table = await registry.table(name, schema)
        except SchemaError as exc:
            faults.append(exc.message)
            continue
        if table.kind != "table" or not table.primary_key:
            faults.append(f"{name}: it has no primary key, so a repeat could not know its rows")
        elif not isinstance(given, list):
            faults.append(f"{name}: expected a list of rows")
        else:
            rows[name] = list(_rows_of(table, given, data.protected, faults))
    return [table for table in await registry.in_order(schema) if table.name.table in rows], rows, data, faults


def _rows_of(table: Table, given: Sequence[object], protected: ProtectedRows, faults: list[str]) -> Iterator[Row]:
    seen: dict[str, int] = {}
    for number, row in enumerate(given, 1):
        where = f"{table.name.table} row {number}"
        if not isinstance(row, dict):
            faults.append(f"{where}: expected an object of columns and values")
            continue
        protect = row.get(PROTECTED, True)
        if not isinstance(protect, bool):
            faults.append(f"{where}: {PROTECTED} is true or false")
        matched: Row = {}
        for name, value in row.items():
            try:
                if name != PROTECTED:
                    column = match_column(name, table.column, table=table.name.table)
                    if column in matched:
                        faults.append(f"{where}: {column} stands there twice")
                    matched[column] = value
            except ColumnMatchError as exc:
                faults.append(f"{where}: {exc.message}")
        missing = [name for name in table.primary_key if matched.get(name) is None]
        faults.extend(f"{where}: {name}: the primary key has to be given" for name in missing)
        computed = [name for name in matched if table.column[name].generated and not _numbered(table, name)]
        faults.extend(f"{where}: {name}: the database computes it" for name in computed)
        needed = [c.name for c in table.columns if not (c.nullable or c.default or c.generated or c.name in matched)]
        faults.extend(f"{where}: {name}: a value is needed" for name in needed if name not in missing)
        if missing:
            continue
        key = {name: matched[name] for name in table.primary_key}
        first = seen.setdefault(json.dumps(key), number)
        if first != number:
            faults.append(f"{where}: {', '.join(key)}: the same key as row {first}")
        if protect:
            protected.row(table.name.table, **key)
        yield matched


async def _upsert(connection: DBConnection, table: Table, rows: Sequence[Row]) -> int:
    """One statement, so that rows may refer to each other in any order; rows with the same columns go together."""
    shapes: dict[tuple[str, ...], list[Row]] = {}
    for row in rows:
        shapes.setdefault(tuple(sorted(row)), []).append(row)
    parts = [f"p{n} as ({_put(table, shape, n)} returning 1)" for n, shape in enumerate(shapes, 1)]
    counts = " + ".join(f"(select count(*) from p{n})" for n in range(1, len(shapes) + 1)) or "0"
    with_parts = f"with {', '.join(parts)} " if parts else ""
    arguments = [to_json(some).decode() for some in shapes.values()]
    return int(await connection.execute(f"{with_parts}select {counts}", arguments, fetch_val=True))


def _put(table: Table, columns: Sequence[str], argument: int) -> str:
    name = qualified(table.name.table, table.name.schema)
    named = ", ".join(quoted(column) for column in columns)
    others = [quoted(column) for column in columns if column not in table.primary_key]
    key = ", ".join(quoted(column) for column in table.primary_key)
    old, new = (", ".join(f"{row}.{column}" for column in others) for row in ("kept", "excluded"))
    update = f"do update set {', '.join(f'{column} = excluded.{column}' for column in others)} where ({old}) is distinct from ({new})"
    return (
        f"insert into {name} as kept ({named}) overriding system value select {named} from {recordset(table, columns, argument)} "
        f"on conflict ({key}) {update if others else 'do nothing'}"
    )


async def _move_sequences(connection: DBConnection, table: Table, rows: Sequence[Row]) -> None:
    """A number that was given is not given out again."""
    name = qualified(table.name.table, table.name.schema)
    for column in table.columns:
        if _numbered(table, column.name) and any(column.name in row for row in rows):
            await connection.execute(
                "select setval(s, greatest(m, nextval(s))) from (select pg_get_serial_sequence($1, $2) as s, "
                f"(select max({quoted(column.name)}) from {name}) as m) as last where s is not null and m is not null",
                [name, column.name],
                fetch_val=True,
            )


def _numbered(table: Table, column: str) -> bool:
    return (table.column[column].default or "").startswith(("nextval(", "generated"))


async def _faults_of_rows(db: Executor, tables: Sequence[Table], rows: Mapping[str, Sequence[Row]]) -> list[str]:
    """Each row by itself, in a transaction that is rolled back, so that every refused one is told."""
    faults: list[str] = []
    async with undone(db) as connection:
        await look_at_constraints(connection, tables[0].name.schema, stay=True)
        for table in tables:
            waiting = list(enumerate(rows[table.name.table], 1))
            while waiting:
                later = []
                for number, row in waiting:
                    try:
                        async with connection.transaction() as attempt:
                            await _upsert(attempt, table, [row])
                    except QueryError as exc:
                        if exc.sqlstate == FOREIGN_KEY_VIOLATION and _is_given(table, row, exc.constraint, rows):
                            later.append((number, row))
                            continue
                        at = await _column_at_fault(connection, table, row, exc)
                        faults.append(f"{table.name.table} row {number}: {at}{exc.message}")
                    if len(faults) == SHOWN:
                        return [*faults, f"only the first {SHOWN} faults are looked for"]
                if len(later) == len(waiting):  # they refer to each other, or to a row that is refused for a reason of its own
                    with suppress(QueryError):
                        async with connection.transaction() as attempt:
                            await _upsert(attempt, table, [row for _, row in later])
                    break
                waiting = later
    return faults


def _is_given(table: Table, row: Row, constraint: str | None, rows: Mapping[str, Sequence[Row]]) -> bool:
    """Whether what a row refers to is in the document: then it was refused for a reason of its own, or comes later."""
    key = next((key for key in table.foreign_keys if key.name == constraint), None)
    if key is None:
        return False
    wanted = [row.get(column) for column in key.columns]
    return any([other.get(column) for column in key.target_columns] == wanted for other in rows.get(key.target.table, ()))


async def _column_at_fault(connection: DBConnection, table: Table, row: Row, exc: QueryError) -> str:
    constraints: tuple[Unique | ForeignKey | Check, ...] = (*table.uniques, *table.foreign_keys, *table.checks)
    columns = [exc.column] if exc.column else next((list(one.columns) for one in constraints if one.name == exc.constraint), [])
    if not columns:  # a value that is not of its column's type: the one that the server cannot read by itself either
        for column, value in row.items():
            try:
                async with connection.transaction() as attempt:
                    shape = recordset(table, [column])
                    await attempt.execute(f"select {quoted(column)} from {shape}", [to_json([{column: value}]).decode()], fetch_all=True)
            except DatabaseError:
                columns.append(column)
    return f"{', '.join(columns)}: " if columns else ""


def _refused(faults: Sequence[str]) -> InputError:
    return InputError(f"the seed data has {len(faults)} faults; nothing was loaded", details=faults, next_step="mend these rows")
