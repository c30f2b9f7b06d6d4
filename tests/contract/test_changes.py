"""Changes of single slots over every way to the database: nobody's change is lost in silence, and everything has a line in the history."""

from __future__ import annotations

import asyncio
import datetime as dt
import itertools
import random
from uuid import UUID, uuid4

import pytest

from greedy.database.connector import DBConnector
from greedy.errors import InputError
from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables
from greedy.model.problem import SlotStatus
from greedy.persist.request import write_request
from greedy.solve.fill import fill
from greedy.store import calls
from greedy.store.base import FinalRosterError, RosterBusyError, UnknownRosterError
from greedy.store.changes import (
    AlreadyUndoneError,
    ChangeAnswer,
    ChangeIdReusedError,
    ChangeRequest,
    NotUndoableError,
    SlotChange,
    SlotContent,
    SlotsChangedError,
    UnknownChangeError,
)
from greedy.store.functions import FunctionStore
from greedy.workspace import Workspace

pytestmark = pytest.mark.parametrize("way", ["direct-schema", "rest"], indirect=True)

OPEN = SlotContent()
AWAY = SlotContent(status=SlotStatus.UNAVAILABLE, source="manual")
DAY = dt.date(2025, 12, 11)
WHO = "EMP003"


def code(sample: PracticeTables, code: str, source: str = "manual", notes: str | None = None) -> SlotContent:
    """Work of a service."""
    service = next(row.id for row in sample.service_types if row.code == code)
    return SlotContent(status=SlotStatus.ACTIVE, service_id=service, source=source, notes=notes)


def slot(after: SlotContent, before: SlotContent = OPEN, *, day: dt.date = DAY, dagdeel: str = "O", who: str = WHO) -> SlotChange:
    """A change of one slot."""
    return SlotChange.model_validate({"employee_id": who, "date": day, "dagdeel": dagdeel, "before": before, "after": after})


def request(sample: PracticeTables, *slots: SlotChange, actor: str = "Anna", **more: object) -> ChangeRequest:
    """A change of the sample under a new id."""
    given = {"id": uuid4(), "roster_id": sample.roster.id, "actor": actor, "slots": slots, **more}
    return ChangeRequest.model_validate(given)


def undo(sample: PracticeTables, answer: ChangeAnswer, actor: str = "Anna") -> ChangeRequest:
    """What takes a change back."""
    back = [one.model_copy(update={"before": one.after, "after": one.before}) for one in answer.change.slots]
    return request(sample, *back, actor=actor, kind="undo", undoes=answer.change.id)


async def content(store: FunctionStore, roster_id: UUID) -> dict[tuple[str, dt.date, str], tuple[object, ...]]:
    """All that stands in a roster's slots, without who keeps it."""
    tables = await store.load(roster_id)
    return {
        (row.employee_id, row.date, row.dagdeel): (row.status, row.service_id, row.source, row.notes, row.blocked_by_date)
        for row in tables.roster_assignments
    }


