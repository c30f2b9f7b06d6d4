"""BatchWriter: status 1 and status 2 rows of a workspace into a store.

A batch is all rows of one status, written by one statement of one database function: nothing is written row by row.
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypedDict
from uuid import UUID, uuid4

import structlog

from greedy.errors import GreedyError
from greedy.formats.tables import PROGRAM_SOURCE
from greedy.persist.request import write_request
from greedy.store.base import Part, PartAnswer, Store

if TYPE_CHECKING:
    from greedy.workspace import Workspace

log = structlog.get_logger()


class WriteResult(TypedDict):
    """Rows that stand in the database as asked, rows that do not, milliseconds, and why not."""

    written: int
    failed: int
    duration_ms: float
    error: str | None


class WriteStatistics(TypedDict):
    """Slots of the roster as the database has them."""

    active_assignments: int
    blocking_assignments: int
    open_slots: int
    total: int
    roster_id: str


class BatchWriter:
    """Writes what a workspace holds.

    Parameters
    ----------
    workspace
        The roster to be written.
    store
        Where to.
    run_id
        Names this write for ever: the same id again gets the first answer. A new one by default.
    actor
        Who asked for it, for the history.
    """

    def __init__(self, workspace: Workspace, store: Store, *, run_id: UUID | None = None, actor: str = PROGRAM_SOURCE) -> None:
        self.run_id = run_id or uuid4()
        self.error: GreedyError | None = None
        """The error of the last write, with its details and next step; None after a good one."""
        self._workspace = workspace
        self._store = store
        self._actor = actor

    async def write_assignments(self) -> WriteResult:
        """4A alone: status 1 with source `greedy`, in a transaction of its own."""
        assignments, _ = await self._write("assignments")
        return assignments

    async def write_blocking_records(self) -> WriteResult:
        """4B alone: status 2 with source `greedy-blocking`, in a transaction of its own. Rows that the trigger made are adopted."""
        _, blocking = await self._write("blocking")
        return blocking

    async def write_roster(self) -> tuple[WriteResult, WriteResult]:
        """4A and, on its success, 4B, both in one transaction."""
        return await self._write("roster")

    async def verify_write(self, expected_count: int) -> bool:
        """Whether the database holds this many status 1 rows of the program."""
        counts = await self._store.counts(self._roster_id)
        if counts.active_by_program != expected_count:
            log.warning("write.count_differs", expected=expected_count, found=counts.active_by_program)
        return counts.active_by_program == expected_count

    async def get_write_statistics(self) -> WriteStatistics:
        """Slots of the roster by content. A slot without a row is open, unless its employee is structurally absent."""
        problem = self._workspace.problem
        counts = await self._store.counts(self._roster_id)
        total = len(problem.employees) * problem.day_count * len(problem.dayparts)
        return WriteStatistics(
            active_assignments=counts.active,
            blocking_assignments=counts.blocked,
            open_slots=total - counts.active - counts.blocked - len(problem.unavailable),
            total=total,
            roster_id=self._workspace.roster_id,
        )

    @property
    def _roster_id(self) -> UUID:
        return UUID(self._workspace.roster_id)

    async def _write(self, part: Part) -> tuple[WriteResult, WriteResult]:
        write = write_request(self._workspace, self.run_id, part, actor=self._actor)
        started = time.perf_counter()
        self.error = None
        try:
            answer = await self._store.write(write)
        except GreedyError as exc:
            self.error = exc
            log.error("write.failed", part=part, error=exc.message)  # noqa: TRY400  the caller decides whether to show a traceback
            milliseconds = (time.perf_counter() - started) * 1000
            return (
                WriteResult(written=0, failed=len(write.active or ()), duration_ms=milliseconds, error=exc.message),
                WriteResult(written=0, failed=len(write.blocked or ()), duration_ms=milliseconds, error=exc.message),
            )
        log.info("write.done", part=part, repeated=answer.repeated, waited_ms=round(answer.waited_ms, 1))
        return _result(answer.assignments), _result(answer.blocking)


def _result(answer: PartAnswer | None) -> WriteResult:
    if answer is None:
        return WriteResult(written=0, failed=0, duration_ms=0.0, error=None)
    return WriteResult(written=answer.written, failed=0, duration_ms=answer.duration_ms, error=None)
