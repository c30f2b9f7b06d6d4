"""The roster on paper: everything is on the sheet, nothing runs off it, and what people are called is only text."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import pytest
from hypothesis import given, settings
from pypdf import PageObject, PdfReader

from greedy.errors import OutsideError
from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables
from greedy.model.problem import Assignment, Demand, Employee, Problem, Service
from greedy.report.paper import PAPERS, Paper
from greedy.report.pdf import render_pdf, typesetting
from greedy.report.pdf.sheet_plan import plan_sheets
from greedy.report.view import ReportView
from greedy.wording import words_of
from tests.build import MORNING, MSP, OSP, TOT, problem, problems
from tests.report.views import hostile, view_of

DUTCH = words_of("nl")
POINTS_A_MILLIMETRE = 72 / 25.4
HALF_A_MILLIMETRE = 0.5
LEAST_POINTS = 5.99  # letters that are smaller cannot be read from a wall


def read(document: bytes) -> PdfReader:
    return PdfReader(BytesIO(document))


def text_of(page: PageObject) -> str:
    return re.sub(r"\s+", " ", page.extract_text())


def people(count: int, weeks: int = 1) -> ReportView:
    one = problem(days=7 * weeks, capacity=99)
    staff = tuple(Employee(f"E{number}", f"Person {number:03}", "Groen") for number in range(count))
    one = replace(one, employees=staff, capabilities={(number, OSP): 99 for number in range(count)})
    return view_of(one, [Assignment(number, 0, OSP) for number in range(count)])


def assert_inside(page: PageObject, paper: Paper) -> None:
    """No text begins outside the margins."""
    limits = PAPERS[paper]
    places: list[tuple[float, float]] = []

    def note(text: str, matrix: list[float], position: list[float], *_: object) -> None:
        if text.strip():
            places.append((position[4] * matrix[0] + matrix[4], position[5] * matrix[3] + matrix[5]))

    page.extract_text(visitor_text=note)
    assert places
    margin = (limits.margin - HALF_A_MILLIMETRE) * POINTS_A_MILLIMETRE
    for across, up in places:
        assert margin < across < limits.width * POINTS_A_MILLIMETRE - margin
        assert margin < up < limits.height * POINTS_A_MILLIMETRE - margin


def points_of(page: PageObject, code: str) -> float:
    """The smallest letters that a code is set in."""
    sizes: list[float] = []

    def note(text: str, matrix: list[float], position: list[float], _font: object, size: float) -> None:
        if code in text:
            sizes.append(abs(size * matrix[3] * position[3]))

    page.extract_text(visitor_text=note)
    return min(sizes)


@pytest.mark.parametrize("paper", ["a3", "a4"])
def test_five_weeks_of_a_practice_stand_on_one_sheet(sample: PracticeTables, paper: Paper) -> None:
    view = view_of(to_problem(sample), before=to_problem(sample).pinned, name="Winter 2025")
    pages = read(render_pdf(view, words=DUTCH, paper=paper)).pages
    assert len(pages) == 1 + bool(view.report.open_demand)
    limits = PAPERS[paper]
    size = [float(length) / POINTS_A_MILLIMETRE for length in (pages[0].mediabox.width, pages[0].mediabox.height)]
    assert size == pytest.approx([limits.width, limits.height], abs=0.1)
    text = text_of(pages[0])
    for expected in (
        "Winter 2025",
        "Week 48",
        "Week 52",
        "Anna Mulder",
        "Noor Jansen",
        "Open diensten",
        "ma 24 nov – zo 28 dec 2025",
        "vastgezet",
    ):
        assert expected in text
    shifts = {service.code: 0 for service in view.grid.problem.services}
    for one in view.report.employees:
        for code, count in one.services.items():
            shifts[code] += count
    for code, count in shifts.items():
        assert text.count(code) >= count + 1  # and once in the legend
    assert_inside(pages[0], paper)


def test_open_shifts_stand_in_their_part_of_the_day_and_have_a_list_with_reasons() -> None:
    view = view_of(problem(Demand(0, OSP, TOT, 3), Demand(0, MSP, TOT, 2)))
    sheet, listed = read(render_pdf(view)).pages
    assert "O 2 OSP M MSP" in text_of(sheet)
    assert "Mon 24 Nov O OSP TOT 2 1 already works" in text_of(listed)


def test_a_long_roster_is_cut_between_weeks() -> None:
    view = people(3, weeks=13)
    assert [len(days) for days, _ in plan_sheets(view.grid, "a4", []).days] == [28, 35, 28]
    assert [len(days) for days, _ in plan_sheets(view.grid, "a3", []).days] == [42, 49]
    pages = read(render_pdf(view)).pages
    assert [re.findall(r"Week (\d+)", text_of(page)) for page in pages] == [
        ["48", "49", "50", "51"],
        ["52", "1", "2", "3", "4"],
        ["5", "6", "7", "8"],
    ]
    assert "sheet 2 of 3" in text_of(pages[1])
    assert "Mon 22 Dec 2025 – Sun 25 Jan 2026" in text_of(pages[1])
    midweek = replace(view.grid.problem, first_day=dt.date(2025, 11, 27), day_count=10)
    assert [len(days) for days, _ in plan_sheets(view_of(midweek, []).grid, "a4", []).days] == [10]


@pytest.mark.parametrize("paper", ["a3", "a4"])
@pytest.mark.parametrize("count", [1, 19, 60])
def test_however_many_people_there_are_each_stands_on_one_sheet(count: int, paper: Paper) -> None:
    view = people(count)
    pages = read(render_pdf(view, paper=paper)).pages
    found = [re.findall(r"Person \d+", text_of(page)) for page in pages]
    assert [name for names in found for name in names] == [f"Person {number:03}" for number in range(count)]
    assert max(map(len, found)) - min(map(len, found)) <= 1
    for page in pages:
        assert_inside(page, paper)
        assert points_of(page, "OSP") >= LEAST_POINTS


def test_many_services_and_long_codes_do_not_push_the_grid_off_the_sheet() -> None:
    services = tuple(Service(f"s{n}", f"SERVICE-{n}-WITH-A-LONG-CODE", MORNING, 60) for n in range(40))
    one = problem(teams=("Groen",) * 9, services=services, days=35)
    pages = read(render_pdf(view_of(one, [Assignment(e, d, (e + d) % 40) for e in range(9) for d in range(35)]))).pages
    assert [re.findall(r"Week (\d+)", text_of(page)) for page in pages] == [["48", "49"], ["50"], ["51", "52"]]
    for page in pages:
        assert_inside(page, "a4")
        assert points_of(page, "SERVICE…") >= LEAST_POINTS


def test_names_whose_letters_no_font_has_give_way_to_numbers() -> None:
    view = people(3)
    names = ("\u0378\u0379", "Šárka Ђорђе", "Anna\u0378")  # letters that do not exist yet: no machine has a font for them
    staff = tuple(replace(one, name=name) for one, name in zip(view.grid.problem.employees, names, strict=True))
    text = text_of(read(render_pdf(view_of(replace(view.grid.problem, employees=staff), [], name="\u0378"))).pages[0])
    assert [name in text for name in ("E0", "Šárka Ђорђе", "E2")] == [True] * 3
    assert text.startswith("r ")


def test_names_are_set_as_they_are(sample: PracticeTables) -> None:
    view = view_of(hostile(to_problem(sample)), name="#panic(2) *x* <script>")
    text = text_of(read(render_pdf(view)).pages[0])
    for expected in (
        "#panic(2) *x* <script>",
        "#panic(1) *bold* $x$ `raw`",
        "=cmd|",
        "<script>alert(1)</script>",
        "END:VEVENT",
        "Lang Lang",
        "EMP012",
    ):
        assert expected in text


def test_the_same_view_gives_the_same_bytes_and_screen_readers_find_their_way(sample: PracticeTables) -> None:
    view = view_of(to_problem(sample), name="Winter")
    document = render_pdf(view, words=DUTCH)
    assert document == render_pdf(view, words=DUTCH)
    found = read(document)
    assert found.metadata is not None
    assert found.metadata.title == "Winter"
    assert found.metadata.creation_date == view.generated_at
    assert found.trailer["/Root"]["/Lang"] == "nl"
    assert "/StructTreeRoot" in found.trailer["/Root"]


def test_what_goes_wrong_in_typesetting_is_told_in_a_line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "sheet.typ").write_text("#panic(1)")
    program = tmp_path / "typesetting.py"
    program.write_bytes(Path(typesetting.__file__).read_bytes())
    monkeypatch.setattr(typesetting, "__file__", str(program))
    with pytest.raises(OutsideError, match=r"^the PDF of roster r was not made: .*panicked") as raised:
        render_pdf(people(1))
    assert "Traceback" not in raised.value.message


@given(problems())
@settings(max_examples=6)
def test_any_roster_makes_a_sheet(one: Problem) -> None:
    assert len(read(render_pdf(view_of(one))).pages) >= 1
