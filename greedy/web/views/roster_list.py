"""The rosters as they stand in the list, and those of them that somebody looks for."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from enum import StrEnum
from typing import Annotated, Any, NamedTuple
from uuid import UUID

from pydantic import BaseModel, Field

from greedy.model.message import Message
from greedy.store.base import RosterSummary
from greedy.store.copies import RosterCopy
from greedy.wording import Words

STATES: Mapping[str, Message] = {"draft": Message("draft"), "in_progress": Message("in progress"), "final": Message("final")}
WEEK = dt.timedelta(days=7)


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

    def names(self, words: Words) -> Iterator[str]:
        """What somebody may call it: its name, its state, and its months, years and numbers of weeks."""
        yield self.name
        yield words.say(STATES[self.status])
        for date in (*(self.start + week * WEEK for week in range((self.end - self.start) // WEEK + 1)), self.end):
            yield words.month(date)
            yield words.say(Message("week {number}", number=date.isocalendar().week))


class Order(StrEnum):
    """What the list is sorted by; rosters that are equal in it have the latest period first."""

    PERIOD = "period"
    NAME = "name"
    STATE = "state"


ORDERS: Mapping[Order, Callable[[RosterLine], Any]] = {
    Order.NAME: lambda line: _with_numbers(line.name.casefold()),
    Order.STATE: lambda line: list(STATES).index(line.status),
}


class Wanted(BaseModel):
    """Which rosters somebody looks for, and in which order: those whose `names` have each word, or one that begins so, and each number."""

    find: Annotated[str, Field(max_length=200)] = ""
    order: Order = Order.PERIOD

    def chosen(self, rosters: Iterable[RosterSummary], copies: Iterable[RosterCopy], words: Words) -> list[RosterLine]:
        """The lines to show. A roster and its copies stay together: all of them where one has every word."""
        groups = roster_groups(rosters, copies)
        if key := ORDERS.get(self.order):
            groups.sort(key=lambda group: key(group[0]))
        wanted = _parts(self.find)
        return [line for group in groups if any(_has_all(line, wanted, words) for line in group) for line in group]


def _has_all(line: RosterLine, wanted: Iterable[str], words: Words) -> bool:
    has = {part for name in line.names(words) for part in _parts(name)} if wanted else set()
    return all(part in has or (not part.isdigit() and any(one.startswith(part) for one in has)) for part in wanted)


def _parts(text: str) -> list[str]:
    """Words and numbers, `2025-W48` as `2025`, `w48`."""
    return re.findall(r"\w+", text.casefold())


def _with_numbers(name: str) -> list[str | int]:
    """A name to sort by, its numbers by their size: `Practice 9` before `Practice 10`."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


def roster_groups(rosters: Iterable[RosterSummary], copies: Iterable[RosterCopy]) -> list[list[RosterLine]]:
    """Each roster with its copies below it, the latest copy first; the latest period first."""
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
    return [_with_copies(head, below) for head in heads]


def _with_copies(line: RosterLine, below: Mapping[UUID, list[RosterLine]]) -> list[RosterLine]:
    """A line, and those of its copies; of copies of copies too."""
    return [line, *(one for copy in below.get(line.id, ()) for one in _with_copies(copy, below))]
