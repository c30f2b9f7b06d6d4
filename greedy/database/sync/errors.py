"""What can go wrong with dumps, beside the database itself."""

from __future__ import annotations

from greedy.database.errors import DatabaseError
from greedy.errors import CallerError, OutsideError


class DumpError(DatabaseError, CallerError):
    """A dump file is damaged, cut off, foreign, or of a newer program; or it cannot be made as asked."""


class RestoreError(DatabaseError, CallerError):
    """A restore was refused before it changed anything, or failed and left the database as it was."""


class RepositoryError(DatabaseError, CallerError):
    """The git repository cannot take the dump as it is now."""


class ProgramError(DatabaseError, OutsideError):
    """A program of the operating system (pg_dump, pg_restore, git, ssh) is missing, failed, or took too long; or the disk is full."""


class RemoteError(DatabaseError, OutsideError):
    """The other machine could not be reached, or could not make its dump. Nothing has changed here."""
