"""BatchWriter: what is written, what is adopted, what is left alone, and all or nothing."""

from __future__ import annotations

from uuid import UUID

from greedy.database.connector import DBConnector
from greedy.formats.practice import to_problem
from greedy.persist import BatchWriter
from greedy.store.base import Store
from greedy.workspace import Workspace

COUNTS = "select count(*) from roster_assignments where roster_id = $1 and status = $2 and source is not distinct from $3"


async def rows_of(db: DBConnector, roster_id: UUID) -> list[dict[str, object]]:
    rows = await db.execute(
        "select * from roster_assignments where roster_id = $1 order by employee_id, date, dagdeel", [roster_id], fetch_all=True
    )
    return [dict(row) for row in rows]


async def test_assignments_are_written_with_source_and_time(db: DBConnector, store: Store, workspace: Workspace, roster_id: UUID) -> None:
    result = await BatchWriter(workspace, store).write_assignments()
    assert result == {"written": len(workspace.planned()), "failed": 0, "duration_ms": result["duration_ms"], "error": None}
    assert result["duration_ms"] > 0
    assert await db.execute(COUNTS, [roster_id, 1, "greedy"], fetch_val=True) == len(workspace.planned()) >= 206
    assert await db.execute("select count(*) from roster_assignments where source = 'greedy' and created_at is null", fetch_val=True) == 0


async def test_blocks_that_the_trigger_made_are_adopted_not_doubled(
    db: DBConnector, store: Store, workspace: Workspace, roster_id: UUID
) -> None:
    writer = BatchWriter(workspace, store)
    await writer.write_assignments()
    made_by_trigger = await db.execute("select id from roster_assignments where status = 2 and source = 'trigger'", fetch_all=True)
    assert len(made_by_trigger) == len(workspace.predicted_blocks()) > 100
    result = await writer.write_blocking_records()
    assert (result["written"], result["failed"], result["error"]) == (len(made_by_trigger), 0, None)
    adopted = await db.execute("select id, notes from roster_assignments where status = 2 and source = 'greedy-blocking'", fetch_all=True)
    assert {row["id"] for row in adopted} == {row["id"] for row in made_by_trigger}
    assert all(row["notes"].startswith(("Blocked by DIO 2025-", "Blocked by DDO 2025-")) for row in adopted)
    assert await db.execute("select count(*) from roster_assignments where roster_id = $1", [roster_id], fetch_val=True) == 1470


async def test_blocks_are_written_where_no_trigger_made_them(db: DBConnector, store: Store, workspace: Workspace) -> None:
    await db.execute("alter table roster_assignments disable trigger all")
    writer = BatchWriter(workspace, store)
    await writer.write_assignments()
    assert await db.execute("select count(*) from roster_assignments where status = 2", fetch_val=True) == 0
    result = await writer.write_blocking_records()
    assert result["written"] == len(workspace.predicted_blocks())
    assert await db.execute("select count(*) from roster_assignments where status = 2", fetch_val=True) == len(workspace.predicted_blocks())


async def test_status_0_is_never_written_and_other_peoples_slots_stay(
    db: DBConnector, store: Store, workspace: Workspace, roster_id: UUID
) -> None:
    planners = "select * from roster_assignments where source = 'manual' or status = 3 order by id"
    before = [dict(row) for row in await db.execute(planners, fetch_all=True)]
    open_before = await db.execute(COUNTS, [roster_id, 0, None], fetch_val=True)
    await BatchWriter(workspace, store).write_roster()
    assert [dict(row) for row in await db.execute(planners, fetch_all=True)] == before
    assert len(before) == 196
    open_after = await db.execute(COUNTS, [roster_id, 0, None], fetch_val=True)
    assert open_before - open_after == len(workspace.planned()) + len(workspace.predicted_blocks())


async def test_a_second_write_leaves_the_very_same_rows(db: DBConnector, store: Store, workspace: Workspace, roster_id: UUID) -> None:
    await BatchWriter(workspace, store).write_roster()
    first = await rows_of(db, roster_id)
    again = Workspace(to_problem(await store.load(roster_id)), workspace.freeze())
    assignments, blocking = await BatchWriter(again, store).write_roster()
    assert (assignments["written"], blocking["written"]) == (len(workspace.planned()), len(workspace.predicted_blocks()))
    assert await rows_of(db, roster_id) == first


