"""Sheets as openpyxl writes them: header, widths, formats, lists to choose from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from openpyxl.cell import Cell, WriteOnlyCell
from openpyxl.comments import Comment
from openpyxl.styles import Font, PatternFill
from openpyxl.utils import get_column_letter, quote_sheetname
from openpyxl.worksheet.datavalidation import DataValidation

from greedy.errors import InputError
from greedy.ingest.workbook.cells import NO, YES, CellValue, number_format
from greedy.ingest.workbook.escapes import stored
from greedy.ingest.workbook.layout import EMPLOYEES, LISTS_SHEET, SERVICE_TYPES, Column, Kind, Language, SheetLayout
from greedy.model.message import Message

if TYPE_CHECKING:
    from openpyxl import Workbook

AUTHOR = "Greedy"
LAST_ROW = 1_048_576  # of any sheet
LISTED_ROWS = 1000  # of employees, that a list to choose from has room for
NARROWEST, WIDEST = 7, 44
SAMPLED_ROWS = 200  # from which the width of a column is taken
HEADER_FONT, REQUIRED_FILL, HEADER_FILL = Font(bold=True), PatternFill("solid", fgColor="BDD7EE"), PatternFill("solid", fgColor="EDEDED")
FORMULA_STARTS = ("=", "+", "-", "@")

WRONG_VALUE = ("Kies een waarde uit de lijst.", "Choose a value of the list.")
UNKNOWN_NAME = ("Deze naam staat niet in de lijst. Toch gebruiken?", "This name is not in the list. Use it all the same?")
WRONG_KIND = {
    Kind.DATE: ("Dit is geen datum.", "This is no date."),
    Kind.TIME: ("Dit is geen tijd.", "This is no time."),
    Kind.WHOLE: ("Dit is geen geheel getal.", "This is no whole number."),
}
_EXCEL_TYPES: dict[Kind, tuple[Any, str, str]] = {
    Kind.DATE: ("date", "1", "2958465"),
    Kind.TIME: ("time", "0", "0.999999"),
    Kind.WHOLE: ("whole", "-1000000", "1000000"),
}


def add_sheet(
    book: Workbook,
    layout: SheetLayout,
    rows: Sequence[Sequence[CellValue]],
    language: Language,
    *,
    notes: Mapping[str, str] | None = None,
) -> None:
    """Add a sheet with its header and `rows`, whose values stand in the order of the layout's columns.

    `notes` are shown at the headers, by field.
    """
    if len(rows) >= LAST_ROW:
        raise InputError(
            Message(
                "{sheet} has {count} rows; a sheet has room for {most}",
                sheet=layout.label(language),
                count=len(rows),
                most=LAST_ROW - 1,
            ),
            next_step=Message("export a folder of CSV files"),
        )
    sheet: Any = book.create_sheet(layout.label(language))
    sheet.freeze_panes = "A2"
    headers = [column.label(language) for column in layout.columns]
    for number, column in enumerate(layout.columns):
        dimension = sheet.column_dimensions[get_column_letter(number + 1)]
        dimension.width = _width(headers[number], [row[number] for row in rows[:SAMPLED_ROWS]])
        dimension.number_format = number_format(column, language)
        dimension.hidden = column.technical
    sheet.append(
        [_header(sheet, column, header, (notes or {}).get(column.field)) for column, header in zip(layout.columns, headers, strict=True)]
    )
    _append(sheet, layout, rows, language)
    sheet.auto_filter.ref = f"A1:{get_column_letter(len(headers))}{len(rows) + 1}"
    for number, column in enumerate(layout.columns):
        if (validation := _validation(column, language)) is not None:
            letter = get_column_letter(number + 1)
            validation.add(f"{letter}2:{letter}{LAST_ROW}")
            sheet.data_validations.append(validation)


def add_lists(book: Workbook, language: Language) -> None:
    """Add the hidden sheet that names each employee as the sheets refer to her: by her name when she alone bears it, else by her number."""
    sheet: Any = book.create_sheet(LISTS_SHEET[language])
    sheet.sheet_state = "hidden"
    source = quote_sheetname(EMPLOYEES.label(language))
    letters = {column.field: get_column_letter(number + 1) for number, column in enumerate(EMPLOYEES.columns)}
    number, first, last = letters["id"], letters["voornaam"], letters["achternaam"]
    firsts, lasts = (f"{source}!{letter}$2:{letter}${LISTED_ROWS + 1}" for letter in (first, last))
    for row in range(2, LISTED_ROWS + 2):
        name = f'TRIM({source}!{first}{row}&" "&{source}!{last}{row})'
        bearers = f'COUNTIFS({firsts},{source}!{first}{row},{lasts},{source}!{last}{row}&"")'
        sheet.append([f'=IF({source}!{first}{row}="","",IF(AND({bearers}>1,{source}!{number}{row}<>""),{source}!{number}{row},{name}))'])


def _append(sheet: Any, layout: SheetLayout, rows: Sequence[Sequence[CellValue]], language: Language) -> None:  # noqa: ANN401  a sheet of openpyxl
    cells, quoted = [], []
    for column in layout.columns:
        plain, text = WriteOnlyCell(sheet), WriteOnlyCell(sheet)  # one of each a column: making 400,000 of them takes longer than writing
        plain.number_format = text.number_format = number_format(column, language)
        text.quotePrefix = True  # otherwise whoever edits the cell makes a formula of it
        cells.append(plain)
        quoted.append(text)
    for row in rows:
        line: list[Cell | None] = []
        for value, plain, text in zip(row, cells, quoted, strict=True):
            if value is None:
                line.append(None)
            elif isinstance(value, str):
                cell = text if value.startswith(FORMULA_STARTS) else plain
                cell.value = stored(value)
                cell.data_type = "s"  # and no formula, nor an error such as #N/A
                line.append(cell)
            else:
                plain.value = value
                line.append(plain)
        sheet.append(line)


def _header(sheet: Any, column: Column, label: str, note: str | None) -> Cell:  # noqa: ANN401  a sheet of openpyxl
    cell = WriteOnlyCell(sheet, label)
    cell.font = HEADER_FONT
    cell.fill = REQUIRED_FILL if column.required else HEADER_FILL
    if note:
        cell.comment = Comment(note, AUTHOR, height=30 + 18 * (len(note) // 40 + 1 + note.count("\n")), width=300)
    return cell


def _width(header: str, values: Sequence[CellValue]) -> int:
    longest = max((len(str(value)) for value in values if value is not None), default=0)
    return min(WIDEST, max(NARROWEST, longest + 2, len(header) + 4))  # beside the header stands the arrow of the filter


def _validation(column: Column, language: Language) -> DataValidation | None:
    if column.kind is Kind.REFERENCE:
        # Any other name that means one row is right too, so this list only asks.
        return _list(_names(column, language), UNKNOWN_NAME[language], style="warning")
    if column.kind is Kind.YES_NO:
        return _list(_quoted((YES[language], NO[language])), WRONG_VALUE[language])
    if column.choices:
        return _list(_quoted([choice.label(language) for choice in column.choices]), WRONG_VALUE[language])
    if column.kind in _EXCEL_TYPES:
        kind, least, most = _EXCEL_TYPES[column.kind]
        return DataValidation(
            kind,
            formula1=least,
            formula2=most,
            operator="between",
            allow_blank=True,
            showErrorMessage=True,
            error=WRONG_KIND[column.kind][language],
        )
    return None


def _list(formula: str, message: str, style: Any = "stop") -> DataValidation:  # noqa: ANN401  one of openpyxl's words
    return DataValidation("list", formula1=formula, allow_blank=True, showErrorMessage=True, errorStyle=style, error=message)


def _quoted(labels: Sequence[str]) -> str:
    return '"' + ",".join(labels) + '"'


def _names(column: Column, language: Language) -> str:
    """The filled part of the column that names the rows referred to."""
    if column.refers_to == EMPLOYEES.entity:
        sheet, first = LISTS_SHEET[language], 1
    else:
        sheet, first = SERVICE_TYPES.label(language), 2
    top = f"{quote_sheetname(sheet)}!$A${first}"
    return f'OFFSET({top},0,0,MAX(1,COUNTIF({top}:$A${first + LISTED_ROWS - 1},"?*")),1)'