async def test_a_duty_comes_with_its_rest_and_goes_with_it(store: FunctionStore, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    before, state = await content(store, sample.roster.id), await store.state(sample.roster.id)
    made = await store.changes.make(request(sample, slot(code(sample, "DIO")), slot(code(sample, "DIA"), dagdeel="A")))
    stands = await content(store, sample.roster.id)
    assert stands.keys() - before.keys() == {
        (WHO, DAY, "O"), (WHO, DAY, "M"), (WHO, DAY, "A"), (WHO, DAY + dt.timedelta(1), "O"), (WHO, DAY + dt.timedelta(1), "M")
    }  # fmt: skip
    assert stands[WHO, DAY + dt.timedelta(1), "M"][0] == SlotStatus.BLOCKED
    assert (made.repeated, made.change.actor, made.change.kind, made.change.slot_count) == (False, "Anna", "edit", 2)
    changed = await store.state(sample.roster.id)
    assert (changed.digest != state.digest, changed.changed_at) == (True, made.change.made_at)

    taken_back = await store.changes.make(undo(sample, made, "Bea"))
    assert await content(store, sample.roster.id) == before
    assert (await store.state(sample.roster.id)).digest == state.digest
    again = await store.changes.make(undo(sample, taken_back))
    assert await content(store, sample.roster.id) == stands
    history = await store.changes.list(sample.roster.id)
    assert [(one.actor, one.kind, one.undone_by) for one in history[:3]] == [
        ("Anna", "undo", None),
        ("Bea", "undo", again.change.id),
        ("Anna", "edit", taken_back.change.id),
    ]
    assert await store.changes.list(sample.roster.id, before=history[1].number, limit=1) == [history[2]]
    assert await store.changes.get(sample.roster.id, made.change.id) == history[2]


async def test_the_same_again_changes_nothing_and_another_under_its_id_is_refused(store: FunctionStore, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    asked = request(sample, slot(code(sample, "OSP")))
    first = await store.changes.make(asked)
    await store.changes.make(undo(sample, first))
    again = await store.changes.make(asked)
    assert (again.repeated, again.change.model_copy(update={"undone_by": None})) == (True, first.change)
    assert (WHO, DAY, "O") not in await content(store, sample.roster.id)
    with pytest.raises(ChangeIdReusedError):
        await store.changes.make(asked.model_copy(update={"actor": "Bea"}))


async def test_of_two_planners_who_saw_the_same_one_is_told(store: FunctionStore, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    asked = [request(sample, slot(code(sample, name)), actor=actor) for name, actor in (("OSP", "Anna"), ("DIO", "Bea"))]
    answers = await asyncio.gather(*map(store.changes.make, asked), return_exceptions=True)
    won = next(answer for answer in answers if isinstance(answer, ChangeAnswer))
    lost = next(answer for answer in answers if isinstance(answer, SlotsChangedError))
    (conflict,) = lost.conflicts
    assert conflict.changed is not None
    assert (conflict.expected, conflict.changed.actor, conflict.changed.made_at) == (OPEN, won.change.actor, won.change.made_at)
    assert lost.details[0].startswith(f"{WHO} {DAY} O: OPEN when seen, ACTIVE now ({won.change.actor}, ")
    assert len([one for one in await store.changes.list(sample.roster.id) if one.kind == "edit"]) == 1
    await store.changes.make(request(sample, slot(AWAY, won.change.slots[0].after), actor="Cato"))
    with pytest.raises(SlotsChangedError, match=f"roster {sample.roster.id}") as caught:
        await store.changes.make(request(sample, slot(code(sample, "OSP"))))
    assert [one.changed and one.changed.actor for one in caught.value.conflicts] == ["Cato"]


async def test_notes_and_pins_of_others_are_not_overwritten(store: FunctionStore, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    work = code(sample, "OSP")
    await store.changes.make(request(sample, slot(work)))
    await store.changes.make(request(sample, slot(code(sample, "OSP", notes="liever niet"), work)))
    for seen, after in ((work, OPEN), (code(sample, "OSP", "greedy", "liever niet"), OPEN)):
        with pytest.raises(SlotsChangedError, match="nothing was changed") as caught:
            await store.changes.make(request(sample, slot(after, seen)))
        assert "with another pin or note now" in caught.value.details[0]
    with pytest.raises(SlotsChangedError) as caught:
        await store.changes.make(request(sample, slot(OPEN, code(sample, "DIO", notes="liever niet"))))
    assert "ACTIVE with another service now" in caught.value.details[0]
    noted = SlotContent(notes="liever niet")
    await store.changes.make(request(sample, slot(noted, code(sample, "OSP", "x", "liever niet"))))
    assert (await content(store, sample.roster.id))[WHO, DAY, "O"][:4] == (SlotStatus.OPEN, None, None, "liever niet")
    await store.changes.make(request(sample, slot(AWAY, noted)))
    await store.changes.make(request(sample, slot(OPEN, AWAY)))
    made = await store.changes.make(request(sample, slot(SlotContent(notes="Blocked by DIO"))))  # what a block said goes with it
    assert made.change.slots[0].after == OPEN


async def test_rest_stays_with_a_note_and_rest_from_elsewhere_comes_back(
    db: DBConnector, store: FunctionStore, sample: PracticeTables
) -> None:
    await store.import_tables(sample)
    await db.execute(
        "update roster_assignments set status = 2, source = 'manual', blocked_by_date = '2025-11-23', blocked_by_dagdeel = 'O', notes = 'rust', "
        "blocked_by_service_id = (select id from service_types where code = 'DIO') where employee_id = $1 and date = $2 and dagdeel = 'O'",
        [WHO, DAY],
    )
    before = await content(store, sample.roster.id)
    rest = SlotContent(status=SlotStatus.BLOCKED, notes="rust")
    noted = await store.changes.make(request(sample, slot(SlotContent(status=SlotStatus.BLOCKED, notes="echt"), rest)))
    stands = await content(store, sample.roster.id)
    assert stands[WHO, DAY, "O"] == (SlotStatus.BLOCKED, None, "manual", "echt", dt.date(2025, 11, 23))
    await store.changes.make(undo(sample, noted))
    worked = await store.changes.make(request(sample, slot(code(sample, "OSP"), rest)))
    await store.changes.make(undo(sample, worked))
    assert await content(store, sample.roster.id) == before
    await db.execute(
        "update roster_assignments set notes = 'Blocked by DIO' where employee_id = $1 and date = $2 and dagdeel = 'O'", [WHO, DAY]
    )
    seen = SlotContent(status=SlotStatus.BLOCKED, notes="Blocked by another")  # which the program says of its own
    await store.changes.make(request(sample, slot(code(sample, "OSP"), seen)))


async def test_what_can_never_stand_is_refused_with_every_reason(store: FunctionStore, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    before = await content(store, sample.roster.id)
    work = code(sample, "OSP")
    wrong = [
        slot(work, who="NOBODY"),
        slot(work, dagdeel="M"),
        slot(work.model_copy(update={"service_id": UUID(int=1)}), dagdeel="A"),
        slot(work, day=dt.date(2026, 3, 1)),
        slot(work),
        slot(OPEN),
    ]
    with pytest.raises(InputError) as caught:
        await store.changes.make(request(sample, *wrong))
    assert caught.value.details == (
        f"{WHO} {DAY} O: stands twice in the change",
        f"{WHO} {DAY} O: stands twice in the change",
        f"{WHO} {DAY} M: the service is one of another dagdeel",
        f"{WHO} {DAY} A: there is no such service",
        f"{WHO} 2026-03-01 O: lies outside the roster",
        f"NOBODY {DAY} O: there is no such employee",
    )
    assert await content(store, sample.roster.id) == before
    with pytest.raises(InputError):
        await store.changes.make(request(sample, slot(SlotContent(status=SlotStatus.ACTIVE))))


async def test_undo_is_done_once_and_only_of_what_is_there(store: FunctionStore, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    made = await store.changes.make(request(sample, slot(code(sample, "OSP"))))
    await store.changes.make(undo(sample, made, "Bea"))
    with pytest.raises(AlreadyUndoneError, match="Bea took this change back already"):
        await store.changes.make(undo(sample, made))
    with pytest.raises(UnknownChangeError):
        await store.changes.make(undo(sample, made).model_copy(update={"undoes": uuid4()}))
    with pytest.raises(UnknownChangeError):
        await store.changes.get(sample.roster.id, uuid4())


async def test_rosters_that_take_no_changes(db: DBConnector, store: FunctionStore, sample: PracticeTables) -> None:
    asked = request(sample, slot(code(sample, "OSP")))
    for call in (store.changes.make(asked), store.state(sample.roster.id)):
        with pytest.raises(UnknownRosterError):
            await call
    await store.import_tables(sample)
    made = await store.changes.make(asked)
    await db.execute("update rosters set status = 'final'")
    with pytest.raises(FinalRosterError):
        await store.changes.make(undo(sample, made))
    assert (await store.state(sample.roster.id)).status == "final"
    await db.execute("delete from rosters")
    assert (await store.changes.list(sample.roster.id))[0].id == asked.id
    with pytest.raises(UnknownRosterError):
        await store.changes.make(undo(sample, made))


async def test_nobody_waits_for_a_planner_who_holds_the_slot(
    db: DBConnector, store: FunctionStore, sample: PracticeTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "RETRY_SECONDS", 0.3)
    await store.import_tables(sample)
    asked = request(sample, slot(code(sample, "DIO")))
    copy = await store.copies.make(uuid4(), sample.roster.id, "Wat als?", "Anna")
    async with db.transaction() as planner:
        await planner.execute(
            "select from roster_assignments where employee_id = $1 and date = $2 for update", [WHO, DAY + dt.timedelta(1)]
        )
        with pytest.raises(RosterBusyError):
            await store.changes.make(asked)
    async with db.transaction() as planner:
        await planner.execute("select from rosters for update")
        with pytest.raises(RosterBusyError):
            await store.changes.make(asked)
        with pytest.raises(RosterBusyError):
            await store.copies.delete(copy.copy_id, "Anna")
    assert not (await store.changes.make(asked)).repeated


async def test_imports_and_plans_are_in_the_history_and_a_plan_can_be_taken_back(
    db: DBConnector, store: FunctionStore, sample: PracticeTables
) -> None:
    await store.import_tables(sample, actor="Cato")
    workspace = Workspace(to_problem(await store.load(sample.roster.id)))
    fill(workspace)
    run_id = uuid4()
    planned = workspace.problem.slot_of(workspace.planned()[0])
    where = (
        workspace.problem.employees[planned.employee].id,
        workspace.problem.date_of(planned.day),
        workspace.problem.dayparts[planned.daypart],
    )
    await db.execute("update roster_assignments set notes = 'liever niet' where (employee_id, date, dagdeel) = ($1, $2, $3)", [*where])
    before = await content(store, sample.roster.id)
    write = write_request(workspace, run_id, "roster").model_copy(update={"actor": "Bea"})
    await store.write(write)
    await store.write(write)
    plan, brought = await store.changes.list(sample.roster.id)
    assert [(one.kind, one.actor, one.slot_count, one.slots) for one in (plan, brought)] == [
        ("plan", "Bea", len(workspace.planned()), []),
        ("import", "Cato", 196, []),
    ]
    assert plan.id == run_id
    made = ChangeAnswer(change=await store.changes.get(sample.roster.id, run_id), repeated=False)
    assert len(made.change.slots) == plan.slot_count
    stands = await content(store, sample.roster.id)
    for one in made.change.slots:
        assert (one.before.status, one.before.notes, one.after.source) == (SlotStatus.OPEN, one.after.notes, "greedy")
        assert stands[one.employee_id, one.date, one.dagdeel][:2] == (SlotStatus.ACTIVE, one.after.service_id)
    await store.changes.make(undo(sample, made))
    assert await content(store, sample.roster.id) == before
    assert (await content(store, sample.roster.id))[where][3] == "liever niet"
    with pytest.raises(NotUndoableError, match="import"):
        slots = [slot(OPEN, AWAY)]
        await store.changes.make(request(sample, *slots, kind="undo", undoes=brought.id))


async def test_a_replaced_roster_says_what_it_held(store: FunctionStore, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    made = await store.changes.make(request(sample, slot(code(sample, "OSP"))))
    await store.import_tables(sample, replace=True)
    (one,) = (await store.changes.list(sample.roster.id))[0].slots
    assert (one.before, one.after) == (made.change.slots[0].after, OPEN)


async def test_the_history_of_planners_at_work_at_once_leads_to_what_stands(store: FunctionStore, sample: PracticeTables) -> None:
    """Nothing that was done is missing in it, and nothing that was refused is in it."""
    await store.import_tables(sample)
    state = dict.fromkeys(itertools.product((WHO, "EMP001", "EMP005"), (DAY, DAY + dt.timedelta(1)), "OMA"), OPEN)
    contents = [code(sample, name) for name in ("OSP", "MSP", "DIO", "DIA")] + [OPEN, AWAY]
    dagdeel = {row.id: row.dagdeel for row in sample.service_types}

    async def seen() -> dict[tuple[str, dt.date, str], SlotContent]:
        rows = (await store.load(sample.roster.id, include_open=True)).roster_assignments
        return {
            (row.employee_id, row.date, row.dagdeel): SlotContent.model_validate(row, from_attributes=True)
            for row in rows
            if (row.employee_id, row.date, row.dagdeel) in state
        }

    async def work(actor: str) -> int:
        chance, refused = random.Random(actor), 0
        for _ in range(6):
            looked = await seen()
            key = chance.choice(list(state))
            after = chance.choice([one for one in contents if one.service_id is None or dagdeel[one.service_id] == key[2]])
            try:
                change = slot(after, looked.get(key, OPEN), who=key[0], day=key[1], dagdeel=key[2])
                await store.changes.make(request(sample, change, actor=actor))
            except SlotsChangedError:
                refused += 1
        return refused

    state |= await seen()
    refused = sum(await asyncio.gather(*map(work, ("Anna", "Bea", "Cato", "Dirk"))))
    history = [one for one in await store.changes.list(sample.roster.id) if one.kind == "edit"]
    assert len(history) + refused == 24
    for change in reversed(history):
        for one in change.slots:
            state[one.employee_id, one.date, one.dagdeel] = one.after
    stands = await seen()
    for key, content_of_key in state.items():
        found = stands.get(key, OPEN)
        if SlotStatus.BLOCKED not in (found.status, content_of_key.status):  # rest comes and goes with the duties beside it
            assert (found.status, found.service_id) == (content_of_key.status, content_of_key.service_id), key
