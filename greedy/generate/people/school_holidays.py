"""School holidays of the three regions of the Netherlands, as the government fixes them for 2025 to 2028.

Source: https://www.rijksoverheid.nl/onderwerpen/schoolvakanties, from the Saturday to the Sunday. For other years the same weeks of the
nearest of these stand in.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from functools import cache

import numpy as np
from numpy.typing import NDArray

from greedy.generate.people.data import rows_of

HOLIDAY_REGIONS = ("Noord", "Midden", "Zuid")
FIRST_YEAR, LAST_YEAR = 2025, 2028


def school_holidays(days: Sequence[dt.date]) -> NDArray[np.bool_]:
    """Whether a day lies in school holidays: [region as in HOLIDAY_REGIONS, day]."""
    known = [_nearest_known(day) for day in days]
    return np.array([[day in holidays for day in known] for holidays in _days_by_region()], np.bool_).reshape(
        len(HOLIDAY_REGIONS), len(days)
    )


def _nearest_known(day: dt.date) -> dt.date:
    """The same weekday of the same week in a year whose holidays are known."""
    year, week, weekday = day.isocalendar()
    if FIRST_YEAR <= year <= LAST_YEAR:
        return day
    nearest = min(max(year, FIRST_YEAR), LAST_YEAR)
    weeks = dt.date(nearest, 12, 28).isocalendar().week
    return dt.date.fromisocalendar(nearest, min(week, weeks), weekday)


@cache
def _days_by_region() -> tuple[frozenset[dt.date], ...]:
    days: dict[str, set[dt.date]] = {region: set() for region in HOLIDAY_REGIONS}
    for row in rows_of("school_holidays.csv"):
        first, last = dt.date.fromisoformat(row["first_day"]), dt.date.fromisoformat(row["last_day"])
        for region in row["regions"].split():
            days[region].update(first + dt.timedelta(days=n) for n in range((last - first).days + 1))
    return tuple(frozenset(days[region]) for region in HOLIDAY_REGIONS)
