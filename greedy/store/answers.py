"""The answers of the database functions, read the same way whichever store called them."""

from __future__ import annotations

import datetime as dt
import json
from typing import Any, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from greedy.errors import InputError, OutsideError
from greedy.formats.practice import blocked_from_outside
from greedy.formats.tables import PROGRAM_SOURCE, AssignmentRow, PracticeTables, Row
from greedy.model.message import Message
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

Asked = TypeVar("Asked", bound=BaseModel)


def request_of(kind: type[Asked], /, **values: object) -> Asked:
    """What is asked of the database, as a document. Values that cannot be, as a name without end, are an InputError."""
    try:
        return kind.model_validate(values)
    except ValidationError as exc:
        raise InputError(Message("this cannot be asked of the database"), details=faults_in(exc)) from None


def faults_in(exc: ValidationError) -> list[str]:
    """A line for each fault of a document, without what stands in it."""
    return [
        f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}" for error in exc.errors(include_url=False, include_input=False)
    ]


STATUSES = {
    SlotStatus.OPEN: Message("OPEN"),
    SlotStatus.ACTIVE: Message("ACTIVE"),
    SlotStatus.BLOCKED: Message("BLOCKED"),
    SlotStatus.UNAVAILABLE: Message("UNAVAILABLE"),
}


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
        Message("no roster has the id {id}", id=roster_id),
        details=[f"{roster.id}  {roster.start_date} to {roster.end_date}  {roster.naam}" for roster in known[-10:]],
        next_step=Message("use one of these ids") if known else Message("load one: greedy load DIR"),
    )


def read_write_answer(answer: WriteOutcome, write: RosterWrite) -> WriteAnswer:
    """What a write did, or the error that its answer stands for. An outcome that we do not know is an error too."""
    match answer.outcome:
        case "written":
            return WriteAnswer.model_validate(answer.model_extra)
        case "conflict":
            raise RosterConflictError(
                Message("the planner changed roster {id} after it was loaded; nothing was written", id=write.roster_id),
                details=[_conflict_line(conflict) for conflict in answer.conflicts],
                next_step=Message("run again: the changes are taken into account then"),
            )
        case "busy":
            raise busy(write.roster_id)
        case "unknown_roster":
            raise unknown_roster(write.roster_id, [])
        case "final_roster":
            raise final_roster(write.roster_id)
        case "run_id_reused":
            raise RunIdReusedError(
                Message("run {run} has already written something else; nothing was written", run=write.run_id),
                next_step=Message("use a new run id"),
            )
        case other:
            raise OutsideError(Message("the database answered {other} to a write", other=repr(other)), next_step=Message("greedy doctor"))


def busy(roster_id: UUID) -> RosterBusyError:
    """The error for a roster that somebody else is changing at this moment."""
    return RosterBusyError(
        Message("somebody is changing roster {id} in an open transaction; nothing was written", id=roster_id),
        next_step=Message("wait until the other change is finished, then run again"),
        retryable=True,
    )


def final_roster(roster_id: UUID) -> FinalRosterError:
    """The error for a roster that the program must not change any more."""
    return FinalRosterError(
        Message("roster {id} is final; nothing was written", id=roster_id),
        next_step=Message("set its status to in_progress to plan it again"),
    )


def read_import_answer(answer: ImportOutcome, tables: PracticeTables) -> None:
    """Raise what the answer to an import stands for; `imported` is good."""
    match answer.outcome:
        case "imported":
            return
        case "exists":
            raise RosterExistsError(
                Message("roster {id} is in the database already, with other content; nothing was changed", id=tables.roster.id),
                next_step=Message("the same with --replace, which also throws away what was planned in it"),
            )
        case "differs":
            raise SharedDataDiffersError(
                Message(
                    "the database has other data for {number} employees or services, which all rosters share; nothing was changed",
                    number=len(answer.differs),
                ),
                details=[_differing(what) for what in answer.differs],
                next_step=Message("the same with --replace, which overwrites them for all rosters"),
            )
        case "busy":
            raise busy(tables.roster.id)
        case "final":
            raise final_roster(tables.roster.id)
        case "refused":
            raise InputError(
                Message("nothing was loaded: {message}", message=answer.message),
                details=[answer.detail] if answer.detail else [],
                next_step=Message("mend these rows"),
            )
        case other:
            raise OutsideError(Message("the database answered {other} to an import", other=repr(other)), next_step=Message("greedy doctor"))


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


def _conflict_line(conflict: dict[str, Any]) -> Message:
    if "input" in conflict:
        return Message("demand, capabilities, services or rules changed")
    expected, found = SlotStatus(conflict["expected_status"]), SlotStatus(conflict["found_status"])
    changed = Message("{found} with another service now", found=STATUSES[found])
    if expected != found:
        changed = Message("{seen} when loaded, {found} now", seen=STATUSES[expected], found=STATUSES[found])
    where = {"who": conflict["employee_id"], "date": dt.date.fromisoformat(conflict["date"]), "dagdeel": conflict["dagdeel"]}
    return Message("{who} {date} {dagdeel}: {what}", what=changed, **where)


def _differing(what: str) -> Message:
    """`employee EMP001`, as the database names what it has otherwise."""
    kind, _, name = what.rpartition(" ")
    match kind:
        case "employee":
            return Message("employee {name}", name=name)
        case "service":
            return Message("service {name}", name=name)
        case "blocking rules of":
            return Message("blocking rules of {name}", name=name)
        case _:
            return Message("{what}", what=what)
