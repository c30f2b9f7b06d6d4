"""Chains of moves fill what a single move cannot, and never break a rule or uncover more than they cover."""

from __future__ import annotations

from dataclasses import replace

import pytest

from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables
from greedy.model.limits import Limit, Quantity
from greedy.model.problem import Assignment, Demand, Problem, Slot
from greedy.model.result import SolveStatus
from greedy.model.roster import Roster
from greedy.model.rules import check
from greedy.solve.bound import coverage_bound
from greedy.solve.chains import find_chain, repair
from greedy.solve.solve import solve
from greedy.workspace import Workspace
from tests.build import DIA, DIO, EVENING, GRO, MORNING, MSP, ORA, OSP, TOT, problem
from tests.solve.practices import practices_of_that_kind
from tests.timing import PATIENCE_SECONDS


def repaired(one: Problem, *standing: Assignment) -> list[tuple[int, int, int]]:
    workspace = Workspace(one, Roster.of(standing))
    repair(workspace)
    roster = workspace.freeze()
    assert check(one, roster) == []
    return [tuple(a) for a in roster.assignments]


TWO = problem(Demand(0, OSP, TOT, 1), Demand(1, OSP, TOT, 1), teams=("Groen", "Groen"), capacity=1)


def test_work_goes_to_somebody_else_to_make_room() -> None:
    absent = replace(TWO, unavailable=frozenset({Slot(1, 1, MORNING)}))
    assert repaired(absent, Assignment(0, 0, OSP)) == [(0, 1, OSP), (1, 0, OSP)]


def test_a_chain_of_three_people() -> None:
    days = tuple(Demand(day, OSP, TOT, 1) for day in range(3))
    absent = frozenset({Slot(1, 2, MORNING), Slot(2, 2, MORNING), Slot(2, 1, MORNING)})
    one = problem(*days, teams=("Groen",) * 3, capacity=1, unavailable=absent)
    assert repaired(one, Assignment(0, 1, OSP), Assignment(1, 0, OSP)) == [(0, 2, OSP), (1, 1, OSP), (2, 0, OSP)]


def test_a_pair_moves_as_one() -> None:
    pairs = (Demand(0, DIO, TOT, 1), Demand(0, DIA, TOT, 1), Demand(2, DIO, TOT, 1), Demand(2, DIA, TOT, 1))
    one = problem(*pairs, teams=("Groen", "Groen"), capacity=1, unavailable=frozenset({Slot(1, 2, EVENING)}))
    standing = (Assignment(0, 0, DIO), Assignment(0, 0, DIA))
    assert repaired(one, *standing) == [(0, 2, DIO), (0, 2, DIA), (1, 0, DIO), (1, 0, DIA)]


def test_a_duty_that_blocks_is_given_away() -> None:
    one = problem(Demand(0, DIO, TOT, 1), Demand(0, DIA, TOT, 1), Demand(1, MSP, TOT, 1), teams=("Groen", "Groen"))
    one = replace(one, capabilities={**one.capabilities, (1, MSP): 0})
    assert repaired(one, Assignment(0, 0, DIO), Assignment(0, 0, DIA)) == [(0, 1, MSP), (1, 0, DIO), (1, 0, DIA)]


def test_somebody_of_two_teams_serves_the_other_row() -> None:
    one = problem(Demand(0, OSP, GRO, 1), Demand(0, OSP, ORA, 1), teams=("Groen", "Overig"))
    workspace = Workspace(one)
    workspace.place(1, 0)
    assert workspace.open_units == [0, 1]
    assert repair(workspace) == 1
    assert workspace.open_units == [0, 0]


def test_a_heavy_unit_is_filled_at_the_price_of_a_light_one_and_not_the_other_way_round() -> None:
    one = problem(Demand(0, OSP, TOT, 1, weight_under=1), Demand(1, OSP, TOT, 1, weight_under=5), capacity=1)
    assert repaired(one, Assignment(0, 0, OSP)) == [(0, 1, OSP)]
    assert repaired(one, Assignment(0, 1, OSP)) == [(0, 1, OSP)]


def test_pinned_work_is_not_moved() -> None:
    one = replace(TWO, unavailable=frozenset({Slot(1, 1, MORNING)}), pinned=(Assignment(0, 0, OSP),))
    assert repaired(one, Assignment(0, 0, OSP)) == [(0, 0, OSP)]


def test_a_chain_never_takes_somebody_below_the_least_of_a_limit() -> None:
    one = replace(TWO, unavailable=frozenset({Slot(1, 1, MORNING)}))
    least = Limit(Quantity.SHIFTS, 0, minimum=1, first_day=0, last_day=0)
    assert repaired(replace(one, limits=(least,)), Assignment(0, 0, OSP)) == [(0, 0, OSP)]


def test_looking_for_a_chain_leaves_the_workspace_as_it_was() -> None:
    workspace = Workspace(replace(TWO, unavailable=frozenset({Slot(1, 1, MORNING)})))
    workspace.place(0, 0)
    before = workspace.freeze()
    assert find_chain(workspace, 1)[0] is not None
    assert (workspace.freeze(), workspace.open_units) == (before, [0, 1])


def test_the_sample_is_filled_whole_and_proven(sample: PracticeTables) -> None:
    one = to_problem(sample)
    result = solve(one)
    assert (result.status, result.objective, result.bound, result.open_demand) == (SolveStatus.OPTIMAL, 0, 0, ())
    assert (len(result.roster.assignments), coverage_bound(one)) == (227, 227)
    assert solve(one).roster == result.roster


@pytest.mark.parametrize("number", range(12))
def test_other_rosters_of_that_kind_are_solved_to_the_end(number: int, sample: PracticeTables) -> None:
    one = practices_of_that_kind(sample)[number]
    result = solve(one, time_limit_seconds=5 * PATIENCE_SECONDS)
    assert check(one, result.roster) == []
    assert (result.status, result.objective) == (SolveStatus.OPTIMAL, result.bound)
