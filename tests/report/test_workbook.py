"""The workbook says what the grid and the report say, holds no formula whatever people are called, and opens in LibreOffice."""

from __future__ import annotations

import datetime as dt
import subprocess
import warnings
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO
from pathlib import Path

import openpyxl
import pytest
from hypothesis import given, settings
from openpyxl.workbook import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables
from greedy.model.problem import Assignment, Demand, Problem
from greedy.report.grid import Cell, CellKind
from greedy.report.palette import LIGHT, service_colours
from greedy.report.plain import one_line
from greedy.report.view import ReportView
from greedy.report.workbook import render_workbook
from greedy.wording import words_of
from tests.build import DIA, DIO, OSP, TOT, problem, problems
from tests.programs import required_program
from tests.report.views import HOSTILE_NAMES, hostile, view_of
from tests.timing import PATIENCE_SECONDS

DUTCH = words_of("nl")
FIRST_ROW, FIRST_COLUMN = 5, 4


def read(document: bytes) -> Workbook:
    return openpyxl.load_workbook(BytesIO(document))


def grid_cells(view: ReportView, sheet: Worksheet) -> Iterator[tuple[Cell, openpyxl.cell.Cell]]:
    """Each cell of the grid with that of the sheet."""
    parts = len(view.grid.problem.dayparts)
    for employee, days in enumerate(view.grid.cells):
        for day, cells in enumerate(days):
            for part, cell in enumerate(cells):
                yield cell, sheet.cell(FIRST_ROW + employee * parts + part, FIRST_COLUMN + day)


@pytest.fixture
def practice(sample: PracticeTables) -> Problem:
    return to_problem(sample)


@pytest.fixture
def view(practice: Problem) -> ReportView:
    return view_of(practice)


def test_the_grid_holds_every_shift_as_a_code_that_can_be_counted(view: ReportView) -> None:
    sheet = read(render_workbook(view))["Roster"]
    codes = [service.code for service in view.grid.problem.services]
    expected = {CellKind.OPEN: None, CellKind.BLOCKED: "/", CellKind.UNAVAILABLE: "×"}
    for cell, shown in grid_cells(view, sheet):
        assert shown.value == (codes[cell.service] if cell.kind is CellKind.WORK and cell.service is not None else expected[cell.kind])
    counted = [shown.value for _, shown in grid_cells(view, sheet) if shown.value in codes]
    assert len(counted) == view.report.coverage.assigned
    assert [sheet.cell(FIRST_ROW + row, 1).value for row in range(4)] == ["Anna Mulder"] * 3 + ["Bente Postma"]
    assert [sheet.cell(FIRST_ROW + row, 3).value for row in range(3)] == ["O", "M", "A"]
    assert [day.value.date() for day in sheet[4][3:]] == [day.date for day in view.grid.days]


def test_what_is_open_stands_below_the_grid_and_in_a_list_with_reasons() -> None:
    one = view_of(problem(Demand(0, DIO, TOT, 1), Demand(0, DIA, TOT, 1), Demand(1, OSP, TOT, 2), teams=("Groen",)))
    book = read(render_workbook(one))
    below = [[cell.value for cell in row] for row in book["Roster"].iter_rows(min_row=FIRST_ROW + 3, min_col=1)]
    assert below == [
        ["Open shifts", None, "O", None, "2 OSP", None],
        ["Open shifts", None, "M", *[None] * 3],
        ["Open shifts", None, "A", *[None] * 3],
    ]
    rows = list(book["Open shifts"].iter_rows(values_only=True))
    assert rows[0][:7] == ("Date", "Day", "Week", "Part of the day", "Service", "Team", "Missing")
    assert [row[1:7] for row in rows[1:]] == [("Tue", 48, "O", "OSP", "TOT", 2)]
    assert rows[1][8] == "1 blocked by other duty"
    without = view_of(one.grid.problem, [])  # a report without explanations
    listed = list(read(render_workbook(without))["Open shifts"].iter_rows(min_row=2, values_only=True))
    assert [row[4:7] for row in listed] == [("DIO", None, 1), ("DIA", None, 1), ("OSP", None, 2)]


