"""What dialogs and panels tell of a roster."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from uuid import UUID, uuid4

import pytest

from greedy.desk.opened import OpenRoster, lay_open
from greedy.desk.outlook import Outlook
from greedy.formats.tables import PracticeTables
from greedy.model.message import Message
from greedy.model.problem import Slot, SlotStatus
from greedy.model.result import Obstacle, OpenDemand
from greedy.model.rules import Violation
from greedy.model.working_time import Finding
from greedy.store.changes import SlotChange, SlotContent
from greedy.web.views.cell import cell_view
from greedy.web.views.cell_form import CellAsked, fingerprint
from greedy.web.views.change_words import change_said
from greedy.web.views.open_shifts import open_shifts
from greedy.web.views.outlook import SLOTS_TOLD, outlook_view
from greedy.wording import ENGLISH

DAY = dt.date(2025, 11, 29)
BROKEN = Violation("qualified", Message("not qualified"), (), pinned=False)
FOUND = Finding("daily_rest", Message("too little rest"), "Atw 5:3", (), enforced=False)


@pytest.fixture(scope="module")
def opened(sample: PracticeTables) -> OpenRoster:
    """The sample."""
    return lay_open(sample)


def asked(**more: object) -> CellAsked:
    """A cell of the sample in which nothing stands."""
    return CellAsked.model_validate({"employee": "EMP001", "date": DAY, "dagdeel": "M", **more})


def test_services_that_she_may_work_come_first_and_none_that_is_out_of_use(sample: PracticeTables, opened: OpenRoster) -> None:
    services = cell_view(opened, asked(), ENGLISH).services
    strange = [choice.hint == "not qualified" for choice in services]
    assert strange == sorted(strange)
    assert 0 < sum(strange) < len(strange)
    last = services[0].code
    rows = [row.model_copy(update={"actief": row.code != last}) for row in sample.service_types]
    without = cell_view(lay_open(sample.model_copy(update={"service_types": rows})), asked(), ENGLISH).services
    assert [choice.code for choice in without] == [choice.code for choice in services if choice.code != last]


def test_cells_of_several_parts_of_the_day_are_offered_no_service(opened: OpenRoster) -> None:
    view = cell_view(opened, asked(until_dagdeel="A"), ENGLISH)
    assert (len(view.slots), view.services) == (2, [])
    assert "unavailable" in [choice.value for choice in view.others]


def test_cells_may_be_chosen_backwards(opened: OpenRoster) -> None:
    forwards = asked(dagdeel="O", until=DAY + dt.timedelta(1), until_dagdeel="A")
    backwards = asked(date=DAY + dt.timedelta(1), dagdeel="A", until=DAY, until_dagdeel="O")
    assert len(forwards.slots(opened)) == 6
    assert backwards.slots(opened) == forwards.slots(opened)


@pytest.mark.parametrize(("written", "shown"), [("Blocked by DIA of yesterday", ""), ("ask first", "ask first")])
def test_a_note_of_the_program_is_not_offered_as_her_own(sample: PracticeTables, written: str, shown: str) -> None:
    key = {"employee_id": "EMP001", "date": DAY, "dagdeel": "M"}
    row = sample.roster_assignments[0].model_copy(update={**key, "status": SlotStatus.OPEN, "service_id": None, "notes": written})
    rows = [one for one in sample.roster_assignments if (one.employee_id, one.date, one.dagdeel) != tuple(key.values())]
    view = cell_view(lay_open(sample.model_copy(update={"roster_assignments": [*rows, row]})), asked(), ENGLISH)
    assert view.note == shown


def test_to_agree_is_to_agree_with_every_rule_that_breaks(opened: OpenRoster) -> None:
    outlooks = [Outlook(broken=(BROKEN,)), Outlook(findings=(FOUND,)), Outlook(broken=(BROKEN,), findings=(FOUND,))]
    assert len({fingerprint(one) for one in outlooks}) == 3
    assert all(outlook_view(opened, one, ENGLISH).although == fingerprint(one) for one in outlooks)
    for nothing_to_agree_with in (Outlook(), Outlook(impossible=(Message("the roster is final"),))):
        assert outlook_view(opened, nothing_to_agree_with, ENGLISH).although == ""


def test_of_much_rest_some_is_told_and_how_much_more_there_is(opened: OpenRoster) -> None:
    rest = tuple(Slot(0, day, 0) for day in range(SLOTS_TOLD + 2))
    view = outlook_view(opened, Outlook(blocked=rest, freed=rest[:SLOTS_TOLD]), ENGLISH)
    assert view.blocked == f"{view.freed} … +2"
    assert view.freed.count("morning") == SLOTS_TOLD


def test_rest_that_follows_is_no_cell_more(opened: OpenRoster) -> None:
    service = UUID(next(one.id for one in opened.problem.services if one.code == "DIO"))
    rest = SlotContent(status=SlotStatus.BLOCKED)
    work = SlotContent(status=SlotStatus.ACTIVE, service_id=service, source="manual")
    slots = [
        SlotChange(employee_id="EMP001", date=DAY, dagdeel="A", before=SlotContent(), after=rest),
        SlotChange(employee_id="EMP001", date=DAY, dagdeel="O", before=SlotContent(), after=work),
    ]
    assert change_said(opened, slots, ENGLISH) == "Anna Mulder, Sat 29 Nov, morning: nothing → DIO, pinned"
    more = [slot.model_copy(update={"employee_id": str(uuid4())}) for slot in slots[1:] * 2]
    assert change_said(opened, [*slots, *more], ENGLISH).endswith("nothing → DIO, pinned, and 2 more cells")


def test_open_shifts_come_in_the_order_of_the_day_and_reasons_by_how_many_they_hold_back(opened: OpenRoster) -> None:
    day = opened.problem.demand[next(iter(opened.missing))].day
    reasons = {Obstacle.WORKS: 1, Obstacle.NOT_QUALIFIED: 8, Obstacle.UNAVAILABLE: 3}
    explained = [OpenDemand(row, 1, reasons) for row in opened.missing if opened.problem.demand[row].day == day]
    (told,) = open_shifts(opened, reversed(explained))
    assert "".join(dict.fromkeys(one.dagdeel for one in told.shifts)) == "OMA"
    assert told.missing == len(explained)
    assert [count for _, count in told.shifts[0].reasons] == [8, 3, 1]


def test_a_week_is_that_of_its_own_date(opened: OpenRoster) -> None:
    new_year = replace(opened, problem=replace(opened.problem, first_day=dt.date(2025, 12, 22)))
    day = {new_year.problem.date_of(new_year.problem.demand[row].day): row for row in new_year.missing}[dt.date(2025, 12, 30)]
    assert [(one.date, one.week) for one in open_shifts(new_year, [OpenDemand(day, 1, {})])] == [(dt.date(2025, 12, 30), 1)]
