"""At the edges of the horizon, with and without history: the model and the check say the same of every pattern of days worked."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from greedy.model.limits import Limit, Quantity
from greedy.model.objective import costs
from greedy.model.problem import Assignment, Demand, Problem
from greedy.model.roster import Roster
from greedy.model.rules import check
from tests.build import GRO, ORA, OSP, TOT, problem
from tests.solve.cpsat.twin import costs_by_model

DAYS = 4
RUNS = (Quantity.CONSECUTIVE_DAYS, Quantity.CONSECUTIVE_DAYS_OFF)


def patterns(history_days: int) -> list[tuple[Problem, Roster]]:
    rows = [Demand(day, OSP, TOT, 1, weight_under=0) for day in range(DAYS)]
    found = []
    for worked in itertools.product((False, True), repeat=history_days + DAYS):
        work = [Assignment(0, place - history_days, OSP) for place, on in enumerate(worked) if on]
        history = tuple(a for a in work if a.day < 0)
        found.append((problem(*rows, days=DAYS, history=history, history_days=history_days), Roster.of(a for a in work if a.day >= 0)))
    return found


@pytest.mark.parametrize("quantity", RUNS)
@pytest.mark.parametrize(("least", "most"), [(2, None), (3, None), (None, 0), (None, 1), (None, 2)])
@pytest.mark.parametrize("history_days", [0, 2])
def test_runs_at_the_edges(quantity: Quantity, least: int | None, most: int | None, history_days: int) -> None:
    limit = Limit(quantity, 0, least, most)
    for without, roster in patterns(history_days):
        hard, soft = replace(without, limits=(limit,)), replace(without, limits=(replace(limit, weight=1),))
        legal = all(violation.pinned for violation in check(hard, roster))
        assert (costs_by_model(hard, roster) is not None) is legal, (hard.history, roster)
        assert costs_by_model(soft, roster) == costs(soft, roster), (soft.history, roster)


def test_pinned_work_that_nobody_asked_for_is_tolerated_and_nothing_beside_it() -> None:
    pinned = (Assignment(0, 0, OSP), Assignment(1, 0, OSP))
    one = problem(Demand(0, OSP, GRO, 1), Demand(1, OSP, GRO, 1), teams=("Groen",) * 3, pinned=pinned)
    assert costs_by_model(one, Roster.of([*pinned, Assignment(2, 1, OSP)])) == {}
    assert costs_by_model(one, Roster.of([*pinned, Assignment(2, 0, OSP)])) is None


def test_pinned_work_beyond_several_rows_is_tolerated_too() -> None:
    pinned = tuple(Assignment(employee, 0, OSP) for employee in range(3))
    one = problem(Demand(0, OSP, GRO, 1), Demand(0, OSP, TOT, 1), Demand(0, OSP, ORA, 1), teams=("Groen",) * 3 + ("Oranje",), pinned=pinned)
    assert costs_by_model(one, Roster.of(pinned)) == {0: 1}
    assert costs_by_model(one, Roster.of([*pinned, Assignment(3, 0, OSP)])) == {}


def test_a_row_that_two_teams_serve_beside_others_takes_no_more_than_its_most() -> None:
    rows = (Demand(0, OSP, TOT, 2), Demand(0, OSP, GRO, 1), Demand(0, OSP, ORA, 1))
    one = problem(*rows, teams=("Groen",) * 3 + ("Oranje",) * 3)
    four, five = (Roster.of(Assignment(employee, 0, OSP) for employee in who) for who in ((0, 1, 3, 4), (0, 1, 2, 3, 4)))
    assert costs_by_model(one, four) == {}
    assert [violation.rule for violation in check(one, five)] == ["demand"]
    assert costs_by_model(one, five) is None
