"""Every rule: a legal roster that it leaves alone, and an illegal one that it names."""

from __future__ import annotations

from dataclasses import replace

import pytest

from greedy.model.problem import Assignment, Demand, Problem, Slot
from greedy.model.roster import Roster
from greedy.model.rules import RULES, check
from tests.build import DIA, DIO, GRO, MORNING, MSP, ORA, OSP, TOT, problem

PAIR = (Demand(0, DIO, TOT, 1), Demand(0, DIA, TOT, 1))
OSP_EACH_DAY = tuple(Demand(day, OSP, TOT, 1) for day in range(3))


def broken(one: Problem, *work: tuple[int, int, int]) -> list[tuple[str, str]]:
    """Rule and message of each violation of a roster of (employee, day, service)."""
    return [(v.rule, v.message) for v in check(one, Roster.of(Assignment(*w) for w in work))]


# rule -> problem, work that keeps it, work that breaks it, and what is said then
CASES = {
    "horizon": (problem(Demand(2, OSP, TOT, 1)), [(0, 2, OSP)], [(0, 3, OSP)], "Name 0 OSP 2025-11-27 lies outside the roster"),
    "qualified": (
        problem(Demand(0, OSP, TOT, 1), teams=("Groen", "Groen"), capabilities={(0, OSP): 1}),
        [(0, 0, OSP)], [(1, 0, OSP)], "Name 1 OSP 2025-11-24: Name 1 is not qualified for OSP",
    ),
    "capacity": (problem(*OSP_EACH_DAY, capacity=2), [(0, 0, OSP), (0, 1, OSP)], [(0, d, OSP) for d in range(3)], "Name 0 works OSP 3 times, at most 2 allowed"),
    "one_service_a_slot": (
        problem(Demand(0, OSP, TOT, 1), *PAIR),
        [(0, 0, OSP)], [(0, 0, OSP), (0, 0, DIO), (0, 0, DIA)], "Name 0 DIO 2025-11-24 and Name 0 OSP 2025-11-24 lie in one slot",
    ),
    "open_slots": (
        problem(*OSP_EACH_DAY, unavailable=frozenset({Slot(0, 1, MORNING)})),
        [(0, 0, OSP)], [(0, 1, OSP)], "Name 0 OSP 2025-11-25: unavailable then",
    ),
    "demand": (
        problem(Demand(0, OSP, GRO, 1), teams=("Groen", "Groen")),
        [(1, 0, OSP)], [(0, 0, OSP), (1, 0, OSP)], "Name 1 OSP 2025-11-24: nobody asked for this one",
    ),
    "team": (
        problem(Demand(0, OSP, GRO, 1), teams=("Overig", "Oranje")),
        [(0, 0, OSP)], [(1, 0, OSP)], "Name 1 OSP 2025-11-24: asked for, but not of team Oranje",
    ),
    "pairs": (problem(*PAIR), [(0, 0, DIO), (0, 0, DIA)], [(0, 0, DIO)], "Name 0 DIO 2025-11-24 without its DIA"),
    "blocking": (
        problem(*PAIR, Demand(0, OSP, TOT, 1), Demand(1, OSP, TOT, 1), teams=("Groen", "Groen")),
        [(0, 0, DIO), (0, 0, DIA), (1, 1, OSP)], [(0, 0, DIO), (0, 0, DIA), (0, 1, OSP)],
        "Name 0 DIO 2025-11-24 blocks Name 0 OSP 2025-11-25",
    ),
    "worked_days": (
        problem(*OSP_EACH_DAY, Demand(0, MSP, TOT, 1), max_days=2),
        [(0, 0, OSP), (0, 0, MSP), (0, 1, OSP)], [(0, d, OSP) for d in range(3)], "Name 0 works on 3 days, at most 2 allowed",
    ),
    "pinned_work": (problem(*OSP_EACH_DAY, pinned=(Assignment(0, 0, OSP),)), [(0, 0, OSP)], [(0, 1, OSP)], "Name 0 OSP 2025-11-24 is pinned and missing"),
}  # fmt: skip


