"""TriggerVerifier: each check passes on a sound database, and names what is wrong with an unsound one."""

from __future__ import annotations

from uuid import UUID

import pytest

from greedy.database.connector import DBConnector
from greedy.formats.practice import to_problem, to_roster
from greedy.persist import DatabaseOperationOrchestrator, TriggerVerifier, VerificationResult
from greedy.persist.trigger_verifier import TRIGGERS
from greedy.store import calls
from greedy.store.base import Store
from greedy.store.postgres import PostgresStore
from greedy.workspace import Workspace


def failed(result: VerificationResult) -> dict[str, str]:
    return {name: check["message"] for name, check in result["checks"].items() if not check["passed"]}


@pytest.fixture
async def verifier(store: Store, workspace: Workspace) -> TriggerVerifier:
    """Over a roster that was written."""
    result = await DatabaseOperationOrchestrator(workspace, store).execute()
    assert result["success"]
    return TriggerVerifier(workspace, store)


async def test_a_sound_database_passes_with_every_count(verifier: TriggerVerifier, workspace: Workspace) -> None:
    result = await verifier.verify_all_triggers()
    duties = [a for a in workspace.freeze().assignments if workspace.problem.services[a.service].code in ("DIO", "DDO")]
    blocked, active = len(workspace.predicted_blocks()), len(workspace.freeze().assignments)
    assert (result["all_passed"], result["error"]) == (True, None)
    checks = result["checks"]
    assert checks["blocking_records"]["blocking_records_count"] == blocked
    assert checks["dio_ddo_blocking"]["dio_ddo_count"] == checks["dio_ddo_blocking"]["verified_count"] == len(duties)
    assert checks["trigger_consistency"] == {
        "passed": True,
        "active_count": active,
        "blocked_count": blocked,
        "total_count": active + blocked,
        "message": "15 triggers are enabled and a probe of 8 slots did what the rules say",
    }
    assert checks["edge_cases"]["duplicates_found"] == 0


async def test_the_four_checks_alone_say_the_same(verifier: TriggerVerifier) -> None:
    checks = (await verifier.verify_all_triggers())["checks"]
    assert await verifier.verify_blocking_records() == checks["blocking_records"]
    assert await verifier.verify_dio_ddo_blocking() == checks["dio_ddo_blocking"]
    assert await verifier.verify_trigger_consistency() == checks["trigger_consistency"]
    assert await verifier.verify_edge_cases() == checks["edge_cases"]


async def test_a_disabled_trigger_fails_by_name_though_the_rows_are_right(db: DBConnector, verifier: TriggerVerifier) -> None:
    for table, trigger in TRIGGERS:
        await db.execute(f"alter table {table} disable trigger {trigger}")
        result = await verifier.verify_all_triggers()
        assert failed(result).keys() == {"trigger_consistency"}
        assert failed(result)["trigger_consistency"].partition(";")[0] == f"trigger {trigger} on {table} is disabled"
        await db.execute(f"alter table {table} enable trigger {trigger}")
    assert (await verifier.verify_all_triggers())["all_passed"]


async def test_a_dropped_trigger_fails_by_name_though_the_rows_are_right(db: DBConnector, verifier: TriggerVerifier) -> None:
    made = "select pg_get_triggerdef(oid) from pg_trigger where tgrelid = $1::text::regclass and tgname = $2::text"
    for table, trigger in TRIGGERS:
        definition = await db.execute(made, [table, trigger], fetch_val=True)
        await db.execute(f"drop trigger {trigger} on {table}")
        result = await verifier.verify_all_triggers()
        assert failed(result).keys() == {"trigger_consistency"}
        assert failed(result)["trigger_consistency"].partition(";")[0] == f"trigger {trigger} is missing on {table}"
        await db.execute(definition)
    assert (await verifier.verify_all_triggers())["all_passed"]


async def test_a_trigger_of_the_right_name_that_does_nothing_is_noticed(db: DBConnector, verifier: TriggerVerifier) -> None:
    await db.execute("create or replace function keep_blocking_true() returns trigger language plpgsql as $$ begin return null; end $$")
    message = failed(await verifier.verify_all_triggers())["trigger_consistency"]
    assert "the triggers do not block: DDO day 0 M, DDO day 1 M, DDO day 1 O" in message


