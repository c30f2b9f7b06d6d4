"""A database that holds the practice's tables already: its rows stay, and it is a database of this program's; or it is refused, whole."""

from __future__ import annotations

import asyncio
import json
import re

import asyncpg
import pytest

from greedy.database.connector import DBConnector
from greedy.database.embedded.server import EmbeddedServer
from greedy.database.errors import DatabaseError, SchemaError
from greedy.database.schema import migrations as migrations_module
from greedy.database.schema import setup as schema_setup
from greedy.database.schema.migrations import Migration, migrations
from greedy.database.schema.setup import SchemaSetup
from greedy.formats.practice_csv import read_practice
from greedy.sample import SAMPLE_DIR
from greedy.store.postgres import PostgresStore
from tests.database.schema.practice_database import practice_database, rows_of_practice
from tests.timing import PATIENCE_SECONDS, computing_seconds, until

SCHEMAS = ["public", "Praktijk Zuid, é"]

OWN_PARTS = """\
column employees.aantalwerkdagen
column employees.id
column employees.team
column employees.telefoon
column employees.updated_at
column employees.voornaam
column roster_assignments.employee_id
column roster_assignments.status
column roster_assignments.updated_by
column roster_employee_services.aantal
column roster_employee_services.employee_id
column roster_employee_services.id
column roster_period_staffing_dagdelen.aantal
column roster_period_staffing_dagdelen.dagdeel
column roster_period_staffing_dagdelen.team
column rosters.created_at
column rosters.soort
column service_types.duur_minuten
column service_types.kleur
constraint employees.employees_id_check
constraint employees.employees_team_check
constraint employees.employees_voornaam_check
constraint roster_assignments.roster_assignments_roster_id_fkey
constraint roster_assignments.roster_assignments_roster_id_fkey_greedy
constraint roster_assignments.roster_assignments_service_id_fkey
constraint roster_employee_services.roster_employee_services_pkey
constraint roster_period_staffing_dagdelen.roster_period_staffing_dagdel_roster_id_date_dagdeel_team_s_key
constraint roster_period_staffing_dagdelen.roster_period_staffing_dagdelen_dagdeel_check
constraint roster_period_staffing_dagdelen.roster_period_staffing_dagdelen_roster_id_fkey
constraint roster_period_staffing_dagdelen.roster_period_staffing_dagdelen_roster_id_fkey_greedy
constraint roster_period_staffing_dagdelen.roster_period_staffing_dagdelen_team_check
constraint roster_period_staffing_dagdelen.uniek
constraint rosters.rosters_status_check
constraint rosters.rosters_status_check_greedy
index roster_employee_services_employee_id_idx
index roster_employee_services_employee_id_roster_id_service_id_idx
index werk
policy rosters.eigen
trigger employees.stempel"""


async def ensure(db: DBConnector, schema: str) -> list[str]:
    setup = SchemaSetup(db)
    return await (setup.ensure_public_schema() if schema == "public" else setup.ensure_project_schema(schema))


async def refused(url: str, schema: str = "public") -> list[str]:
    """The faults with which a database is refused; nothing in it has changed."""
    # But for what a vacuum or an analyze of the server's own writes down, whenever it likes.
    whole = "select md5(string_agg(t, '' order by t)) from (select (to_jsonb(c) - array['relpages', 'reltuples', 'relallvisible', 'relallfrozen', " \
            "'relfrozenxid', 'relminmxid'])::text as t from pg_class c where oid > 16383 and relkind <> 't' union all " \
            "select k::text from pg_constraint k union all select a::text from pg_attribute a where attrelid > 16383) as all_of_it"  # fmt: skip
    async with DBConnector(url, min_size=1) as db:
        before = await rows_of_practice(url, schema), await db.execute(whole, fetch_val=True)
        with pytest.raises(SchemaError, match="that do not fit; nothing was changed") as caught:
            await ensure(db, schema)
        assert (await rows_of_practice(url, schema), await db.execute(whole, fetch_val=True)) == before
    return list(caught.value.details)


