"""build_report: a roster and its problem into a Report. Counts, and nothing that is not in them."""

from __future__ import annotations

import datetime as dt
import statistics
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from typing import TypeVar

from greedy.model.coverage import coverage
from greedy.model.objective import cost_items
from greedy.model.problem import Problem
from greedy.model.result import Conflict, OpenDemand
from greedy.model.roster import Roster, blocked_slots
from greedy.model.rules import check
from greedy.model.working_time import working_time_findings
from greedy.report.costs import by_priority, changes, gave_way
from greedy.report.model import (
    ConflictLine,
    CoverageSummary,
    DayCoverage,
    EmployeeLoad,
    Fairness,
    NamedCoverage,
    OpenDemandLine,
    Report,
    SlotSummary,
    SolverSummary,
    SummaryStatus,
    ViolationLine,
    WorkingTimeLine,
)

Key = TypeVar("Key", str, dt.date)
NEAR_COMPLETE_PERCENT, PARTIAL_PERCENT = 95.0, 80.0
SATURDAY = 5
SHOWN_NAMES = 3


def build_report(
    problem: Problem,
    roster: Roster,
    *,
    name: str,
    open_demand: Sequence[OpenDemand],
    bound: int,
    conflicts: Sequence[Conflict] = (),
    solver: SolverSummary | None = None,
) -> Report:
    """Report on a roster.

    Parameters
    ----------
    problem, roster
        The roster and what it was made for.
    name
        The roster's name.
    open_demand
        Demand that is not met, with reasons (`greedy.solve.explain`).
    bound
        No roster covers more shifts than this.
    conflicts
        What stands against each other, when no roster keeps every rule.
    solver
        What made the roster, when it was made just now.
    """
    served = coverage(problem, roster).assigned
    assigned = [min(worked, row.required) for worked, row in zip(served, problem.demand, strict=True)]  # what is over covers nothing
    lines = [_open_line(problem, one) for one in open_demand]
    total = sum(assigned)
    percent = _percent(total, problem.required)
    employees = _employees(problem, roster)
    items = cost_items(problem, roster)
    return Report(
        roster_id=problem.roster_id,
        name=name,
        start_date=problem.date_of(0),
        end_date=problem.date_of(problem.day_count - 1),
        status=_status(total, problem.required, percent),
        coverage=CoverageSummary(
            needed=problem.required, assigned=total, open=problem.required - total, percent=percent, upper_bound=bound
        ),
        services=[NamedCoverage(code=c, needed=n, assigned=a) for c, n, a in _grouped(problem, assigned, lambda row: _code(problem, row))],
        teams=[
            NamedCoverage(code=c, needed=n, assigned=a)
            for c, n, a in _grouped(problem, assigned, lambda row: problem.demand_teams[problem.demand[row].team].code)
        ],
        days=[
            DayCoverage(date=d, needed=n, assigned=a)
            for d, n, a in _grouped(problem, assigned, lambda row: problem.date_of(problem.demand[row].day))
        ],
        employees=employees,
        open_demand=lines,
        slots=_slots(problem, roster),
        fairness=_fairness(one for one, employee in zip(employees, problem.employees, strict=True) if employee.active),
        violations=[ViolationLine(rule=v.rule, message=v.message, pinned=v.pinned) for v in check(problem, roster)],
        conflicts=[ConflictLine(message=one.message, parts=list(one.parts)) for one in conflicts],
        costs=by_priority(items),
        gave_way=gave_way(items),
        working_time=[
            WorkingTimeLine(rule=one.rule, message=one.message, source=one.source, enforced=one.enforced)
            for one in working_time_findings(problem, roster)
        ],
        changes=changes(problem, roster),
        solver=solver,
        recommendations=_recommendations(lines),
    )


def _status(assigned: int, needed: int, percent: float) -> SummaryStatus:
    if assigned == needed:
        return "COMPLETE"
    if percent >= NEAR_COMPLETE_PERCENT:
        return "NEAR COMPLETE"
    return "PARTIAL" if percent >= PARTIAL_PERCENT else "INCOMPLETE"


def _percent(assigned: int, needed: int) -> float:
    return round(100 * assigned / needed, 1) if needed else 100.0


def _code(problem: Problem, row: int) -> str:
    return problem.services[problem.demand[row].service].code


