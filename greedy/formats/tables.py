"""The practice tables: one pydantic model a row, with the database's column names."""

from __future__ import annotations

import datetime as dt
import json
from typing import Annotated, Literal
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from greedy.model.message import Message
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


DATES = {"start": "start_date", "end": "end_date"}  # as messages name them


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
            raise ValueError(Message("{end} {last} lies before {start} {first}", last=self.end_date, first=self.start_date, **DATES))
        if self.day_count > LONGEST_ROSTER_DAYS:
            raise ValueError(Message("the roster is {days} days long, at most {most}", days=self.day_count, most=LONGEST_ROSTER_DAYS))
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
            raise ValueError(Message("brackets in brackets without end")) from None

    @property
    def name(self) -> str:
        """First and last name; her id where both are blank."""
        return f"{self.voornaam} {self.achternaam or ''}".strip() or self.id


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
            told = {"status": self.status, "column": "service_id"}
            if self.service_id is None:
                raise ValueError(Message("status {status} without a {column}", **told))
            raise ValueError(Message("status {status} with a {column}", **told))
        blockers = (self.blocked_by_date, self.blocked_by_dagdeel, self.blocked_by_service_id)
        named = {"day": "blocked_by_date", "part": "blocked_by_dagdeel", "work": "blocked_by_service_id"}
        if self.status is SlotStatus.BLOCKED and any(part is None for part in blockers):
            raise ValueError(Message("status {status} with {day}, {part} and {work} incomplete", status=self.status, **named))
        if self.status is not SlotStatus.BLOCKED and any(part is not None for part in blockers):
            raise ValueError(Message("status {status} with {day}, {part} and {work} filled", status=self.status, **named))
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
