"""The worker beside the server: a process of its own that makes plans, is started again when it ends, and ends with the server."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import structlog

import greedy
from greedy.stopping import end_process

if TYPE_CHECKING:
    from greedy.settings import Settings

log = structlog.get_logger()

COMMAND = (sys.executable, "-P", "-m", "greedy", "worker", "--end-with-stdin")
FIRST_PAUSE_SECONDS, LONGEST_PAUSE_SECONDS = 1.0, 60.0
LONG_LIFE_SECONDS = 60.0
GOODBYE_SECONDS = 10.0


@contextlib.asynccontextmanager
async def kept_alive(
    settings: Settings, database: str | None = None, schema: str | None = None, *, command: Sequence[str] = COMMAND
) -> AsyncIterator[None]:
    """A worker over the same database for as long as the block lasts.

    It holds the other end of a pipe: when this process ends, however it does, the worker sees it. A plan that it was making is then made
    by the next worker.
    """
    keeper = asyncio.create_task(_keep(_environment(settings, database, schema), command))
    try:
        yield
    finally:
        keeper.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await keeper


async def _keep(environment: dict[str, str], command: Sequence[str]) -> None:
    pause = FIRST_PAUSE_SECONDS
    loop = asyncio.get_running_loop()
    while True:
        begun = loop.time()
        code = await _run(environment, command)
        pause = FIRST_PAUSE_SECONDS if loop.time() - begun > LONG_LIFE_SECONDS else min(2 * pause, LONGEST_PAUSE_SECONDS)
        log.warning("worker.ended", exit_code=code, again_in_seconds=pause)
        await asyncio.sleep(pause)


async def _run(environment: dict[str, str], command: Sequence[str]) -> int:
    process = await asyncio.create_subprocess_exec(
        *command,
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.DEVNULL,
        env=environment,
        start_new_session=True,  # Ctrl-C in a terminal is for the server, which ends the worker
    )
    log.info("worker.started", process=process.pid)
    try:
        return await process.wait()
    finally:
        await asyncio.shield(_end(process))


async def _end(process: asyncio.subprocess.Process) -> None:
    """Ask it to end, and see to it that it does."""
    if process.returncode is not None:
        return
    end_process(process, signal.SIGTERM)
    try:
        await asyncio.wait_for(process.wait(), GOODBYE_SECONDS)
    except TimeoutError:
        log.warning("worker.killed", process=process.pid)
        end_process(process)
        await process.wait()


def _environment(settings: Settings, database: str | None, schema: str | None) -> dict[str, str]:
    """The settings of this process, and what its command line said. Not on the worker's own command line, which all users can read."""
    root = str(Path(greedy.__file__).parents[1])
    said = {"PYTHONPATH": os.pathsep.join([root, *filter(None, [os.environ.get("PYTHONPATH")])]), "GREEDY_DATA_DIR": str(settings.data_dir)}
    if database is not None:
        said["DATABASE_URL"] = database
    if schema is not None:
        said["DATABASE_SCHEMA"] = schema
    return {**os.environ, **said}
