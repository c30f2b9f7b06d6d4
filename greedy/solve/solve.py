"""`solve`: one way in for every method. Every result passes the solver-free check before it leaves."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from typing import Literal

from greedy.model.message import Message
from greedy.model.problem import Problem
from greedy.model.result import Progress, SolveResult, SolveStatus
from greedy.model.roster import Roster
from greedy.solve.bound import demand_bound
from greedy.solve.chains import repair
from greedy.solve.conflicts import conflicts_of
from greedy.solve.explain import explain_open_demand
from greedy.solve.fill import fill
from greedy.solve.incumbent import Incumbent, may_give_way
from greedy.solve.search.kind import supports
from greedy.workspace import Workspace

Method = Literal["auto", "greedy", "cpsat"]
FIRST_EFFORT = 150  # moves of chains tried in vain for each employee, before a bound says whether more can help
WHOLE_AT_ONCE = 15_000  # assignments that may be possible, up to which the exact model is solved whole at once
SMALL_SCHEDULES = 1_000  # employees x days x services up to which the exact model is tried before the search by schedules
LARGE_SCHEDULES = 60_000  # the same, from which the fill takes seconds and is left out: limits are too tight for it there
SECONDS_OF_SMALL, SHARE_OF_SMALL = 5.0, 0.2  # and how long at most, also as a share of the time
SECONDS_A_CELL = 6e-6  # left for the last check and the reasons of what is open
OFFER_EVERY_SECONDS = 0.5  # a search finds rosters faster than they can be checked
SHARE_OF_WINDOWS = 0.5  # of the time, where the whole model comes after windows


class IllegalRosterError(AssertionError):
    """A solver broke a rule: a fault of this program, never of the input."""


def solve(
    problem: Problem,
    method: Method = "auto",
    *,
    time_limit_seconds: float | None = None,
    seed: int = 0,
    workers: int | None = None,
    warm_start: Roster | None = None,
    on_progress: Callable[[Progress], None] | None = None,
) -> SolveResult:
    """Make a roster. That not all demand is covered is a result, not an error, and so is that no roster keeps every rule.

    Parameters
    ----------
    problem
        What is asked.
    method
        `greedy`: the fill alone, milliseconds. `auto`: the fill, then by kind and size: search by schedules for one daypart, otherwise
        repair by chains of moves and the exact model, whole or in windows. `cpsat`: the fill, then the exact model. None is worse than the
        fill, but that a large roster is searched by schedules without it.
    time_limit_seconds
        The best roster so far is handed back when it is reached; None for no limit.
    seed
        For methods that use chance; kept in the result.
    workers
        Threads or processes, at least 1; None for one a core. With 1 the same seed gives the same roster, unless the time limit cut the
        solve short.
    warm_start
        A roster to begin with, legal or not; the result is not worse than it.
    on_progress
        Told of each better roster and bound, in the thread of the caller.
    """
    incumbent = Incumbent(problem, {0: demand_bound(problem)}, time_limit_seconds=time_limit_seconds, on_progress=on_progress)
    by_schedules = method == "auto" and supports(problem)
    if warm_start is not None:
        incumbent.offer(warm_start, Message("warm start"))
    if not (by_schedules and _cells(problem) > LARGE_SCHEDULES):
        _fill(incumbent)
    if by_schedules and not incumbent.proven:
        _search(incumbent, seed, workers or os.cpu_count() or 1)
    elif method == "auto" and not incumbent.proven:
        _repair(incumbent, effort=FIRST_EFFORT * len(problem.employees))
    if method != "greedy" and not incumbent.proven and incumbent.seconds_left > 0:
        _improve(incumbent, method, seed, workers)
    return _result(incumbent, method, seed)


def _fill(incumbent: Incumbent) -> None:
    workspace = Workspace(incumbent.problem)
    fill(workspace)
    incumbent.offer(workspace.freeze(), Message("greedy"))


def _cells(problem: Problem) -> int:
    return len(problem.employees) * problem.day_count * len(problem.services)


def _search(incumbent: Incumbent, seed: int, workers: int) -> None:
    """Search by schedules until proof or the time is up; a small roster is tried with the exact model first, which loads at once."""
    from greedy.solve.exact import solve_whole
    from greedy.solve.search.search import search

    problem = incumbent.problem
    if _cells(problem) <= SMALL_SCHEDULES:
        solve_whole(incumbent, seed=seed, workers=workers, seconds=min(SECONDS_OF_SMALL, SHARE_OF_SMALL * incumbent.seconds_left))
    if incumbent.proven or incumbent.seconds_left <= 0:
        return
    offered = 0.0

    def on_found(bound: int | None, doing: str, roster: Roster | None) -> None:
        nonlocal offered
        if roster is not None and incumbent.seconds > offered + OFFER_EVERY_SECONDS:
            incumbent.offer(roster, doing)
            offered = incumbent.seconds
        if bound is not None:
            incumbent.raise_bounds([(0, bound)], doing)

    found = search(
        problem,
        deadline=time.monotonic() + incumbent.seconds_left - min(0.1 * incumbent.seconds_left, SECONDS_A_CELL * _cells(problem)),
        seed=seed,
        workers=workers,
        warm_start=incumbent.roster if incumbent.legal else None,
        on_found=on_found,
    )
    if found.roster is not None:
        incumbent.offer(found.roster, Message("search by schedules"))
        incumbent.raise_bounds([(0, found.bound)], Message("search by schedules"))
    elif not incumbent.offered:
        _fill(incumbent)


def _repair(incumbent: Incumbent, effort: int | None = None) -> None:
    """Chains of moves, until no less can stay open."""
    workspace = Workspace(incumbent.problem, incumbent.roster)
    demand = incumbent.problem.demand

    def stop() -> bool:
        open_cost = sum(demand[row].weight_under * units for row, units in enumerate(workspace.open_units) if units)
        return incumbent.seconds_left <= 0 or open_cost <= incumbent.bounds.get(0, 0)

    if not stop() and repair(workspace, stop=stop, effort=effort):
        incumbent.offer(workspace.freeze(), Message("chains"))


def _improve(incumbent: Incumbent, method: Method, seed: int, workers: int | None) -> None:
    """The exact model, whole when the roster is small or it is asked for, else in windows and then whole for the bound."""
    from greedy.solve.exact import size, solve_whole  # loads OR-Tools, which a roster that chains solve never needs
    from greedy.solve.flow import flow_bound
    from greedy.solve.windows import search_windows

    incumbent.raise_bounds([(0, flow_bound(incumbent.problem))], Message("flow of each service"))
    large = method == "auto" and size(incumbent.problem) > WHOLE_AT_ONCE
    if large:
        _repair(incumbent)
    if incumbent.proven:
        return
    if large:
        covered = 0 in incumbent.proven_at
        share = 1.0 if covered else SHARE_OF_WINDOWS
        search_windows(incumbent, seed=seed, workers=workers, seconds=incumbent.seconds_left * share)
        if covered:
            return  # what wishes could still gain over so many people is not worth a model of them all
    if not incumbent.proven and incumbent.seconds_left > 0:
        solve_whole(incumbent, seed=seed, workers=workers)


def _result(incumbent: Incumbent, method: Method, seed: int) -> SolveResult:
    seconds = incumbent.seconds
    if broken := [violation.message for violation in incumbent.violations if not (violation.pinned or may_give_way(violation))]:
        raise IllegalRosterError(f"the {incumbent.solver} solver broke rules: {'; '.join(broken[:5])}")
    status = SolveStatus.OPTIMAL if incumbent.proven else SolveStatus.FEASIBLE
    if incumbent.violations:
        status = SolveStatus.OVER_CONSTRAINED
    return SolveResult(
        solver=method,
        status=status,
        roster=incumbent.roster,
        costs=incumbent.costs,
        bounds=incumbent.bounds,
        seconds=seconds,
        seed=seed,
        open_demand=explain_open_demand(incumbent.problem, incumbent.roster),
        seconds_to_best=incumbent.seconds_to_best,
        proven=incumbent.proven_at,
        violations=incumbent.violations,
        conflicts=conflicts_of(incumbent.problem, incumbent.roster, incumbent.violations, seed=seed, prove=method != "greedy"),
    )
