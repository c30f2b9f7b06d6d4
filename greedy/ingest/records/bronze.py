"""Records of one source as they are kept in bronze.raw_entities: what is known of them, and how they change.

What a run has seen of its source lies in a temporary table on the guard's connection, so that no memory grows with the source. Change
numbers are taken under a shared lock, so that a transform, which waits for it, knows when all numbers below one are committed.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

from greedy.database import DBConnection, DBConnector
from greedy.errors import CallerError
from greedy.ingest.records.runs import Run

# Below this many losses no question is asked.
FEW_GONE = 10


class GoneError(CallerError):
    """More records would be gone than is likely."""


class Known(NamedTuple):
    """What is kept of a record."""

    entity_key: str
    content_hash: bytes
    modified_at: dt.datetime | None
    gone: bool


class NewContent(NamedTuple):
    """A record that is new or has changed."""

    external_id: str
    entity_key: str
    raw_data: str
    content_hash: bytes
    modified_at: dt.datetime | None


class Seen:
    """The ids that a run has met in its source, each once."""

    def __init__(self, guard: DBConnection) -> None:
        self._guard = guard

    async def begin(self) -> None:
        """Nothing was seen yet."""
        await self._guard.execute("create temporary table greedy_seen (id text primary key) on commit drop")

    async def add(self, ids: Sequence[str]) -> set[str]:
        """Note them, and return those that were not seen before."""
        if not ids:
            return set()
        return {row["id"] for row in await self._guard.execute(SEE, [list(ids)], fetch_all=True)}


@dataclass(frozen=True)
class Bronze:
    """The records of one system and entity type, within a run."""

    run: Run

    @property
    def _source(self) -> list[str]:
        kind = self.run.kind
        return [kind.practice, kind.source_system, kind.entity_type]

    async def known(self, connection: DBConnection, ids: Sequence[str]) -> dict[str, Known]:
        """What is kept of these."""
        rows = await connection.execute(KNOWN, [*self._source, list(ids)], fetch_all=True)
        return {row["external_id"]: Known(*tuple(row)[1:]) for row in rows}

    async def keep(self, connection: DBConnection, records: Sequence[NewContent]) -> None:
        """Insert or overwrite them. `lock_changes` comes first."""
        columns = [list(column) for column in zip(*sorted(records), strict=True)]
        await connection.execute(KEEP, [*self._source, self.run.run_id, *columns])

    async def mark_gone(self, connection: DBConnection, ids: Sequence[str]) -> None:
        """These are not in their source any more. `lock_changes` comes first."""
        await connection.execute(MARK_GONE, [*self._source, self.run.run_id, list(ids)])

    async def count(self) -> tuple[int, int]:
        """How many records are known that are not gone, and how many of these were not seen."""
        row = await self.run.guard.execute(COUNT_GONE, self._source, fetch_row=True)
        assert row is not None  # noqa: S101  an aggregate has one row
        return row["known"], row["missing"]


def refuse_great_loss(known: int, missing: int, what: str, *, seen_any: bool) -> None:
    """Raise GoneError when most of what is known would be gone, which is rather a fault of the source."""
    if (missing > FEW_GONE and 2 * missing > known) or (missing and not seen_any):
        raise GoneError(
            f"{missing:,} of {known:,} known {what} are not in the source any more; none of them was marked as gone",
            next_step="see whether the source is whole; if they are gone indeed, run it again with --accept-gone",
        )


async def lock_changes(run: Run, connection: DBConnection, *, alone: bool = False) -> None:
    """Before change numbers are taken, until the end of the transaction. `alone`: no other batch of this entity type at the same time."""
    if not run.dry_run:
        await connection.execute(LOCK_ALONE if alone else LOCK_SHARED, [run.kind.practice, run.kind.entity_type])


async def last_change(db: DBConnector, practice: str, entity_type: str) -> int:
    """The highest change number of an entity type: all changes up to it are committed, and later ones have higher numbers."""
    async with db.transaction() as connection:
        await connection.execute(LOCK_ALONE, [practice, entity_type])
        number: int = await connection.execute(LAST_CHANGE, [practice, entity_type], fetch_val=True)
    return number


SEE = "insert into pg_temp.greedy_seen select unnest($1::text[]) on conflict do nothing returning id"
OF_SOURCE = "practice = $1 and source_system = $2 and entity_type = $3"
# One look-up for each, whatever the server thinks of the table; nothing is known yet of one that was just filled.
KNOWN = f"""
select r.* from unnest($4::text[]) as wanted(id) cross join lateral (
  select external_id, entity_key, content_hash, modified_at, gone_at is not null as gone
  from bronze.raw_entities where {OF_SOURCE} and external_id = wanted.id limit 1) as r
"""  # noqa: S608  its parts are constants
KEEP = """
insert into bronze.raw_entities (practice, source_system, entity_type, run_id, external_id, entity_key, raw_data, content_hash, modified_at)
select $1, $2, $3, $4, n.external_id, n.entity_key, n.raw_data::jsonb, n.content_hash, n.modified_at
from unnest($5::text[], $6::text[], $7::text[], $8::bytea[], $9::timestamptz[])
     as n(external_id, entity_key, raw_data, content_hash, modified_at)
on conflict (practice, source_system, entity_type, external_id) do update
set run_id = excluded.run_id, entity_key = excluded.entity_key, raw_data = excluded.raw_data, content_hash = excluded.content_hash,
    modified_at = excluded.modified_at, ingested_at = excluded.ingested_at, change_no = excluded.change_no, gone_at = null
"""
MARK_GONE = f"""
update bronze.raw_entities set gone_at = now(), change_no = nextval('bronze.change_numbers'), run_id = $4
from unnest($5::text[]) as missing(id) where {OF_SOURCE} and external_id = missing.id and gone_at is null
"""  # noqa: S608  its parts are constants
NOT_SEEN = "not exists (select from pg_temp.greedy_seen where id = external_id)"
COUNT_GONE = f"""
select count(*) as known, count(*) filter (where {NOT_SEEN}) as missing
from bronze.raw_entities where {OF_SOURCE} and gone_at is null
"""  # noqa: S608  its parts are constants
GONE = f"select external_id from bronze.raw_entities where {OF_SOURCE} and gone_at is null and {NOT_SEEN}"  # noqa: S608  its parts are constants
LOCK_SHARED = "select pg_advisory_xact_lock_shared(hashtextextended(format('greedy changes %L %L', $1::text, $2::text), 0))"
LOCK_ALONE = "select pg_advisory_xact_lock(hashtextextended(format('greedy changes %L %L', $1::text, $2::text), 0))"
LAST_CHANGE = "select coalesce(max(change_no), 0) from bronze.raw_entities where practice = $1 and entity_type = $2"
