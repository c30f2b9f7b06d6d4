"""Lines of the history that concern some cells or one planner."""

from __future__ import annotations

from collections.abc import Collection
from uuid import UUID

from greedy.desk.opened import SlotKey
from greedy.store.changes import ChangeDocument, UnknownChangeError
from greedy.store.functions import FunctionStore

PAGES, LINES_A_PAGE = 4, 50
LARGE_CHANGES = 5  # changes of many cells that are looked into, as lists do not hold them


async def change_of(store: FunctionStore, roster_id: UUID, change_id: UUID) -> ChangeDocument | None:
    """The change that was made under an id, if any."""
    try:
        return await store.changes.get(roster_id, change_id)
    except UnknownChangeError:
        return None


async def last_of(store: FunctionStore, roster_id: UUID, planner: str) -> ChangeDocument | None:
    """The last change of a planner that can be undone, and was not yet."""
    lines = await store.changes.list(roster_id, limit=LINES_A_PAGE)
    return next((one for one in lines if one.actor == planner and one.kind == "edit" and one.undone_by is None), None)


async def lines_of(store: FunctionStore, roster_id: UUID, keys: Collection[SlotKey], *, most: int) -> list[ChangeDocument]:
    """The latest changes of some cells, with the slots of these cells alone; as far back as a look of some hundred lines goes."""
    found: list[ChangeDocument] = []
    before: int | None = None
    looks = LARGE_CHANGES
    for _ in range(PAGES):
        lines = await store.changes.list(roster_id, before=before, limit=LINES_A_PAGE)
        for line in lines:
            whole = line
            if len(line.slots) < line.slot_count and looks:
                looks -= 1
                whole = await store.changes.get(roster_id, line.id)
            slots = [slot for slot in whole.slots if (slot.employee_id, slot.date, slot.dagdeel) in keys]
            if slots:
                found.append(whole.model_copy(update={"slots": slots}))
            if len(found) == most:
                return found
        if len(lines) < LINES_A_PAGE:
            break
        before = lines[-1].number
    return found
