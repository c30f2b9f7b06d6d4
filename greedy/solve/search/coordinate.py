"""Price coordination: employees are re-planned one after another at prices of cells that everybody shares.

A cell's price is what it has taught (`lesson`) and how much it lacks now, times an eagerness. At little eagerness the prices settle between
employees, at much eagerness the sweep is a descent of the true cost: eagerness rises over the time that is given. This is the alternating
direction method of multipliers, one block an employee. Every sweep leaves a legal roster, and the lessons are good first duals.
"""

from __future__ import annotations

import math
import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from greedy.solve.search.instance import EXACT_STATES, Instance, Plans, at_once, cost_of, scratch_for, staffing
from greedy.solve.search.kernel import OFF
from greedy.solve.search.sweeps import replan

_EAGER_FIRST, _EAGER_LAST = 0.006, 0.1  # shares of the greatest weight of demand; found by measuring over instances of all sizes
_LEARNING = 0.5


class Coordinated(NamedTuple):
    """The best plans found, their cost, and the lessons (days, services) at the end."""

    plans: Plans
    cost: int
    lessons: NDArray[np.float64]


class Coordinator:
    """Sweeps of price coordination over an instance; `share_done` of the way, 0 to 1, says how eager a sweep is."""

    def __init__(self, instance: Instance, rng: np.random.Generator) -> None:
        employees, days, _ = instance.shape
        self.instance = instance
        self.plans: Plans = np.full((employees, days), OFF, np.int8)
        self.lessons: NDArray[np.float64] = instance.under.astype(np.float64) * 0.3
        self.best = self.plans.copy()
        self.cost: int | None = None
        self._rng = rng
        self._scratch = scratch_for(instance, EXACT_STATES)
        self._plan = np.full(days, OFF, np.int8)

    def start(self) -> bool:
        """One employee after another, at what cells truly lack. False: some employee has no legal schedule."""
        stuck = self._sweep(eager=float(2 * self.instance.under.max()), learning=0.0)
        if stuck:
            return False
        self._keep()
        return True

    def step(self, share_done: float, deadline: float = math.inf) -> bool:
        """One sweep over all employees, or as many as the deadline allows. True when it made the best roster better."""
        eager = float(self.instance.under.max()) * _EAGER_FIRST * (_EAGER_LAST / _EAGER_FIRST) ** share_done
        self._sweep(eager, eager * _LEARNING / len(self.plans), deadline)
        return self._keep()

    def _sweep(self, eager: float, learning: float, deadline: float = math.inf) -> int:
        order = self._rng.permutation(len(self.plans))
        staff = staffing(self.instance, self.plans)
        stuck = 0
        step = at_once(self.instance)
        for first in range(0, len(order), step):
            if time.monotonic() > deadline:
                break
            some = order[first : first + step]
            stuck += replan(self.instance, self.plans, staff, self.lessons, eager, learning, some, self._scratch, self._plan)
        return stuck

    def _keep(self) -> bool:
        cost = cost_of(self.instance, self.plans)
        if self.cost is not None and cost >= self.cost:
            return False
        self.cost, self.best = cost, self.plans.copy()
        return True
