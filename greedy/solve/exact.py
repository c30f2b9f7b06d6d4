"""The exact model over the whole roster, for the best roster that it finds and for what it proves."""

from __future__ import annotations

import time
from collections.abc import Collection

from greedy.model.message import Message
from greedy.model.problem import Problem
from greedy.model.result import Progress
from greedy.solve.cpsat.solver import Answer, solve_cpsat
from greedy.solve.incumbent import Incumbent

A_DAY = 86_400.0  # for a solve without a time limit


def size(problem: Problem, employees: Collection[int] | None = None) -> int:
    """Assignments that may be possible, to some employees or to all: how large the exact model becomes."""
    able: dict[int, int] = {}
    for employee, service in problem.capabilities:
        if employees is None or employee in employees:
            able[service] = able.get(service, 0) + 1
    return sum(able.get(service, 0) for _, service in problem.demand_by_cell)


def solve_whole(incumbent: Incumbent, *, seed: int, workers: int | None, seconds: float = A_DAY) -> None:
    """Improve the best roster until it is proven or time is up. Without any legal roster, limits give way as little as can be."""

    def tell(progress: Progress) -> None:
        incumbent.tell(progress.doing)

    def deadline() -> float:
        return time.monotonic() + min(seconds, incumbent.seconds_left)

    start = incumbent.roster
    outcome = solve_cpsat(incumbent.problem, deadline=deadline(), warm_start=start, seed=seed, workers=workers, on_progress=tell)
    if outcome.roster is not None:
        incumbent.offer(outcome.roster, Message("exact model"))
    if outcome.answer is Answer.INFEASIBLE:
        relaxed = solve_cpsat(
            incumbent.problem, deadline=deadline(), warm_start=start, seed=seed, workers=workers, on_progress=tell, relaxed=True
        )
        if relaxed.roster is not None:
            incumbent.offer(relaxed.roster, Message("exact model, limits relaxed"))
        return
    incumbent.raise_bounds(outcome.bounds.items(), Message("exact model"))