def test_cells_are_told_apart_by_more_than_colour(practice: Problem, view: ReportView) -> None:
    work = [one for days in view.grid.cells for one in days]
    assert work
    sheet = read(render_workbook(view))["Roster"]
    colours = service_colours(practice)
    for cell, shown in grid_cells(view, sheet):
        if cell.kind is CellKind.WORK and cell.service is not None:
            assert shown.fill.fgColor.rgb == "00" + LIGHT[colours[cell.service]].fill[1:].upper()
            assert (shown.border.left.style, shown.border.top.style) == ("medium", "medium") or not cell.pinned
        assert (shown.fill.fill_type == "lightUp") == (cell.kind is CellKind.BLOCKED)


def test_changed_and_broken_cells_are_marked() -> None:
    one = problem(Demand(0, OSP, TOT, 1), Demand(1, OSP, TOT, 1), teams=("Groen",), capacity=1)
    before = [Assignment(0, 0, DIO), Assignment(0, 0, DIA), Assignment(0, 2, OSP)]
    marked = view_of(one, [Assignment(0, 0, OSP), Assignment(0, 1, OSP)], before=before)  # twice, where once is allowed
    row = {
        part: [cell.value for cell in cells][3:]
        for part, cells in zip("OMA", read(render_workbook(marked))["Roster"].iter_rows(5, 7), strict=True)
    }
    assert row == {"O": ["OSP", "OSP", "(OSP)"], "M": [None] * 3, "A": ["(DIA)", None, None]}
    sheet = read(render_workbook(marked))["Roster"]
    first, second, third = (sheet.cell(FIRST_ROW, FIRST_COLUMN + day) for day in range(3))
    assert [cell.comment.text for cell in (first, second, third)] == ["was DIO", "new", "was OSP"]
    assert (first.number_format, third.number_format, third.font.strike) == ('@"!""~"', "General", True)
    assert (first.border.left.style, first.border.left.color.rgb) == ("thick", "00B3261E")


def test_lists_can_be_filtered_and_headers_stay_in_sight(view: ReportView) -> None:
    book = read(render_workbook(view))
    assert book.sheetnames == ["Roster", "Open shifts", "Coverage", "Employees", "Legend"]
    assert (book["Roster"].freeze_panes, book["Roster"].auto_filter.ref) == ("D5", "A4:C46")
    assert {book[name].freeze_panes for name in book.sheetnames[1:4]} == {"B2"}
    assert book["Employees"].auto_filter.ref == "A1:X15"
    assert {"D3:J3", "K3:Q3"} <= {str(one) for one in book["Roster"].merged_cells.ranges}


@pytest.mark.parametrize(("paper", "size"), [("a3", "8"), ("a4", "9")])
def test_it_prints_on_its_side_as_wide_as_the_paper(view: ReportView, paper: str, size: str) -> None:
    view = replace(view, name="Zomer & herfst " + 99 * "&")
    for sheet in read(render_workbook(view, paper=paper)).worksheets:  # type: ignore[arg-type]
        setup = sheet.page_setup
        assert (setup.orientation, str(setup.paperSize), setup.fitToWidth, setup.fitToHeight) == ("landscape", size, 1, 0)
        assert sheet.sheet_properties.pageSetUpPr.fitToPage
        assert sheet.oddFooter.left.text == f"Zomer && herfst {130 * '&'} · &A"  # two make one; no half of a pair is left
        assert sheet.page_margins.footer < sheet.page_margins.bottom
    assert sheet.title == "Legend"


def test_coverage_and_loads_are_those_of_the_report(view: ReportView) -> None:
    book, report = read(render_workbook(view)), view.report
    coverage = list(book["Coverage"].iter_rows(min_row=2, values_only=True))
    assert coverage[0] == (
        "Whole roster",
        "Winter",
        report.coverage.needed,
        report.coverage.assigned,
        report.coverage.open,
        report.coverage.percent / 100,
    )
    for kind in ("Service", "Team", "Week", "Day"):
        assert sum(row[2] for row in coverage if row[0] == kind) == report.coverage.needed
    employees = list(book["Employees"].iter_rows(min_row=2, values_only=True))
    assert [(row[0], row[1], row[3]) for row in employees] == [(one.name, one.employee_id, one.shifts) for one in report.employees]
    assert all(sum(row[15:]) == row[3] for row in employees)  # each service has a column


