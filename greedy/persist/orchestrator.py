"""DatabaseOperationOrchestrator: 4A, on success 4B, both in one transaction, then 4C."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, TypedDict
from uuid import UUID

from greedy.errors import GreedyError
from greedy.formats.tables import PROGRAM_SOURCE
from greedy.persist.batch_writer import BatchWriter, WriteResult
from greedy.persist.trigger_verifier import TriggerVerifier, VerificationResult
from greedy.stopping import Stop
from greedy.store.base import Store

if TYPE_CHECKING:
    from greedy.workspace import Workspace


class OperationResult(TypedDict):
    """What FASE 4 did. `success` speaks of the write; verification warns.

    `verification` is None when nothing was written, or when the job was asked to end before it was finished.
    """

    success: bool
    run_id: str
    roster_id: str
    assignments: WriteResult
    blocking: WriteResult
    verification: VerificationResult | None
    write_ms: float
    duration_ms: float
    error: str | None


class DatabaseOperationOrchestrator:
    """Runs FASE 4 for a workspace. When `stop` asks for an end, a write that has begun is finished; the verification is left out."""

    def __init__(
        self, workspace: Workspace, store: Store, *, run_id: UUID | None = None, stop: Stop | None = None, actor: str = PROGRAM_SOURCE
    ) -> None:
        self._workspace = workspace
        self._stop = stop or Stop()
        self._writer = BatchWriter(workspace, store, run_id=run_id, actor=actor)
        self._verifier = TriggerVerifier(workspace, store)

    @property
    def error(self) -> GreedyError | None:
        """The error of the write, with its details and next step."""
        return self._writer.error

    async def execute(self) -> OperationResult:
        """Write and verify. Errors of the database are in the result; nothing is half-written then."""
        started = time.perf_counter()
        with self._stop.writing():
            assignments, blocking = await self._writer.write_roster()
        written = time.perf_counter()
        verification = None if self.error else await self._stop.unless_asked(self._verifier.verify_all_triggers())
        return OperationResult(
            success=self.error is None,
            run_id=str(self._writer.run_id),
            roster_id=self._workspace.roster_id,
            assignments=assignments,
            blocking=blocking,
            verification=verification,
            write_ms=(written - started) * 1000,
            duration_ms=(time.perf_counter() - started) * 1000,
            error=self.error.message if self.error else None,
        )
