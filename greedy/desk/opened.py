"""A roster as it lies open on a planner's desk: its rows, its problem, and what is known of it at once."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TypeVar
from uuid import UUID

from greedy.desk.planned_with import planning_of, problem_of
from greedy.errors import InputError
from greedy.formats.practice import DAGDELEN, planner_notes, structural_absence, to_problem, to_roster
from greedy.formats.tables import AssignmentRow, PracticeTables
from greedy.model.coverage import coverage
from greedy.model.message import Message
from greedy.model.problem import Assignment, Problem, Slot
from greedy.model.roster import Roster
from greedy.model.rules import Violation, check
from greedy.report.grid import Grid, build_grid
from greedy.report.view import PublishedRoster
from greedy.reporting import published_rosters, under_law
from greedy.store.base import RosterMark
from greedy.store.plans import PlanOptions
from greedy.store.publications import Publication

SlotKey = tuple[str, dt.date, str]  # employee id, date, dagdeel
OPEN_AGAIN = Message("open the roster again")
NO_MARK = RosterMark(frame="", slots={})


@dataclass(frozen=True)
class OpenRoster:
    """A roster in one state.

    `digest` names the state, `mark` its parts, and `changed_at` says since when it is so. `violations`: broken rules. `publications`: what
    colleagues were told, in the order of their numbers. `planned_with`: how it was planned last; its limits and wishes hold since.
    `misfit`: why they hold no more, as people, services or dates have changed. What is costly is made when it is asked for, once; it may
    be read from several threads, and nothing of it is ever changed.
    """

    tables: PracticeTables
    problem: Problem
    roster: Roster
    violations: tuple[Violation, ...]
    digest: str = ""
    changed_at: dt.datetime | None = None
    publications: tuple[PublishedRoster, ...] = ()
    planned_with: PlanOptions | None = None
    misfit: InputError | None = None
    mark: RosterMark = NO_MARK

    @property
    def roster_id(self) -> UUID:
        """Id of the roster."""
        return self.tables.roster.id

    @property
    def name(self) -> str:
        """Name of the roster; its id when it has none."""
        return self.tables.roster.naam or str(self.roster_id)

    @property
    def status(self) -> str:
        """`draft`, `in_progress` or `final`."""
        return self.tables.roster.status

    @property
    def is_final(self) -> bool:
        """Whether nobody may change it."""
        return self.status == "final"

    @cached_property
    def rows(self) -> Mapping[SlotKey, AssignmentRow]:
        """The rows of the database that say something, by slot."""
        return {(row.employee_id, row.date, row.dagdeel): row for row in self.tables.roster_assignments}

    @cached_property
    def employee_numbers(self) -> Mapping[str, int]:
        """Id -> number."""
        return {employee.id: number for number, employee in enumerate(self.problem.employees)}

    @cached_property
    def service_numbers(self) -> Mapping[str, int]:
        """Code -> number."""
        return {service.code: number for number, service in enumerate(self.problem.services)}

    @cached_property
    def structural(self) -> frozenset[Slot]:
        """Slots in the fixed weekly absence of an employee, which no row needs to hold."""
        return frozenset(structural_absence(self.tables))

    @cached_property
    def notes(self) -> Mapping[Slot, str]:
        """Words of planners, by slot."""
        return planner_notes(self.tables)

    @property
    def published(self) -> Roster | None:
        """What colleagues were told last; None before the first publication."""
        return Roster.of(self.publications[-1].assignments) if self.publications else None

    @cached_property
    def grid(self) -> Grid:
        """The roster as a grid, marked where it is not what colleagues were told last."""
        return build_grid(self.problem, self.roster, before=self.published, violations=self.violations, notes=self.notes)

    @cached_property
    def missing(self) -> Mapping[int, int]:
        """Demand row -> shifts of it that nobody works; rows without any are absent."""
        assigned = coverage(self.problem, self.roster).assigned
        return {n: row.required - assigned[n] for n, row in enumerate(self.problem.demand) if assigned[n] < row.required}

    @cached_property
    def under_law(self) -> Problem:
        """The problem with the law of working time, which is reported here and not enforced."""
        return under_law(self.problem, planning_of(self.planned_with) if self.planned_with and not self.misfit else None)

    def slot(self, employee_id: str, date: dt.date, dagdeel: str) -> Slot:
        """The slot of an employee id, date and dagdeel.

        Raises
        ------
        InputError
            The roster has no such slot.
        """
        employee, day = self.employee_numbers.get(employee_id), (date - self.problem.first_day).days
        if employee is None:
            raise InputError(Message("no employee of this roster has the id {id}", id=employee_id), next_step=OPEN_AGAIN)
        if day not in range(self.problem.day_count):
            last = self.problem.date_of(self.problem.day_count - 1)
            raise InputError(
                Message("{date} lies outside the roster, {first} to {last}", date=date, first=self.problem.first_day, last=last),
                next_step=Message("choose a date of the roster"),
            )
        if dagdeel not in DAGDELEN:
            raise InputError(
                Message("there is no dagdeel {dagdeel}", dagdeel=dagdeel),
                next_step=Message("choose one of {known}", known=", ".join(DAGDELEN)),
            )
        return Slot(employee, day, DAGDELEN.index(dagdeel))

    def key(self, slot: Slot) -> SlotKey:
        """Employee id, date and dagdeel of a slot."""
        return self.problem.employees[slot.employee].id, self.problem.date_of(slot.day), DAGDELEN[slot.daypart]

    def service(self, code: str) -> int:
        """The number of a service by its code.

        Raises
        ------
        InputError
            The roster has no such service.
        """
        if (number := self.service_numbers.get(code)) is None:
            raise InputError(
                Message("no service of this roster has the code {code}", code=code),
                next_step=Message("choose one of {known}", known=", ".join(self.service_numbers)),
            )
        return number

    def demand_row(self, date: dt.date, service_code: str, team: str) -> int:
        """The number of a demand row by its natural key.

        Raises
        ------
        InputError
            Nothing of the kind is asked for.
        """
        service, day = self.service(service_code), (date - self.problem.first_day).days
        for row in self.problem.demand_by_cell.get((day, service), ()):
            if self.problem.demand_teams[self.problem.demand[row].team].code == team:
                return row
        raise InputError(
            Message("no {service} of team {team} is asked for on {date}", service=service_code, team=team, date=date), next_step=OPEN_AGAIN
        )


def lay_open(
    tables: PracticeTables,
    *,
    digest: str = "",
    changed_at: dt.datetime | None = None,
    publications: Sequence[Publication] = (),
    planned_with: PlanOptions | None = None,
    mark: RosterMark = NO_MARK,
) -> OpenRoster:
    """Open a roster from its rows.

    Parameters
    ----------
    tables
        As a store loads them.
    digest, changed_at, mark
        The state of the database that they came from.
    publications
        With their slots.
    planned_with
        How it was planned last.
    """
    misfit = None
    try:
        problem = problem_of(tables, planned_with or PlanOptions())
    except InputError as exc:
        problem, misfit = to_problem(tables), exc
    roster = to_roster(tables)
    return OpenRoster(
        tables,
        problem,
        roster,
        tuple(check(problem, roster)),
        digest,
        changed_at,
        published_rosters(problem, publications),
        planned_with,
        misfit,
        mark,
    )


def with_rows(opened: OpenRoster, employees: Collection[str], rows: Iterable[AssignmentRow]) -> OpenRoster:
    """The roster with other slots of some employees: the same as if it were opened from all of its rows, for a part of the work.

    What slots make of a problem, each employee's make by themselves; so only theirs are read.

    Parameters
    ----------
    opened
        As it was.
    employees
        Ids of those whose slots are others now.
    rows
        All rows of these employees.
    """
    tables, problem = opened.tables, opened.problem
    theirs = tables.model_copy(update={"roster_assignments": list(rows)})
    numbers = {opened.employee_numbers[employee] for employee in employees}
    made = to_problem(theirs)
    now = replace(
        problem,
        pinned=tuple(sorted((*_without(problem.pinned, numbers), *made.pinned), key=lambda one: one.employee)),
        unavailable=frozenset((*_without(problem.unavailable, numbers), *_only(made.unavailable, numbers))),
        blocked=frozenset((*_without(problem.blocked, numbers), *made.blocked)),
    )
    problem = problem if now == problem else now  # the one that is there has thought already
    roster = Roster.of((*_without(opened.roster.assignments, numbers), *to_roster(theirs).assignments))
    return replace(
        opened,
        tables=tables_with(tables, employees, theirs.roster_assignments),
        problem=problem,
        roster=roster,
        violations=tuple(check(problem, roster)),
    )


def tables_with(tables: PracticeTables, employees: Collection[str], rows: Iterable[AssignmentRow]) -> PracticeTables:
    """The tables with other slots of some employees, in the order in which a store loads them: dagdelen by their letters."""
    by_employee: defaultdict[str, list[AssignmentRow]] = defaultdict(list)
    kept = (row for row in tables.roster_assignments if row.employee_id not in employees)
    for row in (*kept, *sorted(rows, key=lambda row: (row.date, row.dagdeel))):
        by_employee[row.employee_id].append(row)
    in_order = [row for employee in tables.employees for row in by_employee[employee.id]]
    return tables.model_copy(update={"roster_assignments": in_order})


OfEmployee = TypeVar("OfEmployee", Slot, Assignment)


def _without(some: Iterable[OfEmployee], employees: Collection[int]) -> list[OfEmployee]:
    return [one for one in some if one.employee not in employees]


def _only(some: Iterable[OfEmployee], employees: Collection[int]) -> list[OfEmployee]:
    return [one for one in some if one.employee in employees]
