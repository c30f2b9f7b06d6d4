"""What each employee works, how evenly it is spread, and what fills the slots."""

from __future__ import annotations

import math
import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from greedy.model.clock import is_night, weekend_of
from greedy.model.problem import Assignment, Problem, Slot
from greedy.model.roster import Roster, blocked_slots
from greedy.model.wish_costs import plannable
from greedy.report.counts import EmployeeLoad, Fairness, FairnessKind, SlotSummary
from greedy.report.model import BlockedLine, UnavailableLine

SATURDAY = 5
KINDS: Mapping[FairnessKind, Callable[[EmployeeLoad], float]] = {
    "shifts": lambda one: one.shifts,
    "days": lambda one: one.days,
    "hours": lambda one: one.hours,
    "weekend days": lambda one: one.weekend_days,
    "weekends": lambda one: one.weekends,
    "nights": lambda one: one.nights,
    "system services": lambda one: one.system_shifts,
}


class Away(NamedTuple):
    """Slots in which somebody rests, with the duty they rest from when this roster has it, and slots in which somebody is absent."""

    rest: Mapping[Slot, Assignment | None]
    absence: frozenset[Slot]


def away(problem: Problem, roster: Roster) -> Away:
    """Who is away and when. Each slot counts once, as the grid shows it: work before rest, and rest before absence."""
    worked = {problem.slot_of(one) for one in roster.assignments}
    rest: dict[Slot, Assignment | None] = dict.fromkeys(problem.blocked - worked)
    rest |= {block.slot: block.duty for block in blocked_slots(problem, roster)}
    return Away(dict(sorted(rest.items(), key=lambda one: one[0])), problem.unavailable - worked - problem.blocked)


def employee_loads(problem: Problem, roster: Roster, empty: Away) -> list[EmployeeLoad]:
    """What each employee works, in the order of the employees."""
    work: dict[int, list[Assignment]] = defaultdict(list)
    for assignment in roster.assignments:
        work[assignment.employee].append(assignment)
    pinned = Counter(a.employee for a in set(problem.pinned).intersection(roster.assignments))
    capacity: Counter[int] = Counter()
    for (employee, _), most in problem.capabilities.items():
        capacity[employee] += most
    blocked, unavailable = (Counter(slot.employee for slot in slots) for slots in empty)
    return [
        _load(problem, number, work[number], pinned[number], capacity[number], blocked[number], unavailable[number])
        for number in range(len(problem.employees))
    ]


def fairness(problem: Problem, loads: Sequence[EmployeeLoad]) -> list[Fairness]:
    """The spread of each kind of work over those who may do it; kinds that nobody may do are left out."""
    return [_spread(kind, [loads[employee] for employee in staff], of) for kind, of in KINDS.items() if (staff := staff_of(problem, kind))]


def slot_summary(problem: Problem, roster: Roster, empty: Away) -> SlotSummary:
    """Slots by content."""
    total = len(problem.employees) * problem.day_count * len(problem.dayparts)
    active = len({problem.slot_of(one) for one in roster.assignments if one.day in range(problem.day_count)})
    blocked, unavailable = map(len, empty)
    return SlotSummary(
        total=total,
        active=active,
        pinned=len(set(problem.pinned).intersection(roster.assignments)),
        blocked=blocked,
        unavailable=unavailable,
        open=total - active - blocked - unavailable,
    )


def blocked_lines(problem: Problem, empty: Away) -> list[BlockedLine]:
    """Every slot that must stay empty for rest, in the order of employee, date and dagdeel."""
    return [
        BlockedLine(
            employee_id=problem.employees[employee].id,
            name=problem.employees[employee].name,
            date=problem.date_of(day),
            dagdeel=problem.dayparts[daypart],
            service_code=None if duty is None else problem.services[duty.service].code,
            service_date=None if duty is None else problem.date_of(duty.day),
        )
        for (employee, day, daypart), duty in empty.rest.items()
    ]


def unavailable_lines(problem: Problem, empty: Away) -> list[UnavailableLine]:
    """Every slot in which somebody is absent, in the order of employee, date and dagdeel."""
    return [
        UnavailableLine(
            employee_id=problem.employees[slot.employee].id,
            name=problem.employees[slot.employee].name,
            date=problem.date_of(slot.day),
            dagdeel=problem.dayparts[slot.daypart],
        )
        for slot in sorted(empty.absence)
    ]


def _load(
    problem: Problem, number: int, work: Sequence[Assignment], pinned: int, capacity: int, blocked: int, unavailable: int
) -> EmployeeLoad:
    employee = problem.employees[number]
    services = [problem.services[a.service] for a in work]
    days = {a.day for a in work}
    codes = Counter(service.code for service in services)
    return EmployeeLoad(
        employee_id=employee.id,
        name=employee.name,
        team=employee.team,
        active=employee.active,
        contract=employee.contract,
        shifts=len(work),
        pinned=pinned,
        days=len(days),
        weekend_days=sum(problem.date_of(day).weekday() >= SATURDAY for day in days),
        weekends=len({weekend for day in days if (weekend := weekend_of(problem.date_of(day))) is not None}),
        nights=sum(is_night(service) for service in services),
        system_shifts=sum(service.is_system for service in services),
        hours=round(sum(service.minutes for service in services) / 60, 1),
        standby_hours=round(sum(service.minutes for service in services if service.standby) / 60, 1),
        services={code: codes[code] for code in sorted(codes)},
        capacity=capacity,
        blocked_slots=blocked,
        unavailable_slots=unavailable,
    )


def staff_of(problem: Problem, kind: FairnessKind) -> list[int]:
    """Those who may do work of a kind."""
    staff = plannable(problem)
    if kind not in ("nights", "system services"):
        return list(staff)
    of_kind = {n for n, one in enumerate(problem.services) if (is_night(one) if kind == "nights" else one.is_system)}
    return [employee for employee in staff if any(problem.capabilities.get((employee, service), 0) for service in of_kind)]


def _spread(kind: FairnessKind, loads: Sequence[EmployeeLoad], of: Callable[[EmployeeLoad], float]) -> Fairness:
    values = [of(one) for one in loads]
    contracts, total = sum(one.contract for one in loads), sum(values)
    shares = [total * one.contract / contracts if contracts else total / len(loads) for one in loads]
    least, most = min(values), max(values)
    return Fairness(
        kind=kind,
        employees=len(loads),
        mean=round(statistics.fmean(values), 1),
        deviation=round(math.sqrt(statistics.fmean((value - share) ** 2 for value, share in zip(values, shares, strict=True))), 1),
        least=least,
        most=most,
        least_for=[one.name for one, value in zip(loads, values, strict=True) if value == least],
        most_for=[one.name for one, value in zip(loads, values, strict=True) if value == most],
    )
