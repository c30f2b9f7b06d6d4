"""The roster as an Excel workbook: the grid, what is open, coverage, the load of each employee, and what the signs mean."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from io import BytesIO

from openpyxl import Workbook
from openpyxl.worksheet.properties import PageSetupProperties
from openpyxl.worksheet.worksheet import Worksheet

from greedy.model.message import Message as _
from greedy.report.heading import about, period
from greedy.report.model import CoverageCount
from greedy.report.open_shifts import open_shifts
from greedy.report.paper import PAPERS, Paper
from greedy.report.plain import one_line
from greedy.report.view import ReportView
from greedy.report.workbook.cells import AUTHOR, Pen, Value, add_bars, add_table
from greedy.report.workbook.grid_sheet import GridSheet
from greedy.wording import ENGLISH, Words

DATE, PERCENT, NUMBER, DECIMAL, TEXT = "dd-mm-yyyy", "0.0%", "0", "0.0", "General"
LONGEST_FOOTER = 80  # letters, of 255 for all of it with its codes
PAPER_SIZES = {"a3": Worksheet.PAPERSIZE_A3, "a4": Worksheet.PAPERSIZE_A4}


def render_workbook(view: ReportView, *, words: Words = ENGLISH, paper: Paper = "a4") -> bytes:
    """The workbook, for Excel and LibreOffice. Whatever a name begins with, nothing in it is a formula.

    Parameters
    ----------
    view
        The roster.
    words
        The reader's language.
    paper
        How it is printed; every sheet lies on its side and is as wide as the paper.
    """
    book = Workbook()
    book.properties.creator = AUTHOR
    book.properties.title = one_line(view.name)
    book.properties.created = book.properties.modified = view.generated_at.astimezone(dt.UTC).replace(tzinfo=None)
    first = book.active
    assert isinstance(first, Worksheet)  # noqa: S101  # a new workbook has one sheet
    pen = Pen()
    grid = GridSheet(view, words, pen)
    first.title = words.say(_("Roster"))
    grid.draw(first, " · ".join((period(view.grid.days[0], view.grid.days[-1], words), *about(view, words))))
    _open_shifts(pen, _sheet(book, words, _("Open shifts")), view, words)
    _coverage(pen, _sheet(book, words, _("Coverage")), view, words)
    _employees(pen, _sheet(book, words, _("Employees")), view, words)
    if view.comparison is not None:
        _changes(pen, _sheet(book, words, _("Changes")), view, words)
    if view.report.violations or view.report.working_time:
        _rules(pen, _sheet(book, words, _("Rules broken")), view, words)
    grid.legend(_sheet(book, words, _("Legend")))
    for sheet in book.worksheets:
        wide = 1 if sheet is not first else -(-len(view.grid.weeks) // PAPERS[paper].most_weeks)
        _print_setup(sheet, paper, wide=wide, name=one_line(view.name))
    document = BytesIO()
    book.save(document)
    return document.getvalue()


def _sheet(book: Workbook, words: Words, title: str) -> Worksheet:
    sheet: Worksheet = book.create_sheet(words.say(title))
    return sheet


def _print_setup(sheet: Worksheet, paper: Paper, *, wide: int, name: str) -> None:
    sheet.page_setup.orientation = "landscape"
    sheet.page_setup.paperSize = PAPER_SIZES[paper]
    sheet.sheet_properties.pageSetUpPr = PageSetupProperties(fitToPage=True)
    sheet.page_setup.fitToWidth, sheet.page_setup.fitToHeight = wide, 0
    sheet.page_margins.left = sheet.page_margins.right = 0.4
    sheet.page_margins.top, sheet.page_margins.bottom = 0.5, 0.7
    sheet.page_margins.header = sheet.page_margins.footer = 0.3  # nearer to the edge than the margin: LibreOffice shows no footer otherwise
    footer = sheet.oddFooter
    if footer is not None and footer.left is not None and footer.right is not None:
        footer.left.text = f"{name[:LONGEST_FOOTER].replace('&', '&&')} · &A"  # the sheet's own name
        footer.right.text = "&P / &N"


def _open_shifts(pen: Pen, sheet: Worksheet, view: ReportView, words: Words) -> None:
    columns = (
        (_("Date"), DATE), (_("Day"), TEXT), (_("Week"), NUMBER), (_("Part of the day"), TEXT), (_("Service"), TEXT),
        (_("Team"), TEXT), (_("Missing"), NUMBER),
        (_("Can be given to"), TEXT), (_("Why"), TEXT), (_("What would help"), TEXT),
    )  # fmt: skip
    rows = [
        (
            one.date, words.weekday(one.date), one.date.isocalendar().week, one.dagdeel, one.service, one.team, one.missing,
            one.free, one.why, one.help,
        )
        for one in open_shifts(view, words)
    ]  # fmt: skip
    _list(pen, sheet, words, columns, rows)


def _coverage(pen: Pen, sheet: Worksheet, view: ReportView, words: Words) -> None:
    report, say = view.report, words.say
    kinds: list[tuple[str, str, CoverageCount]] = [(say(_("Whole roster")), view.name, report.coverage)]
    kinds += [(say(_("Service")), one.code, one) for one in report.services]
    kinds += [(say(_("Team")), one.code, one) for one in report.teams]
    kinds += [(say(_("Week")), f"{one.year}-{one.week:02}", one) for one in report.weeks]
    kinds += [(say(_("Day")), words.short_date(one.date), one) for one in report.days]
    columns = (
        (_("Of"), TEXT),
        (_("Which"), TEXT),
        (_("Needed"), NUMBER),
        (_("Worked"), NUMBER),
        (_("Still open"), NUMBER),
        (_("Share"), PERCENT),
    )
    rows = [(kind, what, one.needed, one.assigned, one.open, one.percent / 100) for kind, what, one in kinds]
    _list(pen, sheet, words, columns, rows)
    add_bars(sheet, len(columns), 2, len(rows) + 1)


def _employees(pen: Pen, sheet: Worksheet, view: ReportView, words: Words) -> None:
    columns = (
        (_("Employee"), TEXT), (_("Number"), TEXT), (_("Team"), TEXT), (_("Shifts"), NUMBER), (_("Pinned"), NUMBER), (_("Days"), NUMBER),
        (_("Weekends"), NUMBER), (_("Weekend days"), NUMBER), (_("Nights"), NUMBER), (_("System services"), NUMBER),
        (_("Hours"), DECIMAL), (_("Of which standby"), DECIMAL),
        (_("Capacity"), NUMBER), (_("Blocked slots"), NUMBER), (_("Unavailable slots"), NUMBER),
    )  # fmt: skip
    codes = sorted({service.code for service in view.grid.problem.services if service.active})
    rows: list[tuple[Value, ...]] = [
        (
            one.name or one.employee_id, one.employee_id, one.team, one.shifts, one.pinned, one.days, one.weekends, one.weekend_days,
            one.nights, one.system_shifts, one.hours, one.standby_hours, one.capacity, one.blocked_slots, one.unavailable_slots,
            *(one.services.get(code, 0) for code in codes),
        )
        for one in view.report.employees
    ]  # fmt: skip
    header = [*(words.say(title) for title, shown in columns), *codes]
    add_table(pen, sheet, 1, header, rows, [*(shown for title, shown in columns), *[NUMBER] * len(codes)])


def _changes(pen: Pen, sheet: Worksheet, view: ReportView, words: Words) -> None:
    columns = (
        (_("Employee"), TEXT), (_("Date"), DATE), (_("Day"), TEXT), (_("Part of the day"), TEXT), (_("Before"), TEXT), (_("After"), TEXT),
        (_("Given to"), TEXT), (_("Taken from"), TEXT),
    )  # fmt: skip
    lines = view.comparison.lines if view.comparison is not None else []
    rows = [
        (
            one.name or one.employee_id, one.date, words.weekday(one.date), one.dagdeel, one.before or "", one.after or "",
            one.given_to or "", one.taken_from or "",
        )
        for one in lines
    ]  # fmt: skip
    _list(pen, sheet, words, columns, rows)


def _rules(pen: Pen, sheet: Worksheet, view: ReportView, words: Words) -> None:
    report = view.report
    rows: list[tuple[Value, ...]] = [(words.say(one.rule), one.message, "") for one in report.violations]
    rows += [(words.say(one.rule), one.message, one.source) for one in report.working_time]
    _list(pen, sheet, words, ((_("Rule"), TEXT), (_("What breaks it"), TEXT), (_("Article"), TEXT)), rows)


def _list(pen: Pen, sheet: Worksheet, words: Words, columns: Sequence[tuple[str, str]], rows: Sequence[Sequence[Value]]) -> None:
    add_table(pen, sheet, 1, [words.say(title) for title, shown in columns], rows, [shown for title, shown in columns])
