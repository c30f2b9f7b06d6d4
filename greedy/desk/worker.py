"""The worker: plans that were asked for, worked off one at a time.

Its solver is a process of its own, and all that has to be known stands in the database: a worker that is killed loses nothing, as the next
one takes its plan up again under the same id, and a write that was made is not made twice.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, Literal
from uuid import UUID, uuid4

import structlog

from greedy.database.errors import QueryError
from greedy.desk.ending import ending_of, error_of
from greedy.desk.progressing import Progressing
from greedy.desk.running import run_plan
from greedy.errors import OutsideError
from greedy.model.message import Message
from greedy.pipeline import RunOutcome
from greedy.stopping import Stop, Why
from greedy.store.functions import FunctionStore
from greedy.store.plans import PlanDocument, PlanState

log = structlog.get_logger()

Tell = Callable[[str], None]
Asked = asyncio.Task[Literal[True]]

STALE_SECONDS = 30.0  # without a sign of life, a plan is taken up by another worker
SECONDS_BETWEEN_LOOKS = 1.0  # for a plan that waits
SECONDS_BETWEEN_NEWS = 0.5
SECONDS_BETWEEN_BEATS = 2.0
SECONDS_UNTIL_THE_NEXT_TRY = 5.0  # of a database that cannot be reached

_NOT_KEPT = QueryError(
    Message("the database refused to keep how this plan ended"),
    next_step=Message("look at the roster and its history, which say whether it was written"),
)


async def work_off(
    store: FunctionStore, *, stop: Stop | None = None, tell: Tell = lambda _: None, once: bool = False, stale_seconds: float = STALE_SECONDS
) -> int:
    """Work plans off until `stop` is asked for; the number of plans that were worked on.

    Parameters
    ----------
    store
        Where the queue and the rosters are.
    stop
        Asks the worker to end: a plan that is not being written yet is left to the next worker.
    tell
        Takes lines for whoever looks on.
    once
        End when no plan waits any more.
    stale_seconds
        A plan whose worker has given no sign of life for so long is taken up again.

    Raises
    ------
    CallerError
        Somebody has to mend something before plans can be worked off.
    """
    asked: Asked = asyncio.create_task(asyncio.Event().wait())  # ends when it is cancelled
    (stop or Stop()).attach(asked)
    worker, count = uuid4(), 0
    try:
        while not asked.done():
            try:
                plan = await store.plans.claim(worker, stale_seconds=stale_seconds)
            except OutsideError as exc:
                tell(f"the queue cannot be reached, trying again: {exc.message}")
                await asyncio.wait({asked}, timeout=SECONDS_UNTIL_THE_NEXT_TRY)
                continue
            if plan is not None:
                await _Work(store, worker, plan, asked, tell).do()
                count += 1
            elif once:
                break
            else:
                await asyncio.wait({asked}, timeout=SECONDS_BETWEEN_LOOKS)
    finally:
        asked.cancel()
    return count


class _Work:
    """Work on one plan: the run, and the signs of life beside it."""

    def __init__(self, store: FunctionStore, worker: UUID, plan: PlanDocument, asked: Asked, tell: Tell) -> None:
        self._store, self._worker, self._plan = store, worker, plan
        self._asked, self._tell = asked, tell
        self._stop = Stop()
        self._progress = Progressing()
        self._cancelled = False  # by a planner
        self._lost = False  # to another worker
        self._beaten_at = float("-inf")

    async def do(self) -> None:
        plan = self._plan
        self._tell(f"plan {plan.id} of roster {plan.roster_id}, asked by {plan.actor}")
        job = asyncio.create_task(run_plan(self._store, plan, stop=self._stop, progress=self._progress))
        self._stop.attach(job)
        try:
            while not job.done():
                await self._wait_a_moment(job)
                if not job.done():
                    await self._beat()
        finally:
            self._stop.ask(Why.TERMINATED)  # nothing when it has ended, or was asked before
            await asyncio.wait({job})
        if self._lost:
            self._tell(f"plan {plan.id} was taken up by another worker")
        else:
            await self._end(job)

    async def _wait_a_moment(self, job: asyncio.Task[RunOutcome]) -> None:
        if self._stop.why is None:
            either: set[asyncio.Task[Any]] = {job, self._asked}
            await asyncio.wait(either, timeout=SECONDS_BETWEEN_NEWS, return_when=asyncio.FIRST_COMPLETED)
            if self._asked.done():
                self._stop.ask(Why.TERMINATED)
        else:
            await asyncio.wait({job}, timeout=SECONDS_BETWEEN_NEWS)

    async def _beat(self) -> None:
        """Give a sign of life, with the progress, and hear whether a planner has cancelled the plan."""
        if not self._progress.news and time.monotonic() - self._beaten_at < SECONDS_BETWEEN_BEATS:
            return
        self._beaten_at = time.monotonic()
        try:
            beat = await self._store.plans.beat(self._plan.id, self._worker, self._progress.tell())
        except OutsideError as exc:  # the run goes on: the database may be back before its write
            log.warning("worker.no_beat", plan=str(self._plan.id), error=exc.message)
            return
        if not beat.yours:
            self._lost = True
            self._stop.ask(Why.INTERRUPTED)
        elif beat.cancel_by is not None and self._stop.why is None:
            self._cancelled = True
            self._stop.ask(Why.INTERRUPTED)

    async def _end(self, job: asyncio.Task[RunOutcome]) -> None:
        """Put into the queue how the plan ended, however often that has to be tried."""
        state, result, error = ending_of(job, cancelled=self._cancelled)
        self._tell(f"plan {self._plan.id} is {state}" + (f": {error['message']}" if error else ""))
        while True:
            try:
                await self._store.plans.end(self._plan.id, self._worker, state, result=result, error=error)
            except OutsideError as exc:
                log.warning("worker.end_not_kept", plan=str(self._plan.id), error=exc.message)
                if self._asked.done():
                    return
                if not exc.retryable:  # what it should keep is refused, and would be again
                    state, result, error = PlanState.FAILED, None, error_of(_NOT_KEPT)
                await asyncio.wait({self._asked}, timeout=SECONDS_UNTIL_THE_NEXT_TRY)
            else:
                return
