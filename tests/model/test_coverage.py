"""Matching finds the most demand that a cell can serve; compared with trying everything."""

from __future__ import annotations

import itertools

from hypothesis import given, settings
from hypothesis import strategies as st

from greedy.model.coverage import match_cell
from greedy.model.problem import Demand, Problem
from tests.build import OSP, problem

TEAM = st.sampled_from(("Groen", "Oranje", "Overig"))


def best_by_trying(one: Problem, employees: int) -> int:
    """Serve rows in every possible way and keep the best: the definition, in so many words."""
    rows = range(len(one.demand))
    best = 0
    for choice in itertools.product([None, *rows], repeat=employees):
        fits = all(row is None or one.employees[e].team in one.demand_teams[one.demand[row].team].served_by for e, row in enumerate(choice))
        if fits and all(choice.count(row) <= one.demand[row].required for row in rows):
            best = max(best, employees - choice.count(None))
    return best


@settings(max_examples=200, deadline=None)
@given(st.lists(TEAM, min_size=1, max_size=5), st.lists(st.tuples(st.integers(0, 2), st.integers(0, 2)), max_size=3))
def test_no_matching_is_larger(teams: list[str], rows: list[tuple[int, int]]) -> None:
    one = problem(*(Demand(0, OSP, team, required) for team, required in rows), teams=tuple(teams))
    serving = match_cell(one, range(len(rows)), range(len(teams)))
    for row, demand in enumerate(one.demand):
        assert serving.count(row) <= demand.required
    for employee, row in enumerate(serving):
        assert row is None or teams[employee] in one.demand_teams[one.demand[row].team].served_by
    assert len(teams) - serving.count(None) == best_by_trying(one, len(teams))
