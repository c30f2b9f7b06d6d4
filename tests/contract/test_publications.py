"""Publications and copies over both ways to the database."""

from __future__ import annotations

import asyncio
import datetime as dt
import re
from collections.abc import Callable, Coroutine
from typing import Any
from uuid import UUID, uuid4

import pytest

from greedy.database.connector import DBConnector
from greedy.errors import InputError
from greedy.formats.tables import PracticeTables
from greedy.model.problem import SlotStatus
from greedy.report.calendar import ALL_FILE, render_calendar, render_calendars
from greedy.reporting import view_roster
from greedy.store.base import FinalRosterError, RosterConflictError, UnknownRosterError
from greedy.store.changes import ChangeIdReusedError, SlotContent, SlotsChangedError, UnknownChangeError
from greedy.store.copies import CopyIdReusedError, InputDiffersError, UnknownCopyError
from greedy.store.functions import FunctionStore
from greedy.store.publications import NotFinalError, Publication
from tests.contract.test_changes import AWAY, DAY, OPEN, WHO, code, content, request, slot, undo
from tests.timing import until

SWAP_TWO_CAPACITIES = """
with pair as (
  select service_id, one.employee_id as one, other.employee_id as other
  from roster_employee_services as one join roster_employee_services as other using (roster_id, service_id)
  where roster_id = $1 and one.employee_id < other.employee_id and one.aantal <> other.aantal
  order by service_id, one, other limit 1)
update roster_employee_services as put set aantal = taken.aantal
from pair join roster_employee_services as taken on taken.service_id = pair.service_id and taken.employee_id in (one, other)
where put.roster_id = $1 and taken.roster_id = $1 and put.service_id = pair.service_id
  and put.employee_id in (one, other) and put.employee_id <> taken.employee_id"""

pytestmark = pytest.mark.parametrize("way", ["direct-schema", "rest"], indirect=True)


async def test_a_roster_is_published_opened_again_and_published_anew(store: FunctionStore, sample: PracticeTables) -> None:
    roster_id, first, second = sample.roster.id, uuid4(), uuid4()
    publications = store.publications
    with pytest.raises(UnknownRosterError):
        await publications.publish(first, roster_id, "Anna", expected_state="")
    await store.import_tables(sample)
    seen = (await store.state(roster_id)).digest
    with pytest.raises(NotFinalError):
        await publications.reopen(uuid4(), roster_id, "Anna")
    one = await publications.publish(first, roster_id, "Anna", expected_state=seen, note="eerste")
    assert (one.number, one.actor, one.note, len(one.slots)) == (1, "Anna", "eerste", 6)
    assert one.people == {row.id: row.name for row in sample.employees if row.id in {slot.employee_id for slot in one.slots}}
    worked = {slot.service_id for slot in one.slots}
    assert one.services == sorted((row for row in sample.service_types if row.id in worked), key=lambda row: row.code)
    assert await publications.publish(first, roster_id, "Anna", expected_state=seen, note="eerste") == one
    with pytest.raises(ChangeIdReusedError):
        await publications.publish(first, roster_id, "Bea", expected_state=seen)
    state = await store.state(roster_id)
    assert (state.status, state.digest != seen) == ("final", True)
    with pytest.raises(FinalRosterError, match="published already"):
        await publications.publish(second, roster_id, "Anna", expected_state=state.digest)
    with pytest.raises(FinalRosterError):
        await store.changes.make(request(sample, slot(AWAY)))

    opened = await publications.reopen(second, roster_id, "Bea")
    assert (await publications.reopen(second, roster_id, "Bea")).change == opened.change
    assert (await store.state(roster_id)).status == "in_progress"
    await store.changes.make(request(sample, slot(code(sample, "OSP"))))
    with pytest.raises(RosterConflictError, match="not what you saw any more") as caught:
        await publications.publish(uuid4(), roster_id, "Bea", expected_state=seen)
    assert caught.value.details[0].startswith("last changed by Anna, on ")
    two = await publications.publish(uuid4(), roster_id, "Bea", expected_state=(await store.state(roster_id)).digest)
    assert (two.number, len(two.slots)) == (2, 7)
    assert await publications.list(roster_id, with_slots=True) == [one, two]
    assert [(plain.slots, plain.people, plain.services) for plain in await publications.list(roster_id)] == [([], {}, [])] * 2
    kinds = [change.kind for change in await store.changes.list(roster_id)]
    assert kinds == ["publish", "edit", "reopen", "publish", "import"]


