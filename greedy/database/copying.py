"""What goes into COPY and what comes out of it: counted, checked, and with the user's own errors told from the driver's."""

from __future__ import annotations

import asyncio
import os
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import asynccontextmanager
from itertools import chain, islice
from operator import length_hint
from pathlib import Path
from typing import IO, TypeAlias, cast

import asyncpg

from greedy.database.errors import QueryError

Row: TypeAlias = Sequence[object]
Rows: TypeAlias = Iterable[Row] | AsyncIterable[Row]
CopyOutput: TypeAlias = "str | os.PathLike[str] | IO[bytes] | Callable[[bytes], Awaitable[None]]"
"""Where COPY writes: a path, a binary file that is open for writing, or an async function that takes each piece."""

# What the driver's encoders raise for a value of the wrong type, form or range: whatever the operation on it raised.
ENCODING_FAULTS = (TypeError, ValueError, ArithmeticError, AttributeError, LookupError)

BATCH_ROWS = 1000


class Batches:
    """Rows in batches, for whose widths their maker answers: nothing looks at each row again."""

    def __init__(self, batches: Iterable[Sequence[Row]]) -> None:
        self.batches = batches

    def __iter__(self) -> Iterator[Row]:
        return chain.from_iterable(self.batches)


class RowsIn:
    """Rows on their way in. `failure` is what their source raised."""

    def __init__(self, rows: Rows, columns: Sequence[str]) -> None:
        self.failure: Exception | None = None
        self._rows = rows
        self._columns = columns
        self._before = 0
        self._batch: Sequence[Row] = ()
        self._left: Iterator[Row] = iter(())

    def records(self) -> Rows:
        """The rows, once."""
        if isinstance(self._rows, AsyncIterable):
            return self._asynchronous(self._rows)
        # In batches, which are looked at and handed on without a step of ours for each row: that would double the time of a COPY.
        return chain.from_iterable(self._batches(self._rows))

    @property
    def count(self) -> int:
        """How many rows were handed on."""
        return self._before + len(self._batch) - length_hint(self._left)

    def cannot_encode(self, exc: Exception) -> bool:
        """Whether the driver failed at a value of the last row, and not at the connection or on the server."""
        unclear = isinstance(exc, asyncpg.InterfaceError) and "clos" not in str(exc) and self.count > 0
        return unclear or (isinstance(exc, ENCODING_FAULTS) and not isinstance(exc, asyncpg.InterfaceError))

    def unfit(self, exc: Exception) -> QueryError:
        """The error for the last row, which the driver could not encode. Its values may be personal: only their types are told."""
        types = ", ".join(
            f"{column} {type(value).__name__}"
            for column, value in zip(self._columns, self._batch[self.count - self._before - 1], strict=True)
        )
        return QueryError(
            f"row {self.count} does not fit: a value is of the wrong type, form or range ({type(exc).__name__})",
            details=[f"it has {types}"],
        )

    def _batches(self, rows: Iterable[Row]) -> Iterator[Iterator[Row]]:
        try:
            if isinstance(rows, Batches):
                yield from map(self._next, rows.batches)
                return
            rows = iter(rows)
            while batch := list(islice(rows, BATCH_ROWS)):
                yield self._checked(batch)
        except Exception as exc:
            self.failure = exc
            raise

    async def _asynchronous(self, rows: AsyncIterable[Row]) -> AsyncIterator[Row]:
        try:
            async for row in rows:
                for checked in self._checked([row]):
                    yield checked
        except Exception as exc:
            self.failure = exc
            raise

    def _next(self, batch: Sequence[Row]) -> Iterator[Row]:
        self._before += len(self._batch)
        self._batch, self._left = batch, iter(batch)
        return self._left

    def _checked(self, batch: Sequence[Row]) -> Iterator[Row]:
        left = self._next(batch)
        width = len(self._columns)
        if set(map(len, batch)) != {width}:
            number, row = next((number, row) for number, row in enumerate(batch, start=self._before + 1) if len(row) != width)
            raise QueryError(f"row {number} has {len(row)} values for {width} columns: {', '.join(self._columns)}")
        return left


class BytesOut:
    """Where COPY's bytes go. `failure` is what the target raised."""

    def __init__(self, write: Callable[[bytes], Awaitable[None]]) -> None:
        self.failure: Exception | None = None
        self._write = write

    async def __call__(self, data: bytes) -> None:
        """Take one piece."""
        try:
            await self._write(data)
        except Exception as exc:
            self.failure = exc
            raise


@asynccontextmanager
async def bytes_out(output: CopyOutput) -> AsyncIterator[BytesOut]:
    """Open what the user named. A path gets its file when the block ends well, and keeps what it had when it does not."""
    if callable(output):
        yield BytesOut(output)
    elif isinstance(output, str | os.PathLike):
        path = Path(output)
        part = path.with_name(f"{path.name}.{os.getpid()}.part")
        try:
            with await asyncio.to_thread(part.open, "wb") as file:
                yield BytesOut(_writer(cast("IO[bytes]", file)))
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
    elif hasattr(output, "write"):
        yield BytesOut(_writer(output))
    else:
        raise QueryError(f"COPY writes to a path, a binary file or an async function, not to a {type(output).__name__}")


def _writer(file: IO[bytes]) -> Callable[[bytes], Awaitable[None]]:
    async def write(data: bytes) -> None:
        await asyncio.to_thread(file.write, data)

    return write
