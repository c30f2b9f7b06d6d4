"""Whether the server lives, and whether it can work."""

from __future__ import annotations

import asyncio

from fastapi import APIRouter
from starlette.responses import JSONResponse

from greedy.errors import GreedyError
from greedy.web.context import StoreOf

router = APIRouter(prefix="/health", include_in_schema=False)

READY_SECONDS = 10.0


@router.get("/live")
async def live() -> dict[str, str]:
    """The process answers."""
    return {"status": "alive"}


@router.get("/ready")
async def ready(store: StoreOf) -> JSONResponse:
    """The database answers too, and has this program's functions."""
    try:
        async with asyncio.timeout(READY_SECONDS):
            await store.applied_migrations()
    except (GreedyError, TimeoutError):
        return JSONResponse({"status": "the database does not answer"}, status_code=503)
    return JSONResponse({"status": "ready"})
