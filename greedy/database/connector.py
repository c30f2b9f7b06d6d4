"""DBConnector: a pool of connections to one PostgreSQL database, opened when first used."""

from __future__ import annotations

import asyncio
import logging
import weakref
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING, Any, cast

import asyncpg
import structlog

from greedy.database import errors
from greedy.database.connection import DBConnection, answer
from greedy.database.errors import CALL_ERRORS, DRIVER_ERRORS, QueryError, cause, from_driver, translated
from greedy.database.executor import Answer, Executor, require_seconds
from greedy.database.forking import in_forked_child, keep_for_ever
from greedy.database.identifiers import quoted
from greedy.database.server_url import describe_server, is_transaction_pooler
from greedy.errors import SettingsError

if TYPE_CHECKING:
    from types import TracebackType

    from asyncpg.pool import PoolConnectionProxy

    from greedy.database.query_log import QueryLogger

log = structlog.get_logger()
logging.getLogger("asyncpg").addHandler(
    logging.NullHandler()
)  # or its retries stand on stderr with a traceback where nobody set up logging

CONNECT_TIMEOUT_SECONDS = 10.0
DEFAULT_SCHEMA = "public"


class DBConnector(Executor):
    """Pool, statements and transactions of one database. For the tasks of one event loop; another loop, another connector.

    Parameters
    ----------
    url
        `postgresql://user:password@host:port/database`; a folder as `?host=` is a Unix socket.
    min_size, max_size
        Connections that the pool keeps at least and at most.
    timeout_seconds
        How long one statement may take.
    acquire_timeout_seconds
        How long a call waits for a connection when all are in use.
    schema
        Where names without a schema are looked up, and nowhere else. "public" leaves the search path as the server and the user's role have
        it, since it often holds more than public there, such as Supabase's `extensions`.
    transaction_pooler
        The server is a pooler that gives each transaction another connection. Each call is a transaction of its own then, so that nothing
        that cannot be in one (`create database`, `vacuum`) can be called. None: it is when the port is 6543.
    query_log
        Keeps the times of all statements.
    """

    def __init__(
        self,
        url: str,
        *,
        min_size: int = 5,
        max_size: int = 20,
        timeout_seconds: float = 60.0,
        acquire_timeout_seconds: float = 30.0,
        schema: str = DEFAULT_SCHEMA,
        transaction_pooler: bool | None = None,
        query_log: QueryLogger | None = None,
    ) -> None:
        self.server = describe_server(url)
        self.schema = schema
        self.query_log = query_log
        if not (isinstance(min_size, int) and isinstance(max_size, int) and 0 <= min_size <= max_size and max_size >= 1):
            raise SettingsError(
                f"a pool of {min_size} to {max_size} connections cannot be", next_step="0 <= min_size <= max_size, and at least 1"
            )
        for seconds in (timeout_seconds, acquire_timeout_seconds):
            require_seconds(seconds)
            if seconds <= 0:
                raise SettingsError("a time-out has to be more than 0 seconds")
        self._url = url
        self._min_size = min_size
        self._max_size = max_size
        self._timeout_seconds = timeout_seconds
        self._acquire_timeout_seconds = acquire_timeout_seconds
        self._search_path = "" if schema == DEFAULT_SCHEMA else quoted(schema)
        self._local: str | None = None
        if is_transaction_pooler(url) if transaction_pooler is None else transaction_pooler:
            self._local = f"; set local search_path to {self._search_path}" if self._search_path else ""
        self._pool: asyncpg.Pool | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._opening: asyncio.Lock | None = None
        self._closed = False
        connectors.add(self)

    async def __aenter__(self) -> DBConnector:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    async def close(self, *, timeout_seconds: float = 5.0) -> None:
        """Give all connections back. Whoever uses the connector afterwards gets a ConnectionError.

        Borrowed connections are waited for; those that are not back after `timeout_seconds` are cut off, their transactions rolled back.
        """
        self._closed = True
        self._check_loop()
        if self._pool is None:
            return
        pool, self._pool = self._pool, None
        closing = asyncio.create_task(pool.close())
        try:
            done, _ = await asyncio.wait([closing], timeout=timeout_seconds)
            if not done:
                borrowed = pool.get_size() - pool.get_idle_size()
                log.warning("database.close_terminated", server=self.server, borrowed=borrowed, waited_seconds=timeout_seconds)
        finally:
            closing.cancel()  # it cuts off what is left then
            with suppress(asyncio.CancelledError, *DRIVER_ERRORS):  # the server may have gone first
                await closing

    @asynccontextmanager
    async def connection(self, *, timeout_seconds: float | None = None) -> AsyncIterator[DBConnection]:
        """Borrow a connection for the length of a block. `timeout_seconds`: how long to wait for it."""
        if timeout_seconds is not None:
            require_seconds(timeout_seconds)
        pool = self._pool if self._pool is not None and self._loop is asyncio.get_running_loop() else await self._opened()
        driver = await self._acquired(pool, self._acquire_timeout_seconds if timeout_seconds is None else timeout_seconds)
        connection = DBConnection(driver, server=self.server, schema=self.schema, local=self._local, query_log=self.query_log)
        try:
            yield connection
        finally:
            connection._ended = True
            await self._released(pool, driver)

    async def _call(self, sql: str, args: Sequence[object], wanted: Answer, timeout_seconds: float | None) -> Any:  # noqa: ANN401
        # What `connection` does, without its context managers: this is the call that everything else is made of.
        if self._local is not None:
            async with self.connection() as connection:
                return await connection._call(sql, args, wanted, timeout_seconds)
        pool = self._pool if self._pool is not None and self._loop is asyncio.get_running_loop() else await self._opened()
        driver = await self._acquired(pool, self._acquire_timeout_seconds)
        try:
            if self.query_log is None:
                return await answer(driver, sql, args, wanted, timeout_seconds)
            return await self.query_log.run(driver, sql, args, wanted, timeout_seconds)
        except CALL_ERRORS as exc:
            raise from_driver(exc, server=self.server) from cause(exc)
        finally:
            await self._released(pool, driver)

    async def _acquired(self, pool: asyncpg.Pool, timeout_seconds: float) -> PoolConnectionProxy:
        scope = asyncio.timeout(timeout_seconds)
        try:
            if cast(
                "Any", pool
            )._queue.qsize():  # one is free, and connecting has a time-out of its own: a scope would cost as much as the acquiring
                return await pool.acquire()
            async with scope:
                return await pool.acquire()
        except DRIVER_ERRORS as exc:
            if self._closed:
                raise self._closed_error() from None
            if not scope.expired():
                raise from_driver(exc, server=self.server) from exc
            in_use = pool.get_size() - pool.get_idle_size()
            some = f"all {self._max_size}" if in_use >= self._max_size else f"{in_use} of {self._max_size}"
            raise errors.ConnectionError(
                f"{some} connections to {self.server} are in use and none came free in {timeout_seconds:g} seconds",
                next_step="try again; give connections back sooner, or raise max_size",
                retryable=True,
            ) from None

    async def _released(self, pool: asyncpg.Pool, driver: PoolConnectionProxy) -> None:
        try:
            await pool.release(driver)
        except DRIVER_ERRORS as exc:
            # The pool has thrown the connection away. What the caller asked for was done, or has raised its own error.
            log.debug("database.release_failed", server=self.server, error=str(exc))

    async def _opened(self) -> asyncpg.Pool:
        self._check_loop()
        if self._opening is None:
            self._loop, self._opening = asyncio.get_running_loop(), asyncio.Lock()
        async with self._opening:
            if self._closed:
                raise self._closed_error()
            if self._pool is None:
                log.debug("database.connect", server=self.server)
                with translated(self.server):
                    pool = await self._made()
                if self._closed:  # meanwhile, and did not wait for it
                    pool.terminate()
                    raise self._closed_error()
                self._pool = pool
            return self._pool

    async def driver_connection(self) -> asyncpg.Connection:
        """A connection of the driver's own, outside of the pool, for a library that does the rest itself. Whoever asks for it closes it.

        Names are looked up as on the pool, but behind a transaction pooler: each transaction has to begin with `transaction_setup` there.

        Raises
        ------
        ConnectionError, AuthenticationError, SettingsError
            As from any call of the connector.
        """
        if self._closed:
            raise self._closed_error()
        with translated(self.server), self._readable_url():
            return await asyncpg.connect(self._url, **self._connecting())

    @property
    def transaction_setup(self) -> str | None:
        """SQL for the begin of each transaction, "" when none is needed; None on a direct connection, which keeps a session of its own."""
        return None if self._local is None else self._local.removeprefix("; ")

    async def _made(self) -> asyncpg.Pool:
        with self._readable_url():
            return await asyncpg.create_pool(
                self._url,
                min_size=self._min_size,
                max_size=self._max_size,
                reset=None if self._local is None else _nothing_to_reset,
                **self._connecting(),
            )

    def _connecting(self) -> dict[str, Any]:
        pooled = self._local is not None
        return {
            "timeout": CONNECT_TIMEOUT_SECONDS,
            "command_timeout": self._timeout_seconds,
            "statement_cache_size": 0 if pooled else 100,
            "server_settings": {"search_path": self._search_path} if self._search_path and not pooled else None,
        }

    @contextmanager
    def _readable_url(self) -> Iterator[None]:
        try:
            yield
        except ValueError:
            # Raised for parameters that the driver cannot read, with their text, which may be part of a password.
            raise SettingsError(
                f"the database URL of {self.server} has parameters that cannot be read",
                next_step="check what stands behind the ? in it",
            ) from None

    def _check_loop(self) -> None:
        """Forget the pool of a loop that is closed; refuse another loop that is not."""
        if self._loop is None or self._loop is asyncio.get_running_loop():
            return
        if not self._loop.is_closed():
            raise QueryError(
                f"the connector to {self.server} belongs to another event loop", next_step="make one connector for each event loop"
            )
        if self._pool is not None:
            log.warning("database.pool_forgotten", server=self.server, why="its event loop was closed before it")
        self._forget()

    def _forget(self) -> None:
        self._pool = self._loop = self._opening = None

    def _forget_in_child(self) -> None:
        if self._pool is not None:
            keep_for_ever(self._pool)
        self._forget()

    def _closed_error(self) -> errors.ConnectionError:
        return errors.ConnectionError(f"the connector to {self.server} is closed", next_step="open a new one")


async def _nothing_to_reset(_: asyncpg.Connection) -> None:
    """Behind a transaction pooler a session keeps nothing, and a query would go to whichever comes next."""


connectors: weakref.WeakSet[DBConnector] = weakref.WeakSet()


def _forget_in_child() -> None:
    for connector in list(connectors):
        connector._forget_in_child()


in_forked_child(_forget_in_child)
