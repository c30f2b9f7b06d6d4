"""Plans that were asked for: a queue in the database, worked off one at a time. The documents; `PlanQueue` calls the database."""

from __future__ import annotations

import datetime as dt
from enum import StrEnum
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field, TypeAdapter

from greedy.errors import CallerError, OutsideError
from greedy.model.message import Message
from greedy.store.answers import busy, final_roster, unknown_roster
from greedy.store.base import Document
from greedy.store.calls import Calls
from greedy.store.changes import Actor, ChangeOutcome, moment_in_words

LONGEST_PLANNING = 64 * 1024
STALE_SECONDS = 30.0  # so long a worker may be silent before its plan is another's


class UnknownPlanError(CallerError):
    """There is no plan with this id."""


class PlanIdReusedError(CallerError):
    """Another plan was asked for under this id."""


class PlanUnderWayError(CallerError):
    """The roster has a plan that waits or runs: `plan`."""

    def __init__(self, plan: PlanDocument) -> None:
        told = {"id": plan.roster_id, "who": plan.actor, "when": moment_in_words(plan.asked_at)}
        message = Message("a plan for roster {id} is waiting: {who} asked for it on {when}", **told)
        if plan.state is PlanState.RUNNING:
            message = Message("a plan for roster {id} is running: {who} asked for it on {when}", **told)
        ending = Message("it is being cancelled: try again in a moment")
        super().__init__(message, next_step=ending if plan.cancelled_by else Message("wait for it, or cancel it"))
        self.plan = plan


class PlanState(StrEnum):
    """How far a plan is."""

    WAITING = "waiting"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


class PlanOptions(Document):
    """How to plan.

    `keep`: stay close to this roster; `publication` is the last one published, `standing` what stands now. `planning`: the text of a
    planning file (TOML), with wishes, limits, requests and the rest that the database does not hold.
    """

    solver: Literal["auto", "greedy", "cpsat"] = "auto"
    time_limit_seconds: Annotated[float, Field(ge=1, le=3600, allow_inf_nan=False)] = 60.0
    seed: Annotated[int, Field(ge=0, le=2**31 - 1)] = 0
    wishes: bool = False
    limit_worked_days: bool = False
    keep: Literal["nothing", "standing", "publication"] = "nothing"
    planning: Annotated[str, Field(max_length=LONGEST_PLANNING, pattern=r"^[^\x00]*$")] | None = None


class PlanRequest(Document):
    """A plan that is asked for. The same `id` again is the same plan."""

    id: UUID
    roster_id: UUID
    actor: Actor
    options: PlanOptions = PlanOptions()


class PlanPoint(Document):
    """A moment of a solve: cost of the best roster so far and the bound, at the first priority."""

    seconds: float
    cost: int | None
    bound: int | None


class PlanProgress(Document):
    """What a running plan does. `points`: the way of best and bound so far, 200 at the most."""

    phase: str
    doing: str = ""
    points: list[PlanPoint] = Field(default_factory=list)


class PlanDocument(Document):
    """A plan. `id` is its run id too.

    `result`: the RunDocument of a plan that is DONE. `error`: kind, message, details and next_step of one that FAILED.
    """

    id: UUID
    roster_id: UUID
    actor: str
    options: PlanOptions
    state: PlanState
    asked_at: dt.datetime
    started_at: dt.datetime | None = None
    ended_at: dt.datetime | None = None
    cancelled_by: str | None = None
    progress: PlanProgress | None = None
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


class PlanEnd(Document):
    """What became of a plan, from the worker that worked on it."""

    id: UUID
    worker: UUID
    state: PlanState
    result: dict[str, Any] | None = None
    error: dict[str, Any] | None = None


class Beat(Document):
    """What a worker learns when it gives a sign of life. `cancel_by`: who wants the plan cancelled."""

    cancel_by: str | None
    yours: bool


