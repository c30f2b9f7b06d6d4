"""A roster is judged by what it was planned with, for as long as that fits it."""

from __future__ import annotations

import asyncio
from uuid import UUID, uuid4

import pytest

from greedy.database.connector import DBConnector
from greedy.desk import Desk
from greedy.desk.opened import OpenRoster
from greedy.desk.outlook import look_ahead
from greedy.desk.worker import work_off
from greedy.model.problem import Slot
from greedy.store.base import RosterMark, RosterNews
from greedy.store.plans import PlanDocument, PlanOptions, PlanRequest, PlanState
from tests.desk.rosters import edit, own_work

MORNING = 0


def one_day(name: str, *more: str) -> str:
    """A planning file by which somebody works on one day at most."""
    return "\n".join((f'[[limits]]\nname = "one day"\nquantity = "days"\nmaximum = 1\nemployees = ["{name}"]', *more))


async def planned(desk: Desk, roster: UUID, text: str | None) -> OpenRoster:
    """The roster, planned with this planning file."""
    options = PlanOptions(solver="greedy", planning=text)
    plan = await desk.store.plans.ask(PlanRequest(id=uuid4(), roster_id=roster, actor="Anna", options=options))
    await work_off(desk.store, once=True)
    done = await desk.store.plans.get(plan.id)
    assert done.state is PlanState.DONE, done.error
    assert done.options == options
    return await desk.open(roster)


async def test_limits_hold_in_the_plan_and_in_what_comes_after(desk: Desk, opened: OpenRoster, db: DBConnector) -> None:
    who = next(a.employee for a in own_work(opened, "OSP") if all(p.employee != a.employee for p in opened.problem.pinned))
    name = opened.problem.employees[who].name
    assert len({a.day for a in opened.roster.assignments if a.employee == who}) > 1
    text = one_day(name, '[working_time]\nrules = "none"')
    after = await planned(desk, opened.roster_id, text)
    worked = {a.day for a in after.roster.assignments if a.employee == who}
    assert (len(worked), after.violations, after.under_law.working_time) == (1, (), None)
    days = (Slot(who, day, MORNING) for day in range(after.problem.day_count) if day not in worked)
    free = next(slot for slot in days if after.key(slot) not in after.rows and slot not in after.problem.unavailable)
    outlook = look_ahead(after, edit(after, free, "assign", "OSP"))
    assert any("one day" in one.message for one in outlook.broken), outlook

    copy = await desk.store.copies.make(uuid4(), opened.roster_id, "what if", "Anna")
    assert (await desk.open(copy.copy_id)).planned_with == after.planned_with

    again = await planned(desk, opened.roster_id, one_day(name))  # which changes no slot
    assert again.roster == after.roster
    assert again.planned_with != after.planned_with
    assert again.under_law.working_time is not None

    await db.execute("update employees set voornaam = 'Somebody else' where id = $1", [opened.problem.employees[who].id])
    gone = await desk.open(opened.roster_id)
    assert gone.misfit is not None
    assert gone.misfit.details[0].startswith("limits[0].employees[0]: there is no employee")
    assert gone.problem.limits == ()
    assert (await planned(desk, opened.roster_id, None)).misfit is None


async def test_what_is_planned_while_it_is_opened_is_judged_by_its_own_limits(desk: Desk, opened: OpenRoster) -> None:
    store, text = desk.store, '[working_time]\nrules = "none"'
    list_plans, news, were_read = store.plans.list, store.news, asyncio.Event()

    async def plans_read(roster_id: UUID | None = None, *, limit: int = 20) -> list[PlanDocument]:
        plans = await list_plans(roster_id, limit=limit)
        were_read.set()
        return plans

    async def planned_before(roster_id: UUID, seen: RosterMark | None = None) -> RosterNews:
        await were_read.wait()
        patch.undo()
        await planned(Desk(store), roster_id, text)
        return await news(roster_id, seen)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store.plans, "list", plans_read)
        patch.setattr(store, "news", planned_before)
        then = await Desk(store).open(opened.roster_id)
    assert then.planned_with is not None
    assert then.planned_with.planning == text


async def test_a_roster_that_is_again_as_it_was_is_shown_so(desk: Desk, opened: OpenRoster, db: DBConnector) -> None:
    store, anew = desk.store, Desk(desk.store)
    news = store.news

    async def name(given: str) -> None:
        await db.execute("update rosters set naam = $1 where id = $2", [given, opened.roster_id])

    async def renamed_before(roster_id: UUID, seen: RosterMark | None = None) -> RosterNews:
        patch.undo()
        await name("other")
        return await news(roster_id, seen)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "news", renamed_before)
        assert (await anew.open(opened.roster_id)).name == "other"
    await name(opened.name)
    assert (await anew.open(opened.roster_id)).name == opened.name


async def test_a_plan_counts_from_its_write_on_however_it_ended(desk: Desk, opened: OpenRoster, db: DBConnector) -> None:
    text = '[working_time]\nrules = "none"'
    await planned(desk, opened.roster_id, text)
    for state in PlanState:
        await db.execute("update roster_plans set state = $1 where roster_id = $2", [state, opened.roster_id])
        anew = await Desk(desk.store).open(opened.roster_id)
        assert anew.planned_with is not None, state
        assert anew.planned_with.planning == text
