"""Column generation: the linear program over all schedules of all employees, of which only the useful ones are ever made.

The kernel prices each employee at the duals of the master; a schedule of negative reduced cost becomes a column. The prices, rounded to
scaled integers, give a bound by exact sums, which holds whatever the linear solver did (Lagrange).
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from greedy.solve.search.instance import Instance, Plans, at_once, staffing
from greedy.solve.search.kernel import FORBIDDEN, HALF, OFF, Scratch
from greedy.solve.search.master import Column, Duals, Master, shares_of_cells
from greedy.solve.search.sweeps import price_all

_SMOOTHING = 0.6  # of the duals, toward those of the best bound
_FAR = float(FORBIDDEN)


class Fixing(NamedTuple):
    """An employee works a service on a day (OFF: has the day off), or just that not."""

    employee: int
    day: int
    service: int
    yes: bool


class ColumnGeneration:
    """The linear program of `free` employees, the others working as in `plans`.

    After `run`: `value` of the program as far as its columns go, `bound` below every roster that keeps the fixings (`_FAR` or more: there
    is none), `duals` where the bound was found.
    """

    def __init__(
        self, instance: Instance, scratch: Scratch, exact_states: int, free: Iterable[int] | None = None, plans: Plans | None = None
    ) -> None:
        employees, days, services = instance.shape
        self.instance = instance
        self.free = list(range(employees)) if free is None else sorted(free)
        wanted, self._constant = instance.wanted, instance.constant
        if plans is not None:
            others = plans.copy()
            others[self.free] = OFF
            wanted = wanted - staffing(instance, others)
            employee, day = np.nonzero(others != OFF)
            self._constant += int(instance.cost[employee, day, others[employee, day]].sum(dtype=np.int64))
        self.wanted: NDArray[np.int32] = wanted
        self.master = Master(instance, self.free, wanted)
        self.value = self.bound = 0.0
        self.converged = False  # whether the last run ended because no column could help
        self.duals = np.zeros((days, services))
        self._scratch, self._exact_states = scratch, exact_states
        self._deadline = np.inf
        self._cost, self._must = instance.cost.copy(), instance.must.copy()
        self._numbers = np.array(self.free, np.int64)
        self._plans = np.full((len(self.free), days), OFF, np.int8)
        self._costs, self._floors = np.zeros(len(self.free), np.int64), np.zeros(len(self.free), np.int64)
        # Staff of a cell may be bounded (branching): least and most missing and surplus
        self._slack = np.zeros((2, 2, days, services))
        self._slack[:, 1] = np.inf
        if plans is not None:
            for number in self.free:
                self.add_plan(number, plans[number])

    def add_plan(self, employee: int, plan: NDArray[np.int8]) -> bool:
        """Add a schedule as a column."""
        days = np.nonzero(plan != OFF)[0]
        return self.master.add(Column(employee, plan, int(self.instance.cost[employee, days, plan[days]].sum())))

    def run(
        self,
        *,
        rounds: int = 1000,
        deadline: float = np.inf,
        tolerance: float = 1e-3,
        cutoff: float = np.inf,
        first: NDArray[np.float64] | None = None,
    ) -> None:
        """Make columns until none helps, the bound is within `tolerance` of the value or above `cutoff`, or rounds or time are up.

        `first`: prices of cells to begin with.
        """
        best_bound, center = -np.inf, first
        self._deadline = deadline
        self._costs[:] = HALF  # nothing is priced yet
        self.converged = False
        if first is not None:
            best_bound, center = self._price(first)
            self._add_priced()
        for _ in range(rounds):
            if best_bound >= _FAR:
                break
            solved = self.master.solve(deadline)
            if solved is None:
                break
            value, duals = solved
            self.value = value + self._constant
            if center is None:
                center = duals.cells
            smoothing, added = _SMOOTHING, 0
            while True:
                bound, used = self._price(smoothing * center + (1 - smoothing) * duals.cells)
                if bound > best_bound:
                    best_bound, center = bound, used
                added = self._add_priced(duals)
                if added or smoothing == 0.0 or bound >= _FAR or time.monotonic() > deadline:
                    break
                smoothing = smoothing / 2 if smoothing > 0.2 else 0.0
            if time.monotonic() > deadline:
                break
            self.converged = not added or self.value - best_bound < tolerance
            if self.converged or best_bound > cutoff:
                break
        self.bound = best_bound
        if best_bound >= _FAR:
            self.value = best_bound
        if center is not None:
            self.duals = center

    @property
    def impossible(self) -> bool:
        """Whether some employee has no schedule under the fixings."""
        return self.bound >= _FAR

    def shares(self) -> NDArray[np.float64]:
        """(positions in `free`, days, services + 1): how far the mix works each cell; the last service is a day off."""
        return shares_of_cells(self.instance, self.master)

    def fix(self, fixings: list[Fixing]) -> Undo:
        """Close all schedules that break the fixings, known and new ones."""
        by_employee: dict[int, list[Fixing]] = {}
        cells = []
        for fixing in fixings:
            e, d, s, yes = fixing
            cells.append((e, d, self._cost[e, d].copy(), bool(self._must[e, d])))
            if yes:
                self._cost[e, d, np.arange(self._cost.shape[2]) != s] = FORBIDDEN
                self._must[e, d] |= s != OFF
            elif s == OFF:
                self._must[e, d] = True
            else:
                self._cost[e, d, s] = FORBIDDEN
            by_employee.setdefault(e, []).append(fixing)
        closed = []
        for number, column in enumerate(self.master.columns):
            asked = by_employee.get(column.employee)
            if asked and not self.master.is_closed(number) and any((column.plan[f.day] == f.service) != f.yes for f in asked):
                self.master.close(number)
                closed.append(number)
        return Undo(cells, closed)

    def undo(self, undo: Undo) -> None:
        """Take fixings back, the last ones first."""
        for e, d, cost, must in reversed(undo.cells):
            self._cost[e, d], self._must[e, d] = cost, must
        self.master.open(undo.closed)

    def bound_staff(self, day: int, service: int, low: int, high: int) -> None:
        """Keep the staff of a cell between two numbers."""
        wanted = int(self.wanted[day, service])
        self._slack[:, :, day, service] = [
            [max(0, wanted - high), max(0, wanted - low)],
            [max(0, low - wanted), max(0, high - wanted)],
        ]
        self.master.bound_staff(day, service, low, high)

    def _price(self, worth: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        """A bound at these prices, and the prices that it was made with: rounded, and no further than slack without end allows."""
        scale = self.instance.scale
        # A schedule adds one price a day. As dear as 32 bits bear: a node that no roster is left in is known by its prices alone.
        far = int(HALF) // 2 // (scale * max(2, self.instance.shape[1]))
        most = np.where(np.isinf(self._slack[0, 1]), self.instance.under, far)
        least = np.where(np.isinf(self._slack[1, 1]), -self.instance.over, -far)
        scaled = np.rint(np.clip(worth, least, most) * scale).astype(np.int64)
        step = at_once(self.instance)
        for first in range(0, len(self.free), step):
            if time.monotonic() > self._deadline:
                return -np.inf, worth
            part = slice(first, first + step)
            price_all(
                self.instance,
                self._cost,
                self._must,
                self._numbers[part],
                scaled,
                self._exact_states,
                self._scratch,
                self._plans[part],
                self._costs[part],
                self._floors[part],
            )
        used = scaled / scale
        if (self._floors >= HALF).any():
            return _FAR, used
        total = int(self._floors.sum()) + int((scaled * self.wanted).sum())
        total += _least_slack(self.instance.under * scale - scaled, self._slack[0]) + _least_slack(
            self.instance.over * scale + scaled, self._slack[1]
        )
        return self._constant + total / scale, used

    def _add_priced(self, duals: Duals | None = None) -> int:
        """Add the schedules just made; those of negative reduced cost when duals are given."""
        added = 0
        for position, employee in enumerate(self.free):
            if self._costs[position] >= HALF:
                continue
            plan = self._plans[position]
            days = np.nonzero(plan != OFF)[0]
            cost = int(self.instance.cost[employee, days, plan[days]].sum())
            if duals is None or cost - duals.cells[days, plan[days]].sum() - duals.employees[position] < -1e-6:
                added += self.master.add(Column(employee, plan, cost))
        return added


class Undo(NamedTuple):
    """What `fix` changed."""

    cells: list[tuple[int, int, NDArray[np.int32], bool]]
    closed: list[int]


def _least_slack(price: NDArray[np.int64], bounds: NDArray[np.float64]) -> int:
    """Least cost of the slack of all cells at a price each: the upper bound where the price is negative, else the lower."""
    amount = np.where(price < 0, np.where(np.isinf(bounds[1]), 0, bounds[1]), bounds[0]).astype(np.int64)
    return int((amount * price).sum())
