"""PostgreSQLSink: what stands in the database afterwards, and that nothing does when it fails."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from greedy.database import ConnectionError, DBConnector, QueryError, SchemaError, SchemaSetup
from greedy.errors import InputError
from greedy.formats.tables import PracticeTables
from greedy.generate.practice import generate_practice
from greedy.generate.sinks.base import Chunk, Write
from greedy.generate.sinks.postgresql import PostgreSQLSink
from greedy.generate.tables import Batch
from greedy.store.postgres import PostgresStore
from tests.database.test_pooler import pooler_url  # noqa: F401  a fixture
from tests.generate.postgresql import BESIDE, TWO_PRACTICES, chunk, place, row_counts, written

OTHER_SEED = TWO_PRACTICES.model_copy(update={"seed": 8})
SCHEMAS = "select nspname::text from pg_namespace where nspname like 'synthetic%'"


def nothing(table: str, rows: int) -> None:
    """Told of each batch that was written."""


@asynccontextmanager
async def writing(db: DBConnector) -> AsyncIterator[Write]:
    """Within the sink, after its first practice."""
    async with PostgreSQLSink(db).opened(TWO_PRACTICES, nothing) as write:
        await write(chunk(TWO_PRACTICES, 0))
        yield write


def changed(given: Chunk, table: str, column: str, value: object) -> Chunk:
    """The chunk with another value in the first row of a table."""

    def of(batch: Batch) -> Batch:
        if batch.table.name != table:
            return batch
        place = batch.table.columns.index(column)
        columns = [[value, *values[1:]] if at == place else values for at, values in enumerate(batch.columns)]
        return dataclasses.replace(batch, columns=tuple(columns))

    return dataclasses.replace(given, batches=tuple(of(batch) for batch in given.batches))


async def assert_empty(db: DBConnector) -> None:
    """No row of any table, and no schema beside the practice's."""
    assert set((await row_counts(db)).values()) == {0}
    assert await db.execute(SCHEMAS, fetch_all=True) == []


async def test_all_rows_arrive_and_are_counted(db: DBConnector) -> None:
    counts = await written(db)
    assert await row_counts(db) == dict(counts)
    assert counts["employees"] == counts["contracts"] == 16
    assert counts["practices"] == counts["rosters"] == counts["planted_rosters"] == 2


async def test_the_store_loads_what_was_generated(db: DBConnector) -> None:
    await written(db)
    for number in range(2):
        made = generate_practice(TWO_PRACTICES, number)
        held = await PostgresStore(db).load(made.roster.id)
        assert by_key(held) == by_key(made)
        facts = await PostgresStore(db).verify(made.roster.id)
        assert (facts.duplicates, facts.outside_dates, facts.counts.unavailable) == (0, 0, len(made.roster_assignments))


def by_key(tables: PracticeTables) -> dict[str, list[dict[str, Any]]]:
    """All rows in an order of their own."""
    rows = tables.model_dump(mode="json", exclude={"input_digest"})
    return {name: sorted(of_table, key=json.dumps) for name, of_table in rows.items()}


async def test_absences_applied_change_nothing(db: DBConnector) -> None:
    config = TWO_PRACTICES.model_copy(update={"leave": 1.0, "illness": 0.5, "weeks": 5})
    assert (await written(db, config))["roster_assignments"] > 0
    answer = json.loads(await db.execute("select apply_absences_v1()::text", fetch_val=True))
    assert answer == {"rosters": 2, "busy": [], "unavailable": 0, "opened": 0, "gave_way": [], "conflicts": []}


async def test_values_are_of_the_database_s_own_types(db: DBConnector) -> None:
    await written(db)
    row = await db.execute(
        "select practice_id, hours_per_week, start_date, end_date from synthetic.contracts join synthetic.teams on id = team_id "
        "where end_date is null limit 1",
        fetch_row=True,
    )
    assert row is not None
    assert list(map(isinstance, row[:3], (UUID, Decimal, dt.date))) == [True] * 3
    assert row["end_date"] is None
    assert str(row["hours_per_week"]) == f"{row['hours_per_week']:.2f}"
    assert await db.execute("select jsonb_typeof(structureel_nbh) from employees limit 1", fetch_val=True) == "object"


