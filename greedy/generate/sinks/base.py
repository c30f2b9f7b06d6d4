"""What a sink is: something that takes all rows of a generation, or none."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from typing import Any, Protocol, TypeAlias

from greedy.generate.config import GeneratorConfig
from greedy.generate.tables import Batch

BATCH_ROWS = 10_000


@dataclass(frozen=True)
class Chunk:
    """All rows of consecutive practices, one batch a table, parents before children.

    The first chunk also brings the rows that all practices share.
    """

    practices: range
    batches: tuple[Batch, ...]


Wrote: TypeAlias = Callable[[str, int], None]
"""Told by a sink that it wrote so many more rows of a table."""

Write: TypeAlias = Callable[[Any], Awaitable[None]]
"""Writes what the sink's `prepared` made of a chunk."""


class Sink(Protocol):
    """Somewhere to write to. Used once.

    name
        For people: "SQLite x.db", "CSV folder out"; never with a password.
    prepared
        What is written of a chunk. It is called where the chunk is made, which may be another process: a function at the top level of a
        module, or a class itself, with no more in it than can be pickled.
    """

    @property
    def name(self) -> str: ...

    @property
    def prepared(self) -> Callable[[Chunk], Any]: ...

    def opened(self, config: GeneratorConfig, wrote: Wrote) -> AbstractAsyncContextManager[Write]:
        """Around all writes, in one task: left normally, everything is there for good; left by an exception, nothing is.

        Raises
        ------
        CallerError
            On entering: the place cannot be written to, and the caller has to mend it. Then no sink writes anything.
        GreedyError
            Later, or an OutsideError on entering: this sink has failed, others go on.
        """
        ...


def as_it_is(chunk: Chunk) -> Chunk:
    """For sinks that prepare nothing."""
    return chunk
