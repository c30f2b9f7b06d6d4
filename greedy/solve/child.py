"""The child process of a solve, started by greedy.solve.process and by nobody else.

It reads one order from its standard input, and answers on its standard output with progress, and at the end with the result or a failure.
It ends, with all processes that it started, when its standard input ends: then whoever asked is gone.
"""

from __future__ import annotations

import os
import signal
import threading
import time
import traceback
from dataclasses import dataclass, replace
from multiprocessing.connection import Connection
from typing import Any

from greedy.errors import CallerError
from greedy.model.problem import Problem
from greedy.model.result import Progress, SolveResult
from greedy.model.roster import Roster
from greedy.solve.solve import Method, solve

SECONDS_BETWEEN_PROGRESS = 0.25


@dataclass(frozen=True)
class Order:
    """What to solve, and how; see `greedy.solve.solve.solve`. `given_at`: time.monotonic() of the parent: the start of the child counts."""

    problem: Problem
    method: Method
    time_limit_seconds: float | None
    seed: int
    workers: int | None
    warm_start: Roster | None
    given_at: float


@dataclass(frozen=True)
class Failure:
    """What a solve raised. `caller`: the caller has to mend something; otherwise it is a fault of this program."""

    kind: str
    message: str
    details: tuple[str, ...]
    next_step: str | None
    caller: bool
    traceback: str


Answer = Progress | SolveResult | Failure


class Outbox:
    """Sends progress from whichever thread reports it, seldom, and the newest roster with it; nothing newer is ever held back for long."""

    def __init__(self, channel: Connection) -> None:
        self._channel = channel
        self._lock = threading.Lock()
        self._pending: Progress | None = None
        threading.Thread(target=self._send_now_and_then, daemon=True).start()

    def post(self, progress: Progress) -> None:
        """Progress to be sent soon."""
        with self._lock:
            if progress.roster is None and self._pending is not None:
                progress = replace(progress, roster=self._pending.roster)
            self._pending = progress

    def close(self, answer: Answer) -> None:
        """Send the last answer."""
        with self._lock:
            self._pending = None
            self._channel.send(answer)

    def _send_now_and_then(self) -> None:
        while True:
            with self._lock:
                pending, self._pending = self._pending, None
                if pending is not None:
                    self._channel.send(pending)
            time.sleep(SECONDS_BETWEEN_PROGRESS)


def main() -> None:
    """Read an order, solve it, answer."""
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # nobody listens any more: end without a word
    channel = Connection(os.dup(1), readable=False)
    orders = Connection(os.dup(0), writable=False)
    os.dup2(2, 1)  # whatever a library prints must not lie between the answers
    order: Order = orders.recv()
    threading.Thread(target=_end_with_parent, args=(orders,), daemon=True).start()
    outbox = Outbox(channel)
    try:
        answer: Answer = _carry_out(order, outbox)
    except Exception as exc:  # noqa: BLE001  the parent tells it
        answer = _failure(exc)
    outbox.close(answer)


def _carry_out(order: Order, outbox: Outbox) -> SolveResult:
    limit = order.time_limit_seconds
    if limit is not None:
        limit = max(limit / 10, limit - (time.monotonic() - order.given_at))
    return solve(
        order.problem,
        order.method,
        time_limit_seconds=limit,
        seed=order.seed,
        workers=order.workers,
        warm_start=order.warm_start,
        on_progress=outbox.post,
    )


def _failure(exc: Exception) -> Failure:
    details: Any = getattr(exc, "details", ())
    return Failure(
        kind=type(exc).__name__,
        message=str(exc),
        details=tuple(details),
        next_step=getattr(exc, "next_step", None),
        caller=isinstance(exc, CallerError),
        traceback=traceback.format_exc(),
    )


def _end_with_parent(orders: Connection) -> None:
    orders.poll(None)
    os.killpg(os.getpgrp(), signal.SIGKILL)