async def test_work_of_somebody_who_left_is_cancelled_in_the_calendars(
    db: DBConnector, store: FunctionStore, sample: PracticeTables
) -> None:
    await store.import_tables(sample)
    roster_id, own = sample.roster.id, [row for row in sample.roster_assignments if row.status == SlotStatus.ACTIVE]
    gone, service = own[0].employee_id, next(row for row in sample.service_types if row.id == own[0].service_id)
    name = next(row.name for row in sample.employees if row.id == gone)
    hers = sum(row.employee_id == gone for row in own)
    await store.publications.publish(uuid4(), roster_id, "Anna", expected_state=(await store.state(roster_id)).digest)
    await store.publications.reopen(uuid4(), roster_id, "Anna")
    await db.execute("update service_types set begintijd = '05:00'")  # what was told stays as it was told
    for table in ("roster_assignments", "roster_employee_services"):
        await db.execute(f"delete from {table} where roster_id = $1 and employee_id = $2", [roster_id, gone])

    async def cancelled() -> list[str]:
        view = await view_roster(store, roster_id)
        assert gone not in {one.id for one in view.grid.problem.employees}
        assert b"STATUS:CANCELLED" in render_calendars(view)[ALL_FILE]
        text = render_calendar(view, employee=gone).decode().replace("\r\n ", "")
        assert f"SUMMARY:Cancelled: {service.code}" in text
        assert f"DTSTART;TZID=Europe/Amsterdam:{own[0].date:%Y%m%d}T{service.begintijd:%H%M%S}" in text
        assert text.count("STATUS:") == text.count("STATUS:CANCELLED") == hers
        return re.findall(r"X-WR-CALNAME:(.*)\r", text)

    assert [one.endswith(f" - {name}") for one in await cancelled()] == [True]
    await db.execute("delete from employees where id = $1", [gone])
    assert [one.endswith(f" - {gone}") for one in await cancelled()] == [True]


async def test_a_roster_that_comes_again_is_not_older_than_what_calendars_hold(
    db: DBConnector, store: FunctionStore, sample: PracticeTables
) -> None:
    numbers = []
    for _ in range(2):
        await store.import_tables(sample)
        seen = (await store.state(sample.roster.id)).digest
        numbers.append((await store.publications.publish(uuid4(), sample.roster.id, "Anna", expected_state=seen)).number)
        calendar = render_calendar(await view_roster(store, sample.roster.id))
        assert set(re.findall(rb"SEQUENCE:(\d+)", calendar)) == {b"%d" % numbers[-1]}
        await db.execute("delete from rosters")
    assert numbers == [1, 2]


