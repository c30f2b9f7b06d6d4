"""Over-constrained input gives a roster, and says what stands against what."""

from __future__ import annotations

import time
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greedy.formats.practice import to_problem
from greedy.generate.config import GeneratorConfig
from greedy.generate.practice import generate_practice
from greedy.model.changes import limit_of_somebody
from greedy.model.law import WorkingTime
from greedy.model.limits import Limit, Quantity
from greedy.model.problem import Assignment, Demand, Employee, Problem, Slot
from greedy.model.result import Obstacle, SolveStatus
from greedy.model.roster import Roster
from greedy.model.rules import check
from greedy.solve.conflicts import conflicts_of
from greedy.solve.cpsat.solver import Answer, solve_cpsat
from greedy.solve.solve import solve
from tests.build import DIA, DIO, EVENING, MIDDAY, MORNING, MSP, OSP, TOT, problem, rich_problems
from tests.timing import PATIENCE_SECONDS, cpu_seconds_below

THREE_DAYS = tuple(Demand(day, OSP, TOT, 1) for day in range(3))
ABLE = {(employee, service): 9 for employee in range(3) for service in (OSP, MSP)}


def test_pinned_work_that_breaks_a_rule_is_named_with_its_rows_and_its_rule() -> None:
    one = problem(*THREE_DAYS, capacity=1, pinned=(Assignment(0, 0, OSP), Assignment(0, 1, OSP)))
    result = solve(one)
    assert result.status is SolveStatus.OVER_CONSTRAINED
    assert set(one.pinned) <= set(result.roster.assignments)
    (conflict,) = result.conflicts
    assert (
        conflict.message == "work that stands breaks a rule, and only a planner can change it: Name 0 works OSP 2 times, at most 1 allowed"
    )
    assert conflict.parts == ("Name 0 OSP 2025-11-24 is pinned", "Name 0 OSP 2025-11-25 is pinned",
                              "Nobody works a service more often than her capability allows.")  # fmt: skip


def test_two_pinned_duties_that_lie_in_one_slot() -> None:
    pair = (Demand(0, DIO, TOT, 1), Demand(0, DIA, TOT, 1), Demand(0, OSP, TOT, 1))
    result = solve(problem(*pair, pinned=(Assignment(0, 0, DIO), Assignment(0, 0, DIA), Assignment(0, 0, OSP))))
    assert result.status is SolveStatus.OVER_CONSTRAINED
    assert "lie in one slot" in result.conflicts[0].message


def test_a_least_that_is_out_of_reach_says_what_is_possible_and_why_not_more() -> None:
    least = Limit(Quantity.SHIFTS, 0, minimum=3, name="contract")
    one = problem(*THREE_DAYS, limits=(least,), unavailable=frozenset({Slot(0, 1, MORNING)}))
    result = solve(one)
    assert (result.status, len(result.roster.assignments)) == (SolveStatus.OVER_CONSTRAINED, 2)
    assert [violation.rule for violation in result.violations] == ["limit_shifts"]
    conflict = result.conflicts[0]
    assert conflict.message == "Name 0: contract (at least 3 shifts) asked, and no more than 2 possible"
    assert conflict.parts == ("1 of the shifts that would count: unavailable", "OSP: at most 9 in this roster")
    by_capability = solve(replace(one, unavailable=frozenset(), capabilities={(0, OSP): 1}))
    assert "no more than 1 possible" in by_capability.conflicts[0].message


def test_nobody_to_plan_and_nobody_who_is_able() -> None:
    nobody = solve(problem(*THREE_DAYS, teams=()))
    assert [(row.missing, row.smallest_change) for row in nobody.open_demand] == [(1, "there are no employees")] * 3
    (unable,) = solve(problem(Demand(0, OSP, TOT, 1), capabilities={})).open_demand
    assert (unable.reasons, unable.smallest_change) == (
        {Obstacle.NOT_QUALIFIED: 1},
        "nobody is qualified for OSP: Name 0 qualified for OSP",
    )


def test_a_least_of_days_counts_days_and_not_shifts() -> None:
    demand = (*THREE_DAYS[:1], Demand(0, MSP, TOT, 1))
    result = solve(problem(*demand, limits=(Limit(Quantity.DAYS, 0, minimum=2),), unavailable=frozenset({Slot(0, 2, MIDDAY)})))
    assert "no more than 1 possible" in result.conflicts[0].message


