"""The roster on paper: one sheet a period as PDF, set by typst with the fonts that it brings."""

from __future__ import annotations

import json
import subprocess
import sys

from greedy.errors import OutsideError
from greedy.model.message import Message
from greedy.report.paper import Paper
from greedy.report.pdf import typesetting
from greedy.report.pdf.sheet_data import SheetData
from greedy.report.view import ReportView
from greedy.wording import ENGLISH, Words

MOST_TAGGED = 12_000  # cells; tags, by which a screen reader finds its way in a table, take 400 bytes each
TIME_LIMIT_SECONDS = 300  # a roster of 140 people and 91 days takes one or two


def render_pdf(view: ReportView, *, words: Words = ENGLISH, paper: Paper = "a4") -> bytes:
    """The grid of the roster with its legend, and a list of the shifts that are open, when there are any.

    Up to six weeks stand on one sheet of A4 and seven on one of A3, with all people as long as the codes can be read. Letters that the
    fonts of typst lack are taken from those of the system, where it has them; otherwise the employee's id stands in place of her name. A
    roster of up to 12,000 slots has tags for screen readers.

    Parameters
    ----------
    view
        The roster.
    words
        The reader's language.
    paper
        Lies on its side.

    Raises
    ------
    OutsideError
        Typesetting was ended from outside, or took longer than five minutes.
    """
    cells = sum(len(person) for person in view.grid.cells) * len(view.grid.problem.dayparts)
    asked = {
        "data": SheetData(view, words, paper).data(),
        "timestamp": int(view.generated_at.timestamp()),
        "tags": cells <= MOST_TAGGED,
    }
    command = [sys.executable, "-I", typesetting.__file__]  # -I: nothing of the environment, and no module beside it
    try:
        done = subprocess.run(command, input=json.dumps(asked).encode(), capture_output=True, timeout=TIME_LIMIT_SECONDS, check=False)  # noqa: S603
    except subprocess.TimeoutExpired as exc:
        raise OutsideError(
            Message(
                "the PDF of roster {roster} was not finished within {seconds} s",
                roster=view.report.roster_id,
                seconds=TIME_LIMIT_SECONDS,
            ),
            next_step=Message("try again when the machine is less busy, or take the workbook"),
            retryable=True,
        ) from exc
    if done.returncode:
        said = done.stderr.decode(errors="replace").strip().splitlines()
        raise OutsideError(
            Message(
                "the PDF of roster {roster} was not made: {why}",
                roster=view.report.roster_id,
                why=said[-1] if said else Message("typesetting ended with {code}", code=done.returncode),
            ),
            next_step=Message("take the workbook, and report this as a fault of the program"),
        )
    return done.stdout
