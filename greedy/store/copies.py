"""What-if copies of a roster. The documents; `Copies` calls the database."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from pydantic import TypeAdapter

from greedy.errors import CallerError, OutsideError
from greedy.formats.tables import Text
from greedy.model.message import Message
from greedy.store.answers import busy, request_of, unknown_roster
from greedy.store.base import Document
from greedy.store.calls import Calls
from greedy.store.changes import Actor, ChangeAnswer, SlotsChangedError, read_change
from greedy.store.plans import UNDER_WAY, UnderWay, unless_under_way


class UnknownCopyError(CallerError):
    """No copy has this id."""


class CopyIdReusedError(CallerError):
    """The id belongs to another roster or change."""


class InputDiffersError(CallerError):
    """Dates, demand or capabilities of a copy are not those of its original: what fits one does not fit the other."""


class RosterCopy(Document):
    """A copy, and what it was made of. `original_changed`: somebody has changed the original since."""

    copy_id: UUID
    original_id: UUID
    naam: str
    actor: str
    made_at: dt.datetime
    original_changed: bool


class CopyRequest(Document):
    """A copy that is asked for."""

    copy_id: UUID
    roster_id: UUID
    naam: Text
    actor: Actor


class TakeOverRequest(Document):
    """A copy is to become its original. `although_changed`: whatever others did to the original meanwhile."""

    id: UUID
    copy_id: UUID
    actor: Actor
    although_changed: bool = False


class DeleteRequest(Document):
    """A copy is to be deleted."""

    copy_id: UUID
    actor: Actor


class Copies:
    """What-if copies of rosters in a database that is migrated."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def make(self, copy_id: UUID, roster_id: UUID, naam: str, actor: str) -> RosterCopy:
        """Copy a roster with all that it holds under an id of the caller's. The same again is the same copy.

        Raises UnknownRosterError, CopyIdReusedError, RosterBusyError.
        """
        request = request_of(CopyRequest, copy_id=copy_id, roster_id=roster_id, naam=naam, actor=actor)
        return await self._calls.change("copy_roster_v1", {"p_request": request}, _MADE, lambda answer: _made(answer, request))

    async def list(self, roster_id: UUID | None = None) -> list[RosterCopy]:
        """The copies of a roster or of all, oldest first."""
        return await self._calls.read("list_copies_v1", {"p_roster_id": roster_id}, _COPIES)

    async def find(self, roster_id: UUID) -> RosterCopy | None:
        """What a roster is a copy of, and since when; None when it is none."""
        return await self._calls.read("get_copy_v1", {"p_copy_id": roster_id}, _COPY)

    async def original_of(self, roster_id: UUID) -> UUID | None:
        """The roster that this one is a copy of; None when it is none."""
        return await self._calls.read("original_of_v1", {"p_roster_id": roster_id}, _ORIGINAL)

    async def take_over(self, change_id: UUID, copy_id: UUID, actor: str, *, although_changed: bool = False) -> ChangeAnswer:
        """Make work and absence of the original those of its copy, pins too, all or nothing. The copy stays.

        Raises
        ------
        UnknownCopyError, FinalRosterError
            There is no such copy, or its original is final.
        SlotsChangedError
            Somebody has changed the original since the copy was made, and `although_changed` is False.
        InputDiffersError
            Dates, demand or capabilities of the two differ.
        PlanUnderWayError
            One of the two is being planned.
        RosterBusyError, ChangeIdReusedError
            As for a change.
        """
        request = request_of(TakeOverRequest, id=change_id, copy_id=copy_id, actor=actor, although_changed=although_changed)
        return await self._calls.change("take_over_copy_v1", {"p_request": request}, UNDER_WAY, lambda answer: _taken_over(answer, request))

    async def delete(self, copy_id: UUID, actor: str) -> None:
        """Delete a copy, and no other roster.

        Raises UnknownCopyError, FinalRosterError when it was published, PlanUnderWayError, RosterBusyError.
        """

        def read(answer: UnderWay) -> None:
            if answer.outcome == "unknown_copy":
                raise _unknown_copy(copy_id)
            unless_under_way(answer)
            read_change(answer, copy_id, copy_id)

        await self._calls.change("delete_copy_v1", {"p_request": request_of(DeleteRequest, copy_id=copy_id, actor=actor)}, UNDER_WAY, read)


class _Made(Document):
    outcome: str
    copy_made: RosterCopy | None = None


_MADE = TypeAdapter(_Made)
_COPY = TypeAdapter(RosterCopy | None)
_ORIGINAL = TypeAdapter(UUID | None)
_COPIES = TypeAdapter(list[RosterCopy])


def _made(answer: _Made, request: CopyRequest) -> RosterCopy:
    match answer.outcome:
        case "made" if answer.copy_made is not None:
            return answer.copy_made
        case "unknown_roster":
            raise unknown_roster(request.roster_id, [])
        case "copy_id_reused" | "change_id_reused":
            raise CopyIdReusedError(
                Message("the id {id} belongs to another roster or change", id=request.copy_id), next_step=Message("use a new id")
            )
        case "busy":
            raise busy(request.roster_id)
        case other:
            raise OutsideError(f"the database answered {other!r} to a copy that was asked for", next_step="greedy doctor")


def _taken_over(answer: UnderWay, request: TakeOverRequest) -> ChangeAnswer:
    unless_under_way(answer)
    original = answer.roster_id or request.copy_id
    match answer.outcome:
        case "unknown_copy":
            raise _unknown_copy(request.copy_id)
        case "input_differs":
            raise InputDiffersError(
                Message(
                    "dates, demand or capabilities of roster {id} are not those of its copy {copy}; nothing was changed",
                    id=original,
                    copy=request.copy_id,
                ),
                next_step=Message("make a new copy"),
            )
        case "conflict":
            raise SlotsChangedError(
                Message("somebody changed roster {id} since it was copied; nothing was changed", id=original),
                answer.conflicts,
                next_step=Message("look at the changes; take the copy over although they will be lost, or make a new copy"),
            )
        case _:
            return read_change(answer, request.id, original)


def _unknown_copy(copy_id: UUID) -> UnknownCopyError:
    return UnknownCopyError(
        Message("no copy has the id {id}: it is no copy, or it was deleted", id=copy_id), next_step=Message("look at the list of rosters")
    )
