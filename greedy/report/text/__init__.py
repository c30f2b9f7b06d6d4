"""The report as text, for a terminal."""

from greedy.report.text.report import render_text

__all__ = ["render_text"]
