"""FASE 5: what a roster covers, what is open and why, and what a planner can do."""

from greedy.report.model import Report
from greedy.report.reporter import build_report
from greedy.report.text import render_text

__all__ = ["Report", "build_report", "render_text"]