async def test_a_trigger_that_never_frees_is_noticed(db: DBConnector, verifier: TriggerVerifier) -> None:
    await db.execute(
        "create or replace function sync_blocked_slots(touched slot_content[]) returns void language sql as $$ "
        "insert into roster_assignments (roster_id, employee_id, date, dagdeel, status, blocked_by_date, blocked_by_dagdeel, blocked_by_service_id) "
        "select t.roster_id, t.employee_id, t.date, t.dagdeel, 2, a.date, a.dagdeel, a.service_id from unnest(touched) t "
        "join roster_assignments a using (roster_id, employee_id) join service_blocking_rules r on r.service_id = a.service_id "
        "and a.date = t.date - r.dag_offset and r.dagdeel = t.dagdeel join rosters on rosters.id = t.roster_id "
        "where a.status = 1 and t.date <= end_date on conflict do nothing $$"
    )
    message = failed(await verifier.verify_all_triggers())["trigger_consistency"]
    assert message == "the triggers do not free 8 slots when a duty goes"


async def test_every_trigger_of_the_schema_is_looked_for(store: Store) -> None:
    assert {(trigger.table, trigger.name): trigger.function for trigger in await store.triggers()} == TRIGGERS


async def test_a_trigger_that_takes_absence_or_work_is_noticed(db: DBConnector, verifier: TriggerVerifier) -> None:
    body = await db.execute("select prosrc from pg_proc where proname = 'sync_blocked_slots'", fetch_val=True)
    assert "where roster_assignments.status = 0" in body
    careless = body.replace("set status = 2, source", "set status = 2, service_id = null, source").replace(
        "where roster_assignments.status = 0", ""
    )
    await db.execute(
        f"create or replace function sync_blocked_slots(touched slot_content[]) returns void language plpgsql as $f$ {careless} $f$"
    )
    message = failed(await verifier.verify_all_triggers())["trigger_consistency"]
    assert "the triggers overwrite: status 1 under DDO day 0 M" in message
    assert "and 7 more" in message  # six slots, each with work and with absence


async def test_a_trigger_that_calls_something_else_is_noticed(db: DBConnector, verifier: TriggerVerifier) -> None:
    await db.execute(
        "drop trigger keep_blocking_true_after_delete on roster_assignments;"
        "create trigger keep_blocking_true_after_delete after delete on roster_assignments referencing old table as new_rows "
        "for each statement execute function refuse_dates_outside_roster()"
    )
    message = failed(await verifier.verify_all_triggers())["trigger_consistency"]
    assert (
        "keep_blocking_true_after_delete on roster_assignments calls refuse_dates_outside_roster instead of keep_blocking_true" in message
    )


@pytest.mark.parametrize(
    "changed", ["blocked_by_date = '2020-01-01'", "blocked_by_service_id = (select id from service_types where code = 'OSP')"]
)
async def test_a_block_with_a_wrong_reason_is_an_edge_case(db: DBConnector, verifier: TriggerVerifier, changed: str) -> None:
    await db.execute("alter table roster_assignments disable trigger all")
    await db.execute(f"update roster_assignments set {changed} where status = 2 and employee_id = 'EMP001'")
    await db.execute("alter table roster_assignments enable trigger all")
    assert "blocked without a duty that blocks them: EMP001" in failed(await verifier.verify_all_triggers())["edge_cases"]


async def test_work_that_changed_hands_is_noticed(db: DBConnector, verifier: TriggerVerifier) -> None:
    await db.execute("update roster_assignments set source = 'manual' where source = 'greedy' and employee_id = 'EMP002'")
    message = failed(await verifier.verify_all_triggers())["trigger_consistency"]
    assert "not in the database: EMP002" in message


async def test_a_missing_block_fails_two_checks(db: DBConnector, verifier: TriggerVerifier, workspace: Workspace) -> None:
    block = workspace.predicted_blocks()[0]
    employee, day = workspace.problem.employees[block.slot.employee].id, workspace.problem.date_of(block.slot.day)
    await db.execute("alter table roster_assignments disable trigger all")
    await db.execute("delete from roster_assignments where status = 2 and employee_id = $1 and date = $2", [employee, day])
    await db.execute("alter table roster_assignments enable trigger all")
    messages = failed(await verifier.verify_all_triggers())
    assert messages.keys() == {"blocking_records", "dio_ddo_blocking"}
    assert f"not blocked: {employee} {day}" in messages["blocking_records"]
    assert f"does not block {day}" in messages["dio_ddo_blocking"]


