"""The report as a document: what `greedy report --format json` prints."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import BaseModel, ConfigDict

SummaryStatus = Literal["COMPLETE", "NEAR COMPLETE", "PARTIAL", "INCOMPLETE"]


class _Document(BaseModel):
    model_config = ConfigDict(frozen=True)


class CoverageCount(_Document):
    """Shifts asked for, worked and open."""

    needed: int
    assigned: int

    @property
    def open(self) -> int:
        """Shifts that nobody works."""
        return self.needed - self.assigned

    @property
    def percent(self) -> float:
        """Share that is worked, 0 to 100; 100 when nothing is asked for."""
        return round(100 * self.assigned / self.needed, 1) if self.needed else 100.0


class CoverageSummary(_Document):
    """Coverage of the whole roster. `upper_bound`: no roster covers more shifts."""

    needed: int
    assigned: int
    open: int
    percent: float
    upper_bound: int


class NamedCoverage(CoverageCount):
    """Coverage of one service or demand team, by its code."""

    code: str


class DayCoverage(CoverageCount):
    """Coverage of one date."""

    date: dt.date


class EmployeeLoad(_Document):
    """What an employee works. `capacity`: shifts that her capabilities allow; `hours` counts standby too."""

    employee_id: str
    name: str
    team: str
    shifts: int
    days: int
    weekend_days: int
    hours: float
    capacity: int
    blocked_slots: int
    unavailable_slots: int


class OpenDemandLine(_Document):
    """Demand that is not met.

    `reasons`: employees by what stands in their way. `free`: who could take it as the roster stands. `limits_reached`: whose limits, and
    which. `one_more_for`: for whom one more of the service would do. `smallest_change`: of what is given, with the moves that come with it.
    """

    date: dt.date
    dagdeel: str
    team: str
    service_code: str
    missing: int
    reasons: dict[str, int]
    free: list[str]
    blocked_by: list[str]
    limits_reached: list[str]
    one_more_for: list[str]
    smallest_change: str


class SlotSummary(_Document):
    """Slots of the roster by content; `pinned` is part of `active`."""

    total: int
    active: int
    pinned: int
    blocked: int
    unavailable: int
    open: int


class Fairness(_Document):
    """Spread of a kind of work over the employees: mean, standard deviation, least and most."""

    kind: str
    mean: float
    deviation: float
    least: int
    most: int


class ViolationLine(_Document):
    """A broken rule. `pinned`: broken by pinned work alone."""

    rule: str
    message: str
    pinned: bool


class CostLine(_Document):
    """What gave way: a term of the costs (`demand`, `request`, the name of a limit or wish), what it costs, and where."""

    priority: int
    term: str
    cost: int
    where: list[str]


class ConflictLine(_Document):
    """Rules and rows that stand against each other, so that no roster keeps them all."""

    message: str
    parts: list[str]


class WorkingTimeLine(_Document):
    """What the law of working time does not allow. `source`: the article. `enforced`: whether it is a hard rule here."""

    rule: str
    message: str
    source: str
    enforced: bool


class Changes(_Document):
    """A roster against the earlier one: assignments that both have, that only the earlier one has, that only the new one has."""

    kept: int
    gone: int
    new: int


class SolverSummary(_Document):
    """Which solver made the roster, and how good it is known to be.

    `objective` and `bound`: cost of open demand, and of whatever else has priority 0, and what no roster can have less of. `costs` and
    `bounds`: the same by priority, the first one the strictest; `proven`: the priorities, from the first on, at which nothing better
    exists. `gap`: share of the objective that is not proven to be necessary, 0 to 1.
    `incident`: why the solver was ended from outside and this is its best roster so far; null when it ended by itself.
    """

    name: str
    status: str
    objective: int
    bound: int
    gap: float
    seconds: float
    seconds_to_best: float
    seed: int
    costs: dict[int, int]
    bounds: dict[int, int]
    proven: list[int]
    incident: str | None


class Report(_Document):
    """All that is told of one roster. `solver` is null for a roster that was not made just now, `changes` without an earlier roster."""

    roster_id: str
    name: str
    start_date: dt.date
    end_date: dt.date
    status: SummaryStatus
    coverage: CoverageSummary
    services: list[NamedCoverage]
    teams: list[NamedCoverage]
    days: list[DayCoverage]
    employees: list[EmployeeLoad]
    open_demand: list[OpenDemandLine]
    slots: SlotSummary
    fairness: list[Fairness]
    violations: list[ViolationLine]
    conflicts: list[ConflictLine]
    costs: dict[int, int]
    gave_way: list[CostLine]
    working_time: list[WorkingTimeLine]
    changes: Changes | None
    solver: SolverSummary | None
    recommendations: list[str]
