"""Workbooks for tests, made with openpyxl."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from openpyxl import Workbook

from greedy.formats.tables import PracticeTables
from greedy.ingest.workbook.layout import PRACTICE, Column, Kind, Language
from greedy.ingest.workbook.values import labels_of

Sheets = Mapping[str, Sequence[Sequence[Any]]]


def workbook(sheets: Sheets) -> Workbook:
    """A workbook with these sheets, each a list of rows from the first on."""
    book = Workbook()
    book.remove(book.worksheets[0])
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(list(row))
    return book


def saved(path: Path, sheets: Sheets) -> Path:
    """A file with these sheets."""
    workbook(sheets).save(path)
    return path


def sheets_of(tables: PracticeTables, language: Language = Language.NL, *, technical: bool = True) -> dict[str, list[list[Any]]]:
    """The sheets of a roster as a planner would fill them in: names and codes where the tables hold keys."""
    services = {row.id: row.code for row in tables.service_types}
    employees = {row.id: row.name for row in tables.employees}
    sheets = {}
    for layout in PRACTICE:
        columns = [column for column in layout.columns if technical or not column.technical]
        rows = [[_cell(row, column, services, employees, language) for column in columns] for row in getattr(tables, layout.entity)]
        sheets[layout.label(language)] = [[column.label(language) for column in columns], *rows]
    return sheets


def _cell(row: Any, column: Column, services: Mapping[Any, str], employees: Mapping[Any, str], language: Language) -> Any:
    name, _, part = column.field.partition(".")
    value = getattr(row, name)
    if part:
        value = value.get(part)  # type: ignore[union-attr]
        return None if value is None else " ".join(value) or "-"
    if value is None:
        return None
    match column.kind:
        case Kind.REFERENCE if not column.by_key:
            return services[value] if column.refers_to == "service_types" else employees[value]
        case Kind.CHOICE:
            return next(
                label for choice, label in zip(column.choices, labels_of(column.choices, language), strict=True) if choice.value == value
            )
        case Kind.YES_NO:
            return "ja" if value else "nee"
        case Kind.ID:
            return str(value)
        case _:
            return value


def shortened(tables: PracticeTables) -> PracticeTables:
    """The same roster with fewer slots and less demand."""
    return tables.model_copy(
        update={
            "roster_assignments": tables.roster_assignments[:200],
            "roster_period_staffing_dagdelen": tables.roster_period_staffing_dagdelen[:100],
        }
    )
