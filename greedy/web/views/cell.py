"""What the dialog of a cell shows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from greedy.desk.edits import content_of, in_words, seen_in
from greedy.desk.opened import OpenRoster
from greedy.formats.practice import BLOCKING_NOTE, DAGDELEN
from greedy.model.message import Message
from greedy.model.problem import Slot, SlotStatus
from greedy.report.palette import service_colours
from greedy.web.views.cell_form import ASSIGN, CellAsked, seen_text
from greedy.web.views.change_words import DAYPART_NAMES
from greedy.wording import Words


class Choice(NamedTuple):
    """Something to do with the cells. `code`, `colour`: of a service that comes there. `hint`: what is worth knowing before choosing it."""

    value: str
    text: str
    code: str = ""
    colour: int = 0
    hint: str = ""


@dataclass(frozen=True)
class CellView:
    """The cells of a dialog.

    `asked`: which ones, and what is chosen. `when`: their dates and parts of the day. `stands`: what is in each, where they are few.
    `broken`: rules that are broken there. `services` and `others`: what may be chosen. `note`: what somebody wrote there; None for several.
    """

    asked: CellAsked
    slots: list[Slot]
    who: str
    team: str
    when: str
    stands: list[tuple[str, int]]
    broken: Sequence[str]
    services: list[Choice]
    others: list[Choice]
    note: str | None
    seen: str

    @property
    def focused(self) -> str:
        """The choice where the keyboard begins."""
        values = [choice.value for choice in (*self.services, *self.others)]
        return self.asked.choice if self.asked.choice in values else next(iter(values), "")

    @property
    def is_one(self) -> bool:
        """Whether it is a single cell."""
        return len(self.slots) == 1


def cell_view(opened: OpenRoster, asked: CellAsked, words: Words) -> CellView:
    """What the dialog of some cells shows.

    Raises
    ------
    InputError
        The roster has no such cells.
    """
    slots = asked.slots(opened)
    employee = opened.problem.employees[slots[0].employee]
    parts = sorted({slot.daypart for slot in slots})
    held = set(slots)
    broken = [one.message for one in opened.violations if any(opened.problem.slot_of(a) in held for a in one.assignments)]
    services = list(_services(opened, slots[0])) if len(parts) == 1 else []
    return CellView(
        asked=asked,
        slots=slots,
        who=opened.problem.names[slots[0].employee],
        team=employee.team,
        when=_when(opened, slots, parts, words),
        stands=_counted(opened, slots),
        broken=broken,
        services=services,
        others=list(_others(opened, slots)),
        note=_note(opened, slots[0]) if len(slots) == 1 else None,
        seen=seen_text(opened, slots),
    )


def _when(opened: OpenRoster, slots: list[Slot], parts: list[int], words: Words) -> str:
    first, last = opened.problem.date_of(slots[0].day), opened.problem.date_of(slots[-1].day)
    names = ", ".join(words.say(DAYPART_NAMES[DAGDELEN[part]]) for part in parts)
    days = words.day(first) if first == last else f"{words.short_day(first)} – {words.short_day(last)}"
    return f"{days}, {names}"


def _counted(opened: OpenRoster, slots: list[Slot]) -> list[tuple[str, int]]:
    """What stands in the slots, and in how many of them."""
    counted: dict[str, int] = {}
    for slot in slots:
        said = in_words(seen_in(opened, slot))
        counted[said] = counted.get(said, 0) + 1
    return list(counted.items())


def _note(opened: OpenRoster, slot: Slot) -> str:
    note = content_of(opened, slot).notes or ""
    return "" if note.startswith(BLOCKING_NOTE) else note


def _services(opened: OpenRoster, slot: Slot) -> Iterator[Choice]:
    """The services of a part of the day: first those that the employee may work."""
    problem, colours = opened.problem, service_colours(opened.problem)
    numbers = [number for number, one in enumerate(problem.services) if one.daypart == slot.daypart and one.active]
    for number in sorted(numbers, key=lambda n: ((slot.employee, n) not in problem.capabilities, problem.services[n].code)):
        code = problem.services[number].code
        most = problem.capabilities.get((slot.employee, number))
        if most is None:
            hint = Message("not qualified")
        else:
            worked = sum(one.employee == slot.employee and one.service == number for one in opened.roster.assignments)
            hint = Message("{left} of {most} left", left=max(0, most - worked), most=most)
        yield Choice(ASSIGN + code, code, code=code, colour=colours[number], hint=hint)


def _others(opened: OpenRoster, slots: list[Slot]) -> Iterator[Choice]:
    """What else can be done with what stands there."""
    seen = [seen_in(opened, slot) for slot in slots]
    works = [one for one in seen if one.status is SlotStatus.ACTIVE]
    if works:
        yield Choice("clear", Message("Clear: nobody works here"))
    if any(not one.pinned for one in works):
        yield Choice("pin", Message("Pin: no plan may change it"))
    if any(one.pinned for one in works):
        yield Choice("unpin", Message("Unpin: a plan may change it"))
    if any(one.status is not SlotStatus.UNAVAILABLE for one in seen):
        yield Choice("unavailable", Message("Mark as unavailable"))
    if any(one.status is SlotStatus.UNAVAILABLE for one in seen):
        yield Choice("available", Message("Available again"))
    if any(one.status in (SlotStatus.ACTIVE, SlotStatus.UNAVAILABLE) for one in seen):
        yield Choice("note", Message("Change the note alone"))
