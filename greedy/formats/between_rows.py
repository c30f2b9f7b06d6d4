"""What can be wrong between the rows of the practice tables, each of which is sound by itself."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from greedy.formats.tables import AssignmentRow, Dagdeel, PracticeTables, RosterRow, Row, ServiceTypeRow, StaffingRow
from greedy.model.message import Message


@dataclass(frozen=True)
class Fault:
    """Something wrong in a row: table, position in it (0 is the first row), column if one is to blame.

    `kind`: a key that stands more than once, a reference to nothing, or what does not fit something else.
    """

    table: str
    position: int
    column: str | None
    message: Message
    kind: Literal["repeated", "unknown", "unfit"] = "unfit"


def faults_between_rows(tables: PracticeTables) -> Iterator[Fault]:
    """Repeated keys, references that lead nowhere, dates outside the roster, dagdelen that do not fit."""
    yield from _repeated_keys(tables)
    services = {row.id: row for row in tables.service_types}
    employees = {row.id for row in tables.employees}
    roster = tables.roster
    yield from _faults_of_pairs(tables)
    for position, rule in enumerate(tables.service_blocking_rules):
        if rule.service_id in services and rule.dag_offset == 0 and services[rule.service_id].dagdeel == rule.dagdeel:
            message = Message("{service} would block its own slot", service=services[rule.service_id].code)
            yield Fault("service_blocking_rules", position, "dagdeel", message)

    for name in ("service_blocking_rules", "roster_employee_services", "roster_period_staffing_dagdelen", "roster_assignments"):
        for position, row in enumerate(getattr(tables, name)):
            for column, message in _leading_nowhere(row, employees, services):
                yield Fault(name, position, column, message, "unknown")
            for column, message in _not_fitting(row, roster, services):
                yield Fault(name, position, column, message)


def _faults_of_pairs(tables: PracticeTables) -> Iterator[Fault]:
    """Services whose second half is none."""
    codes = {row.code: row for row in tables.service_types}
    seconds: dict[str, str] = {}
    for position, service in enumerate(tables.service_types):
        if service.gekoppeld_aan is None:
            continue
        second = codes.get(service.gekoppeld_aan)
        message = None
        if second is None:
            message = Message("no service has the code {code}", code=service.gekoppeld_aan)
        elif second.dagdeel == service.dagdeel:
            told = {"first": service.code, "second": second.code, "dagdeel": second.dagdeel}
            message = Message("{first} and its second half {second} lie in the same dagdeel {dagdeel}", **told)
        elif second.gekoppeld_aan is not None:
            message = Message("{second} is the second half of {first} and has a second half itself", second=second.code, first=service.code)
        elif second.code in seconds:
            message = Message("{second} is already the second half of {first}", second=second.code, first=seconds[second.code])
        if message:
            yield Fault("service_types", position, "gekoppeld_aan", message)
        seconds[service.gekoppeld_aan] = service.code


def _leading_nowhere(row: Row, employees: set[str], services: dict[UUID, ServiceTypeRow]) -> Iterator[tuple[str, Message]]:
    """Column and message for each reference of one row to what is not there."""
    employee = getattr(row, "employee_id", None)
    if employee is not None and employee not in employees:
        yield "employee_id", Message("no employee has the id {id}", id=employee)
    for column in ("service_id", "blocked_by_service_id"):
        service_id = getattr(row, column, None)
        if service_id is not None and service_id not in services:
            yield column, Message("no service has the id {id}", id=str(service_id))


def _not_fitting(row: Row, roster: RosterRow, services: dict[UUID, ServiceTypeRow]) -> Iterator[tuple[str, Message]]:
    """Column and message for what does not fit the roster or a service in one row."""
    own_roster = getattr(row, "roster_id", roster.id)
    if own_roster != roster.id:
        yield "roster_id", Message("{other} is not the roster of these tables, {roster}", other=own_roster, roster=roster.id)
    day = getattr(row, "date", None)
    if day is not None and not roster.start_date <= day <= roster.end_date:
        yield "date", Message("{day} lies outside the roster, {first} to {last}", day=day, first=roster.start_date, last=roster.end_date)
    for dagdeel, service_id, column in _worked_in(row):
        service = services.get(service_id)
        if service is not None and service.dagdeel != dagdeel:
            told = {"service": service.code, "own": service.dagdeel, "dagdeel": dagdeel}
            yield column, Message("{service} is a service of dagdeel {own}, not {dagdeel}", **told)


def _worked_in(row: Row) -> Iterator[tuple[Dagdeel, UUID, str]]:
    """Dagdeel and service that a row brings together, and the column that would be wrong."""
    if isinstance(row, StaffingRow) and row.required:
        yield row.dagdeel, row.service_id, "dagdeel"
    if isinstance(row, AssignmentRow):
        if row.service_id is not None:
            yield row.dagdeel, row.service_id, "dagdeel"
        if row.blocked_by_dagdeel is not None and row.blocked_by_service_id is not None:
            yield row.blocked_by_dagdeel, row.blocked_by_service_id, "blocked_by_dagdeel"


KEYS: dict[str, list[tuple[str, ...]]] = {
    "employees": [("id",)],
    "service_types": [("id",), ("code",)],
    "service_blocking_rules": [("service_id", "dag_offset", "dagdeel")],
    "roster_employee_services": [("employee_id", "service_id")],
    "roster_period_staffing_dagdelen": [("id",), ("date", "dagdeel", "team", "service_id")],
    "roster_assignments": [("id",), ("employee_id", "date", "dagdeel")],
}


def _repeated_keys(tables: PracticeTables) -> Iterator[Fault]:
    for name, keys in KEYS.items():
        rows = getattr(tables, name)
        for key in keys:
            values = [tuple(getattr(row, column) for column in key) for row in rows]
            times = Counter(values)
            if len(times) == len(values):
                continue
            for position, value in enumerate(values):
                if times[value] > 1 and None not in value:
                    shown = ", ".join(str(part) for part in value)
                    message = Message("{what} stands {times} times", what=shown, times=times[value])
                    yield Fault(name, position, " + ".join(key), message, "repeated")