async def test_of_two_who_publish_one_does(db: DBConnector, store: FunctionStore, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    await db.execute("update rosters set status = 'final'")  # as one that came so from elsewhere, and was never published here
    seen = (await store.state(sample.roster.id)).digest
    answers = await asyncio.gather(
        *(store.publications.publish(uuid4(), sample.roster.id, actor, expected_state=seen) for actor in ("Anna", "Bea")),
        return_exceptions=True,
    )
    assert sorted(type(answer).__name__ for answer in answers) == ["FinalRosterError", Publication.__name__]


async def test_a_copy_is_changed_and_taken_over(store: FunctionStore, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    original, copy = sample.roster.id, uuid4()
    before = await content(store, original)
    made = await store.copies.make(copy, original, "Wat als?", "Anna")
    assert await store.copies.make(copy, original, "Wat als?", "Anna") == made
    assert (made.naam, made.original_id, made.actor, made.original_changed) == ("Wat als?", original, "Anna", False)
    with pytest.raises(CopyIdReusedError):
        await store.copies.make(copy, original, "Iets anders", "Anna")
    with pytest.raises(CopyIdReusedError):
        await store.copies.make(original, copy, "Andersom", "Anna")
    with pytest.raises(InputError):
        await store.copies.make(uuid4(), original, "x" * 3000, "Anna")
    with pytest.raises(UnknownRosterError):
        await store.copies.make(uuid4(), uuid4(), "Niets", "Anna")
    assert await content(store, copy) == before

    pinned = next(row for row in sample.roster_assignments if row.status == SlotStatus.ACTIVE)
    gone = slot(OPEN, code(sample, next(row.code for row in sample.service_types if row.id == pinned.service_id)), day=pinned.date,
                dagdeel=pinned.dagdeel, who=pinned.employee_id)  # fmt: skip
    changes = [slot(code(sample, "DIO")), slot(code(sample, "DIA", "greedy"), dagdeel="A"), gone]
    await store.changes.make(request(sample, *changes).model_copy(update={"roster_id": copy}))
    assert await content(store, original) == before
    change_id = uuid4()
    taken = await store.copies.take_over(change_id, copy, "Bea")
    assert (taken.change.kind, taken.change.slot_count, taken.change.note, taken.repeated) == ("take_over", 3, "Wat als?", False)
    assert await content(store, original) == await content(store, copy) != before
    assert (await store.copies.take_over(change_id, copy, "Bea")).repeated
    further = [slot(AWAY, dagdeel="M", day=DAY + dt.timedelta(5))]
    await store.changes.make(request(sample, *further).model_copy(update={"roster_id": copy}))
    again = await store.copies.take_over(uuid4(), copy, "Bea")  # what came from the copy itself is no change of others
    assert [one.after.status for one in again.change.slots] == [SlotStatus.UNAVAILABLE]
    await store.changes.make(undo(sample, again))
    (listed,) = await store.copies.list(original)
    assert await store.copies.find(copy) == listed
    assert await store.copies.original_of(copy) == original
    assert (await store.copies.find(original), await store.copies.original_of(original)) == (None, None)
    assert listed == made.model_copy(update={"original_changed": True})
    await store.changes.make(undo(sample, taken))
    assert await content(store, original) == before

    for _ in range(2):  # the second time as after an answer that was lost
        await store.copies.delete(copy, "Bea")
    assert await store.copies.list() == []
    assert (await store.copies.take_over(change_id, copy, "Bea")).repeated
    with pytest.raises(UnknownCopyError):
        await store.copies.take_over(uuid4(), copy, "Bea")
    with pytest.raises(UnknownCopyError):
        await store.copies.delete(original, "Bea")
    history = [(change.kind, change.note) for change in await store.changes.list(original)]
    took = ("take_over", "Wat als?")
    assert history == [("delete", "Wat als?"), ("undo", None), ("undo", None), took, took, ("copy", "Wat als?"), ("import", None)]


async def test_a_copy_of_a_copy_outlives_it(store: FunctionStore, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    first, second = uuid4(), uuid4()
    await store.copies.make(first, sample.roster.id, "een", "Anna")
    noted = request(sample, slot(SlotContent(notes="liever niet")), note="eerst vragen").model_copy(update={"roster_id": first})
    made = await store.changes.make(noted)
    assert made.change.note == "eerst vragen"
    with pytest.raises(UnknownChangeError):  # of another roster
        await store.changes.make(undo(sample, made))
    with pytest.raises(UnknownChangeError):
        await store.changes.get(sample.roster.id, noted.id)
    with pytest.raises(ChangeIdReusedError):
        await store.changes.make(request(sample, slot(AWAY)).model_copy(update={"id": noted.id}))
    await store.copies.make(second, first, "twee", "Anna")
    assert [one.kind for one in await store.changes.list(first)] == ["copy", "edit"]
    await store.copies.delete(first, "Bea")
    assert [(one.copy_id, one.original_id) for one in await store.copies.list()] == [(second, sample.roster.id)]
    with pytest.raises(SlotsChangedError):  # what the first copy had is not in the roster
        await store.copies.take_over(uuid4(), second, "Anna")
    await store.copies.take_over(uuid4(), second, "Anna", although_changed=True)
    assert await content(store, sample.roster.id) == await content(store, second)
    assert (await content(store, second))[WHO, DAY, "O"][3] == "liever niet"


async def test_what_others_did_to_the_original_is_not_lost_in_silence(
    db: DBConnector, store: FunctionStore, sample: PracticeTables
) -> None:
    await store.import_tables(sample)
    copy = (await store.copies.make(uuid4(), sample.roster.id, "Wat als?", "Anna")).copy_id
    await store.changes.make(request(sample, slot(AWAY), actor="Cato"))
    await store.changes.make(request(sample, slot(SlotContent(notes="x")), actor="Dirk").model_copy(update={"roster_id": copy}))
    assert [one.original_changed for one in await store.copies.list()] == [True]
    with pytest.raises(SlotsChangedError, match="since it was copied") as caught:
        await store.copies.take_over(uuid4(), copy, "Bea")
    assert caught.value.details[0].startswith(f"{WHO} {DAY} O: OPEN when seen, UNAVAILABLE now (Cato, ")
    taken = await store.copies.take_over(uuid4(), copy, "Bea", although_changed=True)
    assert [(one.before.status, one.after.status) for one in taken.change.slots] == [(SlotStatus.UNAVAILABLE, SlotStatus.OPEN)]
    await db.execute("update roster_employee_services set aantal = aantal + 1 where roster_id = $1", [copy])
    with pytest.raises(InputDiffersError):
        await store.copies.take_over(uuid4(), copy, "Bea")
    await db.execute("update roster_employee_services set aantal = aantal - 1 where roster_id = $1", [copy])
    await db.execute(SWAP_TWO_CAPACITIES, [copy])
    with pytest.raises(InputDiffersError):
        await store.copies.take_over(uuid4(), copy, "Bea")
    await db.execute(SWAP_TWO_CAPACITIES, [copy])
    await db.execute("update roster_period_staffing_dagdelen set aantal = aantal + 1 where roster_id = $1", [copy])
    with pytest.raises(InputDiffersError):
        await store.copies.take_over(uuid4(), copy, "Bea")
    await db.execute("update roster_period_staffing_dagdelen set aantal = aantal - 1 where roster_id = $1", [copy])
    await db.execute("update rosters set status = 'final'")
    with pytest.raises(FinalRosterError):
        await store.copies.take_over(uuid4(), copy, "Bea")
    with pytest.raises(FinalRosterError):
        await store.copies.delete(copy, "Bea")


async def test_rules_that_change_while_a_roster_is_final_hold_when_it_is_planned_again(
    db: DBConnector, store: FunctionStore, sample: PracticeTables
) -> None:
    await store.import_tables(sample)
    original, copy = sample.roster.id, uuid4()
    await store.changes.make(request(sample, slot(code(sample, "DIO")), slot(code(sample, "DIA"), dagdeel="A")))
    rest = (WHO, DAY + dt.timedelta(1), "O")
    await store.publications.publish(uuid4(), original, "Anna", expected_state=(await store.state(original)).digest)
    await db.execute("delete from service_blocking_rules")
    assert (await content(store, original))[rest][0] is SlotStatus.BLOCKED
    await store.copies.make(copy, original, "Wat als?", "Anna")
    await store.publications.reopen(uuid4(), original, "Anna")
    assert (await store.state(copy)).status == "draft"
    for roster in (copy, original):
        assert (await content(store, roster)).get(rest, (SlotStatus.OPEN,))[0] is SlotStatus.OPEN


async def test_whoever_changes_a_roster_that_is_being_changed_waits(db: DBConnector, store: FunctionStore, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    original, copy = sample.roster.id, uuid4()
    await store.copies.make(copy, original, "Wat als?", "Anna")
    seen = (await store.state(original)).digest

    async def waits_or_is_done() -> bool:
        return task.done() or await db.execute("select count(*) from pg_locks where not granted", fetch_val=True) == 1

    calls: list[tuple[UUID, Coroutine[Any, Any, object]]] = [
        (copy, store.copies.take_over(uuid4(), copy, "Bea")),
        (original, store.copies.take_over(uuid4(), copy, "Bea")),
        (copy, store.copies.delete(copy, "Bea")),
        (original, store.publications.publish(uuid4(), original, "Bea", expected_state=seen)),
        (original, store.copies.make(uuid4(), original, "Wat als?", "Anna")),
        (original, store.publications.reopen(uuid4(), original, "Bea")),
        (original, store.changes.make(request(sample, slot(AWAY)))),
    ]
    for locked, call in calls:
        async with db.transaction() as other:
            await other.execute("select lock_roster($1)", [locked])
            task = asyncio.create_task(call)
            await until(waits_or_is_done)
            assert not task.done(), call
        await task


async def test_what_is_swapped_is_another_state(store: FunctionStore, sample: PracticeTables, db: DBConnector) -> None:
    await store.import_tables(sample)
    noted = (
        "update roster_assignments set notes = case when extract(day from date)::int % 2 = 0 then 'a' else 'b' end where employee_id = $1"
    )
    await db.execute(noted, [WHO])
    stood = (await store.state(sample.roster.id)).digest
    swapped = "update roster_assignments set notes = translate(notes, 'ab', 'ba') where employee_id = $1 and date between $2 and $2 + 1"
    for day in range(8):
        for differs in (True, False):
            await db.execute(swapped.replace("$2", "$2::date"), [WHO, DAY + dt.timedelta(day)])
            assert ((await store.state(sample.roster.id)).digest != stood) is differs


async def test_demand_that_is_swapped_is_another_demand(store: FunctionStore, sample: PracticeTables, db: DBConnector) -> None:
    await store.import_tables(sample)
    one = next(row for row in sample.roster_period_staffing_dagdelen if row.required)
    kind = (one.dagdeel, one.team, one.service_id)
    asked = (row for row in sample.roster_period_staffing_dagdelen if row.required and (row.dagdeel, row.team, row.service_id) == kind)
    first, *others = sorted(row.date for row in asked)

    async def ask_for_two(roster_id: UUID, date: dt.date) -> str:
        """On this date, and for one on the others; the state of the roster then."""
        put = "update roster_period_staffing_dagdelen set aantal = case date when $2 then 2 else 1 end where roster_id = $1 and aantal > 0"
        await db.execute(f"{put} and (dagdeel, team, service_id) = ($3, $4, $5)", [roster_id, date, *kind])
        return (await store.state(roster_id)).digest

    original, copy = sample.roster.id, uuid4()
    seen = await ask_for_two(original, first)
    await store.copies.make(copy, original, "Wat als?", "Anna")
    for date in others[:8]:
        await ask_for_two(copy, date)
        with pytest.raises(InputDiffersError):
            await store.copies.take_over(uuid4(), copy, "Bea")
        assert await ask_for_two(original, date) != seen
        assert await ask_for_two(original, first) == seen
    await ask_for_two(copy, first)
    assert (await store.copies.take_over(uuid4(), copy, "Bea")).change.slot_count == 0


async def test_of_two_changes_under_one_id_at_once_one_is_made(db: DBConnector, store: FunctionStore, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    original, copy, one = sample.roster.id, uuid4(), uuid4()
    await store.copies.make(copy, original, "Wat als?", "Anna")
    seen = (await store.state(original)).digest

    async def waits_or_is_done() -> bool:
        return task.done() or await db.execute("select count(*) from pg_locks where not granted", fetch_val=True) == 1

    calls: list[Callable[[], Coroutine[Any, Any, object]]] = [
        lambda: store.changes.make(request(sample, slot(AWAY)).model_copy(update={"id": one})),
        lambda: store.copies.make(one, original, "Wat als?", "Anna"),
        lambda: store.copies.take_over(one, copy, "Bea"),
        lambda: store.publications.publish(one, original, "Bea", expected_state=seen),
        lambda: store.publications.reopen(one, original, "Bea"),
    ]
    for number, call in enumerate(calls):
        if number == 4:
            await store.publications.publish(uuid4(), original, "Bea", expected_state=seen)
        async with db.transaction() as other:  # in another roster
            await other.execute("select keep_change($1, gen_random_uuid(), 'edit', 'Cato', '')", [one])
            task = asyncio.create_task(call())
            await until(waits_or_is_done)
        with pytest.raises((ChangeIdReusedError, CopyIdReusedError)):
            await task
        await db.execute("delete from roster_changes where id = $1", [one])
