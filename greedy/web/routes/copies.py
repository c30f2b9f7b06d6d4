"""What if: copies of a roster to try things on, compared with it, and taken over or thrown away."""

from __future__ import annotations

import asyncio
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query
from starlette.responses import Response

from greedy.model.message import Message
from greedy.store.base import RosterConflictError
from greedy.store.copies import RosterCopy, UnknownCopyError
from greedy.store.functions import FunctionStore
from greedy.store.plans import PlanUnderWayError
from greedy.web.context import DeskOf, FormId, Page, Planner, StoreOf
from greedy.web.routes.plans import go_to_plan
from greedy.web.views.side_by_side import changed_people, colours_of, facing_grids, side_by_side

router = APIRouter(prefix="/rosters/{roster_id}", include_in_schema=False)

Name = Annotated[str, Form(max_length=300)]


@router.get("/copies")
async def show_copies(roster_id: UUID, page: Page, desk: DeskOf, store: StoreOf) -> Response:
    """The copies of a roster, and the form to make one."""
    opened = await desk.open(roster_id)
    copies, is_copy = await asyncio.gather(store.copies.list(roster_id), store.copies.find(roster_id))
    return page.render("copies.html", opened=opened, copies=copies, is_copy=is_copy)


@router.post("/copies")
async def make_copy(
    roster_id: UUID, page: Page, desk: DeskOf, store: StoreOf, planner: Planner, number: FormId, name: Name = ""
) -> Response:
    """Copy the roster as it stands now."""
    opened = await desk.open(roster_id)
    said = page.words.say(Message("{roster}, what if", roster=opened.name[:250]))
    copy = await store.copies.make(number, roster_id, name.strip() or said, planner.name)
    page.flash(Message("This is a copy. Change and plan it as you like: the roster itself stays as it is, until you take the copy over."))
    return page.go(f"/rosters/{copy.copy_id}")


@router.get("/compare/{other_id}")
async def compare_rosters(
    roster_id: UUID, other_id: UUID, page: Page, desk: DeskOf, store: StoreOf, everybody: Annotated[bool, Query()] = False
) -> Response:
    """Two rosters side by side: what the other one would change, and for whom."""
    return await _comparison(page, desk, store, roster_id, other_id, everybody=everybody)


@router.post("/take-over")
async def take_over(
    roster_id: UUID,
    page: Page,
    desk: DeskOf,
    store: StoreOf,
    planner: Planner,
    number: FormId,
    although_changed: Annotated[bool, Form()] = False,
) -> Response:
    """Make the content of this copy that of its original."""
    copy = await _copy(store, roster_id)
    try:
        await store.copies.take_over(number, roster_id, planner.name, although_changed=although_changed)
    except PlanUnderWayError as exc:
        return go_to_plan(
            page,
            exc.plan,
            Message("Nothing was taken over: {who} has asked for a plan first. Wait for it, or cancel it.", who=exc.plan.actor),
        )
    except RosterConflictError as conflict:
        return await _comparison(page, desk, store, copy.original_id, roster_id, conflict=conflict)
    page.flash(Message("The copy was taken over. It stays beside the roster until you delete it; the history has an undo."))
    return page.go(f"/rosters/{copy.original_id}")


@router.post("/delete-copy")
async def delete_copy(roster_id: UUID, page: Page, store: StoreOf, planner: Planner) -> Response:
    """Throw a copy away."""
    copy = await _copy(store, roster_id)
    try:
        await store.copies.delete(roster_id, planner.name)
    except PlanUnderWayError as exc:
        return go_to_plan(
            page, exc.plan, Message("Nothing was deleted: {who} has asked for a plan of it. Wait for it, or cancel it.", who=exc.plan.actor)
        )
    page.flash(Message("The copy {name} was deleted.", name=copy.naam))
    return page.go(f"/rosters/{copy.original_id}/copies")


async def _copy(store: FunctionStore, roster_id: UUID) -> RosterCopy:
    copy = await store.copies.find(roster_id)
    if copy is None:
        raise UnknownCopyError(Message("roster {id} is no copy of another one", id=roster_id), next_step=Message("open the roster itself"))
    return copy


async def _comparison(
    page: Page,
    desk: DeskOf,
    store: FunctionStore,
    roster_id: UUID,
    other_id: UUID,
    *,
    everybody: bool = False,
    conflict: RosterConflictError | None = None,
) -> Response:
    opened, other = await desk.open(roster_id), await desk.open(other_id)
    comparison = await desk.compare(opened, other)
    left, right = await asyncio.to_thread(facing_grids, opened, other)
    copy = await store.copies.find(other_id)
    return page.render(
        "compare.html",
        status=200 if conflict is None else 409,
        opened=opened,
        other=other,
        copy=copy if copy and copy.original_id == roster_id else None,
        comparison=comparison,
        left=left,
        right=right,
        people=None if everybody else changed_people(right),
        all_employees=everybody,
        colours=colours_of(opened.problem),
        sides=side_by_side(opened, other),
        conflict=conflict,
    )
