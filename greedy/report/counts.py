"""What is counted of a roster: coverage, the load of each employee, the spread over them, and where it is tight. The documents."""

from __future__ import annotations

import datetime as dt
from typing import Literal, TypedDict

from greedy.report.document import Document

PARTIAL_PERCENT, NEAR_COMPLETE_PERCENT = 80.0, 95.0
STATUS_PERCENT = (PARTIAL_PERCENT, NEAR_COMPLETE_PERCENT, 100.0)


class Counted(TypedDict):
    """The four numbers of a coverage."""

    needed: int
    assigned: int
    open: int
    percent: float


def counted(needed: int, assigned: int) -> Counted:
    """The numbers of a coverage; all of nothing is 100 %."""
    return {"needed": needed, "assigned": assigned, "open": needed - assigned, "percent": percent(assigned, needed)}


def percent(assigned: int, needed: int) -> float:
    """Share that is worked, 0 to 100, in tenths; rounded, but never up to where another status begins: 100 means that nothing is open."""
    if assigned == needed:
        return 100.0
    exact = 100 * assigned / needed
    rounded = round(exact, 1)
    return next((round(limit - 0.1, 1) for limit in STATUS_PERCENT if exact < limit <= rounded), rounded)


class CoverageCount(Document):
    """Shifts asked for, worked and open; `percent` is worked, 0 to 100, and 100 when nothing is asked for."""

    needed: int
    assigned: int
    open: int
    percent: float


class NamedCoverage(CoverageCount):
    """Coverage of one service or demand team, by its code."""

    code: str


class DayCoverage(CoverageCount):
    """Coverage of one date."""

    date: dt.date


class WeekCoverage(CoverageCount):
    """Coverage of one week, numbered as ISO 8601 and Dutch planners do, and its days in the roster."""

    year: int
    week: int
    first_date: dt.date
    last_date: dt.date


class EmployeeLoad(Document):
    """What an employee works.

    `contract`: her share of the work beside others', any unit. `weekends`: those with work on Saturday or Sunday. `nights`: services with
    more than an hour between 00:00 and 06:00, standby included. `hours` counts standby too; `standby_hours`: how much of it that is.
    `services`: shifts by service code. `capacity`: shifts that her capabilities allow.
    """

    employee_id: str
    name: str
    team: str
    active: bool
    contract: int
    shifts: int
    pinned: int
    days: int
    weekend_days: int
    weekends: int
    nights: int
    system_shifts: int
    hours: float
    standby_hours: float
    services: dict[str, int]
    capacity: int
    blocked_slots: int
    unavailable_slots: int


class SlotSummary(Document):
    """Slots of the roster by content; `pinned` is part of `active`."""

    total: int
    active: int
    pinned: int
    blocked: int
    unavailable: int
    open: int


FairnessKind = Literal["shifts", "days", "hours", "weekend days", "weekends", "nights", "system services"]


class Fairness(Document):
    """Spread of a kind of work over those who may do it, `employees` of them: mean, least and most, and who has them.

    `deviation`: standard deviation from the share that each one's contract asks for; where all contracts are the same, from the mean.
    """

    kind: FairnessKind
    employees: int
    mean: float
    deviation: float
    least: float
    most: float
    least_for: list[str]
    most_for: list[str]


class Bottleneck(Document):
    """Where there is no room: as much is asked as could be worked, or shifts are open and at least three quarters of that are asked.

    `kind` service: `service_code`, of demand of `team` or of all; `possible` is how often all who may serve it may work it, and `employees`
    are they. `kind` dagdeel: all that is asked in it; `possible` is how many people are there who may work any of it, and `employees` those
    who may, and are absent or rest from a duty before the roster.
    """

    kind: Literal["service", "dagdeel"]
    service_code: str | None
    team: str | None
    date: dt.date | None
    dagdeel: str | None
    asked: int
    possible: int
    open: int
    employees: list[str]
    message: str
