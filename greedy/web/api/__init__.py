"""The API for programs: what the pages can do, as JSON under /api/v1."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from greedy.web.api import imports, orders, rosters
from greedy.web.api.documents import Problem

PROBLEM: dict[str, Any] = {"content": {"application/problem+json": {"schema": Problem.model_json_schema()}}}
REFUSALS: dict[int | str, dict[str, Any]] = {
    status: {"description": description, **PROBLEM}
    for status, description in {
        400: "The request cannot be read",
        401: "Nobody is signed in",
        403: "The request does not come from a page of this server, nor with a bearer token",
        404: "There is no such thing, or no longer",
        409: "It stands otherwise than the request says; nothing was changed",
        413: "Too large",
        422: "Something in the request has to be mended",
        429: "Too many requests",
        503: "The database does not answer",
    }.items()
}

router = APIRouter(prefix="/api/v1", responses=REFUSALS)
router.include_router(rosters.router)
router.include_router(orders.router)
router.include_router(imports.router)
