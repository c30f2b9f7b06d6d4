"""Chunks made ahead by processes of their own, and taken in their order."""

from __future__ import annotations

import asyncio
import contextlib
import os
import pickle
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import greedy
from greedy.errors import OutsideError
from greedy.generate.config import GeneratorConfig
from greedy.generate.making.chunks import Made, made
from greedy.generate.making.worker import LENGTH, Answer, Order
from greedy.generate.sinks.base import Chunk
from greedy.stopping import end_process

PROGRAM = "from greedy.generate.making.worker import main; main()"
MOST_WORKERS = 4  # more would wait for the sinks, and take 100 MB each
FEWEST_CHUNKS = 12  # fewer are made sooner than a process has started
WAITING_BYTES = 1 << 20  # of an answer that nobody takes yet; the rest stays with the worker


async def made_here(
    config: GeneratorConfig, chunks: Sequence[range], prepared: tuple[Callable[[Chunk], Any], ...]
) -> AsyncGenerator[Made, None]:
    """Each chunk when it is asked for, in this process."""
    for practices in chunks:
        await asyncio.sleep(0)  # let whoever wants the end have it
        yield made(config, practices, prepared)


async def made_ahead(
    config: GeneratorConfig, chunks: Sequence[range], prepared: tuple[Callable[[Chunk], Any], ...], count: int | None = None
) -> AsyncGenerator[Made, None]:
    """Each chunk in its order; each worker has at most one ahead. When the iterator is closed, the workers have ended.

    Parameters
    ----------
    count
        How many workers; None for one a core, at most MOST_WORKERS.

    Raises
    ------
    GreedyError
        Whatever `made` raises, and OutsideError when a worker ended before its time.
    """
    count = min(count or _cores(), MOST_WORKERS, len(chunks))
    async with contextlib.AsyncExitStack() as stack:
        workers = [
            await stack.enter_async_context(_worker(Order(config, tuple(chunks[number::count]), prepared))) for number in range(count)
        ]
        for number in range(len(chunks)):
            answer = await _answer(workers[number % count])
            if isinstance(answer, Exception):
                raise answer
            yield answer
            del answer  # not kept while the next one is waited for


@contextlib.asynccontextmanager
async def _worker(order: Order) -> AsyncIterator[Process]:
    path = os.pathsep.join([str(Path(greedy.__file__).parents[1]), *filter(None, [os.environ.get("PYTHONPATH")])])
    try:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-P", "-c", PROGRAM),
            stdin=PIPE,
            stdout=PIPE,
            limit=WAITING_BYTES,
            env={**os.environ, "PYTHONPATH": path, "OPENBLAS_NUM_THREADS": "1"},
            start_new_session=True,  # the terminal's Ctrl-C is for this process alone
        )
    except OSError as exc:  # no room for one more process, no memory
        raise _fault(f"could not be started: {exc}") from exc
    try:
        assert process.stdin is not None  # noqa: S101  for the type checker
        process.stdin.write(pickle.dumps(order))  # and stays open: its end is the worker's
        yield process
    finally:
        end_process(process)
        await _ended(process)


async def _ended(process: Process) -> None:
    """Take what is left of the answers, so that the pipes close, and wait for the end."""
    with contextlib.suppress(ConnectionError):
        await process.communicate()


async def _answer(process: Process) -> Answer:
    assert process.stdout is not None  # noqa: S101  for the type checker
    try:
        (length,) = LENGTH.unpack(await process.stdout.readexactly(LENGTH.size))
        answer: Answer = pickle.loads(await process.stdout.readexactly(length))  # noqa: S301  from our own child
    except asyncio.IncompleteReadError:
        code = await process.wait()
        how = f"by signal {-code} ({signal.strsignal(-code)})" if code < 0 else f"with exit code {code}"
        raise _fault(f"ended {how}{'; perhaps memory ran out' if code == -signal.SIGKILL else ''}") from None
    return answer


def _fault(what: str) -> OutsideError:
    return OutsideError(
        f"a process that makes rows {what}",
        next_step="run it again with parallel=False (--no-parallel), which needs less memory",
        retryable=True,
    )


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