@pytest.mark.parametrize("schema", SCHEMAS)
async def test_rows_stay_and_the_whole_job_is_done(server: EmbeddedServer, schema: str) -> None:
    url = await practice_database(server, schema=schema)
    before = await rows_of_practice(url, schema)
    async with DBConnector(url, min_size=1, schema=schema) as db:
        assert len(await ensure(db, schema)) == len(migrations())
        assert await rows_of_practice(url, schema) == before
        assert await ensure(db, schema) == []
        report = await SchemaSetup(db).verify_schema()
        assert report.ok, [str(fault) for fault in report.faults]

        store = PostgresStore(db)
        sample = read_practice(SAMPLE_DIR)
        loaded = await store.load(sample.roster.id)
        assert (len(loaded.employees), len(loaded.service_blocking_rules), len(loaded.roster_assignments)) == (14, 6, 196)
        assert await store.import_tables(sample, replace=True)
        duty = "update roster_assignments set status = 1, service_id = (select id from service_types where code = 'DIO') " \
               "where employee_id = 'EMP003' and date = '2025-11-24' and dagdeel = 'O'"  # fmt: skip
        await db.execute(duty)
        facts = await store.verify(sample.roster.id)
        assert (facts.counts.blocked, facts.probe.ran, facts.probe.missing) == (3, 8, [])
        # What the practice had of its own is there, and works.
        assert await db.execute("select count(*) from dienstlijst", fetch_val=True) == facts.counts.active
        await db.execute("update employees set updated_at = '2000-01-01'")
        assert await db.execute("select count(*) from employees where updated_at < '2020-01-01'", fetch_val=True) == 0


@pytest.mark.parametrize("schema", SCHEMAS)
async def test_what_is_added_after_the_adoption_is_told(server: EmbeddedServer, schema: str) -> None:
    url = await practice_database(server, schema=schema)
    async with DBConnector(url, min_size=1, schema=schema) as db:
        await ensure(db, schema)
        await db.execute("alter table employees add column leeftijd int; alter table rosters add constraint nieuw check (naam <> 'x'); "
                         "alter table rosters disable row level security; drop index werk; alter table roster_assignments drop constraint roster_assignments_check1")  # fmt: skip
        assert [str(fault) for fault in (await SchemaSetup(db).verify_schema()).faults] == [
            "extra column employees.leeftijd",
            "missing constraint roster_assignments.roster_assignments_check1",
            "off table rosters: row level security is off",
            "extra constraint rosters.nieuw",
        ]