def test_what_only_the_exact_model_sees_is_named_too() -> None:
    leasts = tuple(Limit(Quantity.SHIFTS, employee, minimum=2) for employee in range(2))
    result = solve(problem(*THREE_DAYS, teams=("Groen", "Groen"), limits=leasts))
    assert (result.status, len(result.roster.assignments)) == (SolveStatus.OVER_CONSTRAINED, 3)
    (conflict,) = result.conflicts
    assert conflict.message == "no roster keeps all of these; change one of them"
    assert conflict.parts == ("OSP: no more people than asked", "Name 0: at least 2 shifts", "Name 1: at least 2 shifts")
    assert conflict.employees == (0, 1)


def test_a_contradiction_of_one_employee_is_told_of_her_alone_and_of_each() -> None:
    limits = tuple(Limit(Quantity.CONSECUTIVE_DAYS_OFF, employee, maximum=1) for employee in range(3))
    away = frozenset(Slot(employee, day, daypart) for employee in (0, 2) for day in (0, 1) for daypart in (MORNING, MIDDAY, EVENING))
    result = solve(problem(*THREE_DAYS, teams=("Groen",) * 3, limits=limits, unavailable=away))
    assert {conflict.employees: conflict.parts for conflict in result.conflicts} == {
        (0,): ("Name 0 is absent from 2025-11-24 to 2025-11-25", "Name 0: at most 1 consecutive days off"),
        (2,): ("Name 2 is absent from 2025-11-24 to 2025-11-25", "Name 2: at most 1 consecutive days off"),
    }


def test_a_limit_of_the_whole_roster_is_told_without_dates() -> None:
    whole, part = (Limit(Quantity.SHIFTS, 0, minimum=3, last_day=last) for last in (2, 1))
    one = problem(*THREE_DAYS)
    assert limit_of_somebody(one, whole) == "Name 0: at least 3 shifts"
    assert limit_of_somebody(one, part) == "Name 0: at least 3 shifts, 2025-11-24 to 2025-11-25"


def test_people_of_one_name_are_told_apart_and_those_without_one_have_their_id() -> None:
    named = (Employee("E0", "Jan Bos", "Groen"), Employee("E1", "Jan Bos", "Groen"), Employee("E2", "", "Groen"))
    leasts = tuple(Limit(Quantity.SHIFTS, employee, minimum=2) for employee in range(3))
    (conflict,) = solve(problem(*THREE_DAYS, Demand(0, MSP, TOT, 1), employees=named, limits=leasts, capabilities=ABLE)).conflicts
    assert set(conflict.parts) >= {"Jan Bos (E0): at least 2 shifts", "Jan Bos (E1): at least 2 shifts", "E2: at least 2 shifts"}


def test_in_a_large_practice_those_who_stand_against_each_other_are_found_with_little_effort() -> None:
    """All others can do with no work at all, so they are no part of the model."""
    large = to_problem(generate_practice(GeneratorConfig(employees=140, weeks=13)))
    ech = next(number for number, service in enumerate(large.services) if service.code == "ECH")
    able = [employee for employee, service in large.capabilities if service == ech][:2]
    leasts = tuple(Limit(Quantity.SHIFTS, employee, minimum=4, services=frozenset({ech}), last_day=4) for employee in able)
    few = tuple(replace(row, required=1) if row.service == ech else row for row in large.demand)
    one = replace(
        large, limits=leasts, demand=few, unavailable=frozenset(), capabilities={**large.capabilities, **{(e, ech): 9 for e in able}}
    )
    nobody = Roster.of(())
    with cpu_seconds_below(5):
        (conflict,) = conflicts_of(one, nobody, tuple(check(one, nobody)), prove=True)
    assert conflict.employees == tuple(able)
    assert conflict.parts == ("ECH: no more people than asked", *(limit_of_somebody(one, least) for least in leasts))


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(rich_problems(), st.booleans())
def test_a_contradiction_is_told_exactly_where_no_roster_is_legal(one: Problem, law: bool) -> None:
    one = replace(one, working_time=WorkingTime(enforce=True)) if law else one
    infeasible = solve_cpsat(one, deadline=time.monotonic() + PATIENCE_SECONDS, workers=1).answer is Answer.INFEASIBLE
    stands = Roster.of(one.pinned)
    violations = tuple(check(one, stands))
    told = conflicts_of(one, stands, violations, prove=True)
    assert any(violation.pinned for violation in violations) + infeasible <= len(told)
    assert infeasible or all("work that stands breaks a rule" in conflict.message for conflict in told)
