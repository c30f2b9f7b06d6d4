"""The key that sessions are signed with. It outlives the server, so that a restart signs nobody out."""

from __future__ import annotations

import os
import secrets
from contextlib import suppress
from pathlib import Path

from greedy.errors import SettingsError

KEY_NAME = "session.key"


def session_key(folder: Path) -> str:
    """The key of this data directory, made when there is none. Only its owner may read it.

    Raises
    ------
    SettingsError
        It cannot be read or written, or others may read it.
    """
    path = folder / KEY_NAME
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            _make(path)
        if path.stat().st_mode & 0o077:
            raise SettingsError(
                f"others can read {path}, which sessions are signed with", next_step="delete it; a new one is made, and all sign in again"
            )
        key = path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as exc:
        raise SettingsError(f"{path} cannot be used: {exc}", next_step="set GREEDY_DATA_DIR to a folder of your own") from exc
    if len(key) < 32:
        raise SettingsError(f"{path} is damaged", next_step="delete it; a new one is made, and all sign in again")
    return key


def _make(path: Path) -> None:
    """Make the key, whole, unless another server does so at the same moment."""
    draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    try:
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
            file.write(secrets.token_urlsafe(48))
        with suppress(FileExistsError):
            path.hardlink_to(draft)
    finally:
        draft.unlink(missing_ok=True)