# What is wrong in the practice's database, and every line that is told.
FAULTS = [
    (
        "drop view dienstlijst; alter table service_types alter id drop default; alter table roster_assignments drop constraint "
        "roster_assignments_service_id_fkey; alter table roster_assignments alter service_id type text using service_id::text",
        "roster_assignments.service_id is text instead of uuid: alter table roster_assignments alter column service_id type uuid using service_id::text::uuid",
    ),
    (
        "alter table employees alter structureel_nbh drop default, alter structureel_nbh type json using structureel_nbh::json",
        "employees.structureel_nbh is json instead of jsonb: alter table employees alter column structureel_nbh type jsonb using structureel_nbh::jsonb",
    ),
    ("alter table rosters drop column end_date", "rosters.end_date is missing, and no default is right for 1 rows: add it as date and fill it"),
    (
        "alter table service_types add code_2 text not null default 'x'; alter table service_types alter code_2 drop default",
        "service_types.code_2 is required, and the program does not know it: "
        "alter table service_types alter column code_2 drop not null, or give it a default",
    ),
    (
        "alter table employees alter achternaam drop not null; update employees set achternaam = null where id < 'EMP003'",
        "employees.achternaam is null in 2 rows: update employees set achternaam = ''::text where achternaam is null",
    ),
    (
        "update roster_assignments set source = 'x'; alter table roster_assignments alter source set not null",
        "roster_assignments.source has to allow null: alter table roster_assignments alter column source drop not null",
    ),
    (
        "alter table roster_assignments alter notes type varchar(20)",
        "roster_assignments.notes is too short for what the program notes: alter table roster_assignments alter column notes type text",
    ),
    (
        "alter table roster_assignments drop column notes, add column notes text generated always as (dagdeel) stored",
        "roster_assignments.notes is generated, and has to take values",
    ),
    (
        "alter table employees drop constraint employees_pkey cascade; insert into employees select * from employees where id = 'EMP001'",
        "employees: 1 rows break PRIMARY KEY (id)",
    ),
    (
        "alter table roster_assignments drop constraint roster_assignments_roster_id_employee_id_date_dagdeel_key; "
        "insert into roster_assignments (roster_id, employee_id, date, dagdeel) "
        "select roster_id, employee_id, date, dagdeel from roster_assignments where date = '2025-11-24' and employee_id < 'EMP003'",
        "roster_assignments: 6 rows break UNIQUE (roster_id, employee_id, date, dagdeel)",
    ),
    (
        "update service_types set gekoppeld_aan = 'NIX' where code = 'OSP'",
        "service_types: 1 rows break FOREIGN KEY (gekoppeld_aan) REFERENCES service_types(code) DEFERRABLE INITIALLY DEFERRED",
    ),
    (
        "update roster_assignments set service_id = (select id from service_types where code = 'DIA') where status = 1 and date = '2025-12-26'; "
        "update employees set team = 'Paars' where id = 'EMP001'",
        "employees: 1 rows break CHECK ((team = ANY (ARRAY['Groen'::text, 'Oranje'::text, 'Overig'::text])))\n"
        "roster_assignments: 1 rows break FOREIGN KEY (service_id, dagdeel) REFERENCES service_types(id, dagdeel)",
    ),
    ("update rosters set end_date = '2025-12-27'", "roster_assignments: 42 rows lie outside the dates of their roster\n"
     "roster_period_staffing_dagdelen: 81 rows lie outside the dates of their roster"),
    ("alter table employees force row level security", "table employees has forced row level security: alter table employees no force row level security"),
    ("create role not_us_{n}; alter table employees owner to not_us_{n}", "table employees belongs to not_us_{n}: alter table employees owner to {user}"),
    ("create rule geen as on delete to rosters do instead nothing", "table rosters has the rule geen, which is not supported"),
    ("create table later () inherits (rosters)", "table rosters inherits, or is inherited from, which is not supported"),
    ("create function load_roster_v1() returns int language sql as 'select 1'; create view roster_slot_counts as select 1 as x",
     "function load_roster_v1: this name is needed\nview roster_slot_counts: this name is needed"),
]  # fmt: skip


@pytest.mark.parametrize(("change", "lines"), FAULTS, ids=[str(number) for number in range(len(FAULTS))])
async def test_what_does_not_fit_is_told_and_nothing_has_changed(server: EmbeddedServer, change: str, lines: str) -> None:
    number = FAULTS.index((change, lines))
    url = await practice_database(server, change.replace("{n}", str(number)))
    connection = await asyncpg.connect(url)
    user = await connection.fetchval("select current_user")
    await connection.close()
    assert await refused(url) == lines.replace("{n}", str(number)).replace("{user}", user).splitlines()


async def test_all_faults_are_told_at_once(server: EmbeddedServer) -> None:
    told = [FAULTS[number] for number in (1, 3, 4, 7, 9)]
    url = await practice_database(server, *(change for change, _ in told), schema="zuid")
    assert sorted(await refused(url, "zuid")) == sorted(line for _, lines in told for line in lines.splitlines())


async def test_a_database_that_was_mended_is_adopted(server: EmbeddedServer) -> None:
    """The next step that a fault names is enough."""
    mendable = [1, 3, 4, 5, 6]
    url = await practice_database(server, *(FAULTS[number][0] for number in mendable))
    connection = await asyncpg.connect(url)
    for fault in await refused(url):
        await connection.execute(re.sub(r", or give .*", "", fault.partition(": ")[2]))
    await connection.close()
    async with DBConnector(url, min_size=1) as db:
        assert len(await ensure(db, "public")) == len(migrations())
        assert (await SchemaSetup(db).verify_schema()).ok


