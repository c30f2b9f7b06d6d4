"""Cleaning up: all that is not protected goes, protected rows and what they need stay byte for byte."""

from __future__ import annotations

import random

import pytest

from greedy.database.connector import DBConnector
from greedy.database.embedded.server import EmbeddedServer
from greedy.database.errors import ColumnMatchError, QueryError, SchemaError
from greedy.database.schema.registry import SchemaRegistry
from greedy.database.schema.setup import SchemaSetup
from greedy.database.testing.cleanup import cleanup_non_protected
from greedy.database.testing.marking import mark_for_tests
from greedy.database.testing.protected import ProtectedRows
from greedy.database.testing.seed import load_seed_data
from greedy.errors import InputError, SettingsError
from greedy.formats.tables import PracticeTables
from greedy.store.postgres import PostgresStore
from tests.database.testing.test_seed import ROSTER, SEED


async def rows(db: DBConnector, table: str) -> dict[str, str]:
    found = await db.execute(f"select t::text as row, t.xmin::text as version from {table} t order by 1", fetch_all=True)
    return {row["row"]: row["version"] for row in found}


async def test_seed_rows_stay_and_all_others_go(marked: DBConnector, store: PostgresStore, sample: PracticeTables) -> None:
    protected = (await load_seed_data(marked, SEED)).protected
    before = {table: await rows(marked, table) for table in SEED if table != "_protected"}
    await marked.execute("insert into service_blocking_rules values ($1, 1, 'O')", [SEED["service_types"][0]["id"]])
    await store.import_tables(sample.model_copy(update={"service_types": sample.service_types[4:], "service_blocking_rules": [],
        "roster_employee_services": [], "roster_period_staffing_dagdelen": [], "roster_assignments": sample.roster_assignments[:1]}))  # fmt: skip
    counts = await cleanup_non_protected(marked, protected=protected)
    assert counts == {"rosters": 1, "employees": 15, "service_types": 5, "roster_assignments": 2, "roster_changes": 1}
    for table, kept in before.items():
        assert await rows(marked, table) == ({row: kept[row] for row in kept if not row.startswith("(E2")}), table
    assert len(await rows(marked, "service_blocking_rules")) == 1
    assert await cleanup_non_protected(marked, protected=protected) == {}
    assert await cleanup_non_protected(marked) == {
        "rosters": 1,
        "employees": 1,
        "service_types": 2,
        "roster_assignments": 1,
        "service_blocking_rules": 1,
    }


async def test_what_a_protected_row_needs_stays_with_it_and_triggers_change_nothing(marked: DBConnector) -> None:
    await load_seed_data(marked, SEED)
    await marked.execute("insert into service_blocking_rules values ($1, 1, 'O')", [SEED["service_types"][0]["id"]])
    rest = await marked.execute("select id, t::text as row from roster_assignments t where status = 2", fetch_row=True)
    triggers = await marked.execute("select tgname, tgenabled from pg_trigger where not tgisinternal order by 1, 2", fetch_all=True)
    await marked.execute("alter table rosters enable always trigger keep_rows_in_roster; alter table employees disable trigger user")
    counts = await cleanup_non_protected(marked, protected=ProtectedRows().row("roster_assignments", id=rest["id"]))
    assert counts == {"roster_assignments": 1, "employees": 1, "service_blocking_rules": 1}
    assert list(await rows(marked, "roster_assignments")) == [rest["row"]]
    assert [row.partition(",")[0] for row in await rows(marked, "rosters")] == [f"({ROSTER}"]
    enabled = {row["tgname"]: row["tgenabled"] for row in await marked.execute("select tgname, tgenabled from pg_trigger", fetch_all=True)}
    assert enabled["keep_rows_in_roster"] == b"A"
    assert (
        await marked.execute(
            "select tgenabled::text from pg_trigger where tgrelid = 'employees'::regclass and not tgisinternal", fetch_val=True
        )
        == "D"
    )
    assert {
        row["tgname"]: row["tgenabled"] for row in triggers if row["tgname"] not in ("keep_rows_in_roster", "refresh_blocking_after_update")
    }.items() <= enabled.items()


async def test_other_tables_than_those_named_are_not_touched(marked: DBConnector) -> None:
    await load_seed_data(marked, SEED)
    assert await cleanup_non_protected(marked, tables=["rosters", "employees"]) == {"employees": 1}
    assert await cleanup_non_protected(marked, tables=[]) == {}
    assert await cleanup_non_protected(marked, tables=["rosters", "roster_assignments"]) == {"rosters": 1, "roster_assignments": 1}


async def test_a_database_that_is_not_marked_loses_nothing(db: DBConnector, server: EmbeddedServer, database_url: str) -> None:
    await load_seed_data(db, SEED)
    with pytest.raises(InputError, match="not marked as a database for tests, so nothing in it is deleted"):
        await cleanup_non_protected(db)
    name = await db.execute("select current_database()::text", fetch_val=True)
    with pytest.raises(SettingsError, match=f"is the database '{name}', not 'practice'"):
        await mark_for_tests(db, "practice")
    with pytest.raises(SettingsError, match="its table public.employees holds rows, and tests may delete them"):
        await mark_for_tests(db, name)
    await mark_for_tests(db, name, rows_may_be_deleted=True)
    await db.close()
    async with DBConnector(server.url("postgres"), min_size=1) as admin:
        await admin.execute(f"alter database {name} rename to renamed")
        async with DBConnector(server.url("renamed"), min_size=1) as renamed:
            with pytest.raises(InputError, match="not marked"):
                await cleanup_non_protected(renamed)
            assert await renamed.execute("select count(*) from employees", fetch_val=True) == 2
        await admin.execute(f"alter database renamed rename to {name}")