async def test_a_smaller_roster_frees_what_the_larger_one_took(
    db: DBConnector, store: Store, workspace: Workspace, roster_id: UUID
) -> None:
    untouched = await rows_of(db, roster_id)
    await BatchWriter(workspace, store).write_roster()
    empty = Workspace(workspace.problem)
    assignments, blocking = await BatchWriter(empty, store).write_roster()
    assert (assignments["written"], assignments["error"], blocking["written"]) == (0, None, 0)
    content = [{key: value for key, value in row.items() if key not in ("created_at", "notes")} for row in await rows_of(db, roster_id)]
    assert content == [{key: value for key, value in row.items() if key not in ("created_at", "notes")} for row in untouched]


async def test_the_planners_notes_survive(db: DBConnector, store: Store, workspace: Workspace) -> None:
    block = workspace.predicted_blocks()[0]
    problem = workspace.problem
    key = (problem.employees[block.slot.employee].id, problem.date_of(block.slot.day), problem.dayparts[block.slot.daypart])
    slot = "employee_id = $1 and date = $2 and dagdeel = $3"
    await db.execute(f"update roster_assignments set notes = 'liever niet' where {slot}", [*key])
    await BatchWriter(workspace, store).write_roster()
    assert (
        await db.execute(f"select (status, notes)::text from roster_assignments where {slot}", [*key], fetch_val=True)
        == '(2,"liever niet")'
    )
    await BatchWriter(Workspace(problem), store).write_roster()
    assert (
        await db.execute(f"select (status, notes)::text from roster_assignments where {slot}", [*key], fetch_val=True)
        == '(0,"liever niet")'
    )


async def test_blocks_without_a_reason_are_freed_by_the_program_itself(db: DBConnector, store: Store, workspace: Workspace) -> None:
    await db.execute("alter table roster_assignments disable trigger all")
    await db.execute("update roster_assignments set notes = 'liever niet' where dagdeel = 'M' and status = 0")
    await BatchWriter(workspace, store).write_roster()
    assert await db.execute("select count(*) from roster_assignments where status = 2", fetch_val=True) == len(workspace.predicted_blocks())
    await BatchWriter(Workspace(workspace.problem), store).write_roster()
    assert await db.execute("select count(*) from roster_assignments where status = 2 or source like 'greedy%'", fetch_val=True) == 0
    notes = await db.execute("select distinct dagdeel, notes from roster_assignments where status = 0 order by 1, 2", fetch_all=True)
    assert {(row["dagdeel"], row["notes"]) for row in notes} == {("O", None), ("M", "liever niet"), ("A", None)}


async def test_the_same_run_id_gets_the_stored_answer_and_changes_nothing(
    db: DBConnector, store: Store, workspace: Workspace, roster_id: UUID
) -> None:
    run_id = UUID(int=7)
    first = await BatchWriter(workspace, store, run_id=run_id).write_roster()
    await db.execute("delete from roster_assignments where source = 'greedy' and dagdeel = 'M'")
    changed = await rows_of(db, roster_id)
    assert await BatchWriter(workspace, store, run_id=run_id).write_roster() == first
    assert await rows_of(db, roster_id) == changed


async def test_the_same_run_id_with_another_roster_is_refused(store: Store, workspace: Workspace) -> None:
    run_id = UUID(int=7)
    await BatchWriter(workspace, store, run_id=run_id).write_roster()
    assignments, _ = await BatchWriter(Workspace(workspace.problem), store, run_id=run_id).write_roster()
    assert (assignments["written"], assignments["failed"]) == (0, 0)
    assert assignments["error"] is not None
    assert "already written something else" in assignments["error"]


async def test_statistics_and_verify_write_count_what_the_database_holds(store: Store, workspace: Workspace, roster_id: UUID) -> None:
    writer = BatchWriter(workspace, store)
    await writer.write_roster()
    active, blocked = len(workspace.freeze().assignments), len(workspace.predicted_blocks())
    assert await writer.get_write_statistics() == {
        "active_assignments": active,
        "blocking_assignments": blocked,
        "open_slots": 1470 - active - blocked - 190,
        "total": 1470,
        "roster_id": str(roster_id),
    }
    assert await writer.verify_write(len(workspace.planned()))
    assert not await writer.verify_write(len(workspace.planned()) + 1)
