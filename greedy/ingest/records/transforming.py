"""`transform`: bronze to the tables of the practice.

A completed run keeps its watermark: the highest change number that it has seen. The next one takes the entities with changes above it, and
those that the last one could not do. A run that was ended leaves no watermark, so that the next one does its work, and its own.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Mapping, Sequence
from contextlib import aclosing

from greedy.database import DBConnection, DBConnector
from greedy.ingest.records.bronze import last_change
from greedy.ingest.records.halving import by_halves
from greedy.ingest.records.reading import batched
from greedy.ingest.records.runs import ALL_SYSTEMS, Run, RunKind, run_of
from greedy.ingest.records.summary import TELL_EVERY, Progress, RunSummary, StepOptions, Tell, tell_nobody
from greedy.ingest.records.transforms import BronzeRecord, Outcome, Transform, Transformed
from greedy.ingest.sources.base import FaultyRecord

WATERMARK = "watermark"


async def transform(db: DBConnector, transform: Transform, options: StepOptions = StepOptions(), tell: Tell = tell_nobody) -> RunSummary:  # noqa: B008  frozen
    """Bring what has changed since the last completed run, all of it with `full`, to the tables of the practice.

    Parameters
    ----------
    db
        With room for two connections. Its schema is the practice.
    tell
        Is told the progress every 50 entities.

    Raises
    ------
    RunUnderWayError
        Another transform of this entity type is under way.
    """
    kind = RunKind(db.schema, "transform", ALL_SYSTEMS, transform.entity_type)
    async with run_of(db, kind, dry_run=options.dry_run) as run:
        last = await run.guard.execute(LAST_COMPLETED, kind.key, fetch_row=True)
        low, failed_in = (last["watermark"], last["run_id"]) if last is not None else (0, None)
        high = await last_change(db, kind.practice, kind.entity_type)
        if high < low:  # bronze was emptied, and its numbers may have begun anew
            low = 0
        work = _Transformation(run, transform)
        arguments = [kind.practice, kind.entity_type, 0 if options.full else low, high, failed_in]
        total = await run.guard.execute(COUNT_KEYS, arguments, fetch_val=True)
        async with aclosing(run.guard.stream(f"{KEYS} order by 1", arguments, prefetch=options.batch_size)) as rows:
            async for some in batched(rows, options.batch_size):
                await work.take([row["entity_key"] for row in some])
                _tell(tell, run.tally.processed - len(some), run.tally.processed, total)
        async with run.batch() as connection:
            run.metadata |= await transform.finish(connection)
        run.metadata[WATERMARK] = high
    return run.summary()


class _Transformation:
    def __init__(self, run: Run, transform: Transform) -> None:
        self._run = run
        self._transform = transform

    async def take(self, keys: Sequence[str]) -> None:
        """Write the entities of one batch."""
        done: dict[str, Transformed] = {}

        async with self._run.batch() as connection:
            entities = await self._records(connection, keys)

            async def write(savepoint: DBConnection, some: Sequence[str]) -> None:
                done.update(await self._transform.write(savepoint, {key: entities[key] for key in some}))

            for key, why in await by_halves(connection, list(entities), write):
                done[key] = Transformed(FaultyRecord(_places(entities[key]), why, key))
            self._count(entities, done)
            await self._store_quality(connection, done)

    async def _records(self, connection: DBConnection, keys: Sequence[str]) -> dict[str, list[BronzeRecord]]:
        kind = self._run.kind
        entities: dict[str, list[BronzeRecord]] = defaultdict(list)
        for row in await connection.execute(RECORDS, [kind.practice, kind.entity_type, list(keys)], fetch_all=True):
            raw_data, enriched_data = json.loads(row["raw_data"]), json.loads(row["enriched_data"])
            record = BronzeRecord(**{**row, "raw_data": raw_data, "enriched_data": enriched_data})
            entities[record.entity_key].append(record)
        return dict(entities)

    def _count(self, entities: Mapping[str, Sequence[BronzeRecord]], done: Mapping[str, Transformed]) -> None:
        tally = self._run.tally
        for key, records in entities.items():
            result = done[key]
            tally.processed += 1
            match result.outcome:
                case Outcome.CREATED:
                    tally.created += 1
                case Outcome.UPDATED:
                    tally.updated += 1
                case Outcome.UNCHANGED:
                    tally.skipped += 1
                case FaultyRecord() as fault:
                    # By its key, by which the next run finds it.
                    self._run.fault(FaultyRecord(fault.place or _places(records), fault.message, key))
            if result.quality is not None:
                tally.assess(result.quality)

    async def _store_quality(self, connection: DBConnection, done: Mapping[str, Transformed]) -> None:
        found = [(key, result.quality) for key, result in done.items() if result.quality is not None]
        if not found:
            return
        keys, scores, flags = (list(column) for column in zip(*((k, q.score, json.dumps(list(q.flags))) for k, q in found), strict=True))
        kind = self._run.kind
        await connection.execute(STORE_QUALITY, [kind.practice, kind.entity_type, self._run.run_id, keys, scores, flags])


def _places(records: Sequence[BronzeRecord]) -> str:
    return ", ".join(f"{record.source_system}:{record.external_id}" for record in records)


def _tell(tell: Tell, before: int, now: int, total: int) -> None:
    for processed in range(before - before % TELL_EVERY + TELL_EVERY, now + 1, TELL_EVERY):
        tell(Progress(processed, total))


LAST_COMPLETED = """
select run_id, coalesce((metadata ->> 'watermark')::bigint, 0) as watermark
from meta.ingestion_runs
where practice = $1 and step = $2 and source_system = $3 and entity_type = $4 and status = 'completed'
order by started_at desc limit 1
"""
KEYS = """
select entity_key from bronze.raw_entities where practice = $1 and entity_type = $2 and change_no > $3::bigint and change_no <= $4::bigint
union
select r.entity_key from meta.faulty_records as f join bronze.raw_entities as r on r.entity_key = f.external_id
where f.run_id = $5::uuid and practice = $1 and entity_type = $2
"""
COUNT_KEYS = f"select count(*) from ({KEYS}) as k"  # noqa: S608  a constant
RECORDS = """
select r.* from unnest($3::text[]) with ordinality as wanted(key, place) cross join lateral (
  select source_system, external_id, entity_key, raw_data::text, change_no, enriched_data::text, gone_at is not null as gone, modified_at
  from bronze.raw_entities where practice = $1 and entity_type = $2 and entity_key = wanted.key offset 0) as r
order by place, source_system, external_id
"""
STORE_QUALITY = """
insert into meta.entity_quality as q (practice, entity_type, run_id, entity_key, score, flags)
select $1, $2, $3, n.key, n.score, array(select jsonb_array_elements_text(n.flags::jsonb))
from unnest($4::text[], $5::numeric[], $6::text[]) as n(key, score, flags)
on conflict (practice, entity_type, entity_key) do update
set run_id = excluded.run_id, score = excluded.score, flags = excluded.flags, assessed_at = excluded.assessed_at
where (q.score, q.flags) is distinct from (excluded.score, excluded.flags)
"""
