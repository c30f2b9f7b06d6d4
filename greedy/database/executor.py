"""Statements, transactions, COPY and streams, the same on a pool (`DBConnector`) and on one connection of it (`DBConnection`)."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

import asyncpg

from greedy.database.copying import CopyOutput, Rows, bytes_out
from greedy.database.errors import QueryError

if TYPE_CHECKING:
    from greedy.database.connection import DBConnection

Record: TypeAlias = asyncpg.Record
"""One row: `row["name"]`, `row[0]`, `dict(row)`."""

Isolation = Literal["read_committed", "repeatable_read", "serializable"]
Answer = Literal["row", "all", "value", "count"]
CopyFormat = Literal["text", "csv", "binary"]


class Executor(ABC):
    """What runs statements. `server` names the database in messages, `schema` is where names without a schema are looked up."""

    server: str
    schema: str

    @abstractmethod
    def connection(self, *, timeout_seconds: float | None = None) -> AbstractAsyncContextManager[DBConnection]:
        """One connection for the length of a block. `timeout_seconds`: how long to wait for it."""

    @abstractmethod
    async def _call(self, sql: str, args: Sequence[object], wanted: Answer, timeout_seconds: float | None) -> Any:  # noqa: ANN401
        """One statement."""

    @overload
    async def execute(self, sql: str, args: Sequence[object] = (), *, timeout_seconds: float | None = None) -> int: ...
    @overload
    async def execute(
        self, sql: str, args: Sequence[object] = (), *, fetch_row: Literal[True], timeout_seconds: float | None = None
    ) -> Record | None: ...
    @overload
    async def execute(
        self, sql: str, args: Sequence[object] = (), *, fetch_all: Literal[True], timeout_seconds: float | None = None
    ) -> list[Record]: ...
    @overload
    async def execute(
        self, sql: str, args: Sequence[object] = (), *, fetch_val: Literal[True], timeout_seconds: float | None = None
    ) -> Any: ...  # noqa: ANN401  a value is of whatever type its column has
    async def execute(
        self,
        sql: str,
        args: Sequence[object] = (),
        *,
        fetch_row: bool = False,
        fetch_all: bool = False,
        fetch_val: bool = False,
        timeout_seconds: float | None = None,
    ) -> Any:
        """Run a statement with bound arguments (`$1`, `$2`, ...), or several statements when there are none.

        Parameters
        ----------
        sql
            Statement. Never put a value into it: values go into `args`, names through `quoted`.
        args
            One value for each `$n`.
        fetch_row, fetch_all, fetch_val
            What to return, at most one of them: the first row or None, all rows, the first value of the first row or None. Without them
            the number of rows that the statement touched.
        timeout_seconds
            How long this call may take, instead of the connector's own limit.

        Raises
        ------
        ConnectionError, QueryError, SchemaError, AuthenticationError
            What went wrong, in the words of `greedy.database.errors`.
        """
        if fetch_row + fetch_all + fetch_val > 1:
            raise QueryError("fetch_row, fetch_all and fetch_val exclude each other")
        require_call(sql, args, timeout_seconds)
        wanted: Answer = "row" if fetch_row else "all" if fetch_all else "value" if fetch_val else "count"
        return await self._call(sql, args, wanted, timeout_seconds)

    @asynccontextmanager
    async def transaction(
        self, *, isolation: Isolation | None = None, readonly: bool = False, deferrable: bool = False
    ) -> AsyncIterator[DBConnection]:
        """A connection in a transaction: commit at the end of the block, roll back on any error, cancellation included.

        On a connection that is in a transaction already it is a savepoint; then `isolation` must be that of the outer one, or None.
        On a connector it is always a transaction of its own.

        Raises
        ------
        ConnectionError
            The connection was lost. At the commit, nobody knows then whether it was done, and the message says so.
        QueryError
            The block caught the error of a statement and went on: PostgreSQL takes nothing of such a transaction. Put the statement that
            may fail into a nested `transaction()`.
        """
        async with self.connection() as connection, connection._begun(isolation, readonly=readonly, deferrable=deferrable):
            yield connection

    async def copy_in(
        self,
        table: str,
        rows: Rows,
        *,
        columns: Sequence[str],
        schema: str | None = None,
        timeout_seconds: float | None = None,
    ) -> int:
        """COPY rows into a table, in the order of `columns`, all or none, and return how many. The fastest way in for large data.

        `rows` may be a generator, also an asynchronous one: they are sent as they come. An error that it raises leaves as it is.

        Raises
        ------
        QueryError
            A row that does not fit, by its number from 1, without its values; or the server refused one.
        """
        require_call("", (), timeout_seconds)
        async with self.connection() as connection, connection._alone():
            return await connection._copy_in(table, rows, columns, schema, timeout_seconds)

    async def copy_out(
        self,
        source: str,
        output: CopyOutput,
        *,
        args: Sequence[object] | None = None,
        columns: Sequence[str] = (),
        schema: str | None = None,
        format: CopyFormat = "csv",  # noqa: A002  COPY's own word for it
        header: bool = False,
        timeout_seconds: float | None = None,
    ) -> int:
        """COPY a table, or what a query returns, to a file, and return how many rows. The fastest way out for large data.

        Parameters
        ----------
        source
            Name of a table; or a query, when `args` are given.
        output
            A path, which is there whole or not at all, and readable by its owner alone; a binary file that is open for writing; or an
            async function that takes each piece of bytes. An error that it raises leaves as it is, when the server has sent the rest.
        args
            Of a query: one value for each `$n`, `[]` when it has none.
        columns, schema
            Of a table: which columns, else all; and its schema.
        format, header
            What COPY writes (https://www.postgresql.org/docs/current/sql-copy.html), and whether column names come first (not in binary).
        timeout_seconds
            How long it may take, instead of the connector's own limit.
        """
        require_call(source, args or (), timeout_seconds)
        async with self.connection() as connection, connection._alone():
            query = await connection._copied(source, args, columns, schema)
            async with bytes_out(output) as target:
                return await connection._copy_out(query, target, format, header, timeout_seconds)

    async def stream(
        self, sql: str, args: Sequence[object] = (), *, prefetch: int = 1000, timeout_seconds: float | None = None
    ) -> AsyncGenerator[Record, None]:
        """The rows of a select one by one, through a cursor of the server: memory for `prefetch` rows, however many there are.

        On a connector it holds a connection, in a transaction, until the last row. Whoever may leave earlier writes
        `async with contextlib.aclosing(db.stream(...)) as rows`. On a connection it needs a transaction, and other statements may go
        between the rows.

        `timeout_seconds`: how long each `prefetch` rows may take.
        """
        require_call(sql, args, timeout_seconds)
        if not isinstance(prefetch, int) or not 1 <= prefetch < 1 << 31:
            raise QueryError(f"prefetch is {prefetch!r:.40}; it has to be at least 1, and a number of rows")
        async with self.connection() as connection:
            if connection is self and not connection._depth:
                raise QueryError("a stream on a connection needs a transaction", next_step="async with connection.transaction(): ...")
            async with connection._alone(always=True), aclosing(connection._stream(sql, args, prefetch, timeout_seconds)) as rows:
                async for row in rows:
                    yield row


def require_call(sql: str, args: Sequence[object], timeout_seconds: float | None) -> None:
    """Refuse what the driver would stumble over, or take for something else."""
    if not isinstance(sql, str) or "\0" in sql:
        raise QueryError(f"a statement is text without NUL characters, and not this {type(sql).__name__}")
    if not isinstance(args, (list, tuple)) and (isinstance(args, (str, bytes)) or not isinstance(args, Sequence)):
        raise QueryError(f"args is a list of values, one for each $n, and not a {type(args).__name__}", next_step="write [value]")
    if timeout_seconds is not None:
        require_seconds(timeout_seconds)


def require_seconds(timeout_seconds: float) -> None:
    """Refuse a time-out that is no number."""
    if isinstance(timeout_seconds, bool) or not isinstance(timeout_seconds, (int, float)) or math.isnan(timeout_seconds):
        raise QueryError(f"a time-out is a number of seconds, and not {timeout_seconds!r:.40}")
