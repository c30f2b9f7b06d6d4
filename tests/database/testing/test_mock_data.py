"""Made-up rows: the database accepts them, whatever its constraints; the same seed makes the same."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import date
from typing import Any

import pytest

from greedy.database.connector import DBConnector
from greedy.database.errors import ColumnMatchError, SchemaError
from greedy.database.rows.operator import DBOperator
from greedy.database.schema.registry import SchemaRegistry
from greedy.database.testing.candidates import MockDataError
from greedy.database.testing.mock_data import MockDataGenerator
from greedy.errors import InputError
from tests.database.testing.odd_schema import ODD_SCHEMA

PRACTICE = {"roster_employee_services": 8, "roster_period_staffing_dagdelen": 10, "roster_assignments": 20, "roster_writes": 1}


async def insert(db: DBConnector, rows: dict[str, list[dict[str, Any]]], schema: str | None = None) -> None:
    operator = DBOperator(db)
    for table, made in rows.items():
        assert await operator.insert(table, made, schema=schema) == len(made)


@pytest.mark.parametrize("seed", range(6))
async def test_a_practice_is_made_up_that_the_database_accepts(db: DBConnector, seed: int) -> None:
    rows = await MockDataGenerator(db, seed=seed).generate_related_rows("rosters", 2, children=PRACTICE)
    assert {table: len(made) for table, made in rows.items() if table in PRACTICE} == {table: 2 * n for table, n in PRACTICE.items()}
    assert await db.execute("select count(*) from rosters", fetch_val=True) == 0
    await insert(db, rows)
    for table, made in rows.items():
        assert await db.execute(f"select count(*) from {table}", fetch_val=True) >= len(made)
    per_roster = "select count(*) from roster_period_staffing_dagdelen group by roster_id"
    assert [row[0] for row in await db.execute(per_roster, fetch_all=True)] == [10, 10]


async def test_rows_are_not_all_alike(db: DBConnector) -> None:
    rows = await MockDataGenerator(db).generate_related_rows("rosters", 2, children={"roster_assignments": 40})
    assert {row["status"] for row in rows["roster_assignments"]} == {0, 1, 2, 3}
    assert len({row["date"] for row in rows["roster_assignments"]}) > 10
    assert {row["team"] for row in rows["employees"]} == {"Groen", "Oranje", "Overig"}
    assert [row for row in rows["employees"] if row["structureel_nbh"]]
    assert [row for row in rows["service_types"] if row["gekoppeld_aan"]]


async def test_every_table_by_itself(db: DBConnector) -> None:
    generator = MockDataGenerator(db, seed=3)
    await generator.insert_related_rows("rosters", 1, children={"roster_assignments": 2})
    for table in await SchemaRegistry(db).in_order():
        rows = await generator.generate_rows(table.name.table, 12)
        await insert(db, {table.name.table: rows})
        assert len(rows) == 12


@pytest.mark.parametrize("seed", range(6))
async def test_any_schema_at_all(db: DBConnector, seed: int) -> None:
    await db.execute(ODD_SCHEMA)
    generator = MockDataGenerator(db, seed=seed, schema="odd")
    rows = await generator.insert_related_rows("tenants", 2, children={"people": 6, "badges": 1, "rooms": 3, "bookings": 4})
    assert {table: len(made) for table, made in rows.items()} == {"tenants": 2, "people": 12, "badges": 12, "rooms": 6, "bookings": 24}
    for table in ("bookings", "people"):
        assert await db.execute(f"select count(*) from odd.{table}", fetch_val=True) == len(rows[table])
    assert await db.execute("select count(distinct tenant_id) from odd.bookings", fetch_val=True) == 2
    for table in ('Odd "Name" 2', "loops", "weekly"):
        made = await generator.generate_rows(table, 7)
        await insert(db, {table: made}, schema="odd")
    assert await db.execute(
        "insert into odd.tenants (slug, mood, \"from\") values ('ZZ-99999', 'sad', '2026-01-01') returning id", fetch_val=True
    )


async def test_the_last_free_values_of_a_key_are_found(db: DBConnector) -> None:
    await db.execute(ODD_SCHEMA)
    generator = MockDataGenerator(db, schema="odd")
    rows = await generator.generate_rows('Odd "Name" 2', 40)
    assert sorted(row["Select"] for row in rows) == list(range(1, 41))
    with pytest.raises(MockDataError, match='Odd "Name" 2.* was found that the database accepts: Odd "Name" 2_pkey') as caught:
        await generator.generate_rows('Odd "Name" 2', 41)
    assert "last candidate" in caught.value.details[0]


async def test_given_columns_are_kept_and_the_rest_fits_them(db: DBConnector) -> None:
    generator = MockDataGenerator(db)
    row = await generator.generate_row("rosters", startDate=date(2030, 5, 1), naam="Mine")
    assert (row["naam"], str(row["start_date"])) == ("Mine", "2030-05-01")
    assert row["end_date"] >= row["start_date"]
    rows = await generator.generate_related_rows("rosters", given={"status": "final"}, children={"roster_assignments": 3})
    assert [row["status"] for row in rows["rosters"]] == ["final"]
    assert {row["roster_id"] for row in rows["roster_assignments"]} == {rows["rosters"][0]["id"]}


async def test_the_same_seed_makes_the_same_and_another_does_not(db: DBConnector) -> None:
    first, again, other = [
        await MockDataGenerator(db, seed=seed).generate_related_rows("rosters", children={"roster_assignments": 5}) for seed in (7, 7, 8)
    ]
    assert first == again
    assert repr(first) == repr(again)
    assert repr(first) != repr(other)
    generator = MockDataGenerator(db, seed=7)
    assert await generator.generate_row("employees") != await generator.generate_row("employees")


SCRIPT = """
import asyncio, sys
from greedy.database.connector import DBConnector
from greedy.database.testing.mock_data import MockDataGenerator
async def main():
    async with DBConnector(sys.argv[1], min_size=1) as db:
        print(await MockDataGenerator(db, seed=5).generate_related_rows("rosters", children={"roster_assignments": 9, "roster_writes": 2}))
        print(await MockDataGenerator(db, seed=5, schema="odd").generate_related_rows("tenants", children={"people": 4, "bookings": 3}))
