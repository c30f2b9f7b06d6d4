"""The practice tables: one pydantic model a row, with the database's column names, and the faults that rows can have between them."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Iterator
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from greedy.model.problem import SlotStatus

Dagdeel = Literal["O", "M", "A"]
Weekday = Literal["ma", "di", "wo", "do", "vr", "za", "zo"]
EmployeeTeam = Literal["Groen", "Oranje", "Overig"]
DemandTeamCode = Literal["TOT", "GRO", "ORA"]
EmployeeId = Annotated[str, Field(min_length=1, max_length=64, pattern=r"^[^\x00-\x1f\x7f]+$")]
Text = Annotated[str, Field(max_length=2000, pattern=r"^[^\x00]*$")]

LONGEST_ROSTER_DAYS = 732
PROGRAM_SOURCE = "greedy"  # status 1 rows of the program: the only ones that it ever replaces
BLOCKING_SOURCE = "greedy-blocking"  # status 2 rows that the program wrote or adopted
TRIGGER_SOURCE = "trigger"  # status 2 rows that the database's triggers made


class Row(BaseModel):
    """A row of a table."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class RosterRow(Row):
    """rosters"""

    id: UUID
    naam: Text | None = None
    start_date: dt.date
    end_date: dt.date
    status: Literal["draft", "in_progress", "final"] = "draft"

    @model_validator(mode="after")
    def _dates_in_order(self) -> RosterRow:
        if self.end_date < self.start_date:
            raise ValueError(f"end_date {self.end_date} lies before start_date {self.start_date}")
        if self.day_count > LONGEST_ROSTER_DAYS:
            raise ValueError(f"the roster is {self.day_count} days long, at most {LONGEST_ROSTER_DAYS}")
        return self

    @property
    def day_count(self) -> int:
        """Days of the roster, both ends included."""
        return (self.end_date - self.start_date).days + 1


class EmployeeRow(Row):
    """employees"""

    id: EmployeeId
    voornaam: Annotated[Text, Field(min_length=1)]
    achternaam: Text | None = None
    email: Annotated[str, Field(pattern=r"^[^\x00\n]+@[^\x00\n]+$", max_length=320)] | None = None
    team: EmployeeTeam
    dienstverband: Text | None = None
    aantalwerkdagen: Annotated[int, Field(ge=0, le=366)] | None = None
    structureel_nbh: dict[Weekday, list[Dagdeel]] = Field(default_factory=dict)
    actief: bool = True

    @field_validator("structureel_nbh", mode="before")
    @classmethod
    def _absence_from_text(cls, value: object) -> object:
        try:
            return json.loads(value) if isinstance(value, str) else value
        except RecursionError:
            raise ValueError("brackets in brackets without end") from None

    @property
    def name(self) -> str:
        """First and last name."""
        return f"{self.voornaam} {self.achternaam or ''}".strip()


class ServiceTypeRow(Row):
    """service_types"""

    id: UUID
    code: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,16}$")]
    naam: Annotated[Text, Field(min_length=1)]
    dagdeel: Dagdeel
    begintijd: dt.time
    eindtijd: dt.time
    duur_minuten: Annotated[int, Field(ge=1, le=1440)]
    is_system: bool = False
    blokkeert_volgdag: bool = False
    gekoppeld_aan: str | None = None
    actief: bool = True


class BlockingRuleRow(Row):
    """service_blocking_rules"""

    service_id: UUID
    dag_offset: Annotated[int, Field(ge=-7, le=7)]
    dagdeel: Dagdeel


class CapabilityRow(Row):
    """roster_employee_services"""

    roster_id: UUID
    employee_id: EmployeeId
    service_id: UUID
    aantal: Annotated[int, Field(ge=0, le=999)]
    actief: bool = True


class StaffingRow(Row):
    """roster_period_staffing_dagdelen"""

    id: UUID | None = None
    roster_id: UUID
    date: dt.date
    dagdeel: Dagdeel
    team: DemandTeamCode
    service_id: UUID
    status: Literal["MOET", "MAG", "MAG_NIET", "AANGEPAST"]
    aantal: Annotated[int, Field(ge=0, le=9)]

    @property
    def required(self) -> int:
        """Employees asked for: MAG_NIET asks for nobody."""
        return 0 if self.status == "MAG_NIET" else self.aantal


class AssignmentRow(Row):
    """roster_assignments"""

    id: UUID | None = None
    roster_id: UUID
    employee_id: EmployeeId
    date: dt.date
    dagdeel: Dagdeel
    service_id: UUID | None = None
    status: SlotStatus
    source: Text | None = None
    notes: Text | None = None
    blocked_by_date: dt.date | None = None
    blocked_by_dagdeel: Dagdeel | None = None
    blocked_by_service_id: UUID | None = None

    @field_validator("status", mode="before")
    @classmethod
    def _status_from_text(cls, value: object) -> object:
        return int(value) if isinstance(value, str) and value.isascii() and value.isdigit() else value

    @model_validator(mode="after")
    def _content_fits_status(self) -> AssignmentRow:
        if (self.status is SlotStatus.ACTIVE) != (self.service_id is not None):
            raise ValueError(f"status {self.status:d} {'without' if self.service_id is None else 'with'} a service_id")
        blockers = (self.blocked_by_date, self.blocked_by_dagdeel, self.blocked_by_service_id)
        if any(part is None for part in blockers) if self.status is SlotStatus.BLOCKED else any(part is not None for part in blockers):
            raise ValueError(
                f"status {self.status:d} with blocked_by_date, _dagdeel and _service_id {'incomplete' if self.status == 2 else 'filled'}"
            )
        return self


