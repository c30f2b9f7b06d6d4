"""Each role on a connection of its own: every table, view and function, allowed or refused; and nothing that the migrations make is forgotten."""

from __future__ import annotations

import asyncpg
import pytest

from greedy.database.connector import DBConnector
from greedy.database.schema.migrations import migrate
from greedy.database.schema.setup import SchemaSetup
from greedy.formats.tables import PracticeTables
from greedy.store.postgres import PostgresStore
from tests.databases import numbers
from tests.roles.rights import (
    CALLED,
    FORBIDDEN,
    OWNERS,
    PRIVATE,
    SEQUENCES,
    SHARED_READ,
    SHARED_SCHEMAS,
    SHARED_SEQUENCES,
    SHARED_TABLES,
    TABLES,
    TYPES,
    VIEWS,
)
from tests.supabase_project import ROLES

ALL_MADE = """
select relname::text from pg_class where relnamespace = 'public'::regnamespace and relkind not in ('i', 'I', 't')
union select typname from pg_type where typnamespace = 'public'::regnamespace and typtype in ('d', 'e', 'r', 'm')
union select proname from pg_proc where pronamespace = 'public'::regnamespace
union select nspname || '.' || relname from pg_class join pg_namespace n on n.oid = relnamespace
      where nspname in ('bronze', 'meta') and relkind not in ('i', 'I', 't')
union select nspname || '.' || proname from pg_proc join pg_namespace n on n.oid = pronamespace where nspname in ('bronze', 'meta')
"""
PRIVILEGES = ("SELECT", "INSERT", "UPDATE", "DELETE", "TRUNCATE", "REFERENCES", "TRIGGER", "MAINTAIN")
WRITES = {
    "insert": "insert into {0} select * from {0} where false",
    "update": "update {0} set {1} = {1}",
    "delete": "delete from {0} where {1} is null",
    "truncate": "truncate {0} cascade",
}


async def outcome(connection: asyncpg.Connection, role: str, sql: str) -> str | int:
    """The number of rows that a statement of this role finds or changes, or the code of its refusal; then it is undone."""
    attempt = connection.transaction()
    await attempt.start()
    try:
        await connection.execute(f"set local role {role}")
        done = await connection.execute(sql)
        return int(done.split()[-1]) if done[-1].isdigit() else done
    except asyncpg.PostgresError as exc:
        return exc.sqlstate
    finally:
        await attempt.rollback()


async def test_nothing_that_the_migrations_make_is_forgotten(connection: asyncpg.Connection) -> None:
    made = {row[0] for row in await connection.fetch(ALL_MADE)}
    assert made == {*TABLES, *VIEWS, *SEQUENCES, *TYPES, *CALLED, *OWNERS, *SHARED_TABLES, *SHARED_SEQUENCES}
    listed = {
        row[0] for row in await connection.fetch("select to_regclass(name)::text from access_v1() where to_regclass(name) is not null")
    }
    listed |= {row[0] for row in await connection.fetch("select proname::text from access_v1() join pg_proc p on p.oid = to_regproc(name)")}
    assert listed == made
    assert await connection.fetch("select * from access_faults_v1()") == []


@pytest.mark.parametrize("role", [*ROLES, "anybody"])
async def test_what_practices_share(connection: asyncpg.Connection, role: str) -> None:
    """Who has signed in reads runs and qualities, and nothing of what other systems say of people."""
    if role == "anybody":
        await connection.execute("create role anybody")
    held = {
        (name, one)
        for kind, names, privileges in (
            ("schema", SHARED_SCHEMAS, ("USAGE", "CREATE")),
            ("table", SHARED_TABLES, PRIVILEGES[:7]),
            ("sequence", SHARED_SEQUENCES, ("USAGE", "SELECT", "UPDATE")),
        )
        for name in names
        for one in privileges
        if await connection.fetchval(f"select has_{kind}_privilege($1, $2, $3)", role, name, one)
    }
    reads = {("meta", "USAGE"), *((name, "SELECT") for name in SHARED_READ)}
    writes = {(name, one) for name in SHARED_TABLES for one in ("SELECT", "INSERT", "UPDATE", "DELETE")}
    all_of_it = {*writes, *((name, "USAGE") for name in (*SHARED_SCHEMAS, *SHARED_SEQUENCES))}
    assert held == {"authenticated": reads, "service_role": all_of_it}.get(role, set())


