"""What a planner asks for becomes changes of slots, or a reason why not."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from pydantic import ValidationError

from greedy.desk.edits import Edit, Seen, content_of, seen_in, slot_changes
from greedy.desk.opened import OpenRoster, lay_open
from greedy.errors import InputError
from greedy.formats.tables import PracticeTables
from greedy.model.problem import Slot, SlotStatus
from greedy.store.base import FinalRosterError, RosterConflictError
from tests.desk.rosters import code, edit, open_slot, own_work, row_of, with_rows, with_status, without_work

MORNING, MIDDAY, EVENING = range(3)
ACTIVE, OPEN, UNAVAILABLE = SlotStatus.ACTIVE, SlotStatus.OPEN, SlotStatus.UNAVAILABLE


@pytest.fixture(scope="module")
def tables(planned: PracticeTables) -> PracticeTables:
    """The sample, planned by the greedy fill."""
    return planned


@pytest.fixture(scope="module")
def opened(tables: PracticeTables) -> OpenRoster:
    """It lies open."""
    return lay_open(tables)


@pytest.fixture(scope="module")
def dio(opened: OpenRoster) -> Slot:
    """A slot in which the program planned DIO."""
    return opened.problem.slot_of(own_work(opened, "DIO")[0])


def outcome(opened: OpenRoster, *given: Any, **more: Any) -> dict[Slot, tuple[SlotStatus, str | None, str | None]]:
    """Slot -> status, service and source after an edit."""
    codes = {one.id: one.code for one in opened.problem.services}
    return {
        opened.slot(one.employee_id, one.date, one.dagdeel): (
            one.after.status, None if one.after.service_id is None else codes[str(one.after.service_id)], one.after.source,
        )
        for one in slot_changes(opened, edit(opened, *given, **more))
    }  # fmt: skip


def test_work_that_a_planner_gives_is_pinned(opened: OpenRoster) -> None:
    slot = open_slot(opened, MIDDAY, qualified="MSP")
    assert outcome(opened, slot, "assign", "MSP") == {slot: (ACTIVE, "MSP", "manual")}


def test_a_change_tells_what_stood_there_to_the_letter(opened: OpenRoster, dio: Slot) -> None:
    first, second = slot_changes(opened, edit(opened, dio, "clear"))
    assert (first.before, second.before) == (content_of(opened, dio), content_of(opened, dio._replace(daypart=EVENING)))
    assert (first.before.status, first.before.source) == (ACTIVE, "greedy")


def test_the_other_half_of_a_pair_comes_and_goes_along(opened: OpenRoster, dio: Slot) -> None:
    dia = dio._replace(daypart=EVENING)
    for half in (dio, dia):
        assert outcome(opened, half, "clear") == {dio: (OPEN, None, None), dia: (OPEN, None, None)}
    assert outcome(opened, dio, "pin") == {dio: (ACTIVE, "DIO", "manual"), dia: (ACTIVE, "DIA", "manual")}
    assert outcome(opened, dio, "unavailable") == {dio: (UNAVAILABLE, None, "manual"), dia: (OPEN, None, None)}
    assert outcome(opened, dio, "assign", "DDO") == {dio: (ACTIVE, "DDO", "manual"), dia: (ACTIVE, "DDA", "manual")}
    assert outcome(opened, dio, "assign", "OSP") == {dio: (ACTIVE, "OSP", "manual"), dia: (OPEN, None, None)}
    assert outcome(opened, dio, "clear", with_pair=False) == {dio: (OPEN, None, None)}


def test_what_is_asked_of_a_slot_goes_before_what_comes_along(opened: OpenRoster, dio: Slot) -> None:
    dia = dio._replace(daypart=EVENING)
    one, other = (edit(opened, slot, "unavailable") for slot in (dio, dia))
    both = one.model_copy(update={"slots": [*one.slots, *other.slots], "seen": [*one.seen, *other.seen]})
    assert [one.after.status for one in slot_changes(opened, both)] == [UNAVAILABLE, UNAVAILABLE]


def test_either_half_brings_the_other(tables: PracticeTables) -> None:
    opened = lay_open(without_work(tables))
    slot = next(
        s
        for e in range(14)
        if seen_in(opened, s := Slot(e, 0, MORNING)).status is OPEN is seen_in(opened, s._replace(daypart=EVENING)).status
    )
    both = {slot: (ACTIVE, "DIO", "manual"), slot._replace(daypart=EVENING): (ACTIVE, "DIA", "manual")}
    assert outcome(opened, slot, "assign", "DIO") == outcome(opened, slot._replace(daypart=EVENING), "assign", "DIA") == both


@pytest.mark.parametrize("content", [{"status": 3}, {"status": 1, "service_id": "a8490f89-dfa4-4cb4-8e8b-1ad2f7517cbc"}])
def test_what_is_in_the_way_of_the_other_half_is_left_alone(tables: PracticeTables, content: dict[str, Any]) -> None:
    blank = without_work(tables)
    slot = open_slot(lay_open(blank), MORNING, qualified="DIO")
    opened = lay_open(with_rows(blank, [row_of(blank, slot._replace(daypart=EVENING), **content)]))
    assert outcome(opened, slot, "assign", "DIO") == {slot: (ACTIVE, "DIO", "manual")}


def test_what_is_pinned_is_left_to_the_program_again(opened: OpenRoster) -> None:
    pinned = opened.problem.slot_of(opened.problem.pinned[0])
    service = opened.problem.services[opened.problem.pinned[0].service].code
    assert outcome(opened, pinned, "unpin")[pinned] == (ACTIVE, service, "greedy")


def test_an_absence_is_set_and_lifted(opened: OpenRoster) -> None:
    slot = open_slot(opened, MIDDAY)
    assert outcome(opened, slot, "unavailable") == {slot: (UNAVAILABLE, None, "manual")}
    ill = lay_open(with_rows(opened.tables, [row_of(opened.tables, slot, status=3)]))
    assert outcome(ill, slot, "available") == {slot: (OPEN, None, None)}


def test_several_slots_change_together_and_what_is_so_already_stays(opened: OpenRoster) -> None:
    free, absent = open_slot(opened, MIDDAY), min(opened.structural)
    one, other = (edit(opened, slot, "unavailable") for slot in (free, absent))
    both = one.model_copy(update={"slots": [*one.slots, *other.slots], "seen": [*one.seen, *other.seen]})
    assert [(opened.slot(one.employee_id, one.date, one.dagdeel), one.after.status) for one in slot_changes(opened, both)] == [
        (free, UNAVAILABLE)
    ]


def test_notes_of_planners_stay_and_those_of_the_program_do_not(tables: PracticeTables, dio: Slot) -> None:
    service_id = next(row.id for row in tables.service_types if row.code == "DIO")
    noted = row_of(tables, dio, status=1, service_id=service_id, source="greedy", notes="swapped with Anna")
    duty = {"blocked_by_date": dt.date(2025, 11, 24), "blocked_by_dagdeel": "O", "blocked_by_service_id": service_id}
    rest = Slot(dio.employee, dio.day, MIDDAY)
    blocked = row_of(tables, rest, status=2, source="trigger", notes="Blocked by DIO 2025-11-24 O", **duty)
    opened = lay_open(with_rows(tables, [noted, blocked]))
    assert opened.notes == {dio: "swapped with Anna"}
    assert "Structureel NB" in {row.notes for row in tables.roster_assignments}
    assert [one.after.notes for one in slot_changes(opened, edit(opened, dio, "pin"))] == ["swapped with Anna", None]
    assert [one.after.notes for one in slot_changes(opened, edit(opened, rest, "unavailable"))] == [None]
    (change,) = slot_changes(opened, edit(opened, dio, "note", note=" with Bente "))
    assert (change.after.notes, change.after.source) == ("with Bente", "greedy")
    (change,) = slot_changes(opened, edit(opened, dio, "note", note=""))
    assert change.after.notes is None


def test_a_note_can_stand_in_an_open_slot(opened: OpenRoster) -> None:
    slot = open_slot(opened, MIDDAY)
    (change,) = slot_changes(opened, edit(opened, slot, "note", note="ask Bente"))
    assert (change.after.status, change.after.notes) == (OPEN, "ask Bente")
    noted = lay_open(with_rows(opened.tables, [row_of(opened.tables, slot, status=0, notes="ask Bente")]))
    assert noted.notes == {slot: "ask Bente"}
    (change,) = slot_changes(noted, edit(noted, slot, "assign", "MSP"))
    assert (change.before.notes, change.after.notes) == ("ask Bente", "ask Bente")


def test_a_note_can_stand_beside_a_weekly_absence(sample: PracticeTables) -> None:
    opened = lay_open(sample.model_copy(update={"roster_assignments": []}))
    (change,) = slot_changes(opened, edit(opened, min(opened.structural), "note", note="asks for Tuesdays instead"))
    assert (change.before.status, change.after.status, change.after.notes) == (OPEN, UNAVAILABLE, "asks for Tuesdays instead")


def refusal(opened: OpenRoster, *given: Any, **more: Any) -> str:
    """What is said when an edit is not possible."""
    with pytest.raises(InputError) as refused:
        slot_changes(opened, edit(opened, *given, **more))
    assert refused.value.next_step
    return refused.value.message


def test_what_is_not_possible_is_refused_with_the_reason(tables: PracticeTables, opened: OpenRoster, dio: Slot) -> None:
    never, free = min(opened.structural), open_slot(opened, MIDDAY)
    assert refusal(opened, free, "assign", "OSP") == "OSP is a service of dagdeel O, not M"
    service = "OMA"[never.daypart]
    assert "a fixed weekly absence" in refusal(opened, never, "assign", {"O": "OSP", "M": "MSP", "A": "DIA"}[service])
    assert "Anna Mulder is never available then (2025-11-25 A)" in refusal(opened, never, "available")
    for slot, action in ((free, "clear"), (dio, "unpin"), (free, "available"), (never, "unavailable"), (free, "pin")):
        assert refusal(opened, slot, action) == "nothing changes: it is so already"
    outside = {"status": 2, "blocked_by_date": dt.date(2025, 11, 23), "blocked_by_dagdeel": "O"}
    service_id = opened.problem.services[code(opened.problem, "DIO")].id
    rest = lay_open(with_rows(tables, [row_of(tables, free, **outside, blocked_by_service_id=service_id)]))
    assert "from a duty before this roster" in refusal(rest, free, "assign", "MSP")


def test_a_final_roster_is_not_changed(tables: PracticeTables, dio: Slot) -> None:
    opened = lay_open(with_status(tables, "final"))
    with pytest.raises(FinalRosterError, match="reopen"):
        slot_changes(opened, edit(opened, dio, "clear"))


@pytest.mark.parametrize(
    ("seen", "said"),
    [
        (Seen(status=ACTIVE, service_code="OSP"), "OSP was seen, and DIO stands there now"),
        (Seen(status=ACTIVE, service_code="DIO", pinned=True), "DIO, pinned was seen, and DIO stands there now"),
        (Seen(status=OPEN), "nothing was seen"),
        (Seen(status=SlotStatus.BLOCKED), "blocked (rest) was seen"),
        (Seen(status=UNAVAILABLE), "unavailable was seen"),
    ],
)
def test_who_saw_something_else_changes_nothing(opened: OpenRoster, dio: Slot, seen: Seen, said: str) -> None:
    with pytest.raises(RosterConflictError) as refused:
        slot_changes(opened, edit(opened, dio, "clear", seen=[seen]))
    assert said in refused.value.details[0]


@pytest.mark.parametrize(
    ("slot", "service", "said"),
    [
        ({"employee_id": "EMP999"}, "OSP", "no employee of this roster has the id EMP999"),
        ({"date": "2025-11-23"}, "OSP", "2025-11-23 lies outside the roster, 2025-11-24 to 2025-12-28"),
        ({"date": "2026-01-01"}, "OSP", "2026-01-01 lies outside the roster, 2025-11-24 to 2025-12-28"),
        ({}, "XXX", "no service of this roster has the code XXX"),
    ],
)
def test_what_the_roster_does_not_have_is_named(opened: OpenRoster, slot: dict[str, str], service: str, said: str) -> None:
    where = {"employee_id": "EMP001", "date": "2025-11-24", "dagdeel": "O", **slot}
    asked = {"roster_id": opened.roster_id, "slots": [where], "seen": [{"status": 0}], "action": "assign", "service_code": service}
    with pytest.raises(InputError, match=said):
        slot_changes(opened, Edit.model_validate(asked))


@pytest.mark.parametrize(
    "wrong",
    [{"seen": []}, {"service_code": "OSP"}, {"action": "assign"}, {"slots": [], "seen": []}, {"action": "burn"}, {"note": "\x00"}],
)
def test_an_edit_is_whole(opened: OpenRoster, dio: Slot, wrong: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Edit.model_validate({**edit(opened, dio, "clear").model_dump(), **wrong})


def test_a_slot_stands_once_in_an_edit(opened: OpenRoster, dio: Slot) -> None:
    one = edit(opened, dio, "clear")
    with pytest.raises(ValidationError, match="a slot stands twice"):
        Edit.model_validate({**one.model_dump(), "slots": one.slots * 2, "seen": one.seen * 2})
