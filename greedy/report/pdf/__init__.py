"""The roster on paper: as PDF."""

from greedy.report.pdf.sheet import render_pdf

__all__ = ["render_pdf"]
