"""Workbooks."""

from __future__ import annotations

import asyncio
from typing import Annotated

from fastapi import APIRouter, Depends, File, Query, Request, UploadFile

from greedy.errors import CallerError
from greedy.ingest.importing import ImportOptions
from greedy.web.api.documents import ImportDocument
from greedy.web.context import Page, Planner, StoreOf, limit_uploads
from greedy.web.uploads.importing import import_upload, uploads_of

router = APIRouter()


@router.post("/imports", tags=["imports"], dependencies=[Depends(limit_uploads)])
async def import_workbook(
    request: Request,
    planner: Planner,
    store: StoreOf,
    page: Page,
    workbook: Annotated[UploadFile, File(description="An Excel workbook (.xlsx)")],
    replace: Annotated[bool, Query(description="Overwrite what the database has otherwise")] = False,
    dry_run: Annotated[bool, Query(description="Change nothing")] = False,
) -> ImportDocument:
    """Import an Excel workbook, all of it or nothing. Every fault stands in the problem's `details`, with sheet, cell and column."""
    uploads = uploads_of(request)
    upload = await asyncio.to_thread(uploads.keep, workbook.filename or "workbook.xlsx", planner.name, workbook.file)
    try:
        done = await import_upload(request, store, upload, ImportOptions(replace=replace, dry_run=dry_run, actor=planner.name))
    except CallerError as error:
        raise upload.told(error) from None
    finally:
        await asyncio.to_thread(uploads.remove, upload)
    return ImportDocument(
        is_new=done.is_new,
        roster_id=done.roster.roster.id if done.roster else None,
        sheets=done.counts,
        notes=[page.words.say(note) for note in done.notes],
    )
