"""The copy of a workbook in which its faults are marked."""

from __future__ import annotations

import hashlib
import zipfile
from pathlib import Path

import openpyxl
import pytest
from openpyxl.comments import Comment
from openpyxl.styles import PatternFill

from greedy.errors import InputError
from greedy.ingest.workbook import marking
from greedy.ingest.workbook.faults import CellFault
from greedy.ingest.workbook.marking import COLOUR, mark_faults

TEAM = CellFault("Medewerkers", 5, "E", "Team", "'Grön' is none of Groen, Oranje, Overig")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """A workbook with a formula, a colour, a comment, merged cells and a sheet of somebody's own."""
    book = openpyxl.Workbook()
    sheet = book.worksheets[0]
    sheet.title = "Medewerkers"
    for row in range(1, 8):
        for column in range(1, 7):
            sheet.cell(row, column, f"{row}/{column}")
    sheet["F2"] = "=1+1"
    sheet["A3"].fill = PatternFill("solid", fgColor="FF00FF00")
    sheet["B4"].comment = Comment("asked Anna", "Bente")
    sheet.merge_cells("C6:D7")
    sheet.column_dimensions["B"].width = 33
    book.create_sheet("Ann's notes")["A1"] = "milk"
    book.save(tmp_path / "practice.xlsx")
    return tmp_path / "practice.xlsx"


def marked(source: Path, *faults: CellFault, name: str = "marked.xlsx") -> openpyxl.Workbook:
    target = source.with_name(name)
    before = hashlib.sha256(source.read_bytes()).digest()
    mark_faults(source, faults, target)
    assert hashlib.sha256(source.read_bytes()).digest() == before
    return openpyxl.load_workbook(target, rich_text=True)


def test_a_faulty_cell_is_coloured_and_says_why(source: Path) -> None:
    book = marked(source, TEAM)
    cell = book["Medewerkers"]["E5"]
    assert (cell.value, cell.fill.fgColor.rgb, cell.comment.text) == ("5/5", COLOUR, f"greedy import: {TEAM.message}")
    sheet = book["Medewerkers"]
    assert [one.coordinate for row in sheet.iter_rows() for one in row if one.fill.fgColor.rgb == COLOUR] == ["E5"]
    assert (sheet["F2"].value, sheet["A3"].fill.fgColor.rgb, sheet["B4"].comment.text) == ("=1+1", "FF00FF00", "asked Anna")
    assert (sheet.column_dimensions["B"].width, str(sheet.merged_cells), book["Ann's notes"]["A1"].value) == (33, "C6:D7", "milk")


def test_the_list_comes_first_and_leads_to_each_cell(source: Path) -> None:
    book = marked(
        source,
        CellFault("", 0, "", "", "=there is no sheet Rooster"),
        TEAM,
        CellFault("Ann's notes", 0, "", "", "this sheet\x07 is not known"),
        CellFault("Ann's notes", 9, "", "", "a row"),
        CellFault("Gone", 3, "B", "Naam", "a sheet that is not there"),
    )
    assert book.sheetnames == ["Fouten", "Medewerkers", "Ann's notes"]
    assert book.active.title == "Fouten"
    assert [sheet.sheet_view.tabSelected for sheet in book.worksheets] == [True, False, False]
    sheet = book["Fouten"]
    assert [[cell.value for cell in row] for row in sheet.iter_rows()] == [
        ["Blad", "Cel", "Kolom", "Fout"],
        [None, None, None, "=there is no sheet Rooster"],
        ["Medewerkers", "E5", "Team", TEAM.message],
        ["Ann's notes", None, None, "this sheet? is not known"],
        ["Ann's notes", "A9", None, "a row"],
        ["Gone", "B3", "Naam", "a sheet that is not there"],
    ]
    assert sheet["D2"].data_type == "s"
    links = {cell.coordinate: cell.hyperlink.location for row in sheet.iter_rows() for cell in row if cell.hyperlink}
    assert links == {"B3": "'Medewerkers'!E5", "A4": "'Ann''s notes'!A1", "B5": "'Ann''s notes'!A9"}


def test_two_faults_of_a_cell_a_comment_that_was_there_and_merged_cells(source: Path) -> None:
    sheet = marked(
        source,
        TEAM,
        CellFault("Medewerkers", 5, "E", "Team", "and another"),
        CellFault("Medewerkers", 4, "B", "", "third"),
        CellFault("Medewerkers", 7, "D", "", "merged"),
        CellFault("Medewerkers", 3, "", "", "the row"),
    )["Medewerkers"]
    assert sheet["E5"].comment.text.splitlines() == [f"greedy import: {TEAM.message}", "and another"]
    assert sheet["B4"].comment.text == "asked Anna\n\ngreedy import: third"
    assert (sheet["C6"].comment.text, sheet["A3"].comment.text) == ("greedy import: merged", "greedy import: the row")


