"""What a run answers: the document that `greedy run --json` prints, and the roster as a view."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict

from greedy.errors import GreedyError
from greedy.persist import OperationResult
from greedy.report import Comparison, Report
from greedy.report.model import (
    Changes,
    ConflictLine,
    CostLine,
    CoverageSummary,
    OpenDemandLine,
    SolverSummary,
    ViolationLine,
    WorkingTimeLine,
)
from greedy.report.view import ReportView


class RunDocument(BaseModel):
    """What `greedy run --json` prints.

    `write` and `verification` are null in a dry run, `verification` also when the job was asked to end before it was finished, `changes`
    without an earlier roster to keep to, `comparison` where no work of the program stood before, `error` when the write succeeded.
    """

    model_config = ConfigDict(frozen=True)

    run_id: str
    roster_id: str
    success: bool
    dry_run: bool
    solver: SolverSummary
    coverage: CoverageSummary
    open_demand: list[OpenDemandLine]
    violations: list[ViolationLine]
    conflicts: list[ConflictLine]
    gave_way: list[CostLine]
    working_time: list[WorkingTimeLine]
    changes: Changes | None
    comparison: Comparison | None
    write: dict[str, Any] | None
    verification: dict[str, Any] | None
    phases_ms: dict[str, float]
    error: dict[str, Any] | None = None


@dataclass(frozen=True)
class RunOutcome:
    """A finished run. `error`: why the write failed, None when it did not."""

    document: RunDocument
    view: ReportView
    error: GreedyError | None

    @property
    def report(self) -> Report:
        """What is told of the roster."""
        return self.view.report

    @property
    def unverified(self) -> bool:
        """Whether the roster was written and then not verified, as the job was asked to end."""
        return self.document.write is not None and self.error is None and self.document.verification is None


def run_document(
    report: Report,
    operation: OperationResult | None,
    *,
    run_id: str,
    dry_run: bool,
    success: bool,
    phases_ms: dict[str, float],
) -> RunDocument:
    """The document of a run: what it reports of the roster that it has made, and what `operation` did to the database."""
    if report.solver is None:
        raise ValueError("a run has a solver")
    verification = None if operation is None else operation["verification"]
    return RunDocument(
        run_id=run_id,
        roster_id=report.roster_id,
        success=success,
        dry_run=dry_run,
        solver=report.solver,
        coverage=report.coverage,
        open_demand=report.open_demand,
        violations=report.violations,
        conflicts=report.conflicts,
        gave_way=report.gave_way,
        working_time=report.working_time,
        changes=report.changes,
        comparison=report.comparison,
        write=None if operation is None else {"assignments": operation["assignments"], "blocking": operation["blocking"]},
        verification=None if verification is None else dict(verification),
        phases_ms=phases_ms,
    )
