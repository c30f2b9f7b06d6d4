"""Transactions that are always rolled back."""

from __future__ import annotations

import functools
import inspect
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, AsyncExitStack, asynccontextmanager
from types import TracebackType
from typing import Any, cast
from uuid import uuid4

from greedy.database.connection import DBConnection
from greedy.database.errors import DatabaseError, QueryError
from greedy.database.executor import Executor
from greedy.database.undoing import UndoError, undone
from greedy.errors import InputError

ABORTED_SQLSTATE = "25P02"
# What these rows say of one unique number is looked at when the transaction commits, and so it cannot.
GUARD = """
create temporary table if not exists rolled_back_at_the_end (
  number integer constraint a_test_transaction_is_never_committed unique deferrable initially deferred) on commit drop;
insert into pg_temp.rolled_back_at_the_end values (1), (1)
"""
MARK = "greedy.test_transaction"


@asynccontextmanager
async def rolled_back(db: Executor, *, readonly: bool = False) -> AsyncIterator[DBConnection]:
    """A connection in a transaction that is rolled back at the end of the block, whatever happens in it.

    The server itself refuses to commit it (constraint `a_test_transaction_is_never_committed`), so `set constraints all immediate` does not
    work in it; constraints can be named. On a connection that is in a transaction already it is a savepoint.

    Parameters
    ----------
    db
        Connector or connection.
    readonly
        The server refuses every write.

    Raises
    ------
    QueryError
        The block ended the transaction itself; what it wrote after that may stand.
    """
    token = uuid4().hex
    async with undone(db, readonly=readonly) as connection:
        await connection.execute("select set_config($1, $2, true)", [MARK, token], fetch_val=True)
        if not readonly:
            await connection.execute(GUARD)
        try:
            yield connection
        finally:
            await _require_same(connection, token)


async def _require_same(connection: DBConnection, token: str) -> None:
    try:
        found = await connection.execute("select current_setting($1, true)", [MARK], fetch_val=True)
    except DatabaseError as exc:
        if exc.sqlstate == ABORTED_SQLSTATE or exc.retryable:  # still in it; or the connection is gone, and the transaction with it
            return
        raise
    if found != token:
        raise QueryError(
            "the test ended its transaction itself, and what it wrote after that may stand",
            next_step="leave commit and rollback to the transaction; use savepoints inside",
        )


