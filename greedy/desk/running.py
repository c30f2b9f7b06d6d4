"""One plan that was asked for, run."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from zoneinfo import ZoneInfo

from greedy.desk.planned_with import planning_of, problem_of, was_written
from greedy.desk.progressing import Progressing
from greedy.errors import InputError
from greedy.formats.practice import to_roster
from greedy.model.message import Message
from greedy.model.problem import Problem
from greedy.model.roster import Roster
from greedy.pipeline import Keep, RunOutcome, SolveOptions, run_document, run_roster
from greedy.report import Report
from greedy.report.model import SolverSummary
from greedy.reporting import published_rosters, report_standing, under_law, view_of
from greedy.stopping import Stop
from greedy.store.base import RunIdReusedError
from greedy.store.functions import FunctionStore
from greedy.store.plans import PlanDocument
from greedy.store.publications import Publication


async def run_plan(store: FunctionStore, plan: PlanDocument, *, stop: Stop, progress: Progressing) -> RunOutcome:
    """Run a plan; its id is the run id. A plan whose roster was written before its worker ended is not planned again.

    Raises
    ------
    GreedyError
        The roster cannot be loaded, or there is nothing to keep to.
    CancelledError
        `stop` was asked for before the write began; nothing was written.
    """
    if await was_written(store, plan):
        return await _standing(store, plan)
    options = plan.options
    outcome = await run_roster(
        store,
        plan.roster_id,
        options=SolveOptions(options.solver, options.time_limit_seconds, options.seed),
        limit_worked_days=options.limit_worked_days,
        wishes=options.wishes,
        planning=planning_of(options),
        keep=await _keep(store, plan),
        run_id=plan.id,
        actor=plan.actor,
        stop=stop,
        on_phase=progress.begin,
        on_progress=progress.solve,
    )
    if isinstance(outcome.error, RunIdReusedError) and await was_written(store, plan):  # by a worker that was taken for dead
        return await _standing(store, plan)
    return outcome


async def _keep(store: FunctionStore, plan: PlanDocument) -> Keep | None:
    """What finds the earlier roster to stay close to."""
    match plan.options.keep:
        case "nothing":
            return None
        case "standing":
            return lambda _problem, standing: standing
        case "publication":
            publications = await store.publications.list(plan.roster_id, with_slots=True)
            if not publications:
                raise InputError(
                    Message("the roster was never published, so there is no publication to stay close to"),
                    next_step=Message("plan it without, or stay close to what stands now"),
                )
            return lambda problem, _standing: last_published(problem, publications)


def last_published(problem: Problem, publications: Sequence[Publication]) -> Roster:
    """The work of the last publication that lies within the dates of the roster, in the numbers of its problem."""
    last = published_rosters(problem, publications)[-1]
    return Roster.of(one for one in last.assignments if one.day in range(problem.day_count))


async def _standing(store: FunctionStore, plan: PlanDocument) -> RunOutcome:
    """The outcome of a plan that was written, without its solver, which nobody can ask any more."""
    tables = await store.load(plan.roster_id)
    problem = under_law(problem_of(tables, plan.options), planning_of(plan.options))
    roster, now = to_roster(tables), dt.datetime.now(ZoneInfo(problem.timezone))
    report = report_standing(problem, roster, name=tables.roster.naam or "", generated_at=now)
    report = report.model_copy(update={"solver": _unknown_solver(plan, report)})
    document = run_document(report, None, run_id=str(plan.id), dry_run=False, success=True, phases_ms={})
    return RunOutcome(document, view_of(problem, roster, report, status=tables.roster.status, generated_at=now), None)


def _unknown_solver(plan: PlanDocument, report: Report) -> SolverSummary:
    objective = report.costs.get(0, 0)
    return SolverSummary(
        name=plan.options.solver,
        status="feasible",
        objective=objective,
        bound=0,
        gap=1.0 if objective else 0.0,
        seconds=0.0,
        seconds_to_best=0.0,
        seed=plan.options.seed,
        costs=report.costs,
        bounds={},
        proven=[],
        incident="the worker ended after it had written the roster, and before it could tell how good it is",
    )
