"""`ingest`: a source to bronze."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from contextlib import aclosing

import structlog

from greedy.database import DBConnection, DBConnector
from greedy.ingest.records.bronze import GONE, Bronze, Known, NewContent, Seen, lock_changes, refuse_great_loss
from greedy.ingest.records.changes import content_hash, json_text, require_text
from greedy.ingest.records.halving import by_halves
from greedy.ingest.records.reading import batched, read_batches
from greedy.ingest.records.runs import Run, RunKind, run_of
from greedy.ingest.records.summary import Progress, RunSummary, StepOptions, Tell, tell_nobody
from greedy.ingest.sources.base import FaultyRecord, Source, SourceRecord

log = structlog.get_logger()

ANY_CLOCK = dt.timedelta(days=1)  # by so much the clocks of two systems may differ
LONGEST_ID, LONGEST_KEY = 400, 500  # characters; bronze.raw_entities has these as checks


async def ingest(db: DBConnector, source: Source, options: StepOptions = StepOptions(), tell: Tell = tell_nobody) -> RunSummary:  # noqa: B008  frozen
    """Read a source to its end, and keep what is new or has changed.

    A record that its source calls no newer than what is kept is passed over unread, and one whose significant fields are the same is not
    written. Of two records with one id the first counts. When the source was read to its end, what it has no longer is marked as gone; not
    when records of it could not even be told by their id, since each might be one of those.

    Parameters
    ----------
    db
        With room for two connections. Its schema is the practice.
    tell
        Is told the progress every 50 records.

    Raises
    ------
    RunUnderWayError
        Another run of this source is under way.
    GoneError
        More than half of what is known, and more than 10 records, would be gone, or all of it.
    InputError
        From the source: what was read until then is kept, and nothing is marked as gone.
    """
    async with run_of(db, RunKind(db.schema, "ingest", source.system, source.entity_type), dry_run=options.dry_run) as run:
        ingestion = _Ingestion(run, source, options)
        await ingestion.seen.begin()
        for batch in read_batches(source, options.batch_size, run.tally, tell):
            await ingestion.take(batch)
        await ingestion.mark_gone()
        tell(Progress(run.tally.processed, run.tally.processed))
    return run.summary()


class _Ingestion:
    def __init__(self, run: Run, source: Source, options: StepOptions) -> None:
        self.seen = Seen(run.guard)
        self._run = run
        self._source = source
        self._options = options
        self._bronze = Bronze(run)
        self._nameless = 0  # faulty records of which not even the id is known

    async def take(self, batch: Sequence[SourceRecord | FaultyRecord]) -> None:
        async with self._run.batch() as connection:
            records = await self._usable(batch)
            known = await self._bronze.known(connection, [record.external_id for record in records])
            new: list[tuple[SourceRecord, NewContent]] = []
            for record in records:
                content = self._changed(record, known.get(record.external_id))
                if content is not None:
                    new.append((record, content))
            if new:
                await self._write(connection, new, known)

    async def _usable(self, batch: Sequence[SourceRecord | FaultyRecord]) -> list[SourceRecord]:
        """Those that can be kept; of one id the first."""
        usable: dict[str, SourceRecord] = {}
        ids: set[str] = set()
        for record in batch:
            fault = record if isinstance(record, FaultyRecord) else _fault_of(record)
            if isinstance(record, SourceRecord) and fault is None:
                if record.external_id in ids:
                    fault = _twice(record)
                else:
                    usable[record.external_id] = record
            if fault is not None:
                self._run.fault(fault)
            if external_id := _id_of(fault or record):
                ids.add(external_id)
            else:
                self._nameless += 1
        first = await self.seen.add(sorted(ids))
        for external_id, record in usable.items():
            if external_id not in first:
                self._run.fault(_twice(record))
        return [record for external_id, record in usable.items() if external_id in first]

    def _changed(self, record: SourceRecord, known: Known | None) -> NewContent | None:
        """What is to be written of a record, if anything is."""
        tally, key = self._run.tally, record.key or record.external_id
        if known and not known.gone and not self._options.full and _is_no_newer(record, known):
            tally.skipped += 1
            return None
        try:
            digest = content_hash(record.data, self._source.significant)
            if known and not known.gone and (known.content_hash, known.entity_key) == (digest, key):
                tally.skipped += 1
                return None
            return NewContent(record.external_id, key, json_text(record.data), digest, record.modified_at)
        except ValueError as exc:
            self._run.fault(FaultyRecord(record.place, f"it cannot be kept: {exc}", record.external_id))
            return None

    async def _write(self, connection: DBConnection, new: Sequence[tuple[SourceRecord, NewContent]], known: dict[str, Known]) -> None:
        async def keep(savepoint: DBConnection, some: Sequence[tuple[SourceRecord, NewContent]]) -> None:
            await self._bronze.keep(savepoint, [content for _, content in some])

        await lock_changes(self._run, connection)
        refused = await by_halves(connection, new, keep)
        for (record, _), why in refused:
            self._run.fault(FaultyRecord(record.place, why, record.external_id))
        kept = {content.external_id for _, content in new} - {record.external_id for (record, _), _ in refused}
        updated = len(kept & known.keys())
        self._run.tally.updated += updated
        self._run.tally.created += len(kept) - updated

    async def mark_gone(self) -> None:
        """After the last record."""
        run, size = self._run, self._options.batch_size
        known, missing = await self._bronze.count()
        if not self._options.accept_gone:
            before = await run.known_before(known, missing)
            refuse_great_loss(before, missing, f"{run.kind.entity_type} of {run.kind.source_system}", seen_any=run.tally.processed > 0)
            if missing and self._nameless:
                run.metadata["not_marked_as_gone"] = missing
                log.warning("ingest.not_marked_as_gone", missing=missing, because=f"{self._nameless} faulty records have no id")
                return
        source = [run.kind.practice, run.kind.source_system, run.kind.entity_type]
        async with aclosing(run.guard.stream(GONE, source, prefetch=size)) as rows:
            async for some in batched(rows, size):
                async with run.batch() as connection:
                    await lock_changes(run, connection)
                    await self._bronze.mark_gone(connection, [row["external_id"] for row in some])
                    run.tally.gone += len(some)


def _fault_of(record: SourceRecord) -> FaultyRecord | None:
    """Why a record cannot be kept, from what it is known by."""
    if why := _objection(record.external_id, LONGEST_ID):
        return FaultyRecord(record.place, f"its id {why}")
    if why := _objection(record.key or record.external_id, LONGEST_KEY):
        return FaultyRecord(record.place, f"its key {why}", record.external_id)
    if record.modified_at is not None and record.modified_at.tzinfo is None:
        return FaultyRecord(record.place, "its time of modification has no time zone", record.external_id)
    return None


def _objection(text: str, longest: int) -> str | None:
    if not text.strip():
        return "is empty"
    if len(text) > longest:
        return f"has {len(text):,} characters; {longest} are possible"
    try:
        require_text(text)
    except ValueError:
        return "has a character in it that is none"
    return None


def _id_of(record: SourceRecord | FaultyRecord) -> str | None:
    """By what it is known, if by anything that can be."""
    return record.external_id if record.external_id and not _objection(record.external_id, LONGEST_ID) else None


def _is_no_newer(record: SourceRecord, known: Known) -> bool:
    """What was last changed in the future, by a clock that was wrong, says nothing of what is newer."""
    if record.modified_at is None or known.modified_at is None:
        return False
    return record.modified_at <= known.modified_at <= dt.datetime.now(dt.UTC) + ANY_CLOCK


def _twice(record: SourceRecord) -> FaultyRecord:
    return FaultyRecord(record.place, f"its id {record.external_id!r} stands in the source twice; the first one counts", record.external_id)
