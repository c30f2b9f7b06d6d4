"""Every rule is there twice: as a check and as a constraint, and both say the same of a legal and of an illegal roster."""

from __future__ import annotations

import pytest

from greedy.model.problem import Assignment, Demand, Problem
from greedy.model.roster import Roster
from greedy.model.rules import RULES
from greedy.solve.cpsat.constraints import CONSTRAINTS
from tests.build import GRO, ORA, OSP, problem
from tests.model.test_rules import CASES
from tests.solve.cpsat.twin import costs_by_model

BY_VARIABLES = {"horizon", "qualified", "open_slots", "pinned_work"}  # work that they forbid has no variable, pinned work is no variable
BY_UNITS = {unit.__name__ for unit in CONSTRAINTS} - BY_VARIABLES
# Who is of the wrong team has no variable, so the unit `team` is seen where both teams are asked for.
SHARED: tuple[Problem, list[tuple[int, int, int]]] = (
    problem(Demand(0, OSP, GRO, 1), Demand(0, OSP, ORA, 1), teams=("Groen", "Groen", "Oranje")),
    [(0, 0, OSP), (1, 0, OSP)],
)


def roster(work: list[tuple[int, int, int]]) -> Roster:
    return Roster.of(Assignment(*one) for one in work)


def test_every_rule_has_its_case_and_its_constraint() -> None:
    names = [rule.__name__ for rule in RULES]
    assert set(names) == set(CASES) == BY_VARIABLES | BY_UNITS
    assert len(names) == len(set(names))


@pytest.mark.parametrize("rule", [rule.__name__ for rule in RULES])
def test_the_constraint_says_what_the_rule_says(rule: str) -> None:
    one, legal, illegal, _ = CASES[rule]
    assert costs_by_model(one, roster(legal)) is not None
    assert costs_by_model(one, roster(illegal)) is None


@pytest.mark.parametrize("unit", sorted(BY_UNITS))
def test_without_the_constraint_the_illegal_roster_passes(unit: str) -> None:
    one, illegal = SHARED if unit == "team" else (CASES[unit][0], CASES[unit][2])
    assert costs_by_model(one, roster(illegal)) is None
    assert costs_by_model(one, roster(illegal), without={unit}) is not None
