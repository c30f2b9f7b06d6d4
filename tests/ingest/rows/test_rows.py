"""Rows of sheets into the tables of a practice, and into tables that a file declares: new, equal, differing, and what is refused."""

from __future__ import annotations

import asyncio
import datetime as dt
from collections.abc import AsyncIterator, Mapping, Sequence
from string import ascii_uppercase
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy.ext.asyncio import AsyncSession

from greedy.database.connector import DBConnector
from greedy.formats.tables import PracticeTables
from greedy.ingest.rows import entity_import
from greedy.ingest.rows.importing import RowsOutcome, Tally, import_rows, known_names
from greedy.ingest.workbook.faults import WorkbookError
from greedy.ingest.workbook.rows import PlacedRow
from greedy.ingest.writing.entities import OURS, EntityTypes
from greedy.ingest.writing.sessions import open_session
from greedy.model.problem import SlotStatus
from greedy.store.postgres import PostgresStore
from tests.ingest.writing.conftest import EXAMPLE
from tests.timing import PATIENCE_SECONDS


def sheet(
    entity: str, rows: Sequence[Mapping[str, object]], *, name: str = "", columns: Sequence[str] = (), first: int = 2
) -> list[PlacedRow]:
    """Rows as the reader places them, with a column for each field that one of them or `columns` has."""
    fields = list(dict.fromkeys([*columns, *(field for row in rows for field in row)]))
    letters = dict(zip(fields, ascii_uppercase, strict=False))
    return [PlacedRow(entity, name or entity, first + number, dict(row), letters, letters) for number, row in enumerate(rows)]


@pytest.fixture
async def session(db: DBConnector) -> AsyncIterator[AsyncSession]:
    async with open_session(db) as session:
        yield session


async def bring(db: DBConnector, rows: Sequence[PlacedRow], **options: Any) -> RowsOutcome:
    """An import in a session of its own."""
    async with open_session(db) as session:
        return await import_rows(session, OURS, rows, **options)


async def refused(db: DBConnector, rows: Sequence[PlacedRow], **options: Any) -> list[str]:
    """The faults of an import that is refused, which changes nothing."""
    before = await state(db)
    with pytest.raises(WorkbookError) as caught:
        await bring(db, rows, **options)
    assert await state(db) == before
    return [str(fault) for fault in caught.value.faults]


async def state(db: DBConnector) -> list[str]:
    """All that the tables hold, with the versions of the rows."""
    return [
        await db.execute(f"select coalesce(string_agg(concat(xmin, t), '|' order by t::text), '') from {table} t", fetch_val=True)
        for table in OURS
    ]


STAFF = [
    {"id": "1", "voornaam": "Anna", "achternaam": "Bos", "email": "anna@example.org", "team": "Groen", "structureel_nbh": {"ma": ["O"]}},
    {"id": "2", "voornaam": "Bo", "team": "Oranje", "aantalwerkdagen": 12},
]


async def test_new_rows_are_inserted_and_the_same_again_changes_nothing(db: DBConnector) -> None:
    assert (await bring(db, sheet("employees", STAFF))).entities == {"employees": Tally(new=2)}
    stored = await db.execute("select voornaam, achternaam, actief, structureel_nbh::text from employees order by id", fetch_all=True)
    assert [tuple(row) for row in stored] == [("Anna", "Bos", True, '{"ma": ["O"]}'), ("Bo", "", True, "{}")]
    before = await state(db)
    columns = [*STAFF[0], "aantalwerkdagen", "actief"]
    assert (await bring(db, sheet("employees", STAFF, columns=columns))).entities == {"employees": Tally(same=2)}
    assert await state(db) == before


