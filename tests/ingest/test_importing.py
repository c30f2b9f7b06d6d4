"""A workbook into a database: as a roster, as rows of single sheets, as tables that a file declares; over a connection and over a store alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from greedy.database.connector import DBConnector
from greedy.errors import InputError, SettingsError
from greedy.formats.tables import PracticeTables
from greedy.ingest.importing import REST_NOTE, Imported, ImportOptions, import_over_connection, import_over_rest
from greedy.ingest.workbook.export import write_workbook
from greedy.ingest.workbook.faults import WorkbookError
from greedy.ingest.writing.entities import EntityTypes
from greedy.stopping import Stop, Why, Write
from greedy.store.base import RosterExistsError, SharedDataDiffersError
from greedy.store.postgres import PostgresStore
from tests.ingest.workbook.small import first_days
from tests.ingest.workbook.writing import saved
from tests.ingest.writing.conftest import DDL, EXAMPLE

STAFF = ("Voornaam", "Achternaam", "Team", "Werkdagen")
OF_ROSTERS = ("rosters", "employees", "service_types", "roster_assignments")


@pytest.fixture(scope="session")
def small(sample: PracticeTables) -> PracticeTables:
    """A week of the sample."""
    return first_days(sample, 7)


@pytest.fixture
def workbook(small: PracticeTables, tmp_path: Path) -> Path:
    write_workbook(small, tmp_path / "practice.xlsx")
    return tmp_path / "practice.xlsx"


def silent(_done: int, _total: int) -> None:
    """Nobody watches."""


def staff(folder: Path, *rows: Sequence[Any]) -> Path:
    return saved(folder / "staff.xlsx", {"Medewerkers": [STAFF, *rows]})


async def bring(db: DBConnector, path: Path, **options: Any) -> Imported:
    return await import_over_connection(db, path, ImportOptions(**options), Stop(), silent)


async def counts(db: DBConnector) -> list[int]:
    return [await db.execute(f"select count(*) from {table}", fetch_val=True) for table in OF_ROSTERS]


async def test_a_roster_is_imported_once(db: DBConnector, workbook: Path, small: PracticeTables) -> None:
    rehearsed = await bring(db, workbook, dry_run=True)
    assert (rehearsed.is_new, await counts(db)) == (True, [0, 0, 0, 0])
    told: list[tuple[int, int]] = []
    stop = Stop()
    done = await import_over_connection(db, workbook, ImportOptions(), stop, lambda *numbers: told.append(numbers))
    assert (done.is_new, done.roster, done.rows, stop.write) == (True, small, None, Write.ENDED)
    assert (told[0][0], told[-1][0]) == (0, told[-1][1])
    assert await counts(db) == [1, 14, 9, 294]
    assert done.counts == {
        "Rooster": {"rows": 1}, "Medewerkers": {"rows": 14}, "Diensten": {"rows": 9}, "Blokkeringen": {"rows": 6}, "Bevoegdheden": {"rows": 106},
        "Bezetting": {"rows": 567}, "Planning": {"rows": 294},
    }  # fmt: skip
    assert [(await bring(db, workbook, dry_run=again)).is_new for again in (True, False)] == [False, False]


async def test_a_roster_that_differs_is_replaced_only_on_demand(db: DBConnector, workbook: Path, small: PracticeTables) -> None:
    await bring(db, workbook)
    changed = small.model_copy(update={"rosters": [small.roster.model_copy(update={"naam": "another"})]})
    write_workbook(changed, workbook)
    for dry_run in (True, False):
        with pytest.raises(RosterExistsError) as caught:
            await bring(db, workbook, dry_run=dry_run)
        assert caught.value.next_step == "the same with --replace, which also throws away what was planned in it"
    assert (await bring(db, workbook, dry_run=True, replace=True)).is_new
    assert await db.execute("select naam from rosters", fetch_val=True) == small.roster.naam
    assert (await bring(db, workbook, replace=True)).is_new
    assert await db.execute("select naam from rosters", fetch_val=True) == "another"


async def test_a_dry_run_tells_of_shared_rows_that_differ(db: DBConnector, workbook: Path) -> None:
    await db.execute("insert into employees (id, voornaam, team) values ('EMP003', 'Somebody', 'Groen')")
    with pytest.raises(SharedDataDiffersError) as caught:
        await bring(db, workbook, dry_run=True)
    assert len(caught.value.details) == 1
    assert await counts(db) == [0, 1, 0, 0]


async def test_what_is_asked_to_end_before_it_writes_writes_nothing(db: DBConnector, workbook: Path, tmp_path: Path) -> None:
    for path in (workbook, staff(tmp_path, ("Anna", "Bos", "Groen", 3))):
        stop = Stop()
        stop.ask(Why.INTERRUPTED)
        with pytest.raises(asyncio.CancelledError):
            await import_over_connection(db, path, ImportOptions(), stop, silent)
    assert await counts(db) == [0, 0, 0, 0]


async def test_staff_alone_go_in_row_by_row(db: DBConnector, tmp_path: Path) -> None:
    path = staff(tmp_path, ("Anna", "Bos", "Groen", 3), ("Bo", None, "Oranje", None))
    assert ((await bring(db, path, dry_run=True)).is_new, await counts(db)) == (True, [0, 0, 0, 0])
    done = await bring(db, path)
    assert (done.is_new, done.roster, done.counts) == (True, None, {"Medewerkers": {"new": 2, "same": 0, "changed": 0}})
    again = await bring(db, path)
    assert (again.is_new, again.counts) == (False, {"Medewerkers": {"new": 0, "same": 2, "changed": 0}})
    path = staff(tmp_path, ("Anna", "Bos", "Groen", 4), ("Bo", None, "Oranje", None), ("Cas", "Vos", "Overig", 1))
    with pytest.raises(WorkbookError) as caught:
        await bring(db, path)
    assert [str(fault) for fault in caught.value.faults] == ["Medewerkers!D2 (Werkdagen): 4 here, 3 in the database"]
    assert await counts(db) == [0, 2, 0, 0]
    assert (await bring(db, path, replace=True)).counts == {"Medewerkers": {"new": 1, "same": 1, "changed": 1}}


async def test_a_sheet_alone_of_a_workbook_with_a_roster(db: DBConnector, workbook: Path) -> None:
    done = await bring(db, workbook, sheets=("medewerkers", "Services"))
    assert {name: tally["new"] for name, tally in done.counts.items()} == {"Medewerkers": 14, "Diensten": 9}
    assert await counts(db) == [0, 14, 9, 0]


async def test_the_wishes_of_a_workbook(db: DBConnector, tmp_path: Path) -> None:
    await bring(db, staff(tmp_path, ("Anna", "Bos", "Groen", 3)))
    wishes = saved(tmp_path / "wishes.xlsx", {"Wensen": [("Medewerker", "Van", "Wens"), ("anna bos", "24-12-2025", "vrij")]})
    done = await bring(db, wishes)
    assert ([request.employee for request in done.wishes], done.is_new, done.counts) == (["anna-bos"], False, {})
    both = saved(
        tmp_path / "both.xlsx",
        {
            "Medewerkers": [STAFF, ("Anna", "Bos", "Groen", 3)],
            "Wensen": [("Medewerker", "Van", "Tot en met", "Wens"), ("Anna Bos", "24-12-2025", "23-12-2025", "vrij")],
        },
    )
    assert (await bring(db, both, sheets=("Medewerkers",))).wishes == []
    with pytest.raises(WorkbookError, match="1 fault") as caught:
        await bring(db, both)
    assert "the last day 2025-12-23 lies before the first, 2025-12-24" in caught.value.details[0]


async def test_tables_that_a_file_declares(db: DBConnector, tmp_path: Path) -> None:
    await db.execute(DDL.format(made="generated by default as identity"))
    path = saved(
        tmp_path / "projects.xlsx",
        {
            "Programs": [("Client", "Name", "Budget"), ("Practice East", "Quality", 1500.5)],
            "Clients": [("Name",), ("Practice East",), ("Practice West",)],
            "Projects": [("Program", "Name", "First day"), ("Quality", "Rosters", "24-11-2025")],
        },
    )
    types = EntityTypes.from_toml(EXAMPLE)
    done = await bring(db, path, types=types)
    assert {name: tally["new"] for name, tally in done.counts.items()} == {"Clients": 2, "Programs": 1, "Projects": 1}
    found = await db.execute(
        "select c.name, p.budget::text, j.name, j.first_day::text from projects j join programs p on p.id = program_id join clients c on c.id = client_id",
        fetch_row=True,
    )
    assert found is not None
    assert tuple(found) == ("Practice East", "1500.50", "Rosters", "2025-11-24")
    assert not (await bring(db, path, types=types)).is_new


async def test_a_store_alone_takes_rosters(
    store: PostgresStore, db: DBConnector, workbook: Path, small: PracticeTables, tmp_path: Path
) -> None:
    async def over_rest(path: Path = workbook, **options: Any) -> Imported:
        return await import_over_rest(store, path, ImportOptions(**options), Stop(), silent)

    rehearsed = await over_rest(dry_run=True)
    assert (rehearsed.is_new, rehearsed.notes, await counts(db)) == (True, (REST_NOTE,), [0, 0, 0, 0])
    assert [(await over_rest()).is_new for _ in range(2)] == [True, False]
    assert (await over_rest(dry_run=True)).is_new is False
    write_workbook(small.model_copy(update={"rosters": [small.roster.model_copy(update={"naam": "another"})]}), workbook)
    with pytest.raises(RosterExistsError):
        await over_rest(dry_run=True)
    assert (await over_rest(dry_run=True, replace=True)).is_new
    with pytest.raises(SettingsError, match="has no roster to import"):
        await over_rest(staff(tmp_path, ("Anna", "Bos", "Groen", 3)))


@pytest.mark.parametrize("over_rest", [False, True])
async def test_who_has_no_number_in_the_workbook_keeps_hers(
    store: PostgresStore, db: DBConnector, small: PracticeTables, tmp_path: Path, over_rest: bool
) -> None:
    """The next roster, filled in by hand: the employees and services that the database has are meant, and no doubles of them."""
    await store.import_tables(small)
    staff = [(row.voornaam, row.achternaam, row.team) for row in small.employees[:2]]
    path = saved(
        tmp_path / "next.xlsx",
        {
            "Rooster": [("Naam", "Begin", "Einde"), ("next", "29-12-2025", "30-12-2025")],
            "Medewerkers": [("Voornaam", "Achternaam", "Team"), *staff],
            "Diensten": [("Code", "Naam", "Dagdeel", "Begin", "Einde", "Minuten"), ("XX", "Extra", "O", "9:00", "12:00", 180)],
            "Bevoegdheden": [("Medewerker", "Dienst", "Aantal"), ("Anna Mulder", "XX", 1), ("bente postma", "XX", 1)],
        },
    )
    options = ImportOptions(replace=True)
    done = await (
        import_over_rest(store, path, options, Stop(), silent) if over_rest else import_over_connection(db, path, options, Stop(), silent)
    )
    assert done.is_new
    assert (
        await db.execute(
            "select string_agg(distinct employee_id, ' ') from roster_employee_services s join service_types t on t.id = s.service_id where code = 'XX'",
            fetch_val=True,
        )
        == "EMP001 EMP002"
    )
    assert await counts(db) == [2, 14, 10, 294]


async def test_a_file_that_is_no_workbook(db: DBConnector, tmp_path: Path) -> None:
    (tmp_path / "notes.xlsx").write_text("milk")
    with pytest.raises(InputError, match="is not an Excel workbook"):
        await bring(db, tmp_path / "notes.xlsx")
