"""SchemaSetup: schemas beside each other, made whole or not at all."""

from __future__ import annotations

import asyncio
import unicodedata

import pytest

from greedy.database.connector import DBConnector
from greedy.database.embedded.server import EmbeddedServer
from greedy.database.errors import AuthenticationError, DatabaseError, QueryError, SchemaError
from greedy.database.schema import migrations as migrations_module
from greedy.database.schema.migrations import Migration, migrate, migrations, require_migrated
from greedy.database.schema.names import RESERVED
from greedy.database.schema.setup import SchemaSetup
from greedy.formats.tables import PracticeTables
from greedy.store.postgres import PostgresStore
from tests.database.schema.conftest import TENANT
from tests.databases import numbers
from tests.timing import PATIENCE_SECONDS

SCHEMAS = "select array_agg(nspname::text order by nspname) from pg_namespace where nspname not like 'pg\\_%'"


async def test_a_project_schema_stands_alone(empty_url: str, sample: PracticeTables) -> None:
    """Without a migrated public beside it: nothing in it reaches out."""
    async with DBConnector(empty_url, min_size=1, schema=TENANT) as db:
        await SchemaSetup(db).ensure_project_schema(TENANT)
        assert await db.execute("select count(*) from pg_class where relnamespace = 'public'::regnamespace", fetch_val=True) == 0
        await require_migrated(db)
        store = PostgresStore(db)
        await store.import_tables(sample)
        facts = await store.verify(sample.roster.id)
        assert (facts.counts.open_rows, facts.probe.missing, len(facts.triggers)) == (1274, [], 15)
        outside = await db.execute(
            "select count(*) from pg_depend d join pg_class o on o.oid = d.objid join pg_class r on r.oid = d.refobjid "
            "where o.relnamespace = $1::text::regnamespace and r.relnamespace = 'public'::regnamespace", [f'"{TENANT}"'], fetch_val=True)  # fmt: skip
        assert outside == 0
        assert (await SchemaSetup(db).verify_schema()).divergences == ()


async def test_practices_do_not_see_each_others_rows(
    db: DBConnector, tenant: DBConnector, database_url: str, sample: PracticeTables
) -> None:
    await SchemaSetup(db).ensure_project_schema("noord")
    async with DBConnector(database_url, min_size=1, schema="noord") as noord:
        stores = [PostgresStore(one) for one in (db, tenant, noord)]
        for count, store in enumerate(stores, start=1):
            assert [len(await one.list_rosters()) for one in stores] == [1] * (count - 1) + [0] * (4 - count)
            await store.import_tables(sample)
        await tenant.execute("update employees set voornaam = 'Zuid'")
        duty = "insert into roster_assignments (roster_id, employee_id, date, dagdeel, service_id, status) " \
               "select $1, 'EMP003', '2025-11-24', 'O', id, 1 from service_types where code = 'DIO' " \
               "on conflict (roster_id, employee_id, date, dagdeel) do update set status = 1, service_id = excluded.service_id"  # fmt: skip
        # The triggers of one practice block in this practice alone.
        await noord.execute(duty, [sample.roster.id])
        assert [(await store.counts(sample.roster.id)).blocked for store in stores] == [0, 0, 3]
        names = [await one.execute("select count(*) from employees where voornaam = 'Zuid'", fetch_val=True) for one in (db, tenant, noord)]
        assert names == [0, 14, 0]
        await tenant.execute("delete from rosters")
        assert [len(await store.list_rosters()) for store in stores] == [1, 0, 1]


async def test_nobody_else_may_read_write_or_execute_in_a_project_schema(tenant: DBConnector) -> None:
    role = f"visitor_{next(numbers)}"
    await tenant.execute(f'create role {role}; grant usage on schema "{TENANT}" to {role}')
    allowed = await tenant.execute(
        "select array_agg(p.proname::text order by 1) from pg_proc p "
        "where p.pronamespace = $1::text::regnamespace and has_function_privilege($2, p.oid, 'execute')", [f'"{TENANT}"', role], fetch_val=True)  # fmt: skip
    assert allowed is None
    for sql in ("select * from rosters", "select list_rosters_v1()", "select * from roster_slot_counts", "select * from schema_migrations"):
        with pytest.raises(AuthenticationError, match="permission denied"):
            async with tenant.transaction() as connection:
                await connection.execute(f"set local role {role}")
                await connection.execute(sql, fetch_all=True)
    await tenant.execute(f"drop owned by {role}; drop role {role}")


