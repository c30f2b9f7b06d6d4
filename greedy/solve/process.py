"""A solve in a process of its own: it cannot outstay its time, take this process down, or outlive it, and its best roster is never lost."""

from __future__ import annotations

import contextlib
import contextvars
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Self

import structlog

import greedy
from greedy.errors import InputError, OutsideError
from greedy.model.message import Message
from greedy.model.objective import costs
from greedy.model.problem import Problem
from greedy.model.result import Progress, SolveResult, SolveStatus, proven_priorities
from greedy.model.roster import Roster
from greedy.model.rules import check
from greedy.solve.child import Answer, Failure, Order
from greedy.solve.explain import explain_open_demand
from greedy.solve.solve import Method, solve

log = structlog.get_logger()

PROGRAM = "from greedy.solve.child import main; main()"
GRACE_SECONDS = 5.0  # beyond its time limit, for the reasons of open demand and the way back
OnProgress = Callable[[Progress], None]


class SolverCrashError(OutsideError):
    """The solver ended without a roster."""


@dataclass(frozen=True)
class Solved:
    """A result. `incident`: why the solver did not end by itself and this is the best roster that it had; None when it did."""

    result: SolveResult
    incident: Message | None = None


class SolverProcess:
    """A solver in a child process; a context, on leaving which the child and all its processes have ended.

    Parameters
    ----------
    problem, method, time_limit_seconds, seed, workers, warm_start
        For `greedy.solve.solve.solve`. A child that goes on for `grace_seconds` beyond the limit is killed.
    """

    def __init__(
        self,
        problem: Problem,
        method: Method,
        *,
        time_limit_seconds: float | None = None,
        seed: int = 0,
        workers: int | None = None,
        warm_start: Roster | None = None,
        grace_seconds: float = GRACE_SECONDS,
    ) -> None:
        self._order = Order(problem, method, time_limit_seconds, seed, workers, warm_start, time.monotonic())
        self._grace_seconds = grace_seconds
        self._best: Progress | None = None  # the last one with a roster
        self._bound: int | None = None
        self._waiting = threading.Lock()
        self._left = False

    def __enter__(self) -> Self:
        root = str(Path(greedy.__file__).parents[1])
        path = os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])])
        self._process = subprocess.Popen(  # noqa: S603  this program's own module
            [sys.executable, "-P", "-c", PROGRAM],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            env={**os.environ, "PYTHONPATH": path},
            start_new_session=True,  # a group of its own, to be ended as a whole
        )
        assert self._process.stdin is not None and self._process.stdout is not None  # noqa: S101, PT018  for the type checker
        self._orders = Connection(os.dup(self._process.stdin.fileno()), readable=False)
        self._answers = Connection(os.dup(self._process.stdout.fileno()), writable=False)
        self._process.stdin.close()
        self._process.stdout.close()
        # In the context of this thread, whose log lines say which run it is.
        threading.Thread(target=contextvars.copy_context().run, args=(self._log_what_it_prints,), daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        self._left = True
        self.kill()
        with self._waiting:  # a thread in `wait` sees the end of the child at once
            self._orders.close()
            self._answers.close()

    @property
    def pid(self) -> int:
        """Process id of the child, which is the id of its process group too."""
        return self._process.pid

    def kill(self) -> None:
        """End the child with all processes that it started. May be called from any thread, and again."""
        with contextlib.suppress(ProcessLookupError, PermissionError):  # it has ended already
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait()

    def wait(self, on_progress: OnProgress | None = None) -> Solved:
        """Wait for the result, or for the time to be over.

        Raises
        ------
        SolverCrashError
            The solver ended, or had to be ended, before it had any roster.
        InputError
            The solver says that the problem has to be mended.
        """
        with self._waiting:
            try:
                self._orders.send(self._order)
                while (remaining := self._remaining()) is None or remaining > 0:
                    if not self._answers.poll(remaining):
                        continue
                    answer: Answer = self._answers.recv()
                    if isinstance(answer, SolveResult):
                        return Solved(answer)
                    if isinstance(answer, Failure):
                        return self._failed(answer)
                    self._keep(answer)
                    if on_progress is not None:
                        on_progress(answer)
            except (EOFError, ConnectionError):
                if self._left:
                    raise SolverCrashError(Message("the solver was ended, as nobody waits for it any more")) from None
                code = self._process.wait()
                return self._best_or_raise(_how_it_ended(code))
            self.kill()
            limit = f"{self._order.time_limit_seconds:g}"
            return self._best_or_raise(Message("the solver went on beyond its time limit of {seconds} s and was ended", seconds=limit))

    def _log_what_it_prints(self) -> None:
        """What the child or a library in it prints. Ends when all processes that the child started have."""
        assert self._process.stderr is not None  # noqa: S101  for the type checker
        with self._process.stderr as lines:
            for line in lines:
                log.warning("solver.said", line=line.decode(errors="replace").rstrip())

    def _remaining(self) -> float | None:
        limit = self._order.time_limit_seconds
        return None if limit is None else limit + self._grace_seconds - (time.monotonic() - self._order.given_at)

    def _keep(self, progress: Progress) -> None:
        if progress.roster is not None:
            self._best = progress
        if progress.bound is not None:
            self._bound = progress.bound

    def _failed(self, failure: Failure) -> Solved:
        log.debug("solver.failed", traceback=failure.traceback)
        if failure.caller:
            raise InputError(failure.message, details=failure.details, next_step=failure.next_step)
        return self._best_or_raise(Message("the solver failed: {kind}: {what}", kind=failure.kind, what=failure.message))

    def _best_or_raise(self, incident: Message) -> Solved:
        """The best roster that the child sent, with what can be said of it without the child."""
        if self._best is None or self._best.roster is None:
            raise SolverCrashError(
                Message("{incident}, before it had any roster", incident=incident),
                next_step=Message("give it a longer --time-limit, or --solver greedy"),
            )
        log.warning("solver.ended", incident=incident)
        problem, roster = self._order.problem, self._best.roster
        violations = tuple(check(problem, roster))
        cost, bounds = costs(problem, roster), {} if self._bound is None else {0: self._bound}
        result = SolveResult(
            solver=self._order.method,
            status=SolveStatus.OVER_CONSTRAINED if violations else SolveStatus.FEASIBLE,
            roster=roster,
            costs=cost,
            bounds=bounds,
            seconds=time.monotonic() - self._order.given_at,
            seed=self._order.seed,
            open_demand=explain_open_demand(problem, roster),
            seconds_to_best=self._best.seconds,
            proven=() if violations else proven_priorities(problem.priorities, cost, bounds),
            violations=violations,
        )
        return Solved(result, incident)


def _how_it_ended(code: int) -> Message:
    if code >= 0:
        return Message("the solver process ended with exit code {code}", code=code)
    said = Message("the solver process ended by signal {number} ({name})", number=-code, name=signal.strsignal(-code))
    return Message("{what}; perhaps memory ran out", what=said) if code == -signal.SIGKILL else said


def solve_apart(
    problem: Problem,
    method: Method,
    *,
    time_limit_seconds: float | None = None,
    seed: int = 0,
    workers: int | None = None,
    warm_start: Roster | None = None,
    on_progress: OnProgress | None = None,
) -> Solved:
    """Solve in a child process; the greedy fill alone, which takes milliseconds, in this one. See `SolverProcess`."""
    if method == "greedy":
        return Solved(solve(problem, method, seed=seed))
    with SolverProcess(problem, method, time_limit_seconds=time_limit_seconds, seed=seed, workers=workers, warm_start=warm_start) as child:
        return child.wait(on_progress)
