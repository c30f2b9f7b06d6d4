"""Where files and folders may be made."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

from greedy.errors import InputError


def refuse_missing_folder(path: Path, name: str) -> None:
    """Raise InputError when the folder that `path` would lie in is not there."""
    try:
        folder = path.resolve().parent
    except RuntimeError as exc:
        raise InputError(f"{name} cannot be made: {path} is a link that leads to itself", next_step="give another place") from exc
    if not folder.is_dir():
        what = "is no folder" if folder.exists() else "does not exist"
        raise InputError(f"{name} cannot be made: {folder} {what}", next_step="make that folder first, or give another place")


@contextmanager
def replacing_folder(path: Path) -> Iterator[Path]:
    """A folder beside `path`, which is renamed into its place when the block ends, and deleted when it fails. A link is followed.

    Raises
    ------
    OSError
        Then what was at `path` is there as before.
    """
    target = path.resolve()
    unfinished, old = (target.with_name(f".{target.name}.{uuid4().hex}") for _ in range(2))
    unfinished.mkdir()
    try:
        yield unfinished
        if target.exists():
            target.rename(old)
        try:
            unfinished.rename(target)
        except OSError:
            if old.exists():
                old.rename(target)
            raise
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(unfinished, ignore_errors=True)
