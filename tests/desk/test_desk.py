"""The desk over a real database: what was foretold comes true, and nobody's change is lost in silence."""

from __future__ import annotations

import asyncio
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest

from greedy.database.connector import DBConnector
from greedy.desk import Desk
from greedy.desk.edits import Action, Edit, seen_in
from greedy.desk.opened import OpenRoster, lay_open
from greedy.desk.outlook import changed, look_ahead
from greedy.desk.running import last_published
from greedy.desk.worker import work_off
from greedy.errors import InputError
from greedy.formats.tables import PracticeTables
from greedy.model.problem import Slot, SlotStatus
from greedy.report.grid import CellChange
from greedy.store.base import FinalRosterError, RosterConflictError, UnknownRosterError
from greedy.store.changes import AlreadyUndoneError, ChangeIdReusedError, NotUndoableError, UnknownChangeError
from greedy.store.plans import PlanOptions, PlanRequest, PlanState
from greedy.wording.words import words_of
from tests.desk.rosters import edit, open_slot, own_work
from tests.stores import store_over_rest
from tests.supabase_project import RestServer

MORNING, MIDDAY, EVENING = range(3)


def dio_of(opened: OpenRoster, number: int = 0) -> Slot:
    """A slot in which the program planned DIO."""
    return opened.problem.slot_of(own_work(opened, "DIO")[number])


def shown(opened: OpenRoster) -> list[object]:
    """All that a planner sees of a roster."""
    return [opened.problem, opened.roster, opened.grid.cells, opened.notes, opened.status]


async def test_a_roster_stays_open_while_its_state_is_the_same(desk: Desk, opened: OpenRoster) -> None:
    assert await desk.open(opened.roster_id) is opened
    again = await asyncio.gather(*(Desk(desk.store).open(opened.roster_id) for _ in range(2)))
    assert again[0] is not again[1]
    fresh = Desk(desk.store)
    one, other = await asyncio.gather(fresh.open(opened.roster_id), fresh.open(opened.roster_id))
    assert one is other
    await desk.change(edit(opened, dio_of(opened), "clear"), uuid4(), "Anna")
    assert (await desk.open(opened.roster_id)).digest != opened.digest


EDITS: list[tuple[Action, str | None]] = [
    ("clear", None), ("pin", None), ("unavailable", None), ("assign", "OSP"), ("assign", "DDO"), ("assign", "DIO"),
]  # fmt: skip


@pytest.mark.parametrize(("action", "service"), EDITS)
async def test_what_was_foretold_comes_true_and_can_be_taken_back(
    desk: Desk, opened: OpenRoster, action: Action, service: str | None
) -> None:
    one = edit(opened, dio_of(opened), action, service)
    outlook = look_ahead(opened, one)
    answer = await desk.change(one, uuid4(), "Anna")
    then = await desk.open(opened.roster_id)
    foretold = changed(opened, outlook.changes)
    assert (then.problem, then.roster, set(then.violations)) == (foretold.problem, foretold.roster, set(foretold.violations))
    assert [line.after.status for line in answer.change.slots if line.after.service_id] == [
        line.after.status for line in outlook.changes if line.after.service_id
    ]
    await desk.undo(opened.roster_id, answer.change.id, uuid4(), "Anna")
    assert shown(await desk.open(opened.roster_id)) == shown(opened)


async def test_rest_that_a_change_took_comes_back_with_its_undo(desk: Desk, opened: OpenRoster) -> None:
    duty = dio_of(opened)
    rest = Slot(duty.employee, duty.day, MIDDAY)
    assert seen_in(opened, rest).status is SlotStatus.BLOCKED
    for given in (edit(opened, rest, "unavailable"), edit(opened, rest, "assign", "MSP"), edit(opened, rest, "note", note="asked")):
        answer = await desk.change(given, uuid4(), "Anna")
        await desk.undo(opened.roster_id, answer.change.id, uuid4(), "Anna")
        assert shown(await desk.open(opened.roster_id)) == shown(opened)


async def test_an_undo_is_undone(desk: Desk, opened: OpenRoster) -> None:
    made = await desk.change(edit(opened, dio_of(opened), "clear"), uuid4(), "Anna")
    cleared = await desk.open(opened.roster_id)
    undone = await desk.undo(opened.roster_id, made.change.id, uuid4(), "Anna")
    with pytest.raises(AlreadyUndoneError):
        await desk.undo(opened.roster_id, made.change.id, uuid4(), "Bente")
    await desk.undo(opened.roster_id, undone.change.id, uuid4(), "Anna")
    assert shown(await desk.open(opened.roster_id)) == shown(cleared)


