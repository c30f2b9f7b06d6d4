"""The sheets of a workbook that show the grid and what its signs mean."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from openpyxl.cell import Cell as SheetCell
from openpyxl.styles import Border, PatternFill
from openpyxl.utils import get_column_letter
from openpyxl.worksheet.worksheet import Worksheet

from greedy.model.message import Message as _
from greedy.report.grid import Cell, CellChange, CellKind, Grid
from greedy.report.palette import LIGHT, service_colours
from greedy.report.plain import one_line
from greedy.report.view import ReportView
from greedy.report.workbook.cells import (
    AWAY,
    CENTRED,
    DANGER,
    EDGE,
    HEADING,
    HEADING_CENTRED,
    OPEN,
    RED,
    REST,
    REST_LINE,
    SOFT,
    SUBTITLE,
    THICK,
    THIN,
    TITLE,
    WEEKEND,
    Look,
    Pen,
    filled,
    font,
    remark,
)
from greedy.wording import Words

FIRST_DAY_COLUMN, WEEK_ROW = 4, 3
DAY_ROW = WEEK_ROW + 1
NARROWEST_NAME, WIDEST_NAME, TEAM_WIDTH, PART_WIDTH, DAY_WIDTH, CODE_LETTERS, ROW_HEIGHT = 16, 40, 10, 9.5, 6.2, 4, 18
UNAVAILABLE_SIGN, BLOCKED_SIGN = "×", "/"
MOST_REMARKS = 2000  # each is a drawing, which programs are slow to open
LEGEND = Look(border=None)
DATE_FORMATS = {"en": "[$-809]ddd d", "nl": "[$-413]ddd d"}


def _edge(left: bool, top: bool = False) -> Border:
    """Lines around a cell; stronger where a week or an employee begins."""
    return Border(EDGE if left else THIN, THIN, EDGE if top else THIN, THIN)


NAME = Look(font=font(bold=True), border=_edge(left=False, top=True))
NAME_AGAIN = Look(font=font(colour=SOFT))  # the name stands in every row, so that filters keep them together
OPEN_NAME = Look(filled(OPEN), font(bold=True, colour=DANGER))


class GridSheet:
    """Draws cells of a grid, and the legend with the same looks."""

    def __init__(self, view: ReportView, words: Words, pen: Pen) -> None:
        self._view, self._words, self._pen = view, words, pen
        self._grid: Grid = view.grid
        self._problem = view.grid.problem
        self._colours = [LIGHT[colour] for colour in service_colours(self._problem)]
        self._remarks = 0
        self._look, self._open_look = cache(self._make_look), cache(_open_look)

    def draw(self, sheet: Worksheet, about: str) -> None:
        """The grid: a row for each employee and part of the day, with work as codes that can be counted and filtered."""
        self._head(sheet, about)
        row = DAY_ROW + 1
        for number in range(len(self._problem.employees)):
            for part in range(len(self._problem.dayparts)):
                self._line(sheet, row, number, part)
                row += 1
        last = row - 1
        for part in range(len(self._problem.dayparts)):
            self._open_line(sheet, row, part)
            row += 1
        sheet.auto_filter.ref = f"A{DAY_ROW}:{get_column_letter(FIRST_DAY_COLUMN - 1)}{max(last, DAY_ROW + 1)}"
        sheet.freeze_panes = sheet.cell(DAY_ROW + 1, FIRST_DAY_COLUMN).coordinate
        sheet.print_title_rows = f"{WEEK_ROW}:{DAY_ROW}"
        sheet.print_title_cols = f"A:{get_column_letter(FIRST_DAY_COLUMN - 1)}"
        sheet.sheet_view.zoomScale = 90
        sheet.sheet_view.showGridLines = False

    def legend(self, sheet: Worksheet) -> None:
        """What colours, codes and signs mean."""
        problem, say = self._problem, self._words.say
        header = (_("Sign"), _("Meaning"), _("Part of the day"), _("From"), _("To"))
        for column, (title, width) in enumerate(zip(header, (10, 44, 16, 9, 9), strict=True), start=1):
            self._pen.put(sheet, 1, column, say(title), HEADING)
            sheet.column_dimensions[get_column_letter(column)].width = width
        row = 2
        for number in sorted((n for n, one in enumerate(problem.services) if one.active), key=lambda n: problem.services[n].code):
            service = problem.services[number]
            self._cell(sheet, row, 1, Cell(CellKind.WORK, number), weekend=False)
            self._pen.put(sheet, row, 2, say(_("service {code}", code=service.code)), LEGEND)
            self._pen.put(sheet, row, 3, problem.dayparts[service.daypart], LEGEND)
            for column, minute in ((4, service.begin_minute), (5, service.begin_minute + service.minutes)):
                self._pen.put(sheet, row, column, f"{minute // 60 % 24:02}:{minute % 60:02}", LEGEND)
            row += 1
        for cell, meaning in (
            (Cell(CellKind.BLOCKED), _("blocked: rest after a duty")),
            (Cell(CellKind.UNAVAILABLE), _("unavailable")),
            (Cell(CellKind.WORK, 0, pinned=True), _("pinned by the planner")),
            (Cell(CellKind.WORK, 0, broken=True), _("breaks a rule")),
            (Cell(CellKind.WORK, 0, change=CellChange.NEW), _("changed")),
            (Cell(CellKind.OPEN, change=CellChange.GONE, before=0), _("gone")),
        ):
            if cell.kind is CellKind.WORK and not problem.services:
                continue
            self._cell(sheet, row, 1, cell, weekend=False)
            self._pen.put(sheet, row, 2, say(meaning), LEGEND)
            row += 1
        sheet.freeze_panes = "A2"

    def _head(self, sheet: Worksheet, about: str) -> None:
        grid, words = self._grid, self._words
        self._pen.put(sheet, 1, 1, self._view.name, TITLE)
        self._pen.put(sheet, 2, 1, about, SUBTITLE)
        longest_name = max((len(one_line(one.name)) for one in self._problem.employees), default=0)
        widths = (min(WIDEST_NAME, max(NARROWEST_NAME, longest_name + 3)), TEAM_WIDTH, PART_WIDTH)
        for column, (title, width) in enumerate(zip((_("Employee"), _("Team"), _("Part of the day")), widths, strict=True), start=1):
            self._pen.put(sheet, WEEK_ROW, column, None, HEADING)
            self._pen.put(sheet, DAY_ROW, column, words.say(title), HEADING)
            sheet.column_dimensions[get_column_letter(column)].width = width
        sheet.row_dimensions[1].height, sheet.row_dimensions[DAY_ROW].height = 24, 30
        longest = max((len(service.code) for service in self._problem.services), default=3)
        heading = replace(HEADING_CENTRED, font=font(size=9, bold=True), format=DATE_FORMATS[words.language])
        days = [replace(heading, border=_edge(monday)) for monday in (False, True)]
        first = FIRST_DAY_COLUMN
        for number, day in enumerate(grid.days):
            column = FIRST_DAY_COLUMN + number
            self._pen.put(sheet, DAY_ROW, column, day.date, days[day.date.weekday() == 0])
            sheet.column_dimensions[get_column_letter(column)].width = DAY_WIDTH + max(0, min(longest, 10) - CODE_LETTERS)
            week_ends = number + 1 == len(grid.days) or grid.days[number + 1].week != day.week
            self._pen.put(sheet, WEEK_ROW, column, None, HEADING_CENTRED)
            if week_ends:
                label = words.say(_("Week {number}", number=day.week)) if column > first else str(day.week)
                self._pen.put(sheet, WEEK_ROW, first, label, HEADING_CENTRED)
                sheet.merge_cells(start_row=WEEK_ROW, end_row=WEEK_ROW, start_column=first, end_column=column)
                first = column + 1

    def _line(self, sheet: Worksheet, row: int, employee: int, part: int) -> None:
        one, first = self._problem.employees[employee], part == 0
        sheet.row_dimensions[row].height = ROW_HEIGHT
        for column, text in enumerate((one.name or one.id, one.team, self._problem.dayparts[part]), start=1):
            self._pen.put(sheet, row, column, text, NAME if first else NAME_AGAIN)
        for number, parts in enumerate(self._grid.cells[employee]):
            day = self._grid.days[number]
            self._cell(sheet, row, FIRST_DAY_COLUMN + number, parts[part], weekend=day.weekend, monday=day.date.weekday() == 0, top=first)

    def _open_line(self, sheet: Worksheet, row: int, part: int) -> None:
        services = self._problem.services
        sheet.row_dimensions[row].height = ROW_HEIGHT
        for column, text in enumerate((self._words.say(_("Open shifts")), "", self._problem.dayparts[part]), start=1):
            self._pen.put(sheet, row, column, text, OPEN_NAME)
        for number, open_units in enumerate(self._grid.open_units):
            units = {services[service].code: count for service, count in open_units.items() if services[service].daypart == part}
            codes = ", ".join(code if count == 1 else f"{count} {code}" for code, count in sorted(units.items()))
            top, monday = part == 0, self._grid.days[number].date.weekday() == 0
            shown = codes if len(units) <= 1 else str(sum(units.values()))
            cell = self._pen.put(sheet, row, FIRST_DAY_COLUMN + number, shown, self._open_look(bool(units), monday, top))
            if len(units) > 1:
                self._remark(cell, codes)

    def _cell(
        self, sheet: Worksheet, row: int, column: int, content: Cell, *, weekend: bool, monday: bool = False, top: bool = False
    ) -> None:
        cell = self._pen.put(
            sheet, row, column, self._sign(content), self._look(content._replace(note="", before=None), weekend, monday, top)
        )
        said = [self._words.say(content.note)] if content.note else []
        if content.change is CellChange.NEW:
            said.insert(0, self._words.say(_("new")))
        elif content.before is not None:
            said.insert(0, self._words.say(_("was {service}", service=self._problem.services[content.before].code)))
        if said:
            self._remark(cell, ". ".join(said))

    def _remark(self, cell: SheetCell, text: str) -> None:
        self._remarks += 1
        if self._remarks <= MOST_REMARKS:
            remark(cell, text)

    def _sign(self, cell: Cell) -> str | None:
        services = self._problem.services
        if cell.kind is CellKind.WORK and cell.service is not None:
            return services[cell.service].code
        if cell.change is CellChange.GONE and cell.before is not None:
            return f"({services[cell.before].code})"  # in brackets, so that whoever counts codes does not count it
        return {CellKind.BLOCKED: BLOCKED_SIGN, CellKind.UNAVAILABLE: UNAVAILABLE_SIGN}.get(cell.kind)

    def _make_look(self, cell: Cell, weekend: bool, monday: bool, top: bool) -> Look:
        fill = filled(WEEKEND) if weekend else None
        ink, bold = SOFT, False
        if cell.kind is CellKind.WORK and cell.service is not None:
            colour = self._colours[cell.service]
            fill, ink, bold = filled(colour.fill), colour.ink.lstrip("#").upper(), True
        elif cell.kind is CellKind.BLOCKED:
            fill = PatternFill("lightUp", fgColor=REST_LINE, bgColor=REST)
        elif cell.kind is CellKind.UNAVAILABLE:
            fill = filled(AWAY)
        side = RED if cell.broken else THICK if cell.pinned else None
        border = _edge(monday, top) if side is None else Border(side, side, side, side)
        gone = cell.kind is not CellKind.WORK and cell.change is CellChange.GONE
        shown = "@" + ('"!"' if cell.broken else "") + ('"~"' if cell.change is not None and not gone else "")
        return Look(fill, font(size=10, bold=bold, colour=ink, strike=gone), border, CENTRED, shown if shown != "@" else "General")


def _open_look(some: bool, monday: bool, top: bool) -> Look:
    return Look(filled(OPEN) if some else None, font(bold=True, colour=DANGER), _edge(monday, top), CENTRED)
