"""The list of rosters, and the page of one: its grid, what is open beside it, and what others change meanwhile."""

from __future__ import annotations

import asyncio
import datetime as dt
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from greedy.report.counts import percent
from greedy.web.context import DeskOf, Page, Planner, StoreOf
from greedy.web.views.change_words import line_said
from greedy.web.views.open_shifts import candidate_view, open_shifts
from greedy.web.views.roster_list import Wanted
from greedy.web.views.roster_page import Shown, State, drawing, redrawn

router = APIRouter(include_in_schema=False)

LINES_LOOKED_AT = 20
FEW = 7  # rosters that a list shows without a way to search it


@router.get("/")
async def list_rosters(page: Page, store: StoreOf, wanted: Annotated[Wanted, Query()]) -> Response:
    """The rosters that are looked for, or all, below each its what-if copies; only the list when htmx asks, as after a letter typed."""
    rosters, copies = await asyncio.gather(store.list_rosters(), store.copies.list())
    chosen = await asyncio.to_thread(wanted.chosen, rosters, copies, page.words)
    template = "roster_list.html" if page.is_part else "rosters.html"
    return page.render(template, rosters=chosen, total=len(rosters), searchable=len(rosters) > FEW, wanted=wanted)


@router.get("/rosters/{roster_id}/coverage")
async def coverage(roster_id: UUID, page: Page, desk: DeskOf) -> Response:
    """How much of a roster is filled, for the list."""
    opened = await desk.open(roster_id)
    missing, required = sum(opened.missing.values()), opened.problem.required
    return page.render("roster_coverage.html", roster_id=roster_id, percent=percent(required - missing, required), missing=missing)


@router.get("/rosters/{roster_id}")
async def roster_page(roster_id: UUID, page: Page, desk: DeskOf, store: StoreOf, shown: Annotated[Shown, Query()]) -> Response:
    """The page of a roster; only its grid when htmx asks, as after a choice of weeks."""
    opened, original = await asyncio.gather(desk.open(roster_id), store.copies.original_of(roster_id))

    def draw() -> Response:
        template = "roster_grid.html" if page.is_part else "roster.html"
        return page.render(template, original=original, **drawing(opened, shown))

    response = await asyncio.to_thread(draw)
    if page.is_part:
        response.headers["HX-Trigger-After-Settle"] = "roster-shown"
    return response


@router.get("/rosters/{roster_id}/since")
async def since(roster_id: UUID, page: Page, planner: Planner, desk: DeskOf, store: StoreOf, shown: Annotated[State, Query()]) -> Response:
    """What has changed since a page was drawn; 204 when nothing has. Pages ask every few seconds."""
    state = await store.state(roster_id)
    if state.digest == shown.state:
        return Response(status_code=204)
    opened, lines = await asyncio.gather(desk.open(roster_id), store.changes.list(roster_id, limit=LINES_LOOKED_AT))
    told = [line_said(opened, line, page.words) for line in lines if line.actor != planner.name and line.made_at.isoformat() > shown.at]
    response = await asyncio.to_thread(redrawn, page, opened, shown, {"told": told[:3]})
    response.headers["HX-Trigger"] = "roster-changed"
    return response


@router.get("/rosters/{roster_id}/open")
async def open_demand(roster_id: UUID, page: Page, desk: DeskOf, shown: Annotated[Shown, Query()]) -> Response:
    """What is open and why, in the weeks and of the team that are shown: beside the grid, after it, as reasons take longer."""
    opened = await desk.open(roster_id)
    explained = shown.open_demand(opened, await desk.explained(opened))
    total = sum(opened.missing.values())
    count = sum(one.missing for one in explained)
    return page.render("open_shifts.html", opened=opened, shifts=open_shifts(opened, explained), count=count, total=total)


@router.get("/rosters/{roster_id}/candidates")
async def who_could(
    roster_id: UUID,
    page: Page,
    desk: DeskOf,
    date: dt.date,
    service: Annotated[str, Query(max_length=16)],
    team: Annotated[str, Query(max_length=10)],
) -> Response:
    """Who could take an open shift, the best first."""
    opened = await desk.open(roster_id)
    row = opened.demand_row(date, service, team)
    found = await desk.candidates(opened, row)
    template = "candidates.html" if page.is_part else "candidates_page.html"
    return page.render(template, opened=opened, view=candidate_view(opened, row, found))
