"""`enrich`: a second source to records that are there."""

from __future__ import annotations

import json
from collections.abc import Sequence
from contextlib import aclosing
from dataclasses import dataclass

from greedy.database import DBConnection, DBConnector
from greedy.ingest.records.bronze import Seen, lock_changes, refuse_great_loss
from greedy.ingest.records.changes import content_hash, json_text, require_text
from greedy.ingest.records.reading import batched, read_batches
from greedy.ingest.records.runs import Run, RunKind, run_of
from greedy.ingest.records.summary import Progress, RunSummary, StepOptions, Tell, tell_nobody
from greedy.ingest.records.transforms import Enrichment
from greedy.ingest.sources.base import FaultyRecord, SourceRecord

UNMATCHED = "unmatched"


async def enrich(db: DBConnector, enrichment: Enrichment, options: StepOptions = StepOptions(), tell: Tell = tell_nobody) -> RunSummary:  # noqa: B008  frozen
    """Read a second source to its end, and write what it says into the records with the same entity key.

    Counted are the records that are filled: created (nothing was known of this system), updated, skipped (the same as before), gone (the
    second source speaks of them no longer). What it says of others is flagged `unmatched`.

    Raises
    ------
    RunUnderWayError, GoneError, InputError
        As `ingest`.
    """
    async with run_of(db, RunKind(db.schema, "enrich", enrichment.source.system, enrichment.entity_type), dry_run=options.dry_run) as run:
        work = _Enriching(run, enrichment, options)
        await work.seen.begin()
        for batch in read_batches(enrichment.source, options.batch_size, run.tally, tell):
            await work.take(batch)
        await work.forget_gone()
        tell(Progress(run.tally.processed, run.tally.processed))
    return run.summary()


@dataclass(frozen=True)
class _Filling:
    """What the second source says of an entity: as JSON, and its hash."""

    data: str
    digest: bytes


class _Enriching:
    def __init__(self, run: Run, enrichment: Enrichment, options: StepOptions) -> None:
        self.seen = Seen(run.guard)
        self._run = run
        self._enrichment = enrichment
        self._options = options
        self._nameless = 0

    @property
    def _records(self) -> list[str]:
        kind = self._run.kind
        return [kind.practice, kind.entity_type, kind.source_system]

    async def take(self, batch: Sequence[SourceRecord | FaultyRecord]) -> None:
        """Write what one batch says."""
        async with self._run.batch() as connection:
            fillings = await self._fillings(batch)
            if not fillings:
                return
            await lock_changes(self._run, connection, alone=True)
            found = await connection.execute(FOUND, [*self._records, list(fillings)], fetch_all=True)
            self._run.tally.flags[UNMATCHED] += len(fillings.keys() - {row["entity_key"] for row in found})
            changed = []
            for row in found:
                filling = fillings[row["entity_key"]]
                if row["data"] is None:
                    self._run.tally.created += 1
                elif content_hash(json.loads(row["data"]), self._enrichment.source.significant) != filling.digest:
                    self._run.tally.updated += 1
                else:
                    self._run.tally.skipped += 1
                    continue
                changed.append((row["of_system"], row["external_id"], filling.data))
            await self._write(connection, changed)

    async def _fillings(self, batch: Sequence[SourceRecord | FaultyRecord]) -> dict[str, _Filling]:
        """By entity key; of several records the first."""
        fillings: dict[str, _Filling] = {}
        places: dict[str, SourceRecord] = {}
        for record in batch:
            key = record if isinstance(record, FaultyRecord) else self._enrichment.key(record)
            if key is None:
                self._run.tally.flags[UNMATCHED] += 1
            elif isinstance(key, FaultyRecord):
                self._run.fault(key)
                self._nameless += 1  # of whom it speaks
            elif isinstance(record, SourceRecord):
                self._fill(fillings, places, key, record)
        first = await self.seen.add(list(fillings))
        for key in fillings.keys() - first:
            self._run.fault(_twice(places[key], key))
        return {key: filling for key, filling in fillings.items() if key in first}

    def _fill(self, fillings: dict[str, _Filling], places: dict[str, SourceRecord], key: str, record: SourceRecord) -> None:
        if key in fillings:
            self._run.fault(_twice(record, key))
            return
        try:
            require_text(key)
            filling = _Filling(json_text(record.data), content_hash(record.data, self._enrichment.source.significant))
        except ValueError as exc:
            self._run.fault(FaultyRecord(record.place, f"it cannot be kept: {exc}", record.external_id))
            self._nameless += 1
            return
        fillings[key], places[key] = filling, record

    async def _write(self, connection: DBConnection, changed: Sequence[tuple[str, str, str]]) -> None:
        if changed:
            columns = [list(column) for column in zip(*changed, strict=True)]
            await connection.execute(FILL, [*self._records, self._run.run_id, *columns])

    async def forget_gone(self) -> None:
        """After the last record: what the second source says no longer."""
        run, size = self._run, self._options.batch_size
        row = await run.guard.execute(COUNT_GONE, self._records, fetch_row=True)
        assert row is not None  # noqa: S101  an aggregate has one row
        if not self._options.accept_gone:
            what = f"{run.kind.entity_type} that {run.kind.source_system} speaks of"
            before = await run.known_before(row["known"], row["missing"])
            refuse_great_loss(before, row["missing"], what, seen_any=run.tally.processed > 0)
            if row["missing"] and self._nameless:
                run.metadata["not_marked_as_gone"] = row["missing"]
                return
        async with aclosing(run.guard.stream(GONE, self._records, prefetch=size)) as rows:
            async for some in batched(rows, size):
                async with run.batch() as connection:
                    await lock_changes(run, connection, alone=True)
                    ids = [[one[column] for one in some] for column in ("of_system", "external_id")]
                    await connection.execute(FORGET, [*self._records, run.run_id, *ids])
                    run.tally.gone += len(some)


