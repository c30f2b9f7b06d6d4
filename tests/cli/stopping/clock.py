"""A clock for a run that is to be ended by its time limit at a certain point, however long the machine takes to get there.

It is imported by the run: its clock goes slowly, until the test (by SIGUSR1) or the run itself lets all of its time pass at once.
"""

from __future__ import annotations

import asyncio
import contextlib
import faulthandler
import signal
import threading
import time

LIMIT = "50"  # seconds, for --job-time-limit: less than what a statement may take, which no test is about
SLOWER = 10
_real, _begun = time.monotonic, time.monotonic()
_passed = 0.0


def _monotonic() -> float:
    return _begun + (_real() - _begun) / SLOWER + _passed


def let_time_pass(*_: object) -> None:
    """The time limit is over from now on, and two seconds more."""
    global _passed  # noqa: PLW0603  it is the clock
    _passed = float(LIMIT) + 2
    with contextlib.suppress(RuntimeError):  # there is no loop yet, or no longer
        asyncio.get_running_loop().call_soon_threadsafe(lambda: None)  # which sleeps until what it thought was the end of the limit


class _Timer(threading.Timer):
    def run(self) -> None:
        due = time.monotonic() + self.interval
        while time.monotonic() < due and not self.finished.wait(0.05):
            pass
        if not self.finished.is_set():
            self.function(*self.args)


def start() -> None:
    """From now on the clock of this process is this one."""
    time.monotonic, threading.Timer = _monotonic, _Timer  # type: ignore[misc, assignment]
    faulthandler.dump_traceback_later = lambda *_, **__: None  # type: ignore[assignment]  # it counts the seconds of the machine
    signal.signal(signal.SIGUSR1, let_time_pass)
