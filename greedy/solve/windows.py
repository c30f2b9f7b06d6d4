"""Large neighbourhood search: a window of a few days, or of a few employees, is planned anew by the exact model; all else stands.

Small windows, about a second each, improve a large roster faster than large ones.
"""

from __future__ import annotations

import random
import time
from collections.abc import Collection, Iterator

from greedy.model.coverage import coverage
from greedy.model.message import Message
from greedy.model.problem import Problem
from greedy.model.roster import Roster
from greedy.solve.cpsat.solver import solve_cpsat
from greedy.solve.incumbent import Incumbent

DAYS_OF_A_WINDOW = 3
SHARE_OF_STAFF = 0.06
FEWEST_STAFF = 4
SECONDS_OF_A_WINDOW = 2.0
VAIN_WINDOWS = 40  # without a better roster, the search is at its end


def search_windows(incumbent: Incumbent, *, seed: int, workers: int | None, seconds: float) -> None:
    """Improve the best roster window by window, until it is proven, time is up or no window of many helps."""
    end = time.monotonic() + seconds
    chance = random.Random(seed)  # noqa: S311  the seed is an argument, so that a roster can be made again
    vain = 0
    while vain < VAIN_WINDOWS and not incumbent.proven and time.monotonic() < end:
        free = _window(incumbent.problem, incumbent.roster, chance)
        outcome = solve_cpsat(
            incumbent.problem,
            deadline=time.monotonic() + min(SECONDS_OF_A_WINDOW, end - time.monotonic()),
            warm_start=incumbent.roster,
            seed=chance.randrange(2**31),
            workers=workers,
            free=free,
        )
        better = outcome.roster is not None and incumbent.offer(outcome.roster, Message("windows"))
        vain = 0 if better else vain + 1


def _window(problem: Problem, roster: Roster, chance: random.Random) -> Collection[tuple[int, int]]:
    """(employee, day) to plan anew: where demand is open more often than elsewhere."""
    assigned = coverage(problem, roster).assigned
    open_rows = [row for row, demand in enumerate(problem.demand) if assigned[row] < demand.required]
    row = chance.choice(open_rows) if open_rows and chance.random() < 0.8 else None
    staff, days = range(len(problem.employees)), range(problem.day_count)
    if chance.random() < 0.5:
        middle = chance.choice(days) if row is None else problem.demand[row].day
        first = max(0, min(middle - chance.randrange(DAYS_OF_A_WINDOW), problem.day_count - DAYS_OF_A_WINDOW))
        return {(employee, day) for employee in staff for day in range(first, min(first + DAYS_OF_A_WINDOW, problem.day_count))}
    number = min(len(staff), max(FEWEST_STAFF, round(SHARE_OF_STAFF * len(staff))))
    able = list(staff) if row is None else list(_able(problem, row))
    some = set(chance.sample(able, min(len(able), (number + 1) // 2)))
    others = [employee for employee in staff if employee not in some]
    some |= set(chance.sample(others, min(len(others), number - len(some))))
    return {(employee, day) for employee in some for day in days}


def _able(problem: Problem, row: int) -> Iterator[int]:
    """Employees who are qualified for a demand row's service."""
    return (employee for employee, service in sorted(problem.capabilities) if service == problem.demand[row].service)