async def test_every_reference_is_kept_by_a_foreign_key(db: DBConnector) -> None:
    await written(db)
    keys = await db.execute(
        "select conrelid::regclass::text as of_table, count(*) as keys, bool_and(convalidated and conenforced) as holds "
        "from pg_constraint where contype = 'f' and connamespace = 'synthetic'::regnamespace group by 1",
        fetch_all=True,
    )
    assert {(row["of_table"].removeprefix("synthetic."), row["keys"]) for row in keys} == {
        *(("practices", 1), ("teams", 1), ("contracts", 2), ("wishes", 3), ("planted_rosters", 2), ("planted_assignments", 3)),
    }
    assert all(row["holds"] for row in keys)
    with pytest.raises(QueryError, match="violates foreign key"):
        await db.execute("update synthetic.planted_assignments set service_id = gen_random_uuid()")


async def test_another_seed_stands_beside_the_first(db: DBConnector) -> None:
    first = await written(db)
    second = await written(db, OTHER_SEED)
    assert (second["service_types"], second["service_blocking_rules"], second["employees"]) == (0, 0, 16)
    assert await row_counts(db) == dict(first + second)
    with pytest.raises(QueryError, match="violates foreign key"):  # the tables have had theirs since the first time
        await db.execute("update synthetic.wishes set roster_id = gen_random_uuid()")


@pytest.mark.parametrize("employees", [16, 40])
async def test_the_same_seed_again_is_refused(db: DBConnector, employees: int) -> None:
    await written(db)
    before = await row_counts(db)
    with pytest.raises(InputError, match="has 16 employees of seed 7 already; nothing was written") as refused:
        await written(db, TWO_PRACTICES.model_copy(update={"employees": employees}), add=True)
    assert "--seed" in str(refused.value.next_step)
    assert await row_counts(db) == before


async def test_a_key_that_is_there_already_is_told(db: DBConnector) -> None:
    await written(db)
    await db.execute("alter table employees disable trigger all; delete from employees; alter table employees enable trigger all")
    before = await row_counts(db)
    with pytest.raises(InputError, match=r"^practices in .* has rows of the generator's already; nothing was written there") as refused:
        await written(db)
    assert refused.value.details[0].startswith("Key (id)=(")
    assert await row_counts(db) == before


async def test_synthetic_people_are_not_mixed_with_others_unasked(db: DBConnector, sample: PracticeTables) -> None:
    await PostgresStore(db).import_tables(sample)
    with pytest.raises(InputError, match="has 14 employees that no generator made") as refused:
        await written(db)
    assert "--add" in str(refused.value.next_step)
    assert await db.execute(SCHEMAS, fetch_all=True) == []

    counts = await written(db, add=True)
    assert (counts["service_types"], counts["service_blocking_rules"]) == (0, 0)  # the sample's are the same
    assert await db.execute("select count(*) from employees", fetch_val=True) == 14 + 16
    with pytest.raises(InputError, match="has 14 employees that no generator made"):
        await written(db, OTHER_SEED)


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ("update service_types set naam = 'Other' where code in ('DIO', 'DIA')", ["service DIA", "service DIO"]),
        ("update service_types set id = gen_random_uuid()", None),
        ("insert into service_blocking_rules select id, -7, 'O' from service_types where code = 'DIO'", ["blocking rules of DIO"]),
        ("delete from service_blocking_rules", None),
    ],
)
async def test_other_services_are_refused_by_name(db: DBConnector, change: str, named: list[str] | None) -> None:
    await written(db)
    services = [row["code"] for row in await db.execute("select code from service_types order by 1", fetch_all=True)]
    ruled = await db.execute(
        "select distinct code from service_types join service_blocking_rules on service_id = id order by 1", fetch_all=True
    )
    await db.execute(
        "drop schema synthetic cascade; truncate rosters, employees cascade; "
        "alter table service_blocking_rules drop constraint service_blocking_rules_service_id_fkey"
    )
    await db.execute(change)
    before = await row_counts(db)
    with pytest.raises(InputError, match="has other (service_types|service_blocking_rules) than the generator's") as refused:
        await written(db)
    if named is None:
        named = [f"service {code}" for code in services] if "update" in change else [f"blocking rules of {row['code']}" for row in ruled]
    assert list(refused.value.details) == named
    assert await row_counts(db) == before


