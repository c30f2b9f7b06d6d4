"""FASE 5: what a roster covers, what is open and why, and what a planner can do."""

from greedy.report.comparison import Comparison, compare
from greedy.report.model import Report
from greedy.report.reporter import build_report
from greedy.report.text.report import render_text

__all__ = ["Comparison", "Report", "build_report", "compare", "render_text"]
