"""with_db_connection: a function gets its connection, in a transaction, from its decorator; also one that is called synchronously."""

from __future__ import annotations

import asyncio
import atexit
import threading
import weakref
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import AbstractContextManager
from functools import wraps
from inspect import Parameter, iscoroutinefunction, signature
from typing import Any, Literal, ParamSpec, Protocol, TypeAlias, TypeVar, cast, overload

from anyio.from_thread import BlockingPortal, start_blocking_portal

from greedy.database.connection import DBConnection
from greedy.database.connector import DBConnector
from greedy.database.errors import QueryError
from greedy.database.executor import Executor, Isolation
from greedy.database.forking import in_forked_child, keep_for_ever

P = ParamSpec("P")
T = TypeVar("T")

INJECTED: DBConnection = cast("DBConnection", None)
"""Default of the parameter that is injected, so that callers may leave it out."""

Source: TypeAlias = DBConnector | Callable[[], DBConnector]
AsyncFunction: TypeAlias = Callable[P, Coroutine[Any, Any, T]]


class Injecting(Protocol):
    """A decorator of async functions that leaves their signature as it is."""

    def __call__(self, function: AsyncFunction[P, T], /) -> AsyncFunction[P, T]: ...


class InjectingBlocking(Protocol):
    """A decorator that makes plain functions of async ones."""

    def __call__(self, function: AsyncFunction[P, T], /) -> Callable[P, T]: ...


@overload
def with_db_connection(
    source: Source,
    *,
    name: str = "connection",
    isolation: Isolation | None = None,
    readonly: bool = False,
    blocking: Literal[False] = False,
) -> Injecting: ...
@overload
def with_db_connection(
    source: Source, *, name: str = "connection", isolation: Isolation | None = None, readonly: bool = False, blocking: Literal[True]
) -> InjectingBlocking: ...
def with_db_connection(
    source: Source, *, name: str = "connection", isolation: Isolation | None = None, readonly: bool = False, blocking: bool = False
) -> Any:
    """Decorate an async function or method: its keyword `name` becomes a connection in a transaction of its own.

    Commit when the function returns, roll back when it raises. A caller that passes a connection itself gets a savepoint on that one.

    Parameters
    ----------
    source
        A connector; or a function that makes one, for modules that are imported before the settings are known. It is called when first
        needed, once a process and event loop, and again when its connector was closed.
    name
        Which keyword. Its default is `INJECTED`.
    isolation, readonly
        Of the transaction.
    blocking
        Make a plain function of it, for callers that are not async, such as a task queue. All of them share one event loop, in a thread of
        its own, and with it the connectors; both end with the process. It may be called in a process that was forked, and where an event
        loop runs (which it blocks), but not from within another such function: await that function's `__wrapped__` there.

    Examples
    --------
    >>> @with_db_connection(db)  # doctest: +SKIP
    ... async def rename(roster_id: UUID, name: str, *, connection: DBConnection = INJECTED) -> None:
    ...     await connection.execute("update rosters set naam = $2 where id = $1", [roster_id, name])
    >>> await rename(roster_id, "Week 12")  # doctest: +SKIP
    """

    def decorate(function: Any) -> Any:  # noqa: ANN401
        if isinstance(function, staticmethod | classmethod):
            return type(function)(decorate(function.__func__))
        if not iscoroutinefunction(function):
            raise TypeError(f"with_db_connection is for async functions; {function!r} is none")
        parameter = signature(function).parameters.get(name)
        if parameter is None or parameter.kind is not Parameter.KEYWORD_ONLY:
            raise TypeError(f"{function.__qualname__} needs a keyword-only parameter {name!r} for its connection: *, {name}=INJECTED")

        async def injected(args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:  # noqa: ANN401
            given: Executor | None = kwargs.get(name)
            executor = _connector(source) if given is None else given
            async with executor.transaction(isolation=isolation, readonly=readonly) as connection:
                return await function(*args, **{**kwargs, name: connection})

        @wraps(function)
        async def waiting(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            return await injected(args, kwargs)

        @wraps(function)
        def plain(*args: Any, **kwargs: Any) -> Any:  # noqa: ANN401
            if kwargs.get(name) is not None:
                raise QueryError(
                    f"{function.__qualname__} is called synchronously and takes no connection, which belongs to another event loop"
                )
            return shared_loop.call(injected, args, kwargs)

        return plain if blocking else waiting

    return decorate


class SharedLoop:
    """One event loop in a thread of its own, for all synchronous callers of a process. It begins with the first call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._started: tuple[AbstractContextManager[BlockingPortal], BlockingPortal, int] | None = None

    def call(self, function: Callable[..., Awaitable[T]], *args: object) -> T:
        """Run an async function on the loop and wait for what it returns. An interrupted wait cancels it."""

        async def contained() -> tuple[T | None, BaseException | None]:
            try:
                return await function(*args), None
            except (KeyboardInterrupt, SystemExit) as exc:  # these would end the loop itself
                return None, exc

        portal, thread = self._running()
        if thread == threading.get_ident():
            raise QueryError(
                "a function that waits for a connection was called from within another one, on the event loop that it would wait for",
                next_step="await its __wrapped__ there",
            )
        future = portal.start_task_soon(contained)
        try:
            found, failure = future.result()
        except BaseException:
            future.cancel()
            raise
        if failure is not None:
            raise failure
        return cast("T", found)

    def stop(self) -> None:
        """Close the connectors that were made for this loop, then end it."""
        if self._started is None:
            return
        (manager, portal, _), self._started = self._started, None
        portal.call(_close_made)
        portal.call(portal.stop, True)
        manager.__exit__(None, None, None)

    def _running(self) -> tuple[BlockingPortal, int]:
        with self._lock:
            if self._started is None:
                manager = start_blocking_portal(name="greedy-database")
                portal = manager.__enter__()
                self._started = manager, portal, portal.call(threading.get_ident)
            return self._started[1:]


made: weakref.WeakKeyDictionary[asyncio.AbstractEventLoop, dict[Source, DBConnector]] = weakref.WeakKeyDictionary()
shared_loop = SharedLoop()


def _connector(source: Source) -> DBConnector:
    """The connector of a source in this process and event loop."""
    for loop in [loop for loop in made if loop.is_closed()]:
        del made[loop]  # its connectors hold it, so that it would never go by itself, nor would their sockets
    here = made.setdefault(asyncio.get_running_loop(), {})
    if source not in here or here[source].closed:
        here[source] = source if isinstance(source, DBConnector) else source()
    return here[source]


async def _close_made() -> None:
    for connector in made.pop(asyncio.get_running_loop(), {}).values():
        await connector.close()


def _forget_in_child() -> None:
    # The thread is the parent's, and goes on there.
    global shared_loop  # noqa: PLW0603
    keep_for_ever(shared_loop)
    shared_loop = SharedLoop()
    made.clear()


def _stop() -> None:
    shared_loop.stop()


atexit.register(_stop)
in_forked_child(_forget_in_child)
