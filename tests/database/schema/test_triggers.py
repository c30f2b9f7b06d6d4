"""The schema holds every constraint that a database can hold, and its triggers do what single rows ask of them."""

from __future__ import annotations

import asyncio
from uuid import UUID

import pytest

from greedy.database.connector import DBConnector
from greedy.database.errors import QueryError
from greedy.formats.tables import PracticeTables
from greedy.store.postgres import PostgresStore
from tests.timing import until_sessions_wait

SLOT = "where employee_id = $1 and date = $2::text::date and dagdeel = $3"


@pytest.fixture
async def roster(db: DBConnector, store: PostgresStore, sample: PracticeTables) -> UUID:
    """The sample, with its slots emptied."""
    await store.import_tables(sample)
    await db.execute("delete from roster_assignments")
    return sample.roster.id


async def put(db: DBConnector, employee: str, day: str, dagdeel: str, status: int, code: str | None = None) -> None:
    await db.execute("insert into roster_assignments (roster_id, employee_id, date, dagdeel, status, service_id) "
        "values ((select id from rosters), $1, $2::text::date, $3, $4, (select id from service_types where code = $5)) "
        "on conflict (roster_id, employee_id, date, dagdeel) do update "
        "set status = excluded.status, service_id = excluded.service_id, source = null, "
        "blocked_by_date = null, blocked_by_dagdeel = null, blocked_by_service_id = null", [employee, day, dagdeel, status, code])  # fmt: skip


async def blocked(db: DBConnector, employee: str = "EMP003") -> dict[str, str]:
    rows = await db.execute(
        "select a.date, a.dagdeel, blocked_by_date, s.code from roster_assignments a join service_types s on s.id = blocked_by_service_id "
        "where status = 2 and employee_id = $1 order by a.date, position(a.dagdeel in 'OMA')",
        [employee],
        fetch_all=True,
    )
    return {f"{row['date']:%m-%d} {row['dagdeel']}": f"{row['code']} {row['blocked_by_date']:%m-%d}" for row in rows}


DIO_24 = {"11-24 M": "DIO 11-24", "11-25 O": "DIO 11-24", "11-25 M": "DIO 11-24"}


@pytest.mark.parametrize(
    ("sql", "constraint"),
    [
        ("insert into rosters (start_date, end_date, status) values ('2025-01-01', '2025-01-02', 'klaar')", "rosters_status_check"),
        ("insert into rosters (start_date, end_date) values ('2025-01-01', '2035-01-02')", "rosters_check1"),
        ("insert into employees (id, voornaam, team) values ('x', 'X', 'Blauw')", "employees_team_check"),
        ('update employees set structureel_nbh = \'{"xx": ["O"]}\'', "employees_structureel_nbh_check"),
        ('update employees set structureel_nbh = \'{"ma": ["N"]}\'', "employees_structureel_nbh_check"),
        ("update service_types set dagdeel = 'N'", "service_types_dagdeel_check"),
        ("update service_types set gekoppeld_aan = 'NO'", "service_types_gekoppeld_aan_fkey"),
        ("update roster_period_staffing_dagdelen set aantal = 10", "roster_period_staffing_dagdelen_aantal_check"),
        ("update roster_period_staffing_dagdelen set team = 'BLA'", "roster_period_staffing_dagdelen_team_check"),
        (
            "update roster_period_staffing_dagdelen set date = '2026-01-01' where date = '2025-12-01'",
            "roster_period_staffing_dagdelen_date_in_roster",
        ),
        (
            "update roster_period_staffing_dagdelen set aantal = 1, status = 'MOET' where dagdeel = 'A'",
            "roster_period_staffing_dagdelen_dagdeel_of_service",
        ),
        ("update rosters set naam = repeat('x', 2001)", "rosters_naam_check"),
        ("update service_types set eindtijd = '24:00'", "service_types_eindtijd_check"),
        ("update roster_employee_services set aantal = -1", "roster_employee_services_aantal_check"),
        ("delete from employees", "roster_employee_services_employee_id_fkey"),
        ("update rosters set end_date = '2025-12-01'", "rosters_rows_in_dates"),
    ],
)
async def test_what_the_tables_refuse(db: DBConnector, roster: UUID, sql: str, constraint: str) -> None:
    with pytest.raises(QueryError) as caught:
        await db.execute(sql)
    assert caught.value.constraint == constraint


