"""A workbook to fill: every sheet with its header, notes and lists to choose from, and a sheet that explains them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from openpyxl import Workbook
from openpyxl.cell import WriteOnlyCell
from openpyxl.styles import Alignment, Font

from greedy.formats.tables import PracticeTables
from greedy.ingest.workbook.explanations import INTRODUCTION, SHEETS, column_note
from greedy.ingest.workbook.export import cells_of, new_workbook, spelling_of
from greedy.ingest.workbook.layout import (
    BLOCKING_RULES,
    CAPABILITIES,
    EMPLOYEES,
    EXPLANATION_SHEET,
    PRACTICE,
    SERVICE_TYPES,
    WISHES,
    Language,
)
from greedy.ingest.workbook.sheets import HEADER_FONT, add_lists, add_sheet

LASTING = (EMPLOYEES, SERVICE_TYPES, BLOCKING_RULES, CAPABILITIES)  # from one period to the next


def write_template(path: Path, *, language: Language = Language.NL, last: PracticeTables | None = None) -> None:
    """Write a workbook to fill; with the staff, services, blocking rules and capabilities of the `last` roster.

    Raises
    ------
    InputError
        The file cannot be written.
    """
    spelling = spelling_of(last.employees, last.service_types) if last else {}
    with new_workbook(path) as book:
        _add_explanation(book, language)
        for layout in (*PRACTICE, WISHES):
            rows = cells_of(getattr(last, layout.entity), layout, spelling, language) if last and layout in LASTING else []
            notes = {column.field: column_note(layout.entity, column, language) for column in layout.columns}
            add_sheet(book, layout, rows, language, notes=notes)
        add_lists(book, language)


def _add_explanation(book: Workbook, language: Language) -> None:
    sheet: Any = book.create_sheet(EXPLANATION_SHEET[language])
    sheet.column_dimensions["A"].width = 18
    sheet.column_dimensions["B"].width = 110

    def line(first: str, second: str, font: Font | None = None) -> list[Any]:
        cells = [WriteOnlyCell(sheet, first or None), WriteOnlyCell(sheet, second)]
        cells[0].font = HEADER_FONT
        cells[0].alignment = cells[1].alignment = Alignment(vertical="top", wrap_text=True)
        if font:
            cells[1].font = font
        return cells

    title, *texts = (text[language] for text in INTRODUCTION)
    sheet.append(line("", title, Font(bold=True, size=14)))
    for text in texts:
        sheet.append(line("", text))
    sheet.append([])
    for layout in (*PRACTICE, WISHES):
        sheet.append(line(layout.label(language), SHEETS[layout.entity][language]))
