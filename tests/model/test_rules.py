"""Every rule: a legal roster that it leaves alone, and an illegal one that it names."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from greedy.model.limits import Limit, Quantity
from greedy.model.problem import Assignment, Demand, Problem, Service, Slot
from greedy.model.roster import Roster
from greedy.model.rules import RULES, check
from tests.build import DIA, DIO, GRO, MORNING, MSP, ORA, OSP, SERVICES, TOT, problem

PAIR = (Demand(0, DIO, TOT, 1), Demand(0, DIA, TOT, 1))
OSP_EACH_DAY = tuple(Demand(day, OSP, TOT, 1) for day in range(3))


def broken(one: Problem, *work: tuple[int, int, int]) -> list[tuple[str, str]]:
    """Rule and message of each violation of a roster of (employee, day, service)."""
    return [(v.rule, v.message) for v in check(one, Roster.of(Assignment(*w) for w in work))]


def with_successors(service: int, forbidden: set[int]) -> tuple[Service, ...]:
    return tuple(replace(s, forbidden_successors=frozenset(forbidden)) if n == service else s for n, s in enumerate(SERVICES))


def limited(*limits: Limit, days: int = 3, **changes: object) -> Problem:
    """Name 0 may work OSP and MSP on every day, but for her limits."""
    rows = [Demand(day, service, TOT, 1) for day in range(days) for service in (OSP, MSP)]
    return problem(*rows, days=days, limits=limits, **changes)


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
    "pinned_work": (problem(*OSP_EACH_DAY, pinned=(Assignment(0, 0, OSP),)), [(0, 0, OSP)], [(0, 1, OSP)], "Name 0 OSP 2025-11-24 is pinned and missing"),
    "forbidden_successors": (
        problem(*OSP_EACH_DAY, Demand(1, MSP, TOT, 1), services=with_successors(OSP, {MSP})),
        [(0, 0, OSP), (0, 1, OSP)], [(0, 0, OSP), (0, 1, MSP)], "Name 0 MSP 2025-11-25 must not follow Name 0 OSP 2025-11-24",
    ),
    "limit_shifts": (
        limited(Limit(Quantity.SHIFTS, 0, minimum=1, maximum=2, services=frozenset({OSP}), name="two mornings")),
        [(0, 0, OSP), (0, 1, OSP), (0, 2, MSP)], [(0, 0, OSP), (0, 1, OSP), (0, 2, OSP)],
        "Name 0 works 3 shifts of OSP, at most 2 allowed (two mornings)",
    ),
    "limit_minutes": (
        limited(Limit(Quantity.MINUTES, 0, minimum=480, maximum=600)),
        [(0, 0, OSP), (0, 1, MSP)], [(0, 0, OSP)], "Name 0 works 240 minutes, at least 480 asked",
    ),
    "limit_days": (
        limited(Limit(Quantity.DAYS, 0, maximum=2)),
        [(0, 0, OSP), (0, 0, MSP), (0, 1, OSP)], [(0, d, OSP) for d in range(3)], "Name 0 works 3 days, at most 2 allowed",
    ),
    "limit_weekends": (
        limited(Limit(Quantity.WEEKENDS, 0, maximum=1), days=14),
        [(0, 5, OSP), (0, 6, OSP), (0, 7, OSP)], [(0, 5, OSP), (0, 13, OSP)], "Name 0 works 2 weekends, at most 1 allowed",
    ),
    "limit_consecutive_days": (
        limited(Limit(Quantity.CONSECUTIVE_DAYS, 0, minimum=2, maximum=3), days=6),
        [(0, 0, OSP), (0, 2, OSP), (0, 3, OSP), (0, 5, OSP)], [(0, 0, OSP), (0, 2, OSP), (0, 4, OSP), (0, 5, OSP)],
        "Name 0 has 1 consecutive days from 2025-11-26 to 2025-11-26, at least 2 asked",
    ),
    "limit_consecutive_days_off": (
        limited(Limit(Quantity.CONSECUTIVE_DAYS_OFF, 0, minimum=2, maximum=3), days=6),
        [(0, 1, OSP), (0, 2, MSP), (0, 5, OSP)], [(0, 1, OSP), (0, 3, OSP)],
        "Name 0 has 1 consecutive days off from 2025-11-26 to 2025-11-26, at least 2 asked",
    ),
    "limit_rest_minutes": (
        limited(Limit(Quantity.REST_MINUTES, 0, minimum=20 * 60)),
        [(0, 0, OSP), (0, 0, MSP), (0, 2, MSP)], [(0, 0, MSP), (0, 1, OSP)],
        "Name 0 OSP 2025-11-25 begins 1140 minutes after Name 0 MSP 2025-11-24 ends, at least 1200 asked",
    ),
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


def test_a_maximum_counts_the_run_of_the_history() -> None:
    history = tuple(Assignment(0, day, OSP) for day in (-2, -1))
    most_three = Limit(Quantity.CONSECUTIVE_DAYS, 0, maximum=3)
    with_history = limited(most_three, history=history, history_days=2)
    assert broken(with_history, (0, 0, OSP)) == []
    assert [rule for rule, _ in broken(with_history, (0, 0, OSP), (0, 1, OSP))] == ["limit_consecutive_days"]
    assert broken(limited(most_three), (0, 0, OSP), (0, 1, OSP)) == []


def test_a_run_that_the_history_has_broken_already_is_not_asked_again() -> None:
    history = tuple(Assignment(0, day, OSP) for day in (-4, -3, -2, -1))
    one = limited(Limit(Quantity.CONSECUTIVE_DAYS, 0, maximum=3), history=history, history_days=4)
    assert broken(one) == []
    assert [rule for rule, _ in broken(one, (0, 0, OSP))] == ["limit_consecutive_days"]


def test_a_minimum_is_not_asked_of_a_run_at_the_edge_of_what_is_known() -> None:
    least_two = Limit(Quantity.CONSECUTIVE_DAYS, 0, minimum=2)
    assert broken(limited(least_two), (0, 0, OSP)) == broken(limited(least_two), (0, 2, OSP)) == []
    known = limited(least_two, history_days=1)
    assert [rule for rule, _ in broken(known, (0, 0, OSP))] == ["limit_consecutive_days"]
    assert broken(replace(known, history=(Assignment(0, -1, MSP),)), (0, 0, OSP)) == []
    lone_day_before = replace(known, history=(Assignment(0, -1, MSP),), history_days=2)
    assert [rule for rule, _ in broken(lone_day_before)] == ["limit_consecutive_days"]


def test_days_off_are_asked_only_strictly_inside() -> None:
    least_two = Limit(Quantity.CONSECUTIVE_DAYS_OFF, 0, minimum=2)
    assert broken(limited(least_two), (0, 1, OSP)) == []
    assert [rule for rule, _ in broken(limited(least_two), (0, 0, OSP), (0, 2, OSP))] == ["limit_consecutive_days_off"]
    before = limited(least_two, history=(Assignment(0, -1, OSP),), history_days=1)
    assert [rule for rule, _ in broken(before, (0, 1, OSP))] == ["limit_consecutive_days_off"]


@pytest.mark.parametrize(("day", "rest"), [(date(2026, 3, 27), 480), (date(2026, 3, 28), 420), (date(2026, 10, 24), 540)])
def test_rest_is_counted_in_real_time_when_the_clock_changes(day: date, rest: int) -> None:
    evening, morning = replace(SERVICES[OSP], begin_minute=1200, minutes=180), replace(SERVICES[MSP], begin_minute=420)
    services = (*SERVICES[:OSP], evening, morning)
    one = limited(Limit(Quantity.REST_MINUTES, 0, minimum=600), services=services, first_day=day)
    assert [f"begins {rest} minutes" in message for _, message in broken(one, (0, 0, OSP), (0, 1, MSP))] == [True]


def test_a_night_that_ends_on_the_next_day_is_rested_from() -> None:
    night = replace(SERVICES[OSP], begin_minute=1380, minutes=480)
    one = limited(
        Limit(Quantity.REST_MINUTES, 0, minimum=660), services=(*SERVICES[:OSP], night, replace(SERVICES[MSP], begin_minute=1079))
    )
    assert [rule for rule, _ in broken(one, (0, 0, OSP), (0, 1, MSP))] == ["limit_rest_minutes"]
    assert broken(replace(one, limits=(replace(one.limits[0], minimum=659),)), (0, 0, OSP), (0, 1, MSP)) == []


def test_a_maximum_that_pinned_work_breaks_alone_is_marked() -> None:
    pinned = tuple(Assignment(0, day, OSP) for day in range(3))
    one = limited(Limit(Quantity.DAYS, 0, maximum=2), pinned=pinned)
    assert [v.pinned for v in check(one, Roster.of(pinned))] == [True]
    on_a_pinned_day = check(one, Roster.of([*pinned, Assignment(0, 0, MSP)]))
    assert [v.pinned for v in on_a_pinned_day] == [True]
