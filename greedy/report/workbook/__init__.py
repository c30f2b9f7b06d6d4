"""The roster as an Excel workbook."""

from greedy.report.workbook.book import render_workbook

__all__ = ["render_workbook"]
