"""A run that is asked to end: it ends before or after its write, never within, and leaves nothing running."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from greedy.cli.job import Job, StoppedError
from greedy.sample import SAMPLE_DIR
from greedy.stopping import Stop, Why
from tests.cli.stopping.running import PROGRAM, Gate, Run, Running
from tests.supabase_project import Project
from tests.timing import PATIENCE_SECONDS, until

# For the child that solves.
SOLVES_AGAIN_AND_AGAIN = """
from greedy.solve import child
solve = child.solve
def for_ever(*arguments, **options):
    open({file!r}, "w").close()
    while True:
        solve(*arguments, **options)
child.solve = for_ever
child.main()
"""
ENDINGS = [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")]


@pytest.mark.parametrize(("ending", "code", "said"), ENDINGS)
async def test_before_the_write_it_stops_at_once(either_run: Run, gate: Gate, ending: signal.Signals, code: int, said: str) -> None:
    before = await gate.state()
    await gate.put_before("load_roster_v1", "p_roster_id uuid, p_include_open boolean")
    running = either_run("--json")
    await gate.reached()
    running.process.send_signal(ending)
    ended, out, error = await running.end()
    assert (ended, error) == (code, f"{said}; nothing was written\n")
    assert json.loads(out)["error"]["kind"] == "StoppedError"
    await gate.open()  # a server in between goes on with what nobody waits for any more
    assert (await gate.written(), await gate.state()) == (0, before)


@pytest.mark.parametrize(("ending", "code", "said"), ENDINGS)
async def test_a_solve_is_ended_with_its_solver(run: Run, gate: Gate, tmp_path: Path, ending: signal.Signals, code: int, said: str) -> None:
    solves = tmp_path / "solves"
    program = SOLVES_AGAIN_AND_AGAIN.format(file=str(solves))
    running = run("--wishes", "--time-limit", "600", patch=f"from greedy.solve import process; process.PROGRAM = {program!r}")
    running.look_for_children()
    await until(lambda: asyncio.to_thread(solves.exists))
    running.process.send_signal(ending)
    ended, out, error = await running.end()
    assert (ended, out, error) == (code, "", f"{said}; nothing was written\n")
    assert await gate.written() == 0


@pytest.mark.parametrize("behind", [False, True], ids=["as it begins", "before it is committed"])
@pytest.mark.parametrize(("ending", "code", "said"), ENDINGS)
async def test_a_write_that_has_begun_is_finished(
    either_run: Run, gate: Gate, ending: signal.Signals, code: int, said: str, behind: bool
) -> None:
    before = await gate.state()
    await gate.put_before("write_roster_v1", "p_request jsonb", behind=behind)
    running = either_run("--json")
    await gate.reached()
    running.process.send_signal(ending)
    await asyncio.sleep(0.5)  # where it does not wait for the answer, it has ended by then
    assert running.process.poll() is None
    await gate.open()
    ended, out, error = await running.end()
    assert (ended, error) == (code, f"{said}; the roster was written, and not verified\n")
    document = json.loads(out)
    assert (document["success"], document["write"]["assignments"]["written"], document["verification"]) == (True, 221, None)
    assert await gate.written() == 1
    assert await gate.state() != before


@pytest.fixture(params=["over a connection", "over REST"])
def load(project: Project, begun: list[Running], request: pytest.FixtureRequest) -> Callable[[], Running]:
    """Loads the sample roster into a database that is empty."""
    rest = {"SUPABASE_URL": project.url, "SUPABASE_KEY": project.secret_key}
    environment = rest if request.param == "over REST" else {"DATABASE_URL": project.database_url}

    def start() -> Running:
        begun.append(Running(str(SAMPLE_DIR), command="load", **environment))
        return begun[-1]

    return start


@pytest.mark.parametrize("behind", [False, True], ids=["as it begins", "before it is committed"])
@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGINT])
async def test_an_import_that_has_begun_is_finished(load: Callable[[], Running], gate: Gate, ending: signal.Signals, behind: bool) -> None:
    await gate.put_before("import_roster_v1", "p_tables jsonb, p_replace boolean, p_actor text", behind=behind)
    running = load()
    await gate.reached()
    running.process.send_signal(ending)
    await asyncio.sleep(0.5)
    await gate.open()
    ended, out, error = await running.end()
    assert (ended, error) == (0, "")
    assert out.startswith("loaded ")
    assert await gate.rosters() == 1


@pytest.mark.parametrize(("ending", "code", "said"), ENDINGS)
async def test_before_an_import_it_stops_at_once(gate: Gate, begun: list[Running], ending: signal.Signals, code: int, said: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        url = f"postgresql://anna@127.0.0.1:{listener.getsockname()[1]}/roster"
        begun.append(running := Running(str(SAMPLE_DIR), command="load", DATABASE_URL=url))
        connection, _ = await asyncio.wait_for(asyncio.to_thread(listener.accept), PATIENCE_SECONDS)
        with connection:
            running.process.send_signal(ending)
            assert await running.end() == (code, "", f"{said}; nothing was written\n")
    assert await gate.rosters() == 0


async def test_an_import_that_is_ended_at_once_does_not_say_what_nobody_knows(load: Callable[[], Running], gate: Gate) -> None:
    await gate.put_before("import_roster_v1", "p_tables jsonb, p_replace boolean, p_actor text", behind=True)
    running = load()
    await gate.reached()
    await running.terminate_twice()
    ended, out, error = await running.end()
    await gate.open()
    assert (ended, out) == (143, "")
    assert "ended at once, as a second signal came; the write had not answered yet" in error


async def test_a_verification_is_left_out(either_run: Run, gate: Gate) -> None:
    await gate.put_before("verify_roster_v1", "p_roster_id uuid")
    running = either_run()
    await gate.reached()
    running.process.terminate()
    ended, out, error = await running.end()
    assert (ended, error) == (143, "terminated; the roster was written, and not verified\n")
    assert "227 of 227 shifts filled" in out
    assert "not verified: greedy verify" in out
    await gate.open()
    await gate.state()
    assert await gate.written() == 1


async def test_a_second_signal_ends_it_at_once(either_run: Run, gate: Gate) -> None:
    before = await gate.state()
    await gate.put_before("write_roster_v1", "p_request jsonb", behind=True)
    running = either_run()
    await gate.reached()
    await running.terminate_twice()
    ended, out, error = await running.end()
    assert (ended, out) == (143, "")
    assert error.startswith("error: terminated; ended at once, as a second signal came; the write had not answered yet")
    await gate.open()
    held = await gate.state()
    assert (held == before) == (await gate.written() == 0)


@pytest.mark.parametrize("reader", ["has gone", "does not read"])
async def test_a_second_signal_needs_no_reader(run: Run, gate: Gate, reader: str) -> None:
    await gate.put_before("write_roster_v1", "p_request jsonb")
    reading, writing = os.pipe()
    running = run(stderr=writing, patch="job.STOP_SECONDS = 600.0")  # after which it would be ended for the first signal too
    await gate.reached()
    if reader == "has gone":
        os.close(reading)
    else:
        os.set_blocking(writing, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writing, b"x" * 4096)
        os.set_blocking(writing, True)
    await running.terminate_twice()
    assert (await running.end())[0] == 143


def test_a_signal_while_the_program_loads_is_heard() -> None:
    """By default process 1 of a container hears none."""
    program = "import os, signal, sys; sys.meta_path.insert(0, type('Asked', (), {'find_spec': lambda *_: os.kill(os.getpid(), signal.SIGTERM)})()); "
    done = subprocess.run(
        [sys.executable, "-c", f"from greedy.__main__ import main; {program} main()"],
        capture_output=True,
        timeout=PATIENCE_SECONDS,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (143, b"", b"")


def test_a_signal_within_a_line_of_the_log() -> None:
    """The logger holds a lock then, which the last line needs too."""
    patch = """