def _grouped(problem: Problem, assigned: Sequence[int], key: Callable[[int], Key]) -> list[tuple[Key, int, int]]:
    """Key, shifts needed and shifts assigned, in the order of the keys."""
    needed: Counter[Key] = Counter()
    worked: Counter[Key] = Counter()
    for row, demand in enumerate(problem.demand):
        needed[key(row)] += demand.required
        worked[key(row)] += assigned[row]
    return [(one, needed[one], worked[one]) for one in sorted(needed)]


def _open_line(problem: Problem, one: OpenDemand) -> OpenDemandLine:
    demand = problem.demand[one.row]
    return OpenDemandLine(
        date=problem.date_of(demand.day),
        dagdeel=problem.dayparts[problem.services[demand.service].daypart],
        team=problem.demand_teams[demand.team].code,
        service_code=problem.services[demand.service].code,
        missing=one.missing,
        reasons={str(obstacle): count for obstacle, count in one.reasons.items()},
        free=[problem.employees[employee].name for employee in one.free],
        blocked_by=list(one.blocked_by),
        limits_reached=list(one.limits_reached),
        smallest_change=one.smallest_change,
        one_more_for=[problem.employees[employee].name for employee in one.one_more_for],
    )


def _employees(problem: Problem, roster: Roster) -> list[EmployeeLoad]:
    shifts = Counter(a.employee for a in roster.assignments)
    days = {(a.employee, a.day) for a in roster.assignments}
    minutes: Counter[int] = Counter()
    for assignment in roster.assignments:
        minutes[assignment.employee] += problem.services[assignment.service].minutes
    capacity: Counter[int] = Counter()
    for (employee, _), most in problem.capabilities.items():
        capacity[employee] += most
    worked_days = Counter(employee for employee, _ in days)
    weekends = Counter(employee for employee, day in days if problem.date_of(day).weekday() >= SATURDAY)
    blocked = Counter(block.slot.employee for block in blocked_slots(problem, roster))
    unavailable = Counter(slot.employee for slot in problem.unavailable)
    return [
        EmployeeLoad(
            employee_id=employee.id,
            name=employee.name,
            team=employee.team,
            shifts=shifts[number],
            days=worked_days[number],
            weekend_days=weekends[number],
            hours=round(minutes[number] / 60, 1),
            capacity=capacity[number],
            blocked_slots=blocked[number],
            unavailable_slots=unavailable[number],
        )
        for number, employee in enumerate(problem.employees)
    ]


def _slots(problem: Problem, roster: Roster) -> SlotSummary:
    total = len(problem.employees) * problem.day_count * len(problem.dayparts)
    active = len(roster.assignments)
    blocked = len(blocked_slots(problem, roster)) + len(problem.blocked)
    unavailable = len(problem.unavailable)
    return SlotSummary(
        total=total,
        active=active,
        pinned=len(problem.pinned),
        blocked=blocked,
        unavailable=unavailable,
        open=total - active - blocked - unavailable,
    )


def _fairness(employees: Iterable[EmployeeLoad]) -> list[Fairness]:
    loads = list(employees)
    kinds = {
        "shifts": [one.shifts for one in loads],
        "days": [one.days for one in loads],
        "weekend days": [one.weekend_days for one in loads],
    }
    return [
        Fairness(
            kind=kind,
            mean=round(statistics.fmean(values), 1),
            deviation=round(statistics.pstdev(values), 1),
            least=min(values),
            most=max(values),
        )
        for kind, values in kinds.items()
        if values
    ]


def _some(names: Sequence[str]) -> str:
    others = len(names) - SHOWN_NAMES
    return ", ".join(names[:SHOWN_NAMES]) + (f" or {others} more" if others > 0 else "")


def _recommendations(lines: Sequence[OpenDemandLine]) -> list[str]:
    """One line for each open shift that one more of its service would fill, and one for each that it would not."""
    found = []
    for line in lines:
        what = f"{line.service_code} {line.team} on {line.date} {line.dagdeel}"
        if line.free:
            found.append(f"{what}: can be given to {_some(line.free)} as the roster stands")
        elif line.one_more_for:
            found.append(f"{what}: allow one more {line.service_code} for {_some(line.one_more_for)}")
        else:
            commonest = max(line.reasons, key=lambda reason: line.reasons[reason], default=None)
            why = "" if commonest is None else f" ({line.reasons[commonest]} employees: {commonest})"
            found.append(f"{what}: {line.smallest_change}{why}")
    return found