async def test_differing_rows_are_all_listed_and_replaced_only_on_demand(db: DBConnector) -> None:
    await bring(db, sheet("employees", STAFF))
    changed = [{**STAFF[0], "team": "Overig", "structureel_nbh": {}}, {"id": "2", "voornaam": "Bob", "team": "Oranje"}]
    rows = sheet("employees", [*changed, {"id": "3", "voornaam": "Cas", "team": "Groen"}], columns=["aantalwerkdagen", "actief"])
    assert await refused(db, rows) == [
        "employees!G2 (G): 'Overig' here, 'Groen' in the database",
        'employees!H2 (H): {} here, {"ma":["O"]} in the database',
        "employees!A3 (A): empty here, 12 in the database",
        "employees!D3 (D): 'Bob' here, 'Bo' in the database",
    ]
    dry = await bring(db, rows, replace=True, dry_run=True)
    assert dry.entities == {"employees": Tally(new=1, changed=2)}
    assert await db.execute("select count(*) from employees", fetch_val=True) == 2
    assert await bring(db, rows, replace=True) == dry
    assert len(dry.replaced) == 4
    stored = await db.execute("select * from employees order by id", fetch_all=True)
    assert [(row["voornaam"], row["team"], row["email"], row["aantalwerkdagen"]) for row in stored] == [
        ("Anna", "Overig", "anna@example.org", None),
        ("Bob", "Oranje", None, None),
        ("Cas", "Groen", None, None),
    ]
    assert (await bring(db, rows)).entities == {"employees": Tally(same=3)}


async def test_every_fault_that_the_database_finds_has_its_cell(db: DBConnector) -> None:
    staff = sheet(
        "employees",
        [
            {"id": "1", "voornaam": "Anna", "team": "Groen"},
            {"id": "2", "voornaam": "Bo", "team": "Paars"},
            {"id": "3", "voornaam": "Cas"},
            {"id": "4", "voornaam": "Dee", "team": "Groen", "aantalwerkdagen": 400},
            {"id": "5", "voornaam": "Eva", "team": "Groen", "aantalwerkdagen": "veel"},
            {"id": "1", "voornaam": "Anna", "team": "Groen"},
        ],
    )
    faults = await refused(db, staff)
    assert [fault.partition(":")[0] for fault in faults] == [
        "employees!C3 (C)",
        "employees!C4 (C)",
        "employees!D5 (D)",
        "employees!D6 (D)",
        "employees!7",
    ]
    assert "team Paars cannot be" in faults[0]
    assert "team needs a value" in faults[1]
    assert "it is the same row as row 2" in faults[4]


async def test_many_faults_are_found_in_one_go_and_not_without_end(db: DBConnector, monkeypatch: pytest.MonkeyPatch) -> None:
    rows = [{"id": f"{n}", "voornaam": "A", "team": "Paars" if n % 50 == 7 else "Groen"} for n in range(1200)]
    faults = await refused(db, sheet("employees", rows))
    assert [fault.partition(" ")[0] for fault in faults] == [f"employees!C{n + 2}" for n in range(1200) if n % 50 == 7]
    monkeypatch.setattr(entity_import, "MOST_FAULTS", 10)
    assert await refused(db, sheet("employees", rows)) == faults[:10]


