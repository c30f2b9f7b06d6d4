"""Rosters in the list, and what of a grid is drawn anew."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from greedy.desk.opened import lay_open
from greedy.formats.tables import PracticeTables
from greedy.model.problem import SlotStatus
from greedy.store.base import RosterSummary
from greedy.store.copies import RosterCopy
from greedy.web.views.grid_changes import GridMemory, Redraw
from greedy.web.views.roster_list import Order, Wanted
from greedy.web.views.roster_page import Shown
from greedy.wording import words_of

NOW = dt.datetime(2025, 11, 1, tzinfo=dt.UTC)


def roster(name: str, start: dt.date, *, weeks: int = 1, status: str = "draft") -> RosterSummary:
    return RosterSummary(id=uuid4(), naam=name, start_date=start, end_date=start + dt.timedelta(days=7 * weeks - 1), status=status)


def copy(of: UUID, one: RosterSummary) -> RosterCopy:
    return RosterCopy(copy_id=one.id, original_id=of, naam=one.naam, actor="Anna", made_at=NOW, original_changed=False)


def test_copies_stand_below_their_roster_and_the_latest_period_first() -> None:
    old, new = roster("old", dt.date(2025, 11, 3)), roster("new", dt.date(2025, 12, 1))
    first, second, deeper, orphan = (roster(name, dt.date(2025, 11, 3)) for name in ("first", "second", "deeper", "orphan"))
    copies = [copy(old.id, first), copy(old.id, second), copy(first.id, deeper), copy(uuid4(), orphan)]
    lines = Wanted().chosen([old, new, first, second, deeper, orphan], copies, words_of("en"))
    assert [line.name for line in lines] == ["new", "old", "second", "first", "deeper", "orphan"]
    assert lines[0].weeks == (49, 49)


WINTER = roster("Winter, praktijk 10", dt.date(2025, 11, 24), weeks=7, status="final")
SPRING = roster("Lente, praktijk 9", dt.date(2026, 3, 2))
TRIAL = roster("Proef met meer nachten", dt.date(2026, 3, 2))


@pytest.mark.parametrize(
    ("find", "found"),
    [
        ("", [SPRING, TRIAL, WINTER]),
        ("WINT", [WINTER]),
        ("praktijk 9", [SPRING, TRIAL]),
        ("praktijk 4", []),  # a number is meant as it stands: not week 48
        ("december 2025", [WINTER]),  # neither its first month nor its last
        ("week 1", [WINTER]),  # a week in the new year
        ("10", [SPRING, TRIAL, WINTER]),  # the week of the one, the name of the other
        ("definitief", [WINTER]),
        ("nachten", [SPRING, TRIAL]),
    ],
)
def test_rosters_are_found_by_name_period_and_state_and_copies_stay_with_their_roster(find: str, found: Sequence[RosterSummary]) -> None:
    lines = Wanted(find=find).chosen([WINTER, SPRING, TRIAL], [copy(SPRING.id, TRIAL)], words_of("nl"))
    assert [line.name for line in lines] == [one.naam for one in found]


@pytest.mark.parametrize(
    ("order", "sorted_so"),
    [
        (Order.PERIOD, ["Rooster 10", "2025, laatste", "rooster 9"]),
        (Order.NAME, ["2025, laatste", "rooster 9", "Rooster 10"]),
        (Order.STATE, ["rooster 9", "2025, laatste", "Rooster 10"]),
    ],
)
def test_rosters_are_sorted(order: Order, sorted_so: list[str]) -> None:
    rosters = [
        roster("Rooster 10", dt.date(2026, 3, 1), status="final"),
        roster("rooster 9", dt.date(2026, 1, 5)),
        roster("2025, laatste", dt.date(2026, 2, 2), status="in_progress"),
    ]
    assert [line.name for line in Wanted(order=order).chosen(rosters, [], words_of("en"))] == sorted_so


def test_only_employees_whose_cells_changed_are_drawn_anew(sample: PracticeTables) -> None:
    before = lay_open(sample, digest="a")
    rows = [row for row in sample.roster_assignments if not (row.employee_id == "EMP005" and row.status is SlotStatus.ACTIVE)]
    after = lay_open(sample.model_copy(update={"roster_assignments": rows}), digest="b")
    memory = GridMemory()
    memory.remember(before)
    assert memory.redraw("a", after) == Redraw((4,), head=True)
    assert memory.redraw("b", after) == Redraw((), head=False)
    assert memory.redraw("forgotten", after) is None
    shorter = sample.model_copy(update={"rosters": [sample.roster.model_copy(update={"naam": "another"})]})
    assert memory.redraw("a", lay_open(shorter, digest="c")) is None
    final = sample.model_copy(update={"rosters": [sample.roster.model_copy(update={"status": "final"})]})
    assert memory.redraw("a", lay_open(final, digest="d")) is None


def test_weeks_and_teams_that_are_shown(sample: PracticeTables) -> None:
    opened = lay_open(sample)
    assert Shown(first_week="2025-49", last_week="2025-50").days(opened) == range(7, 21)
    assert Shown(first_week="2030-01").days(opened) == range(35)
    new_year = replace(opened, problem=replace(opened.problem, first_day=dt.date(2025, 12, 22)))
    assert Shown(first_week="2026-01", last_week="2026-01").days(new_year) == range(7, 14)
    assert {opened.problem.employees[n].team for n in Shown(team="Oranje").people(opened)} == {"Oranje"}
    assert len(Shown(team="nobody's").people(opened)) == 14
