"""Statements, transactions, COPY and streams, the same on a pool (`DBConnector`) and on one connection of it (`DBConnection`)."""

from __future__ import annotations

import itertools
import math
from abc import ABC, abstractmethod
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, aclosing, asynccontextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, cast, overload

import asyncpg
import structlog

from greedy.database import errors
from greedy.database.copying import BytesOut, CopyOutput, Rows, RowsIn, bytes_out
from greedy.database.errors import CALL_ERRORS, DRIVER_ERRORS, DatabaseError, QueryError, cause, from_driver, lost
from greedy.database.identifiers import listed, qualified, quoted
from greedy.database.sql_text import with_literals

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    from greedy.database.query_log import QueryLogger

log = structlog.get_logger()

Record: TypeAlias = asyncpg.Record
"""One row: `row["name"]`, `row[0]`, `dict(row)`."""

Isolation = Literal["read_committed", "repeatable_read", "serializable"]
Answer = Literal["row", "all", "value", "count"]
CopyFormat = Literal["text", "csv", "binary"]

ISOLATION_LEVELS = ("read_committed", "repeatable_read", "serializable")
numbers = itertools.count(1)  # of savepoints and cursors, each of which has a name of its own


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


class DBConnection(Executor):
    """One connection, borrowed from a connector. Made by `connection()` and `transaction()`; not for two tasks at once.

    `local` is the SQL that every transaction begins with behind a transaction pooler, where a session keeps nothing and each call has to be
    a transaction; None on a direct connection.
    """

    def __init__(
        self, driver: PoolConnectionProxy, *, server: str, schema: str, local: str | None = None, query_log: QueryLogger | None = None
    ) -> None:
        self.server = server
        self.schema = schema
        self._driver = driver
        self._local = local
        self._query_log = query_log
        self._depth = 0
        self._isolation: Isolation | None = None
        self._failure: Exception | None = None
        self._ended = False

    def connection(self, *, timeout_seconds: float | None = None) -> AbstractAsyncContextManager[DBConnection]:  # noqa: ARG002  nothing to wait for
        """This connection itself."""
        return nullcontext(self)

    async def _call(self, sql: str, args: Sequence[object], wanted: Answer, timeout_seconds: float | None) -> Any:  # noqa: ANN401
        if self._local is None or self._depth:
            return await self._run(sql, args, wanted, timeout_seconds)
        async with self._alone():
            return await self._run(sql, args, wanted, timeout_seconds)

    async def _run(self, sql: str, args: Sequence[object], wanted: Answer, timeout_seconds: float | None = None) -> Any:  # noqa: ANN401
        try:
            if self._query_log is None:
                return await answer(self._driver, sql, args, wanted, timeout_seconds)
            return await self._query_log.run(self._driver, sql, args, wanted, timeout_seconds)
        except CALL_ERRORS as exc:
            raise self._error(exc) from cause(exc)

    def _error(self, exc: Exception) -> DatabaseError:
        """Translate a failure of this connection, and note that PostgreSQL takes nothing more of its transaction."""
        if "released back to the pool" in str(exc) and not self._ended:
            # The driver takes a connection that died away from us in the middle of our block.
            error: DatabaseError = errors.ConnectionError(
                f"the connection to {self.server} was lost", next_step="try again; check the server's log", retryable=True
            )
        else:
            error = from_driver(exc, server=self.server)
        if self._depth and isinstance(exc, (asyncpg.PostgresError, TimeoutError)) and cause(exc) is not None:
            self._failure = error
        return error

    def _alone(self, *, always: bool = False) -> AbstractAsyncContextManager[None]:
        """A transaction when none is open and one is needed: behind a transaction pooler, or `always`."""
        if self._depth or not (always or self._local is not None):
            return nullcontext()
        return self._begun()

    @asynccontextmanager
    async def _begun(self, isolation: Isolation | None = None, *, readonly: bool = False, deferrable: bool = False) -> AsyncIterator[None]:
        if isolation not in (None, *ISOLATION_LEVELS):
            raise QueryError(f"there is no isolation {isolation!r:.40}", next_step=f"use one of {', '.join(ISOLATION_LEVELS)}")
        if self._depth:
            if isolation not in (None, self._isolation):
                raise QueryError(f"a transaction within one that is {self._isolation or 'of the default isolation'} cannot be {isolation}")
            if deferrable:
                raise QueryError("only the outermost transaction can be deferrable")
            savepoint = f"greedy_{next(numbers)}"
            begin = f"savepoint {savepoint}" + "; set local transaction_read_only = on" * readonly
            # The release too, or a loop of many savepoints would keep them all.
            commit, rollback = f"release savepoint {savepoint}", f"rollback to savepoint {savepoint}; release savepoint {savepoint}"
        else:
            self._isolation = isolation
            modes = [f"isolation level {isolation.replace('_', ' ')}"] if isolation else []
            modes += ["read only"] * readonly + ["deferrable"] * deferrable
            begin, commit, rollback = f"begin {', '.join(modes)}{self._local or ''}", "commit", "rollback"
        await self._begin(begin)
        self._depth += 1
        try:
            yield
            self._require_sound()
        except BaseException:
            self._depth -= 1
            await self._roll_back(rollback)
            raise
        self._depth -= 1
        await self._commit(commit)

    def _require_sound(self) -> None:
        if self._failure is not None:
            raise QueryError(
                f"nothing was committed: {self.server} takes nothing of a transaction after a statement failed in it",
                next_step="put the statement that may fail into a nested transaction()",
                details=[str(self._failure)],
            ) from self._failure

    async def _begin(self, sql: str) -> None:
        try:
            await self._driver.execute(sql)
        except BaseException as exc:
            if not self._depth:
                # Begun or not, nobody knows; whoever gets this connection next must not be in it.
                self._cut_off()
            if isinstance(exc, DRIVER_ERRORS):
                raise self._error(exc) from exc
            raise

    async def _roll_back(self, sql: str) -> None:
        """After an error, which a failure of this must not hide: without its connection, the transaction ends by itself."""
        try:
            await self._driver.execute(sql)
        except DRIVER_ERRORS as exc:
            log.debug("database.rollback_failed", server=self.server, error=str(exc))
            self._cut_off()
        except BaseException:
            self._cut_off()
            raise
        self._failure = None

    def _is_gone(self) -> bool:
        try:
            return self._driver.is_closed()
        except asyncpg.InterfaceError:
            return True

    def _cut_off(self) -> None:
        with suppress(asyncpg.InterfaceError):  # it is gone already
            self._driver.terminate()

    async def _commit(self, sql: str) -> None:
        try:
            if not self._driver.is_in_transaction():
                raise QueryError(
                    f"a statement within a transaction on {self.server} ended it before its block: what came after it was not in one",
                    next_step="leave commit and rollback to transaction()",
                )
            await self._driver.execute(sql)
        except DRIVER_ERRORS as exc:
            error = self._error(exc)
            if isinstance(exc, asyncpg.InterfaceError) or not isinstance(error, errors.ConnectionError):
                raise error from exc  # it was not sent, or the server refused it
            raise errors.ConnectionError(
                f"lost {self.server} at the commit: nobody knows whether it was committed",
                next_step="look whether it is there; or try again, if the database refuses or ignores it the second time",
                retryable=True,
            ) from exc

    async def _copy_in(self, table: str, rows: Rows, columns: Sequence[str], schema: str | None, timeout_seconds: float | None) -> int:
        qualified(table, schema)
        columns = listed(columns)
        if not columns:
            raise QueryError(f"no columns were named for {table}", next_step="columns=[...], in the order of the values of a row")
        for column in columns:
            quoted(column)
        feed = RowsIn(rows, columns)
        try:
            status = await self._driver.copy_records_to_table(
                table, records=feed.records(), columns=columns, schema_name=schema, timeout=timeout_seconds
            )
        except Exception as exc:
            if feed.failure is not None:
                raise self._broken_off(feed.failure) from feed.failure.__cause__
            if self._is_gone():  # the driver stumbles over that in many ways
                raise self._broken_off(lost(self.server, type(exc).__name__)) from exc
            if feed.cannot_encode(exc):
                raise self._broken_off(feed.unfit(exc)) from None
            if isinstance(exc, DRIVER_ERRORS):
                raise self._broken_off(self._error(exc)) from exc
            raise
        return touched(status)

    async def _copied(self, source: str, args: Sequence[object] | None, columns: Sequence[str], schema: str | None) -> str:
        """What to copy, as SQL without arguments: COPY takes none, so the server writes them as literals."""
        if args is None:
            named = ", ".join(quoted(column) for column in listed(columns))
            return qualified(source, schema) + (f" ({named})" if named else "")
        source = source.rstrip().removesuffix(";")
        if not args:
            return f"({source}\n)"  # its last line may be a comment
        try:
            types = (await self._driver.prepare(source)).get_parameters()
        except DRIVER_ERRORS as exc:
            raise self._error(exc) from cause(exc)
        names = [f"{quoted(kind.schema)}.{quoted('_' + kind.name[:-2] if kind.name.endswith('[]') else kind.name)}" for kind in types]
        texts = ", ".join(f"quote_nullable(${number}::{name}::text)" for number, name in enumerate(names, start=1))
        literals = await self._run(f"select {texts}", args, "row")
        return f"({with_literals(source, [f'{text}::{name}' for text, name in zip(literals, names, strict=True)])}\n)"

    async def _copy_out(self, query: str, output: BytesOut, format: CopyFormat, header: bool, timeout_seconds: float | None) -> int:  # noqa: A002
        options = f"format {quoted(format)}" + ", header" * header
        try:
            # The driver's public method puts arguments into the text of the query, also where it is a literal or a comment.
            status = await cast("Any", self._driver)._copy_out(f"copy {query} to stdout ({options})", output, timeout_seconds)
        except BaseException as exc:
            if output.interrupted:
                self._cut_off()  # or the driver may wait for the server to cancel a COPY that is over
            if isinstance(exc, DRIVER_ERRORS):
                raise self._broken_off(self._error(exc)) from exc
            raise
        if output.failure is not None:
            raise output.failure
        return touched(status)

    def _broken_off(self, error: Exception) -> Exception:
        """Note the error of a COPY, wherever it came from: the server takes nothing more of the transaction."""
        if self._depth:
            self._failure = error
        return error

    async def _stream(self, sql: str, args: Sequence[object], prefetch: int, timeout_seconds: float | None) -> AsyncGenerator[Record, None]:
        # A cursor of SQL and not of the protocol: the driver's own needs a named statement, which a transaction pooler would mix up.
        cursor = f"greedy_{next(numbers)}"
        await self._run(f"declare {cursor} no scroll cursor for {sql}", args, "all", timeout_seconds)
        while rows := await self._run(f"fetch forward {int(prefetch)} from {cursor}", (), "all", timeout_seconds):
            for row in rows:
                yield row
        # Only here: a cursor that is left ends with its transaction, and who leaves may be using the connection for something else by now.
        await self._run(f"close {cursor}", (), "count")


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


async def answer(driver: PoolConnectionProxy, sql: str, args: Sequence[object], wanted: Answer, timeout_seconds: float | None) -> Any:  # noqa: ANN401
    """What the driver says to a statement, as it is wanted."""
    if wanted == "value":
        return await driver.fetchval(sql, *args, timeout=timeout_seconds)
    if wanted == "row":
        return await driver.fetchrow(sql, *args, timeout=timeout_seconds)
    if wanted == "all":
        return await driver.fetch(sql, *args, timeout=timeout_seconds)
    try:
        status = await driver.execute(sql, *args, timeout=timeout_seconds)
    except AttributeError:
        return 0  # nothing but space and comments: the server says nothing, and the driver reads it all the same
    return touched(status)


def touched(status: str) -> int:
    """Rows that a statement touched, from the server's command tag ("INSERT 0 5"); 0 where the tag has no number."""
    last = status.rpartition(" ")[2]
    return int(last) if last.isdecimal() else 0
