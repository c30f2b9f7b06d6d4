"""The picture of a solve: cost of the best roster and what no roster can cost less than, over time.

The picture is as wide as its place: places across are percentages, places down are pixels. So its letters keep their size on a telephone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from greedy.store.plans import PlanPoint

TOP, FLOOR = 16, 190  # pixels of the highest and of the lowest value
WIDE = 1000.0  # units across of the lines, which are stretched to the width of the picture
LEAST_SECONDS = 1.0
MOST_TICKS = 5
HEADROOM = 1.08


@dataclass(frozen=True)
class Tick:
    """A value beside an axis, and where it stands: percent across, or pixels down."""

    at: float
    value: float


@dataclass(frozen=True)
class ProgressPicture:
    """What the template draws. `best`, `bound` and `gap` are paths; `best_end` and `bound_end` pixels down of the last values."""

    best: str
    bound: str
    gap: str
    best_end: float | None
    bound_end: float | None
    seconds: tuple[Tick, ...]
    costs: tuple[Tick, ...]


def draw_progress(points: Sequence[PlanPoint], seconds: float) -> ProgressPicture | None:
    """The picture of a solve that has gone on for so many seconds; None while there is nothing to be drawn."""
    best = [(point.seconds, point.cost) for point in points if point.cost is not None]
    bound = [(point.seconds, point.bound) for point in points if point.bound is not None]
    if not best:
        return None
    now = max(seconds, LEAST_SECONDS, points[-1].seconds)
    scale = _Scale(now, [value for _, value in (*best, *bound)])
    best_line, bound_line = scale.steps(best), scale.steps(bound)
    return ProgressPicture(
        best=_path(best_line),
        bound=_path(bound_line),
        gap=_path(scale.steps(_since(best, bound[0][0]))) + _back(bound_line) if bound else "",
        best_end=scale.down(best[-1][1]),
        bound_end=scale.down(bound[-1][1]) if bound else None,
        seconds=tuple(Tick(round(100 * tick / now, 2), tick) for tick in ticks(0, now)),
        costs=tuple(Tick(scale.down(tick), tick) for tick in ticks(scale.least, scale.most, whole=True)),
    )


def look_back(points: Sequence[PlanPoint]) -> ProgressPicture | None:
    """The picture of a solve that has ended; None where neither cost nor bound ever moved, so that there is nothing to see."""
    return draw_progress(points, points[-1].seconds) if len({(point.cost, point.bound) for point in points}) > 1 else None


def ticks(least: float, most: float, *, whole: bool = False) -> list[float]:
    """At most six round values from `least` to `most`, whole numbers if asked."""
    step = _round_step(max((most - least) / MOST_TICKS, 1.0 if whole else 0.0))
    first = math.ceil(least / step - 1e-9)
    return [round(number * step, 6) for number in range(first, math.floor(most / step + 1e-9) + 1)]


def _round_step(least: float) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that is no less."""
    power = 10 ** math.floor(math.log10(least)) if least > 0 else 1.0
    return next(step * power for step in (1, 2, 5, 10) if step * power >= least * (1 - 1e-9))


def _since(values: Sequence[tuple[float, int]], begin: float) -> list[tuple[float, int]]:
    """The values from a moment on; the one that held then begins there."""
    held = [value for seconds, value in values if seconds <= begin]
    return [(begin, held[-1]) for _ in held[-1:]] + [(seconds, value) for seconds, value in values if seconds > begin]


class _Scale:
    """From seconds and costs to places."""

    def __init__(self, now: float, values: Sequence[int]) -> None:
        self._now = now
        low, high = min(values), max(values)
        self.least = 0.0 if low < high / 2 or low == high else float(low)
        self.most = max(self.least + (high - self.least) * HEADROOM, self.least + 1)

    def across(self, seconds: float) -> float:
        return round(WIDE * seconds / self._now, 1)

    def down(self, value: float) -> float:
        return round(FLOOR - (FLOOR - TOP) * (value - self.least) / (self.most - self.least), 1)

    def steps(self, values: Sequence[tuple[float, int]]) -> list[tuple[float, float]]:
        """Corners of a line that holds each value until the next one, and the last until now."""
        corners: list[tuple[float, float]] = []
        for seconds, value in values:
            if corners:
                corners.append((self.across(seconds), corners[-1][1]))
            corners.append((self.across(seconds), self.down(value)))
        return [*corners, (WIDE, corners[-1][1])] if corners else []


def _path(corners: Sequence[tuple[float, float]]) -> str:
    return "M" + " L".join(f"{x:g} {y:g}" for x, y in corners) if corners else ""


def _back(corners: Sequence[tuple[float, float]]) -> str:
    return " L" + " L".join(f"{x:g} {y:g}" for x, y in reversed(corners)) + " Z"