IDS = """
drop view dienstlijst; alter table wensen drop constraint wensen_employee_id_fkey;
alter table roster_assignments drop constraint roster_assignments_employee_id_fkey;
alter table roster_employee_services drop constraint roster_employee_services_employee_id_fkey;
{changes}
alter table roster_assignments add foreign key (employee_id) references employees on delete set null;
alter table roster_employee_services add foreign key (employee_id) references employees;"""
NUMBERED = "type bigint using right({0}, 3)::bigint"
OF_A_DASHBOARD = [
    # uuid and numbered employees, as foreign keys know them; numbered slots and demand
    IDS.format(changes="alter table employees alter id type uuid using md5(id)::uuid, alter id set default gen_random_uuid();"
               "alter table roster_assignments alter employee_id type uuid using md5(employee_id)::uuid;"
               "alter table roster_employee_services alter employee_id type uuid using md5(employee_id)::uuid;"),
    IDS.format(changes=f"alter table employees alter id {NUMBERED.format('id')}, alter id add generated by default as identity;"
               f"alter table roster_assignments alter employee_id {NUMBERED.format('employee_id')};"
               f"alter table roster_employee_services alter employee_id {NUMBERED.format('employee_id')};"),
    "alter table roster_assignments drop column id, add id bigint generated by default as identity primary key;"
    "alter table roster_period_staffing_dagdelen drop column id, add id bigserial primary key",
    "create type deel as enum ('O', 'M', 'A'); alter table roster_assignments alter dagdeel type deel using dagdeel::deel, alter dagdeel set default 'O'",
    "alter table employees alter actief type text using actief::text, alter actief set default 'ja'",
]  # fmt: skip


@pytest.mark.parametrize("change", OF_A_DASHBOARD, ids=["uuid", "identity", "slots", "enum", "default"])
async def test_types_that_a_dashboard_makes_are_mended_by_what_is_told(server: EmbeddedServer, change: str) -> None:
    url = await practice_database(server, change)
    faults = await refused(url)
    assert not any("first drop" in fault for fault in faults)
    connection = await asyncpg.connect(url)
    for fault in faults:
        await connection.execute(fault.partition(": ")[2])
    await connection.close()
    async with DBConnector(url, min_size=1) as db:
        assert len(await ensure(db, "public")) == len(migrations())
        assert (await SchemaSetup(db).verify_schema()).ok
        roster = await db.execute("select id from rosters", fetch_val=True)
        assert len((await PostgresStore(db).load(roster)).roster_assignments) == 196


async def test_what_stands_in_the_way_of_another_type_is_named(server: EmbeddedServer) -> None:
    url = await practice_database(
        server,
        "drop view dienstlijst; create type st as enum ('draft', 'in_progress', 'final');"
        "alter table rosters drop constraint rosters_status_check, alter status drop default, alter status type st using status::st;"
        "create index einde on rosters (id) where status = 'final'; create policy per_status on rosters using (status is not null);"
        "create view klaar as select * from rosters where status = 'final';"
        "create table uitslag (team char(6)); alter table employees alter team type char(6), add unique (team, id);"
        "alter table uitslag add id varchar(64), add constraint van foreign key (team, id) references employees (team, id)",
    )
    assert await refused(url) == [
        "employees.team is character(6) instead of text (first drop, and make again afterwards, constraint van on table uitslag): "
        "alter table employees alter column team type text using team::text",
        "rosters.status is st instead of text (first drop, and make again afterwards, index einde, policy per_status on table rosters, "
        "view klaar): alter table rosters alter column status type text using status::text",
    ]


async def test_a_table_that_others_hold_is_not_waited_for_for_ever(server: EmbeddedServer) -> None:
    """Whoever waits for a table makes all others wait behind."""
    url = await practice_database(server)
    before = await rows_of_practice(url)
    other = await asyncpg.connect(url)
    async with DBConnector(url, min_size=1) as db, other.transaction(), asyncio.timeout(PATIENCE_SECONDS):
        await other.execute("update rosters set naam = naam")
        with pytest.raises(DatabaseError) as caught:
            await ensure(db, "public")
        assert caught.value.retryable
        assert "no answer in time" not in caught.value.message, "it was given up by this side only, while the server went on waiting"
    await other.close()
    assert await rows_of_practice(url) == before


