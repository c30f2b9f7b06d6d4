"""The order of the greedy fill, and what it reaches on a real-sized roster."""

from __future__ import annotations

from dataclasses import replace

import pytest

from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables
from greedy.model.coverage import coverage
from greedy.model.problem import Assignment, Demand, Problem, Slot
from greedy.model.result import Obstacle, SolveStatus
from greedy.model.rules import check
from greedy.solve import solve as solve_module
from greedy.solve.bound import coverage_bound
from greedy.solve.fill import demand_order, fill
from greedy.solve.solve import IllegalRosterError, solve
from greedy.workspace import Workspace
from tests.build import DIA, DIO, EVENING, GRO, MIDDAY, MORNING, MSP, ORA, OSP, TOT, problem


def filled(one: Problem) -> list[tuple[int, int, int]]:
    workspace = Workspace(one)
    fill(workspace)
    return [tuple(a) for a in workspace.freeze().assignments]


def test_demand_comes_in_the_order_of_the_practice() -> None:
    rows = [Demand(1, OSP, ORA, 1), Demand(1, OSP, GRO, 1), Demand(1, OSP, TOT, 1), Demand(0, MSP, TOT, 1), Demand(0, OSP, TOT, 1),
            Demand(2, DIA, TOT, 1), Demand(2, DIO, TOT, 1), Demand(0, OSP, TOT, 0)]  # fmt: skip
    one = problem(*rows)
    assert [one.demand[row] for row in demand_order(one)] == [rows[i] for i in (6, 5, 4, 3, 2, 1, 0)]


def test_the_next_team_only_when_the_first_has_nobody() -> None:
    one = problem(Demand(0, OSP, GRO, 2), teams=("Overig", "Groen"))
    assert filled(one) == [(0, 0, OSP), (1, 0, OSP)]
    assert filled(replace(one, demand=(Demand(0, OSP, GRO, 1),))) == [(1, 0, OSP)]
    assert filled(replace(one, demand=(Demand(0, OSP, ORA, 2),))) == [(0, 0, OSP)]


def test_most_capacity_left_then_fewest_shifts_then_the_name() -> None:
    three = ("Groen", "Groen", "Groen")
    one = problem(Demand(0, OSP, TOT, 1), teams=three)
    assert filled(replace(one, capabilities={(0, OSP): 1, (1, OSP): 2, (2, OSP): 2})) == [(1, 0, OSP)]
    busy = replace(one, pinned=(Assignment(0, 1, MSP),))
    assert (1, 0, OSP) in filled(busy)
    names = tuple(replace(e, name=name) for e, name in zip(one.employees, ("Carla", "Bea", "Anna"), strict=True))
    assert filled(replace(one, employees=names)) == [(2, 0, OSP)]


def test_a_duty_is_placed_with_its_pair_and_its_blocks_or_not_at_all() -> None:
    pair = (Demand(0, DIO, TOT, 1), Demand(0, DIA, TOT, 1))
    assert filled(problem(*pair)) == [(0, 0, DIO), (0, 0, DIA)]
    assert filled(problem(*pair, unavailable=frozenset({Slot(0, 0, EVENING)}))) == []
    assert filled(problem(pair[0])) == []  # nobody asks for the DIA
    assert filled(problem(*pair, capabilities={(0, DIO): 1})) == []
    assert filled(problem(*pair, pinned=(Assignment(0, 1, OSP),))) == [(0, 1, OSP)]  # the next morning is worked
    assert filled(problem(*pair, unavailable=frozenset({Slot(0, 1, MORNING), Slot(0, 0, MIDDAY)}))) == [(0, 0, DIO), (0, 0, DIA)]


def test_a_pinned_first_half_gets_its_second_half() -> None:
    one = problem(Demand(0, DIO, TOT, 1), Demand(0, DIA, TOT, 1), teams=("Groen", "Groen"), pinned=(Assignment(1, 0, DIO),))
    assert filled(one) == [(1, 0, DIO), (1, 0, DIA)]