@pytest.mark.parametrize(
    ("columns", "values", "constraint"),
    [
        ("date, dagdeel, status", "'2026-01-01', 'O', 3", "roster_assignments_date_in_roster"),
        ("date, dagdeel, status", "'2025-11-24', 'N', 3", "roster_assignments_dagdeel_check"),
        ("date, dagdeel, status", "'2025-11-24', 'O', 4", "roster_assignments_status_check"),
        ("date, dagdeel, status", "'2025-11-24', 'O', 1", "roster_assignments_check"),
        ("date, dagdeel, status", "'2025-11-24', 'O', 2", "roster_assignments_check1"),
        ("date, dagdeel, status, service_id", "'2025-11-24', 'A', 1, (select id from service_types where code = 'OSP')", "roster_assignments_service_id_dagdeel_fkey"),
        ("date, dagdeel, status, service_id", "'2025-11-24', 'O', 3, (select id from service_types where code = 'OSP')", "roster_assignments_check"),
    ],
)  # fmt: skip
async def test_what_a_slot_refuses(db: DBConnector, roster: UUID, columns: str, values: str, constraint: str) -> None:
    with pytest.raises(QueryError) as caught:
        await db.execute(f"insert into roster_assignments (roster_id, employee_id, {columns}) values ($1, 'EMP003', {values})", [roster])
    assert caught.value.constraint == constraint


async def test_a_slot_exists_once(db: DBConnector, roster: UUID) -> None:
    await put(db, "EMP003", "2025-11-24", "O", 3)
    with pytest.raises(QueryError, match="duplicate key"):
        await db.execute(
            "insert into roster_assignments (roster_id, employee_id, date, dagdeel) values ($1, 'EMP003', '2025-11-24', 'O')", [roster]
        )


async def test_a_duty_makes_and_turns_open_slots(db: DBConnector, roster: UUID) -> None:
    await put(db, "EMP003", "2025-11-25", "O", 0)
    await put(db, "EMP003", "2025-11-24", "O", 1, "DIO")
    assert await blocked(db) == DIO_24
    assert await db.execute("select count(*) from roster_assignments", fetch_val=True) == 4


async def test_worked_and_unavailable_slots_are_never_overwritten(db: DBConnector, roster: UUID) -> None:
    await put(db, "EMP003", "2025-11-25", "O", 1, "OSP")
    await put(db, "EMP003", "2025-11-25", "M", 3)
    await put(db, "EMP003", "2025-11-24", "O", 1, "DIO")
    assert await blocked(db) == {"11-24 M": "DIO 11-24"}


async def test_a_duty_that_goes_frees_exactly_what_it_blocked(db: DBConnector, roster: UUID) -> None:
    await put(db, "EMP003", "2025-11-24", "O", 1, "DIO")
    await put(db, "EMP003", "2025-11-27", "O", 1, "DDO")
    await db.execute(f"delete from roster_assignments {SLOT}", ["EMP003", "2025-11-24", "O"])
    assert await blocked(db) == {"11-27 M": "DDO 11-27", "11-28 O": "DDO 11-27", "11-28 M": "DDO 11-27"}
    assert await db.execute("select count(*) from roster_assignments where status = 0 and blocked_by_date is null", fetch_val=True) == 3


async def test_a_slot_that_two_duties_block_stays_with_the_other(db: DBConnector, roster: UUID) -> None:
    await put(db, "EMP003", "2025-11-25", "O", 1, "DDO")  # pinned against the rule, as a planner may
    await put(db, "EMP003", "2025-11-24", "O", 1, "DIO")
    assert (await blocked(db))["11-25 M"] == "DIO 11-24"  # the first of the two is on record
    await db.execute(f"delete from roster_assignments {SLOT}", ["EMP003", "2025-11-24", "O"])
    assert await blocked(db) == {"11-25 M": "DDO 11-25", "11-26 O": "DDO 11-25"}  # absent on Wednesday afternoons


