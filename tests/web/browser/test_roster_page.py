"""The page of a roster in a real browser: cells changed against a rule, undone and pinned, by hand and by the keyboard alone, by two at once."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID, uuid4

import pytest
from playwright.async_api import Locator, Page, Route, expect

from greedy.desk import Desk
from greedy.desk.edits import Edit, seen_in
from greedy.formats.tables import PracticeTables
from greedy.opening import open_store
from greedy.pipeline import SolveOptions, run_roster
from greedy.settings import Settings
from greedy.store.base import SlotDocument
from greedy.store.changes import ChangeDocument
from greedy.store.functions import FunctionStore
from tests.timing import PATIENCE_SECONDS, until
from tests.web.conftest import Axe, NewWindow, PageServer, Screenshot

ANNA, MONDAY, SUNDAY = "Anna Mulder", "2025-11-24", "2025-12-28"


@asynccontextmanager
async def store_of(server: PageServer, settings: Settings) -> AsyncIterator[FunctionStore]:
    async with open_store(settings, server.database_url) as store:
        yield store


@pytest.fixture
async def planned(page_server: PageServer, settings: Settings) -> PageServer:
    """The sample, filled by the greedy fill: some shifts are open."""
    async with store_of(page_server, settings) as store:
        await run_roster(store, UUID(page_server.roster), options=SolveOptions(method="greedy"))
    return page_server


def cell(page: Page, employee: str, date: str, part: str) -> Locator:
    line = page.locator(f'#roster .person[data-employee="{employee}"] .line[data-part="{part}"]')
    return line.get_by_role("gridcell").nth((dt.date.fromisoformat(date) - dt.date.fromisoformat(MONDAY)).days)


async def enter(page: Page, server: PageServer) -> None:
    """Come to the roster as a planner does: over the list. Then what is open has been looked for."""
    await page.goto(server.first_url)
    await page.get_by_role("link", name="Rooster 2025-W48").click()
    await expect(page.locator("#open-title")).to_be_visible()


async def choose(page: Page, name: str | re.Pattern[str]) -> None:
    """Choose in the dialog, and wait until what it would do is drawn: its buttons are replaced then, and a click in between hits none."""
    dialog = page.get_by_role("dialog")
    async with page.expect_response("**/cell/outlook"):
        await dialog.get_by_role("radio", name=name).check()
    await expect(dialog.get_by_role("radiogroup")).not_to_have_class(re.compile("htmx-request"))


async def saved(page: Page, button: str | re.Pattern[str]) -> None:
    await page.get_by_role("dialog").get_by_role("button", name=button).click()
    await expect(page.locator("#dialog")).to_be_hidden()


async def bea_changes(
    server: PageServer, settings: Settings, action: str, date: str, part: str, service: str | None = None
) -> ChangeDocument:
    """Another planner changes a cell of Anna Mulder, as on another page."""
    async with store_of(server, settings) as store:
        desk = Desk(store)
        opened = await desk.open(UUID(server.roster))
        slot = SlotDocument.model_validate({"employee_id": "EMP001", "date": date, "dagdeel": part})
        seen = seen_in(opened, opened.slot("EMP001", dt.date.fromisoformat(date), part))
        edit = Edit.model_validate({"roster_id": server.roster, "slots": [slot], "action": action, "service_code": service, "seen": [seen]})
        return (await desk.change(edit, uuid4(), "Bea")).change


async def history_of(server: PageServer, settings: Settings) -> list[ChangeDocument]:
    """What people changed, the latest first."""
    async with store_of(server, settings) as store:
        return [line for line in await store.changes.list(UUID(server.roster)) if line.kind in ("edit", "undo")]


async def test_a_change_against_a_rule_is_told_first_saved_when_she_says_so_and_undone(
    new_window: NewWindow, planned: PageServer, settings: Settings, screenshot: Screenshot
) -> None:
    page = await new_window()
    await enter(page, planned)
    rest = cell(page, "EMP001", "2025-11-27", "O")  # after her DIO of the 26th
    await expect(rest).to_have_class(re.compile("blocked"))
    await rest.click()
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("heading", level=2)).to_have_text(ANNA)
    await choose(page, re.compile("OSP"))
    await expect(dialog).to_contain_text("This would break")
    await screenshot(page, "cell-breaks")
    async with page.expect_response(re.compile("/cell$")) as answer:
        await dialog.get_by_role("radio", name=re.compile("OSP")).press("Enter")  # is not yet to say so
    assert (await answer.value).status == 422
    await expect(dialog).to_contain_text("This would break")
    assert not await history_of(planned, settings)
    await saved(page, re.compile("Save although it breaks"))
    await expect(page.get_by_role("status").filter(has_text="Saved")).to_contain_text("OSP, pinned")  # first, as it does not stay
    await expect(rest).to_have_text("OSP")
    await expect(rest).to_have_class(re.compile("pinned.*broken"))
    await screenshot(page, "roster-broken")
    made = (await history_of(planned, settings))[0]
    assert (made.actor, made.kind, made.slots[0].after.source) == ("Anna", "edit", "manual")

    await page.get_by_role("button", name=re.compile("^Undo")).click()
    await expect(rest).to_have_class(re.compile("blocked"))
    await expect(page.get_by_role("button", name=re.compile("^Undo"))).to_be_disabled()
    assert (await history_of(planned, settings))[0].kind == "undo"


async def test_the_keyboard_alone_is_enough(new_window: NewWindow, planned: PageServer, settings: Settings) -> None:
    page = await new_window()
    await enter(page, planned)
    first = cell(page, "EMP001", MONDAY, "O")
    await page.locator(".grid-scroll").focus()
    await page.keyboard.press("Tab")
    await expect(first).to_be_focused()
    await expect(first).to_have_accessible_name(f"{ANNA}, Monday 24 November 2025, morning, ECH")
    for key, place in (
        ("ArrowRight", (MONDAY[:-1] + "5", "O")),
        ("ArrowDown", ("2025-11-25", "M")),
        ("End", (SUNDAY, "M")),
        ("Home", (MONDAY, "M")),
        ("ArrowUp", (MONDAY, "O")),
        ("Control+ArrowRight", ("2025-12-01", "O")),
        ("Control+Home", (MONDAY, "O")),
    ):
        await page.keyboard.press(key)
        await expect(cell(page, "EMP001", *place)).to_be_focused()
    await page.keyboard.press("Control+End")
    await expect(cell(page, "EMP014", SUNDAY, "A")).to_be_focused()
    await page.keyboard.press("PageUp")
    await expect(cell(page, "EMP011", SUNDAY, "A")).to_be_focused()
    await page.keyboard.press("Control+Home")
    await page.keyboard.press("p")  # ECH of Monday morning: pin, and save with Enter
    dialog = page.get_by_role("dialog")
    await expect(dialog.get_by_role("radio", name=re.compile("^Pin"))).to_be_focused()
    await expect(dialog).to_contain_text("breaks no rule")
    await page.keyboard.press("Enter")
    await expect(first).to_have_class(re.compile("pinned"))
    await expect(first).to_be_focused()

    await page.keyboard.press("Enter")
    await expect(dialog.get_by_role("radio").first).to_be_focused()
    await page.keyboard.press("Escape")
    await expect(dialog).to_be_hidden()
    await expect(first).to_be_focused()

    await page.keyboard.press("Delete")
    await expect(dialog).to_contain_text("Open shifts")
    await page.keyboard.press("Enter")
    await expect(first).to_have_text("")
    await expect(first).to_be_focused()
    await page.keyboard.press("Control+z")
    await expect(first).to_have_text("ECH")
    await expect(first).to_be_focused()
    await page.keyboard.press("Control+z")
    await expect(first).not_to_have_class(re.compile("pinned"))
    await expect(first).to_be_focused()

    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog", name="Keys")).to_be_visible()
    await page.keyboard.press("Escape")
    await expect(first).to_be_focused()


async def test_several_cells_of_an_employee_are_changed_together(new_window: NewWindow, planned: PageServer) -> None:
    page = await new_window()
    await enter(page, planned)
    week = [cell(page, "EMP006", f"2025-12-{day}", part) for day in (12, 13) for part in "OMA"]
    await week[0].focus()
    for key in ("Shift+ArrowRight", "Shift+ArrowDown", "Shift+ArrowDown"):
        await page.keyboard.press(key)
    await page.keyboard.press("u")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text(re.compile(r"\(5 cells\)"))
    await saved(page, re.compile("^Save"))
    for one in week:
        await expect(one).to_have_class(re.compile("unavailable"))


async def test_what_another_planner_does_is_drawn_and_told(new_window: NewWindow, planned: PageServer, settings: Settings) -> None:
    page = await new_window()
    await enter(page, planned)
    place = cell(page, "EMP001", MONDAY, "O")
    await place.focus()
    await bea_changes(planned, settings, "pin", MONDAY, "O")
    await expect(place).to_have_class(re.compile("pinned"))
    await expect(place).to_be_focused()
    await expect(page.get_by_role("status").filter(has_text="Bea")).to_contain_text(ANNA)


async def test_two_planners_at_one_cell_lose_nothing(
    new_window: NewWindow, planned: PageServer, settings: Settings, screenshot: Screenshot
) -> None:
    page = await new_window()
    await enter(page, planned)
    place = cell(page, "EMP001", MONDAY, "O")
    await place.click()
    await choose(page, re.compile("Mark as unavailable"))
    await page.get_by_role("textbox", name="Note").fill("dentist")
    await bea_changes(planned, settings, "assign", MONDAY, "O", "OSP")

    dialog = page.get_by_role("dialog")
    await dialog.get_by_role("button", name=re.compile("^Save")).click()
    warning = dialog.get_by_role("alert")
    await expect(warning).to_contain_text("Bea changed Anna Mulder, Mon 24 Nov, morning: ECH → OSP, pinned")
    await expect(dialog).to_contain_text("Now: OSP, pinned")
    await expect(dialog.get_by_role("radio", name=re.compile("Mark as unavailable"))).to_be_checked()
    await expect(dialog.get_by_role("textbox", name="Note")).to_have_value("dentist")
    await screenshot(page, "cell-conflict")
    async with store_of(planned, settings) as store:
        row = (await Desk(store).open(UUID(planned.roster))).rows["EMP001", dt.date(2025, 11, 24), "O"]
        assert row.source == "manual", "what Bea did stands"

    await saved(page, re.compile("^Save"))
    await expect(place).to_have_class(re.compile("unavailable"))
    assert [line.actor for line in (await history_of(planned, settings))[:2]] == ["Anna", "Bea"]


async def test_an_open_shift_is_given_to_the_best_candidate(new_window: NewWindow, planned: PageServer, screenshot: Screenshot) -> None:
    page = await new_window()
    await enter(page, planned)
    await cell(page, "EMP001", MONDAY, "O").focus()
    await page.keyboard.press("Delete")  # Anna's ECH is open then, and she is free for it
    await saved(page, "Save")
    panel = page.get_by_role("complementary", name="Open shifts")
    days = panel.locator("details")
    await expect(days.first).to_have_attribute("open", "")
    await expect(days.last).not_to_have_attribute("open", "")  # there are too many to show at once
    await page.get_by_role("button", name=re.compile("^Open shifts")).press("Enter")
    await expect(panel).to_be_hidden()
    await page.locator("#roster .open-row a").last.click()  # from the grid to what is open that day
    await expect(days.last.locator("summary")).to_be_focused()
    await panel.get_by_role("link", name=re.compile("Who could.*ECH.*Mon 24 Nov")).press("Enter")
    dialog = page.get_by_role("dialog")
    await expect(dialog).to_contain_text("best first")
    await screenshot(page, "candidates")
    name = await dialog.locator(".offers strong").first.text_content()
    await dialog.get_by_role("button", name=re.compile("Assign")).first.press("Enter")
    await expect(dialog).to_be_hidden()
    person = page.locator("#roster .person", has=page.locator(".name", has_text=str(name)))
    await expect(person.locator('.line[data-part="O"]').get_by_role("gridcell").first).to_have_text("ECH")
    await expect(panel.get_by_role("link", name=re.compile("Who could.*ECH.*Mon 24 Nov"))).to_have_count(0)
    await expect(panel.get_by_role("link").first).to_be_focused()
    await expect(page.locator("#open-count")).to_have_text(str(await panel.locator("#open-title .badge").text_content()))
    await expect(days.last).to_have_attribute("open", "")


async def test_what_is_open_drawn_anew_leaves_the_keyboard_at_its_day(new_window: NewWindow, planned: PageServer) -> None:
    page = await new_window()
    await enter(page, planned)
    day = page.locator("#open-demand summary").last
    await day.focus()
    before = await day.element_handle()
    await page.evaluate("htmx.trigger(document.body, 'roster-changed')")
    await until(lambda: page.evaluate("day => !day.isConnected", before))
    await expect(day).to_be_focused()


async def test_a_roster_that_somebody_deletes_is_told_and_so_is_what_was_not_saved(
    new_window: NewWindow, planned: PageServer, settings: Settings
) -> None:
    page = await new_window()
    await enter(page, planned)
    await cell(page, "EMP001", MONDAY, "O").click()
    await choose(page, re.compile("Mark as unavailable"))
    await page.get_by_role("textbox", name="Note").fill("dentist")
    async with store_of(planned, settings) as store:
        await delete(store, planned)
    await page.get_by_role("dialog").get_by_role("button", name=re.compile("^Save")).click()
    await expect(page.locator("#toasts")).to_contain_text("Not found")
    await expect(page.get_by_role("textbox", name="Note")).to_have_value("dentist")


async def delete(store: FunctionStore, server: PageServer) -> None:
    import asyncpg

    connection = await asyncpg.connect(server.database_url)
    await connection.execute("delete from rosters where id = $1", UUID(server.roster))
    await connection.close()


async def test_weeks_and_a_team_are_shown_alone_and_changed_there(new_window: NewWindow, planned: PageServer) -> None:
    page = await new_window()
    await enter(page, planned)
    await page.get_by_label("Team").select_option("Oranje")
    await expect(page.locator("#roster .person")).to_have_count(6)
    await page.locator("select[name=first_week]").select_option("49")
    await page.locator("select[name=last_week]").select_option("49")
    await expect(page.locator("#roster .day")).to_have_count(7)
    await expect(page.locator("#open-title .badge")).to_have_text(re.compile(r"^\d+ / \d+$"))  # what is open there, of all
    place = cell(page, "EMP002", MONDAY, "O")  # now the Monday of week 49
    await place.focus()
    await page.keyboard.press("u")
    await saved(page, re.compile("^Save"))
    await expect(place).to_have_class(re.compile("unavailable"))
    await expect(page.locator("#roster .day")).to_have_count(7)
    await expect(page.locator("#roster .person")).to_have_count(6)


async def test_what_others_did_is_drawn_in_the_weeks_that_were_chosen_meanwhile(
    new_window: NewWindow, planned: PageServer, settings: Settings
) -> None:
    page = await new_window()
    await enter(page, planned)
    asked, may_go_on = asyncio.Event(), asyncio.Event()

    async def hold(route: Route) -> None:
        asked.set()
        await may_go_on.wait()
        await route.continue_()

    await page.route("**/since?*", hold, times=1)
    await bea_changes(planned, settings, "pin", MONDAY, "O")
    await asyncio.wait_for(asked.wait(), PATIENCE_SECONDS)
    seen: list[str] = []
    page.on("request", lambda request: seen.append("weeks asked") if "last_week=2025-48" in request.url else None)
    page.on("response", lambda response: seen.append("others answered") if "/since?" in response.url else None)
    await page.locator("select[name=last_week]").select_option("48")
    may_go_on.set()
    await expect(page.locator("#roster .day")).to_have_count(7)
    assert seen[:2] == ["others answered", "weeks asked"]
    await expect(cell(page, "EMP001", MONDAY, "O")).to_have_class(re.compile("pinned"))
    await expect(page.locator('#roster .person[data-employee="EMP001"] .line[data-part="O"]').get_by_role("gridcell")).to_have_count(7)


async def test_no_faults_by_axe(new_window: NewWindow, planned: PageServer, axe: Axe, screenshot: Screenshot) -> None:
    page = await new_window()
    await page.goto(planned.first_url)
    await expect(page.locator(".meter")).to_be_visible()
    assert await axe(page) == []
    await screenshot(page, "list-1280-light")
    await page.get_by_role("link", name="Rooster 2025-W48").click()
    await page.locator(".open-line a").first.click()
    await expect(page.locator(".offers").first).to_be_visible()
    assert await axe(page) == []
    await screenshot(page, "candidates-1280-light")


async def test_no_faults_by_axe_on_a_telephone_in_the_dark_and_in_dutch(
    new_window: NewWindow, planned: PageServer, axe: Axe, screenshot: Screenshot
) -> None:
    page = await new_window(color_scheme="dark", locale="nl-NL", viewport={"width": 390, "height": 844})
    await enter(page, planned)
    await screenshot(page, "roster-390-dark")
    await cell(page, "EMP001", "2025-11-27", "O").click()
    dialog = page.get_by_role("dialog")
    await choose(page, re.compile("OSP"))
    await expect(dialog).to_contain_text("regels overtreden")
    await dialog.locator("summary").click()
    await expect(page.locator(".cell-history .lines a")).to_be_visible()
    assert await axe(page) == []
    await screenshot(page, "cell-390-dark")


STRANGE = ("<script>window.hit = 1</script>", "<img src=x onerror=window.hit=1>", "שרה כהן", "👩‍🍼 Zoë", "x" * 300, "\"'{{ 7*7 }}%s")


async def test_strange_names_are_shown_as_they_are_and_nothing_is_run(
    new_window: NewWindow, page_server: PageServer, sample: PracticeTables, settings: Settings
) -> None:
    async with store_of(page_server, settings) as store:
        roster = sample.roster.model_copy(update={"naam": STRANGE[0]})
        people = [
            row.model_copy(update={"voornaam": STRANGE[n % len(STRANGE)], "achternaam": None}) for n, row in enumerate(sample.employees)
        ]
        await store.import_tables(sample.model_copy(update={"rosters": [roster], "employees": people}), replace=True)
        await run_roster(store, sample.roster.id, options=SolveOptions(method="greedy"))
    page = await new_window()
    await page.goto(page_server.first_url)
    await page.get_by_role("link", name=STRANGE[0]).click()
    await expect(page.locator("#open-title")).to_be_visible()
    for number, name in enumerate(STRANGE):
        employee = f"EMP{number + 1:03d}"
        await cell(page, employee, MONDAY, "O").click()
        told = f"{name} ({employee})"  # others are called the same
        await expect(page.get_by_role("dialog").get_by_role("heading", level=2)).to_have_text(told)
        await page.keyboard.press("Escape")
    assert await page.evaluate("window.hit") is None
    for width in (1280, 390):
        await page.set_viewport_size({"width": width, "height": 800})
        assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "a long name does not widen the page"