async def test_of_two_planners_the_second_is_told(desk: Desk, opened: OpenRoster) -> None:
    slot = dio_of(opened)
    await desk.change(edit(opened, slot, "assign", "OSP"), uuid4(), "Anna Mulder")
    elsewhere = [Slot((slot.employee + 1) % 14, day, daypart) for day in range(opened.problem.day_count) for daypart in range(3)]
    documents = [dict(zip(("employee_id", "date", "dagdeel"), opened.key(one), strict=True)) for one in elsewhere]
    given = {"roster_id": opened.roster_id, "slots": documents, "seen": [seen_in(opened, one) for one in elsewhere]}
    await desk.change(Edit.model_validate({**given, "action": "note", "note": "x", "with_pair": False}), uuid4(), "Cato")
    with pytest.raises(RosterConflictError) as refused:
        await desk.change(edit(opened, slot, "clear"), uuid4(), "Bente")
    assert "DIO was seen, and OSP, pinned stands there now" in refused.value.details[0]
    made = next(one for one in await desk.store.changes.list(opened.roster_id) if one.actor == "Anna Mulder")
    there = made.made_at.astimezone(ZoneInfo("Europe/Amsterdam"))
    assert refused.value.details[1] == f"changed by Anna Mulder at {there:%H:%M} on {there:%Y-%m-%d}"
    assert seen_in(await desk.open(opened.roster_id), slot).service_code == "OSP"


async def test_of_two_planners_at_the_same_moment_one_is_told(desk: Desk, opened: OpenRoster) -> None:
    slot = open_slot(opened, MIDDAY, qualified="MSP")
    given = [edit(opened, slot, "assign", "MSP"), edit(opened, slot, "unavailable")]
    done = await asyncio.gather(*(Desk(desk.store).change(one, uuid4(), "Anna") for one in given), return_exceptions=True)
    assert sorted(isinstance(one, RosterConflictError) for one in done) == [False, True]
    status = seen_in(await desk.open(opened.roster_id), slot).status
    assert status is (SlotStatus.ACTIVE if isinstance(done[1], RosterConflictError) else SlotStatus.UNAVAILABLE)


async def test_changes_of_other_slots_stand_side_by_side(desk: Desk, opened: OpenRoster) -> None:
    one, other = dio_of(opened), dio_of(opened, 5)
    await desk.change(edit(opened, one, "clear"), uuid4(), "Anna")
    await desk.change(edit(opened, other, "pin"), uuid4(), "Bente")
    then = await desk.open(opened.roster_id)
    assert (seen_in(then, one).status, seen_in(then, other).pinned) == (SlotStatus.OPEN, True)


async def test_an_undo_takes_back_nothing_of_others(desk: Desk, opened: OpenRoster) -> None:
    slot = dio_of(opened)
    made = await desk.change(edit(opened, slot, "clear"), uuid4(), "Anna")
    then = await desk.open(opened.roster_id)
    await desk.change(edit(then, slot, "assign", "OSP"), uuid4(), "Bente")
    with pytest.raises(RosterConflictError) as refused:
        await desk.undo(opened.roster_id, made.change.id, uuid4(), "Anna")
    assert "Bente" in refused.value.details[0]
    with pytest.raises(UnknownChangeError):
        await desk.undo(opened.roster_id, uuid4(), uuid4(), "Anna")
    published = uuid4()
    state = await desk.store.state(opened.roster_id)
    await desk.store.publications.publish(published, opened.roster_id, "Anna", expected_state=state.digest)
    with pytest.raises(NotUndoableError):
        await desk.undo(opened.roster_id, published, uuid4(), "Anna")