async def test_services_of_others_stay(db: DBConnector) -> None:
    await db.execute(
        "insert into service_types (code, naam, dagdeel, begintijd, eindtijd, duur_minuten) values ('X1', 'X', 'O', '08:00', '12:00', 240);"
        "insert into service_blocking_rules select id, 1, 'A' from service_types"
    )
    counts = await written(db)
    assert await db.execute("select count(*) from service_types", fetch_val=True) == counts["service_types"] + 1


async def test_a_practice_s_own_schema(db: DBConnector, database_url: str) -> None:
    await SchemaSetup(db).ensure_project_schema("Praktijk Zuid")
    async with DBConnector(database_url, schema="Praktijk Zuid", min_size=1) as own:
        counts = await written(own)
        assert await row_counts(own) == dict(counts)
        made = generate_practice(TWO_PRACTICES)
        assert by_key(await PostgresStore(own).load(made.roster.id)) == by_key(made)
        assert {row[0] for row in await own.execute(SCHEMAS, fetch_all=True)} == {"synthetic_Praktijk Zuid"}
        with pytest.raises(InputError, match="^schema Praktijk Zuid of .* has 16 employees of seed 7"):
            await written(own)
    assert set((await row_counts(db)).values()) == {0}
    await written(db)  # another place: the same seed may be there too


async def test_a_database_that_is_not_migrated(db: DBConnector) -> None:
    await db.execute(
        "delete from supabase_migrations.schema_migrations where version = (select max(version) from supabase_migrations.schema_migrations)"
    )
    with pytest.raises(SchemaError, match="is not migrated"):
        await written(db)


@pytest.mark.parametrize("thing", ["table synthetic.regions (id uuid)", "view synthetic.of_others as select 1"])
async def test_a_schema_of_others_is_left_alone(db: DBConnector, thing: str) -> None:
    await db.execute(f"create schema synthetic; create {thing}")
    with pytest.raises(SchemaError, match="has a schema synthetic that no generator made; nothing was written"):
        await written(db)


async def test_an_empty_schema_is_taken(db: DBConnector) -> None:
    await db.execute("create schema synthetic")
    counts = await written(db)
    await db.execute("create table synthetic.of_the_owner (id int)")
    assert await row_counts(db) == dict(counts)
    await written(db, OTHER_SEED)


async def test_tables_of_another_version_are_refused(db: DBConnector) -> None:
    await written(db)
    await db.execute("alter table synthetic.wishes drop column wants")
    with pytest.raises(SchemaError, match="has tables of another version of the generator; nothing was written") as refused:
        await written(db, OTHER_SEED)
    assert 'drop schema "synthetic" cascade' in str(refused.value.next_step)


async def test_a_schema_name_that_would_be_too_long(database_url: str) -> None:
    async with DBConnector(database_url, schema="p" * 60, min_size=1) as own:
        await SchemaSetup(own).ensure_project_schema("p" * 60)
        with pytest.raises(SchemaError, match="would have a name of more than 63 bytes"):
            await written(own)


async def test_the_program_finds_its_schema_as_it_should_be(db: DBConnector) -> None:
    await written(db)
    report = await SchemaSetup(db).verify_schema()
    assert report.divergences == ()


async def test_what_is_known_of_a_roster_goes_with_it(db: DBConnector) -> None:
    await written(db)
    await db.execute("delete from rosters; delete from employees")
    held = await row_counts(db)
    assert {table for table, rows in held.items() if rows} == {"regions", "service_types", "service_blocking_rules", "practices", "teams"}


