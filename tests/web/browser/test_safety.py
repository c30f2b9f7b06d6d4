"""What goes wrong while a planner works, and what others try: she is told, nothing of hers is lost, and nothing is executed."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

import asyncpg
import pytest
from playwright.async_api import Page, expect

from greedy.database.embedded.server import EmbeddedServer
from greedy.formats.tables import PracticeTables
from greedy.opening import open_store
from greedy.settings import Settings
from greedy.web.app import create_app
from greedy.web.security.access import Access
from greedy.web.security.passwords import Passwords, hash_password
from tests.web.conftest import TOKEN, NewWindow, PageServer, serving

PASSWORD = "a long password"  # noqa: S105
HOSTILE = [
    "<script>window.executed = 1</script>",
    "\"><img src=x onerror='window.executed = 1'>",
    "{{ 7 * 7 }}{% raw %}${7*7}",
    "\u202eevil\u202c \u05e9\u05dc\u05d5\u05dd \u0645\u0631\u062d\u0628\u0627",
    "\U0001f469\u200d\u2695\ufe0f" * 20,
    "A" * 300,
    "Zo\u0301e & 'co'; DROP TABLE employees;--",
]


@pytest.fixture
def with_passwords(sample_url: str, settings: Settings) -> Iterator[str]:
    """URL of a server on which planners sign in."""
    access = Access(passwords=Passwords(f"anna {hash_password(PASSWORD)}"))
    with serving(create_app(settings, access=access, database=sample_url)) as url:
        yield url


async def test_signing_in_being_refused_and_signing_out(new_window: NewWindow, with_passwords: str, sample: PracticeTables) -> None:
    page = await new_window()
    await page.goto(f"{with_passwords}/rosters/{sample.roster.id}")
    await page.get_by_label("Name").fill("anna")
    await page.get_by_label("Password").fill("guessed")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_have_text("Name or password is wrong.")
    await expect(page.get_by_label("Name")).to_have_value("anna")
    await page.get_by_label("Password").fill(PASSWORD)
    await page.keyboard.press("Enter")
    await page.wait_for_url(re.compile(f"/rosters/{sample.roster.id}"))  # what she had asked for
    await page.get_by_role("button", name="Sign out").click()
    await page.wait_for_url("**/sign-in")
    await page.go_back()
    await page.reload()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Sign in")


async def test_a_form_with_a_forged_token_changes_nothing(page: Page) -> None:
    await page.evaluate("document.querySelectorAll('[name=csrf]').forEach((field) => { field.value = 'forged' })")
    await page.get_by_role("button", name="Nederlands").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Refused")
    await page.get_by_role("link", name="To the rosters").click()
    await expect(page.locator("html")).to_have_attribute("lang", "en")


async def test_a_page_elsewhere_changes_nothing(page: Page, page_server: PageServer) -> None:
    form = f'<form method="post" action="{page_server.url}/sign-out"></form><script>document.forms[0].submit()</script>'
    await page.route("http://elsewhere.example/", lambda route: route.fulfill(body=form, content_type="text/html"))
    await page.goto("http://elsewhere.example/")
    await page.wait_for_url("**/sign-out")
    await expect(page.get_by_role("heading", level=1)).to_have_text("Refused")
    await page.goto(page_server.url)
    await expect(page.get_by_role("button", name="Sign out")).to_be_visible()


async def test_language_and_colours_are_chosen_without_scripts(new_window: NewWindow, page_server: PageServer) -> None:
    page = await new_window(java_script_enabled=False)
    await page.goto(page_server.first_url)
    await page.get_by_role("button", name="Nederlands").click()
    await expect(page.get_by_role("button", name="Afmelden")).to_be_visible()
    await page.get_by_role("button", name="Kleuren").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "light")


async def test_the_database_goes_while_the_page_is_open(
    page: Page, page_server: PageServer, server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("greedy.store.calls.RETRY_SECONDS", 0.2)
    await page.goto(f"{page_server.url}/rosters/{page_server.roster}")
    await page.wait_for_load_state("networkidle")
    async with gone(server, page_server.database_url):
        await page.get_by_role("gridcell").first.click()
        await expect(page.locator("#toasts")).to_contain_text("The database does not answer")
        await expect(page.get_by_role("grid")).to_be_visible()  # what she looks at stays
        answer = await page.request.get(f"{page_server.url}/health/ready")
        assert answer.status == 503
        assert (await page.request.get(f"{page_server.url}/health/live")).status == 200
        other = await page.context.new_page()
        await other.goto(page_server.url)
        await expect(other.get_by_role("heading", level=1)).to_have_text("Not available at the moment")
    await other.get_by_role("link", name="Try again").click()
    await expect(other.get_by_role("heading", level=1)).to_have_text("Rosters")
    await page.get_by_role("gridcell").first.click()
    await expect(page.get_by_role("dialog")).to_be_visible()


async def test_the_server_goes_while_the_page_is_open(page: Page, page_server: PageServer) -> None:
    await page.goto(f"{page_server.url}/rosters/{page_server.roster}")
    await page.wait_for_load_state("networkidle")
    await page.context.set_offline(True)
    await page.get_by_role("gridcell").first.click()
    await expect(page.locator("#toasts")).to_contain_text("The server does not answer")
    await page.context.set_offline(False)
    await page.get_by_role("gridcell").first.click()
    await expect(page.get_by_role("dialog")).to_be_visible()
    await expect(page.locator("#toasts")).not_to_contain_text("The server does not answer")


async def test_a_roster_that_is_not_there_is_told(page: Page, page_server: PageServer) -> None:
    for path in (f"/rosters/{page_server.roster[:-4]}0000", "/rosters/1", "/rosters/..%2f..", "/nothing"):
        await page.goto(page_server.url + path)
        await expect(page.get_by_role("heading", level=1)).to_have_text("Not found")
        await expect(page.locator("main").get_by_role("link")).to_have_text(["To the rosters"])
        await expect(page.locator("main")).not_to_contain_text(page_server.roster)  # ids of others say nothing to a planner


async def test_names_are_shown_as_they_are_and_nothing_in_them_is_executed(
    new_window: NewWindow, database_url: str, sample: PracticeTables, settings: Settings
) -> None:
    names = dict(zip((one.id for one in sample.employees), HOSTILE, strict=False))
    employees = [one.model_copy(update={"voornaam": names.get(one.id, one.voornaam)}) for one in sample.employees]
    practice = sample.model_copy(
        update={"employees": employees, "rosters": [sample.roster.model_copy(update={"naam": f"{HOSTILE[0]} {HOSTILE[1]}"})]}
    )
    async with open_store(settings, database_url) as store:
        await store.import_tables(practice)
    with serving(create_app(settings, access=Access(token=TOKEN), database=database_url)) as url:
        page = await new_window()
        await page.goto(f"{url}/enter?token={TOKEN}")
        await expect(page.get_by_text(HOSTILE[0]).first).to_be_visible()
        await page.goto(f"{url}/rosters/{sample.roster.id}")
        await page.wait_for_load_state("networkidle")
        content = await page.locator("main").inner_text()
        for name in HOSTILE[:4]:
            assert name in content
        await page.get_by_role("gridcell").first.click()
        await expect(page.get_by_role("dialog")).to_contain_text(HOSTILE[0])
        await page.keyboard.press("Escape")
        await page.get_by_role("link", name="Who could?").first.click()
        await expect(page.locator("#dialog .offers").first).to_be_visible()
        assert await page.evaluate(
            "document.getElementById('dialog-content').scrollWidth <= document.getElementById('dialog-content').clientWidth"
        )
        look = await page.get_by_role("button", name=re.compile("^(Look|Assign)")).first.bounding_box()
        assert look is not None
        assert look["width"] > look["height"]  # beside the longest name too
        assert await page.evaluate("window.executed === undefined")
        assert await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")


@asynccontextmanager
async def gone(server: EmbeddedServer, database_url: str) -> AsyncIterator[None]:
    """The database takes no connections, and has ended those that it had."""
    name = urlsplit(database_url).path.lstrip("/")
    admin = await asyncpg.connect(server.url("postgres"))
    try:
        await admin.execute(f"alter database {name} allow_connections false")
        await admin.execute(f"select pg_terminate_backend(pid) from pg_stat_activity where datname = '{name}'")
        yield
        await admin.execute(f"alter database {name} allow_connections true")
    finally:
        await admin.close()
