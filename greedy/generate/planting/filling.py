"""The day-by-day planning of many practices at once: every unit goes to those who are free and able, and have worked least so far."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greedy.generate.chance import bits
from greedy.generate.services import LINES, MOST_ASKED, UNITS, Line
from greedy.generate.staff import Staff

NOTHING = -1  # content of a slot in which nobody works
_NOT_FREE = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Filled:
    """What was planned.

    content
        Number of the service in each slot, or NOTHING; [P, E, D, 3].
    planned
        Units by line, day and practice, [lines, D, P].
    """

    content: NDArray[np.int8]
    planned: NDArray[np.int64]


def fill(seed: int, staff: Staff, able: NDArray[np.bool_], asked: NDArray[np.int64]) -> Filled:
    """Plan what is asked for as far as it can be, by all rules of the practice; what a day cannot staff moves to later ones.

    Parameters
    ----------
    able
        Who can work which service, [P, E, services].
    asked
        Units by line, day and practice, [lines, D, P].
    """
    plan = _Plan(seed, staff, able)
    planned = np.zeros_like(asked)
    owed = np.zeros_like(asked[:, 0])
    for day, date in enumerate(staff.days):
        plan.begin(day)
        for number, line in enumerate(LINES):
            if date.weekday() in line.weekdays:
                wanted = np.minimum(asked[number, day] + np.minimum(owed[number], 1), MOST_ASKED)
                planned[number, day] = plan.assign(line, wanted)
                owed[number] += asked[number, day] - planned[number, day]
    return Filled(plan.content, planned)


class _Plan:
    """The slots of all employees, [D, 3, P, E]: those of one dagdeel lie side by side."""

    def __init__(self, seed: int, staff: Staff, able: NDArray[np.bool_]) -> None:
        self._seed, self._practices, self._places = seed, staff.practices[:, None], np.arange(staff.there.shape[1])
        self._able = {line: able[:, :, line.unit] & np.isin(staff.team, line.served_by) for line in LINES}
        self._open = np.ascontiguousarray(np.moveaxis(~staff.absent, (0, 1), (2, 3)))
        self._content = np.full(self._open.shape, NOTHING, np.int8)
        self._work_days = staff.work_days
        self._days_worked = np.zeros_like(staff.work_days)
        self._times = {unit: np.zeros_like(staff.work_days) for unit in UNITS}

    @property
    def content(self) -> NDArray[np.int8]:
        """Number of the service in each slot, or NOTHING; [P, E, D, 3]."""
        return np.ascontiguousarray(np.moveaxis(self._content, (2, 3), (0, 1)))

    def begin(self, day: int) -> None:
        """Go to a day."""
        self._day = day
        self._works_today = np.zeros_like(self._able[LINES[0]])
        drawn = (bits(self._seed, "who comes first", self._practices, self._places, day) >> np.uint64(54)).astype(np.int64)
        self._lots = (drawn << 14) + self._places

    def assign(self, line: Line, wanted: NDArray[np.int64]) -> NDArray[np.int64]:
        """Assign as many as are wanted in each practice, [P], or as many as there are; how many."""
        blocked = [(self._day + offset, dagdeel) for offset, dagdeel in line.blocks if 0 <= self._day + offset < len(self._open)]
        chosen = self._least_loaded(line, self._free(line, blocked), wanted)
        for service, dagdeel in zip(line.services, line.dagdelen, strict=True):
            self._content[self._day, dagdeel][chosen] = service
            self._open[self._day, dagdeel] &= ~chosen
        for slot in blocked:
            self._open[slot] &= ~chosen
        self._days_worked += chosen & ~self._works_today
        self._works_today |= chosen
        self._times[line.unit] += chosen
        return np.asarray(chosen.sum(axis=1))

    def _free(self, line: Line, blocked: list[tuple[int, int]]) -> NDArray[np.bool_]:
        """Who could work a unit of this line today, [P, E]."""
        free = self._able[line] & (self._works_today | (self._days_worked < self._work_days))
        for dagdeel in line.dagdelen:
            free &= self._open[self._day, dagdeel]
        for slot in blocked:
            free &= self._content[slot] == NOTHING
        return free

    def _least_loaded(self, line: Line, free: NDArray[np.bool_], wanted: NDArray[np.int64]) -> NDArray[np.bool_]:
        """The first of the free in each practice, [P, E]: by share of her work days used, once more so by this unit, and by lot."""
        days = self._days_worked + ~self._works_today + self._times[line.unit]
        place = np.where(free, ((days << 10) // np.maximum(self._work_days, 1) << 24) + self._lots, _NOT_FREE)
        last = np.minimum(wanted, place.shape[1]) - 1
        bound = np.take_along_axis(np.sort(place, axis=1), np.maximum(last, 0)[:, None], axis=1)
        return free & (place <= bound) & (last >= 0)[:, None]