async def test_a_duty_that_changes_day_employee_or_service_takes_its_blocks_along(db: DBConnector, roster: UUID) -> None:
    await put(db, "EMP003", "2025-11-24", "O", 1, "DIO")
    await db.execute(f"update roster_assignments set date = '2025-12-01' {SLOT}", ["EMP003", "2025-11-24", "O"])
    assert list(await blocked(db)) == ["12-01 M", "12-02 O", "12-02 M"]
    await db.execute(f"update roster_assignments set employee_id = 'EMP001' {SLOT}", ["EMP003", "2025-12-01", "O"])
    assert (await blocked(db), list(await blocked(db, "EMP001"))) == ({}, ["12-01 M", "12-02 O", "12-02 M"])
    await put(db, "EMP001", "2025-12-01", "O", 1, "OSP")
    assert await blocked(db, "EMP001") == {}


async def test_blocking_cannot_be_taken_away_while_the_duty_stands(db: DBConnector, roster: UUID) -> None:
    await put(db, "EMP003", "2025-11-24", "O", 1, "DIO")
    await db.execute("delete from roster_assignments where status = 2")
    assert await blocked(db) == DIO_24
    await put(db, "EMP003", "2025-11-24", "M", 0)
    assert await blocked(db) == DIO_24
    await put(db, "EMP003", "2025-11-24", "M", 3)
    await put(db, "EMP003", "2025-11-24", "M", 0)
    assert await blocked(db) == DIO_24


async def test_the_last_day_blocks_nothing_outside_and_a_longer_roster_blocks_more(db: DBConnector, roster: UUID) -> None:
    await put(db, "EMP001", "2025-12-28", "O", 1, "DIO")
    assert await blocked(db, "EMP001") == {"12-28 M": "DIO 12-28"}
    await db.execute("update rosters set end_date = '2025-12-31'")
    assert list(await blocked(db, "EMP001")) == ["12-28 M", "12-29 O", "12-29 M"]


async def test_structural_absence_is_no_open_slot(db: DBConnector, roster: UUID) -> None:
    await put(db, "EMP007", "2025-11-26", "O", 1, "DIO")  # EMP007 is absent on Thursday mornings and afternoons
    assert list(await blocked(db, "EMP007")) == ["11-26 M"]


async def test_an_open_row_that_arrives_under_a_duty_is_blocked(db: DBConnector, roster: UUID) -> None:
    await put(db, "EMP007", "2025-11-26", "O", 1, "DIO")
    await db.execute("alter table employees disable trigger all")
    await db.execute("update employees set structureel_nbh = '{}' where id = 'EMP007'")
    await put(db, "EMP007", "2025-11-27", "O", 0)
    assert list(await blocked(db, "EMP007")) == ["11-26 M", "11-27 O"]


async def test_changed_absence_holds_for_slots_that_are_blocked_already(db: DBConnector, roster: UUID) -> None:
    await put(db, "EMP003", "2025-11-24", "O", 1, "DIO")
    await db.execute("update employees set structureel_nbh = '{\"di\": [\"O\"]}' where id = 'EMP003'")
    assert list(await blocked(db)) == ["11-24 M", "11-25 M"]
    await db.execute("update employees set structureel_nbh = '{}' where id = 'EMP003'")
    assert await blocked(db) == DIO_24


async def test_changed_rules_hold_for_duties_that_stand_already(db: DBConnector, roster: UUID) -> None:
    await put(db, "EMP003", "2025-11-25", "O", 1, "DIO")
    await db.execute("delete from service_blocking_rules where dag_offset = 1")
    assert list(await blocked(db)) == ["11-25 M"]
    await db.execute("insert into service_blocking_rules select id, -1, 'A' from service_types where code = 'DIO'")
    assert list(await blocked(db)) == ["11-24 A", "11-25 M"]
    await db.execute("update service_blocking_rules set dag_offset = -2 where dag_offset = -1")
    assert await blocked(db) == {"11-25 M": "DIO 11-25"}  # two days before lies outside the roster
    await db.execute("update rosters set status = 'final'")
    await db.execute("delete from service_blocking_rules")
    assert list(await blocked(db)) == ["11-25 M"]  # a final roster stays as it is
    with pytest.raises(QueryError, match="would block its own slot"):
        await db.execute("insert into service_blocking_rules select id, 0, 'O' from service_types where code = 'DIO'")