async def test_rows_that_practices_share_are_guarded_by_policies(connection: asyncpg.Connection) -> None:
    run = "insert into meta.ingestion_runs (run_id, practice, step, source_system, entity_type) values (gen_random_uuid(), 'public', 'ingest', 'hr', 'x')"
    await connection.execute(run)
    await connection.execute("insert into meta.faulty_records select run_id, 1, 'here', null, 'why' from meta.ingestion_runs")
    await connection.execute(
        "insert into bronze.raw_entities (practice, source_system, entity_type, external_id, entity_key, raw_data, content_hash, run_id) "
        "select 'public', 'hr', 'x', '1', '1', '{}', sha256(''), run_id from meta.ingestion_runs"
    )
    await connection.execute("insert into meta.entity_quality select 'public', 'x', '1', 1, '{}', run_id from meta.ingestion_runs")
    await connection.execute(
        "grant usage on schema bronze, meta to anon, authenticated; grant all on all tables in schema bronze, meta to anon, authenticated"
    )
    for name in SHARED_TABLES:
        assert await outcome(connection, "service_role", f"select * from {name}") == 1
        assert await outcome(connection, "anon", f"select * from {name}") == 0
        assert await outcome(connection, "authenticated", f"select * from {name}") == (1 if name in SHARED_READ else 0)
        assert await outcome(connection, "authenticated", f"delete from {name}") == 0


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", [*TABLES, *VIEWS])
async def test_tables_and_views(connection: asyncpg.Connection, role: str, name: str) -> None:
    rows = await connection.fetchval(f"select count(*) from {name}")
    assert rows > 0
    column = await connection.fetchval("select attname from pg_attribute where attrelid = $1::regclass and attnum = 1", name)
    found = {"select": await outcome(connection, role, f"select * from {name}")}
    if name in TABLES:
        found |= {verb: await outcome(connection, role, sql.format(name, column)) for verb, sql in WRITES.items()}
    refused = dict.fromkeys(found, FORBIDDEN)
    if role == "authenticated" and name not in PRIVATE:
        refused["select"] = rows
    elif role == "service_role":
        refused |= {"select": rows, "insert": 0, "update": rows, "delete": 0} if name in TABLES else {"select": rows}
    assert found == refused


@pytest.mark.parametrize("role", [*ROLES, "somebody"])
async def test_privileges_one_by_one(connection: asyncpg.Connection, role: str) -> None:
    """Those too that no statement above asks for; `somebody` has what everybody has."""
    if role == "somebody":
        await connection.execute("create role somebody")
    version = await connection.fetchval("select current_setting('server_version_num')::int")
    asked = [one for one in PRIVILEGES if one != "MAINTAIN" or version >= 170000]
    held = {
        (name, one)
        for name in (*TABLES, *VIEWS)
        for one in asked
        if await connection.fetchval("select has_table_privilege($1, $2, $3)", role, name, one)
    }
    writes = {(table, one) for table in TABLES for one in ("INSERT", "UPDATE", "DELETE")}
    reads = {(name, "SELECT") for name in (*TABLES, *VIEWS)}
    public = {(name, one) for name, one in reads if name not in PRIVATE}
    assert held == {"authenticated": public, "service_role": reads | writes}.get(role, set())
    of_columns = "select count(*) from pg_attribute a join pg_class c on c.oid = attrelid where relnamespace = 'public'::regnamespace and attacl is not null"
    assert await connection.fetchval(of_columns) == 0
    types = [name for name in TYPES if await connection.fetchval("select has_type_privilege($1, $2, 'USAGE')", role, name)]
    assert types == []


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("name", [*CALLED, *OWNERS])
async def test_functions(connection: asyncpg.Connection, role: str, name: str) -> None:
    arguments = await connection.fetchval(
        "select string_agg('null::' || format_type(t, null), ', ' order by nr) "
        "from pg_proc, unnest(proargtypes) with ordinality as a(t, nr) where oid = $1::regproc", name)  # fmt: skip
    found = await outcome(connection, role, f"select {name}({arguments or ''})")
    if role == "service_role" and name in CALLED:
        assert found != FORBIDDEN
    else:
        assert found == FORBIDDEN


