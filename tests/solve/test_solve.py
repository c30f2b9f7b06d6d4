"""The one way in: dispatch by size, a warm start, progress, a deadline; never worse than the fill."""

from __future__ import annotations

from dataclasses import replace

import pytest

from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables
from greedy.model.objective import costs
from greedy.model.problem import Demand
from greedy.model.result import Progress, SolveStatus
from greedy.model.roster import Roster
from greedy.model.rules import check
from greedy.model.wishes import Wish, WishKind
from greedy.solve import solve as solve_module
from greedy.solve import windows
from greedy.solve.flow import flow_bound
from greedy.solve.solve import solve
from tests.build import DIA, DIO, OSP, TOT, problem
from tests.timing import PATIENCE_SECONDS

FAIR = (Wish(WishKind.FAIR_SHIFTS, 1, 4),)


def test_windows_serve_wishes_and_never_uncover_what_was_covered(sample: PracticeTables, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(solve_module, "WHOLE_AT_ONCE", 0)
    monkeypatch.setattr(windows, "VAIN_WINDOWS", 3)  # that is what ends it, and not the clock
    one = replace(to_problem(sample), wishes=FAIR)
    told: list[Progress] = []
    result = solve(one, time_limit_seconds=5 * PATIENCE_SECONDS, seed=1, workers=1, on_progress=told.append)
    chains = next(progress.roster for progress in told if progress.doing == "chains")
    assert chains is not None
    assert (result.costs.get(0, 0), check(one, result.roster)) == (0, [])
    assert result.costs[4] < costs(one, chains)[4]
    assert told[-1].roster is not None
    assert result.roster == next(progress.roster for progress in reversed(told) if progress.roster is not None)


def test_the_exact_model_proves_wishes_too() -> None:
    rows = tuple(Demand(day, OSP, TOT, 1) for day in range(3))
    result = solve(problem(*rows, teams=("Groen", "Groen", "Groen"), wishes=FAIR), workers=1)
    assert (result.status, result.costs.get(4, 0)) == (SolveStatus.OPTIMAL, 0)


@pytest.mark.parametrize("method", ["auto", "cpsat"])
def test_a_warm_start_is_never_lost_and_an_illegal_one_never_kept(method: solve_module.Method) -> None:
    rows = (Demand(0, OSP, TOT, 1), Demand(1, OSP, TOT, 1))
    one = problem(*rows, teams=("Groen", "Groen"), wishes=(Wish(WishKind.STABILITY, 1, 2),))
    best = solve(one)
    again = solve(replace(one, previous=frozenset(best.roster.assignments)), method, warm_start=best.roster)
    assert again.roster == best.roster
    doubled = Roster.of([*best.roster.assignments, best.roster.assignments[0]._replace(employee=1 - best.roster.assignments[0].employee)])
    assert check(one, solve(one, method, warm_start=doubled).roster) == []


def test_a_solve_without_time_hands_back_the_fill(sample: PracticeTables) -> None:
    one = to_problem(sample)
    assert solve(one, time_limit_seconds=0).roster == solve(one, "greedy").roster


def test_the_exact_model_alone_proves_the_sample(sample: PracticeTables) -> None:
    result = solve(to_problem(sample), "cpsat", workers=1)
    assert (result.status, result.objective, result.solver) == (SolveStatus.OPTIMAL, 0, "cpsat")


def test_the_flow_knows_that_a_pair_needs_both_capabilities() -> None:
    pairs = tuple(Demand(day, service, TOT, 1) for day in (0, 2) for service in (DIO, DIA))
    one = problem(*pairs, capabilities={(0, DIO): 2, (0, DIA): 1})
    assert flow_bound(one) == 2
    assert solve(one).objective == 2
