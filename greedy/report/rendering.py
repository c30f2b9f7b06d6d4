"""A roster in every format that it is handed out in."""

from __future__ import annotations

from enum import StrEnum

from greedy.report.paper import Paper
from greedy.report.text import render_text
from greedy.report.view import ReportView
from greedy.wording import ENGLISH, Words


class Format(StrEnum):
    """Formats of the report."""

    TEXT = "text"
    JSON = "json"
    HTML = "html"
    XLSX = "xlsx"
    PDF = "pdf"
    ICS = "ics"


BY_SUFFIX = {one.value: one for one in Format if one is not Format.TEXT} | {"txt": Format.TEXT}


def render(view: ReportView, wanted: Format, *, words: Words = ENGLISH, paper: Paper = "a3", employee: str | None = None) -> bytes:
    """A view in a format; each is made by libraries that load when they are needed.

    Parameters
    ----------
    view
        The roster.
    wanted
        The format; text is UTF-8.
    words
        The reader's language.
    paper
        What a PDF and a workbook are printed on.
    employee
        Whose calendar it is; otherwise everybody's.

    Raises
    ------
    InputError
        The roster has no such employee.
    OutsideError
        A PDF was not made.
    """
    match wanted:
        case Format.TEXT:
            return render_text(view.report, words=words).encode()
        case Format.JSON:
            return f"{view.report.model_dump_json(indent=2)}\n".encode()
        case Format.HTML:
            from greedy.report.html import render_html

            return render_html(view, words=words).encode()
        case Format.XLSX:
            from greedy.report.workbook import render_workbook

            return render_workbook(view, words=words, paper=paper)
        case Format.PDF:
            from greedy.report.pdf import render_pdf

            return render_pdf(view, words=words, paper=paper)
        case Format.ICS:
            from greedy.report.calendar import render_calendar

            return render_calendar(view, words=words, employee=employee)