async def test_an_orphan_is_an_edge_case(db: DBConnector, verifier: TriggerVerifier, roster_id: UUID) -> None:
    slot = await db.execute("select id from roster_assignments where roster_id = $1 and status = 0 limit 1", [roster_id], fetch_val=True)
    await db.execute(
        "update roster_assignments set status = 2, source = 'greedy-blocking', blocked_by_date = '2025-12-20', blocked_by_dagdeel = 'O', "
        "blocked_by_service_id = (select id from service_types where code = 'DDO') where id = $1",
        [slot],
    )
    messages = failed(await verifier.verify_all_triggers())
    assert "blocked without a duty that blocks them" in messages["edge_cases"]
    assert "blocked without being predicted" in messages["blocking_records"]


async def test_duplicates_and_rows_outside_are_edge_cases(db: DBConnector, verifier: TriggerVerifier, roster_id: UUID) -> None:
    await db.execute("alter table roster_assignments drop constraint roster_assignments_roster_id_employee_id_date_dagdeel_key")
    await db.execute("alter table roster_assignments disable trigger all")
    copied = "insert into roster_assignments (roster_id, employee_id, date, dagdeel, status) select roster_id, employee_id, {}, dagdeel, 3 "
    source = "from roster_assignments where roster_id = $1 and employee_id = 'EMP001' and date = '2025-12-28' and dagdeel = 'A' limit 1"
    await db.execute(copied.format("date") + source, [roster_id])
    await db.execute(copied.format("date '2026-01-05'") + source, [roster_id])
    check = await verifier.verify_edge_cases()
    assert (check["passed"], check["duplicates_found"]) == (False, 1)
    assert check["message"].startswith("1 slots stand more than once; ")
    assert "rows lie outside the dates of the roster" in check["message"]


async def test_work_that_is_not_in_the_database_and_work_that_was_not_planned(
    db: DBConnector, verifier: TriggerVerifier, workspace: Workspace
) -> None:
    await db.execute("delete from roster_assignments where source = 'manual' and employee_id = 'EMP001'")
    assert "not in the database: EMP001 2025-11-25 O" in (await verifier.verify_trigger_consistency())["message"]
    assert "not planned" in (await TriggerVerifier(Workspace(workspace.problem), verifier._store).verify_trigger_consistency())["message"]


async def test_an_unreachable_database_is_a_result_with_its_error(workspace: Workspace, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "RETRY_SECONDS", 0.3)
    closed = PostgresStore(DBConnector("postgresql://nobody@127.0.0.1:1/none", min_size=1))
    result = await TriggerVerifier(workspace, closed).verify_all_triggers()
    assert (result["all_passed"], result["checks"]) == (False, {})
    assert result["error"] is not None
    assert result["error"].startswith("cannot reach nobody@127.0.0.1:1/none")


async def test_the_probe_leaves_nothing_behind(db: DBConnector, verifier: TriggerVerifier) -> None:
    counted = "select (select count(*) from rosters) + (select count(*) from employees) + (select count(*) from roster_assignments)"
    before = await db.execute(counted, fetch_val=True)
    await verifier.verify_all_triggers()
    assert await db.execute(counted, fetch_val=True) == before


async def test_a_roster_from_the_database_verifies_itself(store: Store, verifier: TriggerVerifier, roster_id: UUID) -> None:
    tables = await store.load(roster_id)
    again = TriggerVerifier(Workspace(to_problem(tables), to_roster(tables)), store)
    assert (await again.verify_all_triggers())["all_passed"]


async def test_rest_from_the_roster_before_is_neither_orphan_nor_surprise(db: DBConnector, store: Store, roster_id: UUID) -> None:
    slot = "employee_id = 'EMP001' and date = '2025-11-24' and dagdeel = 'O'"
    await db.execute(
        f"update roster_assignments set status = 2, blocked_by_date = '2025-11-23', blocked_by_dagdeel = 'O', "
        f"blocked_by_service_id = (select id from service_types where code = 'DIO') where {slot}"
    )
    tables = await store.load(roster_id)
    workspace = Workspace(to_problem(tables))
    assert len(workspace.problem.blocked) == 1
    result = await DatabaseOperationOrchestrator(workspace, store).execute()
    assert result["verification"] is not None
    assert result["verification"]["all_passed"]
    assert await db.execute(f"select status from roster_assignments where {slot}", fetch_val=True) == 2
