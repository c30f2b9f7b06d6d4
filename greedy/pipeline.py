"""The five phases in order: load, solve, pair, write and verify, report."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import structlog
from pydantic import BaseModel, ConfigDict

from greedy.errors import GreedyError
from greedy.formats.planning import Planning
from greedy.formats.practice import to_problem, to_roster
from greedy.formats.problems import keep_to
from greedy.model.problem import Problem
from greedy.model.roster import Roster
from greedy.persist import DatabaseOperationOrchestrator, OperationResult, TriggerVerifier, VerificationResult
from greedy.report import Report, build_report
from greedy.report.costs import solver_summary
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
from greedy.solve.bound import coverage_bound
from greedy.solve.explain import explain_open_demand
from greedy.solve.process import GRACE_SECONDS, OnProgress, Solved, SolverProcess, solve_apart
from greedy.solve.solve import Method
from greedy.stopping import Stop
from greedy.workspace import Workspace

if TYPE_CHECKING:
    from collections.abc import Iterator

    from greedy.store.base import Store

log = structlog.get_logger()

OnPhase = Callable[[str], None]
Keep = Callable[[Problem, Roster], Roster]  # the problem and the work that stands in its tables -> the earlier roster

DEFAULT_SECONDS = 60.0
# What a job with a time limit keeps for pairing, write, verification and report: a quarter of it, but never more than this.
SECONDS_AFTER_SOLVE, SHARE_AFTER_SOLVE = 60.0, 0.25


@dataclass(frozen=True)
class SolveOptions:
    """How to solve; see `greedy.solve.solve.solve`."""

    method: Method = "auto"
    time_limit_seconds: float = DEFAULT_SECONDS
    seed: int = 0
    workers: int | None = None


class RunDocument(BaseModel):
    """What `greedy run --json` prints.

    `write` and `verification` are null in a dry run, `verification` also when the job was asked to end before it was finished, `changes`
    without an earlier roster to keep to, `error` when the write succeeded.
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
    write: dict[str, Any] | None
    verification: dict[str, Any] | None
    phases_ms: dict[str, float]
    error: dict[str, Any] | None = None


@dataclass(frozen=True)
class RunOutcome:
    """A finished run. `error`: why the write failed, None when it did not."""

    document: RunDocument
    report: Report
    error: GreedyError | None

    @property
    def unverified(self) -> bool:
        """Whether the roster was written and then not verified, as the job was asked to end."""
        return self.document.write is not None and self.error is None and self.document.verification is None


class Phases:
    """Times the phases of a run and tells which one begins."""

    def __init__(self, on_phase: OnPhase) -> None:
        self.milliseconds: dict[str, float] = {}
        self._on_phase = on_phase

    @contextmanager
    def phase(self, name: str, title: str) -> Iterator[None]:
        """Time what happens inside as phase `name`."""
        self._on_phase(title)
        started = time.perf_counter()
        try:
            yield
        finally:
            self.milliseconds[name] = round((time.perf_counter() - started) * 1000, 2)
            log.info("phase.done", phase=name, milliseconds=self.milliseconds[name])


async def run_roster(
    store: Store,
    roster_id: UUID,
    *,
    options: SolveOptions | None = None,
    dry_run: bool = False,
    limit_worked_days: bool = False,
    wishes: bool = False,
    planning: Planning | None = None,
    keep: Keep | None = None,
    run_id: UUID | None = None,
    stop: Stop | None = None,
    on_phase: OnPhase = lambda _: None,
    on_progress: OnProgress | None = None,
) -> RunOutcome:
    """The job: all five phases for one roster.

    Parameters
    ----------
    store, roster_id
        Where the roster is.
    options
        For the solver.
    dry_run
        Plan and report; write nothing.
    limit_worked_days
        Take `aantalwerkdagen` as the most days an employee may work.
    wishes
        Take all wishes of the practice, not only those that `planning` names.
    planning
        Wishes, limits and the rest that the database does not hold.
    keep
        Finds the earlier roster that the new one should change little of; none by default.
    run_id
        Names the write; a repeat with the same id changes nothing. A new one by default.
    stop
        Asks the job to end early, and says until when it may go on: the solve is made shorter, so that there is time to write.
    on_phase
        Called with the title of each phase as it begins.
    on_progress
        Called with the progress of the solver, from another thread.

    Raises
    ------
    GreedyError
        The roster cannot be loaded. A write that failed is in the outcome instead.
    CancelledError
        The job was asked to end before the write began; nothing was written.
    """
    run_id = run_id or uuid4()
    options = options or SolveOptions()
    stop = stop or Stop()
    phases = Phases(on_phase)
    with structlog.contextvars.bound_contextvars(run_id=str(run_id), roster_id=str(roster_id)):
        with phases.phase("load", "FASE 1 LOAD"):
            tables = await store.load(roster_id)
            problem = to_problem(tables, limit_worked_days=limit_worked_days, wishes=wishes, planning=planning)
            if keep is not None:
                problem = keep_to(problem, keep(problem, to_roster(tables)))
        with phases.phase("solve", "FASE 2 SOLVE"):
            solved = await _solve(problem, _within(options, stop), on_progress)
            result = solved.result
        with phases.phase("pairing", "FASE 3 PAIRING"):
            workspace = Workspace(problem, result.roster)
            blocks = workspace.predicted_blocks()
        log.info("pairing.predicted", blocked=len(blocks), planned=len(workspace.planned()))
        operation: OperationResult | None = None
        error: GreedyError | None = None
        if not dry_run:
            with phases.phase("database", "FASE 4 DATABASE"):
                orchestrator = DatabaseOperationOrchestrator(workspace, store, run_id=run_id, stop=stop)
                operation = await orchestrator.execute()
                error = orchestrator.error
        with phases.phase("report", "FASE 5 REPORT"):
            report = report_solved(problem, solved, name=tables.roster.naam or "")
    document = RunDocument(
        run_id=str(run_id),
        roster_id=str(roster_id),
        success=error is None,
        dry_run=dry_run,
        solver=solver_summary(solved),
        coverage=report.coverage,
        open_demand=report.open_demand,
        violations=report.violations,
        conflicts=report.conflicts,
        gave_way=report.gave_way,
        working_time=report.working_time,
        changes=report.changes,
        write=None if operation is None else {"assignments": operation["assignments"], "blocking": operation["blocking"]},
        verification=None if operation is None else _as_dict(operation["verification"]),
        phases_ms=_phases_ms(phases, operation),
    )
    return RunOutcome(document, report, error)