async def test_services_are_known_by_their_code_and_keep_their_id(db: DBConnector, store: PostgresStore, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    service = sample.service_types[0]
    given = service.model_dump()
    other = "00000000-0000-0000-0000-000000000001"
    own_rules = [rule for rule in sample.service_blocking_rules if rule.service_id == service.id]
    rows = [
        *sheet("service_types", [{**given, "id": other}]),
        *sheet(
            "service_blocking_rules",
            [{"service_id": other, "dag_offset": -7, "dagdeel": "A"}, *({**rule.model_dump(), "service_id": other} for rule in own_rules)],
        ),
    ]
    outcome = await bring(db, rows)
    assert outcome.entities == {"service_types": Tally(same=1), "service_blocking_rules": Tally(new=1, same=len(own_rules))}
    assert await db.execute("select service_id from service_blocking_rules where dag_offset = -7", fetch_val=True) == service.id


@pytest.fixture
async def loaded(db: DBConnector, store: PostgresStore, sample: PracticeTables) -> PracticeTables:
    """The sample in the database, with its triggers' rows."""
    await store.import_tables(sample)
    return await store.load(sample.roster.id, include_open=True)


async def test_rows_of_a_roster_are_matched_by_their_natural_keys(db: DBConnector, loaded: PracticeTables) -> None:
    demand = [row.model_dump(exclude={"id"}) for row in loaded.roster_period_staffing_dagdelen]
    slots = [row.model_dump(exclude={"id"}) for row in loaded.roster_assignments]
    rows = [
        *sheet("roster_employee_services", [row.model_dump() for row in loaded.roster_employee_services]),
        *sheet("roster_period_staffing_dagdelen", demand),
        *sheet("roster_assignments", slots),
    ]
    same = {table: Tally(same=len(getattr(loaded, table))) for table in list(OURS)[4:]}
    assert (await bring(db, rows)).entities == same
    demand[0]["aantal"] = 9
    outcome = await bring(db, sheet("roster_period_staffing_dagdelen", demand), replace=True)
    assert outcome.entities == {"roster_period_staffing_dagdelen": Tally(same=len(demand) - 1, changed=1)}
    assert [fault.column for fault in outcome.replaced] == ["G"]


async def test_what_single_sheets_change_in_a_roster_has_a_line_in_its_history(
    db: DBConnector, store: PostgresStore, loaded: PracticeTables
) -> None:
    away = next(row for row in loaded.roster_assignments if row.status is SlotStatus.UNAVAILABLE)
    rows = [row.model_dump(exclude={"id"}) for row in (away, loaded.roster_assignments[-1])]
    roster_id, capability = loaded.roster.id, loaded.roster_employee_services[0].model_dump()
    await bring(db, sheet("roster_assignments", rows))  # says nothing new
    rows[0] |= {"notes": "vakantie"}
    await bring(db, sheet("roster_assignments", rows), replace=True, actor="Dirk")
    await bring(db, sheet("roster_assignments", rows), replace=True, dry_run=True)
    await bring(db, sheet("roster_employee_services", [{**capability, "aantal": 31}]), replace=True, dry_run=True)
    await bring(db, sheet("roster_employee_services", [{**capability, "aantal": 31}]), replace=True, actor="Ella")
    history = await store.changes.list(roster_id)
    assert [(one.kind, one.actor, len(one.slots)) for one in history[:2]] == [("import", "Ella", 0), ("import", "Dirk", 1)]
    assert len(history) == 3
    (slot,) = history[1].slots
    assert (slot.employee_id, slot.date, slot.before.notes, slot.after.notes) == (away.employee_id, away.date, away.notes, "vakantie")


async def test_ids_of_rows_of_another_roster_give_way(db: DBConnector, store: PostgresStore, loaded: PracticeTables) -> None:
    other = loaded.roster.model_copy(update={"id": UUID(int=2), "naam": "copy"})
    empty = loaded.model_copy(
        update={"rosters": [other], "roster_employee_services": [], "roster_period_staffing_dagdelen": [], "roster_assignments": []}
    )
    await store.import_tables(empty)
    demand = [{**row.model_dump(), "roster_id": other.id} for row in loaded.roster_period_staffing_dagdelen]
    outcome = await bring(db, sheet("roster_period_staffing_dagdelen", demand))
    assert outcome.entities == {"roster_period_staffing_dagdelen": Tally(new=len(demand))}
    assert await db.execute("select count(*) from roster_period_staffing_dagdelen", fetch_val=True) == 2 * len(demand)


async def test_a_final_roster_is_not_changed_and_an_unknown_one_told(db: DBConnector, loaded: PracticeTables) -> None:
    capability = loaded.roster_employee_services[0].model_dump()
    row = {**capability, "aantal": 1}
    await db.execute("update rosters set status = 'final'")
    assert await refused(db, sheet("roster_employee_services", [row], name="Bevoegdheden"), replace=True) == [
        f"Bevoegdheden: roster {loaded.roster.id} is final: it is not changed"
    ]
    unknown = sheet("roster_employee_services", [{**row, "roster_id": "00000000-0000-0000-0000-000000000009"}] * 2)
    assert "has no roster 00000000" in (await refused(db, unknown))[0]
    assert await refused(db, sheet("roster_employee_services", [{"employee_id": "1"}], name="Bevoegdheden")) == [
        "Bevoegdheden: nothing says of which roster these rows are; give the workbook its sheet Rooster"
    ]


async def test_an_import_waits_for_whoever_changes_the_roster(db: DBConnector, loaded: PracticeTables) -> None:
    row = sheet("roster_employee_services", [loaded.roster_employee_services[0].model_dump()])
    async with db.transaction() as planner:
        await planner.execute("select lock_roster($1)", [loaded.roster.id])
        waiting = asyncio.create_task(bring(db, row))
        waits = "select exists (select from pg_locks where locktype = 'advisory' and not granted)"
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await db.execute(waits, fetch_val=True):
                assert not waiting.done()
                await asyncio.sleep(0.02)
    assert (await waiting).entities == {"roster_employee_services": Tally(same=1)}


async def test_a_roster_does_not_become_final_under_an_import(db: DBConnector, loaded: PracticeTables) -> None:
    one = loaded.roster_employee_services[0]
    row = sheet("roster_employee_services", [one.model_dump() | {"aantal": one.aantal + 1}])
    async with db.transaction() as planner:
        await planner.execute("select from roster_employee_services where roster_id = $1 for update", [loaded.roster.id])
        importing = asyncio.create_task(bring(db, row, replace=True))
        waits = "select count(*) from pg_locks where not granted"
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await db.execute(waits, fetch_val=True):
                await asyncio.sleep(0.02)
        final = asyncio.create_task(db.execute("update rosters set status = 'final'"))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while await db.execute(waits, fetch_val=True) < 2:
                assert not final.done()
                await asyncio.sleep(0.02)
    assert (await importing).entities == {"roster_employee_services": Tally(changed=1)}
    await final
    assert (await refused(db, row))[0].endswith("is final: it is not changed")


async def test_what_triggers_refuse_has_its_row(db: DBConnector, loaded: PracticeTables) -> None:
    late = loaded.roster.end_date + dt.timedelta(days=1)
    demand = [{**row.model_dump(exclude={"id"}), "date": late} for row in loaded.roster_period_staffing_dagdelen[:3]]
    faults = await refused(db, sheet("roster_period_staffing_dagdelen", demand))
    assert len(faults) == 3
    assert all(str(late) in fault for fault in faults)


async def test_a_deferred_reference_is_told_in_a_dry_run_too(db: DBConnector) -> None:
    row = {"id": "00000000-0000-0000-0000-000000000003", "code": "X", "naam": "x", "dagdeel": "O", "duur_minuten": 60}
    row |= {"begintijd": "08:00", "eindtijd": "09:00", "gekoppeld_aan": "NEE"}
    for dry_run in (True, False):
        faults = await refused(db, sheet("service_types", [row]), dry_run=dry_run)
        assert len(faults) == 1
        assert "gekoppeld_aan" in faults[0]
        assert "NEE" in faults[0]


async def test_names_of_the_database(db: DBConnector, session: AsyncSession, loaded: PracticeTables) -> None:
    known = await known_names(session)
    employee, service = loaded.employees[0], loaded.service_types[0]
    assert known.keys["employees"][employee.name.casefold()] == employee.id
    assert known.keys["employees"][employee.id.casefold()] == employee.id
    assert known.keys["service_types"][service.code.casefold()] == service.id
    assert known.firsts["service_types"][service.id] == service.code


async def test_an_interrupted_import_leaves_nothing(db: DBConnector) -> None:
    many = sheet("employees", [{"id": f"{n}", "voornaam": "A", "team": "Groen"} for n in range(30_000)])
    importing = asyncio.create_task(bring(db, many))
    await asyncio.sleep(0.4)
    importing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await importing
    assert await db.execute("select count(*) from employees", fetch_val=True) == 0


# Tables that a file declares, in PostgreSQL and in SQLite, are tested with the writer's fixtures in tests/ingest/writing.
def test_the_example_declares_seven_levels() -> None:
    assert list(EntityTypes.from_toml(EXAMPLE)) == ["clients", "programs", "projects", "usecases", "user_stories", "tasks", "subtasks"]
