"""What an exported workbook holds, as a spreadsheet program reads it."""

from __future__ import annotations

import datetime as dt
import stat
from pathlib import Path

import openpyxl
import pytest
from openpyxl import Workbook
from openpyxl.worksheet.worksheet import Worksheet

from greedy.errors import InputError
from greedy.formats.tables import PracticeTables
from greedy.ingest.workbook.export import write_workbook
from greedy.ingest.workbook.layout import Language
from tests.ingest.workbook.small import first_days


@pytest.fixture(scope="session")
def small(sample: PracticeTables) -> PracticeTables:
    """A day of the sample."""
    return first_days(sample, 1)


BOTH = pytest.mark.parametrize("language", Language)


def opened(tables: PracticeTables, path: Path, language: Language = Language.NL) -> Workbook:
    write_workbook(tables, path, language=language)
    return openpyxl.load_workbook(path)


def rows(sheet: Worksheet) -> list[dict[str, object]]:
    header, *found = sheet.iter_rows(values_only=True)
    return [dict(zip((str(name) for name in header), row, strict=True)) for row in found]


def with_employees(tables: PracticeTables, *changes: dict[str, object]) -> PracticeTables:
    """The tables with the first employees changed."""
    changed = [row.model_copy(update=change) for row, change in zip(tables.employees, changes, strict=False)]
    return tables.model_copy(update={"employees": changed + tables.employees[len(changes) :]})


def test_sheets_and_headers_in_dutch(small: PracticeTables, tmp_path: Path) -> None:
    book = opened(small, tmp_path / "new" / "practice.xlsx")
    assert book.sheetnames == ["Rooster", "Medewerkers", "Diensten", "Blokkeringen", "Bevoegdheden", "Bezetting", "Planning", "Lijsten"]
    assert [book[name].max_row for name in book.sheetnames[:7]] == [2, 15, 10, 7, 107, 82, 43]
    assert rows(book["Bevoegdheden"])[0] == {"Medewerker": "Anna Mulder", "Dienst": "DDA", "Aantal": 1, "Actief": "ja"}
    assert list(rows(book["Medewerkers"])[1].values()) == [
        "EMP002", "Bente", "Postma", "bente@praktijk.example", "Oranje", "Loondienst", 17, None, None, "A O", None, None, None, "M O", "ja",
    ]  # fmt: skip


def test_sheets_and_values_in_english(small: PracticeTables, tmp_path: Path) -> None:
    book = opened(small, tmp_path / "practice.xlsx", Language.EN)
    assert book.sheetnames == ["Roster", "Employees", "Services", "Blocking rules", "Capabilities", "Demand", "Assignments", "Lists"]
    assert {row["Active"] for row in rows(book["Employees"])} == {"yes"}
    assert {row["Status"] for row in rows(book["Assignments"])} == {"open", "unavailable"}


def test_dates_and_times_are_real_ones(small: PracticeTables, tmp_path: Path) -> None:
    book = opened(small, tmp_path / "practice.xlsx")
    roster, service = book["Rooster"], rows(book["Diensten"])[0]
    assert (roster["B2"].value.date(), roster["B2"].number_format, roster["B2"].is_date) == (dt.date(2025, 11, 24), "dd-mm-yyyy", True)
    assert (service["Code"], service["Begin"], service["Einde"]) == ("DIO", dt.time(9), dt.time(18))


@BOTH
def test_what_makes_a_sheet_pleasant(small: PracticeTables, tmp_path: Path, language: Language) -> None:
    book = opened(small, tmp_path / "practice.xlsx", language)
    for sheet in book.worksheets[:7]:
        assert (sheet.freeze_panes, sheet.auto_filter.ref) == ("A2", sheet.dimensions)
        assert all(cell.font.bold for cell in sheet[1])
    planning = book.worksheets[6]
    assert [column for column, made in planning.column_dimensions.items() if made.hidden] == ["K"]
    assert planning["K1"].value == ("Kenmerk", "Id")[language]
    assert [sheet.sheet_state for sheet in book.worksheets] == ["visible"] * 7 + ["hidden"]


def test_lists_to_choose_from(small: PracticeTables, tmp_path: Path) -> None:
    book = opened(small, tmp_path / "practice.xlsx")
    team, days, active = book["Medewerkers"].data_validations.dataValidation
    assert (str(team.sqref), team.formula1, team.errorStyle) == ("E2:E1048576", '"Groen,Oranje,Overig"', "stop")
    assert (days.type, active.formula1) == ("whole", '"ja,nee"')
    employee, service, *_ = book["Bevoegdheden"].data_validations.dataValidation
    assert (employee.errorStyle, service.errorStyle) == ("warning", "warning")
    assert employee.formula1 == "OFFSET('Lijsten'!$A$1,0,0,MAX(1,COUNTIF('Lijsten'!$A$1:$A$1000,\"?*\")),1)"
    assert service.formula1 == "OFFSET('Diensten'!$A$2,0,0,MAX(1,COUNTIF('Diensten'!$A$2:$A$1001,\"?*\")),1)"


@pytest.mark.parametrize("text", ["=1+1", "+31 6 12", "-", "@anna", "#N/A", "007", "1,5", "24-11-2025", "ja", 'Zoë 🙂\n"O\'Brien"'])
def test_a_text_stays_a_text(small: PracticeTables, tmp_path: Path, text: str) -> None:
    book = opened(with_employees(small, {"achternaam": text}), tmp_path / "practice.xlsx")
    cell = book["Medewerkers"]["C2"]
    assert (cell.value, cell.data_type, cell.number_format, cell.quotePrefix) == (text, "s", "@", text[0] in "=+-@")


def test_who_shares_her_name_is_called_by_her_number(small: PracticeTables, tmp_path: Path) -> None:
    same_name = with_employees(small, {"voornaam": "Anna", "achternaam": "Bos"}, {"voornaam": "anna ", "achternaam": " BOS"})
    book = opened(same_name, tmp_path / "practice.xlsx")
    assert [row["Medewerker"] for row in rows(book["Planning"])][::3][:3] == ["EMP001", "EMP002", "Carlijn de Vries"]


def test_who_is_called_as_another_is_numbered_goes_by_her_number(small: PracticeTables, tmp_path: Path) -> None:
    book = opened(with_employees(small, {"voornaam": "EMP002", "achternaam": None}), tmp_path / "practice.xlsx")
    assert [row["Medewerker"] for row in rows(book["Planning"])][::3][:2] == ["EMP001", "Bente Postma"]


def test_an_earlier_file_keeps_its_permissions_and_is_replaced_whole(small: PracticeTables, tmp_path: Path) -> None:
    path = tmp_path / "practice.xlsx"
    path.write_text("earlier")
    path.chmod(0o640)
    write_workbook(small, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert [one.name for one in tmp_path.iterdir()] == ["practice.xlsx"]


def test_a_file_that_cannot_be_written(small: PracticeTables, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "folder.xlsx").mkdir()
    for path in (tmp_path / "file" / "practice.xlsx", tmp_path / "folder.xlsx"):
        with pytest.raises(InputError, match="cannot write"):
            write_workbook(small, path)
    with pytest.raises(InputError, match=r"does not end in \.xlsx"):
        write_workbook(small, tmp_path / "practice.xls")