async def test_programs_that_write_all_the_time_go_on_and_no_row_is_lost(server: EmbeddedServer) -> None:
    """They take the tables in another order; none is ended for a deadlock, and neither is the migration."""
    url = await practice_database(server, "update employees set telefoon = '0'")
    done, stop = [0] * 4, asyncio.Event()

    async def write(number: int) -> None:
        connection = await asyncpg.connect(url)
        while not stop.is_set():
            async with connection.transaction():
                await connection.execute("update rosters set naam = naam")
                await connection.execute("update employees set telefoon = telefoon::int + 1 where id = 'EMP001'")
            done[number] += 1
        await connection.close()

    async def go_on(since: list[int]) -> bool:
        return all(now > then for now, then in zip(done, since, strict=True))

    async with DBConnector(url, min_size=1) as db, asyncio.timeout(PATIENCE_SECONDS):
        async with asyncio.TaskGroup() as writers:
            for number in range(len(done)):
                writers.create_task(write(number))
            await until(lambda: go_on([0] * 4))
            assert len(await ensure(db, "public")) == len(migrations())
            before = list(done)
            await until(lambda: go_on(before))
            stop.set()
        assert await db.execute("select telefoon::int from employees where id = 'EMP001'", fetch_val=True) == sum(done)


async def test_the_job_may_count_where_an_adopted_table_counts(server: EmbeddedServer) -> None:
    """As when the sequence was made by somebody whose sequences the roles do not get."""
    url = await practice_database(server, "revoke all on sequence roster_employee_services_id_seq from service_role")
    async with DBConnector(url, min_size=1) as db:
        await ensure(db, "public")
        sample = read_practice(SAMPLE_DIR)
        async with DBConnector(f"{url}&role=service_role", min_size=1) as job:
            assert await PostgresStore(job).import_tables(sample, replace=True)
        await db.execute("revoke usage on sequence roster_employee_services_id_seq from service_role")
        fault = "select array_agg(role || ' ' || fault) from access_faults_v1()"
        assert await db.execute(fault, fetch_val=True) == ["service_role lacks USAGE on sequence roster_employee_services_id_seq"]
        await ensure(db, "public")
        assert await db.execute(fault, fetch_val=True) is None


async def test_empty_tables_get_all_that_they_lack(server: EmbeddedServer, database_url: str) -> None:
    async with DBConnector(database_url, min_size=1) as db:
        await db.execute(
            "create schema leeg; create table leeg.rosters (); create table leeg.employees (x int); create table leeg.roster_writes ()"
        )
        await SchemaSetup(db).ensure_project_schema("leeg")
        assert (await SchemaSetup(db).verify_schema("leeg")).ok


