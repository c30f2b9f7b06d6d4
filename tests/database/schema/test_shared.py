"""Schemas that all practices of a database share: made once, found by the others, compared, and never taken from somebody else."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from greedy.database import DBConnector, SchemaError, SchemaSetup, migrate
from greedy.database.schema.migrations import migrations
from greedy.database.schema.names import SHARED
from tests.databases import numbers

RUN = "insert into meta.ingestion_runs (run_id, practice, step, source_system, entity_type) values (gen_random_uuid(), 'zuid', 'ingest', 'hr', 'x')"


@pytest.fixture
async def empty(db: DBConnector) -> AsyncIterator[DBConnector]:
    name = f"empty_{next(numbers)}"
    await db.execute(f"create database {name}")
    async with DBConnector(
        db._url.replace(str(await db.execute("select current_database()::text", fetch_val=True)), name), min_size=1
    ) as other:
        yield other
    await db.execute(f"drop database {name} with (force)")


async def tables(db: DBConnector) -> list[str]:
    return await db.execute(
        "select array_agg(oid::regclass::text || ' ' || oid order by oid::regclass::text) from pg_class "
        "where relnamespace = any ('{bronze,meta}'::regnamespace[]) and relkind in ('r', 'S')", fetch_val=True)  # fmt: skip


async def test_the_first_practice_makes_them_and_the_others_find_them(empty: DBConnector) -> None:
    setup = SchemaSetup(empty)
    await setup.ensure_project_schema("zuid")
    there = await tables(empty)
    assert [one.split()[0] for one in there] == [
        "bronze.change_numbers",
        "bronze.raw_entities",
        "meta.entity_quality",
        "meta.faulty_records",
        "meta.ingestion_runs",
    ]
    await empty.execute(RUN)
    await setup.ensure_project_schema("noord")
    await setup.ensure_public_schema()
    assert await tables(empty) == there
    assert await empty.execute("select count(*) from meta.ingestion_runs", fetch_val=True) == 1
    for name in ("public", "zuid", "noord"):
        assert (await setup.verify_schema(name)).divergences == ()


@pytest.mark.parametrize(
    ("there", "faults"),
    [
        (
            "create schema bronze; create table bronze.raw_entities (id int)",
            ["meta.ingestion_runs is missing, beside others of its kind", "table bronze.raw_entities has no column external_id text"],
        ),
        ("create schema meta; create view meta.faulty_records as select 1 as x", ["meta.faulty_records: this name is needed"]),
        ("create schema bronze; create table bronze.change_numbers ()", ["bronze.change_numbers: this name is needed"]),
    ],
)
async def test_what_somebody_else_has_there_is_left_alone(empty: DBConnector, there: str, faults: list[str]) -> None:
    await empty.execute(there)
    with pytest.raises(SchemaError, match="things that do not fit; nothing was changed") as caught:
        await migrate(empty)
    assert set(faults) <= set(caught.value.details)
    assert await empty.execute("select to_regclass('public.rosters') is null", fetch_val=True)


async def test_other_tables_in_them_are_nobodys_business(empty: DBConnector) -> None:
    await empty.execute(
        "create schema bronze; create table bronze.raw_orders (id int); create schema meta; create table meta.notes (id int)"
    )
    await migrate(empty)
    report = await SchemaSetup(empty).verify_schema()
    assert report.ok
    assert sorted(map(str, report.divergences)) == ["extra table notes", "extra table raw_orders"]


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("alter table bronze.raw_entities drop column modified_at", ["missing column raw_entities.modified_at"]),
        ("alter table meta.ingestion_runs alter column practice drop not null", ["different column ingestion_runs.practice: nullable"]),
        ("drop index meta.ingestion_runs_one_running", ["missing index ingestion_runs_one_running"]),
        ("alter table bronze.raw_entities disable row level security", ["off table raw_entities: row level security is off"]),
        ("grant select on bronze.raw_entities to authenticated", ["extra grant SELECT on table raw_entities to authenticated"]),
        ("grant usage on schema bronze to anon", ["extra grant USAGE on schema to anon"]),
        ("drop table meta.faulty_records", ["missing table faulty_records"]),
        ("drop schema bronze cascade", ["missing table raw_entities", "missing sequence change_numbers"]),
    ],
)
async def test_divergences_of_them_are_told(db: DBConnector, change: str, told: list[str]) -> None:
    await db.execute(change)
    report = await SchemaSetup(db).verify_schema()
    assert not report.ok
    found = list(map(str, report.faults))
    assert all(any(line.startswith(start) for line in found) for start in told), found


@pytest.mark.parametrize(
    "change", ["drop schema bronze, meta cascade", "revoke all on all tables in schema bronze, meta from service_role"]
)
async def test_the_next_migrate_makes_what_is_gone(db: DBConnector, change: str) -> None:
    await db.execute(change)
    assert await migrate(db) == []
    assert (await SchemaSetup(db).verify_schema()).divergences == ()


async def test_part_of_them_is_told_and_not_guessed(db: DBConnector) -> None:
    await db.execute("drop table meta.faulty_records")
    with pytest.raises(SchemaError, match="things that do not fit") as caught:
        await SchemaSetup(db).ensure_project_schema("zuid")
    assert caught.value.details == ("meta.faulty_records is missing, beside others of its kind",)


async def test_verification_leaves_no_trace_and_waits_for_nobody(db: DBConnector) -> None:
    async with db.transaction() as busy:
        await busy.execute("lock table bronze.raw_entities, meta.ingestion_runs in row exclusive mode")
        assert (await SchemaSetup(db).verify_schema()).divergences == ()
        async with db.transaction() as other:
            await other.execute("set local lock_timeout = '1s'")
            assert len(await SchemaSetup(other).ensure_project_schema("zuid")) == len(migrations())
    schemas = "select array_agg(nspname::text order by 1) from pg_namespace where nspname like '%bronze%' or nspname like '%meta%' or nspname like 'greedy%'"
    assert await db.execute(schemas, fetch_val=True) == sorted(SHARED)
