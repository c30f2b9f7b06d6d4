"""What a change would do is told before it is made."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greedy.desk.edits import Action, Edit, asked_changes, obstacles, seen_in
from greedy.desk.opened import OpenRoster, lay_open
from greedy.desk.outlook import Outlook, changed, look_ahead
from greedy.formats.practice_csv import read_practice
from greedy.formats.tables import PracticeTables
from greedy.model.problem import Assignment, Slot, SlotStatus
from greedy.model.rules import check
from greedy.sample import SAMPLE_DIR
from greedy.store.changes import SlotChange
from tests.desk.rosters import code, edit, filled, laid, open_slot, own_work, row_of, with_rows, with_status, with_work, without_work
from tests.timing import cpu_seconds_below

MORNING, MIDDAY, EVENING = range(3)
SAMPLE = laid(filled(read_practice(SAMPLE_DIR)))


def rules(outlook: Outlook) -> set[str]:
    """The rules that would be broken."""
    return {one.rule for one in outlook.broken}


def test_clearing_a_duty_opens_demand_and_frees_its_rest() -> None:
    duty = own_work(SAMPLE, "DIO")[0]
    outlook = look_ahead(SAMPLE, edit(SAMPLE, SAMPLE.problem.slot_of(duty), "clear"))
    assert outlook.is_clean
    assert outlook.covered_before - outlook.covered_after == 2
    dio, dia = code(SAMPLE.problem, "DIO"), code(SAMPLE.problem, "DIA")
    assert outlook.coverage == ((duty.day, dio, 1, 1, 0), (duty.day, dia, 1, 1, 0))
    assert outlook.freed == tuple(slot for slot in SAMPLE.problem.blocked_by(duty) if slot not in SAMPLE.problem.unavailable)
    assert outlook.blocked == ()


def test_a_duty_blocks_what_follows_it() -> None:
    opened = laid(without_work(SAMPLE.tables))
    slot = open_slot(opened, MORNING, qualified="DIO")
    outlook = look_ahead(opened, edit(opened, slot, "assign", "DIO"))
    duty = Assignment(slot.employee, slot.day, code(opened.problem, "DIO"))
    assert outlook.blocked == tuple(slot for slot in opened.problem.blocked_by(duty) if slot not in opened.problem.unavailable)
    assert (outlook.freed, outlook.covered_before) == ((), 0)


def test_slots_that_are_changed_themselves_are_not_told_as_rest() -> None:
    duty = own_work(SAMPLE, "DIO")[0]
    rest = SAMPLE.problem.blocked_by(duty)[0]
    assigned = look_ahead(SAMPLE, edit(SAMPLE, rest, "assign", "MSP"))
    assert (assigned.freed, assigned.blocked) == ((), ())
    then = after(SAMPLE, assigned)
    cleared = look_ahead(then, edit(then, rest, "clear"))
    assert (cleared.freed, cleared.blocked) == ((), ())
    assert seen_in(after(then, cleared), rest).status is SlotStatus.BLOCKED


def test_rest_that_somebody_else_wrote_for_a_duty_goes_with_it() -> None:
    duty = own_work(SAMPLE, "DIO")[0]
    rest = SAMPLE.problem.blocked_by(duty)[0]
    by = {
        "blocked_by_date": SAMPLE.problem.date_of(duty.day),
        "blocked_by_dagdeel": "O",
        "blocked_by_service_id": SAMPLE.problem.services[duty.service].id,
    }
    opened = laid(with_rows(SAMPLE.tables, [row_of(SAMPLE.tables, rest, status=2, source="workbook", **by)]))
    assert rest not in opened.problem.blocked
    then = after(opened, look_ahead(opened, edit(opened, SAMPLE.problem.slot_of(duty), "clear")))
    assert (rest in then.problem.blocked, seen_in(then, rest).status) == (False, SlotStatus.OPEN)


def test_rules_that_would_be_broken_are_named() -> None:
    duty = own_work(SAMPLE, "DIO")[0]
    rest = SAMPLE.problem.blocked_by(duty)[0]
    assert seen_in(SAMPLE, rest).status is SlotStatus.BLOCKED
    outlook = look_ahead(SAMPLE, edit(SAMPLE, rest, "assign", "MSP"))
    assert "blocking" in rules(outlook)
    assert not outlook.is_clean
    halved = look_ahead(SAMPLE, edit(SAMPLE, SAMPLE.problem.slot_of(duty), "clear", with_pair=False))
    assert rules(halved) == {"pairs"}
    unable = next(e for e in range(14) if (e, code(SAMPLE.problem, "GRB")) not in SAMPLE.problem.capabilities)
    free = next(s for day in range(35) if seen_in(SAMPLE, s := Slot(unable, day, MIDDAY)).status is SlotStatus.OPEN)
    assert "qualified" in rules(look_ahead(SAMPLE, edit(SAMPLE, free, "assign", "GRB")))


def test_a_capability_that_would_be_exceeded_is_named_and_one_that_is_less_exceeded_is_not() -> None:
    opened = laid(without_work(SAMPLE.tables))
    osp = code(opened.problem, "OSP")
    employee, most = next((e, most) for (e, service), most in opened.problem.capabilities.items() if service == osp and most > 1)
    days = [day for day in range(35) if seen_in(opened, Slot(employee, day, MORNING)).status is SlotStatus.OPEN]
    full = laid(with_work(opened.tables, [Assignment(employee, day, osp) for day in days[:most]], source="manual"))
    one_more = look_ahead(full, edit(full, Slot(employee, days[most], MORNING), "assign", "OSP"))
    assert one_more.exceeded == ((employee, osp, most + 1, most),)
    assert "capacity" in rules(one_more)
    over = laid(with_work(opened.tables, [Assignment(employee, day, osp) for day in days[: most + 2]], source="manual"))
    worse = look_ahead(over, edit(over, Slot(employee, days[most + 2], MORNING), "assign", "OSP"))
    assert "capacity" in rules(worse)
    assert all(one.rule != "capacity" for one in worse.mended)
    one_less = look_ahead(over, edit(over, Slot(employee, days[0], MORNING), "clear"))
    assert ("capacity" in rules(one_less), one_less.exceeded) == (False, ())
    assert all(one.rule != "capacity" for one in one_less.mended)
    two_less = look_ahead(after(over, one_less), edit(after(over, one_less), Slot(employee, days[1], MORNING), "clear"))
    assert any(one.rule == "capacity" for one in two_less.mended)


def after(opened: OpenRoster, outlook: Outlook) -> OpenRoster:
    """The roster with what was looked at."""
    return changed(opened, outlook.changes)


def test_the_law_of_working_time_is_told_and_not_enforced() -> None:
    services = [
        row.model_copy(update={"begintijd": dt.time(18), "eindtijd": dt.time(23, 30), "duur_minuten": 330} if row.code == "MSP" else {})
        for row in SAMPLE.tables.service_types
    ]
    blank = without_work(SAMPLE.tables).model_copy(update={"service_types": services})
    opened = laid(blank)
    days = [(e, day) for e in range(14) for day in range(34)]
    free = {
        pair
        for pair in days
        if all(seen_in(opened, slot).status is SlotStatus.OPEN for slot in (Slot(*pair, MIDDAY), Slot(pair[0], pair[1] + 1, MORNING)))
    }
    slot = Slot(*min(free), MIDDAY)
    late = laid(with_work(blank, [Assignment(slot.employee, slot.day, code(SAMPLE.problem, "MSP"))]))
    early = Slot(slot.employee, slot.day + 1, MORNING)
    assert look_ahead(late, edit(late, early, "assign", "OSP")).findings == ()  # 9.5 hours, once in seven days
    earlier = [row.model_copy(update={"begintijd": dt.time(7)} if row.code == "OSP" else {}) for row in services]
    late = laid(late.tables.model_copy(update={"service_types": earlier}))
    outlook = look_ahead(late, edit(late, early, "assign", "OSP"))
    assert [(one.rule, one.enforced) for one in outlook.findings] == [("daily_rest", False)]
    assert not outlook.is_clean
    day = next(day for employee, day in sorted(free) if employee == slot.employee and day > slot.day + 7)
    twice = laid(with_work(late.tables, [Assignment(slot.employee, day, code(SAMPLE.problem, "MSP"))]))
    both = [early, Slot(slot.employee, day + 1, MORNING)]
    documents = [dict(zip(("employee_id", "date", "dagdeel"), twice.key(one), strict=True)) for one in both]
    told = look_ahead(twice, edit(twice, early, "assign", "OSP", slots=documents, seen=[seen_in(twice, one) for one in both])).findings
    assert [one.assignments[0].day for one in told if one.rule == "daily_rest"] == [slot.day]  # the first of two


def test_what_cannot_be_is_told_and_nothing_else() -> None:
    slot = open_slot(SAMPLE, MIDDAY)
    for opened, service in ((SAMPLE, "OSP"), (laid(with_status(SAMPLE.tables, "final")), "MSP")):
        outlook = look_ahead(opened, edit(opened, slot, "assign", service))
        assert outlook.impossible
        assert (outlook.changes, outlook.required) == ((), 0)
    nothing = look_ahead(SAMPLE, edit(SAMPLE, slot, "clear"))
    assert nothing.impossible == ("nothing changes: it is so already",)


ACTIONS = st.sampled_from(("assign", "clear", "pin", "unpin", "unavailable", "available"))
SLOTS = st.builds(Slot, st.integers(0, 13), st.integers(0, 34), st.integers(0, 2))


def any_edit(opened: OpenRoster, slot: Slot, action: Action, service: int) -> Edit:
    """An edit; a service of the dagdeel is chosen by number."""
    codes = [one.code for one in opened.problem.services if one.daypart == slot.daypart]
    return edit(opened, slot, action, codes[service % len(codes)] if action == "assign" else None)


@settings(max_examples=30)
@given(st.lists(st.tuples(SLOTS, ACTIONS, st.integers(0, 9)), min_size=1, max_size=4))
def test_any_row_of_edits_breaks_what_was_foretold_and_can_be_taken_back(given_edits: list[tuple[Slot, Action, int]]) -> None:
    opened, done = SAMPLE, list[list[SlotChange]]()
    for slot, action, service in given_edits:
        one = any_edit(opened, slot, action, service)
        if obstacles(opened, one) or not asked_changes(opened, one):
            continue
        outlook = look_ahead(opened, one)
        then = after(opened, outlook)
        assert set(then.violations) == set(check(then.problem, then.roster))
        stood = {(v.rule, v.message) for v in opened.violations}
        assert {(v.rule, v.message) for v in outlook.broken} <= {(v.rule, v.message) for v in then.violations} - stood
        assert {(v.rule, v.message) for v in outlook.mended} <= stood
        assert outlook.covered_after - outlook.covered_before == sum(line.after - line.before for line in outlook.coverage)
        opened = then
        done.append(list(outlook.changes))
    for changes in reversed(done):
        opened = changed(opened, [one.model_copy(update={"before": one.after, "after": one.before}) for one in changes])
    assert (opened.problem, opened.roster) == (SAMPLE.problem, SAMPLE.roster)


def test_it_is_told_at_once(sample: PracticeTables) -> None:
    one = edit(SAMPLE, SAMPLE.problem.slot_of(own_work(SAMPLE, "DIO")[0]), "clear")
    with cpu_seconds_below(2):
        for _ in range(4):  # 50 ms for all four on a quiet machine
            lay_open(SAMPLE.tables)
            look_ahead(SAMPLE, one)


@pytest.mark.parametrize("action", ["pin", "note"])
def test_what_changes_no_work_breaks_nothing(action: Action) -> None:
    slot = SAMPLE.problem.slot_of(own_work(SAMPLE, "OSP")[0])
    outlook = look_ahead(SAMPLE, edit(SAMPLE, slot, action, note="x"))
    assert outlook.is_clean
    assert (outlook.coverage, outlook.blocked, outlook.freed, len(outlook.changes)) == ((), (), (), 1)
