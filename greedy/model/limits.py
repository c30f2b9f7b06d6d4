"""How much may be worked: limits of employees, each hard or with a weight."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Quantity(StrEnum):
    """What a limit counts.

    A day is worked when a counted service is worked on it; a run is a row of days without a gap. Days before the horizon count toward runs
    and rest as far as `Problem.history_days` reaches, and the days of the limit itself are the others that are known. A maximum counts
    known days only, and a minimum is not asked of a run that touches their edge (Curtois and Qu 2014).
    """

    SHIFTS = "shifts"
    MINUTES = "minutes"
    DAYS = "days"
    WEEKENDS = "weekends"  # worked on Saturday, Sunday or both; the part of a weekend inside the horizon counts
    CONSECUTIVE_DAYS = "consecutive days"
    CONSECUTIVE_DAYS_OFF = "consecutive days off"
    REST_MINUTES = "rest minutes"  # from the end of a counted service to the begin of the next one on another day; a minimum


@dataclass(frozen=True)
class Limit:
    """A least and a most of something that an employee works, over the days `first_day` to `last_day`.

    `services`: those that count, None for all. `last_day` None: to the end of the horizon. `weight` None: hard; otherwise the cost of each
    unit (shift, minute, day, weekend; of runs each day too many or too few; of rest each time that it is too short), at `priority`.
    `name`: what a planner calls it, for messages.
    """

    quantity: Quantity
    employee: int
    minimum: int | None = None
    maximum: int | None = None
    services: frozenset[int] | None = None
    first_day: int = 0
    last_day: int | None = None
    weight: int | None = None
    priority: int = 0
    name: str = ""

    @property
    def hard(self) -> bool:
        """Whether no roster may break it."""
        return self.weight is None
