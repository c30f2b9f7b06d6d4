"""A roster as a JSON document: what `greedy solve` writes and `greedy check` reads."""

from __future__ import annotations

import datetime as dt

from pydantic import BaseModel, ValidationError

from greedy.errors import InputError
from greedy.model.problem import Assignment, Problem
from greedy.model.roster import Roster


class AssignmentDocument(BaseModel):
    """An assignment by ids and codes. `pinned`: it stood before."""

    employee_id: str
    date: dt.date
    service_code: str
    pinned: bool = False


class RosterDocument(BaseModel):
    """A roster of one problem."""

    roster_id: str
    assignments: list[AssignmentDocument]


def to_document(problem: Problem, roster: Roster) -> RosterDocument:
    """The roster with ids, dates and codes."""
    pinned = set(problem.pinned)
    return RosterDocument(
        roster_id=problem.roster_id,
        assignments=[
            AssignmentDocument(
                employee_id=problem.employees[assignment.employee].id,
                date=problem.date_of(assignment.day),
                service_code=problem.services[assignment.service].code,
                pinned=assignment in pinned,
            )
            for assignment in roster.assignments
        ],
    )


def parse_document(text: bytes | str, name: str) -> RosterDocument:
    """The document of a text; `name` stands in messages.

    Raises
    ------
    InputError
        It is not such a document; every fault is listed.
    """
    try:
        return RosterDocument.model_validate_json(text)
    except ValidationError as exc:
        wrong = [f"{'.'.join(str(part) for part in error['loc']) or 'document'}: {error['msg']}" for error in exc.errors(include_url=False)]
        raise InputError(
            f"{name} is not a roster document", details=wrong, next_step="write one with greedy solve FILE -o ROSTER"
        ) from None


def to_roster(document: RosterDocument, name: str, problem: Problem) -> Roster:
    """The roster of a document that was made for `problem`.

    Raises
    ------
    InputError
        It is of another roster, or names what the problem does not have; every fault is listed.
    """
    if document.roster_id != problem.roster_id:
        raise InputError(f"{name} is a roster for {document.roster_id}, not for {problem.roster_id}")
    employees = {employee.id: number for number, employee in enumerate(problem.employees)}
    services = {service.code: number for number, service in enumerate(problem.services)}
    faults: list[str] = []
    assignments: list[Assignment] = []
    for number, one in enumerate(document.assignments):
        employee, service = employees.get(one.employee_id), services.get(one.service_code)
        if employee is None:
            faults.append(f"assignments.{number}: no employee has the id {one.employee_id}")
        if service is None:
            faults.append(f"assignments.{number}: no service has the code {one.service_code}")
        if employee is not None and service is not None:
            assignments.append(Assignment(employee, (one.date - problem.first_day).days, service))
    if faults:
        raise InputError(f"{name} does not fit the problem", details=faults)
    return Roster.of(assignments)
