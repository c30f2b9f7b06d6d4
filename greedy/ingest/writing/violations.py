"""What a database has against a row, told apart: by the code of PostgreSQL, by the error name of SQLite."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, PendingRollbackError, StatementError

from greedy.database import errors
from greedy.database.errors import CALL_ERRORS, DatabaseError, QueryError, SchemaError, argument_fault, from_driver, of_commit
from greedy.errors import CallerError, GreedyError
from greedy.ingest.writing.reflected import EntityTable
from greedy.loggable import format_for_log
from greedy.model.message import Message, joined


class Violation(CallerError):  # noqa: N818  "a foreign key violation" is what the databases call it
    """A row that the database does not take.

    Parameters
    ----------
    entity_type, row
        Which one: its place among the rows of the call, from 0; None when the database says it of all of them, as at the commit.
    constraint
        Its name, None where the database names none.
    columns, values
        Which columns it is about, and what the row has in them.
    """

    def __init__(
        self,
        message: str,
        *,
        next_step: str | None = None,
        entity_type: str = "",
        row: int | None = None,
        constraint: str | None = None,
        values: Mapping[str, object] | None = None,
        columns: tuple[str, ...] = (),
        reason: Message | None = None,
    ) -> None:
        super().__init__(message, next_step=next_step)
        self.entity_type = entity_type
        self.row = row
        self.constraint = constraint
        self.columns = columns
        self.values = dict(values or {})
        self.reason = reason or Message("{message}", message=message)

    @property
    def column(self) -> str | None:
        """The column, when it is about one alone."""
        return self.columns[0] if len(self.columns) == 1 else None


class ForeignKeyViolation(Violation):
    """A row refers to one that is not there, or one that others refer to would go."""


class NotNullViolation(Violation):
    """A value is missing."""


class UniqueViolation(Violation):
    """Another row has these values, where only one may."""


class CheckViolation(Violation):
    """The values break a rule of the table."""


class ValueViolation(Violation):
    """A value is not one of its column's type: a wrong kind, too long, out of range."""


POSTGRESQL: dict[str, type[Violation]] = {
    "23503": ForeignKeyViolation,
    "23001": ForeignKeyViolation,
    "23502": NotNullViolation,
    "23505": UniqueViolation,
    "23P01": UniqueViolation,
    "23514": CheckViolation,
}
SQLITE: dict[str, type[Violation]] = {
    "SQLITE_CONSTRAINT_FOREIGNKEY": ForeignKeyViolation,
    "SQLITE_CONSTRAINT_NOTNULL": NotNullViolation,
    "SQLITE_CONSTRAINT_UNIQUE": UniqueViolation,
    "SQLITE_CONSTRAINT_PRIMARYKEY": UniqueViolation,
    "SQLITE_CONSTRAINT_ROWID": UniqueViolation,
    "SQLITE_CONSTRAINT_CHECK": CheckViolation,
    "SQLITE_CONSTRAINT_DATATYPE": ValueViolation,
    "SQLITE_CONSTRAINT_TRIGGER": Violation,
    "SQLITE_MISMATCH": ValueViolation,
    "SQLITE_TOOBIG": ValueViolation,
}
SQLITE_AFTER_COLON = re.compile(r"constraint failed: (?P<what>.+)", re.DOTALL)


class Finding(Exception):  # noqa: N818  never leaves this package: it becomes a Violation when its row is known
    """A violation before its row is known."""

    def __init__(
        self,
        kind: type[Violation],
        *,
        table: str | None = None,
        constraint: str | None = None,
        columns: tuple[str, ...] = (),
        said: str = "",
    ) -> None:
        super().__init__(said)
        self.kind = kind
        self.table = table
        self.constraint = constraint
        self.columns = columns
        self.said = said

    def told(
        self, table: EntityTable | None, entity: str, *, row: int | None = None, count: int = 0, values: Mapping[str, object] | None = None
    ) -> Violation:
        """The violation. `values` are those of the row, `count` is how many rows the call had."""
        columns = self.columns or (table.columns_of(self.constraint) if table is not None else ())
        shown = {column: values[column] for column in columns if values is not None and column in values}
        where = entity if row is None or count == 1 else f"{entity}, row {row + 1} of {count}"
        reason, next_step = self._in_words(table, columns, shown)
        named = f" ({self.constraint})" if self.constraint and self.constraint not in reason else ""
        return self.kind(
            Message("{where}: {reason}{named}", where=where, reason=reason, named=named),
            next_step=next_step,
            entity_type=entity,
            row=row,
            constraint=self.constraint,
            columns=columns,
            values=shown,
            reason=reason,
        )

    def _in_words(self, table: EntityTable | None, columns: tuple[str, ...], shown: Mapping[str, object]) -> tuple[Message, Message | None]:
        said = Message("{text}", text=self.said)
        what = ", ".join(f"{column} {told(shown[column])}" if column in shown else column for column in columns)
        if self.kind is ForeignKeyViolation:
            parent = next((target for own, target, _ in table.foreign_keys if own == columns), None) if table is not None else None
            if parent is None or not shown:
                nowhere = Message("it refers to a row that is not there")
                return said or nowhere, Message("write the rows that others refer to first")
            mend = Message("write the row of {table} first, or mend the reference", table=parent)
            return Message("{table} has no row for {what}", table=parent, what=what), mend
        if self.kind is NotNullViolation:
            return Message("{columns} needs a value", columns=joined(columns) or Message("a column")), Message("give it one")
        if self.kind is UniqueViolation:
            taken = Message("another row has {what} already", what=what or Message("the same values"))
            return taken, Message("leave this row out, or give it other values")
        if self.kind is CheckViolation:
            rule = table.rule_of(self.constraint) if table is not None else None
            unfit = Message("{what} cannot be: {rule}", what=what or Message("its values"), rule=rule or said)
            return unfit, Message("mend the value")
        if self.kind is ValueViolation and not self.said.startswith(columns or " "):
            return Message("{what} does not fit: {why}", what=what or Message("a value"), why=said), Message("mend the value")
        return said, Message("mend the value") if self.kind is ValueViolation else None


