"""Where processes that search together keep the best roster of them all."""

from __future__ import annotations

import math
import multiprocessing
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.sharedctypes import RawArray, RawValue
from multiprocessing.synchronize import Lock
from typing import Any, NamedTuple

import numpy as np

from greedy.model.message import Message
from greedy.model.roster import Roster
from greedy.solve.search.branch import whole
from greedy.solve.search.instance import Instance, Plans, to_roster

OnFound = Callable[[int | None, str, Roster | None], None]

_PATIENCE_SECONDS = 1.0  # for the lock; one that was killed while it held it makes the board useless, and nothing worse
_NO_COST = np.iinfo(np.int64).max


class Board(NamedTuple):
    """Shared memory: the least cost, and the plans (employees, days) that cost it. Both change under the lock alone."""

    lock: Lock
    cost: Any
    plans: Any

    @staticmethod
    def for_instance(instance: Instance) -> Board:
        """An empty one."""
        employees, days, _ = instance.shape
        lock = multiprocessing.get_context("spawn").Lock()
        return Board(lock, RawValue("q", int(_NO_COST)), RawArray("b", employees * days))


class Best:
    """The best roster that this process knows. What it offers goes to the board; `listen` takes what others have put there."""

    def __init__(self, board: Board, on_found: OnFound | None = None) -> None:
        self.plans: Plans | None = None
        self.cost = int(_NO_COST)
        self.bound: int | None = None
        self._board = board
        self._on_found = on_found

    def offer(self, plans: Plans, cost: int, doing: str) -> bool:
        """Take a roster that is better, and tell everybody."""
        if cost >= self.cost:
            return False
        self.plans, self.cost = plans.copy(), cost
        if cost < self._board.cost.value and self._board.lock.acquire(timeout=_PATIENCE_SECONDS):
            try:
                if cost < self._board.cost.value:
                    np.frombuffer(self._board.plans, np.int8)[:] = plans.ravel()
                    self._board.cost.value = cost
            finally:
                self._board.lock.release()
        self.tell(doing, new=True)
        return True

    def listen(self) -> None:
        """Take a better roster of another process."""
        if self.plans is None or self._board.cost.value >= self.cost or not self._board.lock.acquire(timeout=_PATIENCE_SECONDS):
            return
        try:
            self.plans = np.frombuffer(self._board.plans, np.int8).reshape(self.plans.shape).copy()
            self.cost = self._board.cost.value
        finally:
            self._board.lock.release()
        self.tell(Message("a partner's roster"), new=True)

    @property
    def proven(self) -> bool:
        """Whether nothing costs less."""
        return self.bound is not None and self.cost <= self.bound

    def raise_bound(self, bound: float) -> None:
        """Take a bound that is better than the one known."""
        if math.isfinite(bound) and (self.bound is None or whole(bound) > self.bound):
            self.bound = whole(bound)
            self.tell(Message("bound"))

    def tell(self, doing: str, *, new: bool = False) -> None:
        """Report how far the search is."""
        if self._on_found is not None:
            self._on_found(self.bound, doing, to_roster(self.plans) if new and self.plans is not None else None)


Partner = Callable[[tuple[object, ...], Board, int, float, int], None]  # arrays of the instance, board, seed, seconds, parent's process id


@contextmanager
def partners(partner: Partner, instance: Instance, board: Board, *, seed: int, count: int, deadline: float) -> Iterator[None]:
    """So many processes that run `partner`; ended when the block is left."""
    context = multiprocessing.get_context("spawn")
    processes = [
        context.Process(
            target=partner,
            args=(tuple(instance), board, seed + number, deadline - time.monotonic(), os.getpid()),
            name=f"search {number}",
            daemon=True,
        )
        for number in range(1, count + 1)
    ]
    started = []
    try:
        for process in processes:
            process.start()
            started.append(process)
        yield
    finally:
        for process in started:
            process.kill()
        for process in started:
            process.join()
