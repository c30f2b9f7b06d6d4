"""Contracts: how much somebody works, and the parts of the week on which she never does."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal
from functools import cache

import numpy as np
from numpy.typing import NDArray

from greedy.formats.tables import Dagdeel, Weekday
from greedy.generate import chance
from greedy.generate.staff import DAGDELEN
from greedy.generate.tables import picked

FULL_TIME_HOURS = 36
HOURS_A_DAY = 8
WEEKDAYS: tuple[Weekday, ...] = ("ma", "di", "wo", "do", "vr", "za", "zo")
MOST_WORK_DAYS = 366

_HOURS: NDArray[np.int64] = np.array([16, 20, 24, 28, 32, 36], np.int64)
_HOURS_WEIGHTS = (6, 12, 28, 20, 24, 10)
# Percent of the employees with fewer than 1, fewer than 2 fixed absences a week, by hours.
_FEWER_THAN_1, _FEWER_THAN_2 = np.array([5, 10, 20, 25, 35, 70]), np.array([50, 60, 75, 85, 95, 100])
_WEEKDAY_WEIGHTS = (15, 14, 24, 14, 22, 5, 6)
_PARTS = np.array([[1, 1, 1], [1, 1, 0], [0, 0, 1], [0, 1, 0], [1, 0, 0]], np.bool_)  # of a day: O, M, A
_PARTS_WEIGHTS = (45, 25, 15, 8, 7)
_FULL_TIME_PARTS_WEIGHTS = (0, 0, 40, 30, 30)
_EMPLOYMENTS = ("Maat", "Loondienst", "ZZP")
_EMPLOYMENT_WEIGHTS = ((50, 45, 5), (40, 55, 5), (0, 10, 90))  # by team
_TEMPORARY = 0.1  # share of the contracts that end
_LONGEST_SERVICE_MONTHS = 240
_DAY = dt.timedelta(days=1)


def hours_per_week(seed: int, practices: NDArray[np.int64], employees: NDArray[np.int64]) -> NDArray[np.int64]:
    """16 to 36, most 24 to 32."""
    hours: NDArray[np.int64] = _HOURS[chance.choice(_HOURS_WEIGHTS, seed, "hours a week", practices, employees)]
    return hours


def weekly_absence(seed: int, practices: NDArray[np.int64], employees: NDArray[np.int64], hours: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Fixed absences, [..., weekday, dagdeel]: none, one or two days or parts of a day, the more the shorter the contract."""
    rank = np.searchsorted(_HOURS, hours)
    percent = chance.below(100, seed, "weekly absences", practices, employees)
    absent = np.zeros((*hours.shape, 7, 3), np.bool_)
    for number, fewer in enumerate((_FEWER_THAN_1, _FEWER_THAN_2)):
        places = (practices, employees, number)
        weekday = chance.choice(_WEEKDAY_WEIGHTS, seed, "weekday of an absence", *places)
        part = np.where(
            hours < FULL_TIME_HOURS,
            chance.choice(_PARTS_WEIGHTS, seed, "part of a day", *places),
            chance.choice(_FULL_TIME_PARTS_WEIGHTS, seed, "part of a day", *places),
        )
        on_day = (np.arange(7) == weekday[..., None]) & (percent >= fewer[rank])[..., None]
        absent |= on_day[..., None] & _PARTS[part][..., None, :]
    return absent


def work_days(hours: NDArray[np.int64], days: int, leave_days: NDArray[np.int64]) -> NDArray[np.int64]:
    """Days that somebody works in a roster of `days` days: of every day that is not leave, what the contract says, rounded."""
    a_week = 7 * HOURS_A_DAY
    rounded: NDArray[np.int64] = (2 * hours * (days - leave_days) + a_week) // (2 * a_week)
    return np.minimum(rounded, MOST_WORK_DAYS)


def employments(seed: int, practices: NDArray[np.int64], employees: NDArray[np.int64], teams: NDArray[np.int64]) -> list[str]:
    """Partner, employed or self-employed; who stands in for both teams is mostly the last."""
    drawn = np.stack([chance.choice(weights, seed, "employment", practices, employees) for weights in _EMPLOYMENT_WEIGHTS])
    return picked(_EMPLOYMENTS, drawn[teams, np.arange(teams.size)])


def contract_dates(
    seed: int, practices: NDArray[np.int64], employees: NDArray[np.int64], first: dt.date, last: dt.date
) -> tuple[list[dt.date], list[dt.date | None]]:
    """First days before a roster, and last days, if any, after it."""
    starts = _months(first) - chance.below(_LONGEST_SERVICE_MONTHS, seed, "months of service", practices, employees)
    ends = _months(last) + 1 + chance.below(12, seed, "months left", practices, employees)
    temporary = chance.uniform(seed, "temporary", practices, employees) < _TEMPORARY
    return (
        [_first_day(month) for month in starts.tolist()],
        [_first_day(month + 1) - _DAY if ends else None for month, ends in zip(ends.tolist(), temporary.tolist(), strict=True)],
    )


@cache
def hours_as_decimal(hours: int) -> Decimal:
    """24 as 24.00."""
    return Decimal(hours * 100).scaleb(-2)


@cache
def fte(hours: int) -> Decimal:
    """24 of 36 hours as 0.67."""
    return Decimal((2 * 100 * hours + FULL_TIME_HOURS) // (2 * FULL_TIME_HOURS)).scaleb(-2)


def as_weeks(absent: NDArray[np.bool_]) -> list[dict[Weekday, list[Dagdeel]]]:
    """[employee, weekday, dagdeel] as `{"wo": ["O", "M"]}`; who is absent on the same days has the same dict."""
    return [_week(code) for code in (absent.reshape(-1, 21) @ (1 << np.arange(21))).tolist()]


@cache
def _week(code: int) -> dict[Weekday, list[Dagdeel]]:
    """By the bits of `code`: Monday's O, M, A, Tuesday's, and so on."""
    parts = {
        weekday: [dagdeel for place, dagdeel in enumerate(DAGDELEN) if code >> 3 * number + place & 1]
        for number, weekday in enumerate(WEEKDAYS)
    }
    return {weekday: dagdelen for weekday, dagdelen in parts.items() if dagdelen}


def _months(day: dt.date) -> int:
    """The month of a day, counted from the year 0."""
    return day.year * 12 + day.month - 1


@cache
def _first_day(month: int) -> dt.date:
    return dt.date(month // 12, month % 12 + 1, 1)
