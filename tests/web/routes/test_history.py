"""The history of a roster as a page."""

from __future__ import annotations

import datetime as dt
from typing import get_args
from uuid import UUID, uuid4

import pytest

from greedy.database.connector import DBConnector
from greedy.store.changes import ChangeKind, ChangeRequest, SlotChange, SlotContent
from greedy.store.postgres import PostgresStore
from greedy.web.routes.history import PAGE_LENGTH
from greedy.web.views.cell_history import LINES_A_PAGE, lines_of
from tests.web.routes.conftest import AtWork, said


async def test_changes_of_every_kind_are_told(planner: AtWork, db: DBConnector, roster: str) -> None:
    for kind in get_args(ChangeKind):
        await db.execute(
            "insert into roster_changes (id, roster_id, kind, actor, undoes, slot_count, request_digest) "
            "values (gen_random_uuid(), $1, $2, 'Anna', case when $2 = 'undo' then gen_random_uuid() end, 0, '')",
            [roster, kind],
        )
    history = await planner.get(f"/rosters/{roster}/history")
    assert history.status_code == 200
    assert all(words in said(history) for words in ("Copy deleted", "Absences brought in", "Imported"))


@pytest.mark.parametrize("more", [False, True])
async def test_earlier_lines_are_offered_where_there_are_any(planner: AtWork, db: DBConnector, roster: str, more: bool) -> None:
    await db.execute(
        "insert into roster_changes (id, roster_id, kind, actor, slot_count, request_digest) "
        "select gen_random_uuid(), $1, 'publish', 'Anna', 0, '' from generate_series(2, $2)",  # the import is the first
        [roster, PAGE_LENGTH + more],
    )
    assert ("?before=" in (await planner.get(f"/rosters/{roster}/history")).text) is more


def noted(roster: str, notes: str, cells: int, before: str | None = None) -> ChangeRequest:
    """A change of the notes of an employee's mornings, from the first on."""
    days = [dt.date(2025, 11, 24) + dt.timedelta(day) for day in range(cells)]
    contents = {"before": SlotContent(notes=before), "after": SlotContent(notes=notes)}
    slots = [SlotChange(employee_id="EMP001", date=day, dagdeel="M", **contents) for day in days]
    return ChangeRequest(id=uuid4(), roster_id=UUID(roster), actor="Bea", slots=slots)


async def test_what_happened_in_a_cell_is_found_in_large_changes_too_the_latest_first(
    store: PostgresStore, db: DBConnector, roster: str
) -> None:
    await db.execute("delete from roster_assignments where employee_id = 'EMP001'")
    await store.changes.make(noted(roster, "large", 25))
    last = "large"
    for number in range(3):
        await store.changes.make(noted(roster, f"small {number}", 1, last))
        last = f"small {number}"
    await db.execute(
        "insert into roster_changes (id, roster_id, kind, actor, slot_count, request_digest) "
        "select gen_random_uuid(), $1, 'publish', 'Anna', 0, '' from generate_series(1, $2)",
        [roster, LINES_A_PAGE],
    )
    key = ("EMP001", dt.date(2025, 11, 24), "M")
    for most in (8, 2):
        found = await lines_of(store, UUID(roster), {key}, most=most)
        assert [[slot.after.notes for slot in line.slots] for line in found] == [["small 2"], ["small 1"], ["small 0"], ["large"]][:most]
