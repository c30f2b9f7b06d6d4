"""The worker over a real database: it plans, is cancelled, is killed, and nothing is lost or done twice."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID, uuid4

import pytest
from pytest_mock import MockerFixture

from greedy.database.connector import DBConnector
from greedy.database.errors import QueryError
from greedy.desk import Desk
from greedy.desk.ending import error_of
from greedy.desk.opened import OpenRoster
from greedy.desk.progressing import Progressing
from greedy.desk.running import run_plan
from greedy.desk.worker import work_off
from greedy.errors import InputError
from greedy.formats.tables import PracticeTables
from greedy.model.message import Message
from greedy.pipeline import run_roster
from greedy.stopping import Stop, Why
from greedy.store.base import UnknownRosterError
from greedy.store.plans import PlanDocument, PlanOptions, PlanRequest, PlanState
from greedy.store.postgres import PostgresStore
from greedy.wording import words_of
from greedy.wording.kept import messages_in
from tests.desk.rosters import without_work
from tests.timing import PATIENCE_SECONDS, until

LONG = PlanOptions(time_limit_seconds=600, wishes=True)  # nothing proves the best roster of the sample with its wishes so soon
COMMAND = (sys.executable, "-P", "-m", "greedy", "worker")


@pytest.fixture
async def roster_id(store: PostgresStore, sample: PracticeTables) -> UUID:
    """The sample in the database, without any work."""
    await store.import_tables(without_work(sample))
    return sample.roster.id


@pytest.fixture
def ask(store: PostgresStore, roster_id: UUID) -> Callable[..., Any]:
    """Ask for a plan of the sample."""

    async def ask(options: PlanOptions | None = None, **chosen: Any) -> PlanDocument:
        options = options or PlanOptions(solver="greedy", **chosen)
        return await store.plans.ask(PlanRequest(id=uuid4(), roster_id=roster_id, actor="Anna", options=options))

    return ask


@asynccontextmanager
async def at_work(store: PostgresStore, **given: Any) -> AsyncIterator[asyncio.Task[int]]:
    """A worker in this process, which ends with the block."""
    stop = Stop()
    task = asyncio.create_task(work_off(store, stop=stop, **given))
    try:
        yield task
    finally:
        stop.ask(Why.TERMINATED)
        await asyncio.wait_for(task, PATIENCE_SECONDS)


@asynccontextmanager
async def worker_process(database_url: str, *options: str) -> AsyncIterator[asyncio.subprocess.Process]:
    """`greedy worker` as a process of its own."""
    environment = {**os.environ, "DATABASE_URL": database_url}
    pipe = asyncio.subprocess.PIPE
    process = await asyncio.create_subprocess_exec(*COMMAND, *options, env=environment, stdin=pipe, stdout=pipe, stderr=pipe)
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def is_solved(store: PostgresStore, plan: PlanDocument) -> bool:
    """Whether the solver of a plan has found a roster."""
    now = await store.plans.get(plan.id)
    return now.state is PlanState.RUNNING and now.progress is not None and any(p.cost is not None for p in now.progress.points)


async def in_state(store: PostgresStore, plan: PlanDocument, state: PlanState) -> PlanDocument:
    """The plan, when it is in a state."""
    await until(lambda: _is(store, plan, state))
    return await store.plans.get(plan.id)


async def _is(store: PostgresStore, plan: PlanDocument, state: PlanState) -> bool:
    return (await store.plans.get(plan.id)).state is state


async def opened(store: PostgresStore, roster_id: UUID) -> OpenRoster:
    """The roster as it stands."""
    return await Desk(store).open(roster_id)


async def test_a_plan_is_made_written_and_told(store: PostgresStore, roster_id: UUID, ask: Callable[..., Any]) -> None:
    plan = await ask()
    assert await work_off(store, once=True) == 1
    done = await store.plans.get(plan.id)
    assert (done.state, done.error) == (PlanState.DONE, None)
    assert done.result is not None
    standing = await opened(store, roster_id)
    assert done.result["coverage"]["assigned"] == standing.problem.required - sum(standing.missing.values()) > 200
    change = await store.changes.get(roster_id, plan.id)
    assert (change.kind, change.actor) == ("plan", "Anna")
    assert await work_off(store, once=True) == 0


async def test_its_way_is_told_while_it_runs_and_it_can_be_cancelled(
    store: PostgresStore, roster_id: UUID, ask: Callable[..., Any]
) -> None:
    before = await opened(store, roster_id)
    async with at_work(store):
        plan = await ask(LONG)
        await until(lambda: is_solved(store, plan))
        told = (await store.plans.get(plan.id)).progress
        assert told is not None
        assert told.phase == "FASE 2 SOLVE"
        await store.plans.cancel(plan.id, "Bente")
        ended = await in_state(store, plan, PlanState.CANCELLED)
    assert (ended.cancelled_by, ended.result, ended.error) == ("Bente", None, None)
    assert (await opened(store, roster_id)).digest == before.digest


async def test_a_plan_that_fails_says_why_and_the_next_one_is_made(
    store: PostgresStore, roster_id: UUID, ask: Callable[..., Any], db: DBConnector
) -> None:
    never = await ask(keep="publication")
    await work_off(store, once=True)
    failed = await store.plans.get(never.id)
    assert failed.state is PlanState.FAILED
    assert failed.error is not None
    assert failed.error["message"].startswith("the roster was never published")
    final = await ask()
    await db.execute("update rosters set status = 'final' where id = $1", (roster_id,))
    await work_off(store, once=True)
    failed = await store.plans.get(final.id)
    assert failed.error is not None
    assert (failed.state, failed.error["kind"]) == (PlanState.FAILED, "FinalRosterError")


async def test_an_end_that_the_database_refuses_does_not_hold_up_the_queue(
    store: PostgresStore, ask: Callable[..., Any], mocker: MockerFixture
) -> None:
    refused = await ask()
    mocker.patch("greedy.desk.worker.SECONDS_UNTIL_THE_NEXT_TRY", 0)
    mocker.patch("greedy.desk.worker.run_plan", side_effect=InputError("what no text of the database may hold: \0"))
    assert await asyncio.wait_for(work_off(store, once=True), PATIENCE_SECONDS) == 1
    ended = await store.plans.get(refused.id)
    assert ended.state is PlanState.FAILED
    assert ended.error is not None
    assert ended.error["message"] == "the database refused to keep how this plan ended"


async def test_few_changes_of_what_was_published(store: PostgresStore, roster_id: UUID, ask: Callable[..., Any]) -> None:
    await ask()
    await work_off(store, once=True)
    state = await store.state(roster_id)
    await store.publications.publish(uuid4(), roster_id, "Anna", expected_state=state.digest)
    await store.publications.reopen(uuid4(), roster_id, "Anna")
    told = (await opened(store, roster_id)).published
    plan = await ask(PlanOptions(solver="auto", time_limit_seconds=PATIENCE_SECONDS, keep="publication"))
    await work_off(store, once=True)
    done = await store.plans.get(plan.id)
    assert done.result is not None
    assert told is not None
    assert done.result["changes"]["kept"] + done.result["changes"]["gone"] == len(told.assignments)
    assert done.result["changes"]["gone"] < len(told.assignments) / 4


async def test_a_worker_that_is_asked_to_end_leaves_its_plan_to_the_next(
    store: PostgresStore, roster_id: UUID, ask: Callable[..., Any]
) -> None:
    plan = await ask(LONG)
    async with at_work(store) as first:
        await until(lambda: is_solved(store, plan))
    assert await first == 1
    assert (await store.plans.get(plan.id)).state is PlanState.WAITING
    async with at_work(store):
        await until(lambda: is_solved(store, plan))
        await store.plans.cancel(plan.id, "Anna")
        await in_state(store, plan, PlanState.CANCELLED)


async def test_a_worker_that_was_silent_for_too_long_leaves_its_plan_to_who_has_it_now(
    store: PostgresStore, roster_id: UUID, ask: Callable[..., Any]
) -> None:
    told: list[str] = []

    async def is_told() -> bool:
        return f"plan {plan.id} was taken up by another worker" in told

    async with at_work(store, tell=told.append):
        plan = await ask(LONG)
        await until(lambda: is_solved(store, plan))
        assert (await store.plans.claim(uuid4(), stale_seconds=0)) is not None
        await until(is_told)
    assert (await store.plans.get(plan.id)).state is PlanState.RUNNING


async def test_a_plan_of_a_worker_that_was_killed_is_made_by_the_next(
    store: PostgresStore, roster_id: UUID, ask: Callable[..., Any], database_url: str
) -> None:
    plan = await ask(LONG)
    async with worker_process(database_url) as process:
        await until(lambda: is_solved(store, plan))
        process.send_signal(signal.SIGKILL)
        await process.wait()
    assert (await store.plans.get(plan.id)).state is PlanState.RUNNING
    async with at_work(store, stale_seconds=1.0):
        await store.plans.cancel(plan.id, "Anna")
        await in_state(store, plan, PlanState.CANCELLED)


async def test_what_was_written_before_the_end_of_a_worker_is_not_planned_again(
    store: PostgresStore, roster_id: UUID, ask: Callable[..., Any]
) -> None:
    plan = await ask(LONG)
    assert (await store.plans.claim(uuid4(), stale_seconds=30)) is not None
    await run_roster(store, roster_id, run_id=plan.id)  # as that worker did, before it was killed
    written = await opened(store, roster_id)
    await asyncio.wait_for(work_off(store, once=True, stale_seconds=0), PATIENCE_SECONDS)
    done = await store.plans.get(plan.id)
    assert done.result is not None
    assert (done.state, done.result["coverage"]["open"]) == (PlanState.DONE, sum(written.missing.values()))
    assert "before it could tell" in done.result["solver"]["incident"]
    assert (await opened(store, roster_id)).digest == written.digest


async def test_of_two_workers_that_write_a_plan_one_does_and_neither_fails(
    store: PostgresStore, roster_id: UUID, ask: Callable[..., Any]
) -> None:
    plan = await ask()
    other = plan.model_copy(update={"options": PlanOptions(solver="auto", time_limit_seconds=PATIENCE_SECONDS)})
    outcomes = await asyncio.gather(*(run_plan(store, one, stop=Stop(), progress=Progressing()) for one in (plan, other)))
    assert [outcome.error for outcome in outcomes] == [None, None]
    assert [change.id for change in await store.changes.list(roster_id) if change.kind == "plan"] == [plan.id]


@pytest.mark.parametrize("how", ["signal", "stdin"])
async def test_the_command_ends_when_it_is_asked_to(database_url: str, db: DBConnector, how: str) -> None:
    async with worker_process(database_url, *(["--end-with-stdin"] if how == "stdin" else [])) as process:
        assert process.stdout is not None
        assert process.stdin is not None
        async with asyncio.timeout(PATIENCE_SECONDS):
            assert (await process.stdout.readline()).startswith(b"working off the plans of ")
            if how == "stdin":
                process.stdin.close()
            else:
                process.send_signal(signal.SIGTERM)
            assert await process.wait() == 0


def test_every_end_is_told_as_an_error_document() -> None:
    told = error_of(InputError("no", details=["a"], next_step="yes"))
    assert told == {"kind": "InputError", "message": "no", "details": ["a"], "next_step": "yes", "said": {}}
    assert error_of(ZeroDivisionError("x"))["message"] == "internal fault: ZeroDivisionError: x"


def test_an_error_is_read_back_in_the_language_of_whoever_reads_it() -> None:
    roster = uuid4()
    asked = error_of(UnknownRosterError(Message("no roster has the id {id}", id=roster), next_step=Message("use one of these ids")))
    broken = error_of(QueryError("relation is missing", next_step="greedy db migrate"))
    told = [json.loads(json.dumps(error)) for error in (asked, broken, error_of(ZeroDivisionError("x")))]
    assert [[words_of("nl").say(messages_in(error["said"])[error[key]]) for key in ("message", "next_step")] for error in told] == [
        [f"er is geen rooster met id {roster}", "gebruik een van deze id's"],
        ["Er ging iets mis buiten dit programma: relation is missing", "Voor wie het beheert: greedy db migrate"],
        ["fout in het programma: ZeroDivisionError: x", "meld dit; er is niets half weggeschreven"],
    ]
