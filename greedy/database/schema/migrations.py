"""Migrations: the SQL files of supabase/migrations, applied in order, all that is pending in one transaction.

They are written for `public`; for the schema of a practice their text is rendered (see `rendering`). The history of `public` is kept where
the Supabase CLI keeps it (`supabase_migrations.schema_migrations`), so that either tool sees what the other did. That is why no migration
library is used here: none keeps that table. A project schema keeps its own in a table of the same form in the schema itself, so that it
goes wherever the schema goes; having one is what makes a schema a project schema.
"""

from __future__ import annotations

import re
import secrets
import shlex
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from greedy.database.errors import QueryError, SchemaError
from greedy.database.identifiers import qualified, quoted
from greedy.database.schema.names import PUBLIC, check_project_schema
from greedy.database.schema.rendering import rendered, with_shared

if TYPE_CHECKING:
    from greedy.database.connection import DBConnection
    from greedy.database.executor import Executor

log = structlog.get_logger()

# The prefix tells our migrations from a practice's own ones in the same history.
FILE_NAME = re.compile(r"(?P<version>\d{14})_(?P<name>greedy_\w+)\.sql")
# In an installed package the files lie beside this module, in a checkout at the root of the repository.
FOLDERS = (Path(__file__).parent / "migrations", Path(__file__).parents[3] / "supabase" / "migrations")
HISTORY = "schema_migrations"
HISTORY_SCHEMA = "supabase_migrations"  # of the schema public
DOES_NOT_FIT = "GR422"  # what our first migration raises, with a line of its message for each fault
MIGRATION_LOCK = 7_206_518_390_112  # any number of our own: two programs must not migrate one database at a time


@dataclass(frozen=True)
class Migration:
    """One file: `version` orders it, `sql` is its text."""

    version: str
    name: str
    sql: str


@dataclass(frozen=True)
class MigrationStatus:
    """Versions by what is known of them: applied, pending (not applied), unknown (applied by a newer version of this program)."""

    applied: tuple[str, ...]
    pending: tuple[str, ...]
    unknown: tuple[str, ...]


def migrations() -> list[Migration]:
    """All migrations of this program, oldest first."""
    folder = next(folder for folder in FOLDERS if folder.is_dir())
    found = [(match, path) for path in sorted(folder.glob("*.sql")) if (match := FILE_NAME.fullmatch(path.name))]
    return [Migration(match["version"], match["name"], path.read_text(encoding="utf-8")) for match, path in found]


async def migration_status(db: Executor, schema: str | None = None) -> MigrationStatus:
    """Compare the history of a schema, otherwise that of `db`, with our files. Changes nothing.

    Raises
    ------
    SchemaError
        The database has no project schema of this name.
    """
    schema = _checked(db, schema)
    status = await _status(db, schema)
    if status is None:
        raise SchemaError(
            f"{db.server} has no schema {schema!r} of a practice",
            next_step=f"greedy db schema list shows those it has; greedy db schema create {shlex.quote(schema)} makes it",
        )
    return status


async def migrate(db: Executor, schema: str | None = None) -> list[str]:
    """Apply to a schema, otherwise that of `db`, what is pending, all in one transaction, and return the versions applied.

    A second call changes nothing. Of two at once one waits for the other. Killed at any moment, nothing was applied. A project schema is
    brought up to date, not made: that is `SchemaSetup.ensure_project_schema`.

    Raises
    ------
    SchemaError
        The database is newer than this program, has no project schema of this name, holds things of others under names of ours, or has
        tables of ours already that do not fit.
    QueryError
        A migration failed; nothing was changed.
    """
    schema = _checked(db, schema)
    status = await migration_status(db, schema)
    refuse_newer(db.server, status)
    return await apply_pending(db, schema) if status.pending or await _lacks_access(db, schema) else []


async def require_migrated(db: Executor) -> None:
    """Raise SchemaError unless the schema of `db` is exactly that of this program."""
    try:
        status = await migration_status(db)
    except QueryError as exc:
        raise SchemaError(f"cannot read the migrations of {db.server}: {exc.message}", next_step=exc.next_step or "greedy doctor") from exc
    refuse_other(db.server, db.schema, status)


def refuse_other(server: str, schema: str, status: MigrationStatus, *, direct: bool = True) -> None:
    """Raise SchemaError unless the status is that of exactly this program's schema. Not `direct`: the database was asked over REST."""
    refuse_newer(server, status)
    if status.pending:
        which, option = ("", "") if schema == PUBLIC else (f"schema {schema!r} of ", f" --schema {shlex.quote(schema)}")
        message = f"{which}{server} is not migrated: {len(status.pending)} migrations are pending"
        command = f"greedy db migrate{option}"
        raise SchemaError(message, next_step=command if direct else f"supabase db push --remote URL, or {command} --database URL")


def refuse_newer(server: str, status: MigrationStatus) -> None:
    """Raise SchemaError when a newer program has migrated the database."""
    if status.unknown:
        raise SchemaError(
            f"{server} was migrated by a newer version of greedy: {', '.join(status.unknown)}", next_step="update this program"
        )


