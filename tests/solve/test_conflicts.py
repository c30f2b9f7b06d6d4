"""Over-constrained input gives a roster, and says what stands against what."""

from __future__ import annotations

from dataclasses import replace

from greedy.model.limits import Limit, Quantity
from greedy.model.problem import Assignment, Demand, Slot
from greedy.model.result import Obstacle, SolveStatus
from greedy.solve.solve import solve
from tests.build import DIA, DIO, MIDDAY, MORNING, MSP, OSP, TOT, problem

THREE_DAYS = tuple(Demand(day, OSP, TOT, 1) for day in range(3))


def test_pinned_work_that_breaks_a_rule_is_named_with_its_rows_and_its_rule() -> None:
    one = problem(*THREE_DAYS, capacity=1, pinned=(Assignment(0, 0, OSP), Assignment(0, 1, OSP)))
    result = solve(one)
    assert result.status is SolveStatus.OVER_CONSTRAINED
    assert set(one.pinned) <= set(result.roster.assignments)
    (conflict,) = result.conflicts
    assert conflict.message == "pinned work breaks a rule: Name 0 works OSP 2 times, at most 1 allowed"
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
    assert conflict.message == "Name 0: contract (at least 3 shifts) asked, and at most 2 shifts are possible"
    assert "1 shifts that are asked for she cannot take: unavailable" in conflict.parts
    by_capability = solve(replace(one, unavailable=frozenset(), capabilities={(0, OSP): 1}))
    assert "at most 1 shifts are possible" in by_capability.conflicts[0].message


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
    assert "at most 1 days are possible" in result.conflicts[0].message
