"""The dialog over a roster: what is below it cannot be reached, and is not looked at again by the browser, however many cells there are."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from tests.timing import until
from tests.web.conftest import Axe, PageServer

STYLES = "UpdateLayoutTree"  # what Chromium calls it when it works out the style of elements
OF_A_SMALL_PART = 0.25  # of the cells: what a frame of the dialog itself needs is a sixteenth of those of the sample


@pytest_asyncio.fixture(loop_scope="session")
async def cell(page: Page, page_server: PageServer) -> Locator:
    """The first cell of a roster that is shown."""
    await page.goto(f"{page_server.url}/rosters/{page_server.roster}")
    await expect(page.locator("#open-title")).to_be_visible()
    await page.evaluate("clearInterval(looking)")  # the questions after news are not what is looked at here
    return page.get_by_role("gridcell").first


async def open_dialog(page: Page, cell: Locator) -> Locator:
    await cell.press("Enter")
    await expect(page.locator("#dialog [name=choice]").first).to_be_focused()
    return page.locator("#dialog")


def stands_in(dialog: Locator) -> Any:
    return dialog.evaluate("dialog => dialog.contains(document.activeElement)")


@asynccontextmanager
async def restyled(page: Page) -> AsyncIterator[list[int]]:
    """How many elements the browser works out the style of at once, each time that it does in the block; filled at its end."""
    counts: list[int] = []
    devtools = await page.context.new_cdp_session(page)
    ended = asyncio.Event()

    def note(part: dict[str, Any]) -> None:
        counts.extend(event["args"].get("elementCount", 0) for event in part["value"] if event["name"] == STYLES)

    devtools.on("Tracing.dataCollected", note)
    devtools.on("Tracing.tracingComplete", lambda _: ended.set())
    await devtools.send("Tracing.start", {"transferMode": "ReportEvents", "traceConfig": {"includedCategories": ["devtools.timeline"]}})
    yield counts
    await page.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(done)))")
    await devtools.send("Tracing.end")
    await until(lambda: asyncio.sleep(0, ended.is_set()))
    await devtools.detach()


async def test_a_dialog_opens_and_closes_without_a_look_at_all_cells(page: Page, cell: Locator) -> None:
    most = OF_A_SMALL_PART * await page.get_by_role("gridcell").count()
    async with restyled(page) as opening:
        dialog = await open_dialog(page, cell)
    assert 0 < max(opening) < most
    async with restyled(page) as closing:
        await page.keyboard.press("Escape")
        await expect(dialog).to_be_hidden()
    assert 0 < max(closing) < most
    await expect(cell).to_be_focused()


async def test_the_keyboard_stays_in_a_dialog(page: Page, cell: Locator) -> None:
    dialog = await open_dialog(page, cell)
    close = dialog.get_by_role("button", name="Close")
    for key in ("Tab", "Shift+Tab"):
        await close.focus()
        await page.keyboard.press(key)
        while not await close.evaluate("close => close === document.activeElement"):
            assert await stands_in(dialog)
            await page.keyboard.press(key)
    await page.locator("#dialog-content").focus()  # as after a click on its words
    await page.keyboard.press("Shift+Tab")
    await expect(dialog.locator("summary")).to_be_focused()
    await cell.focus()  # as a screen reader may, or who comes from the browser's own buttons
    assert await stands_in(dialog)


async def test_the_pointer_cannot_get_past_a_dialog(page: Page, cell: Locator) -> None:
    dialog = await open_dialog(page, cell)
    card = page.locator("#dialog-content")
    await card.click(position={"x": 5, "y": 5})  # its edge is part of it
    await expect(dialog).to_be_visible()
    place = await cell.bounding_box()
    assert place is not None
    await page.mouse.click(place["x"] + 5, place["y"] + 5)
    await expect(dialog).to_be_hidden()
    await expect(card).to_be_empty()
    await expect(cell).to_be_focused()


async def test_what_needs_the_focus_when_it_was_lost_gets_it_back(page: Page, cell: Locator) -> None:
    dialog = await open_dialog(page, cell)
    await page.evaluate("document.activeElement.blur()")  # as when the button that was pressed is drawn anew
    await page.keyboard.press("?")
    await expect(page.locator("#help")).to_be_hidden()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(cell).to_be_focused()


async def test_a_dialog_is_one_to_a_screen_reader_and_not_on_paper(page: Page, cell: Locator, axe: Axe) -> None:
    dialog = await open_dialog(page, cell)
    await expect(dialog).to_have_attribute("aria-modal", "true")
    await expect(dialog).to_have_accessible_name("Anna Mulder")
    assert await axe(page) == []
    await page.emulate_media(media="print")
    await expect(dialog).to_be_hidden()
