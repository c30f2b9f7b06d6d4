"""What a solver hands back."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from greedy.model.roster import Roster


class SolveStatus(StrEnum):
    """OPTIMAL: nothing better exists, proven. FEASIBLE: a legal roster, perhaps not the best."""

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"


class Obstacle(StrEnum):
    """Why an employee cannot take a shift; the first that applies, in this order."""

    NOT_QUALIFIED = "not qualified"
    INACTIVE = "not active"
    OTHER_TEAM = "other team"
    CAPACITY_USED = "capability used up"
    UNAVAILABLE = "unavailable"
    BLOCKED = "blocked by other duty"
    WORKS = "already works"
    DAY_LIMIT = "limit of days reached"
    PAIR_NOT_POSSIBLE = "the other half of the pair does not fit"
    BLOCKS_WORK = "would block other work"


@dataclass(frozen=True)
class OpenDemand:
    """A demand row that is not full.

    `reasons`: obstacle -> number of employees. `free`: employees whom nothing stands in the way of; each employee is in one of the two.
    `blocked_by`: which duties. `one_more_for`: employees for whom one more time of the service (and of the other half of its pair) would
    fill it, everything else as it is.
    """

    row: int
    missing: int
    reasons: dict[Obstacle, int]
    free: tuple[int, ...] = ()
    blocked_by: tuple[str, ...] = ()
    one_more_for: tuple[int, ...] = ()


@dataclass(frozen=True)
class SolveResult:
    """A legal roster and what is known of its quality.

    `objective`: shifts covered, recomputed from the roster. `bound`: no roster covers more. `seconds`: time of the solve.
    """

    solver: str
    status: SolveStatus
    roster: Roster
    objective: int
    bound: int
    seconds: float
    seed: int
    open_demand: tuple[OpenDemand, ...]

    @property
    def gap(self) -> float:
        """Share of the bound that is not reached, 0 to 1."""
        return (self.bound - self.objective) / self.bound if self.bound else 0.0
