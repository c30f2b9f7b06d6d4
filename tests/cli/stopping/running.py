"""Runs in processes of their own, and gates within the database that hold them up."""

from __future__ import annotations

import asyncio
import os
import subprocess
import time
from collections.abc import Callable
from pathlib import Path

import asyncpg
import psutil

from tests.forked import start
from tests.timing import PATIENCE_SECONDS

KEY = 20251124
# Whoever started the tests may have asked for interrupts to be ignored, as a shell does for what it starts in the background.
PROGRAM = """
import signal, sys
signal.signal(signal.SIGINT, signal.default_int_handler)
from greedy.cli import job
{patch}
from greedy.cli.main import main
main(sys.argv[1:])
"""
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
        program = ["-c", PROGRAM.format(patch=patch)]
        self.process = start(program, command, *arguments, cwd=Path.cwd(), env={**os.environ, **environment}, stdout=stdout, stderr=stderr)
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
