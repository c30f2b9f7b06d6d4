"""What is asked: a roster problem, frozen and complete.

Employees, services and demand are numbered from 0 in the order of their tuples; days from 0 at `first_day`; dayparts from 0 in their order.
Everything else refers to them by these numbers, and carries ids and names for people only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import IntEnum
from functools import cached_property
from typing import NamedTuple

from greedy.errors import InputError
from greedy.model.limits import Limit
from greedy.model.wishes import Request, Wish


class SlotStatus(IntEnum):
    """Content of a slot, with the numbers that the database uses."""

    OPEN = 0
    ACTIVE = 1
    BLOCKED = 2
    UNAVAILABLE = 3


class Slot(NamedTuple):
    """One employee, day and daypart: at most one service is worked in it."""

    employee: int
    day: int
    daypart: int


class Assignment(NamedTuple):
    """An employee works a service on a day, in the daypart of the service. Days of the history are negative."""

    employee: int
    day: int
    service: int


@dataclass(frozen=True)
class Employee:
    """Somebody who can be planned.

    `max_days`: most days worked in the horizon, None for no limit. `contract`: her share of the work beside others', any unit.
    `preferred`: services that she would rather work than others.
    """

    id: str
    name: str
    team: str
    active: bool = True
    max_days: int | None = None
    contract: int = 1
    senior: bool = False
    preferred: frozenset[int] = frozenset()


@dataclass(frozen=True)
class Service:
    """A kind of work.

    `minutes` from its begin to its end; `begin_minute`: its begin, in minutes after midnight, 0 to 1439; it may end on the next day.
    `second_half`: the service that the same employee works that day too. `forbidden_successors`: services that cannot be worked the day
    after. `standby`: duty at home, not worked time in the sense of the law. `asks_seniority`: senior employees first.
    """

    id: str
    code: str
    daypart: int
    minutes: int
    is_system: bool = False
    active: bool = True
    second_half: int | None = None
    begin_minute: int = 0
    forbidden_successors: frozenset[int] = frozenset()
    standby: bool = False
    asks_seniority: bool = False


@dataclass(frozen=True)
class DemandTeam:
    """Who may serve demand of this team: employee teams, the preferred first."""

    code: str
    served_by: tuple[str, ...]


@dataclass(frozen=True)
class Demand:
    """`required` employees for a service on a day; `team` numbers a DemandTeam.

    `weight_under`: cost of each that is missing. `maximum`: most that may work for this row, `required` when None; each beyond
    `required` costs `weight_over`. A minimum below the wished number is a row of its own with a greater weight: rows of one day and service
    share the staff.
    """

    day: int
    service: int
    team: int
    required: int
    weight_under: int = 1
    maximum: int | None = None
    weight_over: int = 0


@dataclass(frozen=True)
class BlockingRule:
    """Working `service` on a day blocks `daypart` of the day `day_offset` days later (0: the same day)."""

    service: int
    day_offset: int
    daypart: int


@dataclass(frozen=True)
class Problem:
    """A roster to be made.

    Parameters
    ----------
    roster_id
        Id of the roster, for people and databases.
    revision
        Names the state of the input that this problem was made from; a store refuses to write a plan for another state.
    first_day, day_count
        The horizon: `day_count` days from `first_day` on.
    dayparts
        Codes of the parts of a day, in order.
    employees, services, demand_teams, demand, blocking_rules
        See their types. The order of `demand_teams` is the order in which the greedy fill serves them.
    capabilities
        (employee, service) -> most times the service may be worked in the horizon. No entry: not qualified. 0: qualified, not this time.
    pinned
        Work that stands already and is never changed.
    unavailable, blocked
        Slots that must stay empty: absence, and rest that comes from outside this roster.
    limits, requests, wishes
        See their types.
    history, history_days
        Work of the `history_days` days before the horizon, with negative days: it counts toward runs, rest and fairness.
    previous
        An earlier roster of this horizon that a new one should keep to (wish STABILITY).
    timezone
        Name of the time zone in which services begin and end, for rest in the nights when the clock changes.

    Raises
    ------
    InputError
        With every fault of the numbers, limits and references above.
    """

    roster_id: str
    first_day: date
    day_count: int
    dayparts: tuple[str, ...]
    employees: tuple[Employee, ...]
    services: tuple[Service, ...]
    demand_teams: tuple[DemandTeam, ...]
    demand: tuple[Demand, ...]
    capabilities: Mapping[tuple[int, int], int]
    blocking_rules: tuple[BlockingRule, ...] = ()
    pinned: tuple[Assignment, ...] = ()
    unavailable: frozenset[Slot] = field(default=frozenset())
    blocked: frozenset[Slot] = field(default=frozenset())
    revision: str = ""
    limits: tuple[Limit, ...] = ()
    requests: tuple[Request, ...] = ()
    wishes: tuple[Wish, ...] = ()
    history: tuple[Assignment, ...] = ()
    history_days: int = 0
    previous: frozenset[Assignment] = frozenset()
    timezone: str = "Europe/Amsterdam"

    def __post_init__(self) -> None:
        if faults := list(_faults(self)):
            raise InputError(f"roster problem {self.roster_id} has {len(faults)} faults", details=faults)

    def date_of(self, day: int) -> date:
        """Calendar date of a day number."""
        return self.first_day + timedelta(days=day)

    def slot_of(self, assignment: Assignment) -> Slot:
        """The slot that an assignment fills."""
        return Slot(assignment.employee, assignment.day, self.services[assignment.service].daypart)

    def describe(self, assignment: Assignment) -> str:
        """`Anna Mulder DIO 2025-11-24`."""
        return f"{self.employees[assignment.employee].name} {self.services[assignment.service].code} {self.date_of(assignment.day)}"

    @cached_property
    def first_half(self) -> Mapping[int, int]:
        """Second half of a pair -> its first half."""
        return {service.second_half: number for number, service in enumerate(self.services) if service.second_half is not None}

    @cached_property
    def rules_of(self) -> Mapping[int, tuple[BlockingRule, ...]]:
        """Service -> its blocking rules; services without any are absent."""
        services = {rule.service for rule in self.blocking_rules}
        return {service: tuple(rule for rule in self.blocking_rules if rule.service == service) for service in services}

    @cached_property
    def demand_by_cell(self) -> Mapping[tuple[int, int], tuple[int, ...]]:
        """(day, service) -> numbers of its demand rows, which share the staff."""
        cells: dict[tuple[int, int], list[int]] = {}
        for number, row in enumerate(self.demand):
            cells.setdefault((row.day, row.service), []).append(number)
        return {cell: tuple(numbers) for cell, numbers in cells.items()}

    @cached_property
    def required(self) -> int:
        """Shifts asked for in all."""
        return sum(row.required for row in self.demand)

    def blocked_by(self, assignment: Assignment) -> list[Slot]:
        """Slots inside the horizon that an assignment blocks, whatever stands in them."""
        return [
            Slot(assignment.employee, assignment.day + rule.day_offset, rule.daypart)
            for rule in self.rules_of.get(assignment.service, ())
            if 0 <= assignment.day + rule.day_offset < self.day_count
        ]


def _faults(problem: Problem) -> Iterator[str]:
    """Every number that is out of range, and every reference that leads nowhere."""
    services, dayparts = range(len(problem.services)), range(len(problem.dayparts))
    if problem.day_count < 1:
        yield f"the horizon has {problem.day_count} days"
    if not problem.dayparts:
        yield "a day has no dayparts"
    yield from _repeated("employee", [employee.id for employee in problem.employees])
    yield from _repeated("service", [service.code for service in problem.services])
    for service in problem.services:
        if service.daypart not in dayparts:
            yield f"service {service.code}: daypart {service.daypart} of {len(dayparts)}"
        if service.second_half is not None and service.second_half not in services:
            yield f"service {service.code}: second half {service.second_half} of {len(services)} services"
        elif service.second_half is not None and problem.services[service.second_half].daypart == service.daypart:
            yield f"service {service.code} and its second half lie in one daypart"
        elif service.second_half is not None and problem.services[service.second_half].second_half is not None:
            yield f"service {service.code}: its second half has a second half itself"
    yield from _repeated(
        "second half",
        [problem.services[s.second_half].code for s in problem.services if s.second_half is not None and s.second_half in services],
    )
    yield from _faults_of_references(problem)


def _faults_of_references(problem: Problem) -> Iterator[str]:
    employees, services, dayparts = range(len(problem.employees)), range(len(problem.services)), range(len(problem.dayparts))
    days = range(problem.day_count)
    for number, row in enumerate(problem.demand):
        if row.day not in days or row.service not in services or row.team not in range(len(problem.demand_teams)):
            yield f"demand {number}: {row} refers to what does not exist"
        if row.required < 0:
            yield f"demand {number}: {row.required} required"
    for (employee, service_number), most in problem.capabilities.items():
        if employee not in employees or service_number not in services or most < 0:
            yield f"capability of employee {employee} for service {service_number}, at most {most}: out of range"
    for rule in problem.blocking_rules:
        if rule.service not in services or rule.daypart not in dayparts:
            yield f"blocking rule {rule} refers to what does not exist"
        elif rule.day_offset == 0 and rule.daypart == problem.services[rule.service].daypart:
            yield f"blocking rule of {problem.services[rule.service].code} blocks its own slot"
    for assignment in problem.pinned:
        if assignment.employee not in employees or assignment.service not in services or assignment.day not in days:
            yield f"pinned {assignment} refers to what does not exist"
    for slot in problem.unavailable | problem.blocked:
        if slot.employee not in employees or slot.day not in days or slot.daypart not in dayparts:
            yield f"slot {slot} does not exist"


def _repeated(what: str, ids: list[str]) -> Iterator[str]:
    return (f"{what} {one} stands {count} times" for one, count in Counter(ids).items() if count > 1)
