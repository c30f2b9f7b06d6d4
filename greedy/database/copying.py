"""What goes into COPY and what comes out of it: counted, checked, and with the user's own errors told from the driver's."""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterable, AsyncIterator, Awaitable, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager, contextmanager
from itertools import chain, islice
from operator import length_hint
from pathlib import Path
from typing import IO, TypeAlias

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
        if not isinstance(self._rows, Iterable):
            self.failure = QueryError(f"COPY takes rows, and a {type(self._rows).__name__} is none")
            raise self.failure
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
        for kind in set(map(type, batch)):
            if issubclass(kind, (str, bytes, Mapping)) or not hasattr(kind, "__getitem__"):
                number = next(number for number, row in enumerate(batch, start=self._before + 1) if type(row) is kind)
                raise QueryError(
                    f"row {number} is not a list of values, but {kind.__name__}", next_step=f"in the order of {', '.join(self._columns)}"
                )
        if set(map(len, batch)) != {width}:
            number, row = next((number, row) for number, row in enumerate(batch, start=self._before + 1) if len(row) != width)
            raise QueryError(f"row {number} has {len(row)} values for {width} columns: {', '.join(self._columns)}")
        return left


class BytesOut:
    """Where COPY's bytes go. `failure` is what the target raised, `interrupted` whether it was cancelled while it took a piece.

    A failure is kept, and the pieces after it are thrown away: an error raised here makes the driver cancel the COPY, and wait for that
    without end where the piece was the last one.
    """

    def __init__(self, write: Callable[[bytes], Awaitable[None]]) -> None:
        self.failure: Exception | None = None
        self.interrupted = False
        self._write = write

    async def __call__(self, data: bytes) -> None:
        """Take one piece."""
        if self.failure is not None:
            return
        try:
            await self._write(data)
        except asyncio.CancelledError:
            self.interrupted = True
            raise
        except Exception as exc:  # noqa: BLE001  whatever it is, it is raised when the COPY is over
            self.failure = exc


@asynccontextmanager
async def bytes_out(output: CopyOutput) -> AsyncIterator[BytesOut]:
    """Open what the user named. A path gets its file, for its owner alone, when the block ends well, and keeps what it had otherwise."""
    if callable(output):
        yield BytesOut(output)
    elif isinstance(output, str | os.PathLike):
        with _new_file(Path(output)) as file:
            yield BytesOut(_writer(file))
            await asyncio.to_thread(_flushed, file)
    elif hasattr(output, "write"):
        yield BytesOut(_writer(output))
    else:
        raise QueryError(f"COPY writes to a path, a binary file or an async function, not to a {type(output).__name__}")


@contextmanager
def _new_file(path: Path) -> Iterator[IO[bytes]]:
    path = path.resolve()
    if path.exists() and not path.is_file():
        raise QueryError(f"COPY cannot write to {path}: it is no ordinary file", next_step="give another path, or an open file")
    number, name = tempfile.mkstemp(prefix=f".{path.name[:50]}.", suffix=".part", dir=path.parent)
    try:
        with os.fdopen(number, "wb") as file:
            yield file
        Path(name).replace(path)
    finally:
        Path(name).unlink(missing_ok=True)


def _flushed(file: IO[bytes]) -> None:
    file.flush()
    os.fsync(file.fileno())


def _writer(file: IO[bytes]) -> Callable[[bytes], Awaitable[None]]:
    def put(data: bytes) -> None:
        left = memoryview(data)
        while left:
            written = file.write(left)  # a file without a buffer may take a part only
            left = left[len(left) if written is None else written :]

    async def write(data: bytes) -> None:
        await asyncio.to_thread(put, data)

    return write
