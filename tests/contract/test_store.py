"""The store contract: what every store does, whichever database and protocol lie below."""

from __future__ import annotations

from uuid import UUID, uuid4

import pytest

from greedy.database.connector import DBConnector
from greedy.database.errors import QueryError
from greedy.errors import InputError
from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables
from greedy.model.problem import SlotStatus
from greedy.store import calls
from greedy.store.answers import ImportOutcome, WriteOutcome, read_import_answer, read_write_answer
from greedy.store.base import (
    ActiveSlot,
    FinalRosterError,
    RosterBusyError,
    RosterExistsError,
    RosterWrite,
    SharedDataDiffersError,
    Store,
    UnknownRosterError,
)
from greedy.store.postgres import PostgresStore

NOBODY = UUID(int=1)


async def test_what_comes_in_goes_out_the_same(store: Store, sample: PracticeTables) -> None:
    assert await store.import_tables(sample)
    loaded = await store.load(sample.roster.id, include_open=True)

    def rows(tables: PracticeTables) -> dict[str, list[str]]:
        document = tables.model_dump(exclude={"input_digest"})
        return {name: sorted(repr(sorted((k, repr(v)) for k, v in row.items())) for row in some) for name, some in document.items()}

    def ordered(tables: PracticeTables) -> PracticeTables:
        """jsonb keeps no order of keys."""
        absence = [row.model_copy(update={"structureel_nbh": dict(sorted(row.structureel_nbh.items()))}) for row in tables.employees]
        return tables.model_copy(update={"employees": absence})

    assert rows(ordered(loaded)) == rows(ordered(sample))


