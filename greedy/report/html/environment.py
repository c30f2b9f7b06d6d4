"""The templates' environment: words in the reader's language, everything escaped, and the grid's cells."""

from __future__ import annotations

from functools import cache, partial
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from greedy.report.html.cells import GridCells
from greedy.report.html.shown import functions
from greedy.report.palette import service_colour, service_colours
from greedy.report.plain import without_turns
from greedy.wording import Words

ASSETS = Path(__file__).parent / "assets"
TEMPLATES = Path(__file__).parent / "templates"


@cache
def environment(words: Words, *folders: Path) -> Environment:
    """An environment of templates that speaks one language; the same one for the same arguments.

    Every value is escaped, and an unknown name is an error. Templates have `_(text, field=...)`, `ngettext(one, many, number)`, `words`
    (dates and numbers), `service_colour` and `service_colours`; `{% from "grid.html" import grid %}` and `"charts.html"` draw the pictures.

    Parameters
    ----------
    words
        The language.
    folders
        More folders with templates, looked at before those of the report.
    """
    templates = Environment(
        loader=FileSystemLoader([*folders, TEMPLATES]), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )

    def say(text: str, **fields: object) -> str:
        said = words.say(text)
        return without_turns(said.format(**fields) if fields else said)

    templates.globals.update(
        _=say,
        ngettext=words.count,
        words=words,
        language=words.language,
        grid_cells=partial(GridCells, words=words),
        service_colour=service_colour,
        service_colours=service_colours,
        **functions(words),
    )
    return templates
