"""History: who changed what in a roster, and how to take it back."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from greedy.formats.tables import PracticeTables
from greedy.model.message import Message
from greedy.store.changes import ChangeDocument
from greedy.web.context import LAST_NUMBER, DeskOf, FormId, Page, Planner, StoreOf
from greedy.web.views.slot_lines import EmployeeLines, by_employee

router = APIRouter(prefix="/rosters/{roster_id}/history", include_in_schema=False)

PAGE_LENGTH = 30
UNDOABLE = ("edit", "undo", "plan", "take_over")  # the others are taken back by their own opposite


@dataclass(frozen=True)
class HistoryEntry:
    """A line of the history, with what it changed for whom."""

    change: ChangeDocument
    people: list[EmployeeLines]

    @property
    def may_be_undone(self) -> bool:
        """Whether there is something to take back that was not taken back yet."""
        return self.change.kind in UNDOABLE and self.change.undone_by is None and self.change.slot_count > 0


def entry_of(change: ChangeDocument, tables: PracticeTables) -> HistoryEntry:
    """A line of the history as it is shown."""
    return HistoryEntry(change, by_employee(change.slots, tables))


@router.get("")
async def show_history(
    roster_id: UUID, page: Page, desk: DeskOf, store: StoreOf, before: Annotated[int | None, Query(ge=1, le=LAST_NUMBER)] = None
) -> Response:
    """The history of a roster, newest first."""
    opened = await desk.open(roster_id)
    changes = await store.changes.list(roster_id, before=before, limit=PAGE_LENGTH + 1)
    shown = changes[:PAGE_LENGTH]
    return page.render(
        "history.html",
        opened=opened,
        original=await store.copies.original_of(roster_id),
        entries=[entry_of(change, opened.tables) for change in shown],
        earlier=shown[-1].number if len(changes) > PAGE_LENGTH else None,
        newest=before is None,
    )


@router.get("/{change_id}")
async def show_change(roster_id: UUID, change_id: UUID, page: Page, desk: DeskOf, store: StoreOf) -> Response:
    """All that one change did, of which the history shows how much it was."""
    opened = await desk.open(roster_id)
    change = await store.changes.get(roster_id, change_id)
    return page.render(
        "change.html", opened=opened, original=await store.copies.original_of(roster_id), entry=entry_of(change, opened.tables)
    )


@router.post("/{change_id}/undo")
async def undo(roster_id: UUID, change_id: UUID, page: Page, desk: DeskOf, planner: Planner, number: FormId) -> Response:
    """Take a change back, all of it or nothing."""
    await desk.undo(roster_id, change_id, number, planner.name)
    page.flash(Message("The change was taken back."))
    return page.go(f"/rosters/{roster_id}/history")
