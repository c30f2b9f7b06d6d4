"""Moments as planners see them: on the clock of their own time zone, whatever the clock of the server is."""

from __future__ import annotations

import datetime as dt

from greedy.model.clock import PLANNERS_ZONE
from greedy.wording import Words


def local_moment(words: Words, when: dt.datetime) -> str:
    """`24 Nov 2025 14:05`."""
    return words.moment(when.astimezone(PLANNERS_ZONE))


def local_day() -> dt.date:
    """The day that it is for planners."""
    return dt.datetime.now(PLANNERS_ZONE).date()
