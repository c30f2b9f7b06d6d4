"""A planner who works on the page without a browser, over a database with the sample."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import httpx
import pytest
from fastapi import FastAPI

from greedy.formats.tables import PracticeTables
from greedy.settings import Settings
from greedy.web.app import create_app
from greedy.web.security.access import Access
from tests.databases import MIGRATED
from tests.web.conftest import TOKEN
from tests.web.strangers import client_of, csrf_in


@dataclass
class AtWork:
    """Somebody who is signed in, and sends the forms that the pages have."""

    client: httpx.AsyncClient
    app: FastAPI

    async def get(self, path: str, **headers: str) -> httpx.Response:
        """A page; every answer of ours has a status below 500."""
        answer = await self.client.get(path, headers=headers)
        assert answer.status_code < 500, said(answer)
        return answer

    async def post(self, path: str, *, files: Any = None, follow: bool = True, **fields: Any) -> httpx.Response:
        """Send a form, and go where it leads."""
        csrf = csrf_in((await self.get("/imports")).text)
        data = {"csrf": csrf, "id": str(uuid4())} | {name: str(value) for name, value in fields.items()}
        answer = await self.client.post(path, data=data, files=files, follow_redirects=follow)
        assert answer.status_code < 500, said(answer)
        return answer


@asynccontextmanager
async def at_work(app: FastAPI) -> AsyncIterator[AtWork]:
    """A planner at work with an application that runs."""
    async with app.router.lifespan_context(app), client_of(app) as client:
        await client.get("/enter", params={"token": TOKEN})
        yield AtWork(client, app)


@pytest.fixture
def template(with_sample: str, request: pytest.FixtureRequest) -> str:
    """Of a database with the sample, where the test asks for a roster."""
    return with_sample if "roster" in request.fixturenames else MIGRATED


@pytest.fixture
async def planner(database_url: str, settings: Settings) -> AsyncIterator[AtWork]:
    """Anna, over the database of this test."""
    async with at_work(create_app(settings, access=Access(token=TOKEN, host_planner="Anna"), database=database_url)) as planner:
        yield planner


@pytest.fixture
def roster(sample: PracticeTables) -> str:
    """The sample is in the database; its id."""
    return str(sample.roster.id)


def said(answer: httpx.Response) -> str:
    """What a page says, without its tags."""
    main = answer.text.partition("<main")[2].partition("</main>")[0]
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", main)).strip()