asyncio.run(main())
"""


async def test_every_process_makes_the_same_bytes(db: DBConnector, database_url: str) -> None:
    await db.execute(ODD_SCHEMA)
    answers = set()
    for number in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": number}
        said = subprocess.run(
            [sys.executable, "-c", SCRIPT, database_url], env=environment, check=True, capture_output=True, text=True
        ).stdout
        answers.add("".join(line for line in said.splitlines() if line.startswith("{")))  # without the log
    assert len(answers) == 1
    assert len(answers.pop()) > 2000


async def test_what_cannot_be_made_up_is_told_by_table_and_check(db: DBConnector) -> None:
    generator = MockDataGenerator(db)
    with pytest.raises(
        InputError, match="public.service_blocking_rules refers by service_id to public.service_types, which has no rows"
    ) as caught:
        await generator.generate_row("service_blocking_rules")
    assert "generate_related_rows" in caught.value.next_step
    await db.execute("create table never (a int not null, constraint impossible check (a > 5 and a < 3))")
    with pytest.raises(MockDataError, match="no row of public.never was found that fits impossible") as impossible:
        await MockDataGenerator(db).generate_row("never")
    assert impossible.value.details[0].startswith("last candidate: {'a': ")
    assert impossible.value.details[1] == "impossible: (((a > 5) AND (a < 3)))"
    await db.execute("create function no() returns trigger language plpgsql as $$ begin raise 'never ever'; end $$;"
                     "create table refused (a int); create trigger no before insert on refused for each row execute function no()")  # fmt: skip
    with pytest.raises(MockDataError, match="never ever"):
        await MockDataGenerator(db).generate_row("refused")
    await db.execute("create table shapes (p polygon not null)")
    with pytest.raises(MockDataError, match="no way to make up a value of type polygon for public.shapes.p") as unknown:
        await MockDataGenerator(db).generate_row("shapes")
    assert unknown.value.next_step == "give one: p=..."
    with pytest.raises(ColumnMatchError):
        await generator.generate_row("rosters", nothing=1)
    with pytest.raises(SchemaError, match="no table 'roster'"):
        await generator.generate_row("roster")
    with pytest.raises(InputError, match="employees does not refer to rosters"):
        await generator.generate_related_rows("rosters", children={"employees": 1})
