"""PostgreSQLSink: what stands in the database afterwards, and for whom."""

from __future__ import annotations

import datetime as dt
import json
from decimal import Decimal
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import pytest

from greedy.database import DBConnector, QueryError, SchemaSetup
from greedy.errors import InputError
from greedy.formats.tables import PracticeTables
from greedy.generate.practice import generate_practice
from greedy.generate.sinks.postgresql import PostgreSQLSink
from greedy.store.postgres import PostgresStore
from tests.database.test_pooler import pooler_url  # noqa: F401  a fixture
from tests.generate.postgresql import BESIDE, OTHER_SEED, SCHEMAS, TWO_PRACTICES, chunk, place, row_counts, writing, written


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
    for known in (True, False):  # rosters that are loaded from their seven tables come without the absences
        if not known:
            await db.execute("delete from absences")
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


async def test_an_empty_schema_is_taken(db: DBConnector) -> None:
    await db.execute("create schema synthetic")
    counts = await written(db)
    await db.execute("create table synthetic.of_the_owner (id int)")
    assert await row_counts(db) == dict(counts)
    await written(db, OTHER_SEED)


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
