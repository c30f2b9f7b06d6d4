"""Writing files so that each appears whole or not at all."""

from __future__ import annotations

from pathlib import Path
from uuid import uuid4


def replace_file(path: Path, text: str) -> None:
    """Write `text` as UTF-8 beside `path` and rename it into place.

    A link is followed, an existing file keeps its permissions, and what is no file (a device, a pipe) is written to as it is.

    Raises
    ------
    OSError
        Then the old file is as it was.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        target.write_text(text, encoding="utf-8", newline="")
        return
    unfinished = target.with_name(f".{target.name}.{uuid4().hex}")
    try:
        with unfinished.open("x", encoding="utf-8", newline="") as file:
            file.write(text)
        if target.exists():
            unfinished.chmod(target.stat().st_mode & 0o777)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)
