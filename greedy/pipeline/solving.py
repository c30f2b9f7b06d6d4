"""FASE 2 of a run: how to solve, and a solve that leaves time for what comes after it."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace

import structlog

from greedy.model.problem import Problem
from greedy.model.roster import Roster
from greedy.solve.process import GRACE_SECONDS, OnProgress, Solved, SolverProcess, solve_apart
from greedy.solve.solve import Method
from greedy.stopping import Stop

log = structlog.get_logger()

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


def within(options: SolveOptions, stop: Stop) -> SolveOptions:
    """The options, with a solve that leaves time for what comes after it."""
    if stop.time_limit_seconds is None or options.method == "greedy":
        return options
    afterwards = GRACE_SECONDS + min(SECONDS_AFTER_SOLVE, SHARE_AFTER_SOLVE * stop.time_limit_seconds)
    seconds = round(max(1.0, stop.seconds_left - afterwards), 1)
    if options.time_limit_seconds <= seconds:
        return options
    log.warning("solve.shortened", asked_seconds=options.time_limit_seconds, seconds=seconds, job_seconds=stop.time_limit_seconds)
    return replace(options, time_limit_seconds=seconds)


async def solve_beside(problem: Problem, options: SolveOptions, on_progress: OnProgress | None) -> Solved:
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
