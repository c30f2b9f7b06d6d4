"""A real server over a real database, and a real browser."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import threading
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
import structlog
import uvicorn
from fastapi import FastAPI
from playwright.async_api import Browser, BrowserContext, Page, async_playwright, expect

from greedy.formats.tables import PracticeTables
from greedy.log import configure_logging
from greedy.opening import open_store
from greedy.settings import Settings, load_settings
from greedy.web.app import create_app
from greedy.web.pages import compile_templates
from greedy.web.security.access import Access
from greedy.web.serving.connections import Connection
from tests import node_programs
from tests.programs import required_program
from tests.timing import PATIENCE_SECONDS

expect.set_options(timeout=PATIENCE_SECONDS * 1000)

TOKEN = "RYfOxB7gHrquRamxVf2j5_xvwQMwjbBFTg7QlIbxuAg"  # noqa: S105  the same in each process of the tests


@dataclass
class PageServer:
    """A server that runs. `roster`: the id of the sample, which is in its database."""

    url: str
    database_url: str
    roster: str
    app: FastAPI
    token: str | None = TOKEN

    @property
    def first_url(self) -> str:
        """What `greedy serve` prints."""
        return f"{self.url}/enter?token={self.token}"


@contextmanager
def serving(app: FastAPI) -> Iterator[str]:
    """Serve an application on a free port, with uvicorn in a thread; gives its URL.

    The templates are compiled before: two threads of Python 3.11 that parse source at once, as the test does when it loads a module, can
    fail each other ("AST constructor recursion depth mismatch").
    """
    compile_templates()
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        server = uvicorn.Server(uvicorn.Config(app, log_config=None, access_log=False, timeout_graceful_shutdown=5, http=Connection))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listening]})
        thread.start()
        try:
            _until_started(server, thread)
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            server.should_exit = True
            thread.join(PATIENCE_SECONDS)


def _until_started(server: uvicorn.Server, thread: threading.Thread) -> None:
    waiting = threading.Event()
    for _ in range(int(PATIENCE_SECONDS / 0.01)):
        if server.started:
            return
        assert thread.is_alive(), "the server ended before it had started"
        waiting.wait(0.01)
    pytest.fail("the server has not started")


@pytest.fixture(autouse=True)
def _plain_logs() -> Iterator[None]:
    """Lines as in production, of errors alone: the log of a development shell draws all variables of a traceback, which takes seconds."""
    before = structlog.get_config()
    configure_logging("ERROR")
    yield
    structlog.configure(**before)


@pytest.fixture
def settings() -> Settings:
    """Settings of this test, in its own data directory."""
    return load_settings()


@pytest.fixture
def page_server(sample_url: str, sample: PracticeTables, settings: Settings) -> Iterator[PageServer]:
    """A server over a database with the sample, to be entered with a token."""
    app = create_app(settings, access=Access(token=TOKEN, host_planner="Anna"), database=sample_url)
    with serving(app) as url:
        yield PageServer(url, sample_url, str(sample.roster.id), app)


def bring_in(settings: Settings, database_url: str, *practices: PracticeTables) -> None:
    """Import practices into a database."""

    async def work() -> None:
        async with open_store(settings, database_url) as store:
            for tables in practices:
                await store.import_tables(tables)

    asyncio.run(work())


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    """Chromium without a window."""
    program = required_program("chromium", "chromium")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=program, args=["--no-sandbox"], timeout=PATIENCE_SECONDS * 1000)
        yield browser
        await browser.close()


NewWindow = Callable[..., Awaitable[Page]]


@pytest_asyncio.fixture(loop_scope="session")
async def new_window(browser: Browser) -> AsyncIterator[NewWindow]:
    """Opens windows, each with cookies of its own, as of another planner. No script may fail in them, and no policy be breached."""
    contexts: list[BrowserContext] = []
    faults: list[str] = []

    async def open_window(**options: Any) -> Page:
        usual = {"locale": "en-GB", "viewport": {"width": 1280, "height": 800}, "reduced_motion": "reduce"}  # colours are not halfway
        context = await browser.new_context(**{**usual, **options})
        contexts.append(context)
        context.set_default_timeout(PATIENCE_SECONDS * 1000)
        page = await context.new_page()
        page.on("pageerror", lambda error: faults.append(str(error)))
        page.on("console", lambda line: faults.append(line.text) if "Content Security Policy" in line.text else None)
        return page

    yield open_window
    for context in contexts:
        await context.close()
    assert not faults


@pytest_asyncio.fixture(loop_scope="session")
async def page(new_window: NewWindow, page_server: PageServer) -> Page:
    """A window in which the planner has entered with the first URL."""
    page = await new_window()
    await page.goto(page_server.first_url)
    return page


Axe = Callable[[Page], Awaitable[list[str]]]


@pytest.fixture(scope="session")
def axe() -> Axe:
    """Finds faults of accessibility by axe-core: what rule, and where."""
    script = (node_programs.installed() / "axe-core" / "axe.min.js").read_text(encoding="utf-8")

    async def find(page: Page) -> list[str]:
        await page.evaluate(script)  # not as a <script>, which the page's policy refuses
        found = await page.evaluate("axe.run(document, {resultTypes: ['violations']})")
        return [f"{fault['id']}: {json.dumps([node['target'] for node in fault['nodes']][:5])}" for fault in found["violations"]]

    return find


Screenshot = Callable[[Page, str], Awaitable[None]]


@pytest.fixture
def screenshot() -> Screenshot:
    """Keeps a picture of a window in the folder of GREEDY_SCREENSHOTS, when somebody wants to look at it."""
    folder = os.environ.get("GREEDY_SCREENSHOTS")

    async def take(page: Page, name: str) -> None:
        if folder is not None:
            await page.screenshot(path=Path(folder) / f"{name}.png")

    return take
