"""Where the marks of the pictures stand, in units of their SVG. The templates draw them."""

from __future__ import annotations

import math
from collections import defaultdict
from typing import NamedTuple

from greedy.report.counts import DayCoverage, EmployeeLoad, Fairness, counted
from greedy.report.figures.loads import KINDS, staff_of
from greedy.report.grid import Grid
from greedy.report.model import Report

DAY_WIDTH, DAY_HEIGHT = 26.0, 120.0
SPREAD_WIDTH, DOT = 300.0, 10.0
MOST_COLUMNS, MOST_STACKED = 30, 9


class DayBar(NamedTuple):
    """A day of the coverage: what is worked stands on the ground, what is open on top of it."""

    day: DayCoverage
    x: float
    worked: float
    open: float
    weekend: bool
    week: int | None  # on the first day of each week


class CoveragePicture(NamedTuple):
    """Bars of `height` at most, and the grid lines: (value, y)."""

    bars: list[DayBar]
    width: float
    height: float
    lines: list[tuple[int, float]]


class Dot(NamedTuple):
    """An employee in a picture of how work is spread."""

    load: EmployeeLoad
    value: float
    x: float
    y: float


class SpreadPicture(NamedTuple):
    """A kind of work: a dot for each employee who may do it, those with equal amounts above each other, and where the mean stands."""

    fair: Fairness
    dots: list[Dot]
    radius: float
    mean: float
    width: float
    height: float
    ticks: list[tuple[float, float]]


def coverage_picture(report: Report, grid: Grid) -> CoveragePicture:
    """The coverage of each day."""
    most = max((day.needed for day in report.days), default=0) or 1
    step = max(1, math.ceil(most / 4))
    unit = DAY_HEIGHT / most
    counts = {day.date: day for day in report.days}
    bars = []
    for position, day in enumerate(grid.days):
        one = counts.get(day.date) or DayCoverage(date=day.date, **counted(0, 0))
        first = position == 0 or grid.days[position - 1].week != day.week
        bars.append(DayBar(one, position * DAY_WIDTH, one.assigned * unit, one.open * unit, day.weekend, week=day.week if first else None))
    lines = [(value, DAY_HEIGHT - value * unit) for value in range(0, most + 1, step)]
    return CoveragePicture(bars, len(grid.days) * DAY_WIDTH, DAY_HEIGHT, lines)


def spread_pictures(report: Report, grid: Grid) -> list[SpreadPicture]:
    """How each kind of work is spread over those who may do it."""
    return [
        _spread(fair, [report.employees[number] for number in staff_of(grid.problem, fair.kind)]) for fair in report.fairness if fair.most
    ]


def _spread(fair: Fairness, loads: list[EmployeeLoad]) -> SpreadPicture:
    amount = KINDS[fair.kind]
    low, high = min(fair.least, fair.mean), max(fair.most, fair.mean, 1)
    low = 0 if low < high / 3 else low
    width = high - low or 1
    columns = max(1, min(MOST_COLUMNS, round(width)))
    at: dict[int, list[EmployeeLoad]] = defaultdict(list)
    for load in loads:
        at[round((amount(load) - low) / width * columns)].append(load)
    stacked = max(len(column) for column in at.values())
    gap = DOT if stacked <= MOST_STACKED else DOT * MOST_STACKED / stacked
    height = min(stacked, MOST_STACKED) * DOT

    def x(value: float) -> float:
        return DOT / 2 + (SPREAD_WIDTH - DOT) * (value - low) / width

    dots = [
        Dot(load, amount(load), x(low + width * column / columns), height - gap * (place + 0.5))
        for column, some in sorted(at.items())
        for place, load in enumerate(sorted(some, key=amount))
    ]
    ticks = [(value, x(value)) for value in sorted({low, fair.most})]
    return SpreadPicture(fair, dots, min(gap, DOT) * 0.45, x(fair.mean), SPREAD_WIDTH, height, ticks)
