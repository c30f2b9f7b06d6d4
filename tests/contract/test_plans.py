"""The queue of plans over both ways to the database: one runs at a time, and a worker that falls silent loses its plan to the next."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from uuid import UUID, uuid4

import pytest

from greedy.database.connector import DBConnector
from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables
from greedy.persist.request import write_request
from greedy.solve.fill import fill
from greedy.store.base import FinalRosterError, UnknownRosterError
from greedy.store.changes import ChangeRequest, SlotChange, SlotContent, SlotsChangedError
from greedy.store.functions import FunctionStore
from greedy.store.plans import (
    PlanDocument,
    PlanIdReusedError,
    PlanOptions,
    PlanPoint,
    PlanProgress,
    PlanRequest,
    PlanState,
    PlanUnderWayError,
    UnknownPlanError,
)
from greedy.store.publications import Publication
from greedy.workspace import Workspace

pytestmark = pytest.mark.parametrize("way", ["direct-schema", "rest"], indirect=True)

ONE, OTHER = UUID(int=1), UUID(int=2)


def request(roster_id: UUID, actor: str = "Anna") -> PlanRequest:
    """A plan that is asked for under a new id."""
    return PlanRequest(id=uuid4(), roster_id=roster_id, actor=actor, options=PlanOptions(time_limit_seconds=2.5, keep="publication"))


async def test_a_plan_from_its_asking_to_its_end(store: FunctionStore, sample: PracticeTables) -> None:
    with pytest.raises(UnknownRosterError):
        await store.plans.ask(request(sample.roster.id))
    await store.import_tables(sample)
    assert await store.plans.claim(ONE) is None
    asked = request(sample.roster.id)
    plan = await store.plans.ask(asked)
    assert (plan.id, plan.state, plan.options, plan.started_at) == (asked.id, PlanState.WAITING, asked.options, None)
    assert await store.plans.ask(asked) == plan
    with pytest.raises(PlanIdReusedError):
        await store.plans.ask(asked.model_copy(update={"actor": "Bea"}))
    with pytest.raises(PlanUnderWayError, match="Anna asked for it") as caught:
        await store.plans.ask(request(sample.roster.id, "Bea"))
    assert caught.value.plan == plan

    (brought,) = await store.changes.list(sample.roster.id)
    with pytest.raises(PlanIdReusedError):  # a plan whose id has a line in the history is one that was written
        await store.plans.ask(asked.model_copy(update={"id": brought.id}))

    running = await store.plans.claim(ONE)
    assert running is not None
    assert (running.id, running.state) == (plan.id, PlanState.RUNNING)
    assert await store.plans.claim(ONE) == running  # the first answer was lost
    assert await store.plans.claim(OTHER) is None
    progress = PlanProgress(phase="solve", doing="searching", points=[PlanPoint(seconds=0.5, cost=3, bound=1)])
    beat = await store.plans.beat(plan.id, ONE, progress)
    assert (beat.yours, beat.cancel_by) == (True, None)
    assert (await store.plans.beat(plan.id, ONE)).yours
    assert not (await store.plans.beat(plan.id, OTHER)).yours
    assert (await store.plans.get(plan.id)).progress == progress

    assert not await store.plans.end(plan.id, OTHER, PlanState.DONE)
    for _ in range(2):
        assert await store.plans.end(plan.id, ONE, PlanState.DONE, result={"coverage": 1.0})
    ended = await store.plans.get(plan.id)
    assert (ended.state, ended.result, ended.error) == (PlanState.DONE, {"coverage": 1.0}, None)
    assert ended.started_at is not None
    assert ended.ended_at is not None
    assert ended.asked_at < ended.started_at < ended.ended_at
    assert await store.plans.list(sample.roster.id) == [ended.model_copy(update={"result": None})]
    assert await store.plans.list() == await store.plans.list(sample.roster.id)
    assert (await store.plans.cancel(plan.id, "Bea")).state is PlanState.DONE
    with pytest.raises(UnknownPlanError):
        await store.plans.cancel(uuid4(), "Bea")


async def test_a_silent_worker_loses_its_plan_to_the_next(store: FunctionStore, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    asked = request(sample.roster.id)
    await store.plans.ask(asked)
    assert await store.plans.claim(ONE) is not None
    await store.plans.beat(asked.id, ONE, PlanProgress(phase="solve"))
    taken = await store.plans.claim(OTHER, stale_seconds=0)
    assert taken is not None
    assert (taken.id, taken.progress) == (asked.id, None)
    assert not (await store.plans.beat(asked.id, ONE)).yours
    assert not await store.plans.end(asked.id, ONE, PlanState.FAILED, error={"kind": "x"})
    assert await store.plans.end(asked.id, OTHER, PlanState.WAITING)  # a worker that is asked to stop
    given_back = await store.plans.get(asked.id)
    assert (given_back.state, given_back.started_at, given_back.progress) == (PlanState.WAITING, None, None)
    again = await store.plans.claim(ONE)
    assert again is not None
    assert (again.id, again.progress) == (asked.id, None)


async def test_a_clock_that_was_set_back_keeps_no_plan_of_a_dead_worker(
    store: FunctionStore, db: DBConnector, sample: PracticeTables
) -> None:
    await store.import_tables(sample)
    asked = await store.plans.ask(request(sample.roster.id))
    assert await store.plans.claim(ONE) is not None
    await db.execute("update roster_plans set beat_at = clock_timestamp() + interval '10 s'")
    assert await store.plans.claim(OTHER) is None
    await db.execute("update roster_plans set beat_at = clock_timestamp() - interval '1 hour'")
    await store.plans.beat(asked.id, ONE)
    assert await store.plans.claim(OTHER) is None
    await db.execute("update roster_plans set beat_at = clock_timestamp() + interval '1 hour'")
    assert await store.plans.claim(OTHER) is not None
    await db.execute("update roster_plans set beat_at = clock_timestamp() + interval '1 hour'")
    assert (await store.plans.cancel(asked.id, "Anna")).state is PlanState.CANCELLED


async def test_cancelling(store: FunctionStore, db: DBConnector, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    waiting = await store.plans.ask(request(sample.roster.id))
    cancelled = await store.plans.cancel(waiting.id, "Bea")
    assert (cancelled.state, cancelled.cancelled_by) == (PlanState.CANCELLED, "Bea")
    assert await store.plans.claim(ONE) is None

    asked = await store.plans.ask(request(sample.roster.id))
    await store.plans.claim(ONE)
    assert (await store.plans.cancel(asked.id, "Bea")).state is PlanState.RUNNING
    assert (await store.plans.cancel(asked.id, "Cato")).cancelled_by == "Bea"
    assert (await store.plans.beat(asked.id, ONE)).cancel_by == "Bea"
    assert await store.plans.end(asked.id, ONE, PlanState.WAITING)
    assert (await store.plans.get(asked.id)).state is PlanState.CANCELLED

    lost = await store.plans.ask(request(sample.roster.id))
    await store.plans.claim(ONE)
    await store.plans.cancel(lost.id, "Bea")
    assert await store.plans.claim(OTHER, stale_seconds=0) is None
    assert (await store.plans.get(lost.id)).state is PlanState.CANCELLED
    await store.plans.ask(request(sample.roster.id))
    await store.plans.claim(ONE)
    await db.execute("delete from rosters")
    assert await store.plans.list() == []
    assert not await store.plans.end(lost.id, OTHER, PlanState.DONE)


async def test_one_runs_at_a_time_and_the_oldest_comes_first(store: FunctionStore, db: DBConnector, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    copies = [uuid4() for _ in range(3)]
    for copy in copies:
        await store.copies.make(copy, sample.roster.id, "proef", "Anna")
    asked = [await store.plans.ask(request(copy)) for copy in copies]
    assert [one.id for one in await store.plans.list(limit=1)] == [asked[-1].id]
    claims = await asyncio.gather(*(store.plans.claim(UUID(int=number)) for number in range(6)))
    assert [one.id for one in claims if one is not None] == [asked[0].id]
    worker = next(UUID(int=number) for number, one in enumerate(claims) if one is not None)
    assert await store.plans.end(asked[0].id, worker, PlanState.DONE)
    following = await store.plans.claim(ONE)
    assert following is not None
    assert following.id == asked[1].id
    await db.execute("update rosters set status = 'final' where id = $1", [copies[0]])
    with pytest.raises(FinalRosterError):
        await store.plans.ask(request(copies[0]))


async def test_nothing_is_published_taken_over_or_deleted_under_a_plan(store: FunctionStore, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    original, copy = sample.roster.id, uuid4()
    await store.copies.make(copy, original, "proef", "Anna")
    seen = (await store.state(original)).digest

    def publish() -> Awaitable[object]:
        return store.publications.publish(uuid4(), original, "Bea", expected_state=seen)

    def take_over() -> Awaitable[object]:
        return store.copies.take_over(uuid4(), copy, "Bea", although_changed=True)

    def delete() -> Awaitable[object]:
        return store.copies.delete(copy, "Bea")

    for roster, refused in ((original, (publish, take_over)), (copy, (delete, take_over))):
        plan = await store.plans.ask(request(roster, "Cato"))
        for running in (False, True):
            if running:
                await store.plans.claim(ONE)
            for attempt in refused:
                with pytest.raises(PlanUnderWayError, match="Cato") as caught:
                    await attempt()
                assert (caught.value.plan.id, caught.value.next_step) == (plan.id, "wait for it, or cancel it")
        await store.plans.cancel(plan.id, "Bea")
        with pytest.raises(PlanUnderWayError) as caught:
            await take_over()
        assert caught.value.next_step == "it is being cancelled: try again in a moment"
        assert await store.plans.end(plan.id, ONE, PlanState.CANCELLED)
    assert [one.kind for one in await store.changes.list(original)] == ["copy", "import"]
    await take_over()
    await delete()
    await publish()


async def test_of_who_publishes_and_who_asks_for_a_plan_at_once_one_does(store: FunctionStore, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    seen = (await store.state(sample.roster.id)).digest
    published, asked = await asyncio.gather(
        store.publications.publish(uuid4(), sample.roster.id, "Anna", expected_state=seen),
        store.plans.ask(request(sample.roster.id)),
        return_exceptions=True,
    )
    one_did = isinstance(published, PlanUnderWayError) and isinstance(asked, PlanDocument)
    assert one_did or (isinstance(published, Publication) and isinstance(asked, FinalRosterError))


async def test_a_plan_that_replaces_another_keeps_what_went(store: FunctionStore, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    workspace = Workspace(to_problem(await store.load(sample.roster.id)))
    fill(workspace)
    first = uuid4()
    await store.write(write_request(workspace, first, "assignments"))
    await store.write(write_request(workspace, first, "blocking"))
    write = write_request(workspace, uuid4(), "roster")
    assert write.active is not None
    left_out, kept = write.active[0], write.active[1:]
    await store.write(write.model_copy(update={"active": kept, "blocked": None}))
    gone = await store.changes.get(sample.roster.id, write.run_id)
    (one,) = gone.slots
    assert (one.employee_id, one.date, one.dagdeel, one.after) == (left_out.employee_id, left_out.date, left_out.dagdeel, SlotContent())
    assert (one.before.service_id, one.before.source) == (left_out.service_id, "greedy")
    stays = kept[0].model_dump(include={"employee_id", "date", "dagdeel"})
    for seen, plan in ((one, gone.id), (SlotChange(**stays, before=SlotContent(), after=SlotContent()), first)):
        planner = ChangeRequest(id=uuid4(), roster_id=sample.roster.id, actor="Anna", slots=[seen])
        with pytest.raises(SlotsChangedError) as caught:
            await store.changes.make(planner)
        (conflict,) = caught.value.conflicts
        assert conflict.changed is not None
        assert conflict.changed.made_at == (await store.changes.get(sample.roster.id, plan)).made_at
    await store.import_tables(sample, replace=True)  # what the run wrote is gone, so it writes again
    await store.write(write)
    assert [one.kind for one in await store.changes.list(sample.roster.id)] == ["plan", "import", "plan", "plan", "import"]