def solve_file(
    problem: Problem, options: SolveOptions, *, warm_start: Roster | None = None, on_progress: OnProgress | None = None
) -> Solved:
    """Solve a problem that no database knows of; an earlier roster that it should keep to is where the solver begins.

    Raises
    ------
    GreedyError
        The solver ended without any roster.
    """
    return solve_apart(
        problem,
        options.method,
        time_limit_seconds=options.time_limit_seconds,
        seed=options.seed,
        workers=options.workers,
        warm_start=warm_start or _earlier(problem),
        on_progress=on_progress,
    )


def report_solved(problem: Problem, solved: Solved, *, name: str) -> Report:
    """FASE 5 for a roster that was made just now."""
    result = solved.result
    return build_report(
        problem,
        result.roster,
        name=name,
        open_demand=result.open_demand,
        bound=coverage_bound(problem),
        conflicts=result.conflicts,
        solver=solver_summary(solved),
    )


def report_standing(problem: Problem, roster: Roster, *, name: str) -> Report:
    """FASE 5 for a roster that stands already."""
    return build_report(problem, roster, name=name, open_demand=explain_open_demand(problem, roster), bound=coverage_bound(problem))


async def verify_roster(store: Store, roster_id: UUID) -> VerificationResult:
    """FASE 4C alone: the database's rows against what its own work predicts.

    Raises
    ------
    GreedyError
        The database cannot be asked.
    """
    tables = await store.load(roster_id)
    verifier = TriggerVerifier(Workspace(to_problem(tables), to_roster(tables)), store)
    result = await verifier.verify_all_triggers()
    if verifier.error:
        raise verifier.error
    return result


async def report_roster(store: Store, roster_id: UUID) -> Report:
    """FASE 5 alone, for the roster that stands in the database."""
    tables = await store.load(roster_id)
    return report_standing(to_problem(tables), to_roster(tables), name=tables.roster.naam or "")


def _within(options: SolveOptions, stop: Stop) -> SolveOptions:
    """The options, with a solve that leaves time for what comes after it."""
    if stop.time_limit_seconds is None or options.method == "greedy":
        return options
    afterwards = GRACE_SECONDS + min(SECONDS_AFTER_SOLVE, SHARE_AFTER_SOLVE * stop.time_limit_seconds)
    seconds = round(max(1.0, stop.seconds_left - afterwards), 1)
    if options.time_limit_seconds <= seconds:
        return options
    log.warning("solve.shortened", asked_seconds=options.time_limit_seconds, seconds=seconds, job_seconds=stop.time_limit_seconds)
    return replace(options, time_limit_seconds=seconds)


async def _solve(problem: Problem, options: SolveOptions, on_progress: OnProgress | None) -> Solved:
    """Solve beside the event loop; whoever interrupts the wait ends the solver."""
    if options.method == "greedy":
        return solve_apart(problem, options.method, seed=options.seed)
    with SolverProcess(
        problem,
        options.method,
        time_limit_seconds=options.time_limit_seconds,
        seed=options.seed,
        workers=options.workers,
        warm_start=_earlier(problem),
    ) as child:
        return await asyncio.to_thread(child.wait, on_progress)


def _earlier(problem: Problem) -> Roster | None:
    return Roster.of(problem.previous) if problem.previous else None


def _phases_ms(phases: Phases, operation: OperationResult | None) -> dict[str, float]:
    """The phases by name; FASE 4 in its parts, write and verify."""
    parts = dict(phases.milliseconds)
    database = parts.pop("database", None)
    if database is not None and operation is not None:
        verify = operation["verification"]["duration_ms"] if operation["verification"] else 0.0
        parts |= {"write": round(operation["write_ms"], 2), "verify": round(verify, 2)}
    order = ("load", "solve", "pairing", "write", "verify", "report")
    return {name: parts[name] for name in order if name in parts}


def _as_dict(result: VerificationResult | None) -> dict[str, Any] | None:
    return None if result is None else dict(result)
