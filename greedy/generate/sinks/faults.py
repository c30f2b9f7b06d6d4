"""What SQLite and the file system have against a write, as errors that say what to do."""

from __future__ import annotations

import errno
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import DBAPIError, InvalidRequestError

from greedy.errors import GreedyError, InputError, OutsideError

ANOTHER_PLACE = "give another place, or make this one writable"
ROOM = "make room on the disk, or give another place"
FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


@contextmanager
def findings(name: str) -> Iterator[None]:
    """Raise what the driver of SQLite and the operating system say as errors of this project. `name` is the sink's."""
    try:
        yield
    except DBAPIError as exc:
        if not isinstance(exc.orig, sqlite3.Error):
            raise
        raise of_sqlite(exc.orig, name) from exc
    except InvalidRequestError as exc:
        reason = str(exc).partition("\n")[0]
        raise InputError(f"{name}: {reason}", next_step="give a session that is open, and rolled back if it has failed") from exc
    except sqlite3.Error as exc:
        raise of_sqlite(exc, name) from exc
    except OSError as exc:
        raise of_system(exc, name) from exc


def of_sqlite(exc: sqlite3.Error, name: str) -> GreedyError:
    """An error by the code that SQLite gives it."""
    code = getattr(exc, "sqlite_errorname", "")
    match code.split("_")[1:]:
        case ["FULL"]:
            return OutsideError(f"{name}: the disk is full; nothing was written", next_step=ROOM)
        case ["IOERR", *_]:
            return OutsideError(f"{name}: the disk did not take it ({exc}, {code}); nothing was written", next_step=ROOM)
        case ["BUSY" | "LOCKED", *_]:
            return OutsideError(
                f"{name} is locked by another program; nothing was written",
                next_step="close the program that has it open, and run this again",
                retryable=True,
            )
        case ["READONLY", *_]:
            return InputError(f"{name} cannot be written to: it is read-only", next_step=ANOTHER_PLACE)
        case ["CANTOPEN" | "PERM" | "AUTH", *_]:
            return InputError(f"{name} cannot be opened: {exc}", next_step=ANOTHER_PLACE)
        case ["NOTADB" | "CORRUPT", *_]:
            return InputError(f"{name} is no sound SQLite database: {exc}", next_step="give another file")
        case ["CONSTRAINT", "UNIQUE" | "PRIMARYKEY", *_]:
            return InputError(f"{name} holds rows of a generation already ({exc}); nothing was written", next_step="give another database")
        case ["CONSTRAINT", "FOREIGNKEY"]:
            return InputError(
                f"{name}: rows refer to others that are not there; nothing was written",
                next_step="generate the tables in the order of greedy.generate.tables.TABLES",
            )
    return OutsideError(f"{name}: SQLite refused: {exc} ({code or 'no code'}); nothing was written", next_step="mend that and try again")


def of_system(exc: OSError, name: str) -> GreedyError:
    """An error of the file system."""
    if exc.errno in FULL:
        return OutsideError(f"{name}: {exc.strerror}; nothing was written", next_step=ROOM)
    return InputError(f"{name} cannot be written: {exc.strerror or exc}", next_step=ANOTHER_PLACE)