async def test_the_rows_of_any_practice_keep_a_database_from_being_marked(db: DBConnector, database_url: str) -> None:
    await SchemaSetup(db).ensure_project_schema("zuid")
    name = await db.execute("select current_database()::text", fetch_val=True)
    await db.execute("create table zuid.mine as select 1 as one")
    with pytest.raises(SettingsError, match=r"its table zuid\.mine holds rows"):
        await mark_for_tests(db, name)
    with pytest.raises(InputError, match="not marked"):
        await cleanup_non_protected(db, schema="zuid")
    await db.execute("drop table zuid.mine")
    await mark_for_tests(db, name)


async def test_a_protected_row_that_is_not_there_stops_it(marked: DBConnector) -> None:
    await load_seed_data(marked, SEED)
    with pytest.raises(InputError, match="1 protected rows of public.employees are not there; nothing was deleted") as caught:
        await cleanup_non_protected(marked, protected=ProtectedRows().rows("employees", [{"id": "E1"}, {"id": "E7"}]))
    assert caught.value.details == ('{"id": "E7"}',)
    with pytest.raises(SchemaError, match="no table 'employes'"):
        await cleanup_non_protected(marked, protected=ProtectedRows().table("employes"))
    with pytest.raises(ColumnMatchError):
        await cleanup_non_protected(marked, protected=ProtectedRows().row("employees", number=1))
    with pytest.raises(QueryError):
        await cleanup_non_protected(marked, protected=ProtectedRows().row("rosters", id="no uuid"))
    assert len(await rows(marked, "employees")) == 2


async def test_a_schema_of_its_own_stays_migrated(marked: DBConnector) -> None:
    setup = SchemaSetup(marked)
    await setup.ensure_project_schema("praktijk noord")
    await load_seed_data(marked, SEED, schema="praktijk noord")
    assert (await cleanup_non_protected(marked, schema="praktijk noord"))["employees"] == 2
    assert await marked.execute('select count(*) from "praktijk noord".schema_migrations', fetch_val=True) > 0
    assert not (await setup.verify_schema("praktijk noord")).divergences


RING = """
create schema ring;
create table ring.a (id int primary key, b_id int, up int references ring.a on delete cascade);
create table ring.b (id int primary key, a_id int references ring.a on delete set null, note text);
alter table ring.a add constraint a_b foreign key (b_id) references ring.b deferrable initially deferred;
create table ring.c (a_id int references ring.a on delete cascade, b_id int references ring.b on delete restrict, n int);
create table ring.log (n int);
create function ring.loud() returns trigger language plpgsql as $$ begin raise 'triggers run'; end $$;
create trigger loud before delete or update on ring.b for each row execute function ring.loud();
"""


@pytest.mark.parametrize("seed", range(8))
async def test_any_rows_that_refer_to_each_other(marked: DBConnector, seed: int) -> None:
    """The set that stays is computed here once more, row by row."""
    chance = random.Random(seed)
    await marked.execute(RING)
    count = 12
    some = lambda: chance.choice([None, *range(count)])  # noqa: E731
    a = {n: (some(), chance.choice([None, *range(n)])) for n in range(count)}
    b = {n: some() for n in range(count)}
    c = {n: (some(), some()) for n in range(count)}
    async with marked.transaction() as connection:
        await connection.execute("insert into ring.log select generate_series(1, 3)")
        for n, (_, up) in a.items():
            await connection.execute("insert into ring.a values ($1, null, $2)", [n, up])
        for n, a_id in b.items():
            await connection.execute("insert into ring.b values ($1, $2, 'kept')", [n, a_id])
        for n, (b_id, _) in a.items():
            await connection.execute("update ring.a set b_id = $2 where id = $1", [n, b_id])
        for n, (a_id, b_id) in c.items():
            await connection.execute("insert into ring.c values ($1, $2, $3)", [a_id, b_id, n])
    roots = [(table, n) for table in "abc" for n in range(count) if chance.random() < 0.06]
    protected = ProtectedRows()
    for table, n in roots:
        protected.row(table, **{"n" if table == "c" else "id": n})
    needed, todo = set(), list(roots)
    while todo:
        table, n = todo.pop()
        if n is None or (table, n) in needed:
            continue
        needed.add((table, n))
        todo += {
            "a": lambda n=n: [("b", a[n][0]), ("a", a[n][1])],
            "b": lambda n=n: [("a", b[n])],
            "c": lambda n=n: [("a", c[n][0]), ("b", c[n][1])],
        }[table]()
    before = {table: await rows(marked, f"ring.{table}") for table in "abc"}
    counts = await cleanup_non_protected(marked, protected=protected, schema="ring")
    kept = {table: sorted(n for t, n in needed if t == table) for table in "abc"}
    assert counts == {k: v for k, v in {"log": 3, **{table: count - len(kept[table]) for table in "abc"}}.items() if v}
    for table in "abc":
        after = await rows(marked, f"ring.{table}")
        assert after.items() <= before[table].items()
        key = "n" if table == "c" else "id"
        assert [row[0] for row in await marked.execute(f"select {key} from ring.{table} order by 1", fetch_all=True)] == kept[table]
    assert await SchemaRegistry(marked).table("log", "ring")