async def test_unusual_names_work(empty_url: str, sample: PracticeTables) -> None:
    names = ["Hoofd.a;b--c/*", "日本 €,", "select", "é" * 31 + "x", "1"]
    for name in names:
        async with DBConnector(empty_url, min_size=1, schema=name) as db:
            setup = SchemaSetup(db)
            assert len(await setup.ensure_project_schema(name)) == len(migrations())
            assert await setup.ensure_project_schema(name) == []
            assert await PostgresStore(db).list_rosters() == []
            await PostgresStore(db).import_tables(sample)
            assert (await setup.verify_schema(name)).divergences == ()
            assert await db.execute("select count(*) from pg_namespace where nspname = $1", [name], fetch_val=True) == 1
    async with DBConnector(empty_url, min_size=1) as db:
        assert sorted(one.name for one in await SchemaSetup(db).project_schemas()) == sorted(names)


@pytest.mark.parametrize(
    ("name", "why"),
    [
        *((name, "it ") for name in RESERVED),
        ("PUBLIC", "greedy db migrate makes"),
        ("Auth", "belongs to Supabase"),
        ("pg_mine", "begin with pg_"),
        ("PG_Temp", "begin with pg_"),
        ("", "not a name"),
        ("x" * 64, "64 bytes"),
        ("é" * 32, "64 bytes"),
        ("a\0b", "not a name"),
        ("\ud800", "not a name"),
        ('a"; drop schema public cascade; --', '" may not be in it'),
        ("'t Hofje", "' may not be in it"),
        ("a$$b", r"\$ may not be in it"),
        ("a\\b", r"may not be in it"),
        ("100%", "% may not be in it"),
        ("$user", r"\$ may not be in it"),
        (" a", "spaces around it"),
        ("a\nb", "invisible"),
        ("a\u202eb", "invisible"),
        (unicodedata.normalize("NFD", "é"), "normal form C"),
    ],
)
async def test_names_that_cannot_be_are_refused_before_anything_happens(both_url: str, name: str, why: str) -> None:
    async with DBConnector(both_url, min_size=1) as db:
        before = await db.execute(SCHEMAS, fetch_val=True)
        with pytest.raises(SchemaError, match=f"cannot be the schema of a practice: .*{why}") as caught:
            await SchemaSetup(db).ensure_project_schema(name)
        assert caught.value.next_step
        assert await db.execute(SCHEMAS, fetch_val=True) == before


async def test_a_schema_of_somebody_else_is_taken_in_with_its_rows(db: DBConnector) -> None:
    await db.execute("create schema notes; create table notes.notes (x int); insert into notes.notes values (1); "
                     "create index on notes.notes (x); create function notes.mine() returns int language sql as 'select 1'")  # fmt: skip
    with pytest.raises(SchemaError, match="has no schema 'notes' of a practice"):
        await migrate(db, "notes")
    setup = SchemaSetup(db)
    await setup.ensure_project_schema("notes")
    assert await db.execute("select x from notes.notes", fetch_val=True) == 1
    report = await setup.verify_schema("notes")
    assert (report.ok, [str(one) for one in report.divergences]) == (True, ["extra function mine()", "extra table notes"])


@pytest.mark.parametrize(
    ("things", "clashes"),
    [
        ("create materialized view notes.employees as select 1 as x; create sequence notes.rosters", ("sequence rosters", "view employees")),
        ("create function notes.lock_roster(x int) returns int language sql as 'select 1'", ("function lock_roster",)),
        ("create function notes.lock_roster(x int) returns int language sql as 'select 1'; "
         "create function notes.lock_roster(x text) returns int language sql as 'select 1'", ("function lock_roster",)),
        ("create type notes.slot_content as enum ('a'); create domain notes.rosters as int", ("type rosters", "type slot_content")),
        ("create type notes.slot_content as (x int)", ("type slot_content",)),
        ("create table notes.x (id int); create index rosters_pkey on notes.x (id)", ("index rosters_pkey",)),
        ("create table notes.roster_slot_counts (id int)", ("table roster_slot_counts",)),
        ("create table notes.schema_migrations (version bigint primary key)", ("table schema_migrations",)),
        ("create table notes.rosters (id uuid); create function notes.f() returns trigger language plpgsql as 'begin end'; "
         "create trigger keep_rows_in_roster after insert on notes.rosters execute function notes.f()",
         ("trigger keep_rows_in_roster of table rosters",)),
    ],
)  # fmt: skip
async def test_things_of_others_under_our_names_are_all_told_and_kept(db: DBConnector, things: str, clashes: tuple[str, ...]) -> None:
    await db.execute(f"create schema notes; {things}")
    before = await db.execute(
        "select array_agg(relname::text order by 1) from pg_class where relnamespace = 'notes'::regnamespace", fetch_val=True
    )
    with pytest.raises(
        SchemaError, match=f"schema 'notes' of .* holds {len(clashes)} things that do not fit; nothing was changed"
    ) as caught:
        await SchemaSetup(db).ensure_project_schema("notes")
    assert caught.value.details == tuple(f"{clash}: this name is needed" for clash in clashes)
    after = await db.execute(
        "select array_agg(relname::text order by 1) from pg_class where relnamespace = 'notes'::regnamespace", fetch_val=True
    )
    assert after == before


