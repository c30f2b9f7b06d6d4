"""Who knocks at the door of the application. Behind it stands no database: what is tested here ends before it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator

import httpx
import pytest
import structlog
from fastapi import APIRouter, FastAPI, Form, Request, UploadFile

from greedy.settings import Settings
from greedy.web.app import create_app
from greedy.web.context import Page, Planner
from greedy.web.security.access import Access
from tests.web.conftest import TOKEN
from tests.web.strangers import client_of

# Routes that do what all others do: change something, take a file, fail.
trial = APIRouter(prefix="/trial")


@trial.post("/change")
async def change(planner: Planner, request: Request, text: str = Form("")) -> dict[str, str]:
    request.app.state.changes.append((planner.name, text))
    return {"done": text}


@trial.post("/upload")
async def upload(planner: Planner, request: Request, file: UploadFile) -> dict[str, int]:
    request.app.state.changes.append((planner.name, file.filename))
    return {"bytes": len(await file.read())}


@trial.get("/fault")
async def fault() -> None:
    secret = "postgresql://planner:hunter2@db/practice"  # noqa: S105
    raise RuntimeError(secret)


@trial.get("/flash")
async def flash(page: Page, text: str) -> dict[str, str]:
    page.flash(text)
    return {}


@pytest.fixture
def app(settings: Settings) -> FastAPI:
    """The application, to be entered with the token, with the routes of this module."""
    return with_trial(create_app(settings, access=Access(token=TOKEN, host_planner="Anna")))


def with_trial(app: FastAPI) -> FastAPI:
    """The same application with the routes of this module."""
    app.state.changes = []
    app.include_router(trial)
    return app


@pytest.fixture(autouse=True)
def log_lines() -> Iterator[list[structlog.typing.EventDict]]:
    """What the application logs."""
    with structlog.testing.capture_logs() as lines:
        yield lines


@pytest.fixture
async def stranger(app: FastAPI) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody who has not entered."""
    async with client_of(app) as client:
        yield client


@pytest.fixture
async def planner(stranger: httpx.AsyncClient) -> httpx.AsyncClient:
    """Somebody who has entered."""
    answer = await stranger.get("/enter", params={"token": TOKEN})
    assert answer.status_code == 303
    return stranger
