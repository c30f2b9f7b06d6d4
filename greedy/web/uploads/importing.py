"""An import of a workbook that was sent in, over whichever database the server works on."""

from __future__ import annotations

import asyncio
from typing import cast

from fastapi import Request

from greedy.ingest.importing import Imported, ImportOptions, import_over_connection, import_over_rest
from greedy.opening import open_database, over_rest
from greedy.stopping import Stop
from greedy.store.functions import FunctionStore
from greedy.web.uploads.kept import Upload, Uploads


async def import_upload(request: Request, store: FunctionStore, upload: Upload, options: ImportOptions) -> Imported:
    """Import a workbook, or say what an import would do; one at a time. Raises as `greedy.ingest.importing` does."""
    state = request.app.state
    async with one_at_a_time(request):
        if over_rest(state.settings, state.database):
            return await import_over_rest(store, upload.path, options, Stop(), _told_to_nobody)
        async with open_database(state.settings, state.database, state.schema) as db:
            return await import_over_connection(db, upload.path, options, Stop(), _told_to_nobody)


def one_at_a_time(request: Request) -> asyncio.Semaphore:
    """Held while a workbook is unpacked, which takes far more memory than the file."""
    return cast("asyncio.Semaphore", request.app.state.importing)


def uploads_of(request: Request) -> Uploads:
    """The workbooks that were sent in to this server."""
    return Uploads(request.app.state.folder / "uploads")


def _told_to_nobody(_done: int, _total: int) -> None:
    """Reading a workbook takes seconds; who sent it waits for it."""
