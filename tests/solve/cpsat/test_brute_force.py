"""Small random problems: the exact model allows what the rules allow, costs what the objective costs, and finds the best there is."""

from __future__ import annotations

import itertools
import time
from collections.abc import Iterator

from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from greedy.model.objective import costs
from greedy.model.problem import Assignment, Problem
from greedy.model.roster import Roster
from greedy.model.rules import check
from greedy.solve.cpsat.solver import Answer, solve_cpsat, units_of_broken_limits
from tests.build import rich_problems
from tests.solve.cpsat.twin import costs_by_model
from tests.timing import PATIENCE_SECONDS

SMALL = settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))


def asked_for(problem: Problem) -> list[Assignment]:
    """All work that could be of use beside the pinned work; the rules say which of it is legal."""
    work = {
        Assignment(employee, row.day, row.service)
        for row in problem.demand
        for employee, service in problem.capabilities
        if service == row.service and row.most
    }
    return sorted(work.difference(problem.pinned))


def rosters(problem: Problem) -> Iterator[Roster]:
    """Every roster there is: the definition, in so many words."""
    work = asked_for(problem)
    for chosen in itertools.product((False, True), repeat=len(work)):
        yield Roster.of([*problem.pinned, *itertools.compress(work, chosen)])


def legal(problem: Problem, roster: Roster) -> bool:
    return all(violation.pinned for violation in check(problem, roster))


def rank(found: dict[int, int]) -> list[int]:
    return [found.get(priority, 0) for priority in range(11)]


@SMALL
@given(rich_problems(), st.data())
def test_the_model_allows_and_costs_what_rules_and_objective_say(problem: Problem, data: st.DataObject) -> None:
    work = asked_for(problem)
    chosen = data.draw(st.lists(st.booleans(), min_size=len(work), max_size=len(work)))
    roster = Roster.of([*problem.pinned, *itertools.compress(work, chosen)])
    by_model = costs_by_model(problem, roster)
    assert (by_model is not None) is legal(problem, roster), [v.message for v in check(problem, roster)]
    if by_model is not None:
        assert rank(by_model) == rank(dict(costs(problem, roster)))


@SMALL
@given(rich_problems())
def test_nothing_is_better_than_what_the_model_finds(problem: Problem) -> None:
    assume(len(asked_for(problem)) <= 9)
    every = [rank(dict(costs(problem, roster))) for roster in rosters(problem) if legal(problem, roster)]
    outcome = solve_cpsat(problem, deadline=time.monotonic() + PATIENCE_SECONDS, workers=1)
    if not every:
        assert outcome.answer is Answer.INFEASIBLE
        assert outcome.roster is None
        return
    assert outcome.answer is Answer.OPTIMAL
    assert outcome.proven
    assert outcome.roster is not None
    assert legal(problem, outcome.roster)
    assert rank(dict(outcome.costs)) == min(every)
    assert all(min(every)[priority] == bound for priority, bound in outcome.bounds.items())


@SMALL
@given(rich_problems())
def test_an_over_constrained_problem_breaks_as_little_as_can_be(problem: Problem) -> None:
    assume(len(asked_for(problem)) <= 9)

    def possible(roster: Roster) -> bool:
        given_up = {v.rule for v in check(problem, roster) if not v.pinned}
        return all(rule.startswith("limit_") and rule != "limit_rest_minutes" for rule in given_up)

    every = [(units_of_broken_limits(problem, r), rank(dict(costs(problem, r)))) for r in rosters(problem) if possible(r)]
    outcome = solve_cpsat(problem, deadline=time.monotonic() + PATIENCE_SECONDS, workers=1, relaxed=True)
    assert outcome.answer is Answer.OPTIMAL
    assert outcome.roster is not None
    assert possible(outcome.roster)
    assert (outcome.broken, rank(dict(outcome.costs))) == min(every)
