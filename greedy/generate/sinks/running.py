"""A sink at work, in a task of its own: one that fails or waits does not end the others."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from contextlib import asynccontextmanager
from typing import Any, TypeAlias

import structlog

from greedy.errors import GreedyError
from greedy.generate.config import GeneratorConfig
from greedy.generate.sinks.base import BATCH_ROWS, Sink
from greedy.generate.summary import SinkSummary

log = structlog.get_logger()

Tell: TypeAlias = Callable[[str, int, int | None], None]
"""Told of a table: rows written so far, and how many there will be, if that is known."""


class RunningSink:
    """Takes the parts of a sink one after the other, and writes them. `failed` is why it has stopped doing so."""

    def __init__(self, sink: Sink, config: GeneratorConfig, tell: Callable[[RunningSink, str, int], None]) -> None:
        self.failed: GreedyError | None = None
        self.opened = asyncio.Event()
        self.rows: Counter[str] = Counter()
        self._sink, self._config, self._tell = sink, config, tell
        self._parts: asyncio.Queue[object] = asyncio.Queue(1)
        self._told = False

    async def run(self) -> None:
        """Open the sink, write until `end`, close it. Errors of this project end in `failed`."""
        part: object = self
        try:
            async with self._sink.opened(self._config, self._wrote) as write:
                self.opened.set()
                while (part := await self._parts.get()) is not None:
                    await write(part)
        except GreedyError as exc:
            self.failed = exc
            self.opened.set()
        while part is not None:  # whoever brings parts is not held up
            part = await self._parts.get()

    async def put(self, part: object) -> None:
        """Write this next. Waits while another part is waiting."""
        await self._parts.put(part)

    async def end(self) -> None:
        """Nothing more comes."""
        await self._parts.put(None)

    def tell_failure(self) -> None:
        """Say that it has failed, once, while others go on."""
        if self.failed is not None and not self._told:
            self._told = True
            log.warning("generate.sink_failed", sink=self._sink.name, error=self.failed.message)

    def summary(self) -> SinkSummary:
        """What came of it."""
        return SinkSummary(
            name=self._sink.name,
            rows=self.rows.total(),
            failed=self.failed and self.failed.message,
            next_step=self.failed and self.failed.next_step,
        )

    def _wrote(self, table: str, rows: int) -> None:
        before = self.rows[table]
        self.rows[table] += rows
        self._tell(self, table, before)


class Progress:
    """Tells how far the first sink that has not failed is: each time that BATCH_ROWS more rows of a table are there, and when all are."""

    def __init__(self, config: GeneratorConfig, tell: Tell | None) -> None:
        self.running: list[RunningSink] = []
        self._tell = tell
        self._totals = {
            **dict.fromkeys(("practices", "rosters", "planted_rosters"), config.practices),
            **dict.fromkeys(("employees", "contracts"), config.employees),
        }

    def told(self, running: RunningSink, table: str, before: int) -> None:
        """A sink has written rows of a table."""
        leading = next((one for one in self.running if one.failed is None), None)
        now, total = running.rows[table], self._totals.get(table)
        if self._tell is not None and running is leading and (now // BATCH_ROWS > before // BATCH_ROWS or now == total):
            self._tell(table, now, total)


@asynccontextmanager
async def ended_together(work: Iterable[Coroutine[Any, Any, None]]) -> AsyncIterator[None]:
    """Tasks beside a block: waited for at its end. When one of them or the block fails, all others are cancelled.

    Raises
    ------
    BaseException
        The first failure itself, not in a group.
    """
    failure = None
    try:
        async with asyncio.TaskGroup() as tasks:
            for one in work:
                tasks.create_task(one)
            yield
    except BaseExceptionGroup as group:
        failure = group.exceptions[0]
    if failure is not None:
        raise failure
