"""What the exact model answers: proof, time-out, infeasible and invalid are four things; no roster is ever lost; windows keep the rest."""

from __future__ import annotations

import time

import pytest
from ortools.sat.python import cp_model

from greedy.formats.practice import to_problem
from greedy.formats.practice_csv import read_practice
from greedy.model.limits import Limit, Quantity
from greedy.model.problem import Assignment, Demand
from greedy.model.result import Progress
from greedy.model.roster import Roster
from greedy.model.rules import check
from greedy.model.wishes import Wish, WishKind
from greedy.sample import SAMPLE_DIR
from greedy.solve.cpsat.solver import Answer, ModelFaultError, answer_of, solve_cpsat
from tests.build import MSP, OSP, TOT, problem
from tests.timing import PATIENCE_SECONDS

EACH_DAY = tuple(Demand(day, OSP, TOT, 1) for day in range(3))


def soon() -> float:
    return time.monotonic() + PATIENCE_SECONDS


def test_every_status_is_translated_and_none_is_taken_for_another() -> None:
    solver, model = cp_model.CpSolver(), cp_model.CpModel()
    assert answer_of(cp_model.OPTIMAL, solver, model) is Answer.OPTIMAL
    assert answer_of(cp_model.FEASIBLE, solver, model) is Answer.FEASIBLE
    assert answer_of(cp_model.INFEASIBLE, solver, model) is Answer.INFEASIBLE
    assert answer_of(cp_model.UNKNOWN, solver, model) is Answer.TIMED_OUT
    with pytest.raises(ModelFaultError, match="does not know"):
        answer_of(99, solver, model)  # type: ignore[arg-type]


def test_one_contradiction_with_time_and_without_is_two_answers() -> None:
    """Eight pigeons in seven holes, as CP-SAT itself answers: no roster when it may search, a time-out when it may not."""
    model = cp_model.CpModel()
    holes = [[model.new_bool_var("") for _ in range(7)] for _ in range(8)]
    for pigeon in holes:
        model.add_bool_or(pigeon)
    for hole in zip(*holes, strict=True):
        for one in range(8):
            for other in range(one):
                model.add_bool_or([hole[one].negated(), hole[other].negated()])
    for seconds, answer in ((0.0, Answer.TIMED_OUT), (PATIENCE_SECONDS, Answer.INFEASIBLE)):
        solver = cp_model.CpSolver()
        solver.parameters.max_time_in_seconds = seconds
        assert answer_of(solver.solve(model), solver, model) is answer


def test_an_invalid_model_is_a_fault_of_the_program() -> None:
    model = cp_model.CpModel()
    model.new_int_var(0, 1, "")
    model.proto.variables[0].domain.clear()
    solver = cp_model.CpSolver()
    with pytest.raises(ModelFaultError, match="refuses the model: .*domain"):
        answer_of(solver.solve(model), solver, model)


def test_what_is_impossible_is_infeasible_and_not_a_time_out() -> None:
    one = problem(*EACH_DAY, limits=(Limit(Quantity.DAYS, 0, minimum=3), Limit(Quantity.SHIFTS, 0, maximum=2)))
    outcome = solve_cpsat(one, deadline=soon())
    assert (outcome.answer, outcome.roster, outcome.proven) == (Answer.INFEASIBLE, None, False)
    relaxed = solve_cpsat(one, deadline=soon(), relaxed=True)
    assert (relaxed.answer, relaxed.broken, relaxed.costs) == (Answer.OPTIMAL, 1, {})


def test_when_no_time_is_left_the_warm_start_stays() -> None:
    one = problem(*EACH_DAY)
    start = Roster.of([Assignment(0, 1, OSP)])
    outcome = solve_cpsat(one, deadline=time.monotonic() - 1, warm_start=start)
    assert (outcome.answer, outcome.roster, outcome.costs, outcome.proven) == (Answer.TIMED_OUT, start, {0: 2}, False)
    illegal = Roster.of([Assignment(0, 1, MSP)])
    assert solve_cpsat(one, deadline=time.monotonic() - 1, warm_start=illegal).roster is None


def test_a_window_changes_nothing_outside_it() -> None:
    one = problem(*EACH_DAY, teams=("Groen", "Groen"), limits=(Limit(Quantity.SHIFTS, 0, maximum=2),))
    start = Roster.of([Assignment(0, 0, OSP)])
    window = solve_cpsat(one, deadline=soon(), warm_start=start, free={(0, 1), (0, 2)})
    assert window.roster is not None
    assert window.costs == {0: 1}
    assert {a.employee for a in window.roster.assignments} == {0}
    assert Assignment(0, 0, OSP) in window.roster.assignments
    assert solve_cpsat(one, deadline=soon(), warm_start=window.roster, free={(1, 1), (1, 2)}).costs == {}


def test_a_later_priority_never_costs_an_earlier_one() -> None:
    wishes = (Wish(WishKind.VARIETY, weight=100, priority=9),)
    one = problem(*EACH_DAY, *(Demand(day, MSP, TOT, 1) for day in range(3)), wishes=wishes, limits=(Limit(Quantity.SHIFTS, 0, maximum=3),))
    outcome = solve_cpsat(one, deadline=soon())
    assert (outcome.costs, outcome.bounds, outcome.proven) == ({0: 3}, {0: 3, 9: 0}, True)


def test_the_practice_is_filled_and_proven_the_same_each_time() -> None:
    one = to_problem(read_practice(SAMPLE_DIR))
    told: list[Progress] = []
    first = solve_cpsat(one, deadline=soon(), workers=1, seed=7, on_progress=told.append)
    second = solve_cpsat(one, deadline=soon(), workers=1, seed=7)
    assert first.roster is not None
    assert first.roster == second.roster
    assert (first.answer, first.costs, first.bounds, first.proven) == (Answer.OPTIMAL, {}, {0: 0}, True)
    assert check(one, first.roster) == []
    assert told[-1].cost == 0
