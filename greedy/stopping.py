"""How a job is asked to end before it has done all, and what is not cut off then; and how a process is ended."""

from __future__ import annotations

import asyncio
import os
import signal
import time
from asyncio.subprocess import Process
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import Any, TypeVar

Result = TypeVar("Result")


class Why(StrEnum):
    """What ends a job early."""

    INTERRUPTED = "interrupted"
    TERMINATED = "terminated"
    TIME = "the job's time is over"


class Write(StrEnum):
    """How far the write of a job is, as it is told to whoever ended the job."""

    NOT_BEGUN = "nothing was written"
    UNDER_WAY = "the write had not answered yet, so the database holds the old roster or the new one, whole"
    ENDED = "the write had ended"
    IN_BATCHES = "the batches that were written stay; the next run does the rest"


class Stop:
    """The wish that a job ends, which may come at any moment. Before the write the job is cancelled; a write that has begun is finished.

    Parameters
    ----------
    time_limit_seconds
        What the job may take, from now on; None for as long as it likes.
    """

    def __init__(self, time_limit_seconds: float | None = None) -> None:
        self.why: Why | None = None
        self.write = Write.NOT_BEGUN
        self.time_limit_seconds = time_limit_seconds
        self._deadline = float("inf") if time_limit_seconds is None else time.monotonic() + time_limit_seconds
        self._loop: asyncio.AbstractEventLoop | None = None
        self._task: asyncio.Task[Any] | None = None  # that may be cut off now

    @property
    def seconds_left(self) -> float:
        """Until the time limit; infinite without one, negative when it has passed."""
        return self._deadline - time.monotonic()

    def attach(self, task: asyncio.Task[Any]) -> None:
        """Say which task does the job. It is cancelled when the wish comes, until its write begins."""
        self._loop, self._task = task.get_loop(), task
        if self.why is not None:
            self._cancel()

    def ask(self, why: Why) -> None:
        """Ask the job to end. May be called from a signal handler and from any thread; only the first call counts."""
        if self.why is None:
            self.why = why
            if self._loop is not None and not self._loop.is_closed():
                self._loop.call_soon_threadsafe(self._cancel)

    @contextmanager
    def writing(self) -> Iterator[None]:
        """Around the write. From here on the job is cut off no more, save within `unless_asked`; asked before, it is cancelled here."""
        if self.why is not None:
            raise asyncio.CancelledError
        self._task = None
        self.write = Write.UNDER_WAY
        yield
        self.write = Write.ENDED

    async def unless_asked(self, work: Coroutine[Any, Any, Result]) -> Result | None:
        """The result of `work`, which may be cut off: None when the wish came before its end."""
        if self.why is not None:
            work.close()
            return None
        self._task = task = asyncio.ensure_future(work)
        try:
            return await task
        except asyncio.CancelledError:
            if self.why is None:
                raise
            return None
        finally:
            self._task = None

    def _cancel(self) -> None:
        if self._task is not None:
            self._task.cancel()


def end_process(process: Process, how: signal.Signals = signal.SIGKILL) -> None:
    """Send a signal to a process of this loop that may have ended just now."""
    if process.returncode is None:
        with suppress(ProcessLookupError):
            # Not `process.kill`, which collects the exit code of one that has just ended, so that nobody else learns it.
            os.kill(process.pid, how)
