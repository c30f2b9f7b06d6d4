"""DBConnector: a pool of connections to one PostgreSQL database, opened when first used."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import asyncpg
import structlog

from greedy.database import errors
from greedy.database.errors import translated
from greedy.database.executor import DBConnection, Executor
from greedy.database.identifiers import quoted
from greedy.database.server_url import describe_server, is_transaction_pooler
from greedy.errors import SettingsError

if TYPE_CHECKING:
    from types import TracebackType

log = structlog.get_logger()

CONNECT_TIMEOUT_SECONDS = 10.0


class DBConnector(Executor):
    """Pool, statements and transactions of one database.

    Parameters
    ----------
    url
        `postgresql://user:password@host:port/database`; a folder as `?host=` is a Unix socket.
    min_size, max_size
        Connections that the pool keeps at least and at most.
    timeout_seconds
        How long one statement may take.
    schema
        Where names without a schema are looked up.
    """

    def __init__(self, url: str, *, min_size: int = 5, max_size: int = 20, timeout_seconds: float = 60.0, schema: str = "public") -> None:
        self.server = describe_server(url)
        self.schema = schema
        self._url = url
        self._min_size = min_size
        self._max_size = max_size
        self._timeout_seconds = timeout_seconds
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()
        self._closed = False

    async def __aenter__(self) -> DBConnector:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        """Give all connections back. Whoever uses the connector afterwards gets a ConnectionError."""
        self._closed = True
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await pool.close()

    async def _opened(self) -> asyncpg.Pool:
        if self._pool is not None:
            return self._pool
        async with self._opening:
            if self._closed:
                raise errors.ConnectionError(f"the connector to {self.server} is closed", next_step="open a new one")
            if self._pool is None:
                log.debug("database.connect", server=self.server)
                try:
                    self._pool = await asyncpg.create_pool(
                        self._url,
                        min_size=self._min_size,
                        max_size=self._max_size,
                        timeout=CONNECT_TIMEOUT_SECONDS,
                        command_timeout=self._timeout_seconds,
                        server_settings={} if self.schema == "public" else {"search_path": quoted(self.schema)},
                        statement_cache_size=0 if is_transaction_pooler(self._url) else 100,
                    )
                except ValueError:
                    # Raised for parameters that the driver cannot read, with their text, which may be part of a password.
                    raise SettingsError(
                        f"the database URL of {self.server} has parameters that cannot be read",
                        next_step="check what stands behind the ? in it",
                    ) from None
        return self._pool

    @asynccontextmanager
    async def connection(self, *, timeout_seconds: float | None = None) -> AsyncIterator[DBConnection]:
        """Borrow a connection for the length of a block."""
        with translated(self.server):
            pool = await self._opened()
            driver = await pool.acquire(timeout=timeout_seconds or CONNECT_TIMEOUT_SECONDS)
        try:
            yield DBConnection(driver, server=self.server, schema=self.schema)
        finally:
            with translated(self.server):
                await pool.release(driver)
