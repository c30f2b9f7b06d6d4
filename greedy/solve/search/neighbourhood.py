"""Re-planning of some employees together while the others stay: a small column generation and a dive, kept when the roster is no worse."""

from __future__ import annotations

import time

import numpy as np
from numpy.typing import NDArray

from greedy.solve.search.columns import ColumnGeneration
from greedy.solve.search.dive import STYLES, dive
from greedy.solve.search.instance import EXACT_STATES, Instance, Plans, cost_of, scratch_for, staffing
from greedy.solve.search.kernel import FORBIDDEN

_SMALLEST = 3
_ROUNDS = 60  # of column generation before a dive


class Neighbourhood:
    """Chooses who is re-planned; learns how many at a time: more when they were already planned best, fewer when a dive fails."""

    def __init__(self, instance: Instance, rng: np.random.Generator) -> None:
        self.instance, self._rng = instance, rng
        self._scratch = scratch_for(instance, EXACT_STATES)
        self._size = float(min(10, len(instance.cost)))

    def step(self, plans: Plans, cost: int, prices: NDArray[np.float64], deadline: float) -> tuple[Plans, int]:
        """A roster that costs no more, perhaps another one. `prices` of cells to begin with."""
        free = self._choose(plans)
        program = ColumnGeneration(self.instance, self._scratch, EXACT_STATES, free, plans)
        program.run(rounds=_ROUNDS, deadline=deadline, tolerance=0.2, cutoff=cost - 0.01, first=prices)
        if program.bound > cost - 0.01:
            self._size = min(len(plans), self._size + 0.25)
            return plans, cost
        style = STYLES[self._rng.integers(2)]
        found = dive(program, style, self._rng, cutoff=cost, deadline=deadline)
        if found is not None:
            new = plans.copy()
            new[program.free] = found
            new_cost = cost_of(self.instance, new)
            if new_cost <= cost:
                return new, new_cost
        if time.monotonic() < deadline:
            self._size = max(_SMALLEST, self._size - 0.25)
        return plans, cost

    def _choose(self, plans: Plans) -> list[int]:
        """Employees by chance; half the time rather those who can work a cell that lacks staff."""
        employees = len(plans)
        size = int(np.clip(self._size + self._rng.integers(-1, 2), min(_SMALLEST, employees), employees))
        weight = self._rng.random(employees)
        if self._rng.random() < 0.5:
            short = np.argwhere(staffing(self.instance, plans) < self.instance.wanted)
            if len(short):
                day, service = short[self._rng.integers(len(short))]
                weight += 0.4 * (self.instance.cost[:, day, service] < FORBIDDEN)
        return sorted(np.argsort(-weight)[:size].tolist())
