"""What if: a copy is made, compared, taken over, and thrown away; nobody's change is lost on the way."""

from __future__ import annotations

import datetime as dt
from uuid import UUID, uuid4

import pytest

from greedy.desk.worker import work_off
from greedy.formats.practice import structural_absence
from greedy.formats.tables import PracticeTables
from greedy.model.problem import Slot, SlotStatus
from greedy.store.changes import ChangeRequest, SlotChange, SlotContent
from greedy.store.postgres import PostgresStore
from tests.web.routes.conftest import AtWork, said


@pytest.fixture
async def copy(planner: AtWork, store: PostgresStore, roster: str) -> str:
    """The id of a planned copy of the sample."""
    await planner.post(f"/rosters/{roster}/copies", follow=False, name="Wat als <b>?")
    copy = str((await store.copies.list(UUID(roster)))[0].copy_id)
    await planner.post(f"/rosters/{copy}/plans", solver="greedy")
    await work_off(store, once=True)
    return copy


async def absent(store: PostgresStore, roster: str, tables: PracticeTables) -> str:
    """Somebody marks an employee unavailable in the roster; her id."""
    taken = {(row.employee_id, row.date) for row in tables.roster_assignments if row.status is not SlotStatus.OPEN}
    days = [tables.roster.start_date + dt.timedelta(days=day) for day in range(tables.roster.day_count)]
    absences = structural_absence(tables)
    employee, date = next(
        (row.id, date)
        for number, row in enumerate(tables.employees)
        for day, date in enumerate(days)
        if (row.id, date) not in taken and Slot(number, day, 0) not in absences
    )
    slot = SlotChange(
        employee_id=employee,
        date=date,
        dagdeel="O",
        before=SlotContent(),
        after=SlotContent(status=SlotStatus.UNAVAILABLE, source="manual"),
    )
    await store.changes.make(ChangeRequest(id=uuid4(), roster_id=UUID(roster), actor="Bea", slots=[slot]))
    return employee


async def test_a_copy_is_compared_and_taken_over(planner: AtWork, store: PostgresStore, roster: str, copy: str) -> None:
    assert (await store.counts(UUID(roster))).active_by_program == 0
    compared = await planner.get(f"/rosters/{roster}/compare/{copy}")
    assert "Wat als &lt;b&gt;?" in compared.text
    assert "Side by side" in said(compared)
    work = (await store.counts(UUID(copy))).active
    pinned = (await store.counts(UUID(roster))).active
    assert f"{work - pinned} came" in said(compared)
    taken = await planner.post(f"/rosters/{copy}/take-over", follow=False)
    assert taken.headers["location"] == f"/rosters/{roster}"
    assert (await store.counts(UUID(roster))).active == work
    assert "Both have the same work" in said(await planner.get(f"/rosters/{roster}/compare/{copy}"))
    assert "Copy taken over" in said(await planner.get(f"/rosters/{roster}/history"))


async def test_what_changed_in_the_original_meanwhile_is_told_first(
    planner: AtWork, store: PostgresStore, roster: str, copy: str, sample: PracticeTables
) -> None:
    employee = await absent(store, roster, sample)
    refused = await planner.post(f"/rosters/{copy}/take-over")
    assert refused.status_code == 409
    assert "The roster was changed since the copy was made" in said(refused)
    assert employee in said(refused)
    assert (await store.counts(UUID(roster))).active_by_program == 0
    await planner.post(f"/rosters/{copy}/take-over", follow=False, although_changed="true")
    assert (await store.counts(UUID(roster))).active == (await store.counts(UUID(copy))).active


async def test_only_a_copy_of_this_very_roster_can_be_taken_over_from_a_comparison(
    planner: AtWork, store: PostgresStore, roster: str
) -> None:
    for _ in range(2):
        await planner.post(f"/rosters/{roster}/copies", name=" ")
    one, other = await store.copies.list(UUID(roster))
    assert one.naam.endswith(", what if")
    for left, is_offered in ((roster, True), (one.copy_id, False)):
        compared = await planner.get(f"/rosters/{left}/compare/{other.copy_id}")
        assert (f"/rosters/{other.copy_id}/take-over" in compared.text) is is_offered


async def test_nothing_is_taken_over_or_thrown_away_under_a_plan(planner: AtWork, store: PostgresStore, roster: str) -> None:
    made = await planner.post(f"/rosters/{roster}/copies", name="what if")
    asked = await planner.post(f"{made.url.path}/plans", solver="greedy")
    for path, told in (("take-over", "Nothing was taken over: Anna"), ("delete-copy", "Nothing was deleted: Anna")):
        refused = await planner.post(f"{made.url.path}/{path}")
        assert refused.url.path == asked.url.path
        assert told in said(refused)
    assert len(await store.copies.list(UUID(roster))) == 1


async def test_a_copy_is_thrown_away_and_a_roster_never(planner: AtWork, store: PostgresStore, roster: str, copy: str) -> None:
    assert "is no copy" in said(await planner.post(f"/rosters/{roster}/delete-copy"))
    done = await planner.post(f"/rosters/{copy}/delete-copy")
    assert "was deleted" in said(done)
    assert [str(one.id) for one in await store.list_rosters()] == [roster]
    assert (await planner.get(f"/rosters/{roster}/compare/{copy}")).status_code == 404
