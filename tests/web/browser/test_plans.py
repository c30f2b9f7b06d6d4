"""A roster is planned in a real browser: asked for, watched over a reload, cancelled, made, compared, published, taken along and brought in."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID, uuid4

import pypdf
from playwright.async_api import Page, expect

from greedy.desk.worker import work_off
from greedy.opening import open_store
from greedy.settings import Settings
from greedy.stopping import Stop, Why
from greedy.store.functions import FunctionStore
from greedy.store.plans import PlanPoint, PlanProgress, PlanState
from tests.timing import PATIENCE_SECONDS, until
from tests.web.conftest import Axe, NewWindow, PageServer, Screenshot

expect.set_options(timeout=PATIENCE_SECONDS * 1000)
WORKBOOKS = Path(__file__).parents[2] / "data" / "workbooks"
SETTINGS = '[[limits]]\nname = "few weekends"\nquantity = "weekends"\nmaximum = 2\nemployees = ["Anna Mulder"]\n'
FAULTY = WORKBOOKS / "faults-everywhere.xlsx"


@asynccontextmanager
async def worker(settings: Settings, server: PageServer) -> AsyncIterator[FunctionStore]:
    """A worker beside the server, until the block ends."""
    async with open_store(settings, server.database_url) as store:
        stop = Stop()
        work = asyncio.create_task(work_off(store, stop=stop))
        try:
            yield store
        finally:
            stop.ask(Why.TERMINATED)
            await work


async def ask(page: Page, server: PageServer) -> None:
    """Ask for a quick fill."""
    await page.goto(f"{server.url}/rosters/{server.roster}/plans")
    await page.get_by_text("More choices").click()
    await page.get_by_label("Solver").select_option("greedy")
    await page.get_by_role("button", name="Start planning").click()


async def test_a_plan_is_watched_over_a_reload_and_cancelled(
    page: Page, page_server: PageServer, settings: Settings, axe: Axe, screenshot: Screenshot
) -> None:
    await ask(page, page_server)
    await expect(page.get_by_text("The plan waits for its turn: plans")).to_be_visible()
    async with open_store(settings, page_server.database_url) as store:  # a worker that goes step by step
        me, points = uuid4(), [PlanPoint(seconds=0.5, cost=3020, bound=None), PlanPoint(seconds=2, cost=2010, bound=1000)]
        plan = await store.plans.claim(me)
        assert plan is not None
        await store.plans.beat(plan.id, me, PlanProgress(phase="FASE 2 SOLVE", points=points))
        await expect(page.get_by_role("img", name="Best roster 2010, no roster below 1000")).to_be_visible()
        await expect(page.locator("[aria-current=step]")).to_have_text("Plan")
        await expect(page.locator("#plan-state")).to_have_text("planning")
        await page.reload()
        await expect(page.get_by_role("img", name="Best roster 2010, no roster below 1000")).to_be_visible()
        assert await axe(page) == []
        await screenshot(page, "plan-running")
        points.append(PlanPoint(seconds=3, cost=1020, bound=1010))
        await store.plans.beat(plan.id, me, PlanProgress(phase="FASE 2 SOLVE", points=points))
        await expect(page.get_by_role("img", name="Best roster 1020, no roster below 1010")).to_be_visible()
        await page.get_by_role("button", name="Cancel the plan").click()
        await until(lambda: cancelled(store, plan.id, me))
        await store.plans.end(plan.id, me, PlanState.CANCELLED)
        await expect(page.get_by_text("Cancelled by Anna. Nothing was written.")).to_be_visible()


async def cancelled(store: FunctionStore, plan: UUID, worker: UUID) -> bool:
    """Whether somebody has cancelled a plan, as its worker is told."""
    return (await store.plans.beat(plan, worker)).cancel_by == "Anna"


async def test_a_plan_is_made_and_taken_back(
    page: Page, page_server: PageServer, settings: Settings, axe: Axe, screenshot: Screenshot
) -> None:
    async with worker(settings, page_server) as store:
        before = await store.counts(UUID(page_server.roster))
        await page.goto(f"{page_server.url}/rosters/{page_server.roster}/plans")
        await page.get_by_text("Planning settings").click()
        await page.get_by_label("Settings (TOML)").fill(SETTINGS.replace("Mulder", "Muller"))
        await page.get_by_text("More choices").click()
        await page.get_by_label("Solver").select_option("greedy")
        await page.get_by_role("button", name="Start planning").click()
        await expect(page.get_by_role("alert")).to_contain_text("there is no employee 'Anna Muller'; did you mean Anna Mulder?")
        await expect(page.get_by_label("Settings (TOML)")).to_be_focused()
        assert await axe(page) == []
        await screenshot(page, "plan-settings")
        await page.get_by_label("Settings (TOML)").fill(SETTINGS)
        await page.get_by_role("button", name="Start planning").click()
        await expect(page.get_by_role("heading", name="What changed, for whom")).to_be_visible()
        await page.get_by_text("Planned with settings").click()
        await expect(page.get_by_text("few weekends")).to_be_visible()
        await page.get_by_text("Anna Mulder", exact=True).click()
        await expect(page.locator(".slot-line").first).to_be_visible()
        assert await axe(page) == []
        await screenshot(page, "plan-done")
        await page.get_by_role("button", name="Take the plan back").click()
        await expect(page.get_by_text("The change was taken back.")).to_be_visible()
        assert await axe(page) == []
        await screenshot(page, "history")
        assert await store.counts(UUID(page_server.roster)) == before


async def test_tried_on_a_copy_taken_over_published_and_planned_again(
    page: Page, page_server: PageServer, settings: Settings, axe: Axe, screenshot: Screenshot, tmp_path: Path
) -> None:
    base = f"{page_server.url}/rosters/{page_server.roster}"
    async with worker(settings, page_server) as store:
        await page.goto(f"{base}/copies")
        await page.get_by_label("Name of the copy").fill("What if <b>everything</b> is new")
        await page.get_by_role("button", name="Make a copy").click()
        await expect(page.get_by_role("heading", level=1)).to_have_text("What if <b>everything</b> is new")
        copy = page.url.rpartition("/")[2]
        await page.goto(f"{page_server.url}/rosters/{copy}/plans")
        await page.get_by_text("More choices").click()
        await page.get_by_label("Solver").select_option("greedy")
        await page.get_by_role("button", name="Start planning").click()
        await expect(page.get_by_role("heading", name="What changed, for whom")).to_be_visible()
        await page.goto(f"{base}/copies")
        assert await axe(page) == []
        await page.get_by_role("link", name="Compare What if").click()
        await expect(page.get_by_role("heading", name="Both grids")).to_be_visible()
        assert await axe(page) == []
        await screenshot(page, "compare")
        await page.wait_for_load_state()  # the script that lets one grid follow the other comes last
        await page.locator(".grid-scroll").first.evaluate("grid => grid.scrollLeft = 100")
        await expect(page.locator(".grid-scroll").nth(1)).to_have_js_property("scrollLeft", 100)
        await page.get_by_role("button", name="Take the copy over").click()
        await expect(page.get_by_text("The copy was taken over.")).to_be_visible()
        counts = await store.counts(UUID(page_server.roster))
        assert counts.active == (await store.counts(UUID(copy))).active
        await page.goto(f"{base}/publishing")
        await page.get_by_label("Note").fill("for December")
        await page.get_by_role("button", name="Publish as number 1").click()
        await expect(page.get_by_role("heading", name="This roster is published")).to_be_visible()
        assert await axe(page) == []
        await screenshot(page, "published")
        await page.get_by_label("Search for at most").select_option("10")
        await page.get_by_role("button", name="Plan with few changes").click()
        await expect(page.get_by_text("close to the publication")).to_be_visible()
        await expect(page.get_by_role("heading", name="What changed, for whom")).to_be_visible()
        await page.goto(f"{base}/downloads")
        assert await axe(page) == []
        async with page.expect_download() as download:
            await page.get_by_role("link", name="PDF on A4").click()
        await (await download.value).save_as(tmp_path / "roster.pdf")
        assert len(pypdf.PdfReader(tmp_path / "roster.pdf").pages) >= 1


async def test_a_workbook_is_mended_and_imported(page: Page, page_server: PageServer, axe: Axe, screenshot: Screenshot) -> None:
    await page.goto(f"{page_server.url}/imports")
    assert await axe(page) == []
    await page.get_by_label("Workbook (.xlsx)").set_input_files(FAULTY)
    await page.get_by_role("button", name="Look it through").click()
    await expect(page.get_by_role("cell", name="is none of Groen, Oranje, Overig")).to_be_visible()
    assert await axe(page) == []
    await screenshot(page, "faults")
    async with page.expect_download() as download:
        await page.get_by_role("link", name="The workbook with its faults marked").click()
    assert (await download.value).suggested_filename == f"Faults in {FAULTY.name}"
    await page.get_by_role("link", name="Upload it again").click()
    await page.get_by_label("Workbook (.xlsx)").set_input_files(WORKBOOKS / "practice.xlsx")
    await page.get_by_role("button", name="Look it through").click()
    await expect(page.get_by_role("heading", name="The database has something else")).to_be_visible()  # a service of the same code
    await page.get_by_role("button", name="Look through what would be overwritten").click()
    await page.get_by_role("button", name="Import it").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Week 48")


async def test_a_workbook_of_100_mb_gets_a_clear_answer(new_window: NewWindow, page_server: PageServer, tmp_path: Path) -> None:
    with (tmp_path / "huge.xlsx").open("wb") as file:
        file.truncate(100_000_000)
    page = await new_window(java_script_enabled=False)  # which would refuse it before it is sent
    await page.goto(page_server.first_url)
    await page.goto(f"{page_server.url}/imports")
    await page.get_by_label("Workbook (.xlsx)").set_input_files(tmp_path / "huge.xlsx")
    await page.get_by_role("button", name="Look it through").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Too large")
