"""Two rosters side by side: which one is better in what, and for whom something is different."""

from __future__ import annotations

from dataclasses import replace

import pytest

from greedy.desk.opened import OpenRoster, lay_open
from greedy.formats.tables import PracticeTables
from greedy.model.problem import Assignment
from greedy.model.roster import Roster
from greedy.report.grid import SATURDAY
from greedy.web.views.side_by_side import changed_people, facing_grids, side_by_side


@pytest.fixture(scope="module")
def opened(sample: PracticeTables) -> OpenRoster:
    """The sample."""
    return lay_open(sample)


def with_work(opened: OpenRoster, work: list[Assignment]) -> OpenRoster:
    """The roster with this work alone."""
    return replace(opened, roster=Roster.of(work), violations=())


def test_less_is_better_whichever_side_it_stands_on(opened: OpenRoster) -> None:
    demand = next(one for one in opened.problem.demand if one.required)
    fuller, empty = with_work(opened, [Assignment(0, demand.day, demand.service)]), with_work(opened, [])
    for left, right, better in ((fuller, empty, "left"), (empty, fuller, "right"), (empty, empty, None)):
        assert side_by_side(left, right)[0].better == better
    evenly = with_work(opened, [Assignment(employee, 0, demand.service) for employee in range(len(opened.problem.employees))])
    for left, right, better in ((evenly, fuller, "left"), (fuller, evenly, "right"), (evenly, empty, None)):
        assert side_by_side(left, right)[2].better == better


def test_a_day_at_the_weekend_counts_once_and_nobody_who_cannot_be_planned(opened: OpenRoster) -> None:
    saturday = next(day for day in range(7) if opened.problem.date_of(day).weekday() == SATURDAY)
    morning, evening = (next(n for n, one in enumerate(opened.problem.services) if one.daypart == part) for part in (0, 2))
    busy = with_work(opened, [Assignment(0, saturday, morning), Assignment(0, saturday, evening)])
    assert [facing.left for facing in side_by_side(busy, busy)[2:4]] == ["0 – 2", "0 – 1"]
    first, *others = opened.problem.employees
    gone = replace(busy, problem=replace(opened.problem, employees=(replace(first, active=False), *others)))
    assert [facing.left for facing in side_by_side(gone, gone)[2:4]] == ["0 – 0", "0 – 0"]


def test_people_are_known_by_their_ids_whatever_their_order(opened: OpenRoster) -> None:
    service = next(n for n, one in enumerate(opened.problem.services) if one.daypart == 0)
    first, second, *others = opened.problem.employees
    turned = replace(opened, problem=replace(opened.problem, employees=(second, first, *others)))
    left, right = with_work(opened, [Assignment(0, 3, service)]), with_work(turned, [Assignment(1, 3, service)])
    assert [changed_people(grid) for grid in facing_grids(left, right)] == [[], []]
    moved = with_work(turned, [Assignment(0, 3, service)])
    assert [changed_people(grid) for grid in facing_grids(left, moved)] == [[0, 1], [0, 1]]
