"""The verification of a schema sees every divergence and nothing else."""

from __future__ import annotations

import asyncio

import pytest

from greedy.database.connection import DBConnection
from greedy.database.connector import DBConnector
from greedy.database.errors import SchemaError
from greedy.database.schema import migrations as migrations_module
from greedy.database.schema import setup as schema_setup
from greedy.database.schema.catalogue import Catalogue
from greedy.database.schema.migrations import Migration, MigrationStatus, migrate, migrations, require_migrated
from greedy.database.schema.setup import SchemaReport, SchemaSetup
from tests.database.schema.conftest import TENANT
from tests.databases import numbers
from tests.timing import PATIENCE_SECONDS

LOAD = "load_roster_v1(p_roster_id uuid, p_include_open boolean)"
SCHEMAS = "select array_agg(nspname::text order by nspname) from pg_namespace where nspname not like 'pg\\_%'"


async def verify_after(db: DBConnector, *statements: str) -> SchemaReport:
    """The report on a schema in which this was done; then it is undone."""
    async with db.transaction() as connection:
        await connection.execute("savepoint healthy")
        for sql in statements:
            await connection.execute(sql)
        report = await SchemaSetup(connection).verify_schema()
        await connection.execute("rollback to savepoint healthy")
    return report


# What is done, and the lines that it gives; one with a ~ is harmless.
DIVERGENCES = [
    ("drop table roster_writes", "missing table roster_writes"),
    ("alter table rosters add column kleur text", "extra column rosters.kleur"),
    ("alter table employees drop column dienstverband", "missing column employees.dienstverband"),
    ("alter table employees drop column email", "missing column employees.email\nmissing constraint employees.employees_email_check"),
    (
        "alter table employees alter dienstverband type varchar(50)",
        "different column employees.dienstverband: type is 'character varying(50)' instead of 'text'",
    ),
    (
        "alter table employees alter dienstverband set not null",
        "different column employees.dienstverband: nullable is 'no' instead of 'yes'",
    ),
    ("alter table employees alter team drop not null", "different column employees.team: nullable is 'yes' instead of 'no'"),
    ("alter table employees alter actief set default false", "different column employees.actief: default is 'false' instead of 'true'"),
    (
        'alter table employees alter team type text collate "C"',
        "different column employees.team: collation is 'C' instead of 'none'",
    ),
    ("alter table rosters add constraint extra check (naam <> 'x')", "extra constraint rosters.extra"),
    ("alter table rosters drop constraint rosters_status_check", "missing constraint rosters.rosters_status_check"),
    (
        "alter table rosters drop constraint rosters_check1, add constraint rosters_check1 check (end_date - start_date < 1000)",
        "different constraint rosters.rosters_check1: definition is 'CHECK ((end_date - start_date) < 1000)' "
        "instead of 'CHECK ((end_date - start_date) < 732)'",
    ),
    (
        "alter table rosters drop constraint rosters_check1, add constraint rosters_check1 check (end_date - start_date < 732) not valid",
        "different constraint rosters.rosters_check1: definition is 'CHECK ((end_date - start_date) < 732) NOT VALID' "
        "instead of 'CHECK ((end_date - start_date) < 732)'",
    ),
    (
        "alter table roster_writes drop constraint roster_writes_roster_id_fkey",
        "missing constraint roster_writes.roster_writes_roster_id_fkey",
    ),
    ("drop index roster_assignments_employee_id_idx", "missing index roster_assignments_employee_id_idx"),
    ("create index mine on rosters (naam)", "~extra index mine"),
    ("create unique index mine on rosters (naam)", "extra index mine"),
    (
        "drop index roster_assignments_employee_id_idx; create index roster_assignments_employee_id_idx on roster_assignments (date)",
        "different index roster_assignments_employee_id_idx: definition is '..._idx ON roster_assignments USING btree (date)' "
        "instead of '..._idx ON roster_assignments USING btree (employee_id)'",
    ),
    ("drop trigger keep_rows_in_roster on rosters", "missing trigger rosters.keep_rows_in_roster"),
    ("alter table rosters disable trigger keep_rows_in_roster", "off trigger rosters.keep_rows_in_roster: state is off"),
    (
        "alter table rosters enable replica trigger keep_rows_in_roster",
        "off trigger rosters.keep_rows_in_roster: state is on replicas alone",
    ),
    (
        "alter table rosters enable always trigger keep_rows_in_roster",
        "different trigger rosters.keep_rows_in_roster: state is 'always' instead of 'on'",
    ),
    ("create trigger extra after insert on rosters execute function keep_blocking_true()", "extra trigger rosters.extra"),
    (
        "alter table roster_writes disable trigger all",
        "off constraint roster_writes.roster_writes_roster_id_fkey: state is off",
    ),
    (
        "set local session_replication_role = replica",
        "off setting session_replication_role: state is replica, in which triggers do not fire",
    ),
    (
        "create or replace function list_rosters_v1() returns jsonb language sql stable set search_path = {schema}, pg_temp as 'select null::jsonb'",
        "different function list_rosters_v1(): body is 'select null::jsonb' instead of 'select coalesce(jsonb_agg(jsonb_build_object('",
    ),
    ("alter function load_roster_v1 security definer", f"different function {LOAD}: security is 'definer' instead of 'invoker'"),
    (
        'alter function list_rosters_v1 set search_path = "$user", {schema}, pg_temp',
        "different function list_rosters_v1(): search_path is '\"$user\", {schema}, pg_temp' instead of '{schema}, pg_temp'",
    ),
    (
        "alter function list_rosters_v1 reset search_path",
        "different function list_rosters_v1(): search_path is 'none' instead of '{schema}, pg_temp'",
    ),
    ("alter function list_rosters_v1 volatile", "different function list_rosters_v1(): volatility is 'volatile' instead of 'stable'"),
    (
        "alter function list_rosters_v1 set work_mem = '1GB'",
        "different function list_rosters_v1(): settings is 'work_mem=1GB' instead of 'none'",
    ),
    ("drop function list_rosters_v1", "missing function list_rosters_v1()"),
    ("create function lock_roster(text) returns void language sql as 'select'", "extra function lock_roster(text)"),
    (
        "alter view roster_slot_counts set (security_invoker = false)",
        "different view roster_slot_counts: options is 'security_invoker=false' instead of 'security_invoker=true'",
    ),
    (
        "create or replace view roster_service_coverage with (security_invoker = true) as "
        "select roster_id, null::text as service_code, 0::bigint as needed, 0::bigint as assigned from roster_writes",
        "different view roster_service_coverage: definition is 'SELECT roster_id,' instead of 'SELECT needed.roster_id,'",
    ),
    ("drop view roster_service_coverage", "missing view roster_service_coverage"),
    ("alter type slot_blocker add attribute extra integer", "extra column slot_blocker.extra"),
    ("alter table rosters disable row level security", "off table rosters: row level security is off"),
    ("alter table rosters force row level security", "different table rosters: forced row level security is 'on' instead of 'off'"),
    ("create policy own on rosters using (true)", "extra policy rosters.own"),
    ("create rule swallow as on insert to rosters do instead nothing", "extra rule rosters.swallow"),
    ("alter table roster_writes set unlogged", "different table roster_writes: persistence is 'unlogged' instead of 'permanent'"),
    ("grant select on rosters to public", "extra grant SELECT on table rosters to everybody"),
    ("grant select on rosters to anon", "extra grant SELECT on table rosters to anon"),
    ("grant insert on rosters to authenticated", "extra grant INSERT on table rosters to authenticated"),
    ("revoke insert on rosters from service_role", "missing grant INSERT on table rosters to service_role"),
    ("revoke execute on function list_rosters_v1 from service_role", "missing grant EXECUTE on function list_rosters_v1() to service_role"),
    ("drop policy authenticated_reads on rosters", "missing policy rosters.authenticated_reads"),
    (
        "alter policy authenticated_reads on rosters using (start_date > '2000-01-01')",
        "different policy rosters.authenticated_reads: using is \"start_date > '2000-01-01'::date\" instead of 'true'",
    ),
    ("create role reader; grant select, insert on rosters to reader", "~extra grant INSERT, SELECT on table rosters to reader"),
    ("grant select (naam) on rosters to public", "extra grant SELECT on column rosters.naam to everybody"),
    ("grant execute on function load_roster_v1 to public", f"extra grant EXECUTE on function {LOAD} to everybody"),
    ("revoke delete on rosters from current_user", "missing grant DELETE on table rosters to the owner"),
    ("create role other; alter table rosters owner to other", "different table rosters: owner is 'other' instead of 'the owner'"),
    (
        "create role other; alter function keep_blocking_true owner to other",
        "different function keep_blocking_true(): owner is 'other' instead of 'the owner'",
    ),
    (
        "comment on table employees is 'mine'",
        "~different table employees: comment is 'mine' instead of 'Who can be planned.'",
    ),
    (
        "create table theirs (id int primary key); create view their_view as select * from theirs; create sequence their_numbers; "
        "create type their_type as enum ('a'); create function theirs() returns int language sql as 'select 1'; grant select on theirs to public",
        "~extra sequence their_numbers\n~extra type their_type\n~extra view their_view\n~extra table theirs\n~extra function theirs()",
    ),
]


