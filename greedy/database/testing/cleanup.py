"""Deletes what tests left behind, and never a protected row."""

# ruff: noqa: S608  statements are made of quoted names; values are bound

from __future__ import annotations

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager

from greedy.database.columns import match_column
from greedy.database.connection import DBConnection
from greedy.database.executor import Executor
from greedy.database.identifiers import qualified, quoted
from greedy.database.schema.migrations import HISTORY
from greedy.database.schema.registry import ForeignKey, SchemaRegistry, Table
from greedy.database.testing.documents import recordset, rows_as_json
from greedy.database.testing.marking import require_marked
from greedy.database.testing.protected import ProtectedRows
from greedy.database.undoing import look_at_constraints
from greedy.errors import InputError

# The place of a row names it for as long as nobody changes it, whether its table has a key or not.
KEPT = "create temporary table kept_rows (part oid, id tid, primary key (part, id)) on commit drop"
IS_KEPT = "select from pg_temp.kept_rows as k where k.part = t.tableoid and k.id = t.ctid"
TRIGGERS = """
select t.tgname::text as name, c.relname::text as table, t.tgenabled::text as enabled
from pg_trigger t join pg_class c on c.oid = t.tgrelid join pg_namespace n on n.oid = c.relnamespace
where n.nspname = $1 and not t.tgisinternal and t.tgenabled <> 'D' and t.tgparentid = 0 order by c.relname, t.tgname
"""
ENABLE = {"O": "enable trigger", "A": "enable always trigger", "R": "enable replica trigger"}


async def cleanup_non_protected(
    db: Executor,
    *,
    protected: ProtectedRows | None = None,
    tables: Collection[str] | None = None,
    schema: str | None = None,
) -> dict[str, int]:
    """Delete all rows but the protected ones and those that these refer to, directly or over others, in one transaction.

    Records of migrations stay too. The tables are locked meanwhile, and their triggers do not run, so that what stays is byte for byte
    what it was.

    Parameters
    ----------
    db
        Connector or connection to a database that was marked with `mark_for_tests`, as the owner of the tables.
    protected
        What stays. Without it nothing does.
    tables
        Tables to delete from; all rows of the others stay. Without it all tables of the schema.
    schema
        Schema to clean, without it the connection's own.

    Returns
    -------
    dict[str, int]
        Deleted rows by table, those with none left out.

    Raises
    ------
    InputError
        The database is not marked for tests, or a protected row is not there: then its key may be mistyped, and nothing was deleted.
    SchemaError, ColumnMatchError
        A table or column that is named is not there.
    """
    protected = protected or ProtectedRows()
    await require_marked(db)
    async with db.transaction() as connection:
        registry = SchemaRegistry(connection)
        for name in (*protected.tables, *protected.keys, *(tables or ())):
            await registry.table(name, schema)
        found = list(reversed(await registry.in_order(schema)))
        if not found:
            return {}
        await connection.execute(f"lock table {', '.join(_named(table) for table in found)} in share row exclusive mode")
        await connection.execute(KEPT)
        for table in found:
            name = table.name.table
            if name in (HISTORY, *protected.tables) or (tables is not None and name not in tables):
                await connection.execute(f"insert into pg_temp.kept_rows select t.tableoid, t.ctid from {_named(table)} as t")
            else:
                await _keep(connection, table, protected.keys.get(name, ()))
        while sum([await connection.execute(_needed(table, key)) for table in found for key in table.foreign_keys]):
            pass
        async with _without_triggers(connection, found[0].name.schema):
            deletes = [f"d{n} as (delete from {_named(t)} as t where not exists ({IS_KEPT}) returning 1)" for n, t in enumerate(found)]
            counts = ", ".join(f"(select count(*) from d{n})" for n in range(len(found)))
            # One statement: keys are looked at when all rows are gone, so that tables may refer to each other in a circle.
            row = await connection.execute(f"with {', '.join(deletes)} select {counts}", fetch_row=True)
        await connection.execute("drop table pg_temp.kept_rows")
    return {table.name.table: count for table, count in zip(found, row or (), strict=True) if count}


async def _keep(connection: DBConnection, table: Table, keys: Sequence[Mapping[str, object]]) -> None:
    by_columns: dict[tuple[str, ...], list[Mapping[str, object]]] = {}
    for key in keys:
        matched = {match_column(name, table.column, table=table.name.table): value for name, value in key.items()}
        by_columns.setdefault(tuple(matched), []).append(matched)
    for columns, wanted in by_columns.items():
        same = " and ".join(f"t.{quoted(column)} = given.{quoted(column)}" for column in columns) or "false"
        given = rows_as_json(wanted)
        await connection.execute(
            f"insert into pg_temp.kept_rows select t.tableoid, t.ctid from {recordset(table, columns)} join {_named(table)} as t on {same} "
            "on conflict do nothing",
            [given],
        )
        missing = await connection.execute(
            f"select to_jsonb(given)::text from {recordset(table, columns)} "
            f"where not exists (select from {_named(table)} as t where {same})",
            [given],
            fetch_all=True,
        )
        if missing:
            raise InputError(
                f"{len(missing)} protected rows of {table.name} are not there; nothing was deleted",
                details=[row[0] for row in missing[:20]],
                next_step="correct their keys, or load the rows first",
            )


def _needed(table: Table, key: ForeignKey) -> str:
    """Keep what kept rows of a table refer to by this key."""
    pairs = zip(key.columns, key.target_columns, strict=True)
    on = " and ".join(f"parent.{quoted(target)} = t.{quoted(column)}" for column, target in pairs)
    return (
        "insert into pg_temp.kept_rows select distinct parent.tableoid, parent.ctid "
        f"from {_named(table)} as t join pg_temp.kept_rows as k on k.part = t.tableoid and k.id = t.ctid "
        f"join {qualified(key.target.table, key.target.schema)} as parent on {on} on conflict do nothing"
    )


@asynccontextmanager
async def _without_triggers(connection: DBConnection, schema: str) -> AsyncIterator[None]:
    """The triggers of a schema do not run in this block. They are as before after it, and if the transaction ends otherwise."""
    triggers = await connection.execute(TRIGGERS, [schema], fetch_all=True)
    for trigger in triggers:
        await connection.execute(f"alter table {qualified(trigger['table'], schema)} disable trigger {quoted(trigger['name'])}")
    yield
    await look_at_constraints(connection, schema)  # tables cannot be altered before that
    for trigger in triggers:
        enable = ENABLE[trigger["enabled"]]
        await connection.execute(f"alter table {qualified(trigger['table'], schema)} {enable} {quoted(trigger['name'])}")


def _named(table: Table) -> str:
    return qualified(table.name.table, table.name.schema)
