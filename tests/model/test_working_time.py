"""The law of working time: a roster that keeps each rule, one that breaks it, and the constraint's twin."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from greedy.errors import InputError
from greedy.model.law import ATW, WorkingTime
from greedy.model.problem import Assignment, Demand, Problem, Service
from greedy.model.roster import Roster
from greedy.model.rules import check
from greedy.model.working_time import LAW, working_time_findings
from greedy.solve.cpsat import working_time as constraints
from greedy.solve.cpsat.working_time import LAW_CONSTRAINTS
from tests.build import TOT, problem
from tests.solve.cpsat.twin import costs_by_model

DAY, LATE, NIGHT, STANDBY, LONG, EARLY = range(6)
SERVICES = (
    Service("d", "DAY", 0, 480, begin_minute=480),
    Service("l", "LATE", 1, 300, begin_minute=960),  # to 21:00
    Service("n", "NIGHT", 1, 480, begin_minute=1380),  # 23:00 to 07:00
    Service("s", "STANDBY", 1, 900, begin_minute=1020, standby=True),
    Service("x", "LONG", 0, 660, begin_minute=0),  # from midnight
    Service("e", "EARLY", 0, 480, begin_minute=420),
)


def under_law(*, days: int = 30, enforce: bool = True, norms: tuple[tuple[str, int], ...] = (), **changes: object) -> Problem:
    rows = [Demand(day, service, TOT, 1, weight_under=0) for day in range(days) for service in range(len(SERVICES))]
    fields = {
        "services": SERVICES, "capabilities": {(0, s): 99 for s in range(len(SERVICES))}, "blocking_rules": (), "dayparts": ("1", "2"),
        "first_day": date(2025, 11, 24), **changes,
    }  # fmt: skip
    return problem(*rows, days=days, working_time=WorkingTime(enforce, norms), **fields)


def each(service: int, *days: int) -> list[tuple[int, int, int]]:
    return [(0, day, service) for day in days]


# rule -> norms that differ, work that keeps it, work that breaks it, and what is said first
CASES = {
    "shift": ((), each(DAY, 0), [*each(DAY, 0), *each(LATE, 0)], "780 minutes of work on 2025-11-24"),
    "night_shift": ((), each(NIGHT, 0), each(LONG, 0), "660 minutes of work in the night of 2025-11-24"),
    "daily_rest": ((), [*each(LATE, 0, 7), *each(EARLY, 1, 8)], [*each(LATE, 0, 2), *each(EARLY, 1, 3)], "short rest before 2025-11-25 and again before 2025-11-27"),
    "weekly_rest": ((), each(DAY, 0, 1, 2, 3, 4, 6), each(DAY, *range(7)), "no rest of 2160 minutes in the 7 days from 2025-11-24"),
    "week": ((("week", 1440),), each(DAY, 0, 1, 2, 7), each(DAY, 0, 1, 2, 4), "1920 minutes of work in 1 weeks from 2025-11-24, at most 1440"),
    "four_weeks": ((("four_weeks", 1440),), each(DAY, 0, 7, 14, 28), each(DAY, 0, 7, 14, 21), "1920 minutes of work in 4 weeks from 2025-11-24, at most 1440"),
    "sixteen_weeks": ((("sixteen_weeks", 960),), each(DAY, 0, 7, 112), each(DAY, 0, 7, 105), "1440 minutes of work in 16 weeks from 2025-11-24, at most 960"),
    "rest_after_night": ((("daily_rest", 480),), [*each(NIGHT, 0), *each(LATE, 2)], [*each(NIGHT, 0), *each(LATE, 1)], "540 minutes of rest after the night of 2025-11-24"),
    "rest_after_nights": (
        (), [*each(NIGHT, 0, 1, 2), *each(DAY, 5)], [*each(NIGHT, 0, 1, 2), *each(DAY, 4)], "1500 minutes of rest after the nights until 2025-11-26",
    ),
    "nights_in_a_row": ((("weekly_rest", 0),), each(NIGHT, *range(7)), each(NIGHT, *range(8)), "8 nights in a row until 2025-12-01"),
    "standby_days": ((), each(STANDBY, *range(14), 28), each(STANDBY, *range(15)), "standby on 15 days in the 28 until 2025-12-08"),
    "free_pairs": ((), each(STANDBY, *range(0, 24, 2), 27), each(STANDBY, *range(0, 24, 2), 26), "1 times two free days in the 28 from 2025-11-24"),
}  # fmt: skip


def of(rule: str) -> Problem:
    return under_law(days=120 if rule == "sixteen_weeks" else 30, norms=CASES[rule][0])


def roster(work: list[tuple[int, int, int]]) -> Roster:
    return Roster.of(Assignment(*one) for one in work)


def test_every_rule_has_its_case_its_constraint_and_its_source() -> None:
    assert list(CASES) == [rule.__name__ for rule in LAW] == [unit.__name__ for unit in LAW_CONSTRAINTS]
    assert set(CASES) <= set(ATW)


@pytest.mark.parametrize("rule", CASES)
def test_a_legal_roster_is_left_alone(rule: str) -> None:
    one, work = of(rule), roster(CASES[rule][1])
    assert check(one, work) == []
    assert costs_by_model(one, work) is not None


@pytest.mark.parametrize("rule", CASES)
def test_an_illegal_roster_is_named(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    one, work = of(rule), roster(CASES[rule][2])
    violations = check(one, work)
    assert {violation.rule for violation in violations} == {rule}
    assert violations[0].message == f"Name 0: {CASES[rule][3]}"
    assert costs_by_model(one, work) is None
    monkeypatch.setattr(constraints, "LAW_CONSTRAINTS", tuple(unit for unit in LAW_CONSTRAINTS if unit.__name__ != rule))
    assert costs_by_model(one, work) is not None


def test_what_is_not_enforced_is_reported_with_its_source() -> None:
    one = under_law(enforce=False)
    work = roster(CASES["shift"][2])
    assert check(one, work) == []
    found = working_time_findings(one, work)
    assert [(f.rule, f.enforced, f.source) for f in found] == [("shift", False, "art. 5:7")]
    assert working_time_findings(replace(one, working_time=None), work) == []


def test_a_long_rest_in_two_weeks_excuses_what_is_reported_only() -> None:
    work = roster([*each(DAY, *range(7))])
    assert working_time_findings(under_law(enforce=False, days=14), work) == []
    assert {v.rule for v in check(under_law(days=14), work)} == {"weekly_rest"}


def test_an_unknown_norm_is_refused() -> None:
    with pytest.raises(InputError):
        under_law(norms=(("nap", 20),))


@st.composite
def rosters(draw: st.DrawFn) -> tuple[Problem, Roster]:
    days, history_days = draw(st.sampled_from((8, 30))), draw(st.sampled_from((0, 5)))

    def work(first: int, last: int) -> set[Assignment]:
        one = st.builds(Assignment, st.just(0), st.integers(first, last), st.integers(0, len(SERVICES) - 1))
        return {
            Assignment(0, day, service)
            for (day, _), service in {(a.day, SERVICES[a.service].daypart): a.service for a in draw(st.lists(one, max_size=9))}.items()
        }

    planned = work(0, days - 1)
    pinned = frozenset(a for a in planned if draw(st.booleans()))
    names = st.sampled_from(("week", "weekly_rest", "free_pairs", "standby_days", "nights_in_a_row", "night_series", "four_weeks"))
    norms = tuple(draw(st.dictionaries(names, st.sampled_from((1, 2, 900, 6000)), max_size=2)).items())
    one = under_law(
        days=days,
        norms=norms,
        pinned=tuple(pinned),
        history=tuple(work(-history_days, -1)) if history_days else (),
        history_days=history_days,
    )
    return one, Roster.of(planned)


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(rosters())
def test_constraints_and_checks_agree_on_any_roster(case: tuple[Problem, Roster]) -> None:
    one, work = case
    legal = all(violation.pinned for violation in check(one, work))
    assert (costs_by_model(one, work) is not None) is legal, [v.message for v in check(one, work)]
