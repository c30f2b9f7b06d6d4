"""The five phases in order: load, solve, pair, write and verify, report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from typing import TYPE_CHECKING
from uuid import UUID, uuid4
from zoneinfo import ZoneInfo

import structlog

from greedy.errors import GreedyError
from greedy.formats.planning import Planning
from greedy.formats.practice import planner_notes, to_problem, to_roster
from greedy.formats.problems import keep_to
from greedy.formats.tables import PROGRAM_SOURCE
from greedy.model.problem import Problem
from greedy.model.roster import Roster
from greedy.persist import DatabaseOperationOrchestrator, OperationResult, TriggerVerifier, VerificationResult
from greedy.pipeline.outcome import RunOutcome, run_document
from greedy.pipeline.phases import OnPhase, Phases
from greedy.pipeline.solving import SolveOptions, solve_beside, within
from greedy.reporting import report_solved, under_law, view_of
from greedy.solve.process import OnProgress
from greedy.stopping import Stop
from greedy.workspace import Workspace

if TYPE_CHECKING:
    from greedy.store.base import Store

log = structlog.get_logger()

Keep = Callable[[Problem, Roster], Roster]  # the problem and the work that stands in its tables -> the earlier roster


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
    actor: str = PROGRAM_SOURCE,
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
    actor
        Who asked for the run, for the history.
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
            standing = to_roster(tables)
            before = standing if len(standing.assignments) > len(problem.pinned) else None
            if keep is not None:
                problem = keep_to(problem, keep(problem, standing))
        with phases.phase("solve", "FASE 2 SOLVE"):
            solved = await solve_beside(problem, within(options, stop), on_progress)
            result = solved.result
        with phases.phase("pairing", "FASE 3 PAIRING"):
            workspace = Workspace(problem, result.roster)
            blocks = workspace.predicted_blocks()
        log.info("pairing.predicted", blocked=len(blocks), planned=len(workspace.planned()))
        operation: OperationResult | None = None
        error: GreedyError | None = None
        if not dry_run:
            with phases.phase("database", "FASE 4 DATABASE"):
                orchestrator = DatabaseOperationOrchestrator(workspace, store, run_id=run_id, stop=stop, actor=actor)
                operation = await orchestrator.execute()
                error = orchestrator.error
        with phases.phase("report", "FASE 5 REPORT"):
            now = dt.datetime.now(ZoneInfo(problem.timezone))
            reported = under_law(problem, planning)
            report = report_solved(reported, solved, name=tables.roster.naam or "", before=before, generated_at=now)
            view = view_of(
                reported,
                result.roster,
                report,
                status=tables.roster.status,
                generated_at=now,
                before=before,
                notes=planner_notes(tables),
            )
    document = run_document(
        report, operation, run_id=str(run_id), dry_run=dry_run, success=error is None, phases_ms=phases.by_name(operation)
    )
    return RunOutcome(document, view, error)


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
