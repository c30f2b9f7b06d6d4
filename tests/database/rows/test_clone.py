"""Copies of a row with its children: whole, under new ids, and the original untouched."""

from __future__ import annotations

import asyncio
from typing import Any
from uuid import UUID, uuid4

import pytest

from greedy.database.connector import DBConnector
from greedy.database.errors import ColumnMatchError, QueryError, SchemaError
from greedy.database.rows.clone import clone_roster, clone_row
from greedy.errors import InputError
from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables
from greedy.generate.config import GeneratorConfig
from greedy.generate.practice import generate_practice
from greedy.persist import DatabaseOperationOrchestrator
from greedy.pipeline import verify_roster
from greedy.solve.fill import fill
from greedy.store.postgres import PostgresStore
from greedy.workspace import Workspace
from tests.timing import PATIENCE_SECONDS, computing_seconds

CONTENT = {
    "rosters": "naam, start_date, end_date, status",
    "roster_period_staffing_dagdelen": "date, dagdeel, team, service_id, status, aantal",
    "roster_employee_services": "employee_id, service_id, aantal, actief",
    "roster_assignments": "employee_id, date, dagdeel, service_id, status, source, notes, blocked_by_date, blocked_by_dagdeel, blocked_by_service_id",
}


async def content(db: DBConnector, roster_id: UUID) -> dict[str, str]:
    """All that a roster says, its ids and times aside, as text."""
    return {
        table: await db.execute(
            f"select coalesce(string_agg(t::text, E'\\n' order by t::text), '') from (select {columns} from {table} "
            f"where {'id' if table == 'rosters' else 'roster_id'} = $1) as t",
            [roster_id],
            fetch_val=True,
        )
        for table, columns in CONTENT.items()
    }


async def all_rows(db: DBConnector, table: str) -> list[str]:
    return [row[0] for row in await db.execute(f"select t::text from {table} as t order by 1", fetch_all=True)]


@pytest.fixture
async def written(store: PostgresStore, sample: PracticeTables) -> UUID:
    """The sample, filled and written: slots of every status, and a run ledger."""
    await store.import_tables(sample)
    workspace = Workspace(to_problem(await store.load(sample.roster.id)))
    fill(workspace)
    assert (await DatabaseOperationOrchestrator(workspace, store).execute())["success"]
    return sample.roster.id


async def test_a_cloned_roster_says_the_same_under_a_new_id(db: DBConnector, store: PostgresStore, written: UUID) -> None:
    tables = (*CONTENT, "employees", "service_types", "service_blocking_rules", "roster_writes")
    before = {table: await all_rows(db, table) for table in tables}
    new = await clone_roster(db, written)
    assert new != written
    assert await content(db, new) == await content(db, written)
    assert (await store.counts(new)) == (await store.counts(written))
    for table in tables:
        after = await all_rows(db, table)
        assert set(before[table]) <= set(after), table
        assert len(after) == (2 if table in CONTENT else 1) * len(before[table]), table
    ids = "select count(distinct id) from roster_assignments"
    assert await db.execute(ids, fetch_val=True) == 2 * len(before["roster_assignments"])


async def test_a_clone_verifies_as_the_original_does_and_follows_its_own_duties(
    db: DBConnector, store: PostgresStore, written: UUID
) -> None:
    new = await clone_roster(db, written, changes={"naam": "What if", "status": "in_progress"})
    first, second = await verify_roster(store, written), await verify_roster(store, new)
    assert first["all_passed"]
    assert second["checks"] == first["checks"]
    roster = await db.execute("select naam, status from rosters where id = $1", [new], fetch_row=True)
    assert tuple(roster) == ("What if", "in_progress")
    original = await content(db, written)
    await db.execute("select refresh_blocking($1)", [new])
    unchanged = await content(db, new)
    assert unchanged["roster_assignments"] == original["roster_assignments"]
    await db.execute("delete from roster_assignments where roster_id = $1 and status = 1", [new])
    assert (await store.counts(new)).blocked == 0
    assert await content(db, written) == original


async def test_a_clone_of_a_final_roster_follows_the_rules_of_today(db: DBConnector, store: PostgresStore, written: UUID) -> None:
    await db.execute("update rosters set status = 'final' where id = $1", [written])
    original = await content(db, written)
    await db.execute("delete from service_blocking_rules where dag_offset = (select max(dag_offset) from service_blocking_rules)")
    assert await db.execute("select has_stale_blocks($1)", [written], fetch_val=True)
    new = await clone_roster(db, written)
    assert (await verify_roster(store, new))["all_passed"]
    assert await content(db, written) == original


