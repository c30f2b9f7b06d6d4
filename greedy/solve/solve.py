"""`solve`: one way in for every method. Every result passes the solver-free check before it leaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

from greedy.model.problem import Problem
from greedy.model.result import Progress, SolveResult, SolveStatus
from greedy.model.roster import Roster
from greedy.solve.bound import demand_bound
from greedy.solve.chains import repair
from greedy.solve.conflicts import conflicts_of
from greedy.solve.explain import explain_open_demand
from greedy.solve.fill import fill
from greedy.solve.incumbent import Incumbent, may_give_way
from greedy.workspace import Workspace

Method = Literal["auto", "greedy", "cpsat"]
WHOLE_AT_ONCE = 15_000  # assignments that may be possible, up to which the exact model is solved whole at once
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
        `greedy`: the fill alone, milliseconds. `auto`: the fill, repair by chains of moves, then the exact model, whole or in windows by
        size. `cpsat`: the fill, then the exact model. None is worse than the fill.
    time_limit_seconds
        The best roster so far is handed back when it is reached; None for no limit.
    seed
        For methods that use chance; kept in the result.
    workers
        Threads, at least 1; None for one a core. With 1 the same seed gives the same roster, unless the time limit cut the solve short.
    warm_start
        A roster to begin with, legal or not; the result is not worse than it.
    on_progress
        Told of each better roster and bound, in the thread of the caller.
    """
    incumbent = Incumbent(problem, {0: demand_bound(problem)}, time_limit_seconds=time_limit_seconds, on_progress=on_progress)
    workspace = Workspace(problem)
    fill(workspace)
    incumbent.offer(workspace.freeze(), "greedy")
    if warm_start is not None:
        incumbent.offer(warm_start, "warm start")
    if method == "auto" and not incumbent.proven:
        workspace = Workspace(problem, incumbent.roster)
        repair(workspace, stop=lambda: incumbent.seconds_left <= 0)
        incumbent.offer(workspace.freeze(), "chains")
    if method != "greedy" and not incumbent.proven and incumbent.seconds_left > 0:
        _improve(incumbent, method, seed, workers)
    return _result(incumbent, method, seed)


def _improve(incumbent: Incumbent, method: Method, seed: int, workers: int | None) -> None:
    """The exact model, whole when the roster is small or it is asked for, else in windows and then whole for the bound."""
    from greedy.solve.exact import size, solve_whole  # loads OR-Tools, which a roster that chains solve never needs
    from greedy.solve.windows import search_windows

    if method == "auto" and size(incumbent.problem) > WHOLE_AT_ONCE:
        search_windows(incumbent, seed=seed, workers=workers, seconds=incumbent.seconds_left * SHARE_OF_WINDOWS)
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
        violations=incumbent.violations,
        conflicts=conflicts_of(incumbent.problem, incumbent.violations) if incumbent.violations else (),
    )
