"""Rosters in the list, and what of a grid is drawn anew."""

from __future__ import annotations

import datetime as dt
from uuid import UUID, uuid4

from greedy.desk.opened import lay_open
from greedy.formats.tables import PracticeTables
from greedy.model.problem import SlotStatus
from greedy.store.base import RosterSummary
from greedy.store.copies import RosterCopy
from greedy.web.views.grid_changes import GridMemory, Redraw
from greedy.web.views.roster_list import roster_lines
from greedy.web.views.roster_page import Shown

NOW = dt.datetime(2025, 11, 1, tzinfo=dt.UTC)


def roster(name: str, start: dt.date) -> RosterSummary:
    return RosterSummary(id=uuid4(), naam=name, start_date=start, end_date=start + dt.timedelta(days=6), status="draft")


def copy(of: UUID, one: RosterSummary) -> RosterCopy:
    return RosterCopy(copy_id=one.id, original_id=of, naam=one.naam, actor="Anna", made_at=NOW, original_changed=False)


def test_copies_stand_below_their_roster_and_the_latest_period_first() -> None:
    old, new = roster("old", dt.date(2025, 11, 3)), roster("new", dt.date(2025, 12, 1))
    first, second, deeper, orphan = (roster(name, dt.date(2025, 11, 3)) for name in ("first", "second", "deeper", "orphan"))
    copies = [copy(old.id, first), copy(old.id, second), copy(first.id, deeper), copy(uuid4(), orphan)]
    lines = roster_lines([old, new, first, second, deeper, orphan], copies)
    assert [line.name for line in lines] == ["new", "old", "second", "first", "deeper", "orphan"]
    assert lines[0].weeks == (49, 49)


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


def test_weeks_and_teams_that_are_shown(sample: PracticeTables) -> None:
    opened = lay_open(sample)
    assert Shown(first_week="2025-49", last_week="2025-50").days(opened) == range(7, 21)
    assert Shown(first_week="2030-01").days(opened) == range(35)
    assert {opened.problem.employees[n].team for n in Shown(team="Oranje").people(opened)} == {"Oranje"}
    assert len(Shown(team="nobody's").people(opened)) == 14
