"""Migrations: the SQL files of supabase/migrations, applied in order, each in a transaction.

The history is kept where the Supabase CLI keeps it (`supabase_migrations.schema_migrations`), so that either tool sees what the other did.
That is why no migration library is used here: none keeps that table.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

from greedy.database.errors import QueryError, SchemaError

if TYPE_CHECKING:
    from greedy.database.connector import DBConnector

log = structlog.get_logger()

# The prefix tells our migrations from a practice's own ones in the same history.
FILE_NAME = re.compile(r"(?P<version>\d{14})_(?P<name>greedy_\w+)\.sql")
# In an installed package the files lie beside this module, in a checkout at the root of the repository.
FOLDERS = (Path(__file__).parent / "migrations", Path(__file__).parents[2] / "supabase" / "migrations")
HISTORY = """
create schema if not exists supabase_migrations;
create table if not exists supabase_migrations.schema_migrations (version text primary key, statements text[], name text);
"""
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


async def migration_status(db: DBConnector) -> MigrationStatus:
    """Compare the database's history with our files. Changes nothing."""
    known = [migration.version for migration in migrations()]
    there = await db.execute("select to_regclass('supabase_migrations.schema_migrations') is not null", fetch_val=True)
    ours = "select version from supabase_migrations.schema_migrations where name like 'greedy\\_%' order by version"
    applied = [row["version"] for row in await db.execute(ours, fetch_all=True)] if there else []
    return MigrationStatus(
        applied=tuple(version for version in applied if version in known),
        pending=tuple(version for version in known if version not in applied),
        unknown=tuple(version for version in applied if version not in known),
    )


async def migrate(db: DBConnector) -> list[str]:
    """Apply what is pending, all in one transaction, and return the versions applied. A second call changes nothing.

    Raises
    ------
    SchemaError
        The database is newer than this program, or a migration failed.
    """
    refuse_newer(db.server, await migration_status(db))
    applied: list[str] = []
    async with db.transaction() as connection:
        await connection.execute("select pg_advisory_xact_lock($1)", [MIGRATION_LOCK])
        await connection.execute(HISTORY)
        history = {
            row["version"] for row in await connection.execute("select version from supabase_migrations.schema_migrations", fetch_all=True)
        }
        for migration in migrations():
            if migration.version in history:
                continue
            log.info("database.migrate", version=migration.version, name=migration.name)
            await connection.execute(migration.sql)
            await connection.execute(
                "insert into supabase_migrations.schema_migrations (version, name, statements) values ($1, $2, $3)",
                [migration.version, migration.name, [migration.sql]],
            )
            applied.append(migration.version)
        if applied:
            await connection.execute("notify pgrst, 'reload schema'")
    return applied


async def require_migrated(db: DBConnector) -> None:
    """Raise SchemaError unless the database has exactly the schema of this program."""
    try:
        status = await migration_status(db)
    except QueryError as exc:
        raise SchemaError(f"cannot read the migrations of {db.server}: {exc.message}", next_step=exc.next_step or "greedy doctor") from exc
    refuse_newer(db.server, status)
    if status.pending:
        raise SchemaError(f"{db.server} is not migrated: {len(status.pending)} migrations are pending", next_step="greedy db migrate")


def refuse_newer(server: str, status: MigrationStatus) -> None:
    """Raise SchemaError when a newer program has migrated the database."""
    if status.unknown:
        raise SchemaError(
            f"{server} was migrated by a newer version of greedy: {', '.join(status.unknown)}", next_step="update this program"
        )