class PracticeTables(BaseModel):
    """One roster with all that belongs to it, as rows. `input_digest` names the state of the database that it came from."""

    model_config = ConfigDict(frozen=True)

    rosters: Annotated[list[RosterRow], Field(min_length=1, max_length=1)]
    employees: list[EmployeeRow]
    service_types: list[ServiceTypeRow]
    service_blocking_rules: list[BlockingRuleRow]
    roster_employee_services: list[CapabilityRow]
    roster_period_staffing_dagdelen: list[StaffingRow]
    roster_assignments: list[AssignmentRow]
    input_digest: str = ""

    @property
    def roster(self) -> RosterRow:
        """The one roster."""
        return self.rosters[0]


TABLES: dict[str, type[Row]] = {
    "rosters": RosterRow,
    "employees": EmployeeRow,
    "service_types": ServiceTypeRow,
    "service_blocking_rules": BlockingRuleRow,
    "roster_employee_services": CapabilityRow,
    "roster_period_staffing_dagdelen": StaffingRow,
    "roster_assignments": AssignmentRow,
}


class Fault(BaseModel):
    """Something wrong in a row: table, position in it (0 is the first row), column if one is to blame."""

    table: str
    position: int
    column: str | None
    message: str


def faults_between_rows(tables: PracticeTables) -> Iterator[Fault]:
    """Repeated keys, references that lead nowhere, dates outside the roster, dagdelen that do not fit."""
    yield from _repeated_keys(tables)
    services = {row.id: row for row in tables.service_types}
    codes = {row.code: row for row in tables.service_types}
    employees = {row.id for row in tables.employees}
    roster = tables.roster
    seconds: dict[str, str] = {}

    for position, service in enumerate(tables.service_types):
        if service.gekoppeld_aan is None:
            continue
        second = codes.get(service.gekoppeld_aan)
        message = None
        if second is None:
            message = f"no service has the code {service.gekoppeld_aan}"
        elif second.dagdeel == service.dagdeel:
            message = f"{service.code} and its second half {second.code} lie in the same dagdeel {second.dagdeel}"
        elif second.gekoppeld_aan is not None:
            message = f"{second.code} is the second half of {service.code} and has a second half itself"
        elif second.code in seconds:
            message = f"{second.code} is already the second half of {seconds[second.code]}"
        if message:
            yield Fault(table="service_types", position=position, column="gekoppeld_aan", message=message)
        seconds[service.gekoppeld_aan] = service.code

    for position, rule in enumerate(tables.service_blocking_rules):
        if rule.service_id in services and rule.dag_offset == 0 and services[rule.service_id].dagdeel == rule.dagdeel:
            message = f"{services[rule.service_id].code} would block its own slot"
            yield Fault(table="service_blocking_rules", position=position, column="dagdeel", message=message)

    for name in ("service_blocking_rules", "roster_employee_services", "roster_period_staffing_dagdelen", "roster_assignments"):
        for position, row in enumerate(getattr(tables, name)):
            for column, message in _faults_of(row, roster, employees, services):
                yield Fault(table=name, position=position, column=column, message=message)


def _faults_of(row: Row, roster: RosterRow, employees: set[str], services: dict[UUID, ServiceTypeRow]) -> Iterator[tuple[str, str]]:
    """Column and message for each reference of one row that leads nowhere or does not fit."""
    own_roster = getattr(row, "roster_id", roster.id)
    if own_roster != roster.id:
        yield "roster_id", f"{own_roster} is not the roster of these tables, {roster.id}"
    employee = getattr(row, "employee_id", None)
    if employee is not None and employee not in employees:
        yield "employee_id", f"no employee has the id {employee}"
    for column in ("service_id", "blocked_by_service_id"):
        service_id = getattr(row, column, None)
        if service_id is not None and service_id not in services:
            yield column, f"no service has the id {service_id}"
    day = getattr(row, "date", None)
    if day is not None and not roster.start_date <= day <= roster.end_date:
        yield "date", f"{day} lies outside the roster, {roster.start_date} to {roster.end_date}"
    for dagdeel, service_id, column in _worked_in(row):
        service = services.get(service_id)
        if service is not None and service.dagdeel != dagdeel:
            yield column, f"{service.code} is a service of dagdeel {service.dagdeel}, not {dagdeel}"


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
                    yield Fault(table=name, position=position, column=" + ".join(key), message=f"{shown} stands {times[value]} times")
