"""School holidays: known days, the shape of the list, and years that nobody has fixed yet."""

from __future__ import annotations

import datetime as dt
from collections import Counter

import pytest

from greedy.generate.people.data import rows_of
from greedy.generate.people.school_holidays import HOLIDAY_REGIONS, school_holidays


def regions_free_on(day: str) -> str:
    """The first letters of the regions that have a holiday."""
    free = school_holidays([dt.date.fromisoformat(day)])[:, 0]
    return "".join(region[0] for region, is_free in zip(HOLIDAY_REGIONS, free, strict=True) if is_free)


@pytest.mark.parametrize(
    ("day", "regions"),
    [
        ("2025-01-05", "NMZ"), ("2025-01-06", ""),
        ("2025-07-05", "Z"), ("2025-07-12", "NZ"), ("2025-08-31", "M"), ("2025-10-11", "Z"),
        ("2026-02-13", ""), ("2026-02-14", "MZ"), ("2026-02-22", "NMZ"), ("2026-03-01", "N"), ("2026-03-02", ""),
        ("2026-07-04", "N"), ("2026-08-30", "M"), ("2026-12-19", "NMZ"),
        ("2027-02-13", "Z"), ("2027-09-05", "Z"), ("2027-10-16", "NM"),
        ("2028-01-09", "NMZ"), ("2028-01-10", ""), ("2028-07-08", "M"), ("2028-09-03", "Z"), ("2028-12-31", "NMZ"),
    ],
)  # fmt: skip
def test_days_that_the_government_fixed(day: str, regions: str) -> None:
    assert regions_free_on(day) == regions


def test_each_region_has_each_holiday_once_a_year_from_saturday_to_sunday() -> None:
    weeks = {"Kerstvakantie": 2, "Voorjaarsvakantie": 1, "Meivakantie": 1, "Zomervakantie": 6, "Herfstvakantie": 1}
    times: Counter[tuple[str, str, int]] = Counter()
    for row in rows_of("school_holidays.csv"):
        first, last = dt.date.fromisoformat(row["first_day"]), dt.date.fromisoformat(row["last_day"])
        assert (first.weekday(), (last - first).days) == (5, 7 * weeks[row["holiday"]] + 1), row
        times.update((region, row["holiday"], first.year) for region in row["regions"].split())
    years = {holiday: range(2024 if holiday == "Kerstvakantie" else 2025, 2029) for holiday in weeks}
    years |= {holiday: range(2025, 2029) for holiday in ("Voorjaarsvakantie", "Meivakantie", "Zomervakantie", "Herfstvakantie")}
    assert times == Counter((region, holiday, year) for region in HOLIDAY_REGIONS for holiday in weeks for year in years[holiday])


@pytest.mark.parametrize(
    ("day", "same_as"),
    [
        ("2024-07-17", "2025-07-16"),
        ("1999-10-25", "2025-10-20"),
        ("2029-07-10", "2028-07-11"),
        ("2040-02-14", "2028-02-15"),
        ("2032-12-29", "2028-12-27"),
    ],
)
def test_other_years_have_the_weeks_of_the_nearest(day: str, same_as: str) -> None:
    this, other = dt.date.fromisoformat(day), dt.date.fromisoformat(same_as)
    assert this.weekday() == other.weekday()
    assert abs(this.isocalendar().week - other.isocalendar().week) <= 1
    assert regions_free_on(day) == regions_free_on(same_as)


def test_no_days_are_no_columns() -> None:
    assert school_holidays([]).shape == (3, 0)
