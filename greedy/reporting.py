"""FASE 5: a roster that stands or was made just now as a report, and as the view that pictures and files are drawn from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING
from uuid import UUID
from zoneinfo import ZoneInfo

from greedy.formats.practice import planner_notes, to_problem, to_roster
from greedy.model.law import WorkingTime
from greedy.model.problem import Assignment, Problem, Service, Slot
from greedy.model.roster import Roster
from greedy.model.rules import check
from greedy.report import Report, build_report
from greedy.report.figures.costs import solver_summary
from greedy.report.grid import build_grid
from greedy.report.view import DepartedShift, PublishedRoster, ReportView, RosterStatus
from greedy.solve.bound import coverage_bound
from greedy.solve.explain import explain_open_demand
from greedy.wording import ENGLISH, Words

if TYPE_CHECKING:
    from greedy.formats.planning import Planning
    from greedy.formats.tables import ServiceTypeRow
    from greedy.solve.process import Solved
    from greedy.store.functions import FunctionStore
    from greedy.store.publications import Publication

Before = Callable[[Problem], Awaitable[Roster]]  # finds the roster to compare with, in the numbers of a problem


def report_solved(
    problem: Problem,
    solved: Solved,
    *,
    name: str,
    words: Words = ENGLISH,
    before: Roster | None = None,
    generated_at: dt.datetime | None = None,
) -> Report:
    """A report on a roster that was made just now; see `build_report`."""
    result = solved.result
    return build_report(
        problem,
        result.roster,
        name=name,
        open_demand=result.open_demand,
        bound=coverage_bound(problem),
        conflicts=result.conflicts,
        solver=solver_summary(solved, words),
        words=words,
        before=before,
        generated_at=generated_at,
    )


def report_standing(
    problem: Problem,
    roster: Roster,
    *,
    name: str,
    words: Words = ENGLISH,
    before: Roster | None = None,
    generated_at: dt.datetime | None = None,
) -> Report:
    """A report on a roster that stands already; see `build_report`."""
    return build_report(
        problem,
        roster,
        name=name,
        open_demand=explain_open_demand(problem, roster),
        bound=coverage_bound(problem),
        words=words,
        before=before,
        generated_at=generated_at,
    )


def view_of(
    problem: Problem,
    roster: Roster,
    report: Report,
    *,
    status: RosterStatus,
    generated_at: dt.datetime,
    before: Roster | None = None,
    publications: Iterable[Publication] = (),
    notes: Mapping[Slot, str] | None = None,
) -> ReportView:
    """The view of a roster that was reported on; its grid marks what changed since `before`, and where planners left `notes`."""
    return ReportView(
        report=report,
        grid=build_grid(problem, roster, before=before, violations=check(problem, roster), notes=notes),
        name=report.name or report.roster_id,
        status=status,
        generated_at=generated_at,
        publications=published_rosters(problem, publications),
        comparison=report.comparison,
    )


async def view_roster(
    store: FunctionStore,
    roster_id: UUID,
    *,
    words: Words = ENGLISH,
    planning: Planning | None = None,
    before: Before | None = None,
) -> ReportView:
    """The roster that stands in a database, as a view.

    Parameters
    ----------
    store, roster_id
        Where the roster is.
    words
        Language of the report.
    planning
        Wishes, limits and the rest that the database does not hold.
    before
        Finds the roster to compare with; none by default.

    Raises
    ------
    GreedyError
        The roster cannot be loaded, or the one to compare with cannot be found.
    """
    tables = await store.load(roster_id)
    problem = under_law(to_problem(tables, planning=planning), planning)
    roster, earlier = to_roster(tables), None if before is None else await before(problem)
    moment = dt.datetime.now(ZoneInfo(problem.timezone))
    report = report_standing(problem, roster, name=tables.roster.naam or "", words=words, before=earlier, generated_at=moment)
    published = await store.publications.list(roster_id, with_slots=True)
    return view_of(
        problem,
        roster,
        report,
        status=tables.roster.status,
        generated_at=moment,
        before=earlier,
        publications=published,
        notes=planner_notes(tables),
    )


def under_law(problem: Problem, planning: Planning | None = None) -> Problem:
    """The problem with the law of working time, which is reported where it is not enforced, unless the planning file speaks of it."""
    told = problem.working_time is not None or (planning is not None and planning.file.working_time is not None)
    return problem if told else replace(problem, working_time=WorkingTime())


def published_rosters(problem: Problem, publications: Iterable[Publication]) -> tuple[PublishedRoster, ...]:
    """Publications in the numbers of a problem, the first one first; work of people or services that have gone is told apart."""
    employees = {employee.id: number for number, employee in enumerate(problem.employees)}
    services = {service.id: number for number, service in enumerate(problem.services)}

    def published(one: Publication) -> PublishedRoster:
        names = one.people | {employee.id: employee.name for employee in problem.employees}
        told = {str(row.id): _service(row, problem) for row in one.services}
        assignments, departed = [], []
        for slot in one.slots:
            employee, service = employees.get(slot.employee_id), services.get(service_id := str(slot.service_id))
            if employee is not None and service is not None and problem.dayparts[problem.services[service].daypart] == slot.dagdeel:
                assignments.append(Assignment(employee, (slot.date - problem.first_day).days, service))
            else:
                unknown = Service(service_id, slot.dagdeel, problem.dayparts.index(slot.dagdeel), minutes=0)
                name = names.get(slot.employee_id) or slot.employee_id
                departed.append(DepartedShift(slot.employee_id, name, slot.date, slot.dagdeel, told.get(service_id, unknown)))
        return PublishedRoster(one.number, one.published_at, tuple(sorted(assignments)), tuple(departed), told)

    return tuple(published(one) for one in sorted(publications, key=lambda one: one.number))


def _service(row: ServiceTypeRow, problem: Problem) -> Service:
    begin = row.begintijd.hour * 60 + row.begintijd.minute
    return Service(str(row.id), row.code, problem.dayparts.index(row.dagdeel), row.duur_minuten, begin_minute=begin)
