"""The one error root of the project.

An error says what happened, to which thing, and what to do next. Who has to act decides between its two branches, and so the exit code.
"""

from __future__ import annotations

from collections.abc import Sequence


class GreedyError(Exception):
    """Root of every error that the project raises on purpose.

    Parameters
    ----------
    message
        One line: what happened, and to which thing (ids, numbers, names).
    next_step
        One line: what the reader can do about it.
    details
        Further lines, one a fault, when several things are wrong at once.
    retryable
        True when the same call may succeed later without anybody changing anything.
    """

    def __init__(self, message: str, *, next_step: str | None = None, details: Sequence[str] = (), retryable: bool = False) -> None:
        super().__init__(message)
        self.message = message
        self.next_step = next_step
        self.details = tuple(details)
        self.retryable = retryable


class CallerError(GreedyError):
    """The caller has to mend something: input, settings, migrations. Exit code 1."""


class OutsideError(GreedyError):
    """Something outside failed: a server that cannot be reached, a dropped connection, a time-out. Exit code 2."""


class InputError(CallerError):
    """Input that cannot be used; `details` lists every fault of it."""


class SettingsError(CallerError):
    """A setting that is missing, malformed, or contradicts another."""
