"""PostgreSQLSink: what it refuses, and that nothing stands in the database when it fails."""

from __future__ import annotations

import asyncio
import dataclasses
import datetime as dt
from decimal import Decimal

import pytest

from greedy.database import ConnectionError, DBConnector, QueryError, SchemaError, SchemaSetup
from greedy.errors import InputError
from greedy.generate.sinks.base import Chunk
from greedy.generate.tables import Batch
from tests.generate.postgresql import OTHER_SEED, SCHEMAS, TWO_PRACTICES, chunk, row_counts, writing, written


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