@pytest.mark.parametrize("role", ["anon", "authenticated"])
async def test_policies_hold_where_a_right_was_given_by_mistake(connection: asyncpg.Connection, role: str) -> None:
    await connection.execute(f"grant all on all tables in schema public to {role}")
    for table in TABLES:
        reads = role == "authenticated" and table not in PRIVATE
        rows = await connection.fetchval(f"select count(*) from {table}") if reads else 0
        column = await connection.fetchval("select attname from pg_attribute where attrelid = $1::regclass and attnum = 1", table)
        assert await outcome(connection, role, f"select * from {table}") == rows
        assert await outcome(connection, role, f"update {table} set {column} = {column}") == 0
        assert await outcome(connection, role, f"delete from {table}") == 0
        assert await outcome(connection, role, f"insert into {table} default values") in ("42501", "23502")
    for view in VIEWS:
        assert bool(await outcome(connection, role, f"select * from {view}")) is (role == "authenticated")


async def test_the_planning_job_does_all_its_work_as_service_role(database_url: str, filled: PracticeTables) -> None:
    async with DBConnector(f"{database_url}&role=service_role", min_size=1) as db:
        assert await db.execute("select current_user::text", fetch_val=True) == "service_role"
        store = PostgresStore(db)
        assert await store.import_tables(filled, replace=True)
        duty = "update roster_assignments set status = 1, service_id = (select id from service_types where code = 'DIO'), source = 'greedy' " \
               "where employee_id = 'EMP003' and date = '2025-11-24' and dagdeel = 'O'"  # fmt: skip
        assert await db.execute(duty) == 2  # and in the copy
        assert (await store.counts(filled.roster.id)).blocked == 3
        facts = await store.verify(filled.roster.id)
        assert (facts.probe.ran, facts.probe.missing, facts.probe.not_freed) == (8, [], 0)
        assert await db.execute("delete from rosters") == 2


async def test_roles_that_are_made_later_get_their_rights_with_the_next_migrate(db: DBConnector) -> None:
    await db.execute(
        "revoke all on all tables in schema public from authenticated, service_role; drop policy authenticated_reads on rosters"
    )
    report = await SchemaSetup(db).verify_schema()
    assert "missing policy rosters.authenticated_reads" in map(str, report.faults)
    assert "missing grant DELETE, INSERT, SELECT, UPDATE on table rosters to service_role" in map(str, report.faults)
    assert await migrate(db) == []
    assert (await SchemaSetup(db).verify_schema()).divergences == ()
    assert await migrate(db) == []


