"""Workbooks come in: looked through first, with every fault in its cell, and imported when the planner says so."""

from __future__ import annotations

import asyncio
from functools import partial
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, File, Form, Query, Request, UploadFile
from starlette.responses import Response

from greedy.errors import CallerError, InputError
from greedy.ingest.importing import ImportOptions
from greedy.ingest.workbook.faults import WorkbookError
from greedy.ingest.workbook.marking import mark_faults
from greedy.ingest.workbook.template import write_template
from greedy.model.message import Message
from greedy.store.base import RosterExistsError, SharedDataDiffersError
from greedy.web.context import Page, Planner, StoreOf, limit_uploads
from greedy.web.files import XLSX, as_file, sheet_language, workbook_bytes
from greedy.web.uploads.importing import import_upload, one_at_a_time, uploads_of

router = APIRouter(prefix="/imports", include_in_schema=False)

MOST_SHOWN = 200
REPLACEABLE = (RosterExistsError, SharedDataDiffersError)


@router.get("")
async def show_form(page: Page) -> Response:
    """The form that takes a workbook."""
    return page.render("imports.html", fault=None)


@router.post("", dependencies=[Depends(limit_uploads)])
async def send_in(request: Request, page: Page, planner: Planner, workbook: Annotated[UploadFile, File()]) -> Response:
    """Keep a workbook, to look it through on the next page."""
    if not workbook.filename:
        raise InputError(Message("no workbook was chosen"), next_step=Message("choose a file that ends in .xlsx"))
    try:
        kept = await asyncio.to_thread(uploads_of(request).keep, workbook.filename, planner.name, workbook.file)
    except InputError as error:
        return page.render("imports.html", status=422, fault=error)
    return page.go(f"/imports/{kept.id}")


@router.get("/template.xlsx")
async def download_template(page: Page) -> Response:
    """An empty workbook to fill."""
    write = partial(write_template, language=sheet_language(page.words))
    return as_file(await asyncio.to_thread(workbook_bytes, write), f"{page.words.say(Message('Empty roster'))}.xlsx", XLSX)


@router.get("/{number}")
async def look_through(
    request: Request, number: UUID, page: Page, planner: Planner, store: StoreOf, replace: Annotated[bool, Query()] = False
) -> Response:
    """What an import of the workbook would do, or what is wrong in it. Nothing is changed."""
    upload = await asyncio.to_thread(uploads_of(request).find, number, planner.name)
    try:
        found = await import_upload(request, store, upload, ImportOptions(replace=replace, dry_run=True))
    except WorkbookError as error:
        mark = partial(mark_faults, upload.path, error.faults, upload.marked, say=page.words.say)
        async with one_at_a_time(request):
            notes = await asyncio.to_thread(mark)
        shown = error.faults[:MOST_SHOWN]
        return page.render("import_faults.html", status=422, upload=upload, faults=shown, count=len(error.faults), notes=notes)
    except REPLACEABLE as error:
        return page.render("import_checked.html", status=409, upload=upload, found=None, fault=error, replace=replace)
    except CallerError as error:
        return page.render("imports.html", status=422, fault=upload.told(error))
    return page.render("import_checked.html", upload=upload, found=found, fault=None, replace=replace)


@router.get("/{number}/marked.xlsx")
async def download_marked(request: Request, number: UUID, page: Page, planner: Planner) -> Response:
    """The copy of a workbook in which its faults are marked."""
    upload = await asyncio.to_thread(uploads_of(request).find, number, planner.name)
    if not upload.marked.exists():
        raise CallerError(Message("this workbook has no faults that are marked"), next_step=Message("look it through again"))
    return as_file(await asyncio.to_thread(upload.marked.read_bytes), page.words.say(Message("Faults in {name}", name=upload.name)), XLSX)


@router.post("/{number}")
async def import_it(
    request: Request, number: UUID, page: Page, planner: Planner, store: StoreOf, replace: Annotated[bool, Form()] = False
) -> Response:
    """Import a workbook, all of it or nothing."""
    upload = await asyncio.to_thread(uploads_of(request).find, number, planner.name)
    try:
        done = await import_upload(request, store, upload, ImportOptions(replace=replace, actor=planner.name))
    except (WorkbookError, *REPLACEABLE):  # somebody changed the database since it was looked through: show it as it is now
        return page.go(f"/imports/{number}?replace={str(replace).lower()}")
    await asyncio.to_thread(uploads_of(request).remove, upload)
    page.flash(
        Message("{name} was imported.", name=upload.name)
        if done.is_new
        else Message("{name} says what the database says already; nothing was changed.", name=upload.name)
    )
    return page.go(f"/rosters/{done.roster.roster.id}" if done.roster else "/")
