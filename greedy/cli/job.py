"""A job that ends: in time, when it is asked to, and in the last resort whatever it hangs in."""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import os
import select
import signal
import threading
from collections.abc import Coroutine
from types import FrameType, TracebackType
from typing import Any, Self, TypeVar

import psutil
import structlog

from greedy.cli.console import ExitCode, run_async
from greedy.errors import GreedyError, OutsideError
from greedy.log import collected, line_of
from greedy.stopping import Stop, Why, Write

log = structlog.get_logger()

Result = TypeVar("Result")

GRACE_SECONDS = 5.0  # beyond the time limit, to close what is open
STOP_SECONDS = 75.0  # after a signal: a write may take 60 s, then the server gives it up
SIGNALS = {signal.SIGINT: Why.INTERRUPTED, signal.SIGTERM: Why.TERMINATED}
CODES = {Why.INTERRUPTED: ExitCode.INTERRUPTED, Why.TERMINATED: ExitCode.TERMINATED, Why.TIME: ExitCode.OUTSIDE}


class StoppedError(OutsideError):
    """A job was ended before it had done all. `why` says by what."""

    def __init__(self, why: Why, message: str, *, next_step: str) -> None:
        super().__init__(message, next_step=next_step, retryable=True)
        self.why = why


class Job:
    """A context in which SIGTERM, SIGINT and a time limit end the job cleanly: not within its write, and nothing is left running.

    A second signal ends the process at once. A job that cannot end, as something hangs, is ended with all that it started, GRACE_SECONDS
    after its time limit or STOP_SECONDS after the signal.
    """

    def __init__(self, time_limit_seconds: float | None = None) -> None:
        self.stop = Stop(time_limit_seconds)
        self._watchdog: threading.Timer | None = None
        self._handlers: dict[signal.Signals, Any] = {}
        self._ending = False

    def __enter__(self) -> Self:
        self._nowhere = os.open(os.devnull, os.O_WRONLY)
        for number in SIGNALS:
            if signal.getsignal(number) is not signal.SIG_IGN:  # whoever started this wants it to be ignored
                self._handlers[number] = signal.signal(number, self._on_signal)
        if self.stop.time_limit_seconds is not None:
            self._watch(self.stop.time_limit_seconds + GRACE_SECONDS, Why.TIME)
        return self

    def __exit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        self._watch(None)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        os.close(self._nowhere)

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Run the job itself to its end.

        Raises
        ------
        StoppedError
            It was asked to end before its write began.
        """
        return run_async(self._bounded(work))

    def stopped(self, done: str | None = None) -> StoppedError:
        """The error of a job that was asked to end, and did. `done` says what it did; otherwise how far its write had come."""
        why, done = self.stop.why, done or self.stop.write.value
        assert why is not None  # noqa: S101  for the type checker
        if why is not Why.TIME:
            return StoppedError(why, f"{why}; {done}", next_step="run it again")
        return StoppedError(
            why,
            f"the job's time limit of {self.stop.time_limit_seconds:g} s is over; {done}",
            next_step="see what took the time (LOG_LEVEL=INFO); a longer one: --job-time-limit or GREEDY_JOB_TIME_LIMIT",
        )

    async def _bounded(self, work: Coroutine[Any, Any, Result]) -> Result:
        loop, task = asyncio.get_running_loop(), asyncio.current_task()
        assert task is not None  # noqa: S101  for the type checker
        loop.set_exception_handler(self._on_unretrieved)
        if self.stop.time_limit_seconds is not None:
            loop.call_later(self.stop.seconds_left, self.stop.ask, Why.TIME)
        self.stop.attach(task)
        try:
            return await work
        except (asyncio.CancelledError, GreedyError) as exc:
            if self.stop.why is None or self.stop.write is not Write.NOT_BEGUN:
                raise  # what a write came to is told, whoever wants the end
            raise self.stopped() from exc
        finally:
            work.close()

    def _on_unretrieved(self, loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
        """An error that nobody waits for. In a job that was cut off it comes from what was given up, as a connection in the making."""
        if self.stop.why is None:
            loop.default_exception_handler(context)
        else:
            log.debug("job.given_up", what=context["message"], error=repr(context.get("exception")))

    def _on_signal(self, number: int, _frame: FrameType | None) -> None:
        if self._ending:
            return  # one more would begin the end anew, and so for ever
        why = SIGNALS[signal.Signals(number)]
        if self.stop.why is not None:
            self._end(why, "a second signal came")
        self.stop.ask(why)
        self._watch(min(STOP_SECONDS, self.stop.seconds_left + GRACE_SECONDS), why)

    def _watch(self, seconds: float | None, why: Why = Why.TIME) -> None:
        """End the process in so many seconds; None for not at all. What counts is the last call."""
        if self._watchdog is not None:
            self._watchdog.cancel()
            faulthandler.cancel_dump_traceback_later()
        if seconds is None:
            return
        seconds = max(0.1, seconds)
        # When not even another thread gets its turn, this ends the process, with code 1, from outside of Python. First, as the signal may
        # have come while this thread started another one, and then no other starts.
        faulthandler.dump_traceback_later(seconds + GRACE_SECONDS, file=self._nowhere, exit=True)
        self._watchdog = threading.Timer(seconds, self._end, (why, "it did not end by itself"))
        self._watchdog.daemon = True
        self._watchdog.start()

    def _end(self, why: Why, reason: str) -> None:
        """End this process and all that it started, now."""
        self._ending = True
        code = CODES[why]
        text = f"{why}; ended at once, as {reason}; {self.stop.write}"
        line = line_of(text, exit_code=int(code)) if collected() else f"error: {text}\n".encode()
        for child in psutil.Process().children(recursive=True):
            with contextlib.suppress(psutil.Error):  # it has ended already
                child.kill()
        with contextlib.suppress(OSError):  # nobody hears it, or whoever should has stopped reading
            if select.select([], [2], [], 1.0)[1]:
                os.write(2, line)
        os._exit(code)
