"""Facts of a PostgreSQL database over a direct connection."""

from __future__ import annotations

import shlex
from collections.abc import AsyncIterator
from typing import TYPE_CHECKING

from greedy.cli.doctor.facts import Fact, failed, migrations_fact, right, roster_fact, triggers_fact, wrong
from greedy.database.errors import DatabaseError
from greedy.database.schema.migrations import migration_status
from greedy.database.schema.names import PUBLIC
from greedy.database.schema.setup import SchemaSetup
from greedy.errors import GreedyError
from greedy.opening import open_database
from greedy.store.postgres import PostgresStore

if TYPE_CHECKING:
    from greedy.database.executor import Executor
    from greedy.settings import Settings


async def direct_facts(settings: Settings, database_url: str | None, schema: str | None) -> AsyncIterator[Fact]:
    """The facts in the order in which they build on each other; what needs a connection is left out without one."""
    try:
        async with open_database(settings, database_url, schema) as db:
            version = await db.execute("show server_version", fetch_val=True)
            yield right("connection", f"{db.server}, PostgreSQL {version}")
            status = await migration_status(db)
            migrations = migrations_fact(
                status, "greedy db migrate" + ("" if db.schema == PUBLIC else f" --schema {shlex.quote(db.schema)}")
            )
            yield migrations
            if not migrations.good:
                return
            yield await schema_fact(db)
            store = PostgresStore(db)
            yield triggers_fact(await store.triggers())
            if settings.rooster_id:
                yield await roster_fact(store, settings)
    except GreedyError as exc:
        yield failed("connection", exc)


async def schema_fact(db: Executor) -> Fact:
    """Whether the schema is what its migrations make it."""
    try:
        report = await SchemaSetup(db).verify_schema()
    except DatabaseError as exc:  # no right to compare, a standby, a table that is being changed
        return right("schema", f"{db.schema}, not compared with its migrations: {exc.message}")
    if report.ok:
        return right("schema", f"{db.schema} is as its migrations make it, compared in {report.milliseconds:.0f} ms")
    first, *more = report.faults
    text = f"{db.schema}: {first}" + (f", and {len(more)} more divergences" if more else "")
    return wrong("schema", text, f"greedy db schema verify {shlex.quote(db.schema)}")
