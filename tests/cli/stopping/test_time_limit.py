"""A run whose time is over ends before or after its write, never within; and whatever hangs, it ends."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
from pathlib import Path

import pytest

from greedy.pipeline.solving import SECONDS_AFTER_SOLVE
from tests.cli.stopping.clock import LIMIT
from tests.cli.stopping.running import Gate, Run
from tests.timing import PATIENCE_SECONDS

CLOCK = "from tests.cli.stopping import clock; clock.start()"


@pytest.mark.parametrize("phase", ["connect", "load", "verify"])
async def test_the_time_limit_of_the_job(run: Run, gate: Gate, silent_server: socket.socket, phase: str) -> None:
    environment = {}
    match phase:
        case "connect":
            environment["DATABASE_URL"] = f"postgresql://anna@127.0.0.1:{silent_server.getsockname()[1]}/roster"
        case "load":
            await gate.put_before("load_roster_v1", "p_roster_id uuid, p_include_open boolean")
        case "verify":
            await gate.put_before("verify_roster_v1", "p_roster_id uuid")
    running = run("--solver", "greedy", "--job-time-limit", LIMIT, patch=f"{CLOCK}\njob.GRACE_SECONDS = 600.0", **environment)
    with contextlib.ExitStack() as open_until_the_end:
        if phase == "connect":
            connection, _ = await asyncio.wait_for(asyncio.to_thread(silent_server.accept), PATIENCE_SECONDS)
            open_until_the_end.enter_context(connection)
        else:
            await gate.reached()
        running.process.send_signal(signal.SIGUSR1)
        ended, _, error = await running.end()
    done = "the roster was written, and not verified" if phase == "verify" else "nothing was written"
    lines = [line for line in error.splitlines() if not line.startswith("{")]
    assert (ended, lines[0]) == (2, f"error: the job's time limit of {LIMIT} s is over; {done}")
    assert "GREEDY_JOB_TIME_LIMIT" in lines[1]
    assert await gate.written() == (phase == "verify")


# For the child that solves.
NOTES_ITS_LIMIT = """
from greedy.solve import child
solve = child.solve
def noting(*arguments, **options):
    with open({file!r}, "w") as file:
        print(options["time_limit_seconds"], file=file)
    return solve(*arguments, **options)
child.solve = noting
child.main()
"""


async def test_the_solve_is_shortened_so_that_the_roster_is_written(run: Run, gate: Gate, tmp_path: Path) -> None:
    noted = tmp_path / "limit"
    patch = f"from greedy.solve import process; process.PROGRAM = {NOTES_ITS_LIMIT.format(file=str(noted))!r}"
    running = run("--time-limit", "3000", "--json", patch=patch, GREEDY_JOB_TIME_LIMIT="600")
    ended, out, error = await running.end()
    shortened = json.loads(error.splitlines()[0])
    assert (ended, shortened["event"], shortened["asked_seconds"]) == (0, "solve.shortened", 3000)
    assert 0 < float(noted.read_text()) <= shortened["seconds"] < 600 - SECONDS_AFTER_SOLVE
    assert json.loads(out)["verification"]["all_passed"] is True


async def test_a_write_that_never_answers_does_not_keep_the_process(run: Run, gate: Gate) -> None:
    before = await gate.state()
    await gate.put_before("write_roster_v1", "p_request jsonb")
    running = run("--solver", "greedy", "--job-time-limit", LIMIT, patch=f"{CLOCK}\njob.GRACE_SECONDS = 1.0")
    await gate.reached()
    running.process.send_signal(signal.SIGUSR1)
    ended, out, error = await running.end()
    assert (ended, out) == (2, "")
    assert error.splitlines()[-1].startswith("error: the job's time is over; ended at once, as it did not end by itself; ")
    await gate.open()
    held = await gate.state()
    assert (held == before) == (await gate.written() == 0)


async def test_a_solver_that_does_not_listen_is_ended_with_the_job(run: Run, gate: Gate) -> None:
    patch = f"{CLOCK}\njob.GRACE_SECONDS = 600.0\nfrom greedy.solve import process; process.PROGRAM = 'import time; time.sleep(300)'"
    running = run("--job-time-limit", LIMIT, patch=patch)
    running.look_for_children()
    running.process.send_signal(signal.SIGUSR1)
    ended, out, error = await running.end()
    said = f"error: the job's time limit of {LIMIT} s is over; nothing was written"
    assert (ended, out, error.splitlines()[-2]) == (2, "", said)
    assert await gate.written() == 0


async def test_thought_that_never_ends_does_not_keep_the_process(run: Run, gate: Gate) -> None:
    patch = "from greedy.pipeline import run; run.Workspace = lambda *_: (clock.let_time_pass(), time.sleep(300))"
    limited = ("--solver", "greedy", "--job-time-limit", LIMIT)
    ended, out, error = await run(*limited, patch=f"{CLOCK}\njob.GRACE_SECONDS = 1.0\nimport time; {patch}").end()
    assert (ended, out) == (2, "")
    assert error.splitlines()[-1].startswith(
        "error: the job's time is over; ended at once, as it did not end by itself; nothing was written"
    )
    assert await gate.written() == 0


async def test_a_reader_who_does_not_read(run: Run, gate: Gate) -> None:
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    with pytest.raises(BlockingIOError):
        while True:
            os.write(writing, b"x" * 4096)
    os.set_blocking(writing, True)
    patch = "from greedy.cli import running; show = running.print_outcome; running.print_outcome = lambda one: (clock.let_time_pass(), show(one))"
    limited = ("--solver", "greedy", "--job-time-limit", LIMIT)
    try:
        ended, _, error = await run(*limited, patch=f"{CLOCK}\njob.GRACE_SECONDS = 1.0\n{patch}", stdout=writing).end()
    finally:
        os.close(reading)
        os.close(writing)
    assert (ended, error.count("\n")) == (2, 1)
    assert "ended at once, as it did not end by itself; the write had ended" in error
    assert await gate.written() == 1


async def test_a_hang_that_lets_no_thread_run(run: Run, gate: Gate) -> None:
    """Native code that keeps the interpreter to itself. Asked to end just before, as what ends it then counts the seconds of the machine."""
    patch = "import ctypes, os; from greedy.pipeline import run; run.Workspace = lambda *_: (os.kill(os.getpid(), signal.SIGTERM), ctypes.PyDLL(None).sleep(300))"
    ended, _, _ = await run("--solver", "greedy", patch=f"job.STOP_SECONDS = job.GRACE_SECONDS = 1.0\n{patch}").end()
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