async def test_the_same_form_twice_is_one_change(desk: Desk, opened: OpenRoster) -> None:
    given, id_ = edit(opened, dio_of(opened), "clear"), uuid4()
    first, second = await desk.change(given, id_, "Anna"), await desk.change(given, id_, "Anna")
    assert (first.repeated, second.repeated) == (False, True)
    assert first.change == second.change
    together = await asyncio.gather(*(desk.change(edit(opened, dio_of(opened, 3), "pin"), other, "Anna") for other in [uuid4()] * 3))
    assert sorted(one.repeated for one in together) == [False, True, True]
    other_slot, other_action = edit(opened, dio_of(opened, 7), "unpin"), edit(opened, dio_of(opened), "assign", "OSP")
    for stranger, actor in ((other_slot, "Anna"), (other_action, "Anna"), (given, "Bente")):
        with pytest.raises(ChangeIdReusedError):
            await desk.change(stranger, id_, actor)


async def test_what_is_not_possible_changes_nothing(desk: Desk, opened: OpenRoster) -> None:
    with pytest.raises(InputError, match="OSP is a service of dagdeel O, not M"):
        await desk.change(edit(opened, open_slot(opened, MIDDAY), "assign", "OSP"), uuid4(), "Anna")
    assert shown(await desk.open(opened.roster_id)) == shown(opened)


async def test_a_final_roster_and_one_that_is_gone_are_told(desk: Desk, opened: OpenRoster, db: DBConnector) -> None:
    given = edit(opened, dio_of(opened), "clear")
    await db.execute("update rosters set status = 'final' where id = $1", (opened.roster_id,))
    with pytest.raises(FinalRosterError):
        await desk.change(given, uuid4(), "Anna")
    await db.execute("delete from rosters where id = $1", (opened.roster_id,))
    for call in (desk.open(opened.roster_id), desk.change(given, uuid4(), "Anna"), desk.view(opened.roster_id)):
        with pytest.raises(UnknownRosterError):
            await call


async def test_a_view_is_drawn_from_the_roster_as_it_stands(desk: Desk, opened: OpenRoster) -> None:
    view = await desk.view(opened.roster_id, words_of("nl"))
    assert (view.name, view.status, view.grid) == (opened.name, "draft", opened.grid)
    assert view.report.coverage.open == sum(opened.missing.values())
    assert (view.report.metadata.language, view.generated_at.tzname()) == ("nl", "CET")
    assert len(await desk.explained(opened)) == len(view.report.open_demand)
    assert view.report.metadata.generated_at == view.generated_at
    assert (await desk.view(opened.roster_id)).report.metadata.language == "en"


async def test_candidates_are_asked_for_by_what_a_planner_sees(desk: Desk, opened: OpenRoster) -> None:
    demand = opened.problem.demand[next(iter(opened.missing))]
    service, team = opened.problem.services[demand.service].code, opened.problem.demand_teams[demand.team].code
    row = opened.demand_row(opened.problem.date_of(demand.day), service, team)
    assert len(await desk.candidates(opened, row)) == 14


async def test_what_a_change_did_can_be_seen(desk: Desk, opened: OpenRoster) -> None:
    await desk.change(edit(opened, dio_of(opened), "assign", "DDO"), uuid4(), "Anna")
    seen = await desk.compare(opened, await desk.open(opened.roster_id))
    assert [(line.before, line.after) for line in seen.lines] == [("DIO", "DDO"), ("DIA", "DDA")]
    assert seen.kept == len(opened.roster.assignments) - 2
    assert (await desk.compare(opened, opened)).same


async def test_an_edit_outlooks_through_the_desk(desk: Desk, opened: OpenRoster) -> None:
    given = edit(opened, dio_of(opened), "clear")
    assert await desk.look_ahead(opened, given) == look_ahead(opened, Edit.model_validate(given.model_dump()))


async def test_what_is_published_is_marked_and_compared(desk: Desk, opened: OpenRoster) -> None:
    assert await desk.since_publication(opened) is None
    assert (opened.publications, opened.published) == ((), None)
    await desk.store.publications.publish(uuid4(), opened.roster_id, "Anna", expected_state=opened.digest)
    final = await desk.open(opened.roster_id)
    assert (final.is_final, final.published, final.publications[0].number) == (True, opened.roster, 1)
    await desk.store.publications.reopen(uuid4(), opened.roster_id, "Anna")
    reopened, slot = await desk.open(opened.roster_id), dio_of(opened)
    assert all(cell.change is None for days in reopened.grid.cells for cells in days for cell in cells)
    await desk.change(edit(reopened, slot, "assign", "OSP"), uuid4(), "Anna")
    view = await desk.view(opened.roster_id)
    changes = {cells[slot.daypart].change for cells in [view.grid.cells[slot.employee][slot.day]]}
    assert changes == {CellChange.OTHER}
    assert view.publications == final.publications
    since = await desk.since_publication(await desk.open(opened.roster_id))
    assert since is not None
    assert view.comparison == since
    assert [(line.before, line.after) for line in since.lines] == [("DIO", "OSP"), ("DIA", None)]
    then = await desk.open(opened.roster_id)
    await desk.store.publications.publish(uuid4(), opened.roster_id, "Anna", expected_state=then.digest)
    assert [one.number for one in (await desk.open(opened.roster_id)).publications] == [1, 2]


