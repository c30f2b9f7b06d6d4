"""Candidates for an open shift: the best first, and why."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from dataclasses import replace

import pytest

from greedy.desk.candidates import Candidate, candidates
from greedy.desk.opened import OpenRoster
from greedy.errors import InputError
from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables
from greedy.model.changes import applied
from greedy.model.clock import is_night
from greedy.model.problem import Assignment, Slot
from greedy.model.result import Obstacle
from greedy.model.wishes import Request
from greedy.solve.fill import demand_order
from greedy.workspace import Workspace
from tests.desk.rosters import code, laid, own_work, with_work, without_work


@pytest.fixture(scope="module")
def opened(planned: PracticeTables) -> OpenRoster:
    """The sample, planned by the greedy fill."""
    return laid(planned)


def who(found: list[Candidate], employee: int) -> Candidate:
    """One of the candidates."""
    return next(one for one in found if one.employee == employee)


@pytest.mark.parametrize("is_planned", [False, True])
def test_the_first_one_is_whom_the_fill_would_take(sample: PracticeTables, opened: OpenRoster, is_planned: bool) -> None:
    half = laid(with_work(without_work(sample), opened.roster.assignments[::2] if is_planned else ()))
    for row in demand_order(half.problem)[::9]:
        workspace = Workspace(half.problem, half.roster)
        names = [half.problem.employees[one.employee].name for one in candidates(half, row) if one.fits]
        taken = []
        for team in half.problem.demand_teams[half.problem.demand[row].team].served_by:
            able = workspace.candidates(row, team)
            left = {e: workspace.capacity_left(e, half.problem.demand[row].service) for e in able}
            ordered = sorted(able, key=lambda e: (-left[e], workspace.shifts[e], half.problem.employees[e].name))
            taken += [half.problem.employees[e].name for e in ordered]
        assert names == taken


def test_everybody_stands_in_the_list_once_and_those_who_fit_first(opened: OpenRoster) -> None:
    assert opened.missing
    for row in opened.missing:
        found = candidates(opened, row)
        assert sorted(one.employee for one in found) == list(range(14))
        assert sorted(found, key=lambda one: not one.fits) == found
        workspace = Workspace(opened.problem, opened.roster)
        assert all(one.obstacle == workspace.obstacle(one.employee, row) for one in found)


def test_what_would_have_to_change_is_enough(opened: OpenRoster) -> None:
    tried = 0
    for row in opened.missing:
        for one in candidates(opened, row):
            if one.changes:
                then = Workspace(applied(opened.problem, one.changes), opened.roster)
                assert then.obstacle(one.employee, row) is None
                assert len(one.remedy) == len(one.changes)
                tried += 1
    assert tried


def test_little_comes_before_much_and_what_cannot_be_comes_last(opened: OpenRoster) -> None:
    for row in opened.missing:
        others = [one for one in candidates(opened, row) if not one.fits]
        last = {Obstacle.OTHER_TEAM, Obstacle.NOT_QUALIFIED, Obstacle.INACTIVE}
        costs = [(one.obstacle in last, not one.changes, len(one.changes)) for one in others]
        assert costs == sorted(costs)


def test_what_stands_in_the_way_is_told(opened: OpenRoster) -> None:
    duty = own_work(opened, "DIO")[0]
    row = next(n for n, one in enumerate(opened.problem.demand) if (one.day, one.service) == (duty.day, code(opened.problem, "MSP")))
    one = who(candidates(opened, row), duty.employee)
    told = {Obstacle.BLOCKED: f"rest for {opened.problem.describe(duty)}", Obstacle.CAPACITY_USED: "are planned", Obstacle.OTHER_TEAM: ""}
    assert one.obstacle in told
    assert told[one.obstacle] in one.detail
    details = {c.obstacle: c.detail for r in opened.missing for c in candidates(opened, r)}
    assert details[Obstacle.CAPACITY_USED].startswith("all ")
    assert details[Obstacle.WORKS].startswith("works ")
    assert details[Obstacle.UNAVAILABLE] in ("", "a fixed weekly absence")


def test_reasons_speak_of_team_capacity_load_and_wishes(opened: OpenRoster) -> None:
    problem = opened.problem
    row = next(n for n, one in enumerate(problem.demand) if one.service == code(problem, "DIA") and problem.date_of(one.day).weekday() == 5)
    demand = problem.demand[row]
    someone = next(n for n, one in enumerate(problem.employees) if (n, demand.service) in problem.capabilities and one.team == "Groen")
    fond = replace(problem.employees[someone], preferred=frozenset({demand.service}))
    wishing = replace(
        problem,
        employees=tuple(fond if n == someone else one for n, one in enumerate(problem.employees)),
        requests=(
            Request(someone, demand.day, wanted=True, weight=1),
            Request(someone, demand.day, wanted=False, weight=1, daypart=0),
            Request(someone, demand.day, wanted=False, weight=1, service=0),
            Request(someone, demand.day + 1, wanted=False, weight=1),
        ),
    )
    found = candidates(replace(opened, problem=wishing), row)
    assert [one.employee for one in found if "would rather work DIA than others" in one.reasons] == [someone]
    said = who(found, someone).reasons
    assert said[0].startswith("team Groen, which ")
    assert [one.split()[1] for one in said[1:5]] == ["of", "shifts", "weekend", "nights"]
    assert said[5:] == ("would rather work DIA than others", "asked to work then")


def test_the_load_is_what_she_works_beside_the_mean_of_those_who_can_be_planned(opened: OpenRoster) -> None:
    later = replace(opened.problem, first_day=opened.problem.first_day + dt.timedelta(1))  # on a Tuesday, as rosters of some practices
    gone = next(number for number, one in enumerate(later.employees) if any(a.employee == number for a in opened.roster.assignments))
    without = tuple(replace(one, active=False) if number == gone else one for number, one in enumerate(later.employees))
    problem = replace(later, employees=without)
    row = next(n for n, one in enumerate(problem.demand) if one.service == code(problem, "DIA") and problem.date_of(one.day).weekday() == 5)
    work = opened.roster.assignments
    kinds = {
        "shifts": Counter(a.employee for a in work),
        "weekend shifts": Counter(a.employee for a in work if problem.date_of(a.day).isoweekday() > 5),
        "nights": Counter(a.employee for a in work if is_night(problem.services[a.service])),
    }
    active = [number for number in range(14) if number != gone]
    means = {kind: round(sum(counts[number] for number in active) / 13, 1) for kind, counts in kinds.items()}
    for one in candidates(replace(opened, problem=problem), row):
        told = [reason for reason in one.reasons if reason.endswith(" on average")]
        assert told == [f"{kinds[kind][one.employee]} {kind} so far, {means[kind]} on average" for kind in kinds]


def test_who_works_a_service_more_often_than_allowed_has_none_of_it_left(opened: OpenRoster) -> None:
    problem = opened.problem
    busy, day, service = own_work(opened, "MSP")[0]
    fewer = replace(opened, problem=replace(problem, capabilities={**problem.capabilities, (busy, service): 0}))
    row = next(n for n, one in enumerate(problem.demand) if one.service == service and one.day != day)
    assert "0 of 0 MSP left" in who(candidates(fewer, row), busy).reasons


def test_a_row_is_found_by_what_a_planner_sees(opened: OpenRoster) -> None:
    for row in list(opened.missing)[:5]:
        demand = opened.problem.demand[row]
        service, team = opened.problem.services[demand.service].code, opened.problem.demand_teams[demand.team].code
        assert opened.demand_row(opened.problem.date_of(demand.day), service, team) == row
    with pytest.raises(InputError, match="no GRB of team ORA is asked for on 2025-11-23"):
        opened.demand_row(opened.problem.first_day.replace(day=23), "GRB", "ORA")


def test_the_law_cautions_who_fits(sample: PracticeTables) -> None:
    blank = without_work(sample)
    problem = to_problem(blank)
    osp, msp = code(problem, "OSP"), code(problem, "MSP")
    services = [row.model_copy(update={"duur_minuten": 900} if row.code == "MSP" else {}) for row in blank.service_types]
    row = next(n for n, one in enumerate(problem.demand) if one.service == osp and one.day > 0)
    day = problem.demand[row].day
    opened = laid(blank.model_copy(update={"service_types": services}))
    one = next(c for c in candidates(opened, row) if c.fits and Slot(c.employee, day - 1, 1) not in problem.unavailable)
    assert one.cautions == ()
    late = laid(with_work(opened.tables, [Assignment(one.employee, day - 1, msp)]))
    assert [finding.rule for finding in who(candidates(late, row), one.employee).cautions] == ["rest_after_night", "daily_rest"]
