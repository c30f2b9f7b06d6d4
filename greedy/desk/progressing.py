"""What a running plan tells of itself: collected from the solver's thread, sent by the worker."""

from __future__ import annotations

import threading

from greedy.model.result import Progress
from greedy.store.plans import PlanPoint, PlanProgress

MOST_POINTS = 200


class Progressing:
    """The progress of one plan. `news`: whether there is more to tell than when it was told last."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._phase, self._doing = "", ""
        self._points: list[PlanPoint] = []
        self._last: PlanPoint | None = None
        self._news = False

    @property
    def news(self) -> bool:
        """Whether there is something new to tell."""
        return self._news

    def begin(self, phase: str) -> None:
        """A phase of the run begins."""
        with self._lock:
            self._phase, self._doing, self._news = phase, "", True

    def solve(self, progress: Progress) -> None:
        """The solver has got on. A point is kept when the best or the bound is new."""
        point = PlanPoint(seconds=round(progress.seconds, 2), cost=progress.cost, bound=progress.bound)
        with self._lock:
            self._doing, self._news = progress.doing, True
            last = self._points[-1] if self._points else None
            if last is None or (last.cost, last.bound) != (point.cost, point.bound):
                self._points.append(point)
            self._last = point
            if len(self._points) >= MOST_POINTS:
                self._points = [*self._points[:-1:2], self._points[-1]]  # the first and the last stay

    def tell(self) -> PlanProgress:
        """The progress as it is now: the points, and the moment itself as the last of them."""
        with self._lock:
            self._news = False
            now = [self._last] if self._last is not None and self._last != self._points[-1] else []
            return PlanProgress(phase=self._phase, doing=self._doing, points=[*self._points, *now])
