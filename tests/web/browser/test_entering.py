"""Coming in, and being kept out."""

from __future__ import annotations

from playwright.async_api import Page, expect

from tests.web.conftest import NewWindow, PageServer


async def test_the_first_url_lets_in(page: Page, page_server: PageServer) -> None:
    assert page.url == f"{page_server.url}/"
    assert str(page_server.token) not in await page.content()


async def test_without_it_nobody_comes_in(new_window: NewWindow, page_server: PageServer) -> None:
    page = await new_window()
    await page.goto(page_server.url)
    await expect(page.get_by_role("heading")).to_have_text("Sign in")
    await page.goto(f"{page_server.url}/enter?token=guessed")
    await expect(page.get_by_role("heading")).to_have_text("Refused")
