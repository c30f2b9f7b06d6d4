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
class Files:
    """Files of one roster besides its tables: its planted solution, and its wishes as a planning file."""

    practice: int
    planted: str
    planning: str


@dataclass(frozen=True)
class Chunk:
    """All rows of consecutive practices, parents before children; those of the first also bring what all practices share.

    `files` is empty unless a sink asked for them.
    """

    practices: range
    batches: tuple[Batch, ...]
    files: tuple[Files, ...] = ()


Wrote: TypeAlias = Callable[[str, int], None]
"""Told by a sink that it wrote so many more rows of a table."""

Write: TypeAlias = Callable[[Any], Awaitable[None]]
"""Writes what the sink's `prepared` made of a chunk."""


class Sink(Protocol):
    """Somewhere to write to. Used once.

    name
        For people: "SQLite x.db", "CSV folder out"; never with a password.
    wants_files
        Whether chunks are to bring the files of each roster.
    prepared
        What is written of a chunk. It is called where the chunk is made, which may be another process: a function at the top level of a
        module, or a class itself, with no more in it than can be pickled.
    """

    @property
    def name(self) -> str: ...

    @property
    def wants_files(self) -> bool: ...

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
