"""How a roster is laid out on paper: which days and people stand on which sheet, and how large. Measures in millimetres."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import groupby, pairwise

from greedy.report.grid import Grid
from greedy.report.paper import PAPERS, Limits, Paper

TITLE, WEEK_ROW, DAY_ROW = 11.5, 4.6, 7.6
LETTER = 1.42  # the least width of a letter of a code: it is 6 points high then
LEGEND_ROW, LEGEND_GAP = 5.6, 2.5
LEGEND_LETTER, LEGEND_ITEM, LEGEND_WASTE = 1.3, 14.0, 30.0  # a letter; a sample and the space behind it; what is left at the end of a line


@dataclass(frozen=True)
class SheetPlan:
    """`days` of each part of the roster and the width of each of them there; `people` of each sheet of a part; the height of a row."""

    paper: Limits
    days: tuple[tuple[range, float], ...]
    people: tuple[range, ...]
    row: float


def plan_sheets(grid: Grid, paper: Paper, legend: list[str], code_letters: int = 3) -> SheetPlan:
    """All days of up to six or seven weeks on one sheet, with all people, as long as the codes can be read there; otherwise equal shares.

    Parameters
    ----------
    grid
        The roster.
    paper
        Its sheets lie on their side.
    legend
        What stands in the legend, for the room that it takes.
    code_letters
        Letters of the longest code in the grid.
    """
    limits = PAPERS[paper]
    width, height = limits.width - 2 * limits.margin, limits.height - 2 * limits.margin
    weeks = [[day for day, _ in days] for _, days in groupby(enumerate(grid.days), key=lambda one: (one[1].week_year, one[1].week))]
    readable = int((width - limits.name - limits.part) / (7 * LETTER * max(1, code_letters)))
    most_weeks = max(1, min(limits.most_weeks, readable))
    parts = tuple(range(weeks[own[0]][0], weeks[own[-1]][-1] + 1) for own in _shares(len(weeks), most_weeks))
    days = tuple((part, min(limits.most_day, (width - limits.name - limits.part) / len(part))) for part in parts)
    legend_width = sum(LEGEND_ITEM + LEGEND_LETTER * len(text) for text in legend)
    room = height - TITLE - WEEK_ROW - DAY_ROW - LEGEND_GAP - LEGEND_ROW * math.ceil(legend_width / (width - LEGEND_WASTE))
    lines = len(grid.problem.dayparts)
    most_people = max(1, int(room / limits.least_row / lines) - 1)  # one place is for the open shifts
    people = _shares(len(grid.problem.employees), most_people)
    rows = lines * (1 + max((len(one) for one in people), default=0))
    return SheetPlan(limits, days, people, row=min(limits.most_row, room / rows))


def _shares(count: int, most: int) -> tuple[range, ...]:
    """`count` things in as few shares of up to `most` as there can be, none larger than another by more than one."""
    shares = max(1, math.ceil(count / most))
    ends = [round(count * number / shares) for number in range(shares + 1)]
    return tuple(range(first, last) for first, last in pairwise(ends))