@pytest.fixture
def reference_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a schema is compared with is made anew only where it may be another one: most of a verification's time goes into it."""
    made: dict[object, list[Catalogue]] = {}
    make = schema_setup._reference

    async def reference(connection: DBConnection, schema: str, status: MigrationStatus) -> list[Catalogue]:
        around = "select coalesce(array_agg(d::text order by d::text), '{}') from pg_default_acl as d"
        key = (schema, status, tuple(await connection.execute(around, fetch_val=True)))
        if key not in made:
            made[key] = await make(connection, schema, status)
        return made[key]

    monkeypatch.setattr(schema_setup, "_reference", reference)


@pytest.mark.usefixtures("reference_once")
@pytest.mark.parametrize("schema", ["public", TENANT])
async def test_each_divergence_is_told_and_nothing_else(both_url: str, schema: str) -> None:
    written = schema if schema == "public" else f'"{schema}"'
    expected = {done: lines.replace("{schema}", written).splitlines() for done, lines in DIVERGENCES}
    told = {}
    async with DBConnector(both_url, min_size=1, schema=schema) as db:
        for done, lines in expected.items():
            report = await verify_after(db, done.replace("{schema}", written))
            told[done] = [("~" if one.harmless else "") + str(one) for one in report.divergences]
            assert report.ok is all(line.startswith("~") for line in lines), done
    assert told == expected