async def test_a_takeover_goes_round_absence(db: DBConnector, roster: UUID) -> None:
    await put(db, "EMP001", "2025-11-24", "O", 1, "DIO")
    await put(db, "EMP001", "2025-11-25", "O", 1, "DIO")
    await db.execute("alter table employees disable trigger all")
    await db.execute("update employees set structureel_nbh = '{\"di\": [\"M\"]}' where id = 'EMP001'")
    await db.execute(f"delete from roster_assignments {SLOT}", ["EMP001", "2025-11-24", "O"])
    assert list(await blocked(db, "EMP001")) == ["11-26 O", "11-26 M"]


async def test_a_day_that_is_given_to_somebody_else_leaves_no_orphans(db: DBConnector, roster: UUID) -> None:
    await put(db, "EMP003", "2025-11-24", "O", 1, "DIO")
    await db.execute("update roster_assignments set employee_id = 'EMP001' where employee_id = 'EMP003' and date = '2025-11-25'")
    assert (await blocked(db), await blocked(db, "EMP001")) == (DIO_24, {})


async def test_rest_that_others_keep_is_not_the_triggers(db: DBConnector, roster: UUID) -> None:
    await db.execute(
        "insert into roster_assignments (roster_id, employee_id, date, dagdeel, status, blocked_by_date, blocked_by_dagdeel, blocked_by_service_id) "
        "select $1, 'EMP003', '2025-11-24', 'M', 2, '2025-11-23', 'O', id from service_types where code = 'DIO'",
        [roster],
    )
    await put(db, "EMP003", "2025-11-24", "O", 1, "DIO")
    await db.execute(f"delete from roster_assignments {SLOT}", ["EMP003", "2025-11-24", "O"])
    assert await blocked(db) == {"11-24 M": "DIO 11-23"}


async def test_a_shorter_roster_takes_its_blocks_along(db: DBConnector, roster: UUID) -> None:
    await db.execute("delete from roster_period_staffing_dagdelen")
    await put(db, "EMP003", "2025-11-27", "O", 1, "DIO")
    await db.execute("update rosters set end_date = '2025-11-27'")
    assert list(await blocked(db)) == ["11-27 M"]


async def test_dates_that_change_beside_a_new_row_are_seen(db: DBConnector, roster: UUID) -> None:
    await db.execute("delete from roster_period_staffing_dagdelen")
    async with db.transaction() as one:
        await one.execute("update rosters set end_date = '2025-11-27'")
        slot = asyncio.create_task(put(db, "EMP003", "2025-11-29", "O", 3))
        demand = asyncio.create_task(
            db.execute(
                "insert into roster_period_staffing_dagdelen (roster_id, date, dagdeel, team, service_id, status, aantal) "
                "select $1, '2025-11-29', 'O', 'TOT', id, 'MOET', 1 from service_types where code = 'OSP'",
                [roster],
            )
        )
        await until_sessions_wait(db, 2)
        assert not slot.done()
        assert not demand.done()
    for other in (slot, demand):
        with pytest.raises(QueryError, match="lies outside the roster"):
            await other


async def test_a_new_slot_waits_for_the_roster_before_it_takes_its_place(db: DBConnector, roster: UUID) -> None:
    async with db.transaction() as writer:
        await writer.execute("select lock_roster($1)", [roster])
        planner = asyncio.create_task(put(db, "EMP003", "2025-11-24", "O", 3))
        await until_sessions_wait(db)
        # Had the planner's row its place in the index already, each of the two would now wait for the other, and one be refused.
        await writer.execute(
            "insert into roster_assignments (roster_id, employee_id, date, dagdeel) values ($1, 'EMP003', '2025-11-24', 'O')",
            [roster],
        )
    await planner
    assert await db.execute("select status from roster_assignments", fetch_val=True) == 3


async def test_a_block_without_a_source_follows_the_duty_that_it_names(db: DBConnector, roster: UUID) -> None:
    await put(db, "EMP003", "2025-11-24", "O", 1, "DIO")
    await db.execute("update roster_assignments set source = null where status = 2")
    await db.execute(f"delete from roster_assignments {SLOT}", ["EMP003", "2025-11-24", "O"])
    assert await blocked(db) == {}


