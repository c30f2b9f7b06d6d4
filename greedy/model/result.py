"""What a solver hands back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from itertools import takewhile

from greedy.model.changes import Change, OneMore
from greedy.model.message import Message
from greedy.model.roster import Roster
from greedy.model.rules import Violation

NOTHING = Message("")


class SolveStatus(StrEnum):
    """OPTIMAL: legal, and nothing better exists, proven. FEASIBLE: legal, perhaps not the best.

    OVER_CONSTRAINED: rules stand against each other; the roster breaks as few as could be, and the result names them.
    """

    OPTIMAL = "optimal"
    FEASIBLE = "feasible"
    OVER_CONSTRAINED = "over-constrained"


@dataclass(frozen=True)
class Progress:
    """How far a solver is: cost of the best roster at the first priority, a lower bound of it when one is known, and what it does now.

    `roster`: the best roster when it is new, so that whoever listens can keep it should the solver be killed; None otherwise.
    """

    seconds: float
    cost: int | None
    bound: int | None
    doing: str
    roster: Roster | None = None


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
    LIMIT_REACHED = "a limit is reached"
    REST_TOO_SHORT = "rest too short"
    CANNOT_FOLLOW = "cannot follow the work of the day before, or be followed by that of the day after"


@dataclass(frozen=True)
class OpenDemand:
    """A demand row that is not full.

    `reasons`: obstacle -> number of employees. `free`: employees whom nothing stands in the way of; each employee is in one of the two.
    `blocked_by`: which duties. `limits_reached`: whose limits, and which. `one_more`: employees for whom one more time of a service
    would fill it, everything else as it is; of a pair that half which she may not work again, or both. `changes`: the smallest change of
    what is given that would fill a unit; several have to be made together. `moves_alone`: none is needed, as a unit can be filled by
    giving some employees other work. `smallest_change`: the same in words, with the moves that come with it; empty when nothing was found.
    """

    row: int
    missing: int
    reasons: dict[Obstacle, int]
    free: tuple[int, ...] = ()
    blocked_by: tuple[Message, ...] = ()
    one_more: tuple[OneMore, ...] = ()
    limits_reached: tuple[Message, ...] = ()
    changes: tuple[Change, ...] = ()
    moves_alone: bool = False
    smallest_change: Message = NOTHING

    @property
    def one_more_for(self) -> tuple[int, ...]:
        """For whom one more time would do."""
        return tuple(change.employee for change in self.one_more)


@dataclass(frozen=True)
class Conflict:
    """Rules and rows that stand against each other, so that no roster keeps them all, in a planner's words.

    `employees`: whom they are about.
    """

    message: Message
    parts: tuple[Message, ...]
    employees: tuple[int, ...] = ()


@dataclass(frozen=True)
class SolveResult:
    """A roster and what is known of its quality.

    `costs`: priority -> cost, recomputed from the roster; smaller is better, and an earlier priority comes first. `bounds`: priority -> no
    roster that is as good at the earlier priorities costs less. `proven`: the priorities, from the first on, at which it is proven that
    nothing better exists; all of them when OPTIMAL. `seconds`: time of the solve; `seconds_to_best`: until this roster was found.
    `violations`: broken rules that no roster could keep, or that none was found to keep (OVER_CONSTRAINED).
    """

    solver: str
    status: SolveStatus
    roster: Roster
    costs: Mapping[int, int]
    bounds: Mapping[int, int]
    seconds: float
    seed: int
    open_demand: tuple[OpenDemand, ...]
    seconds_to_best: float = 0.0
    proven: tuple[int, ...] = ()
    violations: tuple[Violation, ...] = ()
    conflicts: tuple[Conflict, ...] = field(default=())

    @property
    def objective(self) -> int:
        """Cost at the first priority: open demand, and whatever was given its priority."""
        return self.costs.get(0, 0)

    @property
    def bound(self) -> int:
        """No legal roster costs less at the first priority."""
        return self.bounds.get(0, 0)

    @property
    def gap(self) -> float:
        """Share of the objective that is not proven to be necessary, 0 to 1."""
        return (self.objective - self.bound) / self.objective if self.objective > self.bound else 0.0


def proven_priorities(priorities: Iterable[int], costs: Mapping[int, int], bounds: Mapping[int, int]) -> tuple[int, ...]:
    """The priorities, from the first on, at which a legal roster of these costs reaches the bound; 0 where none is known."""
    return tuple(takewhile(lambda priority: costs.get(priority, 0) <= bounds.get(priority, 0), priorities))