class TestTransactionManager:
    """One connection in a transaction that is always rolled back, with savepoints by name.

    >>> async with TestTransactionManager(db) as transaction:
    ...     await transaction.connection.execute("delete from employees")
    ...     await transaction.savepoint("empty")

    Parameters
    ----------
    db
        Connector or connection.
    """

    __test__ = False

    def __init__(self, db: Executor) -> None:
        self._db = db
        self._block: AbstractAsyncContextManager[DBConnection] | None = None
        self._connection: DBConnection | None = None
        self._token = ""
        self._savepoints: dict[str, AbstractAsyncContextManager[DBConnection]] = {}

    async def __aenter__(self) -> TestTransactionManager:
        if self._block is not None:
            raise InputError("this transaction is open already", next_step="savepoint(name) and rollback_to(name) go back within it")
        block = rolled_back(self._db)
        self._connection = await block.__aenter__()
        self._block = block
        self._token = await self._connection.execute("select current_setting($1, true)", [MARK], fetch_val=True)
        return self

    async def __aexit__(self, kind: type[BaseException] | None, exc: BaseException | None, trace: TracebackType | None) -> None:
        block, connection = self._block, self._connection
        assert block is not None  # noqa: S101  it was entered
        assert connection is not None  # noqa: S101
        ended: QueryError | None = None
        try:
            # Before the savepoints: they went with a transaction that the test ended, and going back to one would cut the connection off.
            await _require_same(connection, self._token)
        except QueryError as fault:
            ended = fault
        while self._savepoints:
            await self._undo(next(reversed(self._savepoints)))
        self._block = self._connection = None
        await block.__aexit__(kind, exc, trace)
        if ended is not None:
            raise ended from exc

    @property
    def connection(self) -> DBConnection:
        """The connection, for everything that shall be undone."""
        if self._connection is None:
            raise InputError("this transaction is not open", next_step="async with TestTransactionManager(db) as transaction: ...")
        return self._connection

    @property
    def savepoints(self) -> tuple[str, ...]:
        """Names of the savepoints that stand, oldest first."""
        return tuple(self._savepoints)

    async def savepoint(self, name: str) -> None:
        """Remember this moment under a name that no savepoint has yet."""
        if name in self._savepoints:
            raise InputError(f"there is a savepoint {name!r:.80} already", next_step="release it first, or give another name")
        block = self.connection.transaction()
        await block.__aenter__()
        self._savepoints[name] = block

    async def rollback_to(self, name: str) -> None:
        """Undo all since a savepoint, errors included. It stays; savepoints after it are gone."""
        for later in self._since(name):
            await self._undo(later)
        await self.savepoint(name)

    async def release(self, name: str) -> None:
        """Forget a savepoint and those after it; what was done since stays until the end."""
        for later in self._since(name):
            await self._savepoints.pop(later).__aexit__(None, None, None)

    async def _undo(self, name: str) -> None:
        undo = UndoError()
        await self._savepoints.pop(name).__aexit__(type(undo), undo, None)

    def _since(self, name: str) -> list[str]:
        """A savepoint and those after it, the last first."""
        names = list(self._savepoints)
        if name not in names:
            raise InputError(f"there is no savepoint {name!r:.80}", next_step=f"savepoints: {', '.join(names) or 'none'}")
        return names[names.index(name) :][::-1]


def with_transaction(db: Executor | str = "db", *, parameter: str = "connection") -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give an async test, or an async fixture that yields, a connection whose transaction is rolled back at the end.

    >>> @with_transaction("db")
    ... async def test_nobody(connection):
    ...     await connection.execute("delete from employees")

    Parameters
    ----------
    db
        Connector or connection, or the name of the pytest fixture that is one.
    parameter
        The parameter of the test that gets the connection; its others are fixtures as ever.

    Raises
    ------
    InputError
        What is decorated is not async, or has no such parameter.
    """

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        signature = inspect.signature(function)
        yields = inspect.isasyncgenfunction(function)
        if not yields and not inspect.iscoroutinefunction(function):
            raise InputError(f"{function.__qualname__} is not async, so it cannot have a connection")
        if parameter not in signature.parameters:
            raise InputError(f"{function.__qualname__} has no parameter {parameter!r} for the connection")
        asks_itself = isinstance(db, str) and db in signature.parameters
        kept = [one for name, one in signature.parameters.items() if name != parameter]
        if isinstance(db, str) and not asks_itself:
            kept.append(inspect.Parameter(db, inspect.Parameter.KEYWORD_ONLY))

        def source(given: dict[str, Any]) -> Executor:
            if not isinstance(db, str):
                return db
            found: Executor = given[db] if asks_itself else given.pop(db)
            return found

        @functools.wraps(function)
        async def test(*args: Any, **given: Any) -> Any:  # noqa: ANN401  whatever the test has
            async with rolled_back(source(given)) as connection:
                return await function(*args, **{parameter: connection}, **given)

        @functools.wraps(function)
        async def fixture(*args: Any, **given: Any) -> AsyncIterator[Any]:  # noqa: ANN401
            async with AsyncExitStack() as stack:
                connection = await stack.enter_async_context(rolled_back(source(given)))
                inner = function(*args, **{parameter: connection}, **given)
                stack.push_async_callback(inner.aclose)
                async for value in inner:
                    yield value

        wrapper: Any = fixture if yields else test
        wrapper.__signature__ = signature.replace(parameters=kept)
        return cast("Callable[..., Any]", wrapper)

    return decorate
