"""What would fill open demand: as much is tried as effort is given, and the clock has no say."""

from __future__ import annotations

import time
from itertools import count

import pytest

from greedy.model.changes import OneMore
from greedy.model.problem import Assignment, Demand, Slot
from greedy.model.roster import Roster
from greedy.solve import explain
from greedy.solve.explain import explain_open_demand
from tests.build import MORNING, OSP, TOT, problem

# The first of two people works on days 0 and 2, and may work no more; she alone is there on days 1 and 3.
FOUR_DAYS = problem(
    *(Demand(day, OSP, TOT, 1) for day in range(4)),
    teams=("Groen", "Groen"),
    capacity=2,
    days=4,
    unavailable=frozenset({Slot(1, 1, MORNING), Slot(1, 3, MORNING)}),
)
STANDING = Roster.of([Assignment(0, 0, OSP), Assignment(0, 2, OSP)])


def test_moves_are_looked_for_as_far_as_effort_goes_and_a_change_for_every_row() -> None:
    by_moves, by_change = (explain_open_demand(FOUR_DAYS, STANDING, effort=effort) for effort in (1_000, 0))
    assert [(one.row, one.moves_alone, one.changes) for one in by_moves] == [(1, True, ()), (3, True, ())]
    assert [(one.row, one.moves_alone, one.changes) for one in by_change] == [(row, False, (OneMore(0, (OSP,)),)) for row in (1, 3)]


def test_the_first_rows_come_first_and_none_takes_all(monkeypatch: pytest.MonkeyPatch) -> None:
    assert [one.moves_alone for one in explain_open_demand(FOUR_DAYS, STANDING, effort=20)] == [True, False]
    monkeypatch.setattr(explain, "EFFORT_OF_A_ROW", 0)
    assert [one.moves_alone for one in explain_open_demand(FOUR_DAYS, STANDING)] == [False, False]


def test_a_slow_clock_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    usual = explain_open_demand(FOUR_DAYS, STANDING)
    for name in ("monotonic", "perf_counter", "time"):
        monkeypatch.setattr(time, name, count(0, 3600).__next__)
    slow = explain_open_demand(FOUR_DAYS, STANDING)
    monkeypatch.undo()
    assert slow == usual
