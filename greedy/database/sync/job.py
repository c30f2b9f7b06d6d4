"""What every part of a dump or restore has to know."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass


@dataclass(frozen=True)
class Job:
    """A database to work on, how long a program may run, and whom to tell what is being done."""

    url: str
    server: str
    database: str
    timeout_seconds: float
    progress: Callable[[str], None]
