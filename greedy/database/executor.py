"""Statements, transactions and COPY, the same on a pool (`DBConnector`) and on one connection of it (`DBConnection`)."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, overload

import asyncpg

from greedy.database.errors import DRIVER_ERRORS, QueryError, from_driver, translated
from greedy.database.identifiers import quoted

if TYPE_CHECKING:
    from asyncpg.pool import PoolConnectionProxy

Record: TypeAlias = asyncpg.Record
"""One row: `row["name"]`, `row[0]`, `dict(row)`."""

Isolation = Literal["read_committed", "repeatable_read", "serializable"]
Answer = Literal["row", "all", "value", "count"]


class Executor(ABC):
    """What runs statements. `server` names the database in messages, `schema` is where names without a schema are looked up."""

    server: str
    schema: str

    @abstractmethod
    def connection(self, *, timeout_seconds: float | None = None) -> AbstractAsyncContextManager[DBConnection]:
        """One connection for the length of a block. `timeout_seconds`: how long to wait for it."""

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
        wanted: Answer = "row" if fetch_row else "all" if fetch_all else "value" if fetch_val else "count"
        async with self.connection() as connection:
            return await connection._run(sql, args, wanted, timeout_seconds)

    @asynccontextmanager
    async def transaction(
        self, *, isolation: Isolation | None = None, readonly: bool = False, deferrable: bool = False
    ) -> AsyncIterator[DBConnection]:
        """A connection in a transaction: commit at the end of the block, roll back on any error, cancellation included.

        On a connection that is in a transaction already it is a savepoint; then `isolation` must be that of the outer one, or None.
        On a connector it is always a transaction of its own.
        """
        async with self.connection() as connection, connection._begun(isolation, readonly, deferrable):
            yield connection

    async def copy_in(
        self,
        table: str,
        rows: Iterable[Sequence[object]],
        *,
        columns: Sequence[str],
        schema: str | None = None,
        timeout_seconds: float | None = None,
    ) -> int:
        """COPY rows into a table, in the order of `columns`, all or none, and return how many. The fastest way in for large data.

        `rows` may be a generator: they are sent as they come.
        """
        async with self.connection() as connection:
            return await connection._copy_in(table, rows, columns=columns, schema=schema, timeout_seconds=timeout_seconds)


class DBConnection(Executor):
    """One connection, borrowed from a connector. Made by `connection()` and `transaction()`; not for two tasks at once."""

    def __init__(self, driver: PoolConnectionProxy, *, server: str, schema: str) -> None:
        self.server = server
        self.schema = schema
        self._driver = driver

    @asynccontextmanager
    async def connection(self, *, timeout_seconds: float | None = None) -> AsyncIterator[DBConnection]:  # noqa: ARG002  there is nothing to wait for
        """This connection itself."""
        yield self

    async def _run(self, sql: str, args: Sequence[object], wanted: Answer, timeout_seconds: float | None) -> Any:  # noqa: ANN401
        try:
            match wanted:
                case "value":
                    return await self._driver.fetchval(sql, *args, timeout=timeout_seconds)
                case "row":
                    return await self._driver.fetchrow(sql, *args, timeout=timeout_seconds)
                case "all":
                    return await self._driver.fetch(sql, *args, timeout=timeout_seconds)
                case "count":
                    return touched(await self._driver.execute(sql, *args, timeout=timeout_seconds))
        except DRIVER_ERRORS as exc:
            raise from_driver(exc, server=self.server) from exc

    @asynccontextmanager
    async def _begun(self, isolation: Isolation | None, readonly: bool, deferrable: bool) -> AsyncIterator[None]:
        block = self._driver.transaction(isolation=isolation, readonly=readonly, deferrable=deferrable)
        with translated(self.server):
            await block.start()
        try:
            yield
        except BaseException:
            with translated(self.server):
                await block.rollback()
            raise
        with translated(self.server):
            await block.commit()

    async def _copy_in(
        self, table: str, rows: Iterable[Sequence[object]], *, columns: Sequence[str], schema: str | None, timeout_seconds: float | None
    ) -> int:
        quoted(table)
        with translated(self.server):
            status = await self._driver.copy_records_to_table(
                table, records=rows, columns=list(columns), schema_name=schema, timeout=timeout_seconds
            )
        return touched(status)


def touched(status: str) -> int:
    """Rows that a statement touched, from the server's command tag ("INSERT 0 5"); 0 where the tag has no number."""
    number = status.rpartition(" ")[2]
    return int(number) if number.isdigit() else 0