class PlanQueue:
    """The queue of plans in a database that is migrated."""

    def __init__(self, calls: Calls) -> None:
        self._calls = calls

    async def ask(self, request: PlanRequest) -> PlanDocument:
        """Put a plan in the queue. The same request again is the same plan, however far it is.

        Raises
        ------
        UnknownRosterError, FinalRosterError
            The roster is not there, or takes no changes.
        PlanUnderWayError
            The roster has a plan that waits or runs.
        PlanIdReusedError
            The id belongs to another plan.
        """
        return await self._calls.change("ask_plan_v1", {"p_request": request}, _ASKED, lambda answer: _asked(answer, request))

    async def claim(self, worker: UUID, *, stale_seconds: float = STALE_SECONDS) -> PlanDocument | None:
        """The plan that this worker is to work on: the oldest that waits, or the running one of a worker that was silent for so long.

        None while another is running or none waits. A plan that ran before may have been written: then the history has a change with
        its id.
        """
        arguments = {"p_worker": worker, "p_stale_seconds": stale_seconds}
        return await self._calls.change("claim_plan_v1", arguments, _PLAN, lambda plan: plan)

    async def beat(self, plan_id: UUID, worker: UUID, progress: PlanProgress | None = None) -> Beat:
        """Give a sign of life, and say how far the plan is. Not `yours`: leave it, another has it or its roster is gone."""
        arguments = {"p_id": plan_id, "p_worker": worker, "p_progress": progress}
        return await self._calls.change("beat_plan_v1", arguments, _BEAT, lambda beat: beat)

    async def end(
        self,
        plan_id: UUID,
        worker: UUID,
        state: PlanState,
        result: dict[str, Any] | None = None,
        error: dict[str, Any] | None = None,
    ) -> bool:
        """Say what became of a plan; WAITING gives it back to the queue. False: it was not this worker's any more."""
        end = PlanEnd(id=plan_id, worker=worker, state=state, result=result, error=error)

        def read(answer: dict[str, bool]) -> bool:
            if answer.get("busy"):
                raise busy(plan_id)
            return answer["yours"]

        return await self._calls.change("end_plan_v1", {"p_request": end}, _ENDED, read)

    async def cancel(self, plan_id: UUID, actor: str) -> PlanDocument:
        """Cancel a plan that waits, or ask the worker of a running one to end it; a plan that has ended stays as it is.

        Raises UnknownPlanError.
        """
        arguments = {"p_id": plan_id, "p_actor": actor, "p_stale_seconds": STALE_SECONDS}
        return await self._calls.change("cancel_plan_v1", arguments, _PLAN, lambda plan: _known(plan, plan_id))

    async def get(self, plan_id: UUID) -> PlanDocument:
        """One plan. Raises UnknownPlanError."""
        return _known(await self._calls.read("get_plan_v1", {"p_id": plan_id}, _PLAN), plan_id)

    async def list(self, roster_id: UUID | None = None, *, limit: int = 20) -> list[PlanDocument]:
        """Plans of a roster or of all, newest first, without their results."""
        return await self._calls.read("list_plans_v1", {"p_roster_id": roster_id, "p_limit": limit}, _PLANS)


class UnderWay(ChangeOutcome):
    """What a function answers that does nothing to a roster while it is being planned."""

    plan: PlanDocument | None = None


def unless_under_way(answer: UnderWay) -> None:
    """Raises PlanUnderWayError when that is the answer."""
    if answer.outcome == "under_way" and answer.plan is not None:
        raise PlanUnderWayError(answer.plan)


UNDER_WAY = TypeAdapter(UnderWay)


class _Asked(Document):
    outcome: str
    plan: PlanDocument | None = None


_ASKED = TypeAdapter(_Asked)
_PLAN = TypeAdapter(PlanDocument | None)
_PLANS = TypeAdapter(list[PlanDocument])
_BEAT = TypeAdapter(Beat)
_ENDED = TypeAdapter(dict[str, bool])


def _asked(answer: _Asked, request: PlanRequest) -> PlanDocument:
    match answer.outcome:
        case "asked" if answer.plan is not None:
            return answer.plan
        case "under_way" if answer.plan is not None:
            raise PlanUnderWayError(answer.plan)
        case "plan_id_reused":
            raise PlanIdReusedError(Message("the id {id} belongs to another plan", id=request.id), next_step=Message("use a new id"))
        case "unknown_roster":
            raise unknown_roster(request.roster_id, [])
        case "final_roster":
            raise final_roster(request.roster_id)
        case "busy":
            raise busy(request.roster_id)
        case other:
            raise OutsideError(f"the database answered {other!r} to a plan that was asked for", next_step="greedy doctor")


def _known(plan: PlanDocument | None, plan_id: UUID) -> PlanDocument:
    if plan is None:
        raise UnknownPlanError(Message("no plan has the id {id}: it was never asked for, or its roster was deleted", id=plan_id))
    return plan
