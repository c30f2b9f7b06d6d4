"""render_html: the report as one file that needs nothing else, and asks nobody for anything."""

from __future__ import annotations

import base64
import hashlib
from functools import cache

from markupsafe import Markup

from greedy.report.grid import Grid
from greedy.report.html.environment import ASSETS, environment
from greedy.report.view import ReportView
from greedy.wording import Words

DAYS_ON_PAPER, WEEKS_ON_PAPER = 49, 5
STYLES = ("tokens.css", "grid.css", "report.css")


def render_html(view: ReportView, *, words: Words) -> str:
    """The report as a document of its own: no network, no other file, and nothing runs in it but its own script.

    Parameters
    ----------
    view
        What is shown. Its report's sentences are in the language of `words`.
    words
        The language of everything else.
    """
    style, script = _asset(*STYLES), _asset("filter.js")
    template = environment(words).get_template("report.html")
    return template.render(
        view=view,
        title=view.name or words.say("Roster"),
        style=style,
        script=script,
        policy=(
            f"default-src 'none'; style-src '{_digest(style)}'; script-src '{_digest(script)}'; img-src data:; "
            "base-uri 'none'; form-action 'none'"
        ),
        parts=parts_on_paper(view.grid),
    )


def parts_on_paper(grid: Grid) -> list[range]:
    """The days of a roster by sheet of paper: all on one, or five weeks each where they would be too small to read."""
    count = len(grid.days)
    if count <= DAYS_ON_PAPER:
        return [range(count)]
    mondays = [number for number, day in enumerate(grid.days) if number == 0 or day.date.weekday() == 0]
    starts = mondays[::WEEKS_ON_PAPER]
    return [range(start, end) for start, end in zip(starts, [*starts[1:], count], strict=True)]


@cache
def _asset(*names: str) -> Markup:
    return Markup("\n".join((ASSETS / name).read_text("utf-8") for name in names))  # noqa: S704  # the package's own files


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