async def test_of_several_publications_the_last_is_what_colleagues_know(desk: Desk, opened: OpenRoster) -> None:
    roster_id, gone = opened.roster_id, own_work(opened, "DIO")[0]
    for number in range(2):
        seen = await desk.open(roster_id)
        await desk.store.publications.publish(uuid4(), roster_id, "Anna", expected_state=seen.digest)
        if number == 0:
            await desk.store.publications.reopen(uuid4(), roster_id, "Anna")
            await desk.change(edit(opened, opened.problem.slot_of(gone), "clear"), uuid4(), "Anna")
    then = await desk.open(roster_id)
    assert then.published == then.roster
    assert gone not in then.roster.assignments
    told = await desk.store.publications.list(roster_id, with_slots=True)
    assert last_published(then.problem, told) == then.roster  # what a plan that changes little stays close to


async def test_a_roster_that_came_anew_under_its_id_was_told_what_it_was_told(
    desk: Desk, opened: OpenRoster, db: DBConnector, planned: PracticeTables, sample: PracticeTables
) -> None:
    told = []
    for tables in (planned, sample):
        await db.execute("delete from rosters")
        await desk.store.import_tables(tables)
        state = await desk.store.state(opened.roster_id)
        await desk.store.publications.publish(uuid4(), opened.roster_id, "Anna", expected_state=state.digest)
        told.append((await desk.open(opened.roster_id)).published)
    assert [one and len(one.assignments) for one in told] == [len(opened.roster.assignments), len(lay_open(sample).roster.assignments)]


async def test_a_copy_is_compared_with_its_original(desk: Desk, opened: OpenRoster) -> None:
    copy = await desk.store.copies.make(uuid4(), opened.roster_id, "what if", "Anna")
    copied = await desk.open(copy.copy_id)
    assert (copied.roster, copied.problem.pinned) == (opened.roster, opened.problem.pinned)
    assert (await desk.compare(opened, copied)).same
    await desk.change(edit(copied, dio_of(opened), "clear", roster_id=copy.copy_id), uuid4(), "Anna")
    changed = await desk.open(copy.copy_id)
    there, back = await desk.compare(opened, changed), await desk.compare(changed, opened)
    assert ((there.gone, there.new), (back.gone, back.new)) == ((2, 0), (0, 2))
    await desk.store.copies.take_over(uuid4(), copy.copy_id, "Anna")
    assert (await desk.compare(await desk.open(opened.roster_id), changed)).same


@pytest.mark.parametrize("actor", ["", "x" * 201, "A\nB"])
async def test_a_name_that_the_history_cannot_keep_is_refused(desk: Desk, opened: OpenRoster, actor: str) -> None:
    with pytest.raises(InputError):
        await desk.change(edit(opened, dio_of(opened), "clear"), uuid4(), actor)


async def test_over_rest_it_is_the_same(rest_server: RestServer, database_url: str, desk: Desk, opened: OpenRoster) -> None:
    async with store_over_rest(rest_server, database_url) as store:
        over_rest = Desk(store)
        assert shown(await over_rest.open(opened.roster_id)) == shown(opened)
        made = await over_rest.change(edit(opened, dio_of(opened), "assign", "DDO"), uuid4(), "Anna")
        assert shown(await over_rest.open(opened.roster_id)) == shown(await desk.open(opened.roster_id))
        await over_rest.undo(opened.roster_id, made.change.id, uuid4(), "Anna")
        assert shown(await over_rest.open(opened.roster_id)) == shown(opened)
        plan = await store.plans.ask(
            PlanRequest(id=uuid4(), roster_id=opened.roster_id, actor="Anna", options=PlanOptions(solver="greedy"))
        )
        assert await work_off(store, once=True) == 1
        assert (await store.plans.get(plan.id)).state is PlanState.DONE
