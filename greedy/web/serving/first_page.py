"""Opening the page in the browser of this machine."""

from __future__ import annotations

import html
import os
import sys
import webbrowser
from pathlib import Path

from greedy.formats.files import replacing

NAME = "open.html"
PAGE = '<!doctype html><title>greedy</title><meta http-equiv="refresh" content="0; url={url}">'


def can_open() -> bool:
    """Whether there is a window to open a browser in."""
    return sys.platform == "darwin" or bool(os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY"))


def open_page(url: str, folder: Path) -> None:
    """Open the page. By way of a file that nobody else can read: the command line of a browser shows the token to all users."""
    path = folder / NAME
    with replacing(path) as draft:
        draft.touch(mode=0o600)
        draft.write_text(PAGE.format(url=html.escape(url)), encoding="utf-8")
    webbrowser.open(path.as_uri())
