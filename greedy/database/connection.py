"""DBConnection: one connection of a pool, and the transactions on it."""

from __future__ import annotations

import itertools
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager, nullcontext, suppress
from typing import TYPE_CHECKING, Any, cast

import asyncpg
import structlog

from greedy.database import errors
from greedy.database.copying import BytesOut, Rows, RowsIn
from greedy.database.errors import CALL_ERRORS, DRIVER_ERRORS, DatabaseError, QueryError, cause, from_driver, lost, of_commit
from greedy.database.executor import Answer, CopyFormat, Executor, Isolation, Record
from greedy.database.identifiers import listed, qualified, quoted
from greedy.database.sql_text import with_literals

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

    from greedy.database.query_log import QueryLogger

log = structlog.get_logger()

ISOLATION_LEVELS = ("read_committed", "repeatable_read", "serializable")
numbers = itertools.count(1)  # of savepoints and cursors, each of which has a name of its own


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
            raise of_commit(self._error(exc), exc, server=self.server) from exc

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