async def test_all_of_it_can_be_taken_out_again(db: DBConnector, sample: PracticeTables) -> None:
    await PostgresStore(db).import_tables(sample)
    before, held = await row_counts(db), await PostgresStore(db).load(sample.roster.id)
    await written(db, add=True)
    await db.execute(
        "begin;"
        "create temporary table made on commit drop as select roster_id as id from synthetic.planted_rosters;"
        "create temporary table people on commit drop as select employee_id as id from synthetic.contracts;"
        "drop schema synthetic cascade;"
        "delete from rosters where id in (select id from made);"
        "delete from employees where id in (select id from people);"
        "commit"
    )
    assert await row_counts(db) == before
    assert await PostgresStore(db).load(sample.roster.id) == held


async def test_a_user_who_is_not_free_of_anything(db: DBConnector, database_url: str) -> None:
    """The owner of a schema needs no more than that, if somebody made the one beside it for her."""
    role = f"owner_of_{urlsplit(database_url).path.lstrip('/')}"
    await SchemaSetup(db).ensure_project_schema("zuid")
    await db.execute(
        f"create role {role}; grant {role} to current_user; alter schema zuid owner to {role}; create schema synthetic_zuid authorization {role}"
    )
    things = await db.execute(
        "select format('%s %s', case when prokind is null then 'table' else 'function' end, name) as thing from ("
        " select oid::regclass::text as name, null::text as prokind from pg_class where relnamespace = 'zuid'::regnamespace and relkind = 'r'"
        " union all select oid::regprocedure::text, 'f' from pg_proc where pronamespace = 'zuid'::regnamespace) as t",
        fetch_all=True,
    )
    await db.execute("; ".join(f"alter {row['thing']} owner to {role}" for row in things))
    async with DBConnector(f"{database_url}&role={role}", schema="zuid", min_size=1) as own:
        rights = "select rolsuper or has_database_privilege(current_database(), 'create') from pg_roles where rolname = current_user"
        assert not await own.execute(rights, fetch_val=True)
        counts = await written(own)
    async with DBConnector(database_url, schema="zuid", min_size=1) as own:
        assert await row_counts(own) == dict(counts)


async def test_nobody_but_the_owner_reaches_what_is_beside(db: DBConnector) -> None:
    await db.execute(
        "alter default privileges grant all on schemas to anon, authenticated, public;"
        "alter default privileges grant all on tables to anon, authenticated, public"
    )
    await written(db)
    for role in ("anon", "authenticated", "service_role"):
        assert not await db.execute("select has_schema_privilege($1, 'synthetic', 'usage')", [role], fetch_val=True)
        for table in BESIDE:
            assert not await db.execute("select has_table_privilege($1, $2, 'select')", [role, place(table)], fetch_val=True)
    rows = await db.execute(
        "select relrowsecurity from pg_class where relnamespace = 'synthetic'::regnamespace and relkind = 'r'", fetch_all=True
    )
    assert [row["relrowsecurity"] for row in rows] == [True] * len(BESIDE)


async def test_no_roster_is_locked_and_the_server_need_not_have_room_for_it(db: DBConnector) -> None:
    async with writing(db) as write:
        await write(chunk(TWO_PRACTICES, 1))
        locks = "select count(*) from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())"
        assert await db.execute(locks, fetch_val=True) == 1  # the generator's own


@pytest.mark.parametrize(
    ("table", "column", "value", "why"),
    [
        ("roster_period_staffing_dagdelen", "date", dt.date(2031, 1, 1), "lies outside the roster"),
        ("roster_employee_services", "employee_id", "nobody", "violates foreign key"),
        ("planted_assignments", "employee_id", "nobody", "violates foreign key"),
        ("teams", "name", None, "null value"),
        ("contracts", "hours_per_week", Decimal("1000.00"), "numeric field overflow"),
    ],
)
async def test_the_rules_of_the_database_hold_and_nothing_is_left(
    db: DBConnector, table: str, column: str, value: object, why: str
) -> None:
    with pytest.raises(QueryError, match=why):
        async with writing(db) as write:
            await write(changed(chunk(TWO_PRACTICES, 1), table, column, value))
    await assert_empty(db)


