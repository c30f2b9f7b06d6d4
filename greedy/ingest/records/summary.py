"""What steps over source records are told, and what they tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Literal, TypeAlias
from uuid import UUID

from pydantic import BaseModel

from greedy.ingest.records.quality import Quality
from greedy.ingest.sources.base import FaultyRecord

Step = Literal["ingest", "enrich", "transform"]

TELL_EVERY = 50  # records
SHOWN_FAULTS = 200


@dataclass(frozen=True)
class StepOptions:
    """How a step runs.

    Parameters
    ----------
    dry_run
        Change nothing, and say what would be done. An accepted loss is still needed for a run that would lose many.
    full
        Look at all records: at those too that their source calls unmodified, or that no run has changed since the last one.
    batch_size
        Records, or entities, that are written in one transaction.
    accept_gone
        Most of what is known may be gone from its source. Otherwise such a run ends before it marks them.
    """

    dry_run: bool = False
    full: bool = False
    batch_size: int = 1000
    accept_gone: bool = False


@dataclass(frozen=True)
class Progress:
    """How far a step is: `total` when it is known."""

    processed: int
    total: int | None = None


Tell: TypeAlias = Callable[[Progress], None]
"""Is called every 50 records."""


def tell_nobody(_: Progress) -> None:
    """For those who do not ask."""


class Fault(BaseModel):
    """A record, or an entity of a transform, that could not be used."""

    place: str
    external_id: str | None
    message: str


class RunSummary(BaseModel):
    """What a step did, or would do.

    `run_id` is None for a dry run. `skipped` are unchanged. `quality` is the mean of the entities that were assessed, and `flags` how often
    each was given. `faults` are the first 200, `faulty` is how many there are.
    """

    run_id: UUID | None
    step: Step
    source_system: str
    entity_type: str
    dry_run: bool
    processed: int = 0
    created: int = 0
    updated: int = 0
    skipped: int = 0
    faulty: int = 0
    gone: int = 0
    quality: float | None = None
    flags: dict[str, int] = {}
    faults: list[Fault] = []
    duration_seconds: float = 0.0
    metadata: dict[str, Any] = {}


COUNTS = ("processed", "created", "updated", "skipped", "faulty", "gone")


@dataclass
class Tally:
    """What a run has counted so far."""

    processed: int = 0
    created: int = 0
    updated: int = 0
    skipped: int = 0
    faulty: int = 0
    gone: int = 0
    flags: Counter[str] = field(default_factory=Counter)
    faults: list[FaultyRecord] = field(default_factory=list)
    assessed: int = 0
    scores: Decimal = Decimal(0)

    @property
    def counts(self) -> list[int]:
        """In the order of COUNTS."""
        return [getattr(self, name) for name in COUNTS]

    @property
    def quality(self) -> float | None:
        """Mean score of the entities that were assessed."""
        return round(float(self.scores / self.assessed), 4) if self.assessed else None

    def fault(self, record: FaultyRecord) -> None:
        """Count a faulty record; the first ones are kept."""
        self.faulty += 1
        if self.faulty <= SHOWN_FAULTS:
            self.faults.append(record)

    def assess(self, quality: Quality) -> None:
        """Count the quality of one entity."""
        self.assessed += 1
        self.scores += quality.score
        self.flags.update(quality.flags)
