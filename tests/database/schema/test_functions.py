"""The functions that the job calls through REST: refusals are answers, and each has a time limit of its own."""

from __future__ import annotations

import json
from typing import Any

import pytest

from greedy.database.connector import DBConnector
from greedy.database.schema.migrations import migrations
from greedy.formats.tables import PracticeTables
from greedy.store.postgres import PostgresStore
from tests.database.sync.conftest import content


async def import_document(db: DBConnector, document: dict[str, Any]) -> dict[str, Any]:
    text = await db.execute("select import_roster_v1($1::text::jsonb, true)::text", [json.dumps(document)], fetch_val=True)
    answer: dict[str, Any] = json.loads(text)
    return answer


@pytest.mark.parametrize(
    ("table", "changed", "sqlstate", "said"),
    [
        ("employees", {"team": "Paars"}, "23514", {"constraint": "employees_team_check", "table": "employees"}),
        ("employees", {"voornaam": None}, "23502", {"column": "voornaam", "table": "employees"}),
        ("roster_assignments", {"employee_id": "NOBODY"}, "23503", {"constraint": "roster_assignments_employee_id_fkey"}),
        ("service_types", {"gekoppeld_aan": "NIX"}, "23503", {"constraint": "service_types_gekoppeld_aan_fkey"}),
        ("rosters", {"end_date": "morgen"}, "22007", {"constraint": None}),
        ("roster_assignments", {"status": 70_000}, "22003", {"constraint": None}),
        ("roster_assignments", {"date": "2027-01-01"}, "23514", {"constraint": "roster_assignments_date_in_roster"}),
    ],
)
async def test_tables_at_fault_are_refused_with_what_the_server_said(
    db: DBConnector,
    database_url: str,
    store: PostgresStore,
    sample: PracticeTables,
    table: str,
    changed: dict[str, Any],
    sqlstate: str,
    said: dict[str, Any],
) -> None:
    """The constraint that waits for the commit too, while somebody can still be told."""
    await store.import_tables(sample)
    before = await content(database_url)
    document = json.loads(sample.model_dump_json(exclude={"input_digest"}))
    document[table][0] |= changed
    answer = await import_document(db, document)
    assert (answer["outcome"], answer["sqlstate"]) == ("refused", sqlstate)
    assert said.items() <= answer.items()
    assert answer["message"]
    assert await content(database_url) == before


async def test_a_row_that_is_there_twice_is_refused(db: DBConnector, sample: PracticeTables) -> None:
    document = json.loads(sample.model_dump_json(exclude={"input_digest"}))
    document["employees"].append(document["employees"][0])
    answer = await import_document(db, document)
    assert (answer["outcome"], answer["sqlstate"]) == ("refused", "21000")


async def test_what_is_no_fault_of_the_tables_is_an_error(db: DBConnector, sample: PracticeTables) -> None:
    await db.execute("drop function lock_roster cascade")
    with pytest.raises(Exception, match="lock_roster"):
        await import_document(db, json.loads(sample.model_dump_json()))


async def test_an_import_waits_no_longer_than_a_write(db: DBConnector, sample: PracticeTables) -> None:
    await db.execute("alter function import_roster_v1 set lock_timeout = '100ms'")
    async with db.transaction() as other:
        await other.execute("select lock_roster($1)", [sample.roster.id], fetch_val=True)
        assert await import_document(db, json.loads(sample.model_dump_json())) == {"outcome": "busy"}


async def test_each_function_that_takes_time_has_a_limit_of_its_own(db: DBConnector) -> None:
    """PostgREST takes it for the whole call in place of the role's."""
    limited = "select array_agg(proname::text order by proname) from pg_proc where 'statement_timeout=60s' = any (proconfig)"
    assert await db.execute(limited, fetch_val=True) == [
        "apply_absences_v1", "change_slots_v1", "copy_roster_v1", "delete_copy_v1", "import_roster_v1", "load_roster_v1",
        "publish_roster_v1", "roster_news_v1", "take_over_copy_v1", "verify_roster_v1", "write_roster_v1"]  # fmt: skip


@pytest.mark.parametrize("other", ["version text", "version text, name text"])
async def test_the_history_is_ours_and_not_that_of_another_program(db: DBConnector, other: str) -> None:
    await db.execute(f"create table schema_migrations ({other}); insert into schema_migrations (version) values ('1')")
    await db.execute("insert into supabase_migrations.schema_migrations (version, name) values ('29990101000000', 'of_the_practice')")
    answer = await db.execute("select applied_migrations_v1()::text", fetch_val=True)
    assert json.loads(answer) == [migration.version for migration in migrations()]
