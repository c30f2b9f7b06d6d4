"""The report as a planner opens it: from disk, in Chromium, by keyboard, on paper."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.async_api import Page
from pypdf import PdfReader

from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables
from greedy.model.problem import Assignment, Employee, Slot
from greedy.model.roster import Roster
from greedy.model.rules import check
from greedy.report.comparison import compare
from greedy.report.grid import CellKind, build_grid
from greedy.report.html import render_html
from greedy.report.view import ReportView
from greedy.reporting import report_standing
from greedy.wording import words_of
from tests.build import problem
from tests.report.views import NOON, hostile, view_of
from tests.timing import until
from tests.web.conftest import Axe, NewWindow, Screenshot

ENGLISH, DUTCH = words_of("en"), words_of("nl")


@pytest.fixture(scope="module")
def view(sample: PracticeTables) -> ReportView:
    """A roster of hostile names with everything that a report may tell: open shifts, changes, broken rules, notes."""
    asked = hostile(to_problem(sample))
    before = view_of(asked)
    work = [cell for cell in _work(before) if cell not in asked.pinned]
    after = Roster.of((*asked.pinned, *work[3:-3], work[0]._replace(employee=13)))
    grid = build_grid(asked, after, before=Roster.of(_work(before)), violations=check(asked, after), notes={Slot(2, 3, 1): "<b>"})
    report = report_standing(asked, after, name="x")
    return ReportView(report, grid, "De Linde", "draft", NOON, comparison=compare(asked, Roster.of(_work(before)), after))


def _work(view: ReportView) -> list[Assignment]:
    return [
        Assignment(employee, day, cell.service)
        for employee, days in enumerate(view.grid.cells)
        for day, cells in enumerate(days)
        for cell in cells
        if cell.kind is CellKind.WORK and cell.service is not None
    ]


async def opened(new_window: NewWindow, folder: Path, one: ReportView, **options: object) -> Page:
    """The report in a window; anything that it asks the world for, and anything that opens a dialog, is a fault."""
    file = folder / "report.html"
    file.write_text(render_html(one, words=DUTCH), encoding="utf-8")
    page = await new_window(**options)
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: pytest.fail(f"a script of a name ran: {dialog.message}"))
    await page.goto(file.as_uri())
    assert asked == [file.as_uri()]
    return page


@pytest.mark.parametrize(("width", "scheme"), [(1280, "light"), (390, "dark")])
async def test_it_has_no_faults_by_axe(
    new_window: NewWindow, tmp_path: Path, view: ReportView, axe: Axe, screenshot: Screenshot, width: int, scheme: str
) -> None:
    page = await opened(new_window, tmp_path, view, viewport={"width": width, "height": 900}, color_scheme=scheme)
    assert await axe(page) == []
    assert await page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    await screenshot(page, f"report-{width}-{scheme}")


async def test_weeks_and_team_are_chosen_by_keyboard(new_window: NewWindow, tmp_path: Path, view: ReportView) -> None:
    page = await opened(new_window, tmp_path, view)
    shown = "[...document.querySelectorAll('#roster .%s')].filter(one => one.checkVisibility()).length"
    assert await page.evaluate(shown % "day") == 35
    await page.get_by_label("Weken").focus()
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Tab")
    assert (await page.evaluate(shown % "day"), await page.evaluate(shown % "week")) == (7, 1)
    assert await page.evaluate(shown % "person:first-child .line:first-child .c") == 7
    dates = await page.evaluate(
        "[...document.querySelectorAll('#roster .day')].filter(one => one.checkVisibility()).map(one => one.dataset.date)"
    )
    assert (dates[0], dates[-1]) == ("2025-12-01", "2025-12-07")
    await page.keyboard.type("Oranje")
    await page.keyboard.press("Tab")
    orange = [employee for employee in view.grid.problem.employees if employee.team == "Oranje"]
    assert await page.evaluate(shown % "person") == len(orange)
    assert await page.evaluate("document.querySelector('.filters output').value") == f"Getoond: 7 dagen, {len(orange)} medewerkers"
    left = await page.evaluate(
        "[...document.querySelectorAll('.open-demand [data-teams]')].filter(one => one.checkVisibility()).map(one => one.closest('.open-day').dataset.date)"
    )
    assert all("2025-12-01" <= date <= "2025-12-07" for date in left)
    await page.get_by_label("Weken").select_option(index=0)
    await page.locator("select[name=team]").select_option(index=0)
    assert (await page.evaluate(shown % "day"), await page.evaluate(shown % "person")) == (35, 14)


async def test_dark_is_dark_however_it_was_chosen_and_paper_is_light(new_window: NewWindow, tmp_path: Path) -> None:
    page = await opened(new_window, tmp_path, view_of(problem(), []), color_scheme="dark")
    ground = "getComputedStyle(document.querySelector('#roster .corner')).backgroundColor"
    chosen = "theme => { document.documentElement.dataset.theme = theme }"
    light, dark = "rgb(255, 255, 255)", "rgb(26, 32, 41)"
    assert await page.evaluate(ground) == dark
    await page.evaluate(chosen, "light")
    assert await page.evaluate(ground) == light
    await page.emulate_media(color_scheme="light")
    await page.evaluate(chosen, "dark")
    assert await page.evaluate(ground) == dark
    await page.emulate_media(media="print", color_scheme="dark")
    assert await page.evaluate(ground) == light


async def test_names_and_dates_stay_in_sight(new_window: NewWindow, tmp_path: Path, view: ReportView) -> None:
    page = await opened(new_window, tmp_path, view, viewport={"width": 390, "height": 600})
    places = """() => { const frame = document.querySelector('.grid-scroll').getBoundingClientRect();
        return [...document.querySelectorAll('#roster .person:last-child .name, #roster .day:last-child')].map(one => {
            const box = one.getBoundingClientRect(); return [Math.round(box.left - frame.left), Math.round(box.top - frame.top), frame.right >= box.right] }) }"""
    await page.evaluate("document.querySelector('.grid-scroll').scrollTo(9999, 9999)")
    day, name = await page.evaluate(places)
    assert name[0] == 1  # the frame's border
    assert day[1] < 60
    assert day[2]


async def test_what_is_not_seen_is_not_drawn(new_window: NewWindow, tmp_path: Path) -> None:
    people = tuple(Employee(f"E{n}", f"Name {n}", "Groen") for n in range(140))
    asked = replace(problem(days=91), employees=people, capabilities={})
    page = await opened(new_window, tmp_path, view_of(asked, []))
    drawn = "document.querySelector('#roster .person:last-child .c').checkVisibility({contentVisibilityAuto: true})"
    assert not await page.evaluate(drawn)
    height = await page.evaluate("document.querySelector('#roster').offsetHeight")
    await page.evaluate("document.querySelector('.grid-scroll').scrollTo(0, 99999); window.scrollTo(0, 0)")
    await until(lambda: page.evaluate(drawn))  # the window's own waiting would evaluate text, which the report's policy forbids
    assert await page.evaluate("document.querySelector('#roster').offsetHeight") == height


@pytest.mark.parametrize("paper", ["A4", "A3"])
async def test_a_sheet_holds_the_roster_with_its_legend(new_window: NewWindow, tmp_path: Path, sample: PracticeTables, paper: str) -> None:
    page = await opened(new_window, tmp_path, view_of(to_problem(sample)), color_scheme="dark")
    sheets = PdfReader(io.BytesIO(await page.pdf(format=paper, landscape=True, print_background=True, prefer_css_page_size=False))).pages
    first = sheets[0].extract_text()
    assert sheets[0].mediabox.width > sheets[0].mediabox.height
    for text in ("Winter", "Week 48", "Week 52", *(employee.name for employee in view_of(to_problem(sample)).grid.problem.employees)):
        assert text in first
    assert "vastgezet door de planner" in first
    assert "Open diensten" in sheets[1].extract_text()


async def test_every_sheet_of_a_long_roster_has_its_days(new_window: NewWindow, tmp_path: Path) -> None:
    people = tuple(Employee(f"E{n}", f"Name {n}", "Groen") for n in range(30))
    asked = replace(problem(days=63), employees=people, capabilities={})
    page = await opened(new_window, tmp_path, view_of(asked, []))
    texts = [sheet.extract_text() for sheet in PdfReader(io.BytesIO(await page.pdf(format="A4", landscape=True))).pages]
    sheets = [text for text in texts if "Name 29" in text or "Name 0\n" in text]
    assert sum("Week 48" in text for text in sheets) == 2
    assert sum("Week 53" in text or "Week 1" in text for text in sheets) == 2
    assert all("Week " in text for text in sheets[:4])
