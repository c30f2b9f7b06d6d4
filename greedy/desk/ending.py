"""How a plan ended, as the queue keeps it: whoever looks at it later reads it in her own language."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import structlog

from greedy.errors import GreedyError, OutsideError
from greedy.model.message import Message
from greedy.pipeline import RunDocument, RunOutcome
from greedy.store.plans import PlanState
from greedy.wording.kept import documents_of

log = structlog.get_logger()

MOST_PLACES = 20  # where a wish gave way, that a page shows


def ending_of(job: asyncio.Task[RunOutcome], *, cancelled: bool) -> tuple[PlanState, dict[str, Any] | None, dict[str, Any] | None]:
    """State, result and error. A run that was cut off, and that no planner cancelled, waits for the next worker."""
    if job.cancelled():
        return PlanState.CANCELLED if cancelled else PlanState.WAITING, None, None
    if (failure := job.exception()) is not None:
        return PlanState.FAILED, None, error_of(failure)
    outcome = job.result()
    document = outcome.document.model_dump(mode="json") | {"said": documents_of({text: text for text in _sentences(outcome.document)})}
    return (PlanState.DONE, document, None) if outcome.error is None else (PlanState.FAILED, document, error_of(outcome.error))


def error_of(failure: BaseException) -> dict[str, Any]:
    """An error as it stands in the queue. A fault of this program is one too: the plan ends with it, and the worker goes on.

    `said`: its sentences as other languages can say them. What a database says is for whoever looks after it, and stays as it is.
    """
    kind = type(failure).__name__
    if not isinstance(failure, GreedyError):
        log.error("worker.fault", exc_info=failure)
        failure = GreedyError(
            Message("internal fault: {kind}: {what}", kind=kind, what=str(failure)),
            next_step=Message("report it; nothing half-written is left"),
        )
    told = {text: text for text in (failure.message, failure.next_step, *failure.details) if text}
    if isinstance(failure, OutsideError):
        told = {text: _of_outside(failure, text) for text in told}
    said = documents_of(told)
    return {"kind": kind, "message": failure.message, "details": list(failure.details), "next_step": failure.next_step, "said": said}


def _of_outside(failure: OutsideError, text: str) -> str:
    """A text of an error from outside, where it is no message itself."""
    if isinstance(text, Message):
        return text
    if text == failure.message:
        return Message("Something outside this program failed: {what}", what=text)
    return Message("For whoever looks after it: {what}", what=text)


def _sentences(document: RunDocument) -> Iterator[str]:
    """What the page shows of a result."""
    yield from (line.message for line in document.violations)
    for conflict in document.conflicts:
        yield from (conflict.message, *conflict.parts)
    for cost in document.gave_way:
        yield from cost.where[:MOST_PLACES]
    if document.solver.incident is not None:
        yield document.solver.incident
