"""Writing a dump: rows counted and pg_dump run over one state of the database."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import IO

from greedy import __version__
from greedy.database.connector import DBConnector
from greedy.database.executor import Executor
from greedy.database.identifiers import quoted
from greedy.database.sync import contents
from greedy.database.sync.dump_file import FORMAT, DumpWriter, Manifest
from greedy.database.sync.errors import DumpError, ProgramError
from greedy.database.sync.job import Job
from greedy.database.sync.programs import output, pick_program, refuse_pooler, running, server_environment

LOCK_TIMEOUT_MS = 60_000  # how long pg_dump waits for a table that somebody alters
# Left out: what belongs to the server around the database, and what another server would need roles or providers for.
DUMP_OPTIONS = ("--no-owner", "--no-tablespaces", "--no-publications", "--no-subscriptions", "--no-security-labels")


async def write_dump(job: Job, file: IO[bytes], schemas: Sequence[str], *, compress: bool) -> Manifest:
    """Write a dump of these schemas, or of all that a dump holds, into an open file that can seek."""
    refuse_pooler(job.url)
    job.progress("counting rows")
    async with _snapshot(job) as (snapshot, db):
        names = await contents.dumped_schemas(db, schemas)
        if not await contents.used_schemas(db, names):
            raise DumpError(f"{job.server} has no tables to dump", next_step="greedy db migrate makes them; or check the database URL")
        major = await db.execute("select current_setting('server_version_num')::int / 10000", fetch_val=True)
        program = pick_program("pg_dump", at_least=major)
        writer = DumpWriter(file, await _manifest(job, db, names, server_major=major, pg_dump_major=program.major))
        command = [
            str(program.path),
            "--format=custom",
            *([] if compress else ["--compress=0"]),
            f"--snapshot={snapshot}",
            f"--lock-wait-timeout={LOCK_TIMEOUT_MS}",
            *DUMP_OPTIONS,
            "--strict-names",
            *(f"--schema={quoted(name)}" for name in names),
            *(f"--extension={quoted(name)}" for name in await contents.own_extensions(db, names)),
        ]
        try:
            async with running(command, variables=server_environment(job.url), timeout_seconds=job.timeout_seconds) as pg_dump:
                written = 0
                async for chunk in output(pg_dump):
                    await asyncio.to_thread(writer.write, chunk)
                    written += len(chunk)
                    job.progress(f"dumping: {written / 1e6:.1f} MB")
                code = await pg_dump.ended()
            if code:
                raise ProgramError(
                    f"pg_dump {program.version} failed on {job.server}", details=pg_dump.lines()[-8:], next_step="mend what it says"
                )
            return writer.finish()
        except OSError as exc:
            raise ProgramError(f"cannot write the dump: {exc.strerror}", next_step="make room, or give another place") from exc


@asynccontextmanager
async def _snapshot(job: Job) -> AsyncIterator[tuple[str, Executor]]:
    """A transaction that sees one state of the database, and the name under which pg_dump can see the same."""
    async with (
        DBConnector(job.url, min_size=1, max_size=1, timeout_seconds=job.timeout_seconds) as db,
        db.transaction(isolation="repeatable_read", readonly=True) as connection,
    ):
        await connection.execute("set local statement_timeout = 0; set local idle_in_transaction_session_timeout = 0")
        await connection.execute("set local row_security = off")  # an error instead of rows left out
        yield await connection.execute("select pg_export_snapshot()", fetch_val=True), connection


async def _manifest(job: Job, db: Executor, schemas: Sequence[str], *, server_major: int, pg_dump_major: int) -> Manifest:
    found = await contents.histories(db, schemas)
    public = found.get("public", ())
    return Manifest(
        format=FORMAT,
        program_version=__version__,
        created_at=datetime.now(UTC),
        database=job.database,
        server_version=await db.execute("show server_version", fetch_val=True),
        server_major=server_major,
        pg_dump_major=pg_dump_major,
        schema_version=public[-1].version if public else None,
        migrations=found,
        schemas=tuple(schemas),
        rows=await contents.row_counts(db, schemas),
        roles=tuple(await contents.named_roles(db, schemas)),
        definitions=await contents.definitions(db, schemas),
    )
