"""What a forked child does with what it inherits and must not touch: sockets and threads that are the parent's."""

from __future__ import annotations

import ctypes
import os
from collections.abc import Callable


def in_forked_child(action: Callable[[], None]) -> None:
    """Have `action` called in every process that is forked from this one."""
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(after_in_child=action)


def keep_for_ever(thing: object) -> None:
    """Never collect `thing`, not even when the process ends: it would speak on the parent's sockets, and end its loop."""
    ctypes.pythonapi.Py_IncRef(ctypes.py_object(thing))
