"""The workbook to fill."""

from __future__ import annotations

from pathlib import Path

import openpyxl
import pytest

from greedy.formats.tables import PracticeTables
from greedy.ingest.workbook.explanations import COLUMNS, SHEETS
from greedy.ingest.workbook.layout import PRACTICE, WISHES, Kind, Language
from greedy.ingest.workbook.template import write_template

LAYOUTS = (*PRACTICE, WISHES)


@pytest.mark.parametrize("language", Language)
def test_an_empty_workbook_with_headers_notes_and_lists(tmp_path: Path, language: Language) -> None:
    write_template(tmp_path / "practice.xlsx", language=language)
    book = openpyxl.load_workbook(tmp_path / "practice.xlsx")
    explanation, *sheets, lists = book.worksheets
    assert [sheet.title for sheet in sheets] == [layout.label(language) for layout in LAYOUTS]
    assert (explanation.title, lists.title) == (("Uitleg", "Lijsten"), ("Explanation", "Lists"))[language]
    assert [cell.value for cell in explanation["A"] if cell.value] == [sheet.title for sheet in sheets]
    for sheet, layout in zip(sheets, LAYOUTS, strict=True):
        assert (sheet.max_row, [cell.value for cell in sheet[1]]) == (1, [column.label(language) for column in layout.columns])
        for cell, column in zip(sheet[1], layout.columns, strict=True):
            note = cell.comment.text if cell.comment else ""
            assert note.startswith(("Verplicht.", "Required.")[language]) is column.required
            assert "{" not in note
        guarded = [column for column in layout.columns if column.kind not in (Kind.TEXT, Kind.DAGDELEN, Kind.ID)]
        assert len(sheet.data_validations.dataValidation) == len(guarded)
    assert book[("Medewerkers", "Employees")[language]]["E1"].comment.text.endswith("Groen, Oranje, Overig.")


def test_every_explanation_is_of_a_sheet_and_column_that_exists() -> None:
    assert list(SHEETS) == [layout.entity for layout in LAYOUTS]
    assert set(COLUMNS) <= {(layout.entity, column.field) for layout in LAYOUTS for column in layout.columns}


def test_with_what_lasts_of_an_earlier_roster(tmp_path: Path, sample: PracticeTables) -> None:
    write_template(tmp_path / "next.xlsx", last=sample)
    book = openpyxl.load_workbook(tmp_path / "next.xlsx")
    assert {sheet.title: sheet.max_row - 1 for sheet in book.worksheets[1:-1]} == {
        "Rooster": 0, "Medewerkers": 14, "Diensten": 9, "Blokkeringen": 6, "Bevoegdheden": 106, "Bezetting": 0, "Planning": 0, "Wensen": 0,
    }  # fmt: skip
