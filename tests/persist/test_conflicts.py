"""What the planner changes between load and write: nothing is written, and the conflicts are listed."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest
from structlog.testing import capture_logs

from greedy.database.connector import DBConnector
from greedy.persist import BatchWriter, DatabaseOperationOrchestrator
from greedy.store import calls
from greedy.store.base import RosterBusyError, RosterConflictError, Store
from greedy.workspace import Workspace
from tests.timing import PATIENCE_SECONDS, until_sessions_wait

STATE = "select jsonb_agg(to_jsonb(a) order by id)::text from roster_assignments a"


def planned_key(workspace: Workspace, code: str) -> tuple[str, object, str]:
    """Natural key of some slot that is planned for a service."""
    problem = workspace.problem
    chosen = next(a for a in workspace.planned() if problem.services[a.service].code == code)
    slot = problem.slot_of(chosen)
    return problem.employees[slot.employee].id, problem.date_of(slot.day), problem.dayparts[slot.daypart]


async def refused(db: DBConnector, store: Store, workspace: Workspace) -> RosterConflictError:
    """Write, see it refused with everything as it was, and return the error."""
    before = await db.execute(STATE, fetch_val=True)
    writer = BatchWriter(workspace, store)
    assignments, blocking = await writer.write_roster()
    assert (assignments["written"], blocking["written"]) == (0, 0)
    assert assignments["failed"] == len(workspace.planned())
    assert await db.execute(STATE, fetch_val=True) == before
    assert isinstance(writer.error, RosterConflictError)
    return writer.error


async def test_a_slot_that_became_unavailable(db: DBConnector, store: Store, workspace: Workspace) -> None:
    employee, day, dagdeel = planned_key(workspace, "OSP")
    await db.execute(
        "update roster_assignments set status = 3 where employee_id = $1 and date = $2 and dagdeel = $3", [employee, day, dagdeel]
    )
    error = await refused(db, store, workspace)
    assert error.details == (f"{employee} {day} {dagdeel}: OPEN when loaded, UNAVAILABLE now",)


async def test_a_slot_that_got_pinned_work(db: DBConnector, store: Store, workspace: Workspace) -> None:
    employee, day, dagdeel = planned_key(workspace, "MSP")
    await db.execute("update roster_assignments set status = 1, source = 'manual', service_id = (select id from service_types where code = 'GRB') "
        "where employee_id = $1 and date = $2 and dagdeel = $3", [employee, day, dagdeel])  # fmt: skip
    assert (await refused(db, store, workspace)).details == (f"{employee} {day} {dagdeel}: OPEN when loaded, ACTIVE now",)


async def test_pinned_work_that_is_gone_or_changed(db: DBConnector, store: Store, workspace: Workspace) -> None:
    await db.execute(
        "update roster_assignments set status = 0, service_id = null, source = null where source = 'manual' and employee_id = 'EMP001'"
    )
    await db.execute(
        "update roster_assignments set service_id = (select id from service_types where code = 'GRB') "
        "where source = 'manual' and employee_id = 'EMP005'"
    )
    details = (await refused(db, store, workspace)).details
    assert details == ("EMP001 2025-11-25 O: ACTIVE when loaded, OPEN now", "EMP005 2025-12-04 M: ACTIVE with another service now")


@pytest.mark.parametrize(
    "change",
    [
        "update roster_period_staffing_dagdelen set aantal = 2 where aantal = 1 and date = '2025-12-01'",
        "update roster_employee_services set aantal = aantal + 1 where employee_id = 'EMP003'",
        "update employees set team = 'Overig' where id = 'EMP004'",
        "update employees set structureel_nbh = '{\"ma\": [\"O\"]}' where id = 'EMP004'",
        "delete from service_blocking_rules where dag_offset = 0",
        "update service_types set actief = false where code = 'RO'",
    ],
)
async def test_changed_input(db: DBConnector, store: Store, workspace: Workspace, change: str) -> None:
    await db.execute(change)
    assert (await refused(db, store, workspace)).details == ("demand, capabilities, services or rules changed",)


async def test_an_open_slot_that_another_programs_work_took_after_load(db: DBConnector, store: Store, workspace: Workspace) -> None:
    # Without a row in `expected` the residual check must notice it: somebody blocked the slot by hand.
    employee, day, dagdeel = planned_key(workspace, "ECH")
    await db.execute("update roster_assignments set status = 2, source = 'manual', blocked_by_date = '2025-11-23', blocked_by_dagdeel = 'A', "
        "blocked_by_service_id = (select id from service_types where code = 'DIA') where employee_id = $1 and date = $2 and dagdeel = $3", [employee, day, dagdeel])  # fmt: skip
    assert (await refused(db, store, workspace)).details == (f"{employee} {day} {dagdeel}: OPEN when loaded, BLOCKED now",)


async def test_a_planner_in_the_middle_of_a_change_is_never_disturbed(
    db: DBConnector, store: Store, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "RETRY_SECONDS", 0.3)
    employee, day, dagdeel = planned_key(workspace, "OSP")
    async with db.transaction() as planner:
        await planner.execute(
            "select from roster_assignments where employee_id = $1 and date = $2 and dagdeel = $3 for update", [employee, day, dagdeel]
        )
        writer = BatchWriter(workspace, store)
        assignments, _ = await writer.write_roster()
        assert assignments["written"] == 0
        assert isinstance(writer.error, RosterBusyError)
        await planner.execute(
            "update roster_assignments set status = 3 where employee_id = $1 and date = $2 and dagdeel = $3", [employee, day, dagdeel]
        )
    assert await db.execute("select count(*) from roster_assignments where source = 'greedy'", fetch_val=True) == 0


async def test_a_write_gives_way_at_once_when_a_planner_holds_a_slot_that_it_wants(
    db: DBConnector, store: Store, workspace: Workspace
) -> None:
    slot = "employee_id = $1 and date = $2 and dagdeel = $3"
    key = planned_key(workspace, "OSP")
    await db.execute("alter function write_roster_v1 set lock_timeout = '1h'")  # one that waits, waits longer than this test does
    async with db.transaction() as planner:
        await planner.execute(f"select from roster_assignments where {slot} for update", [*key])
        with capture_logs() as logs:
            writing = asyncio.create_task(BatchWriter(workspace, store).write_roster())
            async with asyncio.timeout(PATIENCE_SECONDS):
                while "database.retry" not in [line["event"] for line in logs]:
                    await asyncio.sleep(0.01)
        await planner.execute(f"update roster_assignments set status = 3 where {slot}", [*key])
    assert "the planner changed roster" in str((await writing)[0]["error"])


async def test_a_write_gives_way_to_somebody_who_deletes_the_roster(
    db: DBConnector, store: Store, workspace: Workspace, roster_id: UUID, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "RETRY_SECONDS", 0.3)
    await db.execute("alter function write_roster_v1 set lock_timeout = '1h'")  # one that waits, waits longer than this test does
    async with db.transaction() as planner:
        await planner.execute("select from rosters where id = $1 for update", [roster_id])
        writer = BatchWriter(workspace, store)
        await asyncio.wait_for(writer.write_roster(), PATIENCE_SECONDS)
        assert isinstance(writer.error, RosterBusyError)
        await planner.execute("delete from rosters where id = $1", [roster_id])
    assert (await writer.write_roster())[0]["error"] == f"no roster has the id {roster_id}"


async def test_a_write_waits_for_the_planner_to_finish(db: DBConnector, store: Store, workspace: Workspace) -> None:
    employee, day, dagdeel = planned_key(workspace, "OSP")
    async with db.transaction() as planner:
        await planner.execute(
            "update roster_assignments set notes = 'x' where employee_id = $1 and date = $2 and dagdeel = $3", [employee, day, dagdeel]
        )
        writing = asyncio.create_task(BatchWriter(workspace, store).write_roster())
        await until_sessions_wait(db)
        assert not writing.done()
    assignments, _ = await writing
    assert (assignments["written"], assignments["error"]) == (len(workspace.planned()), None)


async def test_planners_who_change_slots_while_runs_write_are_never_refused(
    db: DBConnector, store: Store, workspace: Workspace, roster_id: UUID
) -> None:
    """Slots that the write blocks, plans, or never touches; updates, and inserts of slots without a row."""
    block = workspace.predicted_blocks()[0]
    problem = workspace.problem
    employee, day = problem.employees[block.slot.employee].id, problem.date_of(block.slot.day)
    await db.execute("delete from roster_assignments where status = 0 and employee_id = 'EMP014'")
    stop = asyncio.Event()

    async def plan(number: int) -> int:
        done = 0
        while not stop.is_set():
            status = 3 if (done + number) % 2 else 0
            await db.execute(
                "update roster_assignments set status = $3 where employee_id = $1 and date = $2 and status in (0, 3)",
                [employee, day, status],
            )
            await db.execute("insert into roster_assignments (roster_id, employee_id, date, dagdeel, status) values ($1, 'EMP014', $2, 'M', $3) "
                "on conflict (roster_id, employee_id, date, dagdeel) do update set status = excluded.status where roster_assignments.status in (0, 3)", [roster_id, problem.date_of(number + done % 3), status])  # fmt: skip
            done += 1
        return done

    planners = [asyncio.create_task(plan(number)) for number in range(2)]
    await asyncio.sleep(0)
    for _ in range(15):
        writer = BatchWriter(workspace, store)
        await writer.write_roster()
        assert isinstance(writer.error, RosterConflictError | RosterBusyError | None)
    stop.set()
    assert min(await asyncio.gather(*planners)) > 5  # a deadlock would have come out of a planner as an error


async def test_own_blocks_without_a_duty_do_not_stop_a_run(db: DBConnector, store: Store, workspace: Workspace) -> None:
    employee, day, dagdeel = planned_key(workspace, "ECH")
    await db.execute("update roster_assignments set status = 2, source = 'greedy-blocking', blocked_by_date = '2025-12-20', blocked_by_dagdeel = 'A', "
        "blocked_by_service_id = (select id from service_types where code = 'DIA') where employee_id = $1 and date = $2 and dagdeel = $3", [employee, day, dagdeel])  # fmt: skip
    result = await DatabaseOperationOrchestrator(workspace, store).execute()
    assert (result["success"], result["verification"] and result["verification"]["all_passed"]) == (True, True)


async def test_rest_that_a_planner_enters_between_load_and_write(db: DBConnector, store: Store, workspace: Workspace) -> None:
    block = workspace.predicted_blocks()[0]
    problem = workspace.problem
    employee, day, dagdeel = (
        problem.employees[block.slot.employee].id,
        problem.date_of(block.slot.day),
        problem.dayparts[block.slot.daypart],
    )
    await db.execute("update roster_assignments set status = 2, source = 'manual', blocked_by_date = '2025-11-23', blocked_by_dagdeel = 'A', "
        "blocked_by_service_id = (select id from service_types where code = 'DIA') where employee_id = $1 and date = $2 and dagdeel = $3", [employee, day, dagdeel])  # fmt: skip
    assert (await refused(db, store, workspace)).details == (f"{employee} {day} {dagdeel}: OPEN when loaded, BLOCKED now",)


async def test_another_practices_services_are_no_change(db: DBConnector, store: Store, workspace: Workspace) -> None:
    await db.execute(
        "insert into service_types (code, naam, dagdeel, begintijd, eindtijd, duur_minuten) values ('NEW', 'Elsewhere', 'O', '09:00', '10:00', 60)"
    )
    assert (await BatchWriter(workspace, store).write_roster())[0]["error"] is None


async def test_two_runs_at_the_same_time_leave_one_of_the_two_rosters(db: DBConnector, store: Store, workspace: Workspace) -> None:
    smaller = Workspace(workspace.problem)
    results = await asyncio.gather(
        *(DatabaseOperationOrchestrator(one, store).execute() for one in (workspace, smaller, workspace, smaller))
    )
    assert all(result["success"] for result in results)
    written = await db.execute("select count(*) from roster_assignments where source = 'greedy'", fetch_val=True)
    blocked = await db.execute("select count(*) from roster_assignments where status = 2", fetch_val=True)
    assert (written, blocked) in {(len(workspace.planned()), len(workspace.predicted_blocks())), (0, 0)}


async def test_a_final_roster_is_not_written(db: DBConnector, store: Store, workspace: Workspace, roster_id: UUID) -> None:
    await db.execute("update rosters set status = 'final' where id = $1", [roster_id])
    result = await BatchWriter(workspace, store).write_assignments()
    assert result["error"] == f"roster {roster_id} is final; nothing was written"
    assert await db.execute("select count(*) from roster_assignments where source = 'greedy'", fetch_val=True) == 0


async def test_a_deleted_roster_is_told(db: DBConnector, store: Store, workspace: Workspace, roster_id: UUID) -> None:
    await db.execute("delete from rosters where id = $1", [roster_id])
    result = await BatchWriter(workspace, store).write_assignments()
    assert result["error"] == f"no roster has the id {roster_id}"
