"""What a transform is, and what an enrichment is: the parts of a step that know what the records are about."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Protocol

from greedy.database import DBConnection
from greedy.ingest.records.quality import Quality
from greedy.ingest.sources.base import FaultyRecord, Source, SourceRecord


@dataclass(frozen=True)
class BronzeRecord:
    """A record as it was kept. `enriched_data`: what second systems say of it, by system. `gone`: its source has it no longer."""

    source_system: str
    external_id: str
    entity_key: str
    raw_data: dict[str, Any]
    change_no: int
    enriched_data: dict[str, dict[str, Any]] = field(default_factory=dict)
    gone: bool = False
    modified_at: dt.datetime | None = None


class Outcome(StrEnum):
    """What became of an entity."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"


@dataclass(frozen=True)
class Transformed:
    """What became of an entity, or why nothing did, and how well its sources speak of it; None where nothing is to be said of that."""

    outcome: Outcome | FaultyRecord
    quality: Quality | None = None


class Enrichment(Protocol):
    """A second source, whose records say more of entities that are known.

    `source` is read whole each time. `entity_type` is that of the records that are filled. What the second source says of a key stands in
    `enriched_data` of all records with that entity key, under the name of its system.
    """

    source: Source
    entity_type: str

    def key(self, record: SourceRecord) -> str | FaultyRecord | None:
        """The entity key that a record of the second source speaks of; None when it speaks of none."""
        ...


class Transform(Protocol):
    """Brings entities of one type from their records to the tables of the practice. Repeated, it changes nothing."""

    entity_type: str

    async def write(self, connection: DBConnection, entities: Mapping[str, Sequence[BronzeRecord]]) -> Mapping[str, Transformed]:
        """Write one batch, within a transaction, and say what became of each entity.

        When the database refuses the data of one (QueryError with a SQLSTATE of class 22, 23 or GR), the batch is rolled back and tried
        again by halves, so that the others are written.

        Parameters
        ----------
        connection
            In a transaction; names without a schema are those of the practice.
        entities
            By entity key all records of it, of all systems, those that are gone included; by system and external id.
        """
        ...

    async def finish(self, connection: DBConnection) -> dict[str, Any]:
        """Once, after all batches, in a transaction of its own. What it returns stands in the metadata of the run."""
        ...
