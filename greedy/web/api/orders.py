"""Plans, what-if copies and publications."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from greedy.desk.planned_with import check_planning
from greedy.store.changes import ChangeAnswer
from greedy.store.copies import RosterCopy
from greedy.store.plans import PlanDocument, PlanRequest
from greedy.store.publications import Publication
from greedy.web.api.documents import CopyOrder, Order, PlanOrder, PublishOrder, TakeOverOrder
from greedy.web.context import DeskOf, Planner, StoreOf

router = APIRouter()


@router.post("/rosters/{roster_id}/plans", tags=["plans"])
async def ask_for_plan(planner: Planner, desk: DeskOf, store: StoreOf, roster_id: UUID, order: PlanOrder) -> PlanDocument:
    """Have a roster planned by the worker. The same id again is the same plan; one at a time for a roster.

    `planning` is the text of a planning file (TOML); what of it does not fit the roster stands in the problem's `details`, all at once.
    """
    if order.options.planning is not None:
        await check_planning((await desk.open(roster_id)).tables, order.options)
    return await store.plans.ask(PlanRequest(id=order.id, roster_id=roster_id, actor=planner.name, options=order.options))


@router.get("/plans", tags=["plans"])
async def list_plans(
    _: Planner, store: StoreOf, roster_id: UUID | None = None, limit: Annotated[int, Query(ge=1, le=200)] = 20
) -> list[PlanDocument]:
    """Plans, the newest first."""
    return await store.plans.list(roster_id, limit=limit)


@router.get("/plans/{plan_id}", tags=["plans"])
async def get_plan(_: Planner, store: StoreOf, plan_id: UUID) -> PlanDocument:
    """A plan: how far it is, and what came of it."""
    return await store.plans.get(plan_id)


@router.post("/plans/{plan_id}/cancel", tags=["plans"])
async def cancel_plan(planner: Planner, store: StoreOf, plan_id: UUID) -> PlanDocument:
    """End a plan before it writes anything. One that has ended stays as it is."""
    return await store.plans.cancel(plan_id, planner.name)


@router.post("/rosters/{roster_id}/copies", tags=["copies"])
async def make_copy(planner: Planner, store: StoreOf, roster_id: UUID, order: CopyOrder) -> RosterCopy:
    """Copy a roster, to try something out. The same id again is the same copy."""
    return await store.copies.make(order.id, roster_id, order.name, planner.name)


@router.get("/copies", tags=["copies"])
async def list_copies(_: Planner, store: StoreOf, roster_id: UUID | None = None) -> list[RosterCopy]:
    """Copies: all, or those of one roster."""
    return await store.copies.list(roster_id)


@router.post("/copies/{copy_id}/take-over", tags=["copies"])
async def take_over(planner: Planner, store: StoreOf, copy_id: UUID, order: TakeOverOrder) -> ChangeAnswer:
    """Make the work of a copy that of its original, all or nothing. The copy stays."""
    return await store.copies.take_over(order.id, copy_id, planner.name, although_changed=order.although_changed)


@router.delete("/copies/{copy_id}", tags=["copies"], status_code=204)
async def delete_copy(planner: Planner, store: StoreOf, copy_id: UUID) -> None:
    """Delete a copy, and no other roster."""
    await store.copies.delete(copy_id, planner.name)


@router.get("/rosters/{roster_id}/publications", tags=["publications"])
async def list_publications(_: Planner, store: StoreOf, roster_id: UUID, with_slots: bool = False) -> list[Publication]:
    """What colleagues were told, in its order; with the work itself when it is asked for."""
    return await store.publications.list(roster_id, with_slots=with_slots)


@router.post("/rosters/{roster_id}/publications", tags=["publications"])
async def publish(planner: Planner, store: StoreOf, roster_id: UUID, order: PublishOrder) -> Publication:
    """Publish a roster as it was looked at; it is final then. The same id again is the same publication."""
    return await store.publications.publish(order.id, roster_id, planner.name, expected_state=order.expected_state, note=order.note)


@router.post("/rosters/{roster_id}/reopen", tags=["publications"])
async def reopen(planner: Planner, store: StoreOf, roster_id: UUID, order: Order) -> ChangeAnswer:
    """Open a published roster again. What was published stays known."""
    return await store.publications.reopen(order.id, roster_id, planner.name)
