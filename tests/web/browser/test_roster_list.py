"""A long list of rosters, searched and sorted."""

from __future__ import annotations

import asyncpg
import pytest
from playwright.async_api import Page, expect

from tests.web.conftest import Axe, NewWindow, PageServer


@pytest.fixture
async def many(page_server: PageServer) -> None:
    """Nine rosters more than the sample: `Praktijk 1` and so on, the latest last."""
    connection = await asyncpg.connect(page_server.database_url)
    await connection.execute(
        "insert into rosters (naam, start_date, end_date)"
        " select 'Praktijk ' || n, date '2026-01-05' + 7 * n, date '2026-01-11' + 7 * n from generate_series(1, 9) n"
    )
    await connection.close()


async def test_the_list_follows_what_is_typed_and_the_address_keeps_it(many: None, page: Page, axe: Axe) -> None:
    await page.reload()
    rows = page.locator("tbody th")
    await page.get_by_label("Search").focus()
    await page.keyboard.type("praktijk march")
    await expect(rows).to_have_text(["Praktijk 9", "Praktijk 8", "Praktijk 7"])
    await expect(page.locator("output")).to_have_text("3 of 10 shown")
    await page.keyboard.press("Tab")
    await page.keyboard.type("Name")
    await expect(rows).to_have_text(["Praktijk 7", "Praktijk 8", "Praktijk 9"])
    await page.reload()
    await expect(rows).to_have_text(["Praktijk 7", "Praktijk 8", "Praktijk 9"])
    assert not await axe(page)
    await page.get_by_label("Search").fill("nobody's")
    await page.get_by_role("link", name="Show all").click()
    await expect(rows).to_have_count(10)


async def test_without_javascript_a_button_searches(many: None, new_window: NewWindow, page_server: PageServer) -> None:
    page = await new_window(java_script_enabled=False, locale="nl-NL")
    await page.goto(page_server.first_url)
    await page.get_by_label("Zoeken").fill("week 10")
    await page.get_by_role("button", name="Tonen").click()
    await expect(page.locator("tbody th")).to_have_text(["Praktijk 8"])


async def test_a_short_list_needs_no_search(page: Page) -> None:
    await expect(page.locator("tbody th")).to_have_count(1)
    await expect(page.get_by_label("Search")).to_have_count(0)
