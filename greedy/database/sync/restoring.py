"""Restoring a dump: into a fresh database, migrated and compared there, and then into the place of the old one."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import structlog

from greedy import __version__
from greedy.database.connector import DBConnector
from greedy.database.identifiers import quoted
from greedy.database.schema.migrations import migrate
from greedy.database.sync import contents
from greedy.database.sync.dump_file import DumpFile, Manifest
from greedy.database.sync.errors import DumpError, ProgramError, RestoreError
from greedy.database.sync.job import Job
from greedy.database.sync.programs import all_output, feed, pick_program, refuse_pooler, running, server_environment, with_database
from greedy.database.sync.server import Maintenance, Target

log = structlog.get_logger()

# A fresh database has its schema public already, with the rights that every new database gives.
PUBLIC_ENTRY = re.compile(rb"^\d+; \d+ \d+ SCHEMA - public ")


@dataclass(frozen=True)
class RestorePlan:
    """What a restore is about to do: from which dump, over which database, and what it does not bring along.

    `missing_schemas` of the database have tables and are not in the dump; grants to `missing_roles` are left out, as the server has no
    such roles.
    """

    manifest: Manifest
    server: str
    database: str
    exists: bool
    missing_schemas: tuple[str, ...]
    missing_roles: tuple[str, ...]


@dataclass(frozen=True)
class Restored:
    """A database that was restored. `kept_as`: where the old one is, None when there was none or it was dropped."""

    manifest: Manifest
    server: str
    database: str
    kept_as: str | None
    migrated: tuple[str, ...]
    missing_roles: tuple[str, ...]


Confirm = Callable[[RestorePlan], Awaitable[bool]]


async def restore_dump(
    job: Job, file: DumpFile, name: str, *, drop_old: bool, allow_missing_schemas: bool, confirm: Confirm | None
) -> Restored:
    """Replace the job's database by an open dump; `name` says which in messages."""
    refuse_pooler(job.url)
    job.progress("checking the dump")
    manifest = await asyncio.to_thread(file.check)
    if newer := contents.newer_migrations(manifest.migrations):
        raise DumpError(
            f"{name} has a newer schema than this program: {', '.join(newer)}",
            next_step=f"update this program: {manifest.program_version} made the dump, this is {__version__}",
        )
    maintenance = Maintenance(job.url)
    async with maintenance.locked():
        target = await maintenance.target(job.database)
        plan = await _planned(job, manifest, target, allow_missing_schemas=allow_missing_schemas)
        if confirm is not None and not await confirm(plan):
            raise RestoreError("not confirmed; nothing was changed", next_step="--yes confirms")
        await maintenance.remove_left()
        async with maintenance.fresh_database(target) as fresh:
            migrated = await _fill(job, maintenance, file, fresh, plan, target)
            job.progress("swapping the databases")
            kept = await maintenance.swap(fresh, target)
        if kept is not None and drop_old:
            await maintenance.drop(kept)
            kept = None
    log.info("restore.done", server=job.server, kept_as=kept)
    return Restored(manifest, job.server, job.database, kept, tuple(migrated), plan.missing_roles)


async def _planned(job: Job, manifest: Manifest, target: Target, *, allow_missing_schemas: bool) -> RestorePlan:
    """Everything that can be refused before anything is done."""
    if manifest.server_major > target.server_major:
        raise RestoreError(
            f"the dump is of PostgreSQL {manifest.server_version}, and {job.server} is {target.server_version}",
            next_step=f"restore it into PostgreSQL {manifest.server_major} or newer",
        )
    pick_program("pg_restore", at_least=manifest.pg_dump_major)
    missing_roles = target.missing_roles(manifest.roles)
    if missing_roles and not target.superuser:
        raise RestoreError(
            f"the dump has grants to roles that {job.server} lacks: {', '.join(missing_roles)}",
            next_step=f"have them made: create role {quoted(missing_roles[0])} nologin; or restore as a superuser, which leaves them out",
        )
    missing_schemas: list[str] = []
    if target.owner is not None:
        async with DBConnector(job.url, min_size=1, max_size=1) as db:
            used = await contents.used_schemas(db, await contents.dumped_schemas(db))
        missing_schemas = [schema for schema in used if schema not in manifest.schemas]
    if missing_schemas and not allow_missing_schemas:
        raise RestoreError(
            f"{job.server} has tables in schemas that the dump does not have: {', '.join(missing_schemas)}",
            next_step="make a dump with them, or --allow-missing-schemas, which leaves them in the old database alone",
        )
    return RestorePlan(manifest, job.server, job.database, target.owner is not None, tuple(missing_schemas), tuple(missing_roles))


