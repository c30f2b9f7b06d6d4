"""Files that appear whole or not at all, under their name and readable by their owner alone."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO
from uuid import uuid4

import structlog

from greedy.database.sync.errors import DumpError, ProgramError

if sys.platform != "win32":
    import fcntl

log = structlog.get_logger()

UNFINISHED = ".greedy-dump-{}.part"


@contextmanager
def new_file(path: Path, *, force: bool) -> Iterator[IO[bytes]]:
    """A file with mode 0600 that becomes `path` at the end of the block, on the disk for good, unless an error leaves the block.

    What earlier processes left unfinished in the folder is removed first.

    Raises
    ------
    DumpError
        The folder is not there or not writable, or the file exists and `force` is not set.
    ProgramError
        The disk is full.
    """
    target = path.resolve()
    _refuse_existing(path, target, force)
    with unfinished_file(target.parent) as (file, unfinished):
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            _refuse_existing(path, target, force)
            unfinished.replace(target)
        except OSError as exc:
            raise ProgramError(f"cannot write {path}: {exc.strerror}", next_step="make room, or give another place") from exc
        _sync_folder(target.parent)


@contextmanager
def unfinished_file(folder: Path) -> Iterator[tuple[IO[bytes], Path]]:
    """A file for the length of a block, mode 0600. A process that was killed leaves it to the next one to remove."""
    _remove_left(folder)
    try:
        file, path = _create(folder)
    except OSError as exc:
        raise DumpError(f"cannot write into {folder}: {exc.strerror}", next_step="make the folder, or give another one") from exc
    try:
        with closing_quietly(file):
            yield file, path
    finally:
        path.unlink(missing_ok=True)


@contextmanager
def closing_quietly(file: IO[bytes]) -> Iterator[None]:
    """Close a file at the end of a block. What could not be written was told before, and closing would only say it in other words."""
    try:
        yield
    finally:
        with suppress(OSError):
            file.close()


def _create(folder: Path) -> tuple[IO[bytes], Path]:
    while True:
        path = folder / UNFINISHED.format(uuid4().hex)
        file = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o600), "w+b")
        # Whoever cleans up may have taken it for left in the moment before it was locked.
        if _locked(file) and path.exists():
            return file, path
        file.close()


def _remove_left(folder: Path) -> None:
    """Remove unfinished files that nobody writes any more: a file that is being written is locked, and the lock dies with its process."""
    for path in folder.glob(UNFINISHED.format("*")):
        with suppress(OSError), path.open("r+b") as file:
            if _locked(file):
                log.info("dump.remove_unfinished", file=str(path))
                path.unlink()


def _locked(file: IO[bytes]) -> bool:
    if sys.platform == "win32":
        return True  # there, a file that is open cannot be removed
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _refuse_existing(path: Path, target: Path, force: bool) -> None:
    if target.exists() and not target.is_file():
        raise DumpError(f"{path} is not a file", next_step="give the name of a new file")
    if target.exists() and not force:
        raise DumpError(f"{path} exists already", next_step="give another name, or --force to replace it")


def _sync_folder(folder: Path) -> None:
    if sys.platform == "win32":
        return
    number = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(number)
    finally:
        os.close(number)
