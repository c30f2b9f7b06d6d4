"""The search as a whole: repeatable alone, orderly together, on time always."""

from __future__ import annotations

import math
import multiprocessing
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path
from random import Random

import psutil
import pytest

from greedy.formats.benchmark import read_benchmark
from greedy.model.limits import Limit, Quantity
from greedy.model.objective import costs
from greedy.model.problem import Assignment, Demand, Problem
from greedy.model.result import SolveStatus
from greedy.model.roster import Roster
from greedy.model.rules import check
from greedy.solve.search.master import Duals, LinearProgramError, Master
from greedy.solve.search.search import search
from greedy.solve.solve import solve
from tests.solve.search.build import one_daypart
from tests.timing import PATIENCE_SECONDS, cpu_seconds_below

BENCHMARKS = Path(__file__).resolve().parents[4] / "shared" / "data" / "benchmarks" / "curtois"


def ward(staff: int = 6, days: int = 14, seed: int = 0) -> Problem:
    """A ward that nobody can staff in full; its proof takes more than one linear program."""
    chance = Random(seed)
    rows = [Demand(d, s, 0, chance.randint(1, 1 + staff // 4), chance.choice((90, 100)), staff, 1) for d in range(days) for s in range(2)]
    limits = []
    for e in range(staff):
        limits += [
            Limit(Quantity.CONSECUTIVE_DAYS, e, 2, 5),
            Limit(Quantity.CONSECUTIVE_DAYS_OFF, e, 2),
            Limit(Quantity.MINUTES, e, days * 200, days * 240 + 480),
            Limit(Quantity.WEEKENDS, e, maximum=1 + days // 28),
            Limit(Quantity.SHIFTS, e, maximum=days // 4, services=frozenset({1})),
        ]
    return one_daypart(*rows, staff=staff, days=days, minutes=(480, 600), limits=tuple(limits))


Told = list[tuple[int | None, str, Roster | None]]


def test_one_worker_and_a_seed_take_the_same_steps_each_time() -> None:
    def steps(seed: int) -> Told:
        told: Told = []  # without a deadline, whose share is what the first sweep may cut the others down to
        outcome = search(ward(6, 21, 2), deadline=math.inf, seed=seed, workers=1, on_found=lambda *what: told.append(what))
        assert outcome.proven
        return [*told, (outcome.bound, "end", outcome.roster)]

    first = steps(3)
    assert "re-planning together" in {doing for _, doing, _ in first}
    assert first == steps(3)


@pytest.mark.parametrize("workers", [1, 2])
def test_the_search_proves_and_leaves_no_process_behind(workers: int) -> None:
    problem, deadline = ward(), time.monotonic() + 2 * PATIENCE_SECONDS
    outcome = search(problem, deadline=deadline, seed=1, workers=workers)
    assert time.monotonic() < deadline - PATIENCE_SECONDS  # nobody waits for partners, who go on until then
    assert outcome.roster is not None
    assert outcome.proven
    assert check(problem, outcome.roster) == []
    assert outcome.cost == outcome.bound == costs(problem, outcome.roster).get(0, 0)
    assert not searching()


@pytest.mark.parametrize("seconds", [-1.0, 0.0, 0.001, 0.01, 0.1, 0.4])
@pytest.mark.parametrize("workers", [1, 2])
def test_a_short_deadline_is_kept(seconds: float, workers: int) -> None:
    problem = ward(30, 56)  # it is proven in some ten seconds of computing
    with cpu_seconds_below(max(seconds, 0) + 4):
        outcome = search(problem, deadline=time.monotonic() + seconds, seed=0, workers=workers)
    assert not outcome.proven
    assert outcome.roster is None or check(problem, outcome.roster) == []
    assert outcome.roster is None or outcome.bound <= outcome.cost == costs(problem, outcome.roster)[0]


def test_nobody_without_a_legal_schedule_is_planned() -> None:
    unreachable = Limit(Quantity.MINUTES, 0, minimum=5 * 480)
    outcome = search(one_daypart(limits=(unreachable,)), deadline=time.monotonic() + PATIENCE_SECONDS, seed=0, workers=1)
    assert outcome.roster is None
    assert not outcome.proven


def test_a_killed_partner_does_no_harm() -> None:
    problem = ward(6, 21, 2)
    killed: list[int] = []

    def kill(*_: object) -> None:
        for child in multiprocessing.active_children():
            if not killed:
                at_work(psutil.Process(child.pid))
                child.kill()
                killed.append(child.pid)

    outcome = search(problem, deadline=time.monotonic() + 2 * PATIENCE_SECONDS, seed=0, workers=2, on_found=kill)
    assert killed
    assert outcome.roster is not None
    assert check(problem, outcome.roster) == []
    assert outcome.proven


def at_work(partner: psutil.Process) -> None:
    """Wait until a partner has begun to search: it has computed for longer than its start takes."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while partner.cpu_times().user < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert partner.cpu_times().user >= 3


PARENT = """
import multiprocessing, time
from tests.solve.search.test_search import ward
from greedy.solve.search.search import search

def tell(*_):
    for child in multiprocessing.active_children():
        print(child.pid, flush=True)

if __name__ == "__main__":
    search(ward(20, 56), deadline=time.monotonic() + 600, seed=0, workers=2, on_found=tell)
"""


def test_partners_end_when_their_parent_is_killed() -> None:
    root = Path(__file__).parents[3]
    parent = subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE, cwd=root, text=True)
    assert parent.stdout is not None
    partner = psutil.Process(int(parent.stdout.readline()))
    at_work(partner)
    parent.kill()
    parent.wait()
    parent.stdout.close()
    partner.wait(timeout=PATIENCE_SECONDS)


@pytest.mark.parametrize("everybody", [True, False], ids=["always", "in neighbourhoods"])
def test_a_linear_program_that_fails_loses_no_roster(monkeypatch: pytest.MonkeyPatch, everybody: bool) -> None:
    problem = ward(6, 21, 2)
    root: list[Master] = []
    failed: list[Master] = []

    def solve_or_fail(master: Master, deadline: float = math.inf) -> tuple[float, Duals] | None:
        root.extend([] if root else [master])
        if everybody or master is not root[0]:
            failed.append(master)
            raise LinearProgramError("no basis")
        return solve_well(master, deadline)

    solve_well = Master.solve
    monkeypatch.setattr(Master, "solve", solve_or_fail)
    outcome = search(problem, deadline=time.monotonic() + PATIENCE_SECONDS, seed=3, workers=1)
    assert failed
    assert outcome.roster is not None
    assert check(problem, outcome.roster) == []
    assert outcome.proven is not everybody


def test_pinned_work_that_breaks_a_rule_is_no_proof() -> None:
    rows = [Demand(d, 0, 0, 1, 10, 9) for d in range(4)]
    pinned = (Assignment(0, 0, 0), Assignment(0, 1, 0))
    problem = one_daypart(*rows, staff=2, days=4, minutes=(480,), capabilities={(0, 0): 1, (1, 0): 2}, pinned=pinned)
    assert solve(problem, workers=1).objective == 0


@pytest.mark.skipif(not BENCHMARKS.exists(), reason="the benchmarks are not beside this repository")
@pytest.mark.parametrize(("number", "optimum"), [(1, 607), (2, 828), (4, 1716), (10, 4631)])
def test_benchmarks_are_proven(number: int, optimum: int) -> None:
    problem = read_benchmark(BENCHMARKS / f"Instance{number}.txt")
    result = solve(problem, time_limit_seconds=5 * PATIENCE_SECONDS, workers=2, seed=1)
    assert (result.status, result.objective, check(problem, result.roster)) == (SolveStatus.OPTIMAL, optimum, [])


def searching() -> list[psutil.Process]:
    """Children of this process that search."""
    found = []
    for child in psutil.Process().children(recursive=True):
        with suppress(psutil.NoSuchProcess):  # it has ended meanwhile
            if "spawn_main" in " ".join(child.cmdline()):
                found.append(child)
    return found
