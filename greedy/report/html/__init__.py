"""The report as one HTML file that needs nothing else, and the templates that the page shares with it."""

from greedy.report.html.environment import ASSETS, environment
from greedy.report.html.page import parts_on_paper, render_html
from greedy.report.palette import service_colour, service_colours

__all__ = ["ASSETS", "environment", "parts_on_paper", "render_html", "service_colour", "service_colours"]
