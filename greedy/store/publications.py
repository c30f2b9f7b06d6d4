"""Publications: what colleagues were told, kept as it was. The documents; `Publications` calls the database."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

from pydantic import Field, TypeAdapter

from greedy.errors import CallerError
from greedy.formats.tables import ServiceTypeRow, Text
from greedy.model.message import Message
from greedy.store.answers import busy, request_of, unknown_roster
from greedy.store.base import ActiveSlot, Document, FinalRosterError, RosterConflictError
from greedy.store.calls import Calls
from greedy.store.changes import OUTCOME, Actor, ChangeAnswer, ChangeOutcome, moment_in_words, read_change
from greedy.store.plans import UnderWay, unless_under_way


class NotFinalError(CallerError):
    """Only a final roster can be opened again."""


class Publication(Document):
    """A roster as it was published for the `number`th time, 1 the first. `slots` is empty in a list.

    `people`: id -> name of those in the slots, as they are called now; who has gone from the database is not there. `services`: those of
    the slots, as they were when it was published.
    """

    roster_id: UUID
    number: int
    published_at: dt.datetime
    actor: str
    note: str | None = None
    slots: list[ActiveSlot] = Field(default_factory=list)
    people: dict[str, str] = Field(default_factory=dict)
    services: list[ServiceTypeRow] = Field(default_factory=list)


class PublishRequest(Document):
    """A publication that is asked for. `id` is that of its change in the history; `expected_state` the digest of what the planner saw."""

    id: UUID
    roster_id: UUID
    actor: Actor
    expected_state: str
    note: Text | None = None


class ReopenRequest(Document):
    """A final roster is to be planned again."""

    id: UUID
    roster_id: UUID
    actor: Actor


class Publications:
    """Publications of rosters in a database that is migrated."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def publish(self, change_id: UUID, roster_id: UUID, actor: str, *, expected_state: str, note: str | None = None) -> Publication:
        """Keep the work of a roster as it stands, and make the roster final. The same again is the same publication.

        Raises
        ------
        UnknownRosterError, FinalRosterError
            The roster is not there, or is published and was not opened again.
        RosterConflictError
            The roster's state is another than `expected_state`: not what the planner saw.
        PlanUnderWayError
            The roster is being planned: what is published could not be what it becomes.
        RosterBusyError, ChangeIdReusedError
            As for a change.
        """
        request = request_of(PublishRequest, id=change_id, roster_id=roster_id, actor=actor, expected_state=expected_state, note=note)
        return await self._calls.change("publish_roster_v1", {"p_request": request}, _PUBLISHED, lambda answer: _published(answer, request))

    async def reopen(self, change_id: UUID, roster_id: UUID, actor: str) -> ChangeAnswer:
        """Make a final roster one that can be planned again; what was published stays.

        Raises UnknownRosterError, NotFinalError, RosterBusyError, ChangeIdReusedError.
        """
        request = request_of(ReopenRequest, id=change_id, roster_id=roster_id, actor=actor)

        def read(answer: ChangeOutcome) -> ChangeAnswer:
            if answer.outcome == "not_final":
                raise NotFinalError(Message("roster {id} is not final: it can be planned as it is", id=roster_id))
            return read_change(answer, change_id, roster_id)

        return await self._calls.change("reopen_roster_v1", {"p_request": request}, OUTCOME, read)

    async def list(self, roster_id: UUID, *, with_slots: bool = False) -> list[Publication]:
        """The publications of a roster, first one first."""
        return await self._calls.read("list_publications_v1", {"p_roster_id": roster_id, "p_with_slots": with_slots}, _PUBLICATIONS)


class _Published(UnderWay):
    publication: Publication | None = None


_PUBLISHED = TypeAdapter(_Published)
_PUBLICATIONS = TypeAdapter(list[Publication])


def _published(answer: _Published, request: PublishRequest) -> Publication:
    unless_under_way(answer)
    match answer.outcome:
        case "published" if answer.publication is not None:
            return answer.publication
        case "conflict":
            last = answer.change
            raise RosterConflictError(
                Message("roster {id} is not what you saw any more; nothing was published", id=request.roster_id),
                details=[Message("last changed by {who}, on {when}", who=last.actor, when=moment_in_words(last.made_at))] if last else [],
                next_step=Message("look at it anew, then publish"),
            )
        case "final_roster":
            raise FinalRosterError(
                Message("roster {id} is published already", id=request.roster_id), next_step=Message("open it again first")
            )
        case "unknown_roster":
            raise unknown_roster(request.roster_id, [])
        case "busy":
            raise busy(request.roster_id)
        case _:
            read_change(answer, request.id, request.roster_id)
            raise AssertionError(answer.outcome)
