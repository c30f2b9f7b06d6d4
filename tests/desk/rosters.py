"""Rosters on the desk, and edits of them, in a line."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from greedy.desk.edits import Action, Edit, seen_in
from greedy.desk.opened import OpenRoster, lay_open
from greedy.formats.practice import to_problem
from greedy.formats.tables import AssignmentRow, PracticeTables
from greedy.model.problem import Assignment, Problem, Slot, SlotStatus
from greedy.solve.fill import fill
from greedy.store.base import SlotDocument
from greedy.workspace import Workspace


def filled(tables: PracticeTables) -> PracticeTables:
    """The tables with the roster of the greedy fill, as the program's work."""
    workspace = Workspace(to_problem(tables))
    fill(workspace)
    return with_work(tables, workspace.planned())


def with_work(tables: PracticeTables, work: Iterable[Assignment], *, source: str | None = "greedy") -> PracticeTables:
    """The tables with work."""
    problem = to_problem(tables)
    of = {"status": SlotStatus.ACTIVE, "source": source}
    return with_rows(tables, [_row(problem, problem.slot_of(a), service_id=problem.services[a.service].id, **of) for a in work])


def row_of(tables: PracticeTables, slot: Slot, **content: Any) -> AssignmentRow:
    """A row of a slot."""
    return _row(to_problem(tables), slot, **content)


def _row(problem: Problem, slot: Slot, **content: Any) -> AssignmentRow:
    key = {"employee_id": problem.employees[slot.employee].id, "date": problem.date_of(slot.day), "dagdeel": "OMA"[slot.daypart]}
    return AssignmentRow.model_validate({"roster_id": problem.roster_id, **key, **content})


def with_rows(tables: PracticeTables, rows: Iterable[AssignmentRow]) -> PracticeTables:
    """The tables with these rows in the place of those of the same slots."""
    held = {(row.employee_id, row.date, row.dagdeel): row for row in (*tables.roster_assignments, *rows)}
    return tables.model_copy(update={"roster_assignments": list(held.values())})


def without_work(tables: PracticeTables) -> PracticeTables:
    """The tables with absences alone."""
    rows = [row for row in tables.roster_assignments if row.status is SlotStatus.UNAVAILABLE]
    return tables.model_copy(update={"roster_assignments": rows})


def with_status(tables: PracticeTables, status: str) -> PracticeTables:
    """The tables of a roster in another status."""
    return tables.model_copy(update={"rosters": [tables.roster.model_copy(update={"status": status})]})


def edit(opened: OpenRoster, slot: Slot, action: Action, service: str | None = None, **more: Any) -> Edit:
    """A planner's edit of one slot, who has seen what stands there."""
    employee_id, date, dagdeel = opened.key(slot)
    document = SlotDocument.model_validate({"employee_id": employee_id, "date": date, "dagdeel": dagdeel})
    given = {"slots": [document], "seen": [seen_in(opened, slot)], "roster_id": opened.roster_id, **more}
    return Edit.model_validate({**given, "action": action, "service_code": service})


def code(problem: Problem, service: str) -> int:
    """The number of a service."""
    return next(number for number, one in enumerate(problem.services) if one.code == service)


def own_work(opened: OpenRoster, service: str) -> list[Assignment]:
    """Work of the program of a service."""
    number = code(opened.problem, service)
    return [a for a in opened.roster.assignments if a.service == number and a not in opened.problem.pinned]


def open_slot(opened: OpenRoster, dagdeel: int, *, qualified: str | None = None) -> Slot:
    """The first slot of a dagdeel in which nothing stands, of somebody who is qualified for a service and has some of it left."""
    problem = opened.problem
    for slot in (Slot(e, day, dagdeel) for e in range(len(problem.employees)) for day in range(problem.day_count)):
        able = qualified is None or Workspace(problem, opened.roster).capacity_left(slot.employee, code(problem, qualified)) > 0
        if able and seen_in(opened, slot).status is SlotStatus.OPEN:
            return slot
    raise AssertionError("there is no such slot")


def laid(tables: PracticeTables) -> OpenRoster:
    """Laid open."""
    return lay_open(tables)
