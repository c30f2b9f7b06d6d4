"""Changed slots in a planner's order: by employee, each date before and after."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from greedy.formats.practice import DAGDELEN
from greedy.formats.tables import PROGRAM_SOURCE, PracticeTables
from greedy.model.problem import SlotStatus
from greedy.store.changes import SlotChange, SlotContent

UNKNOWN_SERVICE = "?"


class Turn(StrEnum):
    """What happened to a slot."""

    CAME = "came"
    WENT = "went"
    OTHER = "other"
    PINNED = "pinned"
    UNPINNED = "unpinned"
    ABSENT = "absent"
    PRESENT = "present"
    NOTED = "noted"
    FREED = "freed"
    BLOCKED = "blocked"


@dataclass(frozen=True)
class Worked:
    """Work in a slot. `number`: of the colour of its service; None when the roster no longer has it."""

    code: str
    number: int | None
    pinned: bool


@dataclass(frozen=True)
class SlotLine:
    """A slot that changed. `before` and `after` are the work there; None where there was none."""

    date: dt.date
    dagdeel: str
    turn: Turn
    before: Worked | None
    after: Worked | None
    note: str


@dataclass(frozen=True)
class EmployeeLines:
    """What changed for one employee. `name` is her number when nobody has it any more."""

    employee_id: str
    name: str
    lines: tuple[SlotLine, ...]


def by_employee(slots: Iterable[SlotChange], tables: PracticeTables | None) -> list[EmployeeLines]:
    """Changed slots of people by name, then date and part of the day. Rest that follows from other work is left out.

    `tables` tell names; without them, as of a roster that was deleted, people have numbers and services none.
    """
    names = {row.id: row.name for row in tables.employees} if tables else {}
    codes = {row.id: row.code for row in tables.service_types} if tables else {}
    numbers = {code: number for number, code in enumerate(sorted(codes.values()))}

    def worked(content: SlotContent) -> Worked | None:
        if content.status is not SlotStatus.ACTIVE:
            return None
        code = codes.get(content.service_id, UNKNOWN_SERVICE) if isinstance(content.service_id, UUID) else UNKNOWN_SERVICE
        return Worked(code, numbers.get(code), content.source != PROGRAM_SOURCE)

    found: dict[str, list[SlotLine]] = defaultdict(list)
    for slot in slots:
        turn = turn_of(slot)
        if turn is not None and turn not in (Turn.BLOCKED, Turn.FREED):
            line = SlotLine(slot.date, slot.dagdeel, turn, worked(slot.before), worked(slot.after), slot.after.notes or "")
            found[slot.employee_id].append(line)
    return sorted(
        (
            EmployeeLines(one, names.get(one, one), tuple(sorted(lines, key=lambda line: (line.date, DAGDELEN.index(line.dagdeel)))))
            for one, lines in found.items()
        ),
        key=lambda lines: (lines.name.casefold(), lines.employee_id),
    )


def turn_of(slot: SlotChange) -> Turn | None:
    """What happened to a slot, as far as people care; None when nothing did."""
    before, after = slot.before, slot.after
    if before.status is SlotStatus.ACTIVE or after.status is SlotStatus.ACTIVE:
        return _turn_of_work(before, after)
    if before.status is not after.status:
        for status, came, went in (
            (SlotStatus.UNAVAILABLE, Turn.ABSENT, Turn.PRESENT),
            (SlotStatus.BLOCKED, Turn.BLOCKED, Turn.FREED),
        ):
            if status in (before.status, after.status):
                return came if after.status is status else went
    return Turn.NOTED if (before.notes or "") != (after.notes or "") else None


def _turn_of_work(before: SlotContent, after: SlotContent) -> Turn | None:
    if before.status is not SlotStatus.ACTIVE:
        return Turn.CAME
    if after.status is not SlotStatus.ACTIVE:
        return Turn.WENT
    if before.service_id != after.service_id:
        return Turn.OTHER
    pinned = [content.source != PROGRAM_SOURCE for content in (before, after)]
    if pinned[0] is not pinned[1]:
        return Turn.PINNED if pinned[1] else Turn.UNPINNED
    return Turn.NOTED if (before.notes or "") != (after.notes or "") else None
