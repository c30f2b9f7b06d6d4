"""Matching finds the most demand that a cell can serve; compared with trying everything."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

from hypothesis import given, settings
from hypothesis import strategies as st

from greedy.model.coverage import match_cell
from greedy.model.problem import Demand, Problem
from tests.build import OSP, problem

TEAM = st.sampled_from(("Groen", "Oranje", "Overig"))


ROW = st.builds(
    lambda team, required, more, under, over: Demand(0, OSP, team, required, under, required + more, over),
    st.integers(0, 2), st.integers(0, 2), st.integers(0, 2), st.integers(0, 3), st.integers(0, 3),
)  # fmt: skip


def cost_of(one: Problem, choice: Sequence[int | None]) -> int:
    return sum(
        max(0, row.required - choice.count(n)) * row.weight_under + max(0, choice.count(n) - row.required) * row.weight_over
        for n, row in enumerate(one.demand)
    )


@settings(max_examples=300, deadline=None)
@given(st.lists(TEAM, min_size=1, max_size=4), st.lists(ROW, max_size=3), st.integers(0, 4))
def test_nobody_is_surplus_in_vain_and_no_matching_costs_less(teams: list[str], rows: list[Demand], pinned: int) -> None:
    one = problem(*rows, teams=tuple(teams))
    serving = match_cell(one, range(len(rows)), range(len(teams)))

    def fits(choice: Sequence[int | None]) -> bool:
        able = all(row is None or teams[e] in one.demand_teams[rows[row].team].served_by for e, row in enumerate(choice))
        return able and all(choice.count(row) <= demand.most for row, demand in enumerate(rows))

    every = [choice for choice in itertools.product([None, *range(len(rows))], repeat=len(teams)) if fits(choice)]
    most = max(len(choice) - choice.count(None) for choice in every)
    assert fits(serving)
    assert len(serving) - serving.count(None) == most
    assert cost_of(one, serving) == min(cost_of(one, choice) for choice in every if len(choice) - choice.count(None) == most)
    first = len(serving[:pinned]) - serving[:pinned].count(None)
    assert first == max(len(choice[:pinned]) - choice[:pinned].count(None) for choice in every)


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
