"""What is asked: a roster problem, frozen and complete.

Employees, services and demand are numbered from 0 in the order of their tuples; days from 0 at `first_day`; dayparts from 0 in their order.
Everything else refers to them by these numbers, and carries ids and names for people only.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from enum import IntEnum
from functools import cached_property
from typing import NamedTuple

from greedy.errors import InputError
from greedy.model.clock import PLANNERS_ZONE, Instants, instants_of, midnights_of
from greedy.model.faults import faults_of
from greedy.model.law import WorkingTime
from greedy.model.limits import Limit, Quantity
from greedy.model.message import Message
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

    `contract`: her share of the work beside others', any unit. `preferred`: services that she would rather work than others.
    """

    id: str
    name: str
    team: str
    active: bool = True
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

    @property
    def most(self) -> int:
        """Most employees who may work for this row."""
        return self.required if self.maximum is None else self.maximum


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
    working_time
        The law of working time, when it is to be looked at; see its type.

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
    timezone: str = PLANNERS_ZONE.key
    working_time: WorkingTime | None = None

    def __post_init__(self) -> None:
        if faults := list(faults_of(self)):
            raise InputError(
                Message("roster problem {roster} has {count} faults", roster=self.roster_id, count=len(faults)),
                next_step=Message("mend the input as listed"),
                details=faults,
            )

    def date_of(self, day: int) -> date:
        """Calendar date of a day number."""
        return self.first_day + timedelta(days=day)

    def slot_of(self, assignment: Assignment) -> Slot:
        """The slot that an assignment fills."""
        return Slot(assignment.employee, assignment.day, self.services[assignment.service].daypart)

    def describe(self, assignment: Assignment) -> Message:
        """`Anna Mulder DIO 2025-11-24`."""
        who, what = self.names[assignment.employee], self.services[assignment.service].code
        return Message("{who} {what} {date}", who=who, what=what, date=self.date_of(assignment.day))

    @cached_property
    def names(self) -> tuple[str, ...]:
        """What sentences call each employee: her name, with her id where somebody else bears it too; her id alone where she has none."""
        bearers = Counter(employee.name for employee in self.employees)
        named = [e.name if bearers[e.name] == 1 else f"{e.name} ({e.id})" for e in self.employees]
        return tuple(name if e.name else e.id for e, name in zip(self.employees, named, strict=True))

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

    @cached_property
    def instants(self) -> Mapping[tuple[int, int], Instants]:
        """(service, day) -> the instants of its begin and end, for the days of history and horizon."""
        return instants_of(self)

    @cached_property
    def midnights(self) -> Mapping[int, int]:
        """Day -> the instant at which it begins."""
        return midnights_of(self)

    @cached_property
    def limits_of(self) -> Mapping[Quantity, tuple[Limit, ...]]:
        """Quantity -> its limits, hard and soft."""
        return {quantity: tuple(limit for limit in self.limits if limit.quantity is quantity) for quantity in Quantity}

    @cached_property
    def priorities(self) -> tuple[int, ...]:
        """Priorities at which something may cost, the first one demand's."""
        return tuple(sorted({0, *(one.priority for terms in (self.limits, self.requests, self.wishes) for one in terms)}))

    @cached_property
    def fixed_work(self) -> frozenset[Assignment]:
        """Work that no solver may change: pinned work, and the history."""
        return frozenset((*self.pinned, *self.history))

    @cached_property
    def longest_service(self) -> int:
        """Minutes of the longest service."""
        return max((service.minutes for service in self.services), default=0)

    def days_of(self, limit: Limit) -> range:
        """The days of the horizon over which a limit counts."""
        return range(limit.first_day, self.day_count if limit.last_day is None else limit.last_day + 1)

    def blocked_by(self, assignment: Assignment) -> list[Slot]:
        """Slots inside the horizon that an assignment blocks, whatever stands in them."""
        return [
            Slot(assignment.employee, assignment.day + rule.day_offset, rule.daypart)
            for rule in self.rules_of.get(assignment.service, ())
            if 0 <= assignment.day + rule.day_offset < self.day_count
        ]