async def test_two_at_once_make_it_once(empty_url: str) -> None:
    async with DBConnector(empty_url, min_size=1) as one, DBConnector(empty_url, min_size=1) as other:
        calls = [SchemaSetup(db).ensure_project_schema(name) for db in (one, other) for name in (TENANT, "noord", TENANT)]
        applied = await asyncio.wait_for(asyncio.gather(*calls, SchemaSetup(one).ensure_public_schema()), PATIENCE_SECONDS)
        assert sorted(map(len, applied)) == [0, 0, 0, 0] + [len(migrations())] * 3
        assert [found.name for found in await SchemaSetup(one).project_schemas()] == [TENANT, "noord", "public"]


@pytest.mark.parametrize("schema", ["public", TENANT])
async def test_a_backend_that_is_killed_leaves_nothing_and_lets_the_next_in(
    empty_url: str, schema: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    ours = migrations()
    sleepy = [*ours, Migration("29990101000000", "greedy_sleepy", "create table public.sleepy (); select pg_sleep(60);")]
    monkeypatch.setattr(migrations_module, "migrations", lambda: sleepy)
    async with DBConnector(empty_url, min_size=1) as db, asyncio.timeout(PATIENCE_SECONDS):

        def ensure() -> asyncio.Task[list[str]]:
            setup = SchemaSetup(db)
            return asyncio.create_task(setup.ensure_public_schema() if schema == "public" else setup.ensure_project_schema(schema))

        first = ensure()
        sleeping = "select pid from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'"
        while (pid := await db.execute(sleeping, fetch_val=True)) is None:
            await asyncio.sleep(0.01)
        monkeypatch.setattr(migrations_module, "migrations", lambda: ours)
        second = ensure()
        while not await db.execute("select 1 from pg_locks where locktype = 'advisory' and not granted", fetch_val=True):
            await asyncio.sleep(0.01)
        await db.execute("select pg_terminate_backend($1)", [pid], fetch_val=True)
        with pytest.raises(DatabaseError):
            await first
        assert await second == [migration.version for migration in ours]
        assert await db.execute("select count(*) from pg_class where relname = 'sleepy'", fetch_val=True) == 0
        assert (await SchemaSetup(db).verify_schema(schema)).divergences == ()


async def test_a_failed_migration_leaves_no_schema(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = [*migrations(), Migration("29990101000000", "greedy_broken", "select 1 / 0;")]
    monkeypatch.setattr(migrations_module, "migrations", lambda: broken)
    async with DBConnector(empty_url, min_size=1) as db:
        with pytest.raises(QueryError, match="division by zero"):
            await SchemaSetup(db).ensure_project_schema(TENANT)
        assert await db.execute(SCHEMAS, fetch_val=True) == ["information_schema", "public"]


async def test_who_may_not_create_schemas_is_told(server: EmbeddedServer, database_url: str, db: DBConnector) -> None:
    role = f"reader_{next(numbers)}"
    await db.execute(
        f"create role {role}; grant select on all tables in schema supabase_migrations to {role}; grant usage on schema supabase_migrations to {role}"
    )
    async with db.transaction() as connection:
        await connection.execute(f"set local role {role}")
        for call in (SchemaSetup(connection).verify_schema(), SchemaSetup(connection).ensure_project_schema("noord")):
            with pytest.raises(AuthenticationError, match=f"the user '{role}' may not create schemas") as caught:
                await call
            assert f"grant create on database {database_url.partition('?')[0].rpartition('/')[2]} to {role}" in str(caught.value.next_step)
    async with db.transaction(readonly=True) as connection:
        with pytest.raises(SchemaError, match="is read-only"):
            await SchemaSetup(connection).verify_schema()
    await db.execute(f"drop owned by {role}; drop role {role}")
