"""Errors of the database room, and the one place where driver errors become them.

Every one carries what the server said: `sqlstate`, `constraint`, `table`, `column`, `detail`, `hint`, each None where it said nothing, and
`retryable`; over REST also `http_status` and `retry_after_seconds`. The code of the server
(https://www.postgresql.org/docs/current/errcodes-appendix.html) decides which error it is.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import NamedTuple

import asyncpg

from greedy.errors import CallerError, GreedyError, OutsideError


class ServerFacts(NamedTuple):
    """What PostgreSQL, or the REST server before it, said about a failure, besides its message."""

    sqlstate: str | None = None
    constraint: str | None = None
    table: str | None = None
    column: str | None = None
    detail: str | None = None
    hint: str | None = None
    http_status: int | None = None
    retry_after_seconds: float | None = None


class DatabaseError(GreedyError):
    """Root of the errors of this room.

    Parameters
    ----------
    message, next_step, details, retryable
        As in GreedyError. `details` begins with the server's own detail; `next_step` is the server's hint when none is given.
    said
        The facts of the server; each is also an attribute.
    """

    def __init__(
        self,
        message: str,
        *,
        next_step: str | None = None,
        details: Sequence[str] = (),
        retryable: bool = False,
        said: ServerFacts | None = None,
    ) -> None:
        said = said or ServerFacts()
        super().__init__(
            message,
            next_step=next_step or said.hint,
            details=[*([said.detail] if said.detail else []), *details],
            retryable=retryable,
        )
        self.sqlstate, self.constraint, self.table, self.column, self.detail, self.hint = said[:6]
        self.http_status, self.retry_after_seconds = said[6:]

    @property
    def outcome_unknown(self) -> bool:
        """Whether the message says that nobody knows if it was done."""
        return UNKNOWN_OUTCOME in self.message


class ConnectionError(DatabaseError, OutsideError):  # noqa: A001  the public name of this error; the built-in one is an OSError
    """The server cannot be reached, the connection was lost, none came free in time, or a statement took too long.

    When the connection goes while a statement or a commit is under way, nobody knows whether it was done. The message says so then; repeat
    only what may be done twice, or what the database refuses the second time.
    """


class AuthenticationError(DatabaseError, CallerError):
    """The server refused the user, the password, the database name, or what the user wanted to do."""


class QueryError(DatabaseError, OutsideError):
    """The server refused a statement, or the call itself was wrong."""


class SchemaError(DatabaseError, CallerError):
    """The database's schema is not the one that is needed: a table, column, function or schema is missing or different."""


class ColumnMatchError(SchemaError):
    """A name fits no column of a table, or more than one.

    `wanted` is the name, `columns` are those of the table, `nearest` the likely ones, best first.
    """

    def __init__(self, message: str, *, table: str, wanted: str, columns: Sequence[str], nearest: Sequence[str] = ()) -> None:
        super().__init__(message, said=ServerFacts(table=table, column=wanted), details=[f"columns of {table}: {', '.join(columns)}"])
        self.wanted = wanted
        self.columns = tuple(columns)
        self.nearest = tuple(nearest)


# TimeoutError is an OSError. InternalClientError is what the driver says when the connection goes while it waits for an answer.
DRIVER_ERRORS = (asyncpg.PostgresError, asyncpg.InterfaceError, asyncpg.InternalClientError, OSError)
# The driver raises the last two as Python does, for what it cannot send or cannot read.
CALL_ERRORS = (*DRIVER_ERRORS, ValueError, ArithmeticError)

AUTHENTICATION_SQLSTATES = ("28000", "28P01", "3D000")
# No such database. With a detail it was there when the connection began: a restore has just swapped it.
RENAMED_SQLSTATE = "3D000"
FORBIDDEN_SQLSTATE = "42501"
MISSING_OBJECT_SQLSTATES = ("42P01", "42883", "3F000", "42703")
TOO_MANY_CONNECTIONS, READ_ONLY, CANCELLED, DATABASE_DROPPED = "53300", "25006", "57014", "57P04"
# Classes and codes after which the connection is gone: shutdown, crash, starting up, idle or transaction time-out.
LOST_SQLSTATES = ("08", "57P0", "25P03", "25P04", TOO_MANY_CONNECTIONS)
# Serialization failure, deadlock, lock time-out, out of memory: the same call may succeed later.
RETRYABLE_SQLSTATES = ("40001", "40P01", "55P03", "53200")
UNKNOWN_OUTCOME = "nobody knows whether it was done"

# What the driver says of an argument that it cannot encode shows the argument itself, which may be personal or secret.
ARGUMENT_FAULT = re.compile(
    r"^(?:invalid input for )?query argument (?P<number>\$\d+)(?: in element #(?P<row>\d+) of .*? sequence)?: ", re.DOTALL
)
# Reasons without a value in them, after the value; any other is left out.
PLAIN_REASON = re.compile(
    r"\((?P<reason>expected [\w. ]+, got '?[\w.]+'?"
    r"|an? [\w ]+ is required \(got type [\w.]+\)"
    r"|value out of [\w ]+ range"
    r"|a sized iterable container expected \(got type '[\w.]+'\)"
    r"|'[\w.]+' object (?:has no attribute '\w+'|cannot be interpreted as an integer|is not iterable)"
    r"|expected a datetime[\w. ]+ instance, got '[\w.]+')\)\Z"
)


