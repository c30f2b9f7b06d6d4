"""Changed slots are told as people see them."""

from __future__ import annotations

import datetime as dt
from uuid import uuid4

import pytest

from greedy.formats.tables import PracticeTables
from greedy.model.problem import SlotStatus
from greedy.store.changes import SlotChange, SlotContent
from greedy.web.views.slot_lines import Turn, Worked, by_employee, turn_of

DAY = dt.date(2025, 11, 24)
OPEN = SlotContent()
ABSENT = SlotContent(status=SlotStatus.UNAVAILABLE)
BLOCKED = SlotContent(status=SlotStatus.BLOCKED)


def work(service: object, source: str = "greedy", notes: str | None = None) -> SlotContent:
    return SlotContent(status=SlotStatus.ACTIVE, service_id=service, source=source, notes=notes)


def slot(before: SlotContent, after: SlotContent, employee: str = "7", date: dt.date = DAY, dagdeel: str = "O") -> SlotChange:
    return SlotChange(employee_id=employee, date=date, dagdeel=dagdeel, before=before, after=after)


ONE, TWO = uuid4(), uuid4()


@pytest.mark.parametrize(
    ("before", "after", "turn"),
    [
        (OPEN, work(ONE), Turn.CAME),
        (BLOCKED, work(ONE), Turn.CAME),
        (work(ONE), OPEN, Turn.WENT),
        (work(ONE), ABSENT, Turn.WENT),
        (work(ONE), work(TWO), Turn.OTHER),
        (work(ONE), work(ONE, "manual"), Turn.PINNED),
        (work(ONE, "manual"), work(ONE), Turn.UNPINNED),
        (work(ONE), work(ONE, notes="asked"), Turn.NOTED),
        (work(ONE), work(ONE), None),
        (OPEN, ABSENT, Turn.ABSENT),
        (ABSENT, OPEN, Turn.PRESENT),
        (OPEN, BLOCKED, Turn.BLOCKED),
        (BLOCKED, OPEN, Turn.FREED),
        (BLOCKED, ABSENT, Turn.ABSENT),
        (OPEN, SlotContent(notes="asked"), Turn.NOTED),
        (OPEN, OPEN, None),
    ],
)
def test_every_change_has_its_word(before: SlotContent, after: SlotContent, turn: Turn | None) -> None:
    assert turn_of(slot(before, after)) is turn


def test_people_come_by_name_and_slots_by_time(sample: PracticeTables) -> None:
    first, second = sorted(sample.employees, key=lambda row: row.name)[:2]
    service = sample.service_types[0]
    later = DAY + dt.timedelta(days=1)
    lines = by_employee(
        [
            slot(OPEN, work(service.id, "manual"), second.id),
            slot(work(service.id), OPEN, first.id, later, "O"),
            slot(OPEN, work(service.id), first.id, DAY, "A"),
            slot(OPEN, work(service.id), first.id, DAY, "M"),
            slot(OPEN, BLOCKED, first.id, later, "M"),
        ],
        sample,
    )
    assert [one.name for one in lines] == [first.name, second.name]
    assert [(line.date, line.dagdeel, line.turn) for line in lines[0].lines] == [
        (DAY, "M", Turn.CAME),
        (DAY, "A", Turn.CAME),
        (later, "O", Turn.WENT),
    ]
    number = sorted(row.code for row in sample.service_types).index(service.code)
    assert lines[1].lines[0].after == Worked(service.code, number, pinned=True)
    assert lines[0].lines[2].before == Worked(service.code, number, pinned=False)


def test_names_come_in_the_order_of_a_telephone_book(sample: PracticeTables) -> None:
    names = {one.id: name for one, name in zip(sample.employees, ("van Dijk", "Zijlstra", "Visser"), strict=False)}
    renamed = [one.model_copy(update={"voornaam": names.get(one.id, one.voornaam), "achternaam": ""}) for one in sample.employees]
    lines = by_employee([slot(OPEN, ABSENT, one) for one in names], sample.model_copy(update={"employees": renamed}))
    assert [one.name for one in lines] == ["van Dijk", "Visser", "Zijlstra"]


def test_the_history_outlives_people_and_services() -> None:
    gone = by_employee([slot(OPEN, work(ONE))], None)
    assert (gone[0].name, gone[0].lines[0].after) == ("7", Worked("?", None, pinned=False))