def test_a_mended_copy_is_marked_anew(source: Path) -> None:
    first = marked(source, TEAM, CellFault("Medewerkers", 4, "B", "", "third"), name="first.xlsx")
    assert len(first.sheetnames) == 3
    second = marked(source.with_name("first.xlsx"), CellFault("Medewerkers", 6, "A", "", "still wrong"), name="second.xlsx")
    sheet = second["Medewerkers"]
    assert second.sheetnames == ["Fouten", "Medewerkers", "Ann's notes"]
    assert [one.coordinate for row in sheet.iter_rows() for one in row if one.fill.fgColor.rgb == COLOUR] == ["A6"]
    comments = {one.coordinate: one.comment.text for row in sheet.iter_rows() for one in row if one.comment}
    assert comments == {"B4": "asked Anna", "A6": "greedy import: still wrong"}
    assert second["Fouten"].max_row == 2


def test_the_list_is_english_beside_english_sheets(source: Path) -> None:
    book = openpyxl.load_workbook(source)
    book["Medewerkers"].title = "Employees"
    book.save(source)
    assert marked(source, TEAM).sheetnames == ["Faults", "Employees", "Ann's notes"]


@pytest.mark.parametrize("content", [b"", b"no workbook at all", b"PK\x03\x04 torn", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1 encrypted"])
def test_what_cannot_be_opened_gives_the_list_alone(tmp_path: Path, content: bytes) -> None:
    source, target = tmp_path / "practice.xlsx", tmp_path / "marked.xlsx"
    source.write_bytes(content)
    notes = mark_faults(source, [CellFault("", 0, "", "", "this is no workbook")], target)
    assert notes == ("the workbook cannot be copied, so the file has the list of faults alone",)
    book = openpyxl.load_workbook(target)
    assert (book.sheetnames, book["Fouten"]["D2"].value, source.read_bytes()) == (["Fouten"], "this is no workbook", content)


def test_a_workbook_whose_parts_are_broken_or_too_many_gives_the_list_alone(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torn = tmp_path / "torn.xlsx"
    with zipfile.ZipFile(source) as whole, zipfile.ZipFile(torn, "w") as broken:
        for part in whole.namelist():
            broken.writestr(part, b"<worksheet><sheetData><row r='x'" if "sheet1" in part else whole.read(part))
    assert marked(torn, TEAM).sheetnames == ["Fouten"]
    monkeypatch.setattr(marking, "LARGEST_BYTES", 1000)
    assert marked(source, TEAM).sheetnames == ["Fouten"]


def test_more_faults_than_can_be_marked(source: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(marking, "MOST_MARKED", 2)
    faults = [CellFault("Medewerkers", row, "A", "", "wrong") for row in range(2, 7)]
    assert mark_faults(source, faults, source.with_name("marked.xlsx")) == ("3 more faults stand only in its list",)
    assert openpyxl.load_workbook(source.with_name("marked.xlsx"))["Fouten"].max_row == 6


def test_macros_stay_behind(source: Path) -> None:
    with zipfile.ZipFile(source, "a") as package:
        package.writestr("xl/vbaProject.bin", b"macro")
    notes = mark_faults(source, [TEAM], source.with_name("marked.xlsx"))
    assert notes == ("macros, pictures and charts may be missing in the copy; the original has them",)
    assert "xl/vbaProject.bin" not in zipfile.ZipFile(source.with_name("marked.xlsx")).namelist()


def test_the_original_is_never_the_copy(source: Path, tmp_path: Path) -> None:
    (tmp_path / "link.xlsx").symlink_to(source)
    (tmp_path / "hard.xlsx").hardlink_to(source)
    for target in (source, tmp_path / "sub" / ".." / "practice.xlsx", tmp_path / "link.xlsx", tmp_path / "hard.xlsx"):
        with pytest.raises(InputError, match="is the workbook itself, which stays as it is"):
            mark_faults(source, [TEAM], target)
    with pytest.raises(InputError, match=r"does not end in \.xlsx"):
        mark_faults(source, [TEAM], tmp_path / "marked.xlsm")
    with pytest.raises(InputError, match="cannot write"):
        mark_faults(source, [TEAM], source / "marked.xlsx")
