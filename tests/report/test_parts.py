"""Weeks, loads, fairness, bottlenecks, rules and slots of the report."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

from hypothesis import given, settings

from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables
from greedy.model.law import WorkingTime
from greedy.model.problem import Assignment, Demand, Problem, Slot
from greedy.model.roster import Roster
from greedy.model.rules import RULES, check
from greedy.model.working_time import LAW
from greedy.report import Report, build_report
from greedy.solve.explain import explain_open_demand
from greedy.solve.solve import solve
from greedy.wording import Words, words_of
from tests.build import DIA, DIO, GRO, MIDDAY, MORNING, MSP, OSP, TOT, problem, rich_problems

DUTCH = words_of("nl")


def report(one: Problem, roster: Roster, words: Words = DUTCH) -> Report:
    return build_report(one, roster, name="Test", open_demand=explain_open_demand(one, roster), bound=one.required, words=words)


def test_weeks_are_those_of_dutch_calendars() -> None:
    """2025-12-29 lies in week 1 of 2026, and a week in which nothing is asked is told too."""
    one = problem(Demand(0, OSP, TOT, 2), Demand(4, OSP, TOT, 1), days=15, first_day=date(2025, 12, 26))
    found = report(one, Roster.of([Assignment(0, 4, OSP)])).weeks
    assert [(week.year, week.week, str(week.first_date), str(week.last_date), week.needed, week.open, week.percent) for week in found] == [
        (2025, 52, "2025-12-26", "2025-12-28", 2, 2, 0.0),
        (2026, 1, "2025-12-29", "2026-01-04", 1, 0, 100.0),
        (2026, 2, "2026-01-05", "2026-01-09", 0, 0, 100.0),
    ]


def test_nearly_all_is_not_all() -> None:
    one = problem(Demand(0, OSP, TOT, 2000), teams=("Groen",) * 2000, capacity=1)
    found = report(one, Roster.of(Assignment(e, 0, OSP) for e in range(1999)))
    assert (found.status, found.coverage.percent, found.coverage.open) == ("NEAR COMPLETE", 99.9, 1)


def test_the_load_of_an_employee() -> None:
    one = problem(Demand(0, OSP, TOT, 1), days=7, unavailable=frozenset({Slot(0, 3, MORNING)}), pinned=(Assignment(0, 0, OSP),))
    services = tuple(replace(s, begin_minute=1020 if n == DIA else 480, standby=n == DIA) for n, s in enumerate(one.services))
    one = replace(one, services=services)  # DIA from 17:00 to 08:00: a night of standby
    roster = Roster.of([Assignment(0, 0, OSP), Assignment(0, 5, DIO), Assignment(0, 5, DIA), Assignment(0, 6, MSP)])
    load = report(one, roster).employees[0]
    assert (load.shifts, load.pinned, load.days, load.weekend_days, load.weekends) == (4, 1, 3, 2, 1)
    assert (load.nights, load.system_shifts, load.hours, load.standby_hours) == (1, 2, 33.0, 15.0)
    assert (load.services, load.unavailable_slots, load.blocked_slots) == ({"DIA": 1, "DIO": 1, "MSP": 1, "OSP": 1}, 1, 2)


def test_fairness_looks_at_those_who_may_do_the_work_and_at_their_contracts() -> None:
    one = problem(Demand(0, DIO, TOT, 1), teams=("Groen",) * 4, days=7)
    half = tuple(replace(e, contract=1 if n else 2, active=n != 3) for n, e in enumerate(one.employees))
    able = {key: most for key, most in one.capabilities.items() if key not in ((2, DIO), (2, DIA))}
    one = replace(one, employees=half, capabilities=able)
    roster = Roster.of([Assignment(0, 0, DIO), Assignment(0, 0, DIA), Assignment(1, 1, DIO), Assignment(0, 3, OSP), Assignment(2, 4, OSP)])
    found = {fair.kind: fair for fair in report(one, roster).fairness}
    system, shifts = found["system services"], found["shifts"]
    assert (system.employees, system.mean, system.least, system.most, system.most_for) == (2, 1.5, 1, 2, ["Name 0"])
    assert system.deviation == 0  # two of three system services for two of three parts of a contract
    assert (shifts.employees, shifts.least_for, shifts.most_for) == (3, ["Name 1", "Name 2"], ["Name 0"])
    assert shifts.deviation == 0.4  # shares 2.5, 1.25, 1.25; worked 3, 1, 1


def test_bottlenecks_are_where_there_is_no_room() -> None:
    one = problem(
        *(Demand(day, OSP, TOT, 1) for day in range(3)), Demand(0, MSP, TOT, 1), Demand(1, MSP, GRO, 1),
        teams=("Groen", "Oranje"), capacity=9, unavailable=frozenset({Slot(0, 2, MORNING)}),
    )  # fmt: skip
    capabilities = {**one.capabilities, (0, OSP): 1, (1, OSP): 1, (0, MSP): 1}
    one = replace(one, capabilities=capabilities)
    roster = Roster.of([Assignment(0, 0, OSP), Assignment(1, 2, OSP), Assignment(1, 0, MSP), Assignment(0, 1, MSP)])
    found = report(one, roster, words_of("en"))
    assert [(tight.kind, tight.service_code, tight.team, tight.asked, tight.possible, tight.open) for tight in found.bottlenecks] == [
        ("service", "OSP", None, 3, 2, 1),
        ("service", "MSP", "GRO", 1, 1, 0),
        ("dagdeel", None, None, 1, 1, 0),
        ("dagdeel", None, None, 1, 1, 0),
    ]
    assert [tight.message for tight in found.bottlenecks if tight.kind == "dagdeel" or tight.open] == [
        "OSP: 3 asked, the staff may work 2, 1 open",
        "2025-11-25 M: 1 asked, 1 there, 0 open",  # who is there and of another team does not count
        "2025-11-26 O: 1 asked, 1 there, 0 open; absent: Name 0",
    ]
    assert "OSP: 3 asked, all together may work 2: allow 1 more, for Name 0 or Name 1" in found.recommendations


def test_who_rests_from_before_the_roster_is_not_there() -> None:
    one = problem(Demand(0, OSP, TOT, 1), teams=("Groen", "Oranje"), blocked=frozenset({Slot(0, 0, MORNING)}))
    (tight,) = report(one, Roster.of([Assignment(1, 0, OSP)]), words_of("en")).bottlenecks
    assert tight.message == "2025-11-24 O: 1 asked, 1 there, 0 open; absent: Name 0"


def test_of_a_pair_that_half_is_to_be_allowed_once_more_which_is_used_up() -> None:
    pair = problem(Demand(0, DIO, TOT, 1), Demand(0, DIA, TOT, 1))
    for dio, said in ((9, "DIA"), (0, "DIO and DIA")):
        one = replace(pair, capabilities={(0, DIO): dio, (0, DIA): 0})
        first = report(one, Roster(()), words_of("en")).recommendations[0]
        assert first == f"DIO TOT on 2025-11-24 O: allow one more {said} for Name 0"


def test_what_others_could_take_over_comes_before_asking_for_more() -> None:
    one = problem(Demand(0, OSP, TOT, 1), Demand(1, OSP, TOT, 1), teams=("Groen",) * 2, unavailable=frozenset({Slot(1, 1, MORNING)}))
    one = replace(one, capabilities={(0, OSP): 1, (1, OSP): 1})
    found = report(one, Roster.of([Assignment(0, 0, OSP)]), words_of("en"))
    assert found.open_demand[0].one_more_for == ["Name 0"]
    moves = "Name 0 takes OSP 2025-11-25 instead of OSP 2025-11-24, Name 1 takes OSP 2025-11-24"
    assert found.recommendations == [f"OSP TOT on 2025-11-25 O: {moves}"]


def test_whoever_takes_or_gives_up_half_of_a_pair_takes_or_gives_up_both() -> None:
    pairs = [Demand(day, service, TOT, 1) for day in (0, 2) for service in (DIO, DIA)]
    one = problem(*pairs, teams=("Groen",) * 2, unavailable=frozenset({Slot(1, 2, MORNING)}))
    one = replace(one, capabilities={(employee, service): 1 for employee in (0, 1) for service in (DIO, DIA)})
    found = report(one, Roster.of([Assignment(0, 0, DIO), Assignment(0, 0, DIA)]), words_of("en"))
    moves = "Name 0 takes DIO and DIA 2025-11-26 instead of DIO and DIA 2025-11-24, Name 1 takes DIO and DIA 2025-11-24"
    assert found.recommendations == [f"DIO TOT on 2025-11-26 O: {moves}", f"DIA TOT on 2025-11-26 A: {moves}"]


def test_every_rule_and_every_article_is_told(sample: PracticeTables) -> None:
    one = replace(to_problem(sample), working_time=WorkingTime())
    roster = Roster.of({*solve(one, "greedy").roster.assignments, Assignment(0, 0, 0)})
    found = report(one, roster)
    assert [rule.rule for rule in found.rules] == [rule.__name__ for rule in RULES]
    assert sum(rule.broken for rule in found.rules) == len(found.violations) == len(check(one, roster)) > 0
    pinned = replace(one, pinned=(*one.pinned, Assignment(0, 0, 0)))
    assert {rule.rule: rule.pinned for rule in report(pinned, roster).rules}["pairs"] == 1
    assert {rule.rule: rule.pinned for rule in found.rules}["pairs"] == 0
    assert found.law is not None
    assert [law.rule for law in found.law] == [rule.__name__ for rule in LAW]
    assert sum(law.findings for law in found.law) == len(found.working_time)
    assert found.law[0].meaning == "720 minuten werk per dienst, hoogstens"
    assert report(to_problem(sample), roster).law is None


def test_blocked_and_unavailable_slots_are_listed_with_their_duties() -> None:
    one = problem(unavailable=frozenset({Slot(0, 2, MORNING)}), blocked=frozenset({Slot(0, 0, MIDDAY)}))
    found = report(one, Roster.of([Assignment(0, 1, DIO), Assignment(0, 1, DIA)]))
    assert [(str(line.date), line.dagdeel, line.service_code, str(line.service_date)) for line in found.blocked] == [
        ("2025-11-24", "M", None, "None"),
        ("2025-11-25", "M", "DIO", "2025-11-25"),
        ("2025-11-26", "M", "DIO", "2025-11-25"),
    ]
    assert [(str(line.date), line.dagdeel) for line in found.unavailable] == [("2025-11-26", "O")]


@given(rich_problems())
@settings(max_examples=30)
def test_the_parts_of_any_report_add_up(one: Problem) -> None:
    one = replace(one, working_time=WorkingTime())
    roster = solve(one, "greedy").roster
    found = report(one, roster)
    for part in (found.services, found.teams, found.weeks, found.days):
        assert sum(row.needed for row in part) == found.coverage.needed == one.required
        assert sum(row.assigned for row in part) == found.coverage.assigned
        assert all(row.open == row.needed - row.assigned and (row.percent == 100.0) is (row.open == 0) for row in part)
    assert len(found.blocked) == found.slots.blocked == sum(load.blocked_slots for load in found.employees)
    assert len(found.unavailable) == found.slots.unavailable == sum(load.unavailable_slots for load in found.employees)
    assert all(sum(load.services.values()) == load.shifts for load in found.employees)
    assert (len(found.days) == 0) or max(day.date for day in found.days) <= found.end_date
    assert Report.model_validate_json(found.model_dump_json()) == found
