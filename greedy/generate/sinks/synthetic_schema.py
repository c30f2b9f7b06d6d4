"""The schema beside a practice's that holds what the generator knows and the program's own tables have no place for."""

from __future__ import annotations

from typing import Final

import sqlalchemy as sa
from sqlalchemy.schema import AddConstraint, CreateIndex, CreateTable, DDLElement

from greedy.database import DBConnection, SchemaError, quoted
from greedy.database.identifiers import NAME_BYTES
from greedy.formats.tables import TABLES as ROSTER_TABLES
from greedy.generate.sinks.columns import tables_in
from greedy.generate.tables import TABLES, Table

DIALECT: Final = sa.make_url("postgresql+asyncpg://").get_dialect()()

NAME: Final = "synthetic"
MARK: Final = "Synthetic practices, made by greedy generate."
IN_PRACTICE = (*ROSTER_TABLES, "absences")  # tables of the program's own schema

# Marked as ours, or nothing in it; null when there is no such schema.
IS_OURS = """
select obj_description(oid, 'pg_namespace') = $2 is true or not exists (select from pg_class where relnamespace = pg_namespace.oid)
from pg_namespace where nspname = $1
"""
COLUMNS = """
select relname, array_agg(attname::text order by attnum) as columns
from pg_class join pg_attribute on attrelid = pg_class.oid
where relnamespace = to_regnamespace(quote_ident($1)) and relname = any ($2) and attnum > 0 and not attisdropped group by relname
"""
ROLES = "select rolname from pg_roles where rolname in ('anon', 'authenticated')"


class SyntheticSchema:
    """In the transaction of `connection`. Its tables refer to those of the connection's own schema."""

    def __init__(self, connection: DBConnection) -> None:
        self.name = NAME if connection.schema == "public" else f"{NAME}_{connection.schema}"
        if len(self.name.encode()) > NAME_BYTES:
            raise SchemaError(f"schema {self.name} would have a name of more than {NAME_BYTES} bytes", next_step="choose another --schema")
        self._connection = connection
        schemas = {name: connection.schema if name in IN_PRACTICE else self.name for name in TABLES}
        declared = tables_in(sa.MetaData(), schemas)
        self._tables = [table for name, table in declared.items() if name not in IN_PRACTICE]
        self._keys = [key for table in self._tables for key in sorted(table.foreign_key_constraints, key=lambda key: list(key.column_keys))]
        for key in self._keys:
            key.ondelete = "CASCADE"  # what is known of a roster or an employee goes with them
        self._made = False

    @classmethod
    async def ready(cls, connection: DBConnection) -> SyntheticSchema:
        """The schema with its tables, made where it is missing, without rights for anybody but its owner.

        Raises
        ------
        SchemaError
            A schema of this name holds something else, or tables of another version.
        """
        schema = cls(connection)
        wanted = {table.name: list(table.columns.keys()) for table in schema._tables}
        rows = await connection.execute(COLUMNS, [schema.name, list(wanted)], fetch_all=True)
        found = {row["relname"]: row["columns"] for row in rows}
        ours = await connection.execute(IS_OURS, [schema.name, MARK], fetch_val=True)
        if ours is False:
            raise SchemaError(
                f"{connection.server} has a schema {schema.name} that no generator made; nothing was written",
                next_step=f"rename it: alter schema {quoted(schema.name)} rename to ...",
            )
        if found not in ({}, wanted):
            raise SchemaError(
                f"schema {schema.name} of {connection.server} has tables of another version of the generator; nothing was written",
                next_step=f"drop it, with all that is known of the synthetic rosters: drop schema {quoted(schema.name)} cascade",
            )
        if ours is None:
            await connection.execute(f"create schema {quoted(schema.name)}")
        if not found:
            await schema._make()
        return schema

    def schema_of(self, table: Table) -> str:
        """Where the rows of a table of the generator's go."""
        return self._connection.schema if table.name in IN_PRACTICE else self.name

    async def finish(self, *, timeout_seconds: float) -> None:
        """Give tables that were made in this transaction their foreign keys: checked at once, and others are locked but for a moment."""
        if self._made:
            await self._run(*map(AddConstraint, self._keys), timeout_seconds=timeout_seconds)

    async def _make(self) -> None:
        name = quoted(self.name)
        await self._connection.execute(f"comment on schema {name} is '{MARK}'")
        await self._run(
            *(CreateTable(table, include_foreign_key_constraints=[]) for table in self._tables),
            *(CreateIndex(index) for table in self._tables for index in table.indexes),
        )
        roles = [row["rolname"] for row in await self._connection.execute(ROLES, fetch_all=True)]
        for role in ("public", *map(quoted, roles)):
            await self._connection.execute(
                f"revoke all on schema {name} from {role}; revoke all on all tables in schema {name} from {role}"
            )
        for table in self._tables:
            await self._connection.execute(f"alter table {name}.{quoted(table.name)} enable row level security")
        self._made = True

    async def _run(self, *statements: DDLElement, timeout_seconds: float | None = None) -> None:
        for statement in statements:
            await self._connection.execute(str(statement.compile(dialect=DIALECT)), timeout_seconds=timeout_seconds)
