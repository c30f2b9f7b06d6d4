"""A planner's change of cells: what she asks for, and which slots have to change for it."""

from __future__ import annotations

from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field, model_validator

from greedy.desk.opened import OpenRoster
from greedy.errors import InputError
from greedy.formats.practice import NOTES_OF_PROGRAMS
from greedy.formats.tables import PROGRAM_SOURCE, Text
from greedy.model.message import Message
from greedy.model.problem import Assignment, Slot, SlotStatus
from greedy.report.grid import CellKind
from greedy.store.base import Document, FinalRosterError, RosterConflictError, SlotDocument
from greedy.store.changes import SlotChange, SlotContent

Action = Literal["assign", "clear", "pin", "unpin", "unavailable", "available", "note"]
PLANNER_SOURCE = "manual"
STATUS_OF = {
    CellKind.OPEN: SlotStatus.OPEN,
    CellKind.WORK: SlotStatus.ACTIVE,
    CellKind.BLOCKED: SlotStatus.BLOCKED,
    CellKind.UNAVAILABLE: SlotStatus.UNAVAILABLE,
}
MOST_SLOTS = 500
NOTHING_CHANGES = Message("nothing changes: it is so already")


class Seen(Document):
    """What a planner saw in a slot. `service_code`: of work."""

    status: SlotStatus
    service_code: str | None = None
    pinned: bool = False


class Edit(Document):
    """What a planner asks for, of all `slots` alike.

    `assign` puts the work of `service_code` there, which is pinned then; `clear` takes work away; `pin` keeps it and `unpin` leaves it to
    the program; `unavailable` and `available` set and lift an absence; `note` writes `note` beside what stands there, and takes it away
    when it is empty. `seen`: what she saw in each of the slots, in the same order. `with_pair`: the other half of a paired service goes
    along.
    """

    roster_id: UUID
    slots: Annotated[list[SlotDocument], Field(min_length=1, max_length=MOST_SLOTS)]
    action: Action
    service_code: str | None = None
    note: Text | None = None
    seen: list[Seen]
    with_pair: bool = True

    @model_validator(mode="after")
    def _is_whole(self) -> Edit:
        if len(self.seen) != len(self.slots):
            raise ValueError(f"{len(self.slots)} slots, and what was seen in {len(self.seen)}")
        if len(set(self.slots)) != len(self.slots):
            raise ValueError("a slot stands twice")
        if (self.action == "assign") != (self.service_code is not None):
            raise ValueError("assign, and nothing else, takes a service_code")
        return self


def seen_in(opened: OpenRoster, slot: Slot) -> Seen:
    """What the grid shows in a slot."""
    cell = opened.grid.cells[slot.employee][slot.day][slot.daypart]
    works = cell.kind is CellKind.WORK and cell.service is not None
    code = opened.problem.services[cell.service].code if works and cell.service is not None else None
    return Seen(status=STATUS_OF[cell.kind], service_code=code, pinned=cell.pinned)


def content_of(opened: OpenRoster, slot: Slot) -> SlotContent:
    """What the database holds in a slot."""
    row = opened.rows.get(opened.key(slot))
    return SlotContent() if row is None else SlotContent.model_validate(row.model_dump(include=set(SlotContent.model_fields)))


def in_words(seen: Seen) -> str:
    """What stands in a slot, for people."""
    match seen.status:
        case SlotStatus.ACTIVE:
            return Message("{service}, pinned", service=seen.service_code) if seen.pinned else seen.service_code or ""
        case SlotStatus.BLOCKED:
            return Message("blocked (rest)")
        case SlotStatus.UNAVAILABLE:
            return Message("unavailable")
        case _:
            return Message("nothing")


def obstacles(opened: OpenRoster, edit: Edit) -> tuple[Message, ...]:
    """Why an edit is not possible at all; empty when it is."""
    if opened.is_final:
        return (Message("the roster is final; reopen it to change it"),)
    found = [_obstacle(opened, edit, slot) for slot in _slots(opened, edit)]
    return tuple(dict.fromkeys(one for one in found if one is not None))


def slot_changes(opened: OpenRoster, edit: Edit) -> list[SlotChange]:
    """The slots that change, by employee, date and dagdeel: those of the edit, and the other halves of pairs.

    Raises
    ------
    FinalRosterError
        The roster is final.
    RosterConflictError
        In a slot stands something else than the planner saw.
    InputError
        The edit is not possible, or changes nothing; the roster has no such employee, date or service.
    """
    if reasons := obstacles(opened, edit):
        kind = FinalRosterError if opened.is_final else InputError
        raise kind(reasons[0], details=reasons[1:], next_step=Message("choose another cell or service"))
    if not (changes := asked_changes(opened, edit)):
        raise InputError(NOTHING_CHANGES, next_step=Message("choose another cell or service"))
    return changes


def asked_changes(opened: OpenRoster, edit: Edit) -> list[SlotChange]:
    """As `slot_changes`, for an edit that nothing stands in the way of; none when it is so already.

    Raises
    ------
    RosterConflictError
        In a slot stands something else than the planner saw.
    """
    _refuse_if_stale(opened, edit)
    wanted = {slot: _wanted(opened, edit, slot) for slot in _slots(opened, edit)}
    if edit.with_pair:
        wanted = _other_halves(opened, edit, wanted) | wanted
    contents = [(opened.key(slot), content_of(opened, slot), after) for slot, after in sorted(wanted.items())]
    return [
        SlotChange.model_validate({"employee_id": employee_id, "date": date, "dagdeel": dagdeel, "before": before, "after": after})
        for (employee_id, date, dagdeel), before, after in contents
        if after != before
    ]


