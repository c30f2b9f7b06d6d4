"""A run of a step: begun, fenced, completed or failed, and alone.

A run holds an advisory lock in a transaction that stays open as long as the run, on a connection of its own (the guard): that holds behind
a transaction pooler too, and whoever dies lets go of it. Should a run lose that connection and live on, no batch of it is committed any
more: each needs the run's row to be `running`, and the successor has marked it as failed.

A dry run does all of it, within the transaction of its guard, which is rolled back.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID, uuid4

import structlog

from greedy.database import DatabaseError, DBConnection, DBConnector
from greedy.database.undoing import undone
from greedy.errors import GreedyError, InputError, OutsideError
from greedy.ingest.records.summary import COUNTS, Fault, RunSummary, Step, Tally
from greedy.ingest.sources.base import FaultyRecord

log = structlog.get_logger()

# Longer than any batch takes. The lock is let go of by then when the network is gone and nobody says so.
GUARD_IDLE_SECONDS = 600
KEEP_FAULTS_DAYS = 90
ALL_SYSTEMS = "*"
LONGEST_NAME = 64  # characters; meta.ingestion_runs has this as a check


class RunUnderWayError(OutsideError):
    """Another run of the same step over the same source is under way."""


class RunLostError(OutsideError):
    """The run lost its place to another one."""


@dataclass(frozen=True)
class RunKind:
    """What runs exclude each other by: practice, step, system (`*`: all of them merged) and entity type."""

    practice: str
    step: Step
    source_system: str
    entity_type: str

    def __post_init__(self) -> None:
        for what, name in (("source system", self.source_system), ("entity type", self.entity_type)):
            if not (name.isprintable() and name == name.strip() and 1 <= len(name) <= LONGEST_NAME):
                raise InputError(
                    f"{name!r:.80} cannot be the name of a {what}", next_step=f"give 1 to {LONGEST_NAME} characters that can be seen"
                )

    @property
    def key(self) -> list[str]:
        """As arguments of a statement."""
        return [self.practice, self.step, self.source_system, self.entity_type]

    def __str__(self) -> str:
        systems = "" if self.source_system == ALL_SYSTEMS else f" of {self.source_system}"
        return f"{self.step} of {self.entity_type}{systems} for {self.practice}"


@dataclass
class Run:
    """A run that is under way.

    `guard` is the connection that holds the lock, in a transaction; temporary tables of the run lie there. `metadata` is stored with the
    run when it ends well.
    """

    kind: RunKind
    db: DBConnector
    guard: DBConnection
    dry_run: bool
    run_id: UUID = field(default_factory=uuid4)
    tally: Tally = field(default_factory=Tally)
    metadata: dict[str, Any] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)
    _unstored: list[FaultyRecord] = field(default_factory=list)
    _stored: int = 0

    def summary(self) -> RunSummary:
        """What it did, once it has ended."""
        kind, tally = self.kind, self.tally
        return RunSummary(
            run_id=None if self.dry_run else self.run_id,
            step=kind.step,
            source_system=kind.source_system,
            entity_type=kind.entity_type,
            dry_run=self.dry_run,
            **dict(zip(COUNTS, tally.counts, strict=True)),
            quality=tally.quality,
            flags=dict(sorted(tally.flags.items())),
            faults=[Fault(place=one.place, external_id=one.external_id, message=one.message) for one in tally.faults],
            duration_seconds=round(time.perf_counter() - self.started, 3),
            metadata=self.metadata,
        )

    def fault(self, record: FaultyRecord) -> None:
        """Count a record that cannot be used; it is stored with the batch."""
        self.tally.fault(record)
        self._unstored.append(record)

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[DBConnection]:
        """A transaction of its own, or within that of the dry run."""
        async with (self.guard if self.dry_run else self.db).transaction() as connection:
            yield connection

    @asynccontextmanager
    async def batch(self) -> AsyncIterator[DBConnection]:
        """A transaction for one batch, committed only while this run is the one that counts; counts and faults so far are stored with it.

        Raises
        ------
        RunLostError
            It is not the one any more; nothing of the batch was committed.
        """
        await self.guard.execute("select 1")  # it is there still, and not idle
        async with self.transaction() as connection:
            await connection.execute(DO_NOT_WAIT)
            yield connection
            await self._store(connection)
        self._stored += len(self._unstored)
        self._unstored.clear()

    async def _store(self, connection: DBConnection) -> None:
        if self._unstored:
            records = [
                (number, *map(_storable, (one.place, one.external_id, one.message)))
                for number, one in enumerate(self._unstored, self._stored + 1)
            ]
            await connection.execute(STORE_FAULTS, [self.run_id, *map(list, zip(*records, strict=True))])
        if not await connection.execute(CHECK_IN, [self.run_id, *self.tally.counts]):
            raise RunLostError(
                f"the {self.kind} lost its connection, and another run has taken its place; nothing of this batch was written",
                next_step="see whether the other one completes",
                retryable=True,
            )

    async def known_before(self, known: int, missing: int) -> int:
        """Of so many that are known, `missing` among them: how many were so before. What a run that failed has added does not count."""
        last = await self.guard.execute(LAST_SEEN, self.kind.key, fetch_val=True)
        return known if last is None else max(missing, min(known, last))

    async def _complete(self) -> None:
        async with self.transaction() as connection:
            await self._store(connection)
            await connection.execute(FORGET_FAULTS, [*self.kind.key, KEEP_FAULTS_DAYS])
            await connection.execute(COMPLETE, [self.run_id, json.dumps(self.metadata, default=str)])

    async def _fail(self, why: str) -> None:
        try:
            await self.db.execute(FAIL, [self.run_id, why])
        except DatabaseError as exc:
            log.warning("ingest.not_marked", run=str(self.kind), run_id=str(self.run_id), why=exc.message, next="the next run marks it")


@asynccontextmanager
async def run_of(db: DBConnector, kind: RunKind, *, dry_run: bool) -> AsyncIterator[Run]:
    """A run from its beginning to its end: completed when the block ends well, otherwise failed, with the reason.

    Those of its kind that were ended without a word are marked as failed first.

    Raises
    ------
    RunUnderWayError
        There is another one of this kind.
    """
    async with undone(db) if dry_run else db.transaction() as guard:
        await _lock(guard, db, kind)
        run = Run(kind, db, guard, dry_run)
        async with run.transaction() as connection:
            for row in await connection.execute(MARK_DEAD, kind.key, fetch_all=True):
                log.warning("ingest.dead_run", run=str(kind), run_id=str(row["run_id"]), started_at=row["started_at"].isoformat())
            await connection.execute(BEGIN, [run.run_id, *kind.key])
        try:
            yield run
            await run._complete()
        except BaseException as exc:
            if not dry_run:
                await run._fail(_reason(exc))
            raise


def _storable(text: str | None) -> str | None:
    """What is wrong with a record may be what PostgreSQL does not store either."""
    return text and text.replace("\0", "\\0").encode(errors="backslashreplace").decode()


def _reason(exc: BaseException) -> str:
    """Why a run failed, without what may be secret: the words of this program, or the kind of an error that is not of its own."""
    if isinstance(exc, GreedyError):
        return exc.message
    return "interrupted" if isinstance(exc, (asyncio.CancelledError, KeyboardInterrupt)) else type(exc).__name__


async def _lock(guard: DBConnection, db: DBConnector, kind: RunKind) -> None:
    await guard.execute(f"set local idle_in_transaction_session_timeout = '{GUARD_IDLE_SECONDS}s'")
    if await guard.execute(TRY_LOCK, [json.dumps(kind.key)], fetch_val=True):
        return
    row = await db.execute(RUNNING, kind.key, fetch_row=True)
    which = "a dry run, or one that begins or ends just now"
    if row is not None:
        which = f"since {row['started_at']:%Y-%m-%d %H:%M:%S} UTC, {row['processed']:,} records so far, run {row['run_id']}"
    raise RunUnderWayError(f"another {kind} is under way: {which}", next_step="try again when it has ended", retryable=True)


TRY_LOCK = "select pg_try_advisory_xact_lock(hashtextextended('greedy run ' || $1, 0))"
OF_KIND = "practice = $1 and step = $2 and source_system = $3 and entity_type = $4"
LAST_SEEN = f"""
select created + updated + skipped from meta.ingestion_runs where {OF_KIND} and status = 'completed' order by started_at desc limit 1
"""  # noqa: S608  its parts are constants
RUNNING = f"""
select run_id, started_at at time zone 'UTC' as started_at, processed from meta.ingestion_runs where {OF_KIND} and status = 'running'
"""  # noqa: S608  its parts are constants
MARK_DEAD = f"""
update meta.ingestion_runs set status = 'failed', completed_at = clock_timestamp(), error_message = 'it was ended without a word'
where {OF_KIND} and status = 'running' returning run_id, started_at
"""  # noqa: S608  its parts are constants
BEGIN = "insert into meta.ingestion_runs (run_id, practice, step, source_system, entity_type) values ($1, $2, $3, $4, $5)"
# Not for the disk: what completes the run waits, and is behind this in the log of the server. What a crash takes the next run does again.
DO_NOT_WAIT = "set local synchronous_commit = off"
CHECK_IN = """
update meta.ingestion_runs set processed = $2, created = $3, updated = $4, skipped = $5, faulty = $6, gone = $7
where run_id = $1 and status = 'running'
"""
STORE_FAULTS = """
insert into meta.faulty_records (run_id, number, place, external_id, message)
select $1, n.* from unnest($2::bigint[], $3::text[], $4::text[], $5::text[]) as n
"""
FORGET_FAULTS = f"""
delete from meta.faulty_records where run_id in (
  select run_id from meta.ingestion_runs where {OF_KIND} and completed_at < now() - make_interval(days => $5))
"""  # noqa: S608  its parts are constants
COMPLETE = "update meta.ingestion_runs set status = 'completed', completed_at = clock_timestamp(), metadata = $2::jsonb where run_id = $1"
FAIL = """
update meta.ingestion_runs set status = 'failed', completed_at = clock_timestamp(), error_message = $2
where run_id = $1 and status = 'running'
"""
