"""Downloads: a roster in every format."""

from __future__ import annotations

import asyncio
import io
import zipfile
from collections.abc import Mapping
from functools import partial
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query
from starlette.responses import Response

from greedy.errors import InputError
from greedy.ingest.workbook.export import write_workbook
from greedy.model.message import Message
from greedy.report.paper import Paper
from greedy.report.rendering import BY_SUFFIX, render
from greedy.web.context import DeskOf, Page, StoreOf
from greedy.web.files import XLSX, as_file, sheet_language, workbook_bytes

router = APIRouter(prefix="/rosters/{roster_id}/downloads", include_in_schema=False)


Suffix = Literal["html", "xlsx", "pdf", "ics", "json", "txt"]
MEDIA: Mapping[Suffix, str] = {
    "html": "text/html; charset=utf-8",
    "xlsx": XLSX,
    "pdf": "application/pdf",
    "ics": "text/calendar; charset=utf-8",
    "json": "application/json",
    "txt": "text/plain; charset=utf-8",
}


@router.get("")
async def show_downloads(roster_id: UUID, page: Page, desk: DeskOf, store: StoreOf) -> Response:
    """What can be downloaded."""
    from greedy.report.calendar import calendar_people

    opened = await desk.open(roster_id)
    people = calendar_people(opened.problem, opened.publications)
    return page.render("downloads.html", opened=opened, people=people, original=await store.copies.original_of(roster_id))


@router.get("/roster.{kind}")
async def download(roster_id: UUID, kind: Suffix, page: Page, desk: DeskOf, paper: Annotated[Paper, Query()] = "a3") -> Response:
    """A roster as a file."""
    view = await desk.view(roster_id, page.words)
    content = await asyncio.to_thread(render, view, BY_SUFFIX[kind], words=page.words, paper=paper)
    return as_file(content, f"{view.name}.{kind}", MEDIA[kind])


@router.get("/calendar.ics")
async def download_calendar(roster_id: UUID, page: Page, desk: DeskOf, employee: Annotated[str, Query(max_length=400)]) -> Response:
    """The calendar of one employee."""
    from greedy.report.calendar import calendar_people, render_calendar

    view = await desk.view(roster_id, page.words)
    name = calendar_people(view.grid.problem, view.publications).get(employee)
    if name is None:
        raise InputError(Message("no employee of this roster has the id {id}", id=employee), next_step=Message("choose one of the list"))
    content = await asyncio.to_thread(render_calendar, view, words=page.words, employee=employee)
    return as_file(content, f"{view.name}, {name}.ics", MEDIA["ics"])


@router.get("/calendars.zip")
async def download_calendars(roster_id: UUID, page: Page, desk: DeskOf) -> Response:
    """A calendar for each employee and one for all, in an archive."""
    from greedy.report.calendar import render_calendars

    view = await desk.view(roster_id, page.words)
    calendars = await asyncio.to_thread(render_calendars, view, page.words)
    return as_file(await asyncio.to_thread(_archive, calendars), f"{view.name}.zip", "application/zip")


@router.get("/workbook.xlsx")
async def download_workbook(roster_id: UUID, page: Page, desk: DeskOf) -> Response:
    """The workbook that can be changed and sent in again."""
    opened = await desk.open(roster_id)
    write = partial(write_workbook, opened.tables, language=sheet_language(page.words))
    content = await asyncio.to_thread(workbook_bytes, write)
    return as_file(content, f"{opened.name}, import.xlsx", XLSX)


def _archive(files: Mapping[str, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return content.getvalue()