def test_every_rule_has_a_case() -> None:
    assert [rule.__name__ for rule in RULES] == list(CASES)


@pytest.mark.parametrize("rule", CASES)
def test_a_legal_roster_is_left_alone(rule: str) -> None:
    one, legal, _, _ = CASES[rule]
    assert broken(one, *legal) == []


@pytest.mark.parametrize("rule", CASES)
def test_an_illegal_roster_is_named(rule: str) -> None:
    one, _, illegal, message = CASES[rule]
    assert broken(one, *illegal) == [(rule, message)]


@pytest.mark.parametrize(("teams", "row", "allowed"), [
    ("Groen", GRO, True), ("Overig", GRO, True), ("Oranje", GRO, False),
    ("Groen", ORA, False), ("Overig", ORA, True), ("Oranje", ORA, True),
    ("Groen", TOT, True), ("Overig", TOT, True), ("Oranje", TOT, True),
])  # fmt: skip
def test_who_serves_whom(teams: str, row: int, allowed: bool) -> None:
    assert (broken(problem(Demand(0, OSP, row, 1), teams=(teams,)), (0, 0, OSP)) == []) is allowed


def test_a_row_that_asks_for_nobody_forbids_nobody_to_serve_another_row() -> None:
    one = problem(Demand(0, OSP, GRO, 0), Demand(0, OSP, TOT, 1))
    assert broken(one, (0, 0, OSP)) == []


def test_rows_of_one_cell_share_the_staff() -> None:
    # Overig can serve either row, Groen only GRO and TOT: all fit, whatever the order in which they are looked at.
    one = problem(Demand(0, OSP, TOT, 1), Demand(0, OSP, GRO, 1), Demand(0, OSP, ORA, 1), teams=("Overig", "Groen", "Groen", "Oranje"))
    assert broken(one, (0, 0, OSP), (1, 0, OSP), (2, 0, OSP)) == []
    assert [rule for rule, _ in broken(one, (0, 0, OSP), (1, 0, OSP), (2, 0, OSP), (3, 0, OSP))] == ["demand"]


def test_a_second_half_never_stands_alone() -> None:
    assert broken(problem(*PAIR), (0, 0, DIA)) == [("pairs", "Name 0 DIA 2025-11-24 without its DIO")]


def test_an_inactive_employee_and_an_inactive_service_are_not_planned() -> None:
    one = problem(Demand(0, OSP, TOT, 1))
    nobody = replace(one, employees=(replace(one.employees[0], active=False),))
    nothing = replace(one, services=tuple(replace(service, active=False) for service in one.services))
    assert [rule for rule, _ in broken(nobody, (0, 0, OSP))] == ["qualified"]
    assert [rule for rule, _ in broken(nothing, (0, 0, OSP))] == ["qualified"]


def test_rest_from_before_the_roster_is_kept() -> None:
    one = problem(*OSP_EACH_DAY, blocked=frozenset({Slot(0, 0, MORNING)}))
    assert broken(one, (0, 0, OSP)) == [("open_slots", "Name 0 OSP 2025-11-24: blocked then by earlier duty")]


def test_a_duty_on_the_last_day_blocks_nothing_beyond_it() -> None:
    one = problem(Demand(2, DIO, TOT, 1), Demand(2, DIA, TOT, 1))
    assert broken(one, (0, 2, DIO), (0, 2, DIA)) == []
    assert one.blocked_by(Assignment(0, 2, DIO)) == [Slot(0, 2, 1)]


def test_what_pinned_work_breaks_by_itself_is_marked() -> None:
    one = problem(*OSP_EACH_DAY, capacity=0, pinned=(Assignment(0, 0, OSP),))
    by_pinned, with_ours = check(one, Roster.of(one.pinned)), check(one, Roster.of([*one.pinned, Assignment(0, 1, OSP)]))
    assert [(v.rule, v.pinned) for v in by_pinned] == [("capacity", True)]
    assert [(v.rule, v.pinned) for v in with_ours] == [("capacity", False)]
