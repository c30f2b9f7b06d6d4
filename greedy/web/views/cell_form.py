"""What comes with the form of a cell, and the edit that it asks for."""

from __future__ import annotations

import datetime as dt
import hashlib
from typing import Annotated, get_args
from urllib.parse import urlencode
from uuid import UUID

from pydantic import BaseModel, BeforeValidator, Field

from greedy.desk.edits import Action, Edit, Seen, seen_in
from greedy.desk.opened import OpenRoster
from greedy.desk.outlook import Outlook
from greedy.errors import InputError
from greedy.formats.practice import DAGDELEN
from greedy.formats.tables import LONGEST_ROSTER_DAYS, Dagdeel
from greedy.model.message import Message
from greedy.model.problem import Slot, SlotStatus
from greedy.store.base import SlotDocument
from greedy.web.views.roster_page import State

ASSIGN = "assign:"
PINNED = "pinned"


def _or_none(value: object) -> object:
    """An empty field of a form says nothing."""
    return None if value == "" else value


class CellAsked(BaseModel):
    """Which cells a dialog is about: one, or some of an employee: from `date` to `until`, `dagdeel` to `until_dagdeel`."""

    employee: Annotated[str, Field(max_length=64)]
    date: dt.date
    dagdeel: Dagdeel
    until: Annotated[dt.date | None, BeforeValidator(_or_none)] = None
    until_dagdeel: Annotated[Dagdeel | None, BeforeValidator(_or_none)] = None
    choice: Annotated[str, Field(max_length=40)] = ""

    @property
    def query(self) -> str:
        """The cells, for an address."""
        fields = self.model_dump(mode="json", include={"employee", "date", "dagdeel", "until", "until_dagdeel"}, exclude_none=True)
        return urlencode(fields)

    def slots(self, opened: OpenRoster) -> list[Slot]:
        """The slots, in the order of time.

        Raises
        ------
        InputError
            The roster has no such employee or date.
        """
        first, last = sorted((self.date, self.until or self.date))
        parts = sorted((DAGDELEN.index(self.dagdeel), DAGDELEN.index(self.until_dagdeel or self.dagdeel)))
        days = range(min((last - first).days, LONGEST_ROSTER_DAYS) + 1)
        return [
            opened.slot(self.employee, first + dt.timedelta(days=day), DAGDELEN[part])
            for day in days
            for part in range(parts[0], parts[1] + 1)
        ]


class CellForm(CellAsked, State):
    """A filled form. `seen`: what its sender saw in the cells; `although`: the fingerprint of what she knows that it breaks."""

    id: UUID
    note: Annotated[str | None, Field(max_length=2000)] = None
    seen: Annotated[str, Field(max_length=20_000)] = ""
    although: Annotated[str, Field(max_length=64)] = ""


def edit_of(opened: OpenRoster, asked: CellAsked, *, note: str | None = None, seen: str = "") -> Edit | None:
    """The edit that a form asks for; None when nothing was chosen.

    Parameters
    ----------
    note
        The planner's words; None leaves what stands there.
    seen
        What she saw, as `seen_text` wrote it; what stands there now when empty.
    """
    slots = asked.slots(opened)
    action: str = "assign" if asked.choice.startswith(ASSIGN) else asked.choice
    if action not in get_args(Action):
        return None
    keys = [opened.key(slot) for slot in slots]
    return Edit(
        roster_id=opened.roster_id,
        slots=[SlotDocument.model_validate({"employee_id": who, "date": date, "dagdeel": part}) for who, date, part in keys],
        action=action,
        service_code=asked.choice.removeprefix(ASSIGN) if action == "assign" else None,
        note=note,
        seen=_parsed(seen, len(slots)) if seen else [seen_in(opened, slot) for slot in slots],
    )


def turned(opened: OpenRoster, asked: CellAsked) -> CellAsked:
    """Pin what is pinned already is unpin, and an absence is lifted: one key does both."""
    seen = [seen_in(opened, slot) for slot in asked.slots(opened)]
    if asked.choice == "pin" and all(one.pinned for one in seen if one.status is SlotStatus.ACTIVE):
        return asked.model_copy(update={"choice": "unpin"})
    if asked.choice == "unavailable" and all(one.status is SlotStatus.UNAVAILABLE for one in seen):
        return asked.model_copy(update={"choice": "available"})
    return asked


def seen_text(opened: OpenRoster, slots: list[Slot]) -> str:
    """What stands in slots, for a hidden field: `1:DIO:pinned 0:: 3::`."""
    seen = [seen_in(opened, slot) for slot in slots]
    return " ".join(f"{one.status:d}:{one.service_code or ''}:{PINNED if one.pinned else ''}" for one in seen)


def _parsed(text: str, count: int) -> list[Seen]:
    try:
        parts = [one.split(":") for one in text.split(" ")]
        seen = [Seen(status=SlotStatus(int(status)), service_code=code or None, pinned=pinned == PINNED) for status, code, pinned in parts]
    except ValueError as error:
        raise InputError(Message("the form of this cell is damaged"), next_step=Message("close it and open it again")) from error
    if len(seen) != count:
        raise InputError(Message("the form of this cell is damaged"), next_step=Message("close it and open it again"))
    return seen


def fingerprint(outlook: Outlook) -> str:
    """Names what an outlook breaks, so that nobody agrees to one thing and gets another."""
    told = sorted([f"{one.rule}\n{one.message}" for one in outlook.broken] + [f"{one.rule}\n{one.message}" for one in outlook.findings])
    return hashlib.sha256("\n\n".join(told).encode()).hexdigest()[:32]
