"""A run that is asked to end, or whose time is over: it ends before or after its write, never within, and leaves nothing running."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path

import asyncpg
import psutil
import pytest

from greedy.cli import job
from greedy.cli.job import Job, StoppedError
from greedy.database.connector import DBConnector
from greedy.formats.tables import PracticeTables
from greedy.sample import SAMPLE_DIR
from greedy.stopping import Stop, Why
from greedy.store.postgres import PostgresStore
from tests.supabase_project import Project
from tests.timing import PATIENCE_SECONDS, until

KEY = 20251124
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
# Whoever started the tests may have asked for interrupts to be ignored, as a shell does for what it starts in the background.
PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from greedy.cli import job
{patch}
from greedy.cli.main import main
main(sys.argv[1:])
"""
ENDINGS = [(signal.SIGTERM, 143, "terminated"), (signal.SIGINT, 130, "interrupted")]
STATE = """
select md5(string_agg(concat_ws('|', employee_id, date, dagdeel, status, service_id, source), E'\\n' order by employee_id, date, dagdeel))
from roster_assignments
"""


class Gate:
    """A function of the database that waits, before or after its work, until the gate is opened."""

    def __init__(self, url: str) -> None:
        self._url = url

    async def __aenter__(self) -> Gate:
        self._connection = await asyncpg.connect(self._url)
        await self._connection.execute("select pg_advisory_lock($1)", KEY)
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._connection.close()

    async def put_before(self, function: str, arguments: str, *, behind: bool = False) -> None:
        name = function.partition("_v1")[0]
        names = ", ".join(argument.split()[0] for argument in arguments.split(", "))
        wait = f"perform pg_advisory_xact_lock({KEY});"
        await self._connection.execute(
            f"alter function {function} rename to {name}_real;"
            f"create function {function}({arguments}) returns jsonb language plpgsql as $$ declare answer jsonb; begin "
            f"{'' if behind else wait} answer := {name}_real({names}); {wait if behind else ''} return answer; end $$"
        )

    async def reached(self) -> None:
        waiting = "select count(*) from pg_locks where locktype = 'advisory' and objid = $1 and not granted"
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await self._connection.fetchval(waiting, KEY):
                await asyncio.sleep(0.02)

    async def open(self) -> None:
        await self._connection.execute("select pg_advisory_unlock($1)", KEY)

    async def state(self) -> str:
        """What the database holds, once nothing is under way."""
        others = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'"
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await self._connection.fetchval(others):
                await asyncio.sleep(0.02)
        return str(await self._connection.fetchval(STATE))

    async def rosters(self) -> int:
        """How many the database holds, once nothing is under way."""
        await self.state()
        return int(await self._connection.fetchval("select count(*) from rosters"))

    async def written(self) -> int:
        return int(await self._connection.fetchval("select count(*) from roster_writes"))


class Running:
    """A run in a process of its own."""

    def __init__(
        self,
        *arguments: str,
        command: str = "run",
        patch: str = "",
        stdout: int = subprocess.PIPE,
        stderr: int = subprocess.PIPE,
        **environment: str,
    ) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", PROGRAM.format(patch=patch), command, *arguments],
            stdout=stdout,
            stderr=stderr,
            text=True,
            env={**os.environ, **environment},
        )
        self.family: list[psutil.Process] = []

    def look_for_children(self) -> None:
        until = time.monotonic() + PATIENCE_SECONDS
        while not self.family and time.monotonic() < until:
            self.family = psutil.Process(self.process.pid).children(recursive=True)
            time.sleep(0.02)
        assert self.family

    async def terminate_twice(self) -> None:
        """Until it has ended, since a process that gets no turn between two signals sees only one."""
        async with asyncio.timeout(PATIENCE_SECONDS):
            while self.process.poll() is None:
                self.process.terminate()
                await asyncio.sleep(0.3)

    async def end(self) -> tuple[int, str, str]:
        out, said = await asyncio.to_thread(self.process.communicate, timeout=PATIENCE_SECONDS)
        assert said is None or "Traceback" not in said
        assert psutil.wait_procs(self.family, timeout=PATIENCE_SECONDS)[1] == []
        return self.process.returncode, out, said


Run = Callable[..., Running]


@pytest.fixture
async def gate(database_url: str) -> AsyncIterator[Gate]:
    async with Gate(database_url) as gate:
        yield gate


@pytest.fixture
def begun() -> Iterator[list[Running]]:
    begun: list[Running] = []
    yield begun
    for one in begun:
        with one.process as process:  # its pipes are closed too
            process.kill()


@pytest.fixture
async def run(database_url: str, sample: PracticeTables, begun: list[Running]) -> Run:
    """Runs the sample roster, which is in the database, over a connection."""
    async with DBConnector(database_url, min_size=1) as db:
        await PostgresStore(db).import_tables(sample)

    def start(*arguments: str, **how: str | int) -> Running:
        begun.append(Running(str(sample.roster.id), *arguments, **{"DATABASE_URL": database_url, **how}))  # type: ignore[arg-type]
        return begun[-1]

    return start


@pytest.fixture(params=["over a connection", "over REST"])
def either_run(run: Run, project: Project, request: pytest.FixtureRequest) -> Run:
    """Runs it over a connection, or over the REST of a project that has this database."""
    if request.param == "over a connection":
        return run
    return functools.partial(run, DATABASE_URL="", SUPABASE_URL=project.url, SUPABASE_KEY=project.secret_key)


@pytest.fixture
def silent_server() -> Iterator[str]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield f"postgresql://anna@127.0.0.1:{listener.getsockname()[1]}/roster"


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
    await gate.put_before("import_roster_v1", "p_tables jsonb, p_replace boolean", behind=behind)
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
    await gate.put_before("import_roster_v1", "p_tables jsonb, p_replace boolean", behind=True)
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
    "thought that never ends": "import time; from greedy import pipeline; pipeline.Workspace = lambda *_: time.sleep(300)",
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
    patch = "import ctypes; from greedy import pipeline; pipeline.Workspace = lambda *_: ctypes.PyDLL(None).sleep(300)"
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


@pytest.mark.parametrize("reader", ["has gone", "does not read"])
async def test_a_second_signal_needs_no_reader(run: Run, gate: Gate, reader: str) -> None:
    await gate.put_before("write_roster_v1", "p_request jsonb")
    reading, writing = os.pipe()
    running = run(stderr=writing)
    await gate.reached()
    if reader == "has gone":
        os.close(reading)
    else:
        os.set_blocking(writing, False)
        with contextlib.suppress(BlockingIOError):
            while True:
                os.write(writing, b"x" * 4096)
        os.set_blocking(writing, True)
    async with asyncio.timeout(job.STOP_SECONDS - 15):  # then it would be ended after the first signal too
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