async def test_whoever_leaves_leaves_nothing(db: DBConnector) -> None:
    with pytest.raises(asyncio.CancelledError):
        async with writing(db):
            raise asyncio.CancelledError
    await assert_empty(db)


async def test_a_cancelled_write_leaves_nothing(db: DBConnector) -> None:
    async with DBConnector.transaction(db) as holder:
        await holder.execute("lock table roster_employee_services in share mode")
        task = asyncio.create_task(written(db))
        waiting = "select exists (select from pg_locks where not granted and relation = 'roster_employee_services'::regclass)"
        async with asyncio.timeout(60):
            while not await db.execute(waiting, fetch_val=True):
                await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    await assert_empty(db)
    await written(db)


async def test_a_commit_that_has_begun_is_waited_for(db: DBConnector) -> None:
    await db.execute(
        "create function wait() returns trigger language plpgsql as 'begin perform pg_advisory_xact_lock(7); return null; end';"
        "create constraint trigger wait after insert on rosters deferrable initially deferred for each row execute function wait()"
    )
    async with DBConnector.transaction(db) as holder:
        await holder.execute("select pg_advisory_xact_lock(7)", fetch_val=True)
        task = asyncio.create_task(written(db))
        waiting = "select exists (select from pg_locks where not granted and locktype = 'advisory')"
        async with asyncio.timeout(60):
            while not await db.execute(waiting, fetch_val=True):
                await asyncio.sleep(0.01)
        task.cancel()
        await asyncio.sleep(0)
    counts = await task  # it did not end as one that was cut off: what it wrote is there
    assert await row_counts(db) == dict(counts)


async def test_a_lost_connection_leaves_nothing(db: DBConnector) -> None:
    with pytest.raises(ConnectionError, match="lost") as lost:
        async with writing(db) as write:
            await db.execute(
                "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory' and pid <> pg_backend_pid()", fetch_all=True
            )
            await write(chunk(TWO_PRACTICES, 1))
    assert lost.value.retryable
    await assert_empty(db)


async def test_of_two_at_once_the_second_is_refused(db: DBConnector) -> None:
    async with writing(db) as write:
        with pytest.raises(QueryError, match="another generator is writing to") as refused:
            await written(db)
        assert refused.value.retryable
        await write(chunk(TWO_PRACTICES, 1))
    assert (await row_counts(db))["practices"] == 2


async def test_no_time_out_of_the_server_counts(db: DBConnector, database_url: str) -> None:
    await db.execute(
        "create table noted (name text, value text);"
        "create function note() returns trigger language plpgsql as $$ begin"
        " insert into noted select name, setting from pg_settings where name like '%\\_timeout'; return null; end $$;"
        "create trigger note after insert on rosters for each statement execute function note()"
    )
    name = await db.execute("select current_database()", fetch_val=True)
    for setting in ("statement_timeout", "idle_in_transaction_session_timeout", "transaction_timeout"):
        await db.execute(f"alter database {name} set {setting} = '1h'")
    async with DBConnector(database_url, min_size=1) as strict:
        await written(strict)
        noted = {row["name"]: row["value"] for row in await strict.execute("select distinct * from noted", fetch_all=True)}
        assert noted["statement_timeout"] == noted["idle_in_transaction_session_timeout"] == noted["transaction_timeout"] == "0"
        assert await strict.execute("show statement_timeout", fetch_val=True) == "1h"


async def test_behind_a_transaction_pooler(db: DBConnector, pooler_url: str) -> None:  # noqa: F811
    async with DBConnector(pooler_url, transaction_pooler=True, min_size=0) as pooled:
        counts = await written(pooled)
        await written(pooled, OTHER_SEED)
    assert (await row_counts(db))["planted_assignments"] >= counts["planted_assignments"]


async def test_its_name_shows_no_password() -> None:
    async with DBConnector("postgresql://me:secret@db.example:5432/rosters", schema="zuid") as db:
        assert PostgreSQLSink(db).name == "PostgreSQL schema zuid of me@db.example:5432/rosters"