async def test_a_large_roster_is_cloned_about_as_fast_as_it_is_imported(db: DBConnector, store: PostgresStore) -> None:
    tables = generate_practice(GeneratorConfig(employees=60, weeks=13), open_slots=True)
    assert len(tables.roster_assignments) == 16_380
    started = await computing_seconds(db)
    await store.import_tables(tables)
    imported = await computing_seconds(db) - started
    new = await clone_roster(db, tables.roster.id)
    cloned = await computing_seconds(db) - imported - started
    assert await content(db, new) == await content(db, tables.roster.id)
    assert cloned < 3 * imported, f"16,380 slots: {imported:.2f} s to import, {cloned:.2f} s to clone"


async def test_a_clone_waits_for_a_write_and_shows_the_new_roster(db: DBConnector, written: UUID) -> None:
    async with db.transaction() as planner:
        await planner.execute("select lock_roster($1)", [written])
        await planner.execute("delete from roster_assignments where roster_id = $1 and status = 1", [written])
        clone = asyncio.create_task(clone_roster(db, written))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await db.execute("select count(*) from pg_locks where locktype = 'advisory' and not granted", fetch_val=True):
                await asyncio.sleep(0.01)
        assert not clone.done()
    new = await clone
    assert await content(db, new) == await content(db, written)
    assert (await db.execute("select count(*) from roster_assignments where roster_id = $1 and status = 1", [new], fetch_val=True)) == 0


async def test_a_clone_inside_a_transaction_goes_with_it(db: DBConnector, written: UUID) -> None:
    before = await all_rows(db, "rosters")
    with pytest.raises(RuntimeError, match="stop"):
        async with db.transaction() as connection:
            await clone_roster(connection, written)
            raise RuntimeError("stop")
    assert await all_rows(db, "rosters") == before


@pytest.mark.parametrize(("column", "value"), [("naam", 5), ("id", "nonsense"), ("created_at", "2020-01-01")])
async def test_changes_of_another_type_are_told_by_column(db: DBConnector, written: UUID, column: str, value: object) -> None:
    with pytest.raises(InputError, match=f"column {column} for table rosters"):
        await clone_roster(db, written, changes={column: value})
    assert await db.execute("select count(*) from rosters", fetch_val=True) == 1


async def test_an_unknown_roster_and_unknown_names_are_told(db: DBConnector) -> None:
    unknown = uuid4()
    with pytest.raises(InputError, match=f"public.rosters has no row with id {unknown}; nothing was copied"):
        await clone_roster(db, unknown)
    with pytest.raises(SchemaError, match="Did you mean: rosters"):
        await clone_row(db, "roster", unknown)
    with pytest.raises(ColumnMatchError, match="no column startdat. Did you mean: start_date"):
        await clone_row(db, "rosters", unknown, changes={"startdat": "x"})
    with pytest.raises(SchemaError, match="no table 'roster_write'"):
        await clone_row(db, "rosters", unknown, skip=["roster_write"])
    with pytest.raises(InputError, match="service_id, dag_offset, dagdeel"):
        await clone_row(db, "service_blocking_rules", unknown)


async def test_unique_columns_that_would_clash_are_named_all_at_once_unless_given(
    db: DBConnector, store: PostgresStore, sample: PracticeTables
) -> None:
    await store.import_tables(sample)
    dio = next(row for row in sample.service_types if row.code == "DIO")
    with pytest.raises(InputError, match="the same code, which is unique") as caught:
        await clone_row(db, "service_types", dio.id)
    assert caught.value.next_step == "give other values for them in `changes`"
    with pytest.raises(InputError, match="the same id, which is unique"):
        await clone_row(db, "employees", "EMP001")
    new = await clone_row(db, "service_types", dio.id, changes={"code": "DIO2"})
    rules = "select count(*) from service_blocking_rules where service_id = $1"
    assert await db.execute(rules, [new], fetch_val=True) == await db.execute(rules, [dio.id], fetch_val=True) == 3
    assert await clone_row(db, "employees", "EMP001", changes={"id": "EMP001b"}) == "EMP001b"
    with pytest.raises(InputError, match="would clash in public.service_types with code"):
        await clone_row(db, "service_types", dio.id, changes={"code": "DIO2"})


NOTES = 'other."odd ""notes"" too"'
FOREIGN = """
create table tenants (id int generated always as identity primary key, slug text not null unique, t text, "select" jsonb);
create table folders (
  id bigserial primary key, tenant_id int not null references tenants on delete cascade, parent_id bigint references folders on delete cascade,
  name varchar(20) not null, unique (tenant_id, id), unique (tenant_id, parent_id, name));
create table files (
  tenant_id int not null, no int not null, folder_id bigint not null, token uuid not null unique default gen_random_uuid(), size_kb numeric(9, 2),
  size_mb numeric generated always as (size_kb / 1024) stored, follows int, updated_at timestamptz not null default now(),
  primary key (tenant_id, no),
  foreign key (tenant_id, folder_id) references folders (tenant_id, id) on delete cascade,
  foreign key (tenant_id, follows) references files (tenant_id, no));
create table "odd ""notes"" too" ("t" text, "the file" int, tenant int, foreign key (tenant, "the file") references files on delete cascade);
create table logs (id int primary key, tenant_id int references tenants on delete set null);
insert into tenants (slug, t, "select") values ('a', 'x', '{"k": [1]}'), ('b', null, null);
insert into folders (tenant_id, parent_id, name) values (1, null, 'root'), (1, 1, 'sub'), (1, 2, 'subsub'), (2, null, 'root');
insert into files (tenant_id, no, folder_id, size_kb, follows) values (1, 1, 1, 10, null), (1, 2, 3, 20.5, 1), (1, 3, 2, null, 3), (2, 1, 4, 1, null);
insert into "odd ""notes"" too" values ('one', 1, 1), ('two', 2, 1), ('other', 1, 2);
insert into logs values (1, 1);
"""


