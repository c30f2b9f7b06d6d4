"""Writing files so that each appears whole or not at all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """A path beside `path` for the new file, which is renamed into place when the block ends, and deleted when it fails.

    A link is followed, an existing file keeps its permissions, and what is no file (a device, a pipe) is itself what is to be written to.

    Raises
    ------
    OSError
        Then the old file is as it was.
    """
    target = path.resolve()
    if target.exists() and not target.is_file():
        yield target
        return
    unfinished = target.with_name(f".{target.name}.{uuid4().hex}")
    try:
        yield unfinished
        if target.exists():
            unfinished.chmod(target.stat().st_mode & 0o777)
        unfinished.replace(target)
    finally:
        unfinished.unlink(missing_ok=True)


def replace_file(path: Path, content: str | bytes) -> None:
    """Write bytes, or text as UTF-8, in place of `path`; see `replacing`."""
    with replacing(path) as unfinished:
        unfinished.write_bytes(content.encode() if isinstance(content, str) else content)
