"""What is said of a generated roster is true: its planted solution breaks no rule, and no solver fills more or fewer shifts."""

from __future__ import annotations

from typing import Any

import pytest

from greedy.errors import InputError
from greedy.formats.between_rows import faults_between_rows
from greedy.formats.practice import to_problem
from greedy.generate.config import GeneratorConfig
from greedy.generate.practice import generate_practice, generated
from greedy.model.problem import SlotStatus
from greedy.model.rules import check
from greedy.pipeline import SolveOptions, solve_file
from greedy.reporting import report_solved, report_standing
from tests.generate.planted import planted_roster

# Proven long before that on any machine; only an end where a proof is not found at all.
UNTIL_PROVEN = SolveOptions(time_limit_seconds=600, workers=1)

SIZES = [
    {},
    {"seed": 1, "employees": 1},
    {"seed": 2, "employees": 2, "weeks": 12},
    {"seed": 3, "employees": 5, "weeks": 1},
    {"seed": 4, "employees": 40, "practices": 3},
    {"seed": 5, "employees": 140, "weeks": 2},
    {"seed": 6, "weeks": 26},
]
KNOBS = [
    {"tightness": 1.0},
    {"tightness": 0.5, "demand": 1.2},
    {"demand": 0.3},
    {"shortage": 0.05},
    {"shortage": 0.3, "tightness": 1.0},
    {"shortage": 1.0},
    {"leave": 0.0, "illness": 0.0, "wishes": 0.0},
    {"leave": 0.6, "illness": 0.2, "demand": 0.7},
]


def configured(**values: Any) -> GeneratorConfig:
    return GeneratorConfig.model_validate(values)


@pytest.mark.parametrize("values", [*SIZES, *({"seed": 10 + number, **knobs} for number, knobs in enumerate(KNOBS))], ids=str)
def test_the_planted_solution_is_legal_and_fills_what_is_said(values: dict[str, Any]) -> None:
    """With the days that each may work as a limit too."""
    config = configured(**values)
    for number in {0, config.practices - 1}:
        practice = generated(config, number)
        assert list(faults_between_rows(practice.tables)) == []
        problem = to_problem(practice.tables, limit_worked_days=True)
        roster = planted_roster(practice, problem)
        assert check(problem, roster) == []
        found = report_standing(problem, roster, name="")
        assert (found.coverage.needed, found.coverage.assigned) == (practice.known.required, practice.known.best)
        assert found.coverage.upper_bound >= practice.known.best
        assert sum(row.aantal for row in practice.tables.roster_employee_services if row.actief) == practice.known.capacity
        assert practice.known.required - practice.known.best == pytest.approx(config.shortage * practice.known.required, abs=2)
        used = practice.known.best / practice.known.capacity if practice.known.capacity else 1
        assert float(practice.known.tightness) == pytest.approx(used, abs=0.00501)
        if config.tightness == 1:
            assert practice.known.capacity == practice.known.best


@pytest.mark.parametrize(
    "values",
    [
        {},
        {"seed": 1, "tightness": 1.0},
        {"seed": 2, "employees": 6, "tightness": 1.0},
        {"seed": 3, "employees": 2, "shortage": 0.5},
        {"seed": 4, "demand": 0.8, "shortage": 0.02},
        {"seed": 5, "tightness": 0.5, "demand": 1.2, "shortage": 0.05},
        {"seed": 6, "employees": 20, "practices": 3, "tightness": 1.0},
    ],
    ids=str,
)
def test_the_solver_reaches_the_known_best_and_proves_it(values: dict[str, Any]) -> None:
    practice = generated(configured(**values))
    problem = to_problem(practice.tables)
    solved = solve_file(problem, UNTIL_PROVEN)
    found = report_solved(problem, solved, name="")
    assert (solved.result.status, found.violations) == ("optimal", [])
    assert (found.coverage.needed, found.coverage.assigned) == (practice.known.required, practice.known.best)


def test_a_practice_is_the_same_whatever_is_generated_beside_it() -> None:
    config = configured(practices=4, employees=30, seed=3, first_day="2026-03-02")
    assert generated(config, 2) == generated(config, 2)
    assert generated(config, 2) != generated(config, 3)
    assert generated(config, 2) != generated(configured(practices=4, employees=30, seed=4, first_day="2026-03-02"), 2)
    with pytest.raises(InputError, match="there is no practice 4"):
        generated(config, 4)


def test_every_slot_may_have_a_row() -> None:
    config = configured(seed=5, weeks=2)
    needed, every = generate_practice(config), generate_practice(config, open_slots=True)
    assert len(every.roster_assignments) == 14 * 14 * 3
    assert [row for row in every.roster_assignments if row.status is not SlotStatus.OPEN] == needed.roster_assignments != []
    assert to_problem(every) == to_problem(needed)
    assert list(faults_between_rows(every)) == []