def test_a_second_half_is_not_given_to_somebody_without_the_first() -> None:
    assert filled(problem(Demand(0, DIA, TOT, 1))) == []


def test_blocked_slots_stay_empty() -> None:
    one = problem(Demand(0, DIO, TOT, 1), Demand(0, DIA, TOT, 1), Demand(0, MSP, TOT, 1), Demand(1, OSP, TOT, 1), Demand(2, OSP, TOT, 1))
    assert filled(one) == [(0, 0, DIO), (0, 0, DIA), (0, 2, OSP)]


def test_pinned_work_counts_toward_demand_and_capacity() -> None:
    one = problem(Demand(0, OSP, TOT, 1), Demand(1, OSP, TOT, 1), capacity=1, pinned=(Assignment(0, 0, OSP),))
    assert filled(one) == [(0, 0, OSP)]


def test_pinned_work_serves_the_narrow_row_so_that_the_wide_one_stays_open() -> None:
    one = problem(Demand(0, OSP, TOT, 1), Demand(0, OSP, GRO, 1), teams=("Groen", "Oranje"), pinned=(Assignment(0, 0, OSP),))
    assert filled(one) == [(0, 0, OSP), (1, 0, OSP)]


def test_the_day_limit_is_kept_and_a_second_shift_on_a_worked_day_is_free() -> None:
    one = problem(Demand(0, OSP, TOT, 1), Demand(0, MSP, TOT, 1), Demand(1, OSP, TOT, 1), max_days=1)
    assert filled(one) == [(0, 0, OSP), (0, 0, MSP)]


def test_the_sample_is_filled_well_legally_and_the_same_each_time(sample: PracticeTables) -> None:
    one = to_problem(sample)
    result = solve(one, "greedy")
    covered = sum(coverage(one, result.roster).assigned)
    assert covered >= 212
    assert (one.required, coverage_bound(one)) == (227, 227)
    assert check(one, result.roster) == []
    assert (result.solver, result.status) == ("greedy", SolveStatus.FEASIBLE)
    assert solve(one, "greedy").roster == result.roster
    assert sum(open_row.missing for open_row in result.open_demand) == 227 - covered


def test_a_full_roster_is_known_to_be_optimal() -> None:
    result = solve(problem(Demand(0, OSP, TOT, 1)), "greedy")
    assert (result.status, result.objective, result.bound, result.gap) == (SolveStatus.OPTIMAL, 0, 0, 0.0)


def test_too_much_demand_is_open_and_explained_and_the_bound_says_that_no_more_is_possible() -> None:
    result = solve(problem(Demand(0, OSP, TOT, 3), Demand(1, OSP, TOT, 1), capacity=1), "greedy")
    assert (result.status, result.objective, result.bound) == (SolveStatus.OPTIMAL, 3, 3)
    first, second = result.open_demand
    assert (first.missing, first.reasons) == (2, {Obstacle.CAPACITY_USED: 1})
    assert (second.missing, second.one_more_for) == (1, (0,))


def test_a_duty_that_blocks_is_named() -> None:
    one = problem(Demand(0, DIO, TOT, 1), Demand(0, DIA, TOT, 1), Demand(1, OSP, TOT, 1))
    (row,) = solve(one, "greedy").open_demand
    assert (row.reasons, row.blocked_by) == ({Obstacle.BLOCKED: 1}, ("Name 0 DIO 2025-11-24",))


def test_an_illegal_roster_never_leaves_the_room(monkeypatch: pytest.MonkeyPatch) -> None:
    def careless(workspace: Workspace) -> None:
        workspace._put(Assignment(0, 0, DIA), 0)

    monkeypatch.setattr(solve_module, "fill", careless)
    with pytest.raises(IllegalRosterError, match="DIA 2025-11-24 without its DIO"):
        solve(problem(Demand(0, DIA, TOT, 1)), "greedy")
