"""How the tests measure and wait. A machine may be slow, busy or paused for seconds, and that is no fault of what is tested."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil

from greedy.database.connector import DBConnector

# Ends what hangs, and nothing else: all that is well takes a small part of it, also where it takes ten times longer than usual.
PATIENCE_SECONDS = 120.0
PAUSE_SECONDS = 0.01


@contextmanager
def cpu_seconds_below(most: float) -> Iterator[None]:
    """The block computes for less than `most` seconds, whatever else the machine does.

    `most` is ten times or more of what it takes on a slow day, and far below what it takes when work grows with the square or does not end.
    """
    begun = time.process_time()
    yield
    taken = time.process_time() - begun
    assert taken < most, f"{taken:.2f} s of computing, where less than {most} s was expected"


async def until(holds: Callable[[], Awaitable[object]]) -> None:
    """Wait until `holds` answers with something true."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not await holds():
            await asyncio.sleep(PAUSE_SECONDS)


async def computing_seconds(db: DBConnector) -> float:
    """Seconds that this process and its sessions in the server have computed. It does not count when others hold the machine."""
    sessions = await db.execute(
        "select pid from pg_stat_activity where datname = current_database() and client_port is not null", fetch_all=True
    )
    times = [psutil.Process(session["pid"]).cpu_times() for session in sessions]
    return time.process_time() + sum(one.user + one.system for one in times)


def peak_mib() -> float:
    """The most memory that this process has held. Not `ru_maxrss`, which counts what the process that started this one held then."""
    (line,) = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) / 1024


def assert_grows_with_its_size(work: Callable[[int], object], size: int) -> None:
    """Four times as much takes less than ten times as long, in time of computing. Where each looks at all others, it is sixteen times."""

    def seconds(size: int) -> float:
        begun = time.process_time()
        work(size)
        return time.process_time() - begun

    seconds(size)  # the first time something may have to be loaded
    few, many = min(seconds(size), seconds(size)), min(seconds(4 * size), seconds(4 * size))
    assert many < 10 * few, f"{few:.3f} s for {size}, {many:.3f} s for {4 * size}"


async def until_sessions_wait(db: DBConnector, count: int = 1) -> None:
    """Wait until so many sessions wait for a lock that another one holds. `db` gives a connection of its own for each look."""
    waiting = "select count(distinct pid) from pg_locks where not granted"
    await until(lambda: _at_least(db, waiting, count))


async def _at_least(db: DBConnector, sql: str, count: int) -> bool:
    return bool(await db.execute(sql, fetch_val=True) >= count)