@pytest.fixture
async def foreign(db: DBConnector) -> DBConnector:
    """A schema of somebody else: identities, a tree, shared columns of composite keys, a computed column, names that need quotes."""
    await db.execute(f"create schema other; set search_path to other; {FOREIGN} reset search_path")
    return db


TREE = """
with recursive path as (
  select id, tenant_id, name::text from other.folders where parent_id is null
  union all
  select f.id, f.tenant_id, path.name || '/' || f.name from other.folders f join path on path.id = f.parent_id and path.tenant_id = f.tenant_id)
select path.name, f.no, f.size_kb, f.size_mb, f.follows, n."t"
from path
left join other.files f on f.tenant_id = path.tenant_id and f.folder_id = path.id
left join other."odd ""notes"" too" n on n.tenant = f.tenant_id and n."the file" = f.no
where path.tenant_id = $1 order by 1, 2
"""


async def tree(db: DBConnector, tenant: int) -> list[Any]:
    return [tuple(row) for row in await db.execute(TREE, [tenant], fetch_all=True)]


async def test_any_schema_is_copied_down_its_cascades_with_references_among_the_copies(foreign: DBConnector) -> None:
    before = await tree(foreign, 1)
    assert [row[0] for row in before] == ["root", "root/sub", "root/sub/subsub"]
    new = await clone_row(foreign, "tenants", 1, changes={"slug": "c", "select": {"k": "it's"}}, schema="other")
    assert new == 3
    assert await tree(foreign, 3) == await tree(foreign, 1) == before
    row = await foreign.execute('select slug, t, "select"::text from other.tenants where id = 3', fetch_row=True)
    assert tuple(row) == ("c", "x", '{"k": "it\'s"}')
    assert await foreign.execute("select count(distinct token) from other.files", fetch_val=True) == 7
    assert await foreign.execute("select count(*) from other.logs", fetch_val=True) == 1


async def test_a_part_of_a_tree_is_copied_with_what_is_under_it(foreign: DBConnector) -> None:
    new = await clone_row(foreign, "folders", 2, changes={"name": "copy"}, skip=["files"], schema="other")
    rows = await foreign.execute("select id, tenant_id, parent_id, name from other.folders where id > 4 order by id", fetch_all=True)
    assert sorted(tuple(row)[1:] for row in rows) == sorted([(1, 1, "copy"), (1, new, "subsub")])
    with pytest.raises(InputError, match=r"would clash in other.files with tenant_id \+ no, which is unique") as caught:
        await clone_row(foreign, "folders", 2, changes={"name": "copy 2"}, schema="other")
    assert caught.value.next_step == "leave files out with `skip`"


async def test_a_key_of_several_columns_is_given_and_returned_by_name(foreign: DBConnector) -> None:
    key = {"tenant_id": 1, "no": 2}
    new = await clone_row(foreign, "files", key, changes={"no": 9}, schema="other")
    assert new == {"tenant_id": 1, "no": 9}
    assert await foreign.execute(f'select "t" from {NOTES} where "the file" = 9', fetch_val=True) == "two"


async def test_what_the_database_refuses_leaves_nothing(foreign: DBConnector) -> None:
    before = [await all_rows(foreign, f"other.{table}") for table in ("tenants", "folders", "files")]
    await foreign.execute("alter table other.files add constraint small check (tenant_id < 3)")
    with pytest.raises(QueryError, match="small"):
        await clone_row(foreign, "tenants", 1, changes={"slug": "c"}, schema="other")
    assert [await all_rows(foreign, f"other.{table}") for table in ("tenants", "folders", "files")] == before


async def test_tables_that_belong_to_each_other_in_a_circle_are_refused_by_name(db: DBConnector) -> None:
    await db.execute(
        "create schema ring; create table ring.a (id uuid primary key, b_id uuid); create table ring.b (id uuid primary key, "
        "a_id uuid references ring.a on delete cascade); alter table ring.a add foreign key (b_id) references ring.b on delete cascade"
    )
    with pytest.raises(SchemaError, match="in a circle: [ab] - [ab] - [ab]"):
        await clone_row(db, "a", uuid4(), schema="ring")