def _slots(opened: OpenRoster, edit: Edit) -> list[Slot]:
    return [opened.slot(slot.employee_id, slot.date, slot.dagdeel) for slot in edit.slots]


def _refuse_if_stale(opened: OpenRoster, edit: Edit) -> None:
    problem = opened.problem
    differing = []
    for slot, seen in zip(_slots(opened, edit), edit.seen, strict=True):
        found = seen_in(opened, slot)
        if found != seen:
            differing.append(
                Message(
                    "{who} {date} {dagdeel}: {seen} was seen, and {found} stands there now",
                    who=problem.names[slot.employee],
                    date=problem.date_of(slot.day),
                    dagdeel=problem.dayparts[slot.daypart],
                    seen=in_words(seen),
                    found=in_words(found),
                )
            )
    if differing:
        raise RosterConflictError(
            Message("somebody has changed the roster meanwhile; nothing was changed now"),
            details=differing,
            next_step=Message("look at the roster as it is now, and change it again if need be"),
        )


def _obstacle(opened: OpenRoster, edit: Edit, slot: Slot) -> Message | None:
    problem, status = opened.problem, seen_in(opened, slot).status
    who, date = problem.names[slot.employee], problem.date_of(slot.day)
    dagdeel = problem.dayparts[slot.daypart]
    if edit.action == "assign" and edit.service_code is not None:
        service = problem.services[opened.service(edit.service_code)]
        if service.daypart != slot.daypart:
            own = problem.dayparts[service.daypart]
            return Message("{service} is a service of dagdeel {own}, not {dagdeel}", service=service.code, own=own, dagdeel=dagdeel)
    if edit.action in ("assign", "available") and slot in opened.structural and status is SlotStatus.UNAVAILABLE:
        return Message("{who} is never available then ({date} {dagdeel}): a fixed weekly absence", who=who, date=date, dagdeel=dagdeel)
    if slot in problem.blocked and edit.action != "note":
        return Message("{who} has rest then ({date} {dagdeel}) from a duty before this roster", who=who, date=date, dagdeel=dagdeel)
    return None


def _wanted(opened: OpenRoster, edit: Edit, slot: Slot) -> SlotContent:
    """What a slot of the edit holds afterwards; what it holds now when the edit says nothing of such a slot."""
    now, status = content_of(opened, slot), seen_in(opened, slot).status
    kept = None if (now.notes or "").startswith(NOTES_OF_PROGRAMS) else now.notes
    note = kept if edit.note is None else edit.note.strip() or None
    works = status is SlotStatus.ACTIVE
    match edit.action:
        case "assign" if edit.service_code is not None:
            return _work(opened, opened.service(edit.service_code), note)
        case "clear" if works:
            return SlotContent()
        case "pin" if works and now.source == PROGRAM_SOURCE:
            return now.model_copy(update={"source": PLANNER_SOURCE, "notes": note})
        case "unpin" if works and now.source != PROGRAM_SOURCE:
            return now.model_copy(update={"source": PROGRAM_SOURCE, "notes": note})
        case "unavailable" if status is not SlotStatus.UNAVAILABLE:
            return SlotContent(status=SlotStatus.UNAVAILABLE, source=PLANNER_SOURCE, notes=note)
        case "available" if status is SlotStatus.UNAVAILABLE:
            return SlotContent()
        case "note":
            absent = SlotContent(status=SlotStatus.UNAVAILABLE, source=PLANNER_SOURCE)
            without_row = slot in opened.structural and now.status is SlotStatus.OPEN
            return (absent if without_row else now).model_copy(update={"notes": (edit.note or "").strip() or None})
    return now


def _other_halves(opened: OpenRoster, edit: Edit, wanted: dict[Slot, SlotContent]) -> dict[Slot, SlotContent]:
    """Slots of the other halves of pairs, and what they hold afterwards.

    With work that goes goes its other half, and with work that comes comes its own, where the slot is free; what is in the way is left
    alone, and the half that is alone then is a broken rule.
    """
    problem, stands = opened.problem, frozenset(opened.roster.assignments)
    found: dict[Slot, SlotContent] = {}
    for slot, after in wanted.items():
        before = content_of(opened, slot)
        old, new = _service(opened, before), _service(opened, after)
        if old is not None and (half := _half(opened, old)) is not None:
            other = Assignment(slot.employee, slot.day, half)
            if other in stands:
                if new != old:
                    found[problem.slot_of(other)] = SlotContent()
                elif after.source != before.source:
                    found[problem.slot_of(other)] = content_of(opened, problem.slot_of(other)).model_copy(update={"source": after.source})
        if edit.action == "assign" and new is not None and (half := _half(opened, new)) is not None:
            other = Assignment(slot.employee, slot.day, half)
            place = problem.slot_of(other)
            free = place in found or other in stands or seen_in(opened, place).status is SlotStatus.OPEN
            if free:
                found[place] = _work(opened, half, content_of(opened, place).notes if other in stands else None)
    return found


def _work(opened: OpenRoster, service: int, note: str | None) -> SlotContent:
    service_id = UUID(opened.problem.services[service].id)
    return SlotContent(status=SlotStatus.ACTIVE, service_id=service_id, source=PLANNER_SOURCE, notes=note)


def _service(opened: OpenRoster, content: SlotContent) -> int | None:
    if content.service_id is None:
        return None
    return next(number for number, one in enumerate(opened.problem.services) if one.id == str(content.service_id))


def _half(opened: OpenRoster, service: int) -> int | None:
    """The other half of a pair."""
    second = opened.problem.services[service].second_half
    return opened.problem.first_half.get(service) if second is None else second
