"""A roster of 140 people and 91 days is no trouble in any kind of file."""

from __future__ import annotations

from io import BytesIO

from pypdf import PdfReader

from greedy.report.calendar import render_calendar
from greedy.report.pdf import render_pdf
from greedy.report.workbook import render_workbook
from tests.report.views import large_view
from tests.timing import cpu_seconds_below


def test_files_of_a_large_roster() -> None:
    view = large_view()
    with cpu_seconds_below(60):
        calendar, workbook, document = render_calendar(view), render_workbook(view), render_pdf(view, paper="a3")
    assert calendar.count(b"BEGIN:VEVENT") == view.report.coverage.assigned > 5000
    assert 10_000 < len(workbook) < 1_000_000
    assert len(document) < 5_000_000
    sheets, lists = 2 * 6, 1  # six and seven weeks, of 23 or 24 people each
    assert len(PdfReader(BytesIO(document)).pages) >= sheets + lists
