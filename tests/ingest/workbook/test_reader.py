"""Sheets as grids of cells."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from pathlib import Path

import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from greedy.errors import InputError
from greedy.ingest.workbook import reader as limits
from greedy.ingest.workbook.faults import CellFault
from greedy.ingest.workbook.package import open_package
from greedy.ingest.workbook.reader import Grid, opened
from greedy.ingest.workbook.sheet_scan import Broken, column_letters, column_number
from tests.data.workbooks.make import content_of, sheet_xml


def grid_of(path: Path, fill: Callable[[Worksheet], None], change: Callable[[str], str] = lambda text: text) -> Grid | CellFault:
    book = Workbook()
    fill(book.worksheets[0])
    path.write_bytes(sheet_xml(content_of(book), change))
    with opened(open_package(path)) as reader:
        return reader.read("Sheet")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "book.xlsx"


def test_letters_of_columns() -> None:
    for letters, number in (("A", 0), ("Z", 25), ("AA", 26), ("AZ", 51), ("BA", 52), ("XFD", 16383)):
        assert (column_number(letters), column_letters(number)) == (number, letters)


def test_the_grid_begins_at_a1(path: Path) -> None:
    grid = grid_of(path, lambda sheet: sheet.__setitem__("C3", "x"))
    assert isinstance(grid, Grid)
    assert grid.cells == [["", "", ""], ["", "", ""], ["", "", "x"]]


def test_an_empty_sheet(path: Path) -> None:
    grid = grid_of(path, lambda sheet: None)
    assert isinstance(grid, Grid)
    assert grid.cells == []


def test_every_minute_of_a_day_is_read_as_it_stands(path: Path) -> None:
    times = [dt.time(minute // 60, minute % 60) for minute in range(1440)]
    grid = grid_of(path, lambda sheet: [sheet.append([time]) for time in times])
    assert isinstance(grid, Grid)
    assert [row[0] for row in grid.cells] == times


def test_formulas_without_a_value_beyond_all_values(path: Path) -> None:
    def fill(sheet: Worksheet) -> None:
        sheet["A1"], sheet["C4"] = 1, "=A1+1"

    grid = grid_of(path, fill)
    assert isinstance(grid, Grid)
    assert len(grid.cells) == 4
    assert isinstance(grid.cells[3][2], Broken)


def test_an_error_among_cells_that_do_not_say_where_they_stand(path: Path) -> None:
    grid = grid_of(
        path,
        lambda sheet: [sheet.append(["a", "b", "c"]), sheet.append(["d", "e", "#N/A"])],
        lambda text: re.sub(r'(<row|<c) r="[A-Z0-9]+"', r"\1", text),
    )
    assert isinstance(grid, Grid)
    assert [isinstance(cell, Broken) for row in grid.cells for cell in row] == [False] * 5 + [True]


def test_a_formula_without_a_value_in_the_farthest_corner(path: Path) -> None:
    fault = grid_of(path, lambda sheet: sheet.__setitem__("XFD1048576", "=A1"))
    assert fault == CellFault("Sheet", 0, "", "", "has a value far from everything else, in XFD1048576; clear that cell")


def test_a_formula_that_gives_an_empty_text_is_an_empty_cell(path: Path) -> None:
    grid = grid_of(
        path,
        lambda sheet: sheet.append(["x", '=""']),
        lambda text: text.replace('<c r="B1"><f>""</f><v />', '<c r="B1" t="str"><f>""</f><v></v>'),
    )
    assert isinstance(grid, Grid)
    assert [cell for cell in grid.cells[0] if cell != ""] == ["x"]


@pytest.mark.parametrize("error", ["#N/A", "#REF!", "#DIV/0!", "#NAME?", "#VALUE!"])
def test_errors_of_formulas_and_those_that_were_typed(path: Path, error: str) -> None:
    grid = grid_of(path, lambda sheet: sheet.append([error]))
    assert isinstance(grid, Grid)
    assert grid.cells == [[Broken(f"holds the error {error}; mend its formula, or write the value itself")]]


def test_an_error_that_nobody_has_heard_of_is_damage(path: Path) -> None:
    with pytest.raises(InputError, match="damaged"):
        grid_of(path, lambda sheet: sheet.append(["#N/A"]), lambda text: text.replace("#N/A", "#WAT!"))


def test_numbers_behind_zeros_and_a_prefix(path: Path) -> None:
    def fill(sheet: Worksheet) -> None:
        for column, (number, code) in enumerate(
            [(7, "000"), (7, '"E-"00'), (7, "\\E0"), (7, "0"), (7, "0.00"), (7.5, "000"), (-7, "000"), (70000, "000")]
        ):
            cell = sheet.cell(1, column + 1, number)
            cell.number_format = code

    grid = grid_of(path, fill)
    assert isinstance(grid, Grid)
    assert grid.cells == [["007", "E-07", "E7", 7.0, 7.0, 7.5, -7.0, "70000"]]


def test_merged_cells_name_their_range(path: Path) -> None:
    def fill(sheet: Worksheet) -> None:
        sheet["B2"] = "x"
        sheet.merge_cells("B2:AA5")

    grid = grid_of(path, fill)
    assert isinstance(grid, Grid)
    assert [str(merged) for merged in grid.merged] == ["B2:AA5"]


def test_dates_as_iso_text_of_the_strict_form(path: Path) -> None:
    grid = grid_of(
        path,
        lambda sheet: sheet.append([dt.date(2025, 11, 24)]),
        lambda text: text.replace('t="n"><v>45985</v>', 't="d"><v>2025-11-24</v>'),
    )
    assert isinstance(grid, Grid)
    assert str(grid.cells[0][0]).startswith("2025-11-24")


def test_values_in_the_farthest_corner(path: Path) -> None:
    def fill(sheet: Worksheet) -> None:
        sheet["A1"], sheet["B1048576"], sheet["XFD3"] = 1, 2, 3

    assert grid_of(path, fill) == CellFault(
        "Sheet", 0, "", "", "has a value far from everything else, in B1048576 or XFD3; clear that cell"
    )


def test_more_cells_than_any_roster_has(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "MOST_FILLED", 10)
    fault = grid_of(path, lambda sheet: [sheet.append([1, 2, 3]) for _ in range(20)])
    assert fault == CellFault("Sheet", 0, "", "", "has 60 cells with a value; more than 10 are no roster")
