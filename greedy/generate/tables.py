"""The tables that the generator fills, one pydantic model a row: those of a practice, and others around them."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Annotated, Any, Literal, NamedTuple
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from greedy.formats.tables import (
    AssignmentRow,
    BlockingRuleRow,
    CapabilityRow,
    Dagdeel,
    EmployeeId,
    EmployeeRow,
    EmployeeTeam,
    RosterRow,
    Row,
    ServiceTypeRow,
    StaffingRow,
    Text,
)

# Of absences, and of the slots that they make UNAVAILABLE. The database's own function names its slots 'absence' and opens those that no
# absence covers: in a roster that was loaded from its seven tables alone, it would open all of them.
SOURCE = "synthetic"


class RegionRow(Row):
    """regions: where school holidays fall on the same days."""

    id: UUID
    name: Text
    school_holidays: Literal["Noord", "Midden", "Zuid"]


class PracticeRow(Row):
    """practices: locations, each with its own staff and roster. `number` counts them from 0."""

    id: UUID
    region_id: UUID
    number: Annotated[int, Field(ge=0)]
    name: Text
    place: Text


class TeamRow(Row):
    """teams of a practice."""

    id: UUID
    practice_id: UUID
    team: EmployeeTeam
    name: Text


class ContractRow(Row):
    """contracts: in which team of which practice an employee works, and how much."""

    employee_id: EmployeeId
    team_id: UUID
    hours_per_week: Annotated[Decimal, Field(max_digits=5, decimal_places=2, gt=0)]
    fte: Annotated[Decimal, Field(max_digits=3, decimal_places=2, gt=0)]
    start_date: dt.date
    end_date: dt.date | None = None


class AbsenceRow(Row):
    """absences: all slots from the first to the last, both included."""

    source_system: str
    external_id: str
    number: Annotated[int, Field(ge=0)]
    employee_id: EmployeeId
    first_date: dt.date
    first_dagdeel: Dagdeel
    last_date: dt.date
    last_dagdeel: Dagdeel
    reason: Text | None = None


class WishRow(Row):
    """wishes of an employee for a roster: a service that she likes (no date), or a day on which she wants to work or to be off."""

    roster_id: UUID
    employee_id: EmployeeId
    number: Annotated[int, Field(ge=0)]
    wants: Literal["work", "off", "preferred"]
    date: dt.date | None = None
    service_id: UUID | None = None


class PlantedRosterRow(Row):
    """planted_rosters: what is known of a roster. `best` of `required` shifts can be filled, no more.

    `capacity` is the sum of active `aantal`, and `tightness` the share of it that the best takes.
    """

    roster_id: UUID
    practice_id: UUID
    required: Annotated[int, Field(ge=0)]
    best: Annotated[int, Field(ge=0)]
    capacity: Annotated[int, Field(ge=0)]
    tightness: Annotated[Decimal, Field(max_digits=3, decimal_places=2)]


class PlantedAssignmentRow(Row):
    """planted_assignments: a solution that fills the best number of shifts."""

    roster_id: UUID
    employee_id: EmployeeId
    date: dt.date
    dagdeel: Dagdeel
    service_id: UUID


class Reference(NamedTuple):
    """A foreign key: columns of a table lead to columns of another."""

    columns: tuple[str, ...]
    table: str
    leads_to: tuple[str, ...]


@dataclass(frozen=True)
class Table:
    """A table by its row model, primary key and references."""

    name: str
    model: type[Row]
    key: tuple[str, ...]
    references: tuple[Reference, ...] = ()

    @property
    def columns(self) -> tuple[str, ...]:
        """Its columns, in the order of the model's fields."""
        return tuple(self.model.model_fields)


def _to(table: str, column: str, leads_to: str = "id") -> Reference:
    return Reference((column,), table, (leads_to,))


# Parents before children: this is the order in which rows are written.
TABLES: dict[str, Table] = {
    table.name: table
    for table in (
        Table("regions", RegionRow, ("id",)),
        Table("service_types", ServiceTypeRow, ("id",), (_to("service_types", "gekoppeld_aan", "code"),)),
        Table("service_blocking_rules", BlockingRuleRow, ("service_id", "dag_offset", "dagdeel"), (_to("service_types", "service_id"),)),
        Table("practices", PracticeRow, ("id",), (_to("regions", "region_id"),)),
        Table("teams", TeamRow, ("id",), (_to("practices", "practice_id"),)),
        Table("employees", EmployeeRow, ("id",)),
        Table("contracts", ContractRow, ("employee_id",), (_to("employees", "employee_id"), _to("teams", "team_id"))),
        Table("absences", AbsenceRow, ("source_system", "external_id", "number"), (_to("employees", "employee_id"),)),
        Table("rosters", RosterRow, ("id",)),
        Table(
            "roster_employee_services",
            CapabilityRow,
            ("roster_id", "employee_id", "service_id"),
            (_to("rosters", "roster_id"), _to("employees", "employee_id"), _to("service_types", "service_id")),
        ),
        Table(
            "roster_period_staffing_dagdelen",
            StaffingRow,
            ("id",),
            (_to("rosters", "roster_id"), _to("service_types", "service_id")),
        ),
        Table(
            "roster_assignments",
            AssignmentRow,
            ("id",),
            (_to("rosters", "roster_id"), _to("employees", "employee_id"), _to("service_types", "service_id")),
        ),
        Table(
            "wishes",
            WishRow,
            ("roster_id", "employee_id", "number"),
            (_to("rosters", "roster_id"), _to("employees", "employee_id"), _to("service_types", "service_id")),
        ),
        Table("planted_rosters", PlantedRosterRow, ("roster_id",), (_to("rosters", "roster_id"), _to("practices", "practice_id"))),
        Table(
            "planted_assignments",
            PlantedAssignmentRow,
            ("roster_id", "employee_id", "date", "dagdeel"),
            (_to("rosters", "roster_id"), _to("employees", "employee_id"), _to("service_types", "service_id")),
        ),
    )
}


def picked(values: Sequence[object], positions: NDArray[np.integer[Any]]) -> list[Any]:
    """The value at each position, as a column of rows; -1 is the last."""
    array = np.empty(len(values), object)
    array[:] = values
    column: list[Any] = array[positions].tolist()
    return column


@dataclass(frozen=True)
class Batch:
    """Rows of one table, by columns of equal length in the order of `Table.columns`.

    Values are what the model's fields hold, but UUIDs are text: str, int, bool, Decimal, date, time, dict (weekly absence) or None.
    """

    table: Table
    columns: tuple[Sequence[object], ...]

    def __len__(self) -> int:
        return len(self.columns[0])