async def test_somebody_with_rights_on_the_table_alone_may_change_a_slot(db: DBConnector, roster: UUID) -> None:
    async with db.transaction() as one:
        await one.execute("create role planner_test; grant select, insert, update, delete on roster_assignments to planner_test")
        await one.execute("create policy planners on roster_assignments to planner_test using (status = 1) with check (true)")
        await one.execute(
            "grant select on service_types, rosters to planner_test; create policy p on service_types to planner_test using (true)"
        )
        await one.execute("set local role planner_test")
        await one.execute(
            "insert into roster_assignments (roster_id, employee_id, date, dagdeel, status, service_id) "
            "select $1, 'EMP003', '2025-11-24', 'O', 1, id from service_types where code = 'DIO'",
            [roster],
        )
        await one.execute("reset role")
        assert await one.execute("select count(*) from roster_assignments where status = 2", fetch_val=True) == 3
        await one.execute("drop owned by planner_test; drop role planner_test")


async def test_two_duties_over_one_slot_that_go_at_the_same_time_leave_no_orphan(db: DBConnector, roster: UUID) -> None:
    await put(db, "EMP003", "2025-11-25", "O", 1, "DDO")
    await put(db, "EMP003", "2025-11-24", "O", 1, "DIO")
    assert (await blocked(db))["11-25 M"] == "DIO 11-24"
    async with db.transaction() as one:
        await one.execute(f"delete from roster_assignments {SLOT}", ["EMP003", "2025-11-24", "O"])
        other = asyncio.create_task(db.execute(f"delete from roster_assignments {SLOT}", ["EMP003", "2025-11-25", "O"]))
        await until_sessions_wait(db)
        assert not other.done()  # each sees what the other did, one after the other
    await other
    assert await blocked(db) == {}


async def test_a_roster_goes_with_all_that_is_its_own(db: DBConnector, roster: UUID) -> None:
    await put(db, "EMP003", "2025-11-24", "O", 1, "DIO")
    await db.execute("delete from rosters")
    for table in ("roster_assignments", "roster_employee_services", "roster_period_staffing_dagdelen"):
        assert await db.execute(f"select count(*) from {table}", fetch_val=True) == 0
    assert await db.execute("select count(*) from employees", fetch_val=True) == 14


async def test_the_views_count_what_is_there(db: DBConnector, roster: UUID) -> None:
    await put(db, "EMP001", "2025-11-24", "O", 1, "OSP")
    await put(db, "EMP002", "2025-11-24", "O", 1, "DIO")
    counts = (await db.execute("select * from roster_slot_counts", fetch_all=True))[0]
    assert (counts["active"], counts["blocked"], counts["unavailable"], counts["active_by_program"]) == (2, 3, 0, 0)
    coverage = {
        row["service_code"]: (row["needed"], row["assigned"])
        for row in await db.execute("select * from roster_service_coverage", fetch_all=True)
    }
    assert (coverage["OSP"], coverage["DIO"], coverage["MSP"]) == ((50, 1), (35, 1), (50, 0))
    usage = (
        await db.execute(
            "select * from roster_employee_service_usage where employee_id = 'EMP002' and service_code = 'DIO'", fetch_all=True
        )
    )[0]
    assert (usage["used"], usage["remaining"]) == (1, usage["aantal"] - 1)


async def test_nobody_but_the_owner_reads_or_executes_without_being_let(db: DBConnector, roster: UUID) -> None:
    tables = await db.execute(
        "select relname from pg_class where relkind = 'r' and relnamespace = 'public'::regnamespace and not relrowsecurity", fetch_all=True
    )
    assert [row["relname"] for row in tables] == []
    functions = await db.execute(
        "select proname from pg_proc where pronamespace = 'public'::regnamespace "
        "and has_function_privilege('pg_monitor', oid, 'execute') and proname not in ('is_weekly_absence', 'is_structurally_absent')",
        fetch_all=True,
    )
    assert [row["proname"] for row in functions] == []
