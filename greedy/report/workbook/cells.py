"""Cells of a workbook: text that stays text, and how cells look."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field

from openpyxl.cell import Cell
from openpyxl.comments import Comment
from openpyxl.formatting.rule import DataBarRule
from openpyxl.styles import Alignment, Border, Font, PatternFill, Side
from openpyxl.styles.cell_style import StyleArray
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from greedy.report.plain import one_line

Value = str | int | float | dt.date | None

AUTHOR = "Greedy"
FORMULA_STARTS = ("=", "+", "-", "@")
# An underscore that would begin an escape: Excel reads _x0041_ as A.
_ESCAPE = re.compile(r"_(?=x[0-9A-Fa-f]{4}_)")
LONGEST_TEXT = 32_000  # of 32,767 letters that a cell has room for

INK, SOFT, LINE, STRONG, DANGER = "1B2430", "4D5A6B", "C9D0D9", "5B6778", "B3261E"
WEEKEND, AWAY, REST, REST_LINE, HEADER, OPEN = "ECEFF4", "DDE1E7", "F3F4F7", "A3ADBA", "E3E8EF", "FCE8E6"
THIN, EDGE, THICK, RED = Side("thin", LINE), Side("medium", STRONG), Side("medium", INK), Side("thick", DANGER)
FRAME = Border(THIN, THIN, THIN, THIN)
NARROWEST, WIDEST, ARROW, LINE_HEIGHT = 8, 60, 4, 15


def font(*, size: int = 11, bold: bool = False, colour: str = INK, strike: bool = False) -> Font:
    """The font of all sheets. One has to be named: LibreOffice takes one with serifs otherwise."""
    return Font("Calibri", size, bold=bold, color=colour, strike=strike)


@dataclass(frozen=True, eq=False)
class Look:
    """How a cell looks; one for all that look so. `format` is a number format of Excel: for text `@`, with what is shown around it."""

    fill: PatternFill | None = None
    font: Font = field(default_factory=font)
    border: Border | None = FRAME
    alignment: Alignment = field(default_factory=lambda: Alignment(vertical="center"))
    format: str = "General"


CENTRED = Alignment("center", "center", shrink_to_fit=True)  # of a date that does not fit, only ### is shown otherwise
WRAPPED = Alignment(vertical="top", wrap_text=True)
DATES, NUMBERS = Alignment("left", "top"), Alignment("right", "top", indent=1)
TITLE = Look(font=font(size=16, bold=True), border=None)
SUBTITLE = Look(font=font(colour=SOFT), border=None)
HEADING = Look(solid := PatternFill("solid", fgColor=HEADER), font(bold=True), alignment=Alignment(vertical="center", wrap_text=True))
HEADING_CENTRED = Look(solid, font(bold=True), alignment=CENTRED)


def filled(colour: str) -> PatternFill:
    """A plain background, as `RRGGBB` or `#rrggbb`."""
    return PatternFill("solid", fgColor=colour.lstrip("#").upper())


class Pen:
    """Fills in the cells of one workbook."""

    def __init__(self) -> None:
        self._styles: dict[Look, StyleArray] = {}

    def put(self, sheet: Worksheet, row: int, column: int, value: Value, look: Look) -> Cell:
        """Fill in a cell. Text is never a formula, an error or an escape, whatever it begins with, not even when somebody edits it."""
        cell = sheet.cell(row, column)
        assert isinstance(cell, Cell)  # noqa: S101  # nothing is merged before it is filled in
        style = self._styles.get(look)
        if style is None:
            style = self._styles[look] = _style(cell, look)
        cell._style = copy(style)  # type: ignore[attr-defined]  # to look fonts and borders up again for each cell takes three times as long
        if isinstance(value, str):
            text = _ESCAPE.sub("_x005F_", one_line(value)[:LONGEST_TEXT])
            cell.value = text
            cell.data_type = "s"
            if text.startswith(FORMULA_STARTS):
                cell.quotePrefix = True
        else:
            cell.value = value
            if isinstance(value, dt.date):
                cell.number_format = look.format  # openpyxl has put its own in its place
        return cell


def _style(cell: Cell, look: Look) -> StyleArray:
    cell.font, cell.alignment, cell.number_format = look.font, look.alignment, look.format
    if look.fill is not None:
        cell.fill = look.fill
    if look.border is not None:
        cell.border = look.border
    style: StyleArray = copy(cell._style)  # type: ignore[attr-defined]  # the stubs leave it out
    return style


def remark(cell: Cell, text: str) -> None:
    """A remark that is shown at the cell, which gets a mark in its corner."""
    plain = one_line(text)[:1000]
    cell.comment = Comment(plain, AUTHOR, height=24 + 18 * (len(plain) // 30 + 1), width=220)


def add_table(pen: Pen, sheet: Worksheet, top: int, header: Sequence[str], rows: Sequence[Sequence[Value]], formats: Sequence[str]) -> None:
    """A list with a header that stays in sight, arrows to filter by, and columns as wide as what they hold.

    Parameters
    ----------
    pen
        Of its workbook.
    sheet
        An empty sheet, or one that is filled above `top`.
    top
        Row of the header, from 1.
    header, rows
        The list.
    formats
        Number format of each column.
    """
    looks = [Look(alignment=DATES if "y" in one else NUMBERS if "0" in one else WRAPPED, format=one) for one in formats]
    widths = [_width(title, [row[column] for row in rows]) for column, title in enumerate(header)]
    for column, (title, width) in enumerate(zip(header, widths, strict=True), start=1):
        pen.put(sheet, top, column, title, HEADING)
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.row_dimensions[top].height = LINE_HEIGHT * max(
        2, *(_lines(title, width - ARROW) for title, width in zip(header, widths, strict=True))
    )
    for number, row in enumerate(rows, start=top + 1):
        for column, (value, look) in enumerate(zip(row, looks, strict=True), start=1):
            pen.put(sheet, number, column, value, look)
        # LibreOffice does not make room for lines that are broken, and Excel not always.
        sheet.row_dimensions[number].height = LINE_HEIGHT * max(map(_lines, row, widths))
    sheet.auto_filter.ref = f"A{top}:{get_column_letter(len(header))}{top + max(1, len(rows))}"
    sheet.freeze_panes = f"B{top + 1}"
    sheet.print_title_rows = f"{top}:{top}"


def add_bars(sheet: Worksheet, column: int, first: int, last: int) -> None:
    """Bars behind percentages, so that what is low is seen at once."""
    letter = get_column_letter(column)
    rule = DataBarRule("num", 0, "num", 1, color="A9D2DC", showValue=True)  # type: ignore[no-untyped-call]
    sheet.conditional_formatting.add(f"{letter}{first}:{letter}{last}", rule)


def _width(title: str, values: Sequence[Value]) -> int:
    longest = max(map(_length, values), default=0)
    word = max((len(one) for one in title.split()), default=0)  # the header breaks between words; beside it stands the filter's arrow
    return min(WIDEST, max(NARROWEST, longest + 2, word + ARROW, len(title) // 2 + ARROW))


def _lines(value: Value, width: int) -> int:
    """Lines that a value takes. Letters are narrower than digits, by which widths count; words that are carried over make up for it."""
    length = _length(value)
    return 1 if 10 * length <= 11 * width else -(-length // width)


def _length(value: Value) -> int:
    return 10 if isinstance(value, dt.date) else len(str(value)) if value is not None else 0
