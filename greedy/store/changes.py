"""Changes of single slots by people, and the history of a roster. The documents; `Changes` calls the database."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter

from greedy.errors import CallerError, InputError, OutsideError
from greedy.formats.tables import Dagdeel, Text
from greedy.model.clock import PLANNERS_ZONE
from greedy.model.message import Message
from greedy.model.problem import SlotStatus
from greedy.store.answers import STATUSES, busy, final_roster, unknown_roster
from greedy.store.base import Document, RosterConflictError, SlotDocument
from greedy.store.calls import Calls

ChangeKind = Literal["edit", "undo", "plan", "take_over", "publish", "reopen", "copy", "delete", "import", "absences"]
Actor = Annotated[str, Field(min_length=1, max_length=200, pattern=r"^[^\x00-\x1f\x7f]+$")]


class ChangeIdReusedError(CallerError):
    """Another change was made under this id."""


class UnknownChangeError(CallerError):
    """The roster has no change with this id."""


class AlreadyUndoneError(CallerError):
    """The change was taken back before."""


class NotUndoableError(CallerError):
    """A change of this kind cannot be taken back slot by slot."""


class SlotContent(Document):
    """What stands in a slot. No row reads as OPEN. The `blocked_by` fields are of BLOCKED slots, so that an undo can bring rest back."""

    status: SlotStatus = SlotStatus.OPEN
    service_id: UUID | None = None
    source: Text | None = None
    notes: Text | None = None
    blocked_by_date: dt.date | None = None
    blocked_by_dagdeel: Dagdeel | None = None
    blocked_by_service_id: UUID | None = None


class SlotChange(SlotDocument):
    """A slot before and after. It is only changed while it still holds `before`: status, service, notes, and whether work is the program's.

    `after` is OPEN, ACTIVE or UNAVAILABLE. BLOCKED leaves a block that stands and changes its notes, or brings one back that an undone
    change took. An OPEN slot under a duty becomes BLOCKED; the answer says what became of each slot.
    """

    before: SlotContent
    after: SlotContent


class ChangeRequest(Document):
    """A change of slots, all or nothing. The same `id` again gets the stored answer and changes nothing.

    `undoes`: the change that this one takes back.
    """

    id: UUID
    roster_id: UUID
    actor: Actor
    kind: Literal["edit", "undo"] = "edit"
    undoes: UUID | None = None
    note: Text | None = None
    slots: list[SlotChange]


class ChangeDocument(Document):
    """A line of the history: who changed what, when.

    `number` counts up over the whole database. `undone_by`: the change that took it back. `slot_count`: how many slots it changed; in a
    list `slots` is empty when they are more than 20.
    """

    id: UUID
    number: int
    roster_id: UUID | None
    kind: ChangeKind
    actor: str
    made_at: dt.datetime
    undoes: UUID | None = None
    undone_by: UUID | None = None
    note: str | None = None
    slot_count: int = 0
    slots: list[SlotChange] = Field(default_factory=list)


class ChangeAnswer(Document):
    """A change that was made. `repeated`: it had been made before, under the same id."""

    change: ChangeDocument
    repeated: bool


class LastChange(Document):
    """Who changed a slot last, as the history knows it."""

    actor: str
    made_at: dt.datetime
    kind: ChangeKind


class SlotConflict(SlotDocument):
    """A slot that holds something else than was expected. `changed` is known of the first 20, if the history knows it at all."""

    expected: SlotContent
    found: SlotContent
    changed: LastChange | None = None


class SlotsChangedError(RosterConflictError):
    """Somebody changed these slots meanwhile; nothing was written. `details` says the same in lines."""

    def __init__(self, message: str, conflicts: Sequence[SlotConflict], *, next_step: str) -> None:
        super().__init__(message, next_step=next_step, details=[_conflict_line(conflict) for conflict in conflicts])
        self.conflicts = tuple(conflicts)


class SlotFault(SlotDocument):
    """Why a slot can never become what was asked."""

    fault: Literal["twice", "outside", "unknown_employee", "unknown_service", "other_dagdeel"]


class ChangeOutcome(Document):
    """What a function answers that keeps a line in the history."""

    outcome: str
    repeated: bool = False
    change: ChangeDocument | None = None
    conflicts: list[SlotConflict] = Field(default_factory=list)
    faults: list[SlotFault] = Field(default_factory=list)
    roster_id: UUID | None = None
    message: str | None = None


class Changes:
    """Changes of single slots, and the history of rosters, in a database that is migrated."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def make(self, request: ChangeRequest) -> ChangeAnswer:
        """Change slots, all or nothing. Tried again under the same id after a drop or while the roster is busy.

        Raises
        ------
        UnknownRosterError, FinalRosterError
            The roster is not there, or takes no changes.
        SlotsChangedError
            A slot does not hold `before` any more.
        RosterBusyError
            Somebody holds these slots in an open transaction.
        ChangeIdReusedError
            Another change was made under this id.
        UnknownChangeError, AlreadyUndoneError, NotUndoableError
            What the change `undoes` is not there, was taken back before, or is none of single slots.
        InputError
            A slot can never become what was asked.
        """
        return await self._calls.change(
            "change_slots_v1", {"p_request": request}, OUTCOME, lambda answer: read_change(answer, request.id, request.roster_id)
        )

    async def list(self, roster_id: UUID, *, before: int | None = None, limit: int = 50) -> list[ChangeDocument]:
        """The history of a roster, newest first, of one that was deleted too. `before`: only lines with a lower number."""
        arguments = {"p_roster_id": roster_id, "p_before": before, "p_limit": limit}
        return await self._calls.read("list_changes_v1", arguments, _CHANGES)

    async def get(self, roster_id: UUID, change_id: UUID) -> ChangeDocument:
        """One change with all of its slots. Raises UnknownChangeError."""
        change = await self._calls.read("get_change_v1", {"p_roster_id": roster_id, "p_id": change_id}, _CHANGE)
        if change is None:
            raise _unknown_change(roster_id)
        return change


