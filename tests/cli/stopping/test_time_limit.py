"""A run whose time is over ends before or after its write, never within; and whatever hangs, it ends."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from tests.cli.stopping.running import Gate, Run


@pytest.mark.parametrize("phase", ["connect", "load", "verify"])
async def test_the_time_limit_of_the_job(run: Run, gate: Gate, silent_server: str, phase: str) -> None:
    if phase == "load":
        await gate.put_before("load_roster_v1", "p_roster_id uuid, p_include_open boolean")
    if phase == "verify":
        await gate.put_before("verify_roster_v1", "p_roster_id uuid")
    environment = {"DATABASE_URL": silent_server} if phase == "connect" else {}
    limit = "10" if phase == "verify" else "3"  # the write has to come before it
    ended, _, error = await run("--solver", "greedy", "--job-time-limit", limit, **environment).end()
    done = "the roster was written, and not verified" if phase == "verify" else "nothing was written"
    lines = [line for line in error.splitlines() if not line.startswith("{")]
    assert (ended, lines[0]) == (2, f"error: the job's time limit of {limit} s is over; {done}")
    assert "GREEDY_JOB_TIME_LIMIT" in lines[1]
    assert await gate.written() == (phase == "verify")


async def test_the_solve_is_shortened_so_that_the_roster_is_written(run: Run, gate: Gate) -> None:
    running = run("--wishes", "--time-limit", "300", "--json", GREEDY_JOB_TIME_LIMIT="60")
    ended, out, error = await running.end()
    shortened = json.loads(error.splitlines()[0])
    assert (ended, shortened["event"], shortened["asked_seconds"]) == (0, "solve.shortened", 300)
    assert json.loads(out)["solver"]["seconds"] < 60
    assert json.loads(out)["verification"]["all_passed"] is True


HANGS = {
    "a write that never answers": "",
    "a solver that does not listen": "from greedy.solve import process; process.PROGRAM = 'import time; time.sleep(300)'",
    "thought that never ends": "import time; from greedy.pipeline import run; run.Workspace = lambda *_: time.sleep(300)",
}


@pytest.mark.parametrize("hang", HANGS)
async def test_whatever_hangs_the_process_ends(run: Run, gate: Gate, hang: str) -> None:
    before = await gate.state()
    if "write" in hang:
        await gate.put_before("write_roster_v1", "p_request jsonb")
    quick = () if "solver" in hang else ("--solver", "greedy")  # in time for the write
    limit = "6" if "solver" in hang else "10"  # with more, the solve is given up before the job is
    running = run(*quick, "--job-time-limit", limit, patch=f"job.GRACE_SECONDS = 1.0\n{HANGS[hang]}")
    if "solver" in hang:
        running.look_for_children()
    ended, out, error = await running.end()
    said = error.splitlines()[-1] if "solver" not in hang else error.splitlines()[-2]
    assert (ended, out) == (2, "")
    if "solver" in hang:
        assert said == "error: the job's time limit of 6 s is over; nothing was written"
    else:
        assert said.startswith("error: the job's time is over; ended at once, as it did not end by itself; ")
    await gate.open()
    held = await gate.state()
    assert (held == before) == (await gate.written() == 0)
    assert await gate.written() == 0 or "write" in hang


async def test_a_reader_who_does_not_read(run: Run, gate: Gate) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(writing, b"x" * 4096)
    os.set_blocking(writing, True)
    try:
        ended, _, error = await run("--solver", "greedy", "--job-time-limit", "10", patch="job.GRACE_SECONDS = 1.0", stdout=writing).end()
    finally:
        os.close(reading)
        os.close(writing)
    assert (ended, error.count("\n")) == (2, 1)
    assert "ended at once, as it did not end by itself; the write had ended" in error
    assert await gate.written() == 1


async def test_a_hang_that_lets_no_thread_run(run: Run, gate: Gate, tmp_path: Path) -> None:
    """Native code that keeps the interpreter to itself."""
    patch = "import ctypes; from greedy.pipeline import run; run.Workspace = lambda *_: ctypes.PyDLL(None).sleep(300)"
    ended, _, _ = await run("--job-time-limit", "8", patch=f"job.GRACE_SECONDS = 1.0\n{patch}").end()
    assert ended == 1
    assert await gate.written() == 0


@pytest.mark.parametrize("reader", ["has gone", "has no room"])
async def test_a_log_that_nobody_takes_changes_nothing(run: Run, gate: Gate, reader: str) -> None:
    """Lost lines of a log are neither a reason to leave the roster unwritten nor to tell that it was."""
    reading, writing = os.pipe()
    os.close(reading)
    stderr = writing if reader == "has gone" else os.open("/dev/full", os.O_WRONLY)
    running = run("--solver", "greedy", stderr=stderr, LOG_LEVEL="INFO")
    ended, out, _ = await running.end()
    assert (ended, await gate.written()) == (0, 1)
    assert "227 shifts filled" in out