ODD = """
create type public.mood as enum ('goed', 'matig');
create domain public.percentage as integer default 0 check (value between 0 and 100);
create sequence public.counter;
create table public.odd (
  id integer generated always as identity primary key, mood public.mood, part public.percentage,
  twice integer generated always as (part * 2) stored, number integer default nextval('public.counter'));
alter table public.odd enable row level security;
create policy everybody on public.odd for select to public using (mood = 'goed');
grant select on public.odd to public;
create function public.odd_total() returns bigint language plpgsql set search_path = public, pg_temp
as $$ declare total bigint; begin execute 'select sum(part) from public.odd' into total; return total; end $$;
"""
ODD_DIVERGENCES = [
    ("select odd_total()", ""),
    ("alter type mood add value 'slecht'", "different type mood: labels is 'goed, matig, slecht' instead of 'goed, matig'"),
    ("alter domain percentage set not null", "different type percentage: nullable is 'no' instead of 'yes'"),
    ("alter table odd alter id set generated by default", "different column odd.id: identity is 'by default' instead of 'always'"),
    ("alter table odd alter id drop identity", "different column odd.id: identity is 'none' instead of 'always'\nmissing sequence odd_id_seq"),
    ("alter table odd alter twice drop expression", "different column odd.twice: generated is 'none' instead of 'stored: part::integer * 2'"),
    ("drop policy everybody on odd", "missing policy odd.everybody"),
    ("alter policy everybody on odd using (true)", "different policy odd.everybody: using is 'true' instead of \"mood = 'goed'::mood\""),
    ("revoke select on odd from public", "missing grant SELECT on table odd to everybody"),
    ("alter sequence counter owned by none; alter table odd alter number drop default; drop sequence counter",
     "missing sequence counter\ndifferent column odd.number: default is 'none' instead of \"nextval('counter'::regclass)\""),
]  # fmt: skip


