"""Publishing: what colleagues are told, and planning on afterwards with few changes."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID, uuid4

from fastapi import APIRouter, Form
from starlette.responses import Response

from greedy.desk.planned_with import check_planning
from greedy.model.message import Message
from greedy.store.plans import PlanOptions, PlanRequest, PlanUnderWayError
from greedy.web.context import NO_NUL, DeskOf, FormId, Page, Planner, StoreOf
from greedy.web.routes.plans import UNDER_WAY, ask_for, go_to_plan
from greedy.web.views.side_by_side import colours_of

router = APIRouter(prefix="/rosters/{roster_id}", include_in_schema=False)


@router.get("/publishing")
async def show_publishing(roster_id: UUID, page: Page, desk: DeskOf, store: StoreOf) -> Response:
    """What was published, what changed since, and the forms to publish, to reopen and to plan again."""
    opened = await desk.open(roster_id)
    publications = await store.publications.list(roster_id)
    return page.render(
        "publishing.html",
        opened=opened,
        original=await store.copies.original_of(roster_id),
        publications=sorted(publications, key=lambda one: -one.number),
        comparison=await desk.since_publication(opened),
        colours=colours_of(opened.problem),
        reopening=uuid4(),
        open_shifts=sum(opened.missing.values()),
        under_way=next((plan for plan in await store.plans.list(roster_id, limit=1) if plan.state in UNDER_WAY), None),
    )


@router.post("/publish")
async def publish(
    roster_id: UUID,
    page: Page,
    store: StoreOf,
    planner: Planner,
    number: FormId,
    state: Annotated[str, Form(max_length=200, pattern=NO_NUL)],
    note: Annotated[str, Form(max_length=1000)] = "",
) -> Response:
    """Publish the roster as the planner saw it."""
    try:
        made = await store.publications.publish(number, roster_id, planner.name, expected_state=state, note=note.strip() or None)
    except PlanUnderWayError as exc:
        return go_to_plan(
            page,
            exc.plan,
            Message("Nothing was published: {who} has asked for a plan first. Wait for it, or cancel it.", who=exc.plan.actor),
        )
    page.flash(Message("Published as number {number}. Nobody changes the roster now, until it is reopened.", number=made.number))
    return page.go(f"/rosters/{roster_id}/publishing")


@router.post("/reopen")
async def reopen(roster_id: UUID, page: Page, store: StoreOf, planner: Planner, number: FormId) -> Response:
    """Let the roster be changed again; what was published stays as it was told."""
    await store.publications.reopen(number, roster_id, planner.name)
    page.flash(Message("The roster may be changed again. Colleagues keep what was published, until it is published anew."))
    return page.go(f"/rosters/{roster_id}/publishing")


@router.post("/replan")
async def replan(
    roster_id: UUID,
    page: Page,
    desk: DeskOf,
    store: StoreOf,
    planner: Planner,
    number: FormId,
    reopening: Annotated[UUID, Form()],
    seconds: Annotated[float, Form(ge=1, le=3600, allow_inf_nan=False)] = 60.0,
) -> Response:
    """Plan again what was published, with as few changes of it as can be, and by the same rules; a final roster is reopened for it."""
    opened = await desk.open(roster_id)
    before = opened.planned_with or PlanOptions()
    limits = {"limit_worked_days": before.limit_worked_days, "planning": before.planning}
    options = PlanOptions.model_validate({"time_limit_seconds": seconds, "keep": "publication", **limits})
    await check_planning(opened.tables, options)
    if opened.is_final:
        await store.publications.reopen(reopening, roster_id, planner.name)
    return await ask_for(page, store, PlanRequest(id=number, roster_id=roster_id, actor=planner.name, options=options))
