"""The answers of the database functions, read the same way whichever store called them."""

from __future__ import annotations

import json
from typing import Any
from uuid import UUID

from pydantic import BaseModel, ConfigDict

from greedy.errors import InputError, OutsideError
from greedy.formats.practice import blocked_from_outside
from greedy.formats.tables import PROGRAM_SOURCE, AssignmentRow, PracticeTables, Row
from greedy.model.problem import SlotStatus
from greedy.store.base import (
    FinalRosterError,
    RosterBusyError,
    RosterConflictError,
    RosterExistsError,
    RosterSummary,
    RosterWrite,
    RunIdReusedError,
    SharedDataDiffersError,
    UnknownRosterError,
    WriteAnswer,
)


class WriteOutcome(BaseModel):
    """What write_roster_v1 answers; of a good one the rest is a WriteAnswer."""

    model_config = ConfigDict(extra="allow")

    outcome: str
    conflicts: list[dict[str, Any]] = []


class ImportOutcome(BaseModel):
    """What import_roster_v1 answers."""

    outcome: str
    differs: list[str] = []
    message: str = ""
    detail: str | None = None


def unknown_roster(roster_id: UUID, known: list[RosterSummary]) -> UnknownRosterError:
    """The error for an id that no roster has, with those that exist."""
    return UnknownRosterError(
        f"no roster has the id {roster_id}",
        details=[f"{roster.id}  {roster.start_date} to {roster.end_date}  {roster.naam}" for roster in known[-10:]],
        next_step="use one of these ids" if known else "load one: greedy load DIR",
    )


def read_write_answer(answer: WriteOutcome, write: RosterWrite) -> WriteAnswer:
    """What a write did, or the error that its answer stands for. An outcome that we do not know is an error too."""
    match answer.outcome:
        case "written":
            return WriteAnswer.model_validate(answer.model_extra)
        case "conflict":
            raise RosterConflictError(
                f"the planner changed roster {write.roster_id} after it was loaded; nothing was written",
                details=[_conflict_line(conflict) for conflict in answer.conflicts],
                next_step="run again: the changes are taken into account then",
            )
        case "busy":
            raise _busy(write.roster_id)
        case "unknown_roster":
            raise unknown_roster(write.roster_id, [])
        case "final_roster":
            raise final_roster(write.roster_id)
        case "run_id_reused":
            raise RunIdReusedError(
                f"run {write.run_id} has already written something else; nothing was written", next_step="use a new run id"
            )
        case other:
            raise OutsideError(f"the database answered {other!r} to a write", next_step="greedy doctor")


def _busy(roster_id: UUID) -> RosterBusyError:
    return RosterBusyError(
        f"somebody is changing roster {roster_id} in an open transaction; nothing was written",
        next_step="wait until the other change is finished, then run again",
        retryable=True,
    )


def final_roster(roster_id: UUID) -> FinalRosterError:
    """The error for a roster that the program must not change any more."""
    return FinalRosterError(f"roster {roster_id} is final; nothing was written", next_step="set its status to in_progress to plan it again")


def read_import_answer(answer: ImportOutcome, tables: PracticeTables) -> None:
    """Raise what the answer to an import stands for; `imported` is good."""
    match answer.outcome:
        case "imported":
            return
        case "exists":
            raise RosterExistsError(
                f"roster {tables.roster.id} is in the database already, with other content; nothing was changed",
                next_step="the same with --replace, which also throws away what was planned in it",
            )
        case "differs":
            raise SharedDataDiffersError(
                f"the database has other data for {len(answer.differs)} employees or services, which all rosters share; "
                "nothing was changed",
                details=answer.differs,
                next_step="the same with --replace, which overwrites them for all rosters",
            )
        case "busy":
            raise _busy(tables.roster.id)
        case "final":
            raise final_roster(tables.roster.id)
        case "refused":
            raise InputError(
                f"nothing was loaded: {answer.message}",
                details=[answer.detail] if answer.detail else [],
                next_step="mend these rows",
            )
        case other:
            raise OutsideError(f"the database answered {other!r} to an import", next_step="greedy doctor")


def brings_nothing_new(tables: PracticeTables, existing: PracticeTables) -> bool:
    """Whether the database's state of a roster says the same as `tables`, whatever the program made of it since."""
    codes = {row.code: row.id for row in existing.service_types}
    # Services are known by their code: the database may have them under ids of its own.
    known = {str(row.id): str(codes[row.code]) for row in tables.service_types if row.code in codes}
    return _input_of(tables, known) == _input_of(existing, {str(service): str(service) for service in known.values()})


def _input_of(tables: PracticeTables, services: dict[str, str]) -> dict[str, list[str]]:
    """What people entered, a line a row, without what nothing refers to: the database gives a roster with what it speaks of.

    `services`: id here -> id to be compared.
    """
    people = {row.employee_id for row in tables.roster_employee_services} | {row.employee_id for row in tables.roster_assignments}
    entered = [
        row
        for row in tables.roster_assignments
        if row.status is SlotStatus.UNAVAILABLE or (row.status is SlotStatus.ACTIVE and row.source != PROGRAM_SOURCE)
    ]
    noted = [row for row in tables.roster_assignments if row.notes and not row.notes.startswith("Blocked by ")]
    rows: dict[str, list[tuple[Row, set[str]]]] = {
        "rosters": [(tables.roster.model_copy(update={"naam": tables.roster.naam or ""}), set())],
        "employees": [(row.model_copy(update={"achternaam": row.achternaam or ""}), set()) for row in tables.employees if row.id in people],
        "service_types": [(row, set()) for row in tables.service_types if str(row.id) in services],
        "service_blocking_rules": [(row, set()) for row in tables.service_blocking_rules if str(row.service_id) in services],
        "roster_employee_services": [(row, set()) for row in tables.roster_employee_services],
        "roster_period_staffing_dagdelen": [(row, {"id"}) for row in tables.roster_period_staffing_dagdelen if row.required],
        "roster_assignments": [(row, {"id", "source", "notes"}) for row in [*entered, *blocked_from_outside(tables)]],
        "notes": [(row, set(AssignmentRow.model_fields) - {"employee_id", "date", "dagdeel", "notes"}) for row in noted],
    }

    def line(row: Row, left_out: set[str]) -> str:
        document = row.model_dump(mode="json", exclude=left_out)
        return json.dumps(
            {key: services.get(value, value) if isinstance(value, str) else value for key, value in document.items()}, sort_keys=True
        )

    return {name: sorted(line(row, left_out) for row, left_out in some) for name, some in rows.items()}


def _conflict_line(conflict: dict[str, Any]) -> str:
    if "input" in conflict:
        return str(conflict["input"])
    expected, found = SlotStatus(conflict["expected_status"]), SlotStatus(conflict["found_status"])
    changed = f"{expected.name} when loaded, {found.name} now" if expected != found else f"{found.name} with another service now"
    return f"{conflict['employee_id']} {conflict['date']} {conflict['dagdeel']}: {changed}"