@pytest.mark.usefixtures("reference_once")
async def test_kinds_that_our_tables_do_not_have_yet(empty_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    more = [*migrations(), Migration("29990101000000", "greedy_odd", ODD)]
    for module in (migrations_module, schema_setup):
        monkeypatch.setattr(module, "migrations", lambda: more)
    async with DBConnector(empty_url, min_size=1) as db:
        await SchemaSetup(db).ensure_public_schema()
        await SchemaSetup(db).ensure_project_schema(TENANT)
    for schema in ("public", TENANT):
        async with DBConnector(empty_url, min_size=1, schema=schema) as db:
            for done, lines in ODD_DIVERGENCES:
                report = await verify_after(db, done)
                told = [str(one) for one in report.divergences]
                assert told == lines.splitlines(), (schema, done)


@pytest.mark.parametrize("schema", ["public", TENANT])
async def test_a_healthy_schema_has_no_divergence_and_verifying_leaves_nothing(both_url: str, schema: str) -> None:
    async with DBConnector(both_url, min_size=1, schema=schema) as db:
        before = await db.execute(SCHEMAS, fetch_val=True)
        async with db.transaction() as connection:
            report = await SchemaSetup(connection).verify_schema()
            # What it holds until the end of its transaction stops nobody who reads or writes.
            modes = await connection.execute(
                "select distinct mode from pg_locks l join pg_class c on c.oid = l.relation join pg_namespace n on n.oid = c.relnamespace "
                "where l.pid = pg_backend_pid() and n.nspname = any ($1::text[])", [["public", TENANT]], fetch_all=True)  # fmt: skip
            path = await connection.execute("show search_path", fetch_val=True)
        assert (report.divergences, report.ok, report.schema) == ((), True, schema)
        assert {row["mode"] for row in modes} <= {"AccessShareLock"}
        assert "greedy_reference" not in path
        assert await db.execute(SCHEMAS, fetch_val=True) == before


async def test_verification_does_not_wait_for_writers(tenant: DBConnector) -> None:
    async with tenant.transaction() as other:
        await other.execute("insert into rosters (start_date, end_date) values ('2025-01-01', '2025-01-02')")
        await other.execute("lock table rosters, roster_assignments in share row exclusive mode")
        assert (await asyncio.wait_for(SchemaSetup(tenant).verify_schema(), PATIENCE_SECONDS)).ok


async def test_a_divergence_that_is_committed_is_seen_through_the_pool(db: DBConnector, tenant: DBConnector) -> None:
    await tenant.execute("alter table employees disable trigger refresh_blocking_after_update")
    setup = SchemaSetup(db)
    assert [str(one) for one in (await setup.verify_schema(TENANT)).faults] == [
        "off trigger employees.refresh_blocking_after_update: state is off"
    ]
    assert (await setup.verify_schema()).ok


async def test_a_schema_that_was_renamed_is_told(db: DBConnector, tenant: DBConnector) -> None:
    """Its functions would work in the old one."""
    await db.execute(f'alter schema "{TENANT}" rename to "Praktijk Noord"')
    report = await SchemaSetup(db).verify_schema("Praktijk Noord")
    assert f"""different function list_rosters_v1(): search_path is '"{TENANT}", pg_temp' instead of '"Praktijk Noord", pg_temp'""" in map(
        str, report.faults
    )


async def test_pending_migrations_are_told_and_the_rest_is_compared_with_what_was_applied(
    tenant: DBConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    more = [*migrations(), Migration("29990101000000", "greedy_odd", ODD)]
    for module in (migrations_module, schema_setup):
        monkeypatch.setattr(module, "migrations", lambda: more)
    report = await SchemaSetup(tenant).verify_schema()
    assert [str(one) for one in report.divergences] == ["missing migration 29990101000000 greedy_odd"]
    with pytest.raises(SchemaError, match="1 migrations are pending") as caught:
        await require_migrated(tenant)
    assert caught.value.next_step == f"greedy db migrate --schema '{TENANT}'"
    assert await migrate(tenant) == ["29990101000000"]
    assert (await SchemaSetup(tenant).verify_schema()).ok


async def test_default_privileges_of_a_schema_are_no_divergence(empty_url: str) -> None:
    """Supabase gives its roles rights on whatever is made in public."""
    async with DBConnector(empty_url, min_size=1) as db:
        role = f"web_{next(numbers)}"
        await db.execute(
            f"create role {role}; alter default privileges in schema public grant all on tables to {role}, public;"
            f"alter default privileges in schema public grant execute on functions to {role} with grant option"
        )
        await migrate(db)
        assert await db.execute("select has_table_privilege($1, 'rosters', 'select')", [role], fetch_val=True)
        assert (await SchemaSetup(db).verify_schema()).divergences == ()
        await db.execute(f"drop owned by {role}; drop role {role}")


async def test_what_is_not_there_cannot_be_verified(db: DBConnector, empty_url: str) -> None:
    with pytest.raises(SchemaError, match="has no schema 'nowhere' of a practice") as caught:
        await SchemaSetup(db).verify_schema("nowhere")
    assert "greedy db schema create nowhere" in str(caught.value.next_step)
    async with DBConnector(empty_url, min_size=1) as nothing:
        with pytest.raises(SchemaError, match="is not migrated"):
            await SchemaSetup(nothing).verify_schema()
    await SchemaSetup(db).ensure_project_schema("noord")
    await db.execute("insert into noord.schema_migrations (version, name) values ('29990101000000', 'greedy_future')")
    for call in (SchemaSetup(db).verify_schema("noord"), SchemaSetup(db).ensure_project_schema("noord"), migrate(db, "noord")):
        with pytest.raises(SchemaError, match="was migrated by a newer version of greedy: 29990101000000"):
            await call
