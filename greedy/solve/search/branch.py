"""Branch and price: proof that nothing better exists, for the last small gap.

Depth first. A node is the linear program with bounds on the staff of cells and fixings of employees. The staff of a cell with a fractional
number of employees is split first, for that is where the cost of demand lies; then work or a day off of an employee; then services.
"""

from __future__ import annotations

import math
import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from greedy.solve.search.columns import ColumnGeneration, Fixing, Undo
from greedy.solve.search.dive import INTEGRAL
from greedy.solve.search.instance import Plans, cost_of
from greedy.solve.search.kernel import OFF
from greedy.solve.search.master import plans_of_shares

EPSILON = 1e-4  # costs are whole numbers: a bound this little above one proves the next


class StaffBound(NamedTuple):
    """The staff of a cell lies between two numbers."""

    day: int
    service: int
    low: int
    high: int


Decision = StaffBound | Fixing


class Node(NamedTuple):
    """Decisions from the root on, and a bound that holds for them all."""

    path: tuple[Decision, ...]
    bound: float


class Branching:
    """A tree over all employees that can be stopped and gone on with. `best` and `cost` are the best roster known."""

    def __init__(self, program: ColumnGeneration, best: Plans, cost: int) -> None:
        self.best, self.cost = best, cost
        self.nodes = 0
        self._program = program
        self._open = [Node((), program.bound)]
        self._unsettled: list[float] = []  # bounds of leaves that the kernel could not price exactly
        self._applied: list[tuple[Decision, Undo | StaffBound]] = []

    @property
    def bound(self) -> int:
        """No roster costs less."""
        return min([self.cost, *(whole(node.bound) for node in self._open), *map(whole, self._unsettled)])

    @property
    def finished(self) -> bool:
        """Whether no node is left that could hold a better roster."""
        return not self._open

    def run(self, *, deadline: float, nodes: int) -> None:
        """Work through at most so many nodes, and leave the program without decisions."""
        last = self.nodes + nodes
        while self._open and self.nodes < last and time.monotonic() < deadline:
            node = self._open.pop()
            if whole(node.bound) >= self.cost:
                continue
            self.nodes += 1
            self._apply(node.path)
            self._program.run(deadline=deadline, cutoff=self.cost - 1 + EPSILON)
            bound = max(node.bound, self._program.bound)
            if whole(bound) >= self.cost:
                continue
            if time.monotonic() > deadline:
                self._open.append(node)
                break
            self._settle(Node(node.path, bound))
        self._apply(())

    def _settle(self, node: Node) -> None:
        """Take the roster of a program without fractions, or split."""
        shares = self._program.shares()
        if shares.max(axis=2).min() > INTEGRAL:
            plans = plans_of_shares(shares)
            cost = cost_of(self._program.instance, plans)
            if cost < self.cost:
                self.best, self.cost = plans, cost
            if whole(node.bound) < min(cost, self.cost):
                self._unsettled.append(node.bound)
            return
        split = self._split(shares)
        if split is None:
            self._unsettled.append(node.bound)
            return
        first, second = split
        self._open.append(Node((*node.path, second), node.bound))
        self._open.append(Node((*node.path, first), node.bound))

    def _split(self, shares: NDArray[np.float64]) -> tuple[Decision, Decision] | None:
        """Two decisions of which every roster keeps one, the more likely one first; None: nothing is fractional but who has a schedule."""
        staff = shares[:, :, :-1].sum(axis=0)
        away = np.abs(staff - np.rint(staff))
        if away.max() > 1e-5:
            day, service = map(int, np.unravel_index(away.argmax(), away.shape))
            low = math.floor(staff[day, service])
            at_most = StaffBound(day, service, 0, low)
            at_least = StaffBound(day, service, low + 1, len(shares))
            return (at_least, at_most) if staff[day, service] - low > 0.5 else (at_most, at_least)
        off = shares[:, :, -1]
        service = int(OFF)
        away = np.minimum(off, 1 - off)
        if away.max() > 1e-5:
            position, day = map(int, np.unravel_index(away.argmax(), away.shape))
            likely = off[position, day] > 0.5
        else:
            away = np.minimum(shares, 1 - shares)[:, :, :-1]
            if away.max() <= 1e-9:
                return None
            position, day, service = map(int, np.unravel_index(away.argmax(), away.shape))
            likely = shares[position, day, service] > 0.5
        yes = Fixing(self._program.free[position], day, service, yes=True)
        no = yes._replace(yes=False)
        return (yes, no) if likely else (no, yes)

    def _apply(self, path: tuple[Decision, ...]) -> None:
        """Make the decisions in force those of a path."""
        shared = 0
        while shared < min(len(path), len(self._applied)) and self._applied[shared][0] == path[shared]:
            shared += 1
        while len(self._applied) > shared:
            _, undo = self._applied.pop()
            if isinstance(undo, StaffBound):
                self._program.bound_staff(*undo)
            else:
                self._program.undo(undo)
        for decision in path[shared:]:
            if isinstance(decision, Fixing):
                self._applied.append((decision, self._program.fix([decision])))
                continue
            before = next(
                (StaffBound(*d) for d, _ in reversed(self._applied) if isinstance(d, StaffBound) and d[:2] == decision[:2]),
                StaffBound(decision.day, decision.service, 0, len(self._program.free)),
            )
            both = decision._replace(low=max(decision.low, before.low), high=min(decision.high, before.high))
            self._program.bound_staff(*both)
            self._applied.append((decision, before))


def whole(bound: float) -> int:
    """The least whole cost that a bound allows; none is negative."""
    return math.ceil(max(bound, 0.0) - EPSILON)
