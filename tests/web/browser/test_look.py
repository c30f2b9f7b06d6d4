"""All pages in their widths and colours: nothing that axe-core finds, nothing wider than the window. To look at: GREEDY_SCREENSHOTS=DIR."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.web.conftest import Axe, NewWindow, PageServer, Screenshot

PAGES = {
    "rosters": "/",
    "grid": "/rosters/{roster}",
    "plans": "/rosters/{roster}/plans",
    "copies": "/rosters/{roster}/copies",
    "publishing": "/rosters/{roster}/publishing",
    "history": "/rosters/{roster}/history",
    "downloads": "/rosters/{roster}/downloads",
    "imports": "/imports",
    "not-found": "/no-such-page",
}
FAULTY_WORKBOOK = Path(__file__).parents[2] / "data" / "workbooks" / "faults-everywhere.xlsx"
WIDTH_OF_GRID = {"light": 390, "dark": 1280}  # axe-core takes seconds for a grid
LANGUAGE = {"light": "nl-NL", "dark": "en-GB"}


@pytest.mark.parametrize("colours", ["light", "dark"])
async def test_pages_are_accessible_and_fit(
    new_window: NewWindow, page_server: PageServer, axe: Axe, screenshot: Screenshot, colours: str
) -> None:
    page = await new_window(color_scheme=colours, locale=LANGUAGE[colours])
    faults: list[str] = []
    for name, path in {"sign-in": "/sign-in", **PAGES}.items():
        await page.set_viewport_size({"width": 1280, "height": 850})
        await page.goto(page_server.url + path.format(roster=page_server.roster))
        if name == "sign-in":
            faults += [f"{name}: {fault}" for fault in await axe(page)]
            await screenshot(page, f"{name}-1280-{colours}")
            await page.goto(page_server.first_url)
            continue
        if await page.locator("[hx-trigger^=load], [hx-trigger=revealed]").count():
            await page.wait_for_load_state("networkidle")
        for width in (1280, 390):
            await page.set_viewport_size({"width": width, "height": 850})
            await screenshot(page, f"{name}-{width}-{colours}")
            if width == (WIDTH_OF_GRID[colours] if name == "grid" else 390):
                faults += [f"{name} {width}: {fault}" for fault in await axe(page)]
            if await page.evaluate("document.documentElement.scrollWidth > document.documentElement.clientWidth"):
                faults.append(f"{name} {width}: wider than the window")
    assert not faults


async def test_faults_of_a_workbook_are_read_on_a_telephone(
    new_window: NewWindow, page_server: PageServer, axe: Axe, screenshot: Screenshot
) -> None:
    page = await new_window(viewport={"width": 390, "height": 850}, locale="nl-NL")
    await page.goto(page_server.first_url)
    await page.goto(f"{page_server.url}/imports")
    await page.set_input_files("input[type=file]", FAULTY_WORKBOOK)
    await page.get_by_role("button", name="Kijk de werkmap na").click()
    names = page.locator(".faults bdi")
    await names.first.wait_for()
    await screenshot(page, "faults-390")
    assert not await names.evaluate_all("names => names.filter((one) => one.getClientRects().length > 1).map((one) => one.innerText)")
    assert await page.evaluate("document.documentElement.scrollWidth <= document.documentElement.clientWidth")
    assert not await axe(page)