async def test_rights_that_somebody_gave_are_told_and_taken_back(db: DBConnector) -> None:
    await db.execute(
        "grant select on rosters to anon, public; grant insert on rosters to authenticated; grant execute on function load_roster_v1 to public"
    )
    faults = await db.execute("select array_agg(role || ' ' || fault order by role, fault) from access_faults_v1()", fetch_val=True)
    assert faults == [
        "anon has EXECUTE on function load_roster_v1",
        "anon has SELECT on table rosters",
        "authenticated has EXECUTE on function load_roster_v1",
        "authenticated has INSERT on table rosters",
    ]
    assert not (await SchemaSetup(db).verify_schema()).ok
    await migrate(db)
    assert (await SchemaSetup(db).verify_schema()).divergences == ()


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("grant select (email) on employees to anon", ["anon has SELECT on table employees"]),
        ("grant update (naam) on rosters to authenticated", ["authenticated has UPDATE on table rosters"]),
        (
            "grant select on rosters to authenticated with grant option; "
            "set role authenticated; grant select on rosters to anon; reset role",
            ["anon has SELECT on table rosters", "authenticated may give others SELECT on table rosters"],
        ),
        ("grant select (naam) on rosters to authenticated with grant option", ["authenticated may give others SELECT on table rosters"]),
        ("grant create on schema public to public", [f"{role} has CREATE on the schema" for role in ROLES]),
        ("grant create on schema public to authenticated", ["authenticated has CREATE on the schema"]),
        ("alter policy authenticated_reads on rosters using (false)", ["authenticated has no policy to read table rosters"]),
        ("grant usage on schema bronze to anon", ["anon has USAGE on schema bronze"]),
        (
            "grant select on bronze.raw_entities to authenticated; revoke usage on sequence bronze.change_numbers from service_role",
            ["authenticated has SELECT on table bronze.raw_entities", "service_role lacks USAGE on sequence bronze.change_numbers"],
        ),
        ("drop policy authenticated_reads on meta.ingestion_runs", ["authenticated has no policy to read table meta.ingestion_runs"]),
    ],
)
async def test_rights_by_the_back_door_are_told_and_taken_back(db: DBConnector, change: str, told: list[str]) -> None:
    await db.execute(change)
    faults = "select array_agg(role || ' ' || fault order by role, fault) from access_faults_v1()"
    assert await db.execute(faults, fetch_val=True) == told
    await migrate(db)
    assert await db.execute(faults, fetch_val=True) is None
    assert (await SchemaSetup(db).verify_schema()).divergences == ()


async def test_the_history_of_somebody_else_is_never_read_with_our_rights(db: DBConnector) -> None:
    """A view of that name would run its functions as the owner of ours."""
    versions = "select jsonb_array_length(applied_migrations_v1())"
    before = await db.execute(versions, fetch_val=True)
    await db.execute(
        "create role intruder; grant create on schema public to intruder; set role intruder;"
        "create table public.seen as select null::text as who;"
        "create function public.look() returns text volatile language sql as 'insert into public.seen values (current_user) returning who';"
        "create view public.schema_migrations as select public.look() as version, null::text[] as statements, 'greedy_x' as name;"
        "grant all on public.seen, public.schema_migrations to public; reset role"
    )
    try:
        assert await db.execute(versions, fetch_val=True) == before
        assert await db.execute("select count(*) from seen where who is not null", fetch_val=True) == 0
    finally:
        await db.execute("drop owned by intruder cascade; drop role intruder")


async def test_a_project_schema_is_open_to_the_same_roles_and_closed_to_the_rest(db: DBConnector, database_url: str) -> None:
    name = f"Praktijk Zuid {next(numbers)}"
    await db.execute(f'create schema "{name}"; grant usage on schema "{name}" to anon, public; '
                     f'alter default privileges in schema "{name}" grant all on tables to anon, authenticated, service_role')  # fmt: skip
    await SchemaSetup(db).ensure_project_schema(name)
    rights = "select array_agg(r) from unnest('{anon,authenticated,service_role}'::text[]) as r where has_schema_privilege(r, $1, 'usage')"
    assert await db.execute(rights, [name], fetch_val=True) == ["authenticated", "service_role"]
    history = "select count(*) from aclexplode((select relacl from pg_class where oid = to_regclass($1))) as a where a.grantee <> a.grantor"
    assert await db.execute(history, [f'"{name}".schema_migrations'], fetch_val=True) == 0
    assert (await SchemaSetup(db).verify_schema(name)).ok
    async with DBConnector(f"{database_url}&role=service_role", min_size=1, schema=name) as zuid:
        assert await PostgresStore(zuid).list_rosters() == []
        versions = await zuid.execute("select jsonb_array_length(applied_migrations_v1())", fetch_val=True)
        assert versions == await db.execute("select jsonb_array_length(applied_migrations_v1())", fetch_val=True) > 0
