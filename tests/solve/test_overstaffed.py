"""Rosters with more people than asked, which a benchmark allows at a price."""

from __future__ import annotations

from greedy.model.problem import Assignment, Demand
from greedy.model.roster import Roster
from greedy.model.rules import check
from greedy.solve.explain import explain_open_demand
from tests.build import OSP, TOT, problem


def test_open_demand_beside_days_with_people_over_is_explained() -> None:
    one = problem(*(Demand(day, OSP, TOT, 1, maximum=2) for day in range(3)), teams=("Groen", "Groen"), capacity=1, days=3)
    roster = Roster.of([Assignment(0, 0, OSP), Assignment(1, 0, OSP)])
    assert check(one, roster) == []
    assert [(line.row, line.missing) for line in explain_open_demand(one, roster)] == [(1, 1), (2, 1)]