import io, os, sys
class Asks(io.TextIOWrapper):
    def write(self, text):
        os.kill(os.getpid(), signal.SIGTERM)
        return super().write(text)
sys.stderr = Asks(sys.stderr.detach(), line_buffering=True)
from greedy.cli import main as program
import structlog
program.load_settings = lambda: structlog.get_logger().warning("a line")
"""
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(patch=patch), "rosters"],
        capture_output=True,
        text=True,
        timeout=PATIENCE_SECONDS,
        check=False,
        env={**os.environ, "RAILWAY_ENVIRONMENT_ID": "production"},
    )
    assert done.returncode == 143
    assert json.loads(done.stderr.splitlines()[-1])["message"] == "terminated; what was not finished was not written"


@pytest.mark.parametrize("asked", [True, False])
def test_an_error_of_what_was_given_up_is_no_news(asked: bool, caplog: pytest.LogCaptureFixture) -> None:
    async def work(stop: Stop) -> None:
        if asked:
            stop.ask(Why.TERMINATED)
        asyncio.get_running_loop().create_future().set_exception(ConnectionError("lost"))  # nobody ever asks for it
        await asyncio.sleep(0)

    with Job() as one:
        if asked:
            with pytest.raises(StoppedError):
                one.run(work(one.stop))
        else:
            one.run(work(one.stop))
    assert ("never retrieved" in caplog.text) is not asked


def test_a_signal_wakes_a_loop_that_waits() -> None:
    """Also one that another thread takes, or that comes as the loop is about to wait: neither interrupts its waiting."""
    waited: list[float] = []

    def ask(waits: threading.Event) -> None:
        waits.wait(PATIENCE_SECONDS)
        time.sleep(0.2)  # where the loop is slower than that, it is woken all the more
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

    async def work() -> None:
        begun = time.monotonic()
        waits.set()
        try:
            await asyncio.sleep(PATIENCE_SECONDS)
        finally:
            waited.append(time.monotonic() - begun)

    waits = threading.Event()
    asking = threading.Thread(target=ask, args=(waits,))
    asking.start()
    with Job() as one, pytest.raises(StoppedError):
        one.run(work())
    asking.join()
    assert waited[0] < PATIENCE_SECONDS
