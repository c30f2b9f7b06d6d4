"""A roster problem as arrays for the search, and plans as rosters."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from greedy.model.limits import Quantity
from greedy.model.problem import Assignment, Problem
from greedy.model.roster import Roster
from greedy.solve.search.kernel import FORBIDDEN, HALF, MAX_RUN, MAX_UNITS, MIN_OFF, MIN_RUN, MIN_UNITS, OFF, WEEKENDS, Scratch

Plans = NDArray[np.int8]  # (employees, days): the service of each day, OFF for none
EXACT_STATES = 1_000_000  # states of the kernel that counts of services may blow it up to, in the search; bytes of memory: 8 times that
_DAYS_SQUARED_AT_ONCE = 20_000  # of the employees planned between two looks at the clock
EXACT_STATES_BOUND = 8_000_000  # the same where a bound is wanted


class Instance(NamedTuple):
    """Employees e, days d, services s; `wanted` staff of a cell costs `under` for each less and `over` for each more."""

    cost: NDArray[np.int32]  # (e, d, s): requests; FORBIDDEN where e cannot work s on d
    must: NDArray[np.bool_]  # (e, d): e must work on d
    wanted: NDArray[np.int32]  # (d, s)
    under: NDArray[np.int32]  # (d, s)
    over: NDArray[np.int32]  # (d, s)
    services: NDArray[np.int32]  # (e, s): services that e can work, the first `service_count[e]` of the row
    service_count: NDArray[np.int32]  # (e,)
    most: NDArray[np.int32]  # (e, s): most times in the horizon, -1 without limit
    limits: NDArray[np.int32]  # (e, 6): see the kernel
    follows: NDArray[np.bool_]  # (s, s)
    extra: NDArray[np.int32]  # (s,): units of time beyond `unit`
    unit: int
    weekday0: int
    scale: int  # prices are costs times this
    constant: int  # cost of what no roster changes

    @property
    def shape(self) -> tuple[int, int, int]:
        """Employees, days, services."""
        employees, days, services = self.cost.shape
        return employees, days, services


def to_instance(problem: Problem) -> Instance:
    """The arrays of a problem that the search supports."""
    employees, days, services = len(problem.employees), problem.day_count, len(problem.services)
    minutes = np.array([service.minutes for service in problem.services])
    unit_minutes = math.gcd(*minutes.tolist()) or 1
    units = minutes // unit_minutes
    cost = np.full((employees, days, services), FORBIDDEN, np.int32)
    most = np.full((employees, services), -1, np.int32)
    wanted, under, over = (np.zeros((days, services), np.int32) for _ in range(3))
    asked = np.zeros((days, services), np.bool_)
    for row in problem.demand:
        wanted[row.day, row.service], under[row.day, row.service], over[row.day, row.service] = (
            row.required,
            row.weight_under,
            row.weight_over,
        )
        asked[row.day, row.service] = True
    for (employee, service), times in problem.capabilities.items():
        if times and problem.employees[employee].active and problem.services[service].active:
            cost[employee, asked[:, service], service] = 0
            most[employee, service] = times if times < days else -1
    limits = _limits(problem, unit_minutes, most)
    closed = np.zeros((employees, days), np.bool_)
    for slot in problem.unavailable | problem.blocked:
        closed[slot.employee, slot.day] = True
    cost[closed] = FORBIDDEN
    must = np.zeros((employees, days), np.bool_)
    for assignment in problem.pinned:
        other = np.arange(services) != assignment.service
        cost[assignment.employee, assignment.day, other] = FORBIDDEN
        must[assignment.employee, assignment.day] = True
    constant = 0
    for request in problem.requests:
        cell = (request.employee, request.day, request.service)
        if request.wanted:
            constant += request.weight
        if cost[cell] < FORBIDDEN:
            cost[cell] += -request.weight if request.wanted else request.weight
    can = (cost < FORBIDDEN).any(axis=1)
    count = can.sum(axis=1).astype(np.int32)
    able = np.argsort(~can, axis=1, kind="stable").astype(np.int32)
    follows = np.ones((services, services), np.bool_)
    for number, earlier in enumerate(problem.services):
        follows[number, list(earlier.forbidden_successors)] = False
    weight = int((under + over).max()) + int(np.abs(cost[cost < FORBIDDEN]).max(initial=0))
    return Instance(
        cost=cost,
        must=must,
        wanted=wanted,
        under=under,
        over=over,
        services=able,
        service_count=count,
        most=most,
        limits=limits,
        follows=follows,
        extra=(units - units.min()).astype(np.int32),
        unit=int(units.min()),
        weekday0=problem.first_day.weekday(),
        scale=max(1, min(1000, int(HALF) // 4 // max(1, weight * days))),
        constant=constant,
    )


def _limits(problem: Problem, unit_minutes: int, most: NDArray[np.int32]) -> NDArray[np.int32]:
    days = problem.day_count
    longest = max(service.minutes for service in problem.services) // unit_minutes
    limits = np.zeros((len(problem.employees), 6), np.int32)
    limits[:, MAX_RUN], limits[:, MIN_RUN], limits[:, MIN_OFF] = days, 1, 1
    limits[:, WEEKENDS], limits[:, MIN_UNITS], limits[:, MAX_UNITS] = days // 7 + 2, 0, days * longest

    def least(employee: int, column: int, value: int) -> None:
        limits[employee, column] = max(limits[employee, column], value)

    def greatest(employee: int, column: int, value: int) -> None:
        limits[employee, column] = min(limits[employee, column], value)

    for limit in problem.limits:
        e = limit.employee
        if limit.quantity is Quantity.SHIFTS and limit.services is not None and limit.maximum is not None:
            (service,) = limit.services
            most[e, service] = limit.maximum if most[e, service] < 0 else min(most[e, service], limit.maximum)
        elif limit.quantity is Quantity.MINUTES:
            least(e, MIN_UNITS, -(-(limit.minimum or 0) // unit_minutes))
            if limit.maximum is not None:
                greatest(e, MAX_UNITS, limit.maximum // unit_minutes)
        elif limit.quantity is Quantity.WEEKENDS and limit.maximum is not None:
            greatest(e, WEEKENDS, limit.maximum)
        elif limit.quantity is Quantity.CONSECUTIVE_DAYS:
            least(e, MIN_RUN, limit.minimum or 1)
            if limit.maximum is not None:
                greatest(e, MAX_RUN, limit.maximum)
        elif limit.quantity is Quantity.CONSECUTIVE_DAYS_OFF:
            least(e, MIN_OFF, limit.minimum or 1)
    return limits


def scratch_for(instance: Instance, exact_states: int) -> Scratch:
    """Working memory for one thread that calls the kernel with `exact_states`."""
    _, days, services = instance.shape
    limits = instance.limits.astype(np.int64)
    plain = int(((days + 1) * (limits[:, WEEKENDS] + 1) * (limits[:, MAX_UNITS] + 1)).max())
    max_run = int(limits[:, MAX_RUN].max())
    spread = int(instance.extra.max())
    grid = (max_run * spread + 1) * (max_run + 1) ** 2
    states = max(plain, exact_states)
    return Scratch(
        ended=np.empty(states, np.int32),
        ready=np.empty(states, np.int32),
        stints=np.empty(days * max_run * grid, np.int32),
        tails=np.empty((2, services, grid), np.int32),
        price=np.empty((days, services), np.int32),
        counts=np.empty(services, np.int32),
    )


def at_once(instance: Instance) -> int:
    """Employees to plan between two looks at the clock: few where the kernel takes long."""
    return max(1, _DAYS_SQUARED_AT_ONCE // instance.shape[1] ** 2)


def staffing(instance: Instance, plans: Plans) -> NDArray[np.int32]:
    """(days, services): employees at work."""
    _, days, services = instance.shape
    staff = np.zeros((days, services), np.int32)
    employee, day = np.nonzero(plans != OFF)
    np.add.at(staff, (day, plans[employee, day]), 1)
    return staff


def cost_of(instance: Instance, plans: Plans) -> int:
    """Cost of a roster at the first priority; equal to `model.objective` for a legal roster."""
    employee, day = np.nonzero(plans != OFF)
    missing = instance.wanted.astype(np.int64) - staffing(instance, plans)
    demand = np.maximum(missing, 0) * instance.under + np.maximum(-missing, 0) * instance.over
    return instance.constant + int(instance.cost[employee, day, plans[employee, day]].sum(dtype=np.int64)) + int(demand.sum())


def to_roster(plans: Plans) -> Roster:
    """The roster of plans."""
    employee, day = np.nonzero(plans != OFF)
    return Roster.of(Assignment(e, d, s) for e, d, s in zip(employee.tolist(), day.tolist(), plans[employee, day].tolist(), strict=True))


def to_plans(instance: Instance, roster: Roster) -> Plans:
    """The plans of a roster."""
    plans = np.full(instance.shape[:2], OFF, np.int8)
    for assignment in roster.assignments:
        plans[assignment.employee, assignment.day] = assignment.service
    return plans
