"""A solver in a child process: what comes back when it ends well, fails, hangs, is killed or interrupted; and that nothing outlives it."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from greedy.errors import InputError
from greedy.model.problem import Demand
from greedy.model.result import Progress, SolveStatus
from greedy.solve import process
from greedy.solve.process import SolverCrashError, SolverProcess, solve_apart
from greedy.solve.solve import solve
from tests.build import OSP, TOT, problem
from tests.timing import PATIENCE_SECONDS

PROBLEM = problem(Demand(0, OSP, TOT, 1), Demand(1, OSP, TOT, 1))

# The child's program with a solver that first hands on the roster of the greedy fill, and then does what a test wants.
BROKEN = """
import os, signal, subprocess, sys, time
from greedy.errors import InputError
from greedy.model.result import Progress
from greedy.solve import child
real = child.solve
def broken(problem, method, *, on_progress, **options):
    roster = real(problem, "greedy").roster if {roster} else None
    on_progress(Progress(0.1, 0, -3, "testing", roster))
    outbox = on_progress.__self__
    while True:  # until that was sent, for what comes now may end the process
        with outbox._lock:
            if outbox._pending is None:
                break
        time.sleep(0.01)
    {act}
child.solve = broken
child.main()
"""


def broken(monkeypatch: pytest.MonkeyPatch, act: str, *, roster: bool = True) -> None:
    monkeypatch.setattr(process, "PROGRAM", BROKEN.format(act=act, roster=roster))


def test_the_result_is_that_of_solve() -> None:
    solved = solve_apart(PROBLEM, "auto", time_limit_seconds=PATIENCE_SECONDS, seed=3)
    assert solved.incident is None
    assert (solved.result.roster, solved.result.seed) == (solve(PROBLEM, "auto", seed=3).roster, 3)


def test_greedy_needs_no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "PROGRAM", "raise SystemExit(9)")
    assert len(solve_apart(PROBLEM, "greedy").result.roster.assignments) == 2


@pytest.mark.parametrize(
    ("act", "said"),
    [
        ("os.kill(os.getpid(), signal.SIGKILL)", "ended by signal 9 (Killed); perhaps memory ran out"),
        ("os.abort()", "ended by signal 6"),
        ("os._exit(0)", "ended with exit code 0"),
        ("raise MemoryError('no more')", "the solver failed: MemoryError: no more"),
        ("raise KeyError('x')", "the solver failed: KeyError: 'x'"),
        ("print('noise'); sys.stdout.flush(); time.sleep(600)", "went on beyond its time limit of 2 s"),
    ],
)
@pytest.mark.parametrize("roster", [True, False])
def test_whatever_happens_the_best_roster_comes_back(monkeypatch: pytest.MonkeyPatch, act: str, said: str, roster: bool) -> None:
    broken(monkeypatch, act, roster=roster)
    heard: list[Progress] = []

    def hear(progress: Progress) -> None:
        heard.append(progress)
        if "went on" in said:  # the patience was for the start
            child._grace_seconds = 0.5

    with SolverProcess(PROBLEM, "auto", time_limit_seconds=2, grace_seconds=PATIENCE_SECONDS) as child:
        if not roster:
            with pytest.raises(SolverCrashError) as caught:
                child.wait(hear)
            assert said in caught.value.message
            assert "before it had any roster" in caught.value.message
            return
        solved = child.wait(hear)
    assert solved.incident is not None
    assert said in solved.incident
    assert solved.result.roster == solve(PROBLEM, "greedy").roster
    assert (solved.result.status, solved.result.costs.get(0, 0), solved.result.bound) == (SolveStatus.FEASIBLE, 0, -3)
    assert [one.doing for one in heard] == ["testing"]


def test_what_the_caller_must_mend_stays_that(monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, "raise InputError('mend it', details=['here'], next_step='so')")
    with pytest.raises(InputError) as caught, SolverProcess(PROBLEM, "auto") as child:
        child.wait()
    assert (caught.value.message, caught.value.details, caught.value.next_step) == ("mend it", ("here",), "so")


def test_progress_keeps_the_newest_roster_though_it_is_sent_seldom(monkeypatch: pytest.MonkeyPatch) -> None:
    act = "[on_progress(Progress(n, n, None, 'more')) for n in range(1000)]\n    while outbox._pending: time.sleep(0.01)\n    with outbox._lock: os._exit(1)"
    broken(monkeypatch, act)
    heard: list[Progress] = []
    with SolverProcess(PROBLEM, "auto") as child:
        assert child.wait(heard.append).result.roster == solve(PROBLEM, "greedy").roster
    assert (heard[-1].cost, len(heard) < 50) == (999, True)


def test_leaving_the_context_ends_the_child_and_what_it_started(monkeypatch: pytest.MonkeyPatch) -> None:
    broken(monkeypatch, "subprocess.Popen(['sleep', '300']); on_progress(Progress(1, 0, 0, 'started')); time.sleep(300)")

    def interrupt(progress: Progress) -> None:
        if progress.doing == "started":
            family.extend(psutil.Process(child.pid).children(recursive=True))
            raise KeyboardInterrupt

    family: list[psutil.Process] = []
    with pytest.raises(KeyboardInterrupt), SolverProcess(PROBLEM, "auto") as child:
        family.append(psutil.Process(child.pid))
        child.wait(interrupt)
    assert len(family) == 2
    assert gone(family)


@pytest.mark.parametrize("ending", [signal.SIGKILL, signal.SIGTERM, signal.SIGINT])
def test_no_orphan_when_the_parent_is_ended(tmp_path: Path, ending: signal.Signals) -> None:
    parent = """
import sys
from greedy.solve import process
from tests.solve.test_process import BROKEN, PROBLEM
process.PROGRAM = BROKEN.format(act="subprocess.Popen(['sleep', '300']); time.sleep(300)", roster=False)
process.solve_apart(PROBLEM, "auto", on_progress=lambda p: print("goes", flush=True))
"""
    running = subprocess.Popen(
        [sys.executable, "-c", parent], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=Path(__file__).parents[2], env={**os.environ}
    )
    with running:
        assert running.stdout is not None
        assert running.stdout.readline() == b"goes\n"
        family = wait_for_family(running.pid, 2)
        running.send_signal(ending)
        running.wait(PATIENCE_SECONDS)
    assert gone(family)


def wait_for_family(pid: int, size: int) -> list[psutil.Process]:
    """The processes below `pid`, as soon as there are `size`."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        family: list[psutil.Process] = psutil.Process(pid).children(recursive=True)
        if len(family) >= size:
            return family
        time.sleep(0.05)
    raise AssertionError(f"no {size} processes below {pid}")


def gone(family: list[psutil.Process]) -> bool:
    """Whether all of them end within a few seconds."""
    _, alive = psutil.wait_procs(family, timeout=PATIENCE_SECONDS)
    return all(one.status() == psutil.STATUS_ZOMBIE for one in alive if one.is_running())
