"""DBConnector: a pool of connections to one PostgreSQL database, opened when first used."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, unquote, urlsplit

import asyncpg
import structlog

from greedy.database.errors import translated
from greedy.errors import SettingsError

if TYPE_CHECKING:
    from types import TracebackType

log = structlog.get_logger()

CONNECT_TIMEOUT_SECONDS = 10.0
TRANSACTION_POOLER_PORT = 6543  # Supavisor in transaction mode keeps no prepared statements


def describe_server(url: str) -> str:
    """`user@host:port/database`, or the socket's folder: what a message may show of a database URL. Never the password.

    Raises
    ------
    SettingsError
        The URL is not one of PostgreSQL.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    if "@" in parts.path + parts.query + parts.fragment:
        # The user and password did not end where they should, and would be shown as something else.
        raise SettingsError(
            "the database URL has a password with special characters in it",
            next_step="percent-encode them: / is %2F, ? is %3F, # is %23, @ is %40",
        )
    if parts.scheme not in ("postgresql", "postgres"):
        raise SettingsError(
            "the database URL is not one of PostgreSQL", next_step="write it as postgresql://user:password@host:port/database"
        )
    folder = parse_qs(parts.query).get("host")
    if folder and not parts.hostname:
        return f"database {unquote(parts.path)[1:]} in {folder[0]}"
    host = parts.hostname or "localhost"
    user = f"{unquote(parts.username)}@" if parts.username else ""
    return f"{user}{host}{f':{port}' if port else ''}{unquote(parts.path)}"


class DBConnector:
    """Pool, statements and transactions of one database.

    Parameters
    ----------
    url
        `postgresql://user:password@host:port/database`; a folder as `?host=` is a Unix socket.
    min_size, max_size
        Connections that the pool keeps at least and at most.
    timeout_seconds
        How long one statement may take.
    """

    def __init__(self, url: str, *, min_size: int = 5, max_size: int = 20, timeout_seconds: float = 60.0) -> None:
        self.server = describe_server(url)
        self._url = url
        self._min_size = min_size
        self._max_size = max_size
        self._timeout_seconds = timeout_seconds
        self._pool: asyncpg.Pool | None = None
        self._opening = asyncio.Lock()

    async def __aenter__(self) -> DBConnector:
        return self

    async def __aexit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        await self.close()

    async def close(self) -> None:
        """Give all connections back. The connector opens anew when it is used again."""
        if self._pool is not None:
            pool, self._pool = self._pool, None
            await pool.close()

    async def _opened(self) -> asyncpg.Pool:
        async with self._opening:
            if self._pool is None:
                log.debug("database.connect", server=self.server)
                try:
                    self._pool = await asyncpg.create_pool(
                        self._url,
                        min_size=self._min_size,
                        max_size=self._max_size,
                        timeout=CONNECT_TIMEOUT_SECONDS,
                        command_timeout=self._timeout_seconds,
                        statement_cache_size=0 if urlsplit(self._url).port == TRANSACTION_POOLER_PORT else 100,
                    )
                except ValueError:
                    # Raised for parameters that the driver cannot read, with their text, which may be part of a password.
                    raise SettingsError(
                        f"the database URL of {self.server} has parameters that cannot be read",
                        next_step="check what stands behind the ? in it",
                    ) from None
        return self._pool

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[asyncpg.pool.PoolConnectionProxy]:
        """Borrow a connection; driver errors inside leave as errors of `greedy.database.errors`."""
        with translated(self.server):
            pool = await self._opened()
            async with pool.acquire(timeout=CONNECT_TIMEOUT_SECONDS) as connection:
                yield connection

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[asyncpg.pool.PoolConnectionProxy]:
        """Borrow a connection in a transaction: commit at the end, roll back on any error."""
        async with self.connection() as connection, connection.transaction():
            yield connection

    async def fetch_value(self, sql: str, *args: object) -> Any:  # noqa: ANN401  a value is of whatever type its column has
        """First column of the first row, None when there is no row."""
        async with self.connection() as connection:
            return await connection.fetchval(sql, *args)

    async def fetch(self, sql: str, *args: object) -> Sequence[asyncpg.Record]:
        """All rows."""
        async with self.connection() as connection:
            return await connection.fetch(sql, *args)

    async def execute(self, sql: str, *args: object) -> None:
        """Run a statement, or several when there are no arguments, for its effect."""
        async with self.connection() as connection:
            await connection.execute(sql, *args)
