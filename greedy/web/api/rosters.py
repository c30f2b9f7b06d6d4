"""Rosters and their changes."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Query

from greedy.desk.edits import Edit
from greedy.report import Report
from greedy.report.comparison import Comparison
from greedy.store.base import RosterSummary
from greedy.store.changes import ChangeAnswer, ChangeDocument
from greedy.web.api.documents import (
    CandidateDocument,
    ChangeOrder,
    Order,
    OutlookDocument,
    RosterDocument,
    candidate_document,
    outlook_document,
    roster_document,
)
from greedy.web.context import LAST_NUMBER, NO_NUL, DeskOf, Page, Planner, StoreOf

Code = Annotated[str, Query(max_length=200, pattern=NO_NUL)]

router = APIRouter()


@router.get("/rosters", tags=["rosters"])
async def list_rosters(_: Planner, store: StoreOf) -> list[RosterSummary]:
    """All rosters."""
    return await store.list_rosters()


@router.get("/rosters/{roster_id}", tags=["rosters"])
async def get_roster(_: Planner, desk: DeskOf, page: Page, roster_id: UUID) -> RosterDocument:
    """A roster as it stands."""
    opened = await desk.open(roster_id)
    return await asyncio.to_thread(roster_document, opened, page.words)


@router.get("/rosters/{roster_id}/report", tags=["rosters"])
async def get_report(_: Planner, desk: DeskOf, page: Page, roster_id: UUID) -> Report:
    """The report on a roster: coverage, open demand and why, rules, fairness, recommendations."""
    return await desk.report(await desk.open(roster_id), page.words)


@router.get("/rosters/{roster_id}/comparison", tags=["rosters"])
async def get_comparison(_: Planner, desk: DeskOf, roster_id: UUID, before: UUID) -> Comparison:
    """How a roster differs from another one of the same staff."""
    return await desk.compare(*await asyncio.gather(desk.open(before), desk.open(roster_id)))


@router.get("/rosters/{roster_id}/candidates", tags=["rosters"])
async def list_candidates(
    _: Planner, desk: DeskOf, page: Page, roster_id: UUID, date: dt.date, service_code: Code, team: Code
) -> list[CandidateDocument]:
    """Who could take a shift of a demand row, the best first, and why."""
    opened = await desk.open(roster_id)
    found = await desk.candidates(opened, opened.demand_row(date, service_code, team))
    return [candidate_document(opened, one, page.words) for one in found]


@router.post("/outlook", tags=["changes"])
async def look_ahead(_: Planner, desk: DeskOf, page: Page, edit: Edit) -> OutlookDocument:
    """What an edit would do. Changes nothing."""
    opened = await desk.open(edit.roster_id)
    return outlook_document(opened, await desk.look_ahead(opened, edit), page.words)


@router.post("/changes", tags=["changes"])
async def make_change(planner: Planner, desk: DeskOf, order: ChangeOrder) -> ChangeAnswer:
    """Make an edit, all or nothing. The same id again gets the same answer."""
    return await desk.change(order.edit, order.id, planner.name)


@router.get("/rosters/{roster_id}/changes", tags=["changes"])
async def list_changes(
    _: Planner,
    store: StoreOf,
    roster_id: UUID,
    before: Annotated[int | None, Query(ge=0, le=LAST_NUMBER)] = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> list[ChangeDocument]:
    """The history of a roster, newest first; also of one that was deleted. `before`: only lines with a lower number."""
    return await store.changes.list(roster_id, before=before, limit=limit)


@router.get("/rosters/{roster_id}/changes/{change_id}", tags=["changes"])
async def get_change(_: Planner, store: StoreOf, roster_id: UUID, change_id: UUID) -> ChangeDocument:
    """A change with all of its slots."""
    return await store.changes.get(roster_id, change_id)


@router.post("/rosters/{roster_id}/changes/{change_id}/undo", tags=["changes"])
async def undo_change(
    planner: Planner, desk: DeskOf, roster_id: UUID, change_id: Annotated[UUID, Path(description="The change to take back")], order: Order
) -> ChangeAnswer:
    """Take a change back, all or nothing. The same id again gets the same answer."""
    return await desk.undo(roster_id, change_id, order.id, planner.name)
