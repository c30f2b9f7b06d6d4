"""A roster against another one of the same staff and dates: what changed, and for whom."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Literal

from greedy.errors import InputError
from greedy.model.coverage import coverage
from greedy.model.message import Message
from greedy.model.problem import Assignment, Problem
from greedy.model.roster import Roster
from greedy.report.document import Document


class ComparisonLine(Document):
    """A slot of an employee whose work came (`new`), went (`gone`), or is another service now (`other`).

    `before`, `after`: codes of the services. `given_to`: who works now what she worked; `taken_from`: who worked what she works now.
    """

    employee_id: str
    name: str
    date: dt.date
    dagdeel: str
    change: Literal["new", "gone", "other"]
    before: str | None
    after: str | None
    given_to: str | None
    taken_from: str | None


class EmployeeChange(Document):
    """What changed for one employee, in assignments. `slots`: slots that are not as they were."""

    employee_id: str
    name: str
    kept: int
    gone: int
    new: int
    slots: int


class Comparison(Document):
    """A roster against another, in assignments: those that both have, that the earlier one alone has, that the later one alone has.

    `moved`: shifts that somebody else works now; each is one of `gone` and one of `new`. `assigned_before`, `assigned_after`: demand that
    is met. `employees`: those for whom something changed. `lines`: in the order of employee, date and dagdeel.
    """

    kept: int
    gone: int
    new: int
    moved: int
    assigned_before: int
    assigned_after: int
    employees: list[EmployeeChange]
    lines: list[ComparisonLine]

    @property
    def same(self) -> bool:
        """Whether nothing changed."""
        return not self.lines


def compare(problem: Problem, before: Roster, after: Roster) -> Comparison:
    """How `after` differs from `before`, both in the numbers of `problem`; work outside its dates is left out."""
    had, has = _inside(problem, before), _inside(problem, after)
    gone, new = had - has, has - had
    given_to, taken_from = _movements(gone, new)
    lines = list(_lines(problem, gone, new, given_to, taken_from))
    return Comparison(
        kept=len(had & has),
        gone=len(gone),
        new=len(new),
        moved=len(given_to),
        assigned_before=_met(problem, had),
        assigned_after=_met(problem, has),
        employees=_employees(problem, had & has, gone, new, lines),
        lines=lines,
    )


def in_numbers_of(problem: Problem, other: Problem, roster: Roster) -> Roster:
    """A roster of another problem, in the numbers of this one: by ids of employees, codes of services, and dates.

    Raises
    ------
    InputError
        It has work of employees or services that this problem does not know; all are listed.
    """
    employees = {employee.id: number for number, employee in enumerate(problem.employees)}
    services = {service.code: number for number, service in enumerate(problem.services)}
    strangers = {
        f"employee {one.id}, {one.name}" for a in roster.assignments if (one := other.employees[a.employee]).id not in employees
    } | {f"service {code}" for a in roster.assignments if (code := other.services[a.service].code) not in services}
    if strangers:
        raise InputError(
            Message(
                "roster {other} cannot be compared with {roster}: it has other employees or services",
                other=other.roster_id,
                roster=problem.roster_id,
            ),
            details=sorted(strangers),
            next_step=Message("compare rosters of the same staff and services"),
        )
    later = (other.first_day - problem.first_day).days
    return Roster.of(
        Assignment(employees[other.employees[a.employee].id], a.day + later, services[other.services[a.service].code])
        for a in roster.assignments
    )


def _inside(problem: Problem, roster: Roster) -> frozenset[Assignment]:
    return frozenset(a for a in roster.assignments if a.day in range(problem.day_count))


def _movements(gone: Iterable[Assignment], new: Iterable[Assignment]) -> tuple[dict[Assignment, int], dict[Assignment, int]]:
    """Work that went -> who took it; work that came -> who had it. Shifts of one day and service are the same work."""
    takers: dict[tuple[int, int], list[Assignment]] = defaultdict(list)
    for assignment in sorted(new):
        takers[assignment.day, assignment.service].append(assignment)
    given_to: dict[Assignment, int] = {}
    taken_from: dict[Assignment, int] = {}
    for assignment in sorted(gone):
        waiting = takers[assignment.day, assignment.service]
        if waiting:
            taker = waiting.pop(0)
            given_to[assignment], taken_from[taker] = taker.employee, assignment.employee
    return given_to, taken_from


def _lines(
    problem: Problem,
    gone: Iterable[Assignment],
    new: Iterable[Assignment],
    given_to: dict[Assignment, int],
    taken_from: dict[Assignment, int],
) -> Iterable[ComparisonLine]:
    went, came = {problem.slot_of(a): a for a in sorted(gone)}, {problem.slot_of(a): a for a in sorted(new)}
    for slot in sorted(went.keys() | came.keys()):
        before, after = went.get(slot), came.get(slot)
        yield ComparisonLine(
            employee_id=problem.employees[slot.employee].id,
            name=problem.employees[slot.employee].name,
            date=problem.date_of(slot.day),
            dagdeel=problem.dayparts[slot.daypart],
            change="new" if before is None else "gone" if after is None else "other",
            before=None if before is None else problem.services[before.service].code,
            after=None if after is None else problem.services[after.service].code,
            given_to=None if before not in given_to else problem.employees[given_to[before]].name,
            taken_from=None if after not in taken_from else problem.employees[taken_from[after]].name,
        )


def _employees(
    problem: Problem,
    kept: Iterable[Assignment],
    gone: Iterable[Assignment],
    new: Iterable[Assignment],
    lines: Sequence[ComparisonLine],
) -> list[EmployeeChange]:
    stayed, went, came = (Counter(a.employee for a in some) for some in (kept, gone, new))
    slots = Counter(line.employee_id for line in lines)
    return [
        EmployeeChange(
            employee_id=employee.id,
            name=employee.name,
            kept=stayed[number],
            gone=went[number],
            new=came[number],
            slots=slots[employee.id],
        )
        for number, employee in enumerate(problem.employees)
        if slots[employee.id]
    ]


def _met(problem: Problem, work: Iterable[Assignment]) -> int:
    """Shifts of the demand that a roster meets; what is over meets nothing."""
    served = coverage(problem, Roster.of(work)).assigned
    return sum(min(worked, row.required) for worked, row in zip(served, problem.demand, strict=True))
