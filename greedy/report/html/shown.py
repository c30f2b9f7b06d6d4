"""What the report's templates ask Python for."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from greedy.report.counts import CoverageCount, DayCoverage, NamedCoverage, WeekCoverage
from greedy.report.grid import Grid
from greedy.report.heading import most_covered
from greedy.report.html.charts import coverage_picture, spread_pictures
from greedy.report.palette import service_colours
from greedy.wording import Words

Row = tuple[str, CoverageCount]


def functions(words: Words) -> Mapping[str, Callable[..., object]]:
    """The functions of the report's templates, by name, in one language."""

    def week(number: int) -> str:
        return words.say("week {number}").format(number=number)

    def weeks_of(grid: Grid) -> str:
        """`week 48 to 52`."""
        numbers = [number for _, number in grid.weeks]
        if len(numbers) == 1:
            return week(numbers[0])
        return words.say("weeks {first} to {last}").format(first=numbers[0], last=numbers[-1])

    def weekly(rows: Sequence[WeekCoverage]) -> list[Row]:
        years = len({row.year for row in rows})
        return [(week(row.week) if years == 1 else f"{week(row.week)}, {row.year}", row) for row in rows]

    def daily(rows: Iterable[DayCoverage]) -> list[Row]:
        return [(words.short_day(row.date), row) for row in rows]

    return {
        "weeks_of": weeks_of,
        "most_covered": most_covered,
        "weekly": weekly,
        "daily": daily,
        "coded": _coded,
        "colour_of": _colour_of,
        "teams_of": _teams_of,
        "in_zone": _in_zone,
        "coverage_picture": coverage_picture,
        "spread_pictures": spread_pictures,
    }


def _coded(rows: Iterable[NamedCoverage]) -> list[Row]:
    return [(row.code, row) for row in rows]


def _colour_of(grid: Grid, code: str) -> int:
    """Colour of a service, by its code."""
    problem = grid.problem
    return next(colour for service, colour in zip(problem.services, service_colours(problem), strict=True) if service.code == code)


def _teams_of(grid: Grid, code: str) -> str:
    """The employees' teams that may serve a demand team, a line each."""
    return "\n".join(team for one in grid.problem.demand_teams if one.code == code for team in one.served_by)


def _in_zone(when: dt.datetime, timezone: str) -> dt.datetime:
    """A moment on the clocks of the roster's own time zone; on those of UTC where nobody knows that zone."""
    try:
        return when.astimezone(ZoneInfo(timezone))
    except (ZoneInfoNotFoundError, ValueError):
        return when.astimezone(dt.UTC)
