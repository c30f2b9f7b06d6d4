"""Plans: ask for one, watch it, cancel it, and see what it changed for whom."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from greedy.desk.opened import OpenRoster
from greedy.desk.planned_with import check_planning
from greedy.errors import InputError
from greedy.model.message import Message
from greedy.store.changes import ChangeDocument, UnknownChangeError
from greedy.store.functions import FunctionStore
from greedy.store.plans import PlanDocument, PlanRequest, PlanState, PlanUnderWayError, UnknownPlanError
from greedy.web.context import DeskOf, FormId, Page, PageOf, Planner, StoreOf
from greedy.web.files import as_file
from greedy.web.views.plan_form import Keep, PlanForm, form_as_before, sent_form
from greedy.web.views.progress_picture import draw_progress, look_back
from greedy.web.views.side_by_side import colours_of
from greedy.web.views.slot_lines import by_employee
from greedy.wording.kept import messages_in

router = APIRouter(prefix="/rosters/{roster_id}/plans", include_in_schema=False)

UNDER_WAY = (PlanState.WAITING, PlanState.RUNNING)
LONG_WAIT_SECONDS = 15.0
NOT_SAID = -1  # a step that nobody was told of yet


@router.get("")
async def show_plans(
    roster_id: UUID,
    page: Page,
    desk: DeskOf,
    store: StoreOf,
    keep: Annotated[Keep | None, Query()] = None,
    like: Annotated[UUID | None, Query(description="A plan whose choices the form begins with")] = None,
) -> Response:
    """The plans of a roster, and the form that asks for one."""
    opened = await desk.open(roster_id)
    plans, original = await asyncio.gather(store.plans.list(roster_id), store.copies.original_of(roster_id))
    form = await form_as_before(store, original, plans)
    if like is not None:
        form = PlanForm((await plan_of(store, roster_id, like)).options, as_before=True)
    if keep is not None:
        form = form.keeping(keep)
    return await _page(page, store, opened, original, plans, form)


@router.post("")
async def ask(request: Request, roster_id: UUID, number: FormId, page: Page, desk: DeskOf, store: StoreOf, planner: Planner) -> Response:
    """Put a plan in the queue; or show the form again, with all that has to be mended."""
    form = await sent_form(await request.form())
    opened = await desk.open(roster_id)
    if "planning" not in form.faults:
        try:
            await check_planning(opened.tables, form.options)
        except InputError as fault:
            form = form.with_fault(fault)
    if not form.faults:
        return await ask_for(page, store, PlanRequest(id=number, roster_id=roster_id, actor=planner.name, options=form.options))
    plans, original = await asyncio.gather(store.plans.list(roster_id), store.copies.original_of(roster_id))
    return await _page(page, store, opened, original, plans, form, status=422)


async def _page(
    page: PageOf,
    store: FunctionStore,
    opened: OpenRoster,
    original: UUID | None,
    plans: list[PlanDocument],
    form: PlanForm,
    status: int = 200,
) -> Response:
    return page.render(
        "plans.html",
        status=status,
        opened=opened,
        original=original,
        plans=plans,
        waiting=next((plan for plan in plans if plan.state in UNDER_WAY), None),
        publication=max(await store.publications.list(opened.roster_id), key=lambda one: one.number, default=None),
        form=form,
    )


@router.get("/{plan_id}")
async def show_plan(roster_id: UUID, plan_id: UUID, page: Page, desk: DeskOf, store: StoreOf) -> Response:
    """A plan: how far it is, or what came of it."""
    plan = await plan_of(store, roster_id, plan_id)
    opened = await desk.open(roster_id)
    change = await change_of(store, plan)
    lines = by_employee(change.slots, opened.tables) if change else []
    return page.render(
        "plan.html",
        opened=opened,
        original=await store.copies.original_of(roster_id),
        change=change,
        lines=lines,
        said=messages_in((plan.result or {}).get("said")) | messages_in((plan.error or {}).get("said")),
        colours=colours_of(opened.problem),
        said_step=NOT_SAID,
        as_date=dt.date.fromisoformat,
        **progress_of(plan),
    )


@router.get("/{plan_id}/planning.toml")
async def download_planning(roster_id: UUID, plan_id: UUID, store: StoreOf) -> Response:
    """The planning settings of a plan."""
    plan = await plan_of(store, roster_id, plan_id)
    if plan.options.planning is None:
        raise UnknownPlanError(Message("this plan was made without planning settings"))
    return as_file(plan.options.planning.encode(), "planning.toml", "application/toml")


@router.get("/{plan_id}/progress")
async def show_progress(
    roster_id: UUID, plan_id: UUID, page: Page, store: StoreOf, step: Annotated[int, Query(ge=0, le=5)] = 0
) -> Response:
    """How far a plan is, for a page that asks again and again; that page is loaded anew when the plan has ended."""
    plan = await plan_of(store, roster_id, plan_id)
    headers = {"Cache-Control": "no-store"} | ({} if plan.state in UNDER_WAY else {"HX-Refresh": "true"})
    return page.render("plan_progress.html", headers=headers, said_step=step, **progress_of(plan))


@router.post("/{plan_id}/cancel")
async def cancel(roster_id: UUID, plan_id: UUID, page: Page, store: StoreOf, planner: Planner) -> Response:
    """End a plan before it writes anything."""
    await plan_of(store, roster_id, plan_id)
    await store.plans.cancel(plan_id, planner.name)
    return page.go(f"/rosters/{roster_id}/plans/{plan_id}")


async def ask_for(page: PageOf, store: FunctionStore, request: PlanRequest) -> Response:
    """Put a plan in the queue, and go to it; to the one that is under way when there is one."""
    try:
        plan = await store.plans.ask(request)
    except PlanUnderWayError as exc:
        plan = exc.plan
        said = Message("{who} has asked for a plan already. One roster is planned once at a time.", who=plan.actor)
        return go_to_plan(page, plan, said)
    return page.go(f"/rosters/{request.roster_id}/plans/{plan.id}")


def go_to_plan(page: PageOf, under_way: PlanDocument, said: Message) -> Response:
    """Go to the plan that stands in the way of what was asked."""
    page.flash(said, "note")
    return page.go(f"/rosters/{under_way.roster_id}/plans/{under_way.id}")


async def plan_of(store: FunctionStore, roster_id: UUID, plan_id: UUID) -> PlanDocument:
    """A plan of a roster.

    Raises
    ------
    UnknownPlanError
        The roster has no such plan.
    """
    plan = await store.plans.get(plan_id)
    if plan.roster_id != roster_id:
        raise UnknownPlanError(Message("roster {roster} has no plan {plan}", roster=roster_id, plan=plan_id))
    return plan


async def change_of(store: FunctionStore, plan: PlanDocument) -> ChangeDocument | None:
    """What a plan changed, from the history; None when it wrote nothing."""
    if plan.state is not PlanState.DONE:
        return None
    try:
        return await store.changes.get(plan.roster_id, plan.id)
    except UnknownChangeError:
        return None


def step_of(plan: PlanDocument) -> int:
    """Which of the five phases a plan is in; 0 while it waits."""
    if plan.state is PlanState.WAITING or plan.progress is None:
        return 0
    digit = plan.progress.phase.removeprefix("FASE ")[:1]
    return int(digit) if digit in "12345" and digit else 1


def progress_of(plan: PlanDocument) -> dict[str, Any]:
    """What the templates show of a plan that goes on."""
    now = dt.datetime.now(dt.UTC)
    points = plan.progress.points if plan.progress else []
    begun = plan.started_at or plan.asked_at
    seconds = max(0.0, ((plan.ended_at or now) - begun).total_seconds())
    last = points[-1] if points else None
    return {
        "plan": plan,
        "seconds": seconds,
        "picture": draw_progress(points, seconds) if plan.state in UNDER_WAY else look_back(points),
        "last": last,
        "goes_on": plan.state in UNDER_WAY,
        "step": step_of(plan),
        "waits_long": plan.state is PlanState.WAITING and seconds > LONG_WAIT_SECONDS,
    }