def from_driver(exc: Exception, *, server: str) -> DatabaseError:
    """Translate an error of asyncpg or the operating system.

    Parameters
    ----------
    exc
        What the driver raised.
    server
        Which server, without its password, for the message.
    """
    text = str(exc) or type(exc).__name__
    if (fault := argument_fault(text)) is not None:
        return fault
    if isinstance(exc, asyncpg.PostgresError):
        return _from_server(exc, server)
    if isinstance(exc, TimeoutError):
        return ConnectionError(f"no answer in time from {server}", next_step="try again; check the server's load", retryable=True)
    if isinstance(exc, UnicodeEncodeError):
        return QueryError("the statement has half a character (a lone surrogate) in it")
    if isinstance(exc, (ValueError, ArithmeticError)) and not isinstance(exc, asyncpg.InterfaceError):
        return QueryError(
            f"{server} answered with a value that Python has not, such as a date outside of the years 1 to 9999 ({type(exc).__name__})",
            next_step="have it as text: write ::text behind it",
        )
    if isinstance(exc, asyncpg.InterfaceError) and not re.search(r"\bclos(ed|ing)\b", text):
        return QueryError(f"the driver refused the call: {text}")
    if isinstance(exc, asyncpg.InternalClientError):
        return lost(server, text)
    return ConnectionError(
        f"cannot reach {server}: {text}", next_step="check that the server runs and that host and port are right", retryable=True
    )


def lost(server: str, text: str, *, said: ServerFacts | None = None) -> ConnectionError:
    """The error for a connection that went while a statement was under way."""
    return ConnectionError(
        f"lost {server} in the middle of a statement, {UNKNOWN_OUTCOME}: {text}",
        next_step="try again if it may be done twice; check the server's log",
        retryable=True,
        said=said,
    )


def of_commit(error: DatabaseError, exc: Exception, *, server: str) -> DatabaseError:
    """`error`, which `exc` of the driver became, when a commit ended with it: if the connection went, nobody knows whether it was done."""
    if isinstance(exc, asyncpg.InterfaceError) or not isinstance(error, ConnectionError):
        return error  # it was not sent, or the server refused it
    return ConnectionError(
        f"lost {server} at the commit: nobody knows whether it was committed",
        next_step="look whether it is there; or try again, if the database refuses or ignores it the second time",
        retryable=True,
    )


def argument_fault(text: str) -> QueryError | None:
    """The error for an argument that does not fit its `$n`, without the argument; None when `text` is about something else."""
    fault = ARGUMENT_FAULT.match(text)
    if fault is None:
        return None
    reason = PLAIN_REASON.search(text, fault.end())
    row = f" of row {int(fault['row']) + 1}" if fault["row"] else ""
    return QueryError(f"argument {fault['number']}{row} does not fit: {reason['reason'] if reason else 'wrong type, form or range'}")


def _from_server(exc: asyncpg.PostgresError, server: str) -> DatabaseError:
    fields = ("constraint_name", "table_name", "column_name", "detail", "hint")
    said = ServerFacts(getattr(exc, "sqlstate", None) or None, *(getattr(exc, field, None) for field in fields))
    message = getattr(exc, "message", None) or str(exc)
    if isinstance(exc, asyncpg.ConnectionDoesNotExistError):
        return lost(server, message, said=said)
    return from_server(message, said, server=server)


def from_server(message: str, said: ServerFacts, *, server: str) -> DatabaseError:
    """The error for what PostgreSQL said, by its SQLSTATE."""
    sqlstate = said.sqlstate or ""
    if sqlstate == RENAMED_SQLSTATE and said.detail:
        return ConnectionError(f"{server} is being replaced: {message}", next_step="try again", retryable=True, said=said)
    if sqlstate in AUTHENTICATION_SQLSTATES:
        return AuthenticationError(
            f"{server} refused: {message}", next_step="check user, password and database name in the database URL", said=said
        )
    if sqlstate == FORBIDDEN_SQLSTATE:
        return AuthenticationError(f"{server} refused: {message}", next_step="check what the user of the database URL may do", said=said)
    if sqlstate in MISSING_OBJECT_SQLSTATES:
        return SchemaError(f"the schema of {server} does not fit: {message}", next_step="greedy db migrate", said=said)
    if sqlstate.startswith(LOST_SQLSTATES):
        next_step = "try again; check the server's log"
        if sqlstate == TOO_MANY_CONNECTIONS:
            next_step = "try again; lower max_size here, or raise max_connections there"
        return ConnectionError(f"lost {server}: {message}", next_step=next_step, retryable=sqlstate != DATABASE_DROPPED, said=said)
    if sqlstate == CANCELLED:
        # The server's own time-out (statement_timeout), or somebody who cancelled it, who would not like it repeated.
        next_step = "try again, or give it more time: set statement_timeout" if "timeout" in message else "somebody cancelled it on purpose"
        return QueryError(f"{server} stopped a statement: {message}", next_step=next_step, retryable="timeout" in message, said=said)
    if sqlstate == READ_ONLY:
        next_step = "write in a transaction that is not readonly, and not to a standby server"
        return QueryError(f"{server} refused a statement: {message}", next_step=next_step, said=said)
    return QueryError(f"{server} refused a statement: {message}", retryable=sqlstate.startswith(RETRYABLE_SQLSTATES), said=said)


def cause(exc: Exception) -> Exception | None:
    """What to raise a translated error from: the driver's own, unless its text shows a value."""
    return exc if isinstance(exc, DRIVER_ERRORS) and not ARGUMENT_FAULT.match(str(exc)) else None


@contextmanager
def translated(server: str) -> Iterator[None]:
    """Within this block, errors of the driver leave as errors of this project."""
    try:
        yield
    except DRIVER_ERRORS as exc:
        raise from_driver(exc, server=server) from cause(exc)