async def test_killed_in_the_middle_all_is_as_it_was(server: EmbeddedServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """After the tables were moved, and before the end."""
    first, *_ = ours = migrations()
    head, mark, tail = first.sql.partition("select public.adopt_tables();")
    assert mark
    slow = Migration(first.version, first.name, f"{head} select pg_sleep(60); {mark}{tail}")
    url = await practice_database(server)
    before = await rows_of_practice(url)
    async with DBConnector(url, min_size=1) as db, asyncio.timeout(PATIENCE_SECONDS):
        monkeypatch.setattr(migrations_module, "migrations", lambda: [slow, *ours[1:]])
        migrating = asyncio.create_task(SchemaSetup(db).ensure_public_schema())
        sleeping = "select pid from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'"
        while (pid := await db.execute(sleeping, fetch_val=True)) is None:
            await asyncio.sleep(0.01)
        await db.execute("select pg_terminate_backend($1)", [pid], fetch_val=True)
        with pytest.raises(DatabaseError):
            await migrating
        assert await rows_of_practice(url) == before
        monkeypatch.setattr(migrations_module, "migrations", lambda: ours)
        assert await SchemaSetup(db).ensure_public_schema() == [migration.version for migration in ours]
        assert await rows_of_practice(url) == before


async def test_an_empty_database_ends_up_as_if_there_were_no_adoption(
    server: EmbeddedServer, db: DBConnector, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, *others = migrations()
    plain = first.sql
    for begin, end in (("create function public.set_aside_tables", "select public.set_aside_tables();"),
                       ("create function public.parts_of_table", "public.count_breaking_rows;")):  # fmt: skip
        plain = re.sub(f"{re.escape(begin)}.*?{re.escape(end)}", "", plain, flags=re.DOTALL)
    assert "adopt" not in plain.partition("create function public.is_weekly_absence")[2]
    assert len(plain) < len(first.sql) / 2
    for module in (migrations_module, schema_setup):
        monkeypatch.setattr(module, "migrations", lambda: [Migration(first.version, first.name, plain), *others])
    assert (await SchemaSetup(db).verify_schema()).divergences == ()


async def test_large_tables_are_adopted_in_seconds(server: EmbeddedServer) -> None:
    many = (
        "insert into employees (id, voornaam, achternaam, team) select 'X' || n, 'X', '', 'Groen' from generate_series(1, 400) as n;"
        "insert into roster_assignments (roster_id, employee_id, date, dagdeel) "
        "select r.id, e.id, r.start_date + day, dagdeel from rosters r, employees e, generate_series(0, 34) as day, unnest('{O,M,A}'::text[]) as dagdeel "
        "where e.id like 'X%'"
    )
    url = await practice_database(server, many)
    before = await rows_of_practice(url)
    async with DBConnector(url, min_size=1) as db:
        started = await computing_seconds(db)
        await SchemaSetup(db).ensure_public_schema()
        assert await computing_seconds(db) - started < 10
        assert await db.execute("select count(*) from roster_assignments", fetch_val=True) > 40_000
    assert await rows_of_practice(url) == before


async def test_keys_that_only_look_like_ours_are_not_enough(server: EmbeddedServer) -> None:
    """In part, of an expression, or to be checked later: no insert could go by them, and no foreign key."""
    url = await practice_database(
        server,
        "alter table roster_assignments drop constraint roster_assignments_roster_id_employee_id_date_dagdeel_key;"
        "create unique index part on roster_assignments (roster_id, employee_id, date, dagdeel) where status = 1;"
        "create unique index lower_code on service_types (lower(code));"
        "alter table service_types add constraint late unique (code) deferrable",
    )
    async with DBConnector(url, min_size=1) as db:
        await ensure(db, "public")
        keys = "select array_agg(conname::text order by conname) from pg_constraint where contype = 'u' and not condeferrable and conrelid = any ($1::regclass[])"
        assert await db.execute(keys, [["service_types", "roster_assignments"]], fetch_val=True) == [
            "roster_assignments_roster_id_employee_id_date_dagdeel_key",
            "service_types_code_key",
            "service_types_id_dagdeel_key",
        ]
        assert (await SchemaSetup(db).verify_schema()).ok


async def test_a_constraint_that_was_never_checked_does_not_count(server: EmbeddedServer) -> None:
    change = (
        "alter table roster_assignments drop constraint roster_assignments_employee_id_fkey;"
        "alter table roster_assignments add constraint later foreign key (employee_id) references employees (id) not valid;"
    )
    async with DBConnector(await practice_database(server, change), min_size=1) as db:
        await ensure(db, "public")
        checked = "select convalidated from pg_constraint where conname = 'roster_assignments_employee_id_fkey'"
        assert await db.execute(checked, fetch_val=True) is True
    orphan = "alter table roster_assignments disable trigger all; update roster_assignments set employee_id = 'NOBODY' where date = '2025-11-24' and employee_id = 'EMP001'"
    assert await refused(await practice_database(server, change + orphan)) == [
        "roster_assignments: 3 rows break FOREIGN KEY (employee_id) REFERENCES employees(id)"
    ]


async def test_what_stays_the_practices_own_is_this_and_nothing_else(server: EmbeddedServer) -> None:
    """What is not in this list is as the migrations make it: nothing that was missing still is."""
    async with DBConnector(await practice_database(server), min_size=1) as db:
        await ensure(db, "public")
        comments = await db.execute(
            "select relname::text, obj_description(oid) as said from pg_class "
            "where relnamespace = 'public'::regnamespace and relkind = 'r' and obj_description(oid) like '%Adopted with its own: %'", fetch_all=True)  # fmt: skip
    assert next(row["said"] for row in comments if row["relname"] == "employees").startswith("Onze mensen\n")
    kept = sorted(part for row in comments for part in json.loads(row["said"].partition("Adopted with its own: ")[2]))
    assert kept == OWN_PARTS.split("\n")
