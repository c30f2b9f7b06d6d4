"""Desk: rosters of a store as planners work on them."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import replace
from uuid import UUID
from zoneinfo import ZoneInfo

from greedy.desk.candidates import Candidate, candidates
from greedy.desk.edits import Edit, slot_changes
from greedy.desk.opened import OPEN_AGAIN, OpenRoster, lay_open, tables_with, with_rows
from greedy.desk.outlook import Outlook, look_ahead
from greedy.desk.planned_with import planned_with
from greedy.desk.remembered import Remembered
from greedy.desk.repeated import may_be
from greedy.errors import CallerError
from greedy.model.clock import PLANNERS_ZONE
from greedy.model.message import Message
from greedy.model.result import OpenDemand
from greedy.report import Report, build_report
from greedy.report.comparison import Comparison, compare, in_numbers_of
from greedy.report.view import ReportView
from greedy.reporting import published_rosters
from greedy.solve.bound import coverage_bound
from greedy.solve.explain import explain_open_demand
from greedy.store.answers import request_of
from greedy.store.base import RosterConflictError, RosterNews
from greedy.store.changes import (
    ChangeAnswer,
    ChangeDocument,
    ChangeIdReusedError,
    ChangeRequest,
    NotUndoableError,
    SlotChange,
    UnknownChangeError,
)
from greedy.store.functions import FunctionStore
from greedy.store.plans import PlanOptions
from greedy.store.publications import Publication
from greedy.wording import ENGLISH, Words

MOST_OPEN = 12  # rosters that are kept in memory, of 2 to 40 MB each
LINES_LOOKED_AT = 20
State = tuple[UUID, str, dt.datetime | None]


class Desk:
    """Rosters of a store, open on a planner's desk.

    A roster is kept as long as its state in the database is the same; each call asks for that state, in one round trip. Of another state
    only the slots of the employees are read whose slots differ, whoever changed them. What takes more than a moment is thought in a thread.

    Parameters
    ----------
    store
        Where the rosters are.
    now
        Tells the time.
    """

    def __init__(self, store: FunctionStore, *, now: Callable[[], dt.datetime] = lambda: dt.datetime.now(dt.UTC)) -> None:
        self.store = store
        self._now = now
        self._opened = Remembered[State, OpenRoster](MOST_OPEN)
        self._latest: OrderedDict[UUID, OpenRoster] = OrderedDict()  # of each roster, for the next state of it
        self._explained = Remembered[State, tuple[OpenDemand, ...]](MOST_OPEN)
        self._reports = Remembered[tuple[State, str], Report](MOST_OPEN)
        self._publications = Remembered[tuple[UUID, dt.datetime], list[Publication]](MOST_OPEN)

    async def open(self, roster_id: UUID) -> OpenRoster:
        """The roster as it is now.

        Raises
        ------
        UnknownRosterError
            It is not there, or not any more.
        """
        state = await self.store.state(roster_id)
        key = (roster_id, state.digest, state.changed_at)
        opened = await self._opened.get(key, lambda: self._laid_open(roster_id))
        if _state(opened) == key:
            return opened
        self._opened.forget(key)  # somebody changed it between the two questions; what belongs to it may be older than its slots
        return await self.open(roster_id)

    async def look_ahead(self, opened: OpenRoster, edit: Edit) -> Outlook:
        """What an edit would do. Raises as `greedy.desk.outlook.look_ahead`."""
        return await asyncio.to_thread(look_ahead, opened, edit)

    async def candidates(self, opened: OpenRoster, row: int) -> list[Candidate]:
        """Who could take a shift of a demand row, the best first."""
        return await asyncio.to_thread(candidates, opened, row)

    async def explained(self, opened: OpenRoster) -> tuple[OpenDemand, ...]:
        """Why demand is open. It takes up to some seconds, once for each state of a roster."""

        async def think() -> tuple[OpenDemand, ...]:
            return await asyncio.to_thread(explain_open_demand, opened.problem, opened.roster)

        return await self._explained.get(_state(opened), think)

    async def report(self, opened: OpenRoster, words: Words = ENGLISH) -> Report:
        """The report on a roster, the law of working time included; compared with what colleagues were told last."""

        async def make() -> Report:
            reasons = await self.explained(opened)
            bound = await asyncio.to_thread(coverage_bound, opened.problem)
            return await asyncio.to_thread(
                build_report,
                opened.under_law,
                opened.roster,
                name=opened.name,
                open_demand=reasons,
                bound=bound,
                words=words,
                before=opened.published,
                generated_at=self._moment(opened),
            )

        return await self._reports.get((_state(opened), words.language), make)

    async def view(self, roster_id: UUID, words: Words = ENGLISH) -> ReportView:
        """What renderers draw a roster from."""
        opened = await self.open(roster_id)
        report, now = await self.report(opened, words), self._moment(opened)
        return ReportView(
            report=report.model_copy(update={"metadata": report.metadata.model_copy(update={"generated_at": now})}),
            grid=await asyncio.to_thread(lambda: opened.grid),
            name=opened.name,
            status=opened.tables.roster.status,
            generated_at=now,
            publications=opened.publications,
            comparison=report.comparison,
        )

    async def change(self, edit: Edit, change_id: UUID, actor: str) -> ChangeAnswer:
        """Make a planner's edit, all or nothing, and keep who did it. The same id again is the same change.

        Raises
        ------
        UnknownRosterError, FinalRosterError, RosterBusyError
            The roster is not there, takes no changes, or is being changed at this moment.
        RosterConflictError
            In a slot stands something else than the planner saw; the details say what, and who changed the roster.
        ChangeIdReusedError
            Another change was made under this id.
        InputError
            The edit is not possible, or changes nothing.
        """
        opened = await self.open(edit.roster_id)
        try:
            slots = slot_changes(opened, edit)
        except CallerError as exc:
            if (made := await self._made_before(opened, edit, change_id, actor)) is not None:
                return ChangeAnswer(change=made, repeated=True)
            if isinstance(exc, RosterConflictError):
                raise await self._with_who_changed_it(exc, edit) from None
            raise
        return await self.store.changes.make(request_of(ChangeRequest, id=change_id, roster_id=edit.roster_id, actor=actor, slots=slots))

    async def undo(self, roster_id: UUID, change_to_undo: UUID, change_id: UUID, actor: str) -> ChangeAnswer:
        """Take a change back: each of its slots holds what it held before. The same id again is the same change.

        Raises
        ------
        UnknownChangeError, NotUndoableError, AlreadyUndoneError
            There is no such change, it is none of slots, or it was taken back before.
        UnknownRosterError, FinalRosterError, RosterBusyError, RosterConflictError, ChangeIdReusedError
            As for `change`.
        """
        change = await self.store.changes.get(roster_id, change_to_undo)
        if not change.slots:
            raise NotUndoableError(Message("this change touched no slot, so there is nothing to take back"), next_step=OPEN_AGAIN)
        return await self.store.changes.make(
            request_of(
                ChangeRequest,
                id=change_id,
                roster_id=roster_id,
                actor=actor,
                kind="undo",
                undoes=change.id,
                slots=taken_back(change.slots),
            )
        )

    async def compare(self, earlier: OpenRoster, later: OpenRoster) -> Comparison:
        """How one roster differs from another one of the same staff.

        Raises
        ------
        InputError
            They have other employees or services.
        """

        def think() -> Comparison:
            return compare(later.problem, in_numbers_of(later.problem, earlier.problem, earlier.roster), later.roster)

        return await asyncio.to_thread(think)

    async def since_publication(self, opened: OpenRoster) -> Comparison | None:
        """How the roster differs from what colleagues were told last; None before the first publication."""
        told = opened.published
        return None if told is None else await asyncio.to_thread(compare, opened.problem, told, opened.roster)

    async def _laid_open(self, roster_id: UUID) -> OpenRoster:
        held = self._latest.get(roster_id)
        seen = held.mark if held else None
        found = await asyncio.gather(self.store.news(roster_id, seen), self._told(roster_id), planned_with(self.store, roster_id))
        opened = await asyncio.to_thread(opened_with, held, *found)
        self._latest[roster_id] = opened
        self._latest.move_to_end(roster_id)
        if len(self._latest) > MOST_OPEN:
            self._latest.popitem(last=False)
        return opened

    async def _told(self, roster_id: UUID) -> list[Publication]:
        """What was published, read again when there is more of it, or another roster came under this id."""
        told = await self.store.publications.list(roster_id)
        if not told:
            return []
        last = told[-1].published_at
        return await self._publications.get((roster_id, last), lambda: self.store.publications.list(roster_id, with_slots=True))

    async def _made_before(self, opened: OpenRoster, edit: Edit, change_id: UUID, actor: str) -> ChangeDocument | None:
        """The change of this id, when it was this edit: after it the roster is no more as the planner saw it."""
        try:
            made = await self.store.changes.get(edit.roster_id, change_id)
        except UnknownChangeError:
            return None
        if made.actor != actor or made.kind != "edit" or not may_be(opened, made, edit):
            raise ChangeIdReusedError(Message("this form was used for another change; nothing was changed now"), next_step=OPEN_AGAIN)
        return made

    async def _with_who_changed_it(self, conflict: RosterConflictError, edit: Edit) -> RosterConflictError:
        asked = {(one.employee_id, one.date, one.dagdeel) for one in edit.slots}
        for change in await self.store.changes.list(edit.roster_id, limit=LINES_LOOKED_AT):
            is_short = len(change.slots) == change.slot_count
            slots = change.slots if is_short else (await self.store.changes.get(edit.roster_id, change.id)).slots
            if not asked.isdisjoint((one.employee_id, one.date, one.dagdeel) for one in slots):
                when = change.made_at.astimezone(PLANNERS_ZONE)
                said = Message("changed by {who} at {time} on {date}", who=change.actor, time=f"{when:%H:%M}", date=when.date())
                return RosterConflictError(conflict.message, details=[*conflict.details, said], next_step=conflict.next_step)
        return conflict

    def _moment(self, opened: OpenRoster) -> dt.datetime:
        return self._now().astimezone(ZoneInfo(opened.problem.timezone))


def opened_with(held: OpenRoster | None, news: RosterNews, told: Sequence[Publication], options: PlanOptions | None = None) -> OpenRoster:
    """A roster as news say that it is, from what is held of it."""
    state, mark, tables = news.state, news.mark, news.tables
    if tables is None:
        if held is None:
            raise AssertionError("nothing is held, and the news are not all of it")
        changed = frozenset(one for one, _ in held.mark.slots.items() ^ mark.slots.items())
        if options == held.planned_with:
            then = with_rows(held, changed, news.rows)
            published = published_rosters(held.problem, told)
            return replace(then, digest=state.digest, changed_at=state.changed_at, publications=published, mark=mark)
        tables = tables_with(held.tables, changed, news.rows)
    return lay_open(tables, digest=state.digest, changed_at=state.changed_at, publications=told, planned_with=options, mark=mark)


def taken_back(slots: list[SlotChange]) -> list[SlotChange]:
    """The changes that take changes back."""
    return [one.model_copy(update={"before": one.after, "after": one.before}) for one in slots]


def _state(opened: OpenRoster) -> State:
    return opened.roster_id, opened.digest, opened.changed_at