def _twice(record: SourceRecord, key: str) -> FaultyRecord:
    return FaultyRecord(record.place, f"of {key!r} the source speaks twice; the first one counts", record.external_id)


# A system does not fill its own records.
OTHERS = "r.practice = $1 and r.entity_type = $2 and r.source_system <> $3"
FOUND = f"""
select f.* from unnest($4::text[]) as wanted(key) cross join lateral (
  select r.source_system as of_system, r.external_id, r.entity_key, (r.enriched_data -> $3)::text as data
  from bronze.raw_entities as r where {OTHERS} and r.entity_key = wanted.key offset 0) as f
"""  # noqa: S608  its parts are constants
FILL = f"""
update bronze.raw_entities as r
set enriched_data = r.enriched_data || jsonb_build_object($3::text, n.data::jsonb), run_id = $4,
    change_no = nextval('bronze.change_numbers')
from unnest($5::text[], $6::text[], $7::text[]) as n(of_system, external_id, data)
where {OTHERS} and (r.source_system, r.external_id) = (n.of_system, n.external_id)
"""  # noqa: S608  its parts are constants
NOT_SEEN = "not exists (select from pg_temp.greedy_seen where id = r.entity_key)"
COUNT_GONE = f"""
select count(*) as known, count(*) filter (where {NOT_SEEN}) as missing
from bronze.raw_entities as r where {OTHERS} and r.enriched_data ? $3
"""  # noqa: S608  its parts are constants
GONE = f"""
select r.source_system as of_system, r.external_id
from bronze.raw_entities as r where {OTHERS} and r.enriched_data ? $3 and {NOT_SEEN}
"""  # noqa: S608  its parts are constants
FORGET = f"""
update bronze.raw_entities as r
set enriched_data = r.enriched_data - $3::text, change_no = nextval('bronze.change_numbers'), run_id = $4
from unnest($5::text[], $6::text[]) as n(of_system, external_id)
where {OTHERS} and (r.source_system, r.external_id) = (n.of_system, n.external_id)
"""  # noqa: S608  its parts are constants
