"""What a page that shows a roster has to draw anew when the roster has changed: the employees whose cells differ, and no others."""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import NamedTuple
from uuid import UUID

from greedy.desk.opened import OpenRoster

STATES_REMEMBERED = 200


class _Drawn(NamedTuple):
    """Fingerprints of a grid as it was drawn: of what all cells share, of each employee's cells, and of the row of open shifts."""

    frame: int
    employees: tuple[int, ...]
    head: int


class Redraw(NamedTuple):
    """`employees`: numbers of those whose cells changed. `head`: whether the row of open shifts did."""

    employees: tuple[int, ...]
    head: bool


class GridMemory:
    """The grids that pages have drawn of late, by the state of their rosters. Of each it keeps fingerprints, not cells."""

    def __init__(self) -> None:
        self._drawn: OrderedDict[tuple[UUID, str], _Drawn] = OrderedDict()
        self._lock = threading.Lock()  # pages are drawn in threads

    def remember(self, opened: OpenRoster) -> None:
        """A page shows this state of a roster."""
        with self._lock:
            self._of(opened)

    def redraw(self, seen: str, opened: OpenRoster) -> Redraw | None:
        """What a page has to draw anew that shows the state `seen`; None when that state is forgotten, or all is different."""
        with self._lock:
            before, now = self._drawn.get((opened.roster_id, seen)), self._of(opened)
        if before is None or before.frame != now.frame:
            return None
        differing = tuple(n for n, (old, new) in enumerate(zip(before.employees, now.employees, strict=True)) if old != new)
        return Redraw(differing, before.head != now.head)

    def _of(self, opened: OpenRoster) -> _Drawn:
        key = (opened.roster_id, opened.digest)
        if key not in self._drawn:
            self._drawn[key] = _fingerprints(opened)
            while len(self._drawn) > STATES_REMEMBERED:
                self._drawn.popitem(last=False)
        self._drawn.move_to_end(key)
        return self._drawn[key]


def _fingerprints(opened: OpenRoster) -> _Drawn:
    problem, grid = opened.problem, opened.grid
    frame = hash((problem.employees, problem.services, problem.first_day, problem.day_count, opened.status, opened.name))
    head = hash(tuple((day.open, day.required) for day in grid.days))
    return _Drawn(frame, tuple(map(hash, grid.cells)), head)
