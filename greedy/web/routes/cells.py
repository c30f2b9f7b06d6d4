"""One cell, or some of an employee: what can be done with it, what that would break, doing it, undoing it, and what happened there."""

from __future__ import annotations

import asyncio
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from greedy.desk.opened import OpenRoster
from greedy.desk.outlook import Outlook
from greedy.model.message import Message
from greedy.store.base import RosterConflictError
from greedy.store.changes import ChangeDocument
from greedy.web.context import DeskOf, FormId, Page, PageOf, Planner, StoreOf
from greedy.web.views.cell import cell_view
from greedy.web.views.cell_form import CellAsked, CellForm, edit_of, fingerprint, turned
from greedy.web.views.cell_history import change_of, last_of, lines_of
from greedy.web.views.change_words import ToldLine, change_said, told
from greedy.web.views.outlook import outlook_view
from greedy.web.views.roster_page import State, redrawn

router = APIRouter(prefix="/rosters/{roster_id}", include_in_schema=False)

LINES_OF_A_CELL = 8
INTO_THE_PAGE = {"HX-Trigger": "roster-changed, close-dialog", "HX-Retarget": "#roster-state", "HX-Reswap": "outerHTML"}


@router.get("/cell")
async def cell(roster_id: UUID, page: Page, desk: DeskOf, asked: Annotated[CellAsked, Query()]) -> Response:
    """The dialog of a cell."""
    opened = await desk.open(roster_id)
    asked = turned(opened, asked)
    edit = edit_of(opened, asked)
    return _dialog(page, opened, asked, None if edit is None else await desk.look_ahead(opened, edit))


@router.post("/cell/outlook")
async def outlook(roster_id: UUID, page: Page, desk: DeskOf, form: Annotated[CellForm, Form()]) -> Response:
    """What the choice in a dialog would do, while it is made. It changes nothing; it is posted as notes do not belong in an address."""
    opened = await desk.open(roster_id)
    edit = edit_of(opened, form, note=form.note)  # against what stands now; what was seen is compared when it is saved
    found = None if edit is None else await desk.look_ahead(opened, edit)
    return page.render("outlook.html", outlook=None if found is None else outlook_view(opened, found, page.words))


@router.post("/cell")
async def save(roster_id: UUID, page: Page, planner: Planner, desk: DeskOf, store: StoreOf, form: Annotated[CellForm, Form()]) -> Response:
    """Save the choice of a dialog. What breaks a rule is saved when its planner was shown that very rule and says so."""
    opened = await desk.open(roster_id)
    edit = edit_of(opened, form, note=form.note, seen=form.seen)
    if edit is None:
        return _dialog(page, opened, form, None, status=422, fault=Message("Choose first what to do."))
    try:
        found = await desk.look_ahead(opened, edit)
        if found.impossible or not (found.is_clean or form.although == fingerprint(found)):
            return _dialog(page, opened, form, found, status=422)
        change = (await desk.change(edit, form.id, planner.name)).change
    except RosterConflictError:
        made = await change_of(store, roster_id, form.id)
        if made is None or made.actor != planner.name:
            return await _meanwhile(roster_id, page, desk, store, form)
        change = made  # this very form, sent again
    opened = await desk.open(roster_id)
    said = Message("Saved: {what}", what=change_said(opened, change.slots, page.words))
    return await _into_the_page(page, opened, form, said, change)


@router.get("/cell/history")
async def history(roster_id: UUID, page: Page, desk: DeskOf, store: StoreOf, asked: Annotated[CellAsked, Query()]) -> Response:
    """Who changed what in some cells, the latest first."""
    opened = await desk.open(roster_id)
    lines = await lines_of(store, roster_id, {opened.key(slot) for slot in asked.slots(opened)}, most=LINES_OF_A_CELL)
    return page.render("cell_history.html", opened=opened, lines=[told(opened, line, page.words) for line in lines])


@router.get("/undo")
async def undo_button(roster_id: UUID, page: Page, planner: Planner, desk: DeskOf, store: StoreOf) -> Response:
    """The button that takes back the planner's last change; one that can do nothing when there is none."""
    opened, change = await asyncio.gather(desk.open(roster_id), last_of(store, roster_id, planner.name))
    return page.render("undo.html", opened=opened, swap=False, **_undoable(page, opened, change))


@router.post("/undo")
async def undo(
    roster_id: UUID,
    page: Page,
    planner: Planner,
    desk: DeskOf,
    store: StoreOf,
    change: Annotated[UUID, Form()],
    number: FormId,
    shown: Annotated[State, Form()],
) -> Response:
    """Take a change back."""
    answer = await desk.undo(roster_id, change, number, planner.name)
    opened, last = await asyncio.gather(desk.open(roster_id), last_of(store, roster_id, planner.name))
    said = Message("Undone: {what}", what=change_said(opened, answer.change.slots, page.words))
    return await _into_the_page(page, opened, shown, said, last)


async def _meanwhile(roster_id: UUID, page: PageOf, desk: DeskOf, store: StoreOf, form: CellForm) -> Response:
    """The dialog again: what stands there now and who did it, beside the choice as it was made."""
    opened = await desk.open(roster_id)
    keys = {opened.key(slot) for slot in form.slots(opened)}
    edit = edit_of(opened, form, note=form.note)
    found = None if edit is None else await desk.look_ahead(opened, edit)
    lines = await lines_of(store, roster_id, keys, most=1)
    return _dialog(page, opened, form, found, status=409, meanwhile=[told(opened, line, page.words) for line in lines])


def _dialog(
    page: PageOf,
    opened: OpenRoster,
    asked: CellAsked,
    found: Outlook | None,
    *,
    status: int = 200,
    fault: str = "",
    meanwhile: list[ToldLine] | None = None,
) -> Response:
    cell = cell_view(opened, asked, page.words)
    note = asked.note if isinstance(asked, CellForm) else cell.note
    view = None if found is None else outlook_view(opened, found, page.words)
    template = "cell.html" if page.is_part else "cell_page.html"
    return page.render(template, status=status, opened=opened, cell=cell, note=note, outlook=view, fault=fault, meanwhile=meanwhile)


async def _into_the_page(page: PageOf, opened: OpenRoster, shown: State, said: str, last: ChangeDocument | None) -> Response:
    """What was done, put into the page that shows the roster; without JavaScript the page anew."""
    if not page.is_part:
        page.flash(said)
        return page.go(f"/rosters/{opened.roster_id}")
    response = await asyncio.to_thread(redrawn, page, opened, shown, {"told": (), "done": said, **_undoable(page, opened, last)})
    response.headers.update(INTO_THE_PAGE)
    return response


def _undoable(page: PageOf, opened: OpenRoster, change: ChangeDocument | None) -> dict[str, Any]:
    """What the undo button needs: the id of the change that it would take back, and that change in words."""
    return {"undoable": change and change.id, "undo_said": "" if change is None else change_said(opened, change.slots, page.words)}
