"""`solve`: one way in for every method. Every result passes the solver-free check before it leaves."""

from __future__ import annotations

import time
from typing import Literal

from greedy.model.coverage import coverage
from greedy.model.problem import Problem
from greedy.model.result import SolveResult, SolveStatus
from greedy.model.rules import check
from greedy.solve.bound import coverage_bound
from greedy.solve.explain import explain_open_demand
from greedy.solve.fill import fill
from greedy.workspace import Workspace

Method = Literal["greedy"]


class IllegalRosterError(AssertionError):
    """A solver broke a rule: a fault of this program, never of the input."""


def solve(problem: Problem, method: Method = "greedy", *, seed: int = 0) -> SolveResult:
    """Make a roster. That not all demand is covered is a result, not an error.

    Parameters
    ----------
    problem
        What is asked.
    method
        `greedy`: the fill alone, milliseconds.
    seed
        For methods that use chance; kept in the result. The same seed gives the same roster.
    """
    started = time.perf_counter()
    workspace = Workspace(problem)
    fill(workspace)
    roster = workspace.freeze()
    seconds = time.perf_counter() - started
    if broken := [violation.message for violation in check(problem, roster) if not violation.pinned]:
        raise IllegalRosterError(f"the {method} solver broke rules: {'; '.join(broken[:5])}")
    objective, bound = sum(coverage(problem, roster).assigned), coverage_bound(problem)
    return SolveResult(
        solver=method,
        status=SolveStatus.OPTIMAL if objective == bound else SolveStatus.FEASIBLE,
        roster=roster,
        objective=objective,
        bound=bound,
        seconds=seconds,
        seed=seed,
        open_demand=explain_open_demand(problem, roster),
    )