OUTCOME = TypeAdapter(ChangeOutcome)
_CHANGES = TypeAdapter(list[ChangeDocument])
_CHANGE = TypeAdapter(ChangeDocument | None)
_FAULTS = {
    "twice": Message("stands twice in the change"),
    "outside": Message("lies outside the roster"),
    "unknown_employee": Message("there is no such employee"),
    "unknown_service": Message("there is no such service"),
    "other_dagdeel": Message("the service is one of another dagdeel"),
}


def read_change(answer: ChangeOutcome, change_id: UUID, roster_id: UUID) -> ChangeAnswer:
    """The change that was made, or the error that the answer stands for. An outcome that we do not know is an error too."""
    change = answer.change
    match answer.outcome:
        case "made" if change is not None:
            return ChangeAnswer(change=change, repeated=answer.repeated)
        case "conflict":
            raise SlotsChangedError(
                Message("somebody changed roster {id} meanwhile; nothing was changed", id=roster_id),
                answer.conflicts,
                next_step=Message("look at it anew, then decide"),
            )
        case "refused":
            details = [Message("{slot}: {what}", slot=_slot(fault), what=_FAULTS[fault.fault]) for fault in answer.faults]
            reason = f": {answer.message}" if answer.message else ""
            message = Message("roster {id} was not changed{reason}", id=roster_id, reason=reason)
            raise InputError(message, details=details, next_step=Message("mend the change"))
        case "change_id_reused":
            raise ChangeIdReusedError(
                Message("the id {id} belongs to another change; nothing was changed", id=change_id), next_step=Message("use a new id")
            )
        case "unknown_change":
            raise _unknown_change(roster_id)
        case "already_undone" if change is not None:
            when = moment_in_words(change.made_at)
            message = Message("{who} took this change back already, on {when}; nothing was changed", who=change.actor, when=when)
            raise AlreadyUndoneError(message, next_step=Message("look at the roster anew"))
        case "not_undoable" if change is not None:
            raise NotUndoableError(Message("a change of kind {kind} cannot be taken back; nothing was changed", kind=change.kind))
        case "busy":
            raise busy(roster_id)
        case "unknown_roster":
            raise unknown_roster(roster_id, [])
        case "final_roster":
            raise final_roster(roster_id)
        case other:
            raise OutsideError(f"the database answered {other!r} to a change", next_step="greedy doctor")


def _unknown_change(roster_id: UUID) -> UnknownChangeError:
    return UnknownChangeError(Message("roster {id} has no change with this id", id=roster_id), next_step=Message("look at its history"))


def _slot(slot: SlotDocument) -> Message:
    return Message("{who} {date} {dagdeel}", who=slot.employee_id, date=slot.date, dagdeel=slot.dagdeel)


def moment_in_words(moment: dt.datetime) -> Message:
    """For a message: `2026-11-21 at 21:31`, on the clock of planners."""
    there = moment.astimezone(PLANNERS_ZONE)
    return Message("{date} at {time}", date=there.date(), time=f"{there:%H:%M}")


def _conflict_line(conflict: SlotConflict) -> Message:
    expected, found = conflict.expected, conflict.found
    if expected.status != found.status:
        line = Message("{seen} when seen, {found} now", seen=STATUSES[expected.status], found=STATUSES[found.status])
    elif expected.service_id != found.service_id:
        line = Message("{found} with another service now", found=STATUSES[found.status])
    else:
        line = Message("{found} with another pin or note now", found=STATUSES[found.status])
    told = Message("{slot}: {what}", slot=_slot(conflict), what=line)
    if not conflict.changed:
        return told
    by = {"who": conflict.changed.actor, "when": moment_in_words(conflict.changed.made_at)}
    return Message("{line} ({who}, {when})", line=told, **by)
