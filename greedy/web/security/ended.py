"""Sessions that were signed out. Their cookies are signed and would go on; like the key, what ended them outlives the server."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any


class EndedSessions:
    """An empty file for each, called after the second until which it would have lasted, and its number.

    Parameters
    ----------
    folder
        Where they lie; it is made when the first session ends.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def add(self, kept: dict[str, Any]) -> None:
        """End a session, and forget those that are over by now in any case."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._path(kept).touch(mode=0o600)
        for path in self._folder.iterdir():
            if int(path.name.partition("-")[0]) < time.time():
                path.unlink(missing_ok=True)

    def __contains__(self, kept: dict[str, Any]) -> bool:
        """Whether a session was signed out."""
        return self._path(kept).exists()

    def _path(self, kept: dict[str, Any]) -> Path:
        return self._folder / f"{kept['until']}-{kept['number']}"
