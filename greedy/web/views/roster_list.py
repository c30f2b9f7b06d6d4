"""The rosters as they stand in the list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import NamedTuple
from uuid import UUID

from greedy.store.base import RosterSummary
from greedy.store.copies import RosterCopy


class RosterLine(NamedTuple):
    """A roster in the list. `copy_of`: the roster that it is a what-if copy of."""

    id: UUID
    name: str
    start: dt.date
    end: dt.date
    status: str
    copy_of: UUID | None

    @property
    def weeks(self) -> tuple[int, int]:
        """Numbers of the first and the last week."""
        return self.start.isocalendar().week, self.end.isocalendar().week


def roster_lines(rosters: Iterable[RosterSummary], copies: Iterable[RosterCopy]) -> list[RosterLine]:
    """The latest period first; below each roster its copies, the latest first."""
    originals = {copy.copy_id: copy.original_id for copy in copies}
    lines = [
        RosterLine(one.id, one.naam or str(one.id), one.start_date, one.end_date, one.status, originals.get(one.id)) for one in rosters
    ]
    known = {line.id for line in lines}
    heads = [line for line in lines if line.copy_of not in known]  # also a copy whose original is gone
    heads.sort(key=lambda line: (line.start, line.end), reverse=True)  # rosters of one period in the order of the store, oldest first
    below: dict[UUID, list[RosterLine]] = {}
    for line in reversed(lines):
        if line.copy_of in known:
            below.setdefault(line.copy_of, []).append(line)
    return [line for head in heads for line in _with_copies(head, below)]


def _with_copies(line: RosterLine, below: Mapping[UUID, list[RosterLine]]) -> list[RosterLine]:
    """A line, and those of its copies; of copies of copies too."""
    return [line, *(one for copy in below.get(line.id, ()) for one in _with_copies(copy, below))]
