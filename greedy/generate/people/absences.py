"""Leave, mostly in school holidays, and illness: as records, and as slots of a roster."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from greedy.generate import chance
from greedy.generate.config import GeneratorConfig

LEAVE, ILLNESS = 0, 1
PERIOD_WEEKS = 5  # what the shares of the configuration speak of

_SLOTS_A_WEEK = 21
_HOLIDAY_WEIGHT = 5  # how much more a week of school holidays is wanted for leave than another
_WHOLE_WEEKS, _WHOLE_WEEKS_WEIGHTS = np.array([0, 1, 2]), (25, 55, 20)  # 0: some days of a week
_ILL_DAYS, _ILL_WEIGHTS = np.array([1, 2, 3, 4, 5, 7, 14]), (20, 25, 20, 12, 10, 8, 5)


class Absences(NamedTuple):
    """Absences in the order of practice, employee, kind and period, one an entry of each array.

    practice, employee
        Positions in the arrays that they were drawn for.
    kind
        LEAVE or ILLNESS.
    period
        Number of the five weeks in which it begins.
    first, last
        Slots from the first of the roster, three a day, both included; `last` may lie past the end of the roster.
    """

    practice: NDArray[np.int64]
    employee: NDArray[np.int64]
    kind: NDArray[np.int64]
    period: NDArray[np.int64]
    first: NDArray[np.int64]
    last: NDArray[np.int64]

    def of(self, kind: int) -> Absences:
        """Those of one kind."""
        return Absences(*(column[self.kind == kind] for column in self))


def absences(config: GeneratorConfig, practices: NDArray[np.int64], there: NDArray[np.bool_], holiday: NDArray[np.bool_]) -> Absences:
    """Who is away, and when; nobody has two absences of a kind at once.

    Parameters
    ----------
    config
        Its shares of leave and illness, on average: periods with more school holidays have more leave.
    practices
        Their numbers, [P].
    there
        Where employees are, [P, E].
    holiday
        School holidays where each practice is, [P, days].
    """
    periods = np.arange(-(-config.weeks // PERIOD_WEEKS))
    weeks = np.minimum(config.weeks - PERIOD_WEEKS * periods, PERIOD_WEEKS)
    places = (practices[:, None, None], np.arange(there.shape[1])[None, :, None], periods)
    wanted = _wanted_weeks(config, holiday, periods)
    share_of_leave = wanted.sum(axis=2) / wanted.sum(axis=(1, 2))[:, None] * (config.weeks / PERIOD_WEEKS)
    on_leave = chance.uniform(config.seed, "leave", *places) < config.leave * share_of_leave[:, None]
    ill = chance.uniform(config.seed, "illness", *places) < config.illness * (weeks / PERIOD_WEEKS)
    taken = np.stack([on_leave, ill], axis=2) & there[:, :, None, None]
    leave, illness = _leave(config, places, wanted), _illness(config, places, weeks)
    first, last = (np.stack(pair, axis=2)[taken] for pair in zip(leave, illness, strict=True))
    practice, employee, kind, period = np.nonzero(taken)
    # The next of its kind begins after it; the last may end after the roster.
    ends = np.where(period == periods[-1], last, _SLOTS_A_WEEK * PERIOD_WEEKS * (period + 1) - 1)
    return Absences(practice, employee, kind, period, first, np.minimum(last, ends))


def slots(found: Absences, there: NDArray[np.bool_], days: int) -> NDArray[np.bool_]:
    """Which slots of a roster are covered, [P, E, days, 3]."""
    places, end = there.shape, 3 * days
    change = np.zeros((*places, end + 1), np.int8)
    np.add.at(change, (found.practice, found.employee, found.first), 1)
    np.add.at(change, (found.practice, found.employee, np.minimum(found.last + 1, end)), -1)
    return (np.cumsum(change, axis=2, dtype=np.int8)[:, :, :end] > 0).reshape(*places, days, 3)


_Places = tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]
_Slots = tuple[NDArray[np.int64], NDArray[np.int64]]


def _wanted_weeks(config: GeneratorConfig, holiday: NDArray[np.bool_], periods: NDArray[np.int64]) -> NDArray[np.int64]:
    """How much each week is wanted for leave, [P, period, week of it]: 0 past the end of the roster."""
    school_days = holiday.reshape(len(holiday), config.weeks, 7)[:, :, :5].sum(axis=2)
    wanted = np.zeros((len(holiday), periods.size * PERIOD_WEEKS), np.int64)
    wanted[:, : config.weeks] = np.where(school_days >= 3, _HOLIDAY_WEIGHT, 1)
    return wanted.reshape(len(holiday), periods.size, PERIOD_WEEKS)


def _leave(config: GeneratorConfig, places: _Places, wanted: NDArray[np.int64]) -> _Slots:
    """First and last slots, [P, E, period]: whole weeks from a Monday, or some days from a morning or an afternoon."""
    bounds = np.cumsum(wanted, axis=2)[:, None]
    week = (chance.below(bounds[..., -1], config.seed, "week of leave", *places)[..., None] >= bounds).sum(axis=3)
    monday = _SLOTS_A_WEEK * (PERIOD_WEEKS * places[2] + week)
    whole_weeks = _WHOLE_WEEKS[chance.choice(_WHOLE_WEEKS_WEIGHTS, config.seed, "weeks of leave", *places)]
    weekday = chance.below(4, config.seed, "first day of leave", *places)
    days = 1 + chance.below(3, config.seed, "days of leave", *places)
    afternoon = chance.choice((2, 1), config.seed, "first dagdeel of leave", *places)
    first = monday + np.where(whole_weeks > 0, 0, 3 * weekday + afternoon)
    last = monday + np.where(whole_weeks > 0, _SLOTS_A_WEEK * whole_weeks, 3 * (weekday + days)) - 1
    return first, last


def _illness(config: GeneratorConfig, places: _Places, weeks: NDArray[np.int64]) -> _Slots:
    """First and last slots, [P, E, period]: some days from any slot."""
    first = _SLOTS_A_WEEK * PERIOD_WEEKS * places[2] + chance.below(_SLOTS_A_WEEK * weeks, config.seed, "first slot of illness", *places)
    days = _ILL_DAYS[chance.choice(_ILL_WEIGHTS, config.seed, "days of illness", *places)]
    return first, first + 3 * days - 1