def test_dutch(view: ReportView) -> None:
    told = replace(view, generated_at=view.generated_at.astimezone(dt.UTC))  # shown as clocks in the practice showed it
    book = read(render_workbook(told, words=DUTCH))
    assert book.sheetnames == ["Rooster", "Open diensten", "Bezetting", "Medewerkers", "Legenda"]
    assert [cell.value for cell in book["Rooster"][4]][:3] == ["Medewerker", "Team", "Dagdeel"]
    assert book["Rooster"]["A2"].value == "ma 24 nov – zo 28 dec 2025 · Concept · 214 van de 227 diensten zijn bezet · 20 nov 2025 12:00"
    assert book["Rooster"]["D4"].number_format == "[$-413]ddd d"


def test_names_and_dates_fit_where_they_stand(view: ReportView) -> None:
    problem = view.grid.problem
    longer = replace(problem, employees=(replace(problem.employees[0], name="Wilhelmina van der Vlugt-Oosterhout"), *problem.employees[1:]))
    sheet = read(render_workbook(view_of(longer, [])))["Roster"]
    assert sheet.column_dimensions["A"].width > len("Wilhelmina van der Vlugt-Oosterhout")
    assert all(cell.alignment.shrink_to_fit for cell in sheet[4][3:])  # of a date that is too wide, programs show ### alone


def test_no_name_is_a_formula(practice: Problem) -> None:
    book = read(render_workbook(view_of(hostile(practice), name="=HYPERLINK(1)")))
    for sheet in book.worksheets:
        for row in sheet.iter_rows():
            assert {cell.data_type for cell in row} <= {"s", "inlineStr", "n", "d"}
    names = [book["Employees"].cell(2 + number, 1) for number in range(len(HOSTILE_NAMES))]
    assert [cell.value for cell in names[:-1]] == [one_line(name).replace("_x0041_", "_x005F_x0041_") for name in HOSTILE_NAMES[:-1]]
    assert names[-1].value == "EMP012"  # who has no name is known by her number
    assert names[0].quotePrefix  # editing the cell makes no formula of it either


@given(problems())
@settings(max_examples=8)
def test_any_roster_makes_a_workbook(one: Problem) -> None:
    assert read(render_workbook(view_of(one))).sheetnames[0] == "Roster"


def test_libreoffice_opens_it_and_reads_the_same(practice: Problem, tmp_path: Path) -> None:
    program = required_program("soffice", "libreoffice-calc")
    view = view_of(hostile(practice))
    ours, theirs = tmp_path / "roster.xlsx", tmp_path / "opened"
    ours.write_bytes(render_workbook(view, words=DUTCH))
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [program, profile, "--headless", "--convert-to", "xlsx:Calc MS Excel 2007 XML", "--outdir", str(theirs), str(ours)]
    subprocess.run(command, check=True, capture_output=True, timeout=PATIENCE_SECONDS)
    before = openpyxl.load_workbook(ours)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # LibreOffice adds what openpyxl does not read
        after = openpyxl.load_workbook(theirs / "roster.xlsx")
    assert after.sheetnames == before.sheetnames
    for sheet in before.worksheets:
        opened = after[sheet.title]
        for row in sheet.iter_rows():
            for cell in row:
                read_back = opened[cell.coordinate]
                assert read_back.data_type != "f"
                expected = cell.value.replace("_x005F_", "_") if isinstance(cell.value, str) else cell.value
                expected = pytest.approx(expected) if isinstance(expected, float) else expected
                assert read_back.value == (None if expected == "" else expected), (sheet.title, cell.coordinate)
        assert opened.page_setup.orientation == "landscape"
        assert opened.oddFooter.left.text == sheet.oddFooter.left.text
    grid, opened = before["Rooster"], after["Rooster"]
    assert opened.auto_filter.ref == grid.auto_filter.ref
    pinned = next(cell for one, cell in grid_cells(view, opened) if one.pinned)
    assert pinned.border.left.style == "medium"