def told(value: object) -> str:
    """A value in a message: cut short, and without what cannot be seen."""
    text = format_for_log(value, max_characters=80)
    return text if text.isprintable() else repr(text)


def finding(exc: Exception, *, server: str) -> Finding | GreedyError:
    """What an error of SQLAlchemy or a driver says of rows; or, when it is about something else, the error that it becomes.

    Parameters
    ----------
    exc
        As SQLAlchemy raised it.
    server
        Which database, without its password, for the message.
    """
    if isinstance(exc, PendingRollbackError):
        return errors.ConnectionError(
            f"the connection to {server} was lost, and its transaction was rolled back: nothing of it was written",
            next_step="roll back here too, and do all of it again",
            retryable=True,
        )
    cause = driver_error(exc)
    if isinstance(cause, sqlite3.Error):
        return _of_sqlite(cause, server)
    if (fault := argument_fault(str(cause))) is not None:
        return Finding(ValueViolation, said=fault.message.partition(" does not fit: ")[2])
    if isinstance(cause, (OverflowError, UnicodeEncodeError)):
        return Finding(ValueViolation, said="a number or text that the database cannot hold")
    error = from_driver(cause, server=server)
    sqlstate = error.sqlstate or ""
    if sqlstate.startswith(("22", "23", "P0", "GR")):
        text = f"{getattr(cause, 'message', None) or cause}" + (f": {error.detail}" if error.detail else "")
        kind = POSTGRESQL.get(sqlstate, ValueViolation if sqlstate.startswith("22") else Violation)
        return Finding(kind, constraint=error.constraint, columns=(error.column,) if error.column else (), said=text, table=error.table)
    return error


def failed_commit(exc: Exception, *, server: str) -> Finding | GreedyError:
    """As `finding`, of a commit: when the connection went, nobody knows whether it was done."""
    found, cause = finding(exc, server=server), driver_error(exc)
    if isinstance(exc, PendingRollbackError) or isinstance(cause, sqlite3.Error) or not isinstance(found, DatabaseError):
        return found
    return of_commit(found, cause, server=server)


def _of_sqlite(exc: sqlite3.Error, server: str) -> Finding | DatabaseError:
    name = getattr(exc, "sqlite_errorname", None) or ""
    text = str(exc)
    if name in SQLITE:
        after = SQLITE_AFTER_COLON.search(text)
        what = after["what"] if after else ""
        if SQLITE[name] is CheckViolation:
            return Finding(CheckViolation, constraint=what or None, said=what)
        columns = tuple(part.rpartition(".")[2] for part in what.split(", ")) if what and SQLITE[name] is not Violation else ()
        return Finding(SQLITE[name], columns=columns, said=text)
    if isinstance(exc, sqlite3.InterfaceError | sqlite3.ProgrammingError) and "binding parameter" in text:
        return Finding(ValueViolation, said="a value of a kind that SQLite does not know")
    if name.startswith(("SQLITE_BUSY", "SQLITE_LOCKED")):
        return errors.ConnectionError(f"{server} is locked by another process", next_step="try again when it has ended", retryable=True)
    if "no such" in text or "has no column" in text:
        return SchemaError(f"the schema of {server} does not fit: {text}")
    return QueryError(f"{server} refused a statement: {text}")


def driver_error(exc: Exception) -> Exception:
    """What the driver raised, out of SQLAlchemy's wrapping."""
    original = exc.orig if isinstance(exc, StatementError) and isinstance(exc.orig, Exception) else exc
    return original.__cause__ if isinstance(exc, DBAPIError) and isinstance(original.__cause__, Exception) else original


# What SQLAlchemy lets through of its drivers as it is
FAILURES = (StatementError, PendingRollbackError, sqlite3.Error, *CALL_ERRORS)


@contextmanager
def findings(server: str) -> Iterator[None]:
    """Within this block, errors of the database leave as errors of this project; those about rows as a Finding."""
    try:
        yield
    except FAILURES as exc:
        raise finding(exc, server=server) from exc
