"""Errors of the database room, and the one place where driver errors become them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from greedy.errors import CallerError, GreedyError, OutsideError


class ConnectionError(OutsideError):  # noqa: A001  the public name of this error; the built-in one is an OSError
    """The server cannot be reached, or the connection was lost."""


class AuthenticationError(CallerError):
    """The server refused the user, the password or the database name."""


class QueryError(OutsideError):
    """The server refused a statement.

    `sqlstate`, `constraint`, `detail` and `hint` are the server's own words, None where it gave none.
    """

    def __init__(
        self,
        message: str,
        *,
        sqlstate: str | None = None,
        constraint: str | None = None,
        detail: str | None = None,
        hint: str | None = None,
        next_step: str | None = None,
        retryable: bool = False,
    ) -> None:
        super().__init__(message, next_step=next_step or hint, details=[detail] if detail else [], retryable=retryable)
        self.sqlstate = sqlstate
        self.constraint = constraint
        self.detail = detail
        self.hint = hint


class SchemaError(CallerError):
    """The database's schema is not the one that this program needs."""


# Serialization failure, deadlock, lock time-out, too many connections, out of memory, shutdown: the same call may succeed later.
RETRYABLE_SQLSTATES = ("40001", "40P01", "55P03", "53", "57P0", "08")
AUTHENTICATION_SQLSTATES = ("28000", "28P01", "3D000", "42501")
MISSING_OBJECT_SQLSTATES = ("42P01", "42883", "3F000", "42703")


def from_driver(exc: Exception, *, server: str) -> GreedyError:
    """Translate an error of asyncpg or the operating system.

    Parameters
    ----------
    exc
        What the driver raised.
    server
        Which server, without its password, for the message.
    """
    if isinstance(exc, asyncpg.PostgresError):
        return _from_server(exc, server)
    if isinstance(exc, TimeoutError):
        return ConnectionError(f"no answer in time from {server}", next_step="try again; check the server's load", retryable=True)
    if isinstance(exc, asyncpg.InterfaceError) and "closed" not in str(exc):
        return QueryError(f"the driver refused the call: {exc}")
    text = str(exc) or type(exc).__name__
    return ConnectionError(
        f"cannot reach {server}: {text}", next_step="check that the server runs and that host and port are right", retryable=True
    )


def _from_server(exc: asyncpg.PostgresError, server: str) -> GreedyError:
    sqlstate: str = getattr(exc, "sqlstate", None) or ""
    said = getattr(exc, "message", None) or str(exc)
    if sqlstate in AUTHENTICATION_SQLSTATES:
        return AuthenticationError(f"{server} refused: {said}", next_step="check user, password and database name in the database URL")
    if sqlstate in MISSING_OBJECT_SQLSTATES:
        return SchemaError(f"the schema of {server} does not fit: {said}", next_step="greedy db migrate")
    retryable = sqlstate.startswith(RETRYABLE_SQLSTATES)
    if sqlstate.startswith(("08", "57P0")):
        return ConnectionError(f"lost {server}: {said}", next_step="try again; check the server's log", retryable=True)
    return QueryError(
        f"{server} refused a statement: {said}",
        sqlstate=sqlstate or None,
        constraint=getattr(exc, "constraint_name", None),
        detail=getattr(exc, "detail", None),
        hint=getattr(exc, "hint", None),
        retryable=retryable,
    )


@contextmanager
def translated(server: str) -> Iterator[None]:
    """Within this block, errors of the driver leave as errors of this project."""
    try:
        yield
    # TimeoutError is an OSError. InternalClientError is what the driver says when the connection goes while it waits for an answer.
    except (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError) as exc:
        raise from_driver(exc, server=server) from exc
