"""What stands against each other is named, and nothing else."""

from __future__ import annotations

import time

from hypothesis import HealthCheck, given, settings

from greedy.model.limits import Limit, Quantity
from greedy.model.problem import Assignment, Demand, Problem, Slot
from greedy.solve.cpsat.core import conflict
from greedy.solve.cpsat.solver import Answer, solve_cpsat
from tests.build import DIA, DIO, MIDDAY, MORNING, MSP, OSP, TOT, problem, rich_problems
from tests.timing import PATIENCE_SECONDS

EACH_DAY = tuple(Demand(day, service, TOT, 1) for day in range(3) for service in (OSP, MSP))


def named(one: Problem) -> list[str]:
    parts = conflict(one)
    assert parts is not None
    return [part.message for part in parts]


def test_a_minimum_against_an_absence() -> None:
    away = frozenset({Slot(0, 1, MORNING), Slot(0, 1, MIDDAY), Slot(1, 0, MORNING)})
    limits = (Limit(Quantity.DAYS, 0, minimum=3, name="every day"), Limit(Quantity.SHIFTS, 1, minimum=1))
    one = problem(*EACH_DAY, teams=("Groen", "Groen"), limits=limits, unavailable=away)
    assert named(one) == [
        "Name 0 is absent on 2025-11-25 O and M",
        "Name 0: every day (at least 3 days)",
    ]


def test_a_minimum_against_a_maximum() -> None:
    limits = (Limit(Quantity.SHIFTS, 0, minimum=3), Limit(Quantity.MINUTES, 0, maximum=600), Limit(Quantity.WEEKENDS, 0, maximum=0))
    assert named(problem(*EACH_DAY, limits=limits)) == ["Name 0: at least 3 shifts", "Name 0: at most 600 minutes"]


def test_pinned_work_against_a_minimum() -> None:
    demand = (Demand(0, DIO, TOT, 1), Demand(0, DIA, TOT, 1), *EACH_DAY)
    limits = (Limit(Quantity.DAYS, 0, minimum=1, first_day=1, last_day=1),)
    one = problem(*demand, limits=limits, pinned=(Assignment(0, 0, DIO), Assignment(0, 0, DIA)))
    assert named(one) == ["Name 0 DIO 2025-11-24 is pinned", "Name 0 rests after DIO", "Name 0: at least 1 days, 2025-11-25 to 2025-11-25"]


def test_no_conflict_where_a_roster_exists() -> None:
    assert conflict(problem(*EACH_DAY)) is None


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(rich_problems())
def test_a_conflict_is_found_exactly_where_no_roster_is_legal(one: Problem) -> None:
    infeasible = solve_cpsat(one, deadline=time.monotonic() + PATIENCE_SECONDS, workers=1).answer is Answer.INFEASIBLE
    assert (conflict(one) is not None) is infeasible