async def test_rows_that_say_nothing_are_left_out_and_change_nothing(store: Store, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    short = await store.load(sample.roster.id)
    assert (len(short.roster_assignments), len(short.roster_period_staffing_dagdelen)) == (196, 227)
    long = to_problem(await store.load(sample.roster.id, include_open=True))
    problem = to_problem(short)
    assert (problem.capabilities, problem.unavailable, problem.revision) == (long.capabilities, long.unavailable, long.revision)
    assert (set(problem.pinned), sorted(problem.demand, key=repr)) == (set(long.pinned), sorted(long.demand, key=repr))


async def test_the_digest_names_the_input_and_nothing_else(db: DBConnector, store: Store, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    first = (await store.load(sample.roster.id)).input_digest
    await db.execute("update roster_assignments set status = 3 where status = 0")
    await db.execute("update employees set email = 'x@y'")
    assert (await store.load(sample.roster.id)).input_digest == first
    await db.execute("update roster_employee_services set aantal = aantal + 1 where employee_id = 'EMP001'")
    assert (await store.load(sample.roster.id)).input_digest != first


async def test_an_unknown_roster_is_told_with_those_that_are_known(store: Store, sample: PracticeTables) -> None:
    with pytest.raises(UnknownRosterError) as caught:
        await store.load(NOBODY)
    assert caught.value.next_step == "load one: greedy load DIR"
    await store.import_tables(sample)
    for call in (store.load, store.verify, store.counts):
        with pytest.raises(UnknownRosterError, match=str(NOBODY)) as caught:
            await call(NOBODY)
        assert caught.value.details == (f"{sample.roster.id}  2025-11-24 to 2025-12-28  Rooster 2025-W48 t/m 2025-W52",)


async def test_the_same_import_again_changes_nothing(db: DBConnector, store: Store, sample: PracticeTables) -> None:
    assert await store.import_tables(sample)
    await db.execute("update roster_assignments set status = 1, source = 'greedy', service_id = (select id from service_types where code = 'DIO') "
                     "where employee_id = 'EMP001' and date = '2025-12-01' and dagdeel = 'O'")  # fmt: skip
    before = await db.execute("select jsonb_agg(to_jsonb(a) order by id)::text from roster_assignments a", fetch_val=True)
    assert not await store.import_tables(sample)
    assert await db.execute("select jsonb_agg(to_jsonb(a) order by id)::text from roster_assignments a", fetch_val=True) == before


async def test_another_content_is_refused_unless_it_shall_replace(db: DBConnector, store: Store, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    await db.execute("update roster_assignments set status = 3 where employee_id = 'EMP001' and date = '2025-12-01'")
    with pytest.raises(RosterExistsError, match="nothing was changed"):
        await store.import_tables(sample)
    assert await db.execute("select count(*) from roster_assignments where status = 3", fetch_val=True) > 190
    assert await store.import_tables(sample, replace=True)
    assert await db.execute("select count(*) from roster_assignments where status = 3", fetch_val=True) == 190
    await db.execute("update rosters set status = 'final'")
    with pytest.raises(FinalRosterError):
        await store.import_tables(sample, replace=True)


async def test_rest_and_notes_that_a_planner_adds_are_another_content(store: Store, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    first, dio = sample.roster_assignments[0], next(row for row in sample.service_types if row.code == "DIO")
    rest = first.model_copy(
        update={
            "status": SlotStatus.BLOCKED, "source": "manual", "blocked_by_date": first.date.replace(day=23), "blocked_by_dagdeel": "O",
            "blocked_by_service_id": dio.id,
        }
    )  # fmt: skip
    for changed in (rest, first.model_copy(update={"notes": "liever niet"})):
        tables = sample.model_copy(update={"roster_assignments": [changed, *sample.roster_assignments[1:]]})
        with pytest.raises(RosterExistsError):
            await store.import_tables(tables)


async def test_a_copy_of_the_files_under_another_id_and_services_under_other_ids_come_in(
    db: DBConnector, store: Store, sample: PracticeTables
) -> None:
    await store.import_tables(sample)
    text = sample.model_dump_json().replace(str(sample.roster.id), str(NOBODY))
    for service in sample.service_types:
        text = text.replace(str(service.id), str(uuid4()))
    copied = PracticeTables.model_validate_json(text)
    assert await store.import_tables(copied)
    assert not await store.import_tables(copied)
    assert await db.execute("select count(*) from service_types", fetch_val=True) == 9
    assert await db.execute("select count(*) from roster_assignments", fetch_val=True) == 2 * 1470
    one, other = to_problem(await store.load(sample.roster.id)), to_problem(await store.load(NOBODY))
    assert (one.capabilities, set(one.pinned), set(one.demand)) == (other.capabilities, set(other.pinned), set(other.demand))


async def test_shared_data_is_not_taken_over_unasked(db: DBConnector, store: Store, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    await db.execute("update employees set team = 'Overig' where id = 'EMP002'")
    await db.execute("update service_types set actief = false where code = 'RO'")
    await db.execute(
        "delete from service_blocking_rules where dag_offset = 0 and service_id = (select id from service_types where code = 'DIO')"
    )
    other = PracticeTables(
        **{
            **sample.model_dump(),
            "rosters": [{**sample.roster.model_dump(), "id": NOBODY}],
            "roster_employee_services": [],
            "roster_period_staffing_dagdelen": [],
            "roster_assignments": [],
        }
    )
    with pytest.raises(SharedDataDiffersError) as caught:
        await store.import_tables(other)
    assert caught.value.details == ("blocking rules of DIO", "employee EMP002", "service RO")
    assert [roster.id for roster in await store.list_rosters()] == [sample.roster.id]
    assert await store.import_tables(other, replace=True)
    assert await db.execute("select team from employees where id = 'EMP002'", fetch_val=True) == "Oranje"


async def test_an_import_waits_for_nobody_but_is_tried_again(
    db: DBConnector, store: Store, sample: PracticeTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "RETRY_SECONDS", 0.3)
    await store.import_tables(sample)
    async with db.transaction() as planner:
        await planner.execute("select from roster_assignments where employee_id = 'EMP001' for update")
        with pytest.raises(RosterBusyError):
            await store.import_tables(sample, replace=True)
    assert await store.import_tables(sample, replace=True)


async def test_a_used_run_id_writes_again_after_the_roster_was_replaced(db: DBConnector, store: Store, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    await db.execute(
        "insert into roster_writes (run_id, part, roster_id, request_digest, answer) values ($1, 'roster', $2, '', '{}')",
        [NOBODY, sample.roster.id],
    )
    await store.import_tables(sample, replace=True)
    assert await db.execute("select count(*) from roster_writes", fetch_val=True) == 0


async def test_an_import_that_fails_leaves_nothing(db: DBConnector, store: Store, sample: PracticeTables) -> None:
    twice = sample.model_copy(update={"roster_assignments": [*sample.roster_assignments, sample.roster_assignments[0]]})
    with pytest.raises(InputError, match="nothing was loaded") as caught:
        await store.import_tables(twice)
    message = 'nothing was loaded: duplicate key value violates unique constraint "roster_assignments_pkey"'
    assert (caught.value.message, caught.value.next_step) == (message, "mend these rows")
    assert caught.value.details == (f"Key (id)=({sample.roster_assignments[0].id}) already exists.",)
    for table in ("rosters", "employees", "service_types"):
        assert await db.execute(f"select count(*) from {table}", fetch_val=True) == 0


async def test_a_planned_roster_goes_out_and_in_again_with_its_blocked_slots(db: DBConnector, store: Store, sample: PracticeTables) -> None:
    slot = next(row for row in sample.roster_assignments if row.status == 0 and row.dagdeel == "O" and row.employee_id == "EMP003")
    duty = next(row for row in sample.service_types if row.code == "DIO")
    planned = [
        row if row != slot else row.model_copy(update={"status": SlotStatus.ACTIVE, "service_id": duty.id, "source": "greedy"})
        for row in sample.roster_assignments
    ]
    await store.import_tables(sample.model_copy(update={"roster_assignments": planned}))
    exported = await store.load(sample.roster.id, include_open=True)
    assert sum(row.status == 2 for row in exported.roster_assignments) > 0
    await db.execute("delete from rosters")
    await store.import_tables(exported)
    again = await store.load(sample.roster.id, include_open=True)
    assert again.roster_assignments == exported.roster_assignments


async def test_verification_speaks_of_this_roster_alone(store: Store, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    facts = await store.verify(sample.roster.id)
    assert (facts.counts.active, facts.counts.blocked, facts.counts.unavailable, facts.counts.open_rows) == (6, 0, 190, 1274)
    assert (facts.probe.ran, facts.probe.missing, facts.probe.unexpected, facts.probe.not_freed) == (8, [], [], 0)
    assert [slot.source for slot in facts.active] == ["manual"] * 6


async def test_rosters_are_listed(store: PostgresStore, sample: PracticeTables) -> None:
    assert await store.list_rosters() == []
    await store.import_tables(sample)
    assert [roster.id for roster in await store.list_rosters()] == [sample.roster.id]


async def test_a_roster_that_the_program_cannot_read_is_told_with_every_fault(
    db: DBConnector, store: Store, sample: PracticeTables
) -> None:
    await store.import_tables(sample)
    await db.execute("alter table employees drop constraint employees_team_check")
    await db.execute("update employees set team = 'Blauw' where id in ('EMP001', 'EMP002')")
    with pytest.raises(InputError, match=f"roster {sample.roster.id} in .* has faults") as caught:
        await store.load(sample.roster.id)
    assert caught.value.details == tuple(f"employees.{row}.team: Input should be 'Groen', 'Oranje' or 'Overig'" for row in (0, 1))


async def test_an_answer_of_another_shape_is_no_answer(db: DBConnector, store: Store) -> None:
    await db.execute('create or replace function list_triggers_v1() returns jsonb language sql as $$ select \'[{"name": "x"}]\'::jsonb $$')
    with pytest.raises(QueryError, match="answered list_triggers_v1 with something") as caught:
        await store.triggers()
    assert caught.value.details[0] == "0.table: Field required"


def test_an_answer_that_nobody_knows_is_an_error_and_not_a_success(sample: PracticeTables) -> None:
    write = RosterWrite(run_id=NOBODY, part="roster", roster_id=NOBODY, input_digest="", expected=[], active=list[ActiveSlot]())
    with pytest.raises(Exception, match="answered 'maybe' to a write"):
        read_write_answer(WriteOutcome(outcome="maybe"), write)
    with pytest.raises(Exception, match="answered 'maybe' to an import"):
        read_import_answer(ImportOutcome(outcome="maybe"), sample)
