"""SchemaSetup: the schema of the program, and one of its own for each practice, made, brought up to date, and verified."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING

from greedy.database.errors import AuthenticationError, SchemaError
from greedy.database.schema.catalogue import Catalogue, copy_default_privileges, read_catalogue
from greedy.database.schema.migrations import (
    HISTORY,
    MigrationStatus,
    apply,
    apply_pending,
    make_history,
    migrate,
    migration_status,
    migrations,
    refuse_newer,
    scratch_schema,
)
from greedy.database.schema.names import PUBLIC, SHARED, check_project_schema
from greedy.database.schema.report import Divergence, SchemaReport, accepting, adopted_parts, compare

if TYPE_CHECKING:
    from greedy.database.connection import DBConnection
    from greedy.database.executor import Executor

LOCK_TIMEOUT = "5s"  # reading a definition waits while somebody changes that very table


@dataclass(frozen=True)
class ProjectSchema:
    """A schema with this program's tables, and which migrations it has."""

    name: str
    status: MigrationStatus


class SchemaSetup:
    """Schemas of one database.

    Parameters
    ----------
    db
        Its user must be allowed to create schemas, which also verification does, in a transaction that is rolled back.
    """

    def __init__(self, db: Executor) -> None:
        self._db = db

    async def ensure_public_schema(self) -> list[str]:
        """Bring `public` up to this program and return the versions applied; the same again changes nothing.

        Raises
        ------
        SchemaError, QueryError
            As `migrate`.
        """
        return await migrate(self._db, PUBLIC)

    async def ensure_project_schema(self, name: str) -> list[str]:
        """Make the schema of a practice, or bring it up to this program, and return the versions applied.

        It has the same tables, triggers, functions, views, types, row level security and rights as `public`, and no row in common. All in
        one transaction, so there is a whole schema or none. A schema that is there already keeps what it holds; tables of ours in it are
        adopted with their rows, where they fit.

        Raises
        ------
        SchemaError
            The name is reserved or cannot be told apart, the schema was migrated by a newer program, or things in it do not fit.
        AuthenticationError
            The user may not create schemas.
        """
        check_project_schema(name)
        if not await self._db.execute("select 1 from pg_namespace where nspname = $1", [name], fetch_val=True):
            await self._require_create()
        return await apply_pending(self._db, name, make=True)

    async def project_schemas(self) -> list[ProjectSchema]:
        """`public`, when it is migrated, and all project schemas, by name."""
        rows = await self._db.execute(PROJECT_SCHEMAS, [HISTORY], fetch_all=True)
        found = [ProjectSchema(row["name"], await migration_status(self._db, row["name"])) for row in rows]
        return [one for one in found if one.status.applied or one.status.unknown]

    async def verify_schema(self, name: str | None = None) -> SchemaReport:
        """Compare a schema, otherwise that of the connector, with what its migrations make, and list every divergence.

        The migrations are run in a scratch schema, in a transaction that is rolled back; live tables are not locked.

        Raises
        ------
        SchemaError
            No such schema, nothing of ours in it, or a newer program's.
        AuthenticationError
            The user may not create schemas.
        """
        started = time.perf_counter()
        schema = self._db.schema if name is None else name
        status = await migration_status(self._db, schema)
        refuse_newer(self._db.server, status)
        if not status.applied:
            raise SchemaError(f"schema {schema!r} of {self._db.server} is not migrated", next_step="greedy db migrate")
        await self._require_create()
        async with self._db.transaction() as connection:
            await connection.execute("select set_config('lock_timeout', $1, true)", [LOCK_TIMEOUT])
            found = [await read_catalogue(connection, name) for name in (schema, *SHARED)]
            expected = await _reference(connection, schema, status)
            replica = await connection.execute("select current_setting('session_replication_role')", fetch_val=True)
        own, *shared = (list(compare(want, have)) for want, have in zip(expected, found, strict=True))
        divergences = [*_of_history(status), *_of_session(replica), *accepting(adopted_parts(found[0]), iter(own)), *chain(*shared)]
        return SchemaReport(self._db.server, schema, tuple(divergences), (time.perf_counter() - started) * 1000)

    async def _require_create(self) -> None:
        row = await self._db.execute(MAY_CREATE, fetch_row=True)
        assert row is not None  # noqa: S101  a query without a table has one row
        if row["read_only"]:
            raise SchemaError(f"{self._db.server} is read-only; no schema can be created in it", next_step="use the primary server")
        if not row["allowed"]:
            raise AuthenticationError(
                f"the user {row['user']!r} may not create schemas in {self._db.server}, not even one that is rolled back",
                next_step=f"as the owner of the database: grant create on database {row['database']} to {row['user']}",
            )


async def _reference(connection: DBConnection, schema: str, status: MigrationStatus) -> list[Catalogue]:
    """What the migrations that `schema` has would make today: in it, and in those that practices share."""
    async with scratch_schema(connection) as scratch:
        shared = {name: f"{scratch}_{name}" for name in SHARED}
        await copy_default_privileges(connection, schema, scratch)
        if schema != PUBLIC:
            await make_history(connection, scratch)
        for migration in migrations():
            if migration.version in status.applied:
                await apply(connection, scratch, migration, shared=shared)
        of_shared = [await read_catalogue(connection, other, as_schema=name, shared=shared) for name, other in shared.items()]
        return [await read_catalogue(connection, scratch, as_schema=schema, shared=shared), *of_shared]


def _of_history(status: MigrationStatus) -> Iterator[Divergence]:
    for migration in migrations():
        if migration.version in status.pending:
            yield Divergence("missing", "migration", f"{migration.version} {migration.name}")


def _of_session(replication_role: str) -> Iterator[Divergence]:
    if replication_role != "origin":
        yield Divergence(
            "off", "setting", "session_replication_role", "state", "origin", f"{replication_role}, in which triggers do not fire"
        )


MAY_CREATE = """
select has_database_privilege(current_database(), 'CREATE') as allowed, current_setting('transaction_read_only')::boolean as read_only,
       quote_ident(current_user) as user, quote_ident(current_database()) as database
"""
PROJECT_SCHEMAS = """
select n.nspname::text as name
from pg_class c join pg_namespace n on n.oid = c.relnamespace
where c.relname = $1 and c.relkind = 'r' and n.nspname not in ('supabase_migrations', 'public')
  and has_schema_privilege(n.oid, 'USAGE') and has_table_privilege(c.oid, 'SELECT')
  and (select count(*) = 3 from pg_attribute where attrelid = c.oid and attname in ('version', 'statements', 'name'))
union all select 'public'
order by name
"""
