"""Changes of a roster in words, short enough for a message or a button."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from uuid import UUID

from greedy.desk.edits import Seen, in_words
from greedy.desk.opened import OpenRoster
from greedy.formats.tables import PROGRAM_SOURCE
from greedy.model.message import Message
from greedy.model.problem import SlotStatus
from greedy.store.changes import ChangeDocument, SlotChange, SlotContent
from greedy.web.moments import local_moment
from greedy.wording import Words

DAYPART_NAMES = {"O": Message("morning"), "M": Message("afternoon"), "A": Message("evening and night")}


def content_said(opened: OpenRoster, content: SlotContent) -> str:
    """`DIO, pinned`, `unavailable`, `nothing`."""
    active = content.status is SlotStatus.ACTIVE
    return in_words(
        Seen(
            status=content.status,
            service_code=code_of(opened, content.service_id) if active else None,
            pinned=active and content.source != PROGRAM_SOURCE,
        )
    )


def code_of(opened: OpenRoster, service_id: UUID | None) -> str:
    """The code of a service by its id; a question mark for one that the roster no longer has."""
    return next((service.code for service in opened.problem.services if service.id == str(service_id)), "?")


def name_of(opened: OpenRoster, employee_id: str) -> str:
    """The name of an employee; her id when the roster no longer has her."""
    number = opened.employee_numbers.get(employee_id)
    return employee_id if number is None else opened.problem.names[number]


def place_said(opened: OpenRoster, slot: SlotChange, words: Words) -> Message:
    """`Anna Mulder, Mon 24 Nov, morning`."""
    part = DAYPART_NAMES.get(slot.dagdeel, slot.dagdeel)
    return Message("{who}, {day}, {dagdeel}", who=name_of(opened, slot.employee_id), day=words.short_day(slot.date), dagdeel=part)


def change_said(opened: OpenRoster, slots: Sequence[SlotChange], words: Words) -> Message:
    """`Anna Mulder, Mon 24 Nov, morning: nothing → DIO, pinned (and 1 cell more)`. Rest that follows is not told."""
    told = [one for one in slots if SlotStatus.BLOCKED not in (one.before.status, one.after.status)] or list(slots)
    if not told:
        return Message("nothing changed")
    first = told[0]
    fields = {
        "place": place_said(opened, first, words),
        "before": content_said(opened, first.before),
        "after": content_said(opened, first.after),
        "more": len(told) - 1,
    }
    match len(told):
        case 1:
            return Message("{place}: {before} → {after}", **fields)
        case 2:
            return Message("{place}: {before} → {after}, and one more cell", **fields)
        case _:
            return Message("{place}: {before} → {after}, and {more} more cells", **fields)


def line_said(opened: OpenRoster, line: ChangeDocument, words: Words) -> Message:
    """A line of the history: `Bea changed Anna Mulder, Mon 24 Nov, morning: nothing → DIO, pinned`."""
    who, what = line.actor, change_said(opened, line.slots, words)
    match line.kind:
        case "undo":
            return Message("{who} undid a change, {what}", who=who, what=what)
        case "plan":
            return Message("{who} had the roster planned, {what}", who=who, what=what)
        case "take_over":
            return Message("{who} took a what-if copy over, {what}", who=who, what=what)
        case "publish":
            return Message("{who} published the roster", who=who)
        case "reopen":
            return Message("{who} reopened the roster", who=who)
        case "copy":
            return Message("{who} made a what-if copy", who=who)
        case "delete":
            return Message("{who} deleted a what-if copy", who=who)
        case "absences":
            return Message("absences were brought in, {what}", what=what)
        case "import":
            return Message("{who} imported the roster anew", who=who)
        case _:
            return Message("{who} changed {what}", who=who, what=what)


class ToldLine(NamedTuple):
    """A line of the history as it is shown: when, by whom and what, and whether it was taken back since."""

    moment: str
    said: Message
    undone: bool


def told(opened: OpenRoster, line: ChangeDocument, words: Words) -> ToldLine:
    """A line of the history, at the practice's own time."""
    return ToldLine(local_moment(words, line.made_at), line_said(opened, line, words), line.undone_by is not None)