async def _fill(job: Job, maintenance: Maintenance, file: DumpFile, fresh: str, plan: RestorePlan, target: Target) -> list[str]:
    """Restore into a fresh database, compare it with the manifest, and migrate it. Returns the migrations applied."""
    # Everything belongs to whom the database belongs to.
    url = with_database(job.url, fresh, role=target.owner if target.owner != target.user else None)
    async with maintenance.stand_ins(plan.missing_roles, with_database(job.url, fresh)):
        await _pg_restore(job, file, fresh, url)
        job.progress("comparing with the manifest")
        await _compare(job, url, plan.manifest, same_major=plan.manifest.server_major == target.server_major)
    applied: list[str] = []
    job.progress("migrating")
    for schema in contents.migrated_schemas(plan.manifest.migrations):
        async with DBConnector(url, min_size=1, max_size=1, timeout_seconds=job.timeout_seconds, schema=schema) as db:
            applied += await migrate(db)
    async with DBConnector(url, min_size=1, max_size=1, timeout_seconds=job.timeout_seconds) as db:
        await db.execute("analyze")
    if target.owner is not None:
        await maintenance.copy_settings(target.database, fresh)
    return applied


async def _pg_restore(job: Job, file: DumpFile, fresh: str, url: str) -> None:
    program = pick_program("pg_restore", at_least=file.manifest.pg_dump_major)
    variables = server_environment(url)
    async with running([str(program.path), "--list"], variables=variables, feed=True, timeout_seconds=job.timeout_seconds) as lister:
        _, listed = await asyncio.gather(feed(lister, file.chunks()), all_output(lister))
        code = await lister.ended()
    if code:
        raise RestoreError(f"pg_restore {program.version} cannot read the dump; {job.server} is as it was", details=lister.lines()[-8:])
    with tempfile.TemporaryDirectory(prefix="greedy-") as folder:
        entries = Path(folder) / "entries"
        try:
            entries.write_bytes(b"".join(line for line in listed.splitlines(keepends=True) if not PUBLIC_ENTRY.match(line)))
        except OSError as exc:
            raise ProgramError(f"cannot write {entries}: {exc.strerror}", next_step="make room there, or set TMPDIR") from exc
        command = [str(program.path), "--single-transaction", "--exit-on-error", "--no-owner", f"--use-list={entries}", f"--dbname={fresh}"]
        async with running(command, variables=variables, feed=True, timeout_seconds=job.timeout_seconds) as pg_restore:
            await feed(pg_restore, _told(job, file))
            code = await pg_restore.ended()
    if code:
        raise RestoreError(
            f"pg_restore {program.version} could not restore the dump; {job.server} is as it was",
            details=pg_restore.lines()[-8:],
            next_step="mend what it says, or use another dump",
        )


def _told(job: Job, file: DumpFile) -> Iterator[bytes]:
    done = 0
    for chunk in file.chunks():
        done += len(chunk)
        job.progress(f"restoring: {done / 1e6:.1f} of {file.manifest.archive_bytes / 1e6:.1f} MB")
        yield chunk


async def _compare(job: Job, url: str, manifest: Manifest, *, same_major: bool) -> None:
    """Raise RestoreError unless a database holds exactly what the manifest says."""
    async with DBConnector(url, min_size=1, max_size=1, timeout_seconds=job.timeout_seconds) as db:
        rows = await contents.row_counts(db, manifest.schemas)
        found = await contents.definitions(db, manifest.schemas)
        history = await contents.histories(db, manifest.schemas)
    faults = [
        f"{name}: {rows.get(name, 'no')} rows, not {manifest.rows.get(name, 'in the dump')}"
        for name in sorted(rows.keys() | manifest.rows.keys())
        if rows.get(name) != manifest.rows.get(name)
    ]
    for kind in sorted(found.keys() | manifest.definitions.keys()):
        now, then = found.get(kind), manifest.definitions.get(kind)
        # Another version of PostgreSQL may write the same definition in another way.
        if (now and now.count) != (then and then.count):
            faults.append(f"{kind}: {now.count if now else 0}, not {then.count if then else 0}")
        elif same_major and now != then:
            faults.append(f"{kind}: other definitions than in the dump")
    if history != manifest.migrations:
        faults.append("the history of migrations differs")
    if faults:
        raise RestoreError(
            f"what was restored is not what was dumped; {job.server} is as it was", details=faults, next_step="use another dump"
        )