async def apply_pending(db: Executor, schema: str, *, make: bool = False) -> list[str]:
    """Apply what is pending under the lock, in one transaction; `make`: in a schema that is made first where it is missing."""
    applied: list[str] = []
    async with db.transaction() as connection:
        await connection.execute("select pg_advisory_xact_lock($1)", [MIGRATION_LOCK])
        if make and not await connection.execute("select 1 from pg_namespace where nspname = $1", [schema], fetch_val=True):
            await connection.execute(f"create schema {quoted(schema)}")
        status = await _status(connection, schema) or MigrationStatus((), tuple(one.version for one in migrations()), ())
        refuse_newer(db.server, status)
        pending = [migration for migration in migrations() if migration.version in status.pending]
        await make_history(connection, schema)
        for migration in pending:
            log.info("database.migrate", schema=schema, version=migration.version, name=migration.name)
            await connection.execute(
                f"insert into {history_of(schema)} (version, name, statements) values ($1, $2, $3)",  # noqa: S608  a quoted name
                [migration.version, migration.name, [await apply(connection, schema, migration)]],
            )
            applied.append(migration.version)
        if await _lacks_access(connection, schema):
            log.info("database.access", schema=schema)
            await connection.execute(f"select {qualified('apply_access_v1', schema)}()", fetch_val=True)
        if applied:
            await connection.execute("notify pgrst, 'reload schema'")
    return applied


async def apply(connection: DBConnection, schema: str, migration: Migration, *, shared: Mapping[str, str] | None = None) -> str:
    """Run one migration in a schema, where its own names without a schema are looked up too, and return the text that was run.

    `shared`: other names for the schemas that practices share.
    """
    sql = with_shared(rendered(migration.sql, schema), shared or {})
    async with looking_in(connection, schema):
        try:
            await connection.execute(sql)
        except QueryError as exc:
            if exc.sqlstate != DOES_NOT_FIT:
                raise
            faults = [line.removeprefix("- ") for line in exc.message.splitlines()[1:]]
            raise does_not_fit(connection.server, schema, faults) from exc
    return sql


def does_not_fit(server: str, schema: str, faults: Sequence[str]) -> SchemaError:
    """The error for a schema that holds things of others, or tables of ours that cannot be adopted."""
    return SchemaError(
        f"schema {schema!r} of {server} holds {len(faults)} things that do not fit; nothing was changed",
        details=faults,
        next_step="rename, move or mend them, then migrate again",
    )


async def _lacks_access(db: Executor, schema: str) -> bool:
    """Whether roles have other rights than they should, as when they were made later than the schema; or what practices share is gone."""
    faults = qualified("access_faults_v1", schema)
    # Not there before all is migrated; and whoever may not ask cannot mend it either.
    if not await db.execute("select has_function_privilege(to_regproc($1), 'execute')", [faults], fetch_val=True):
        return False
    lacks = f"select to_regclass('bronze.raw_entities') is null or exists (select from {faults}())"  # noqa: S608  a quoted name
    return bool(await db.execute(lacks, fetch_val=True))


@asynccontextmanager
async def looking_in(connection: DBConnection, schema: str) -> AsyncIterator[None]:
    """Within this block of a transaction, names without a schema are looked up in this one alone, whatever temporary tables there are."""
    before = await connection.execute("select current_setting('search_path')", fetch_val=True)
    await connection.execute("select set_config('search_path', $1, true)", [f"{quoted(schema)}, pg_temp"])
    yield
    await connection.execute("select set_config('search_path', $1, true)", [before])


@asynccontextmanager
async def scratch_schema(connection: DBConnection) -> AsyncIterator[str]:
    """A schema that is there for the length of a block of a transaction; then it and all that was made in it never were."""
    name = f"greedy_reference_{secrets.token_hex(6)}"
    await connection.execute(f"savepoint greedy_scratch; create schema {quoted(name)}")
    yield name
    await connection.execute("rollback to savepoint greedy_scratch; release savepoint greedy_scratch")


def history_of(schema: str) -> str:
    """The table with the history of a schema, as it stands in SQL."""
    return qualified(HISTORY, HISTORY_SCHEMA if schema == PUBLIC else schema)


async def make_history(connection: DBConnection, schema: str) -> None:
    """The table of the history, where it is missing."""
    if schema == PUBLIC:
        await connection.execute(f"create schema if not exists {HISTORY_SCHEMA}")
    columns = "(version text primary key, statements text[], name text)"
    if await connection.execute("select to_regclass($1) is not null", [history_of(schema)], fetch_val=True):
        if await _status(connection, schema) is None:
            raise does_not_fit(connection.server, schema, [f"table {HISTORY}: this name is needed"])
    else:
        await connection.execute(f"create table {history_of(schema)} {columns}")
        if schema != PUBLIC:
            # REST servers show whole schemas.
            await connection.execute(f"alter table {history_of(schema)} enable row level security")


def _checked(db: Executor, schema: str | None) -> str:
    name = db.schema if schema is None else schema
    return name if name == PUBLIC else check_project_schema(name)


async def _status(db: Executor, schema: str) -> MigrationStatus | None:
    """None: a schema without a history, which is no project schema; `public` may be without."""
    ours = await db.execute(
        "select count(*) = 3 from pg_attribute where attrelid = to_regclass($1) and attname in ('version', 'statements', 'name')",
        [history_of(schema)],
        fetch_val=True,
    )
    if not ours and schema != PUBLIC:
        return None
    sql = f"select version from {history_of(schema)} where name like 'greedy\\_%' order by version"  # noqa: S608  a quoted name
    applied = [row["version"] for row in await db.execute(sql, fetch_all=True)] if ours else []
    return status_of(applied)


def status_of(applied: Sequence[str]) -> MigrationStatus:
    """Compare the versions of a history with our files."""
    known = [migration.version for migration in migrations()]
    return MigrationStatus(
        applied=tuple(version for version in applied if version in known),
        pending=tuple(version for version in known if version not in applied),
        unknown=tuple(version for version in applied if version not in known),
    )
