"""What a workbook with a roster leaves out stays as the database holds it; and what the roster does not speak of comes in all the same."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from openpyxl import Workbook

from greedy.database.connector import DBConnector
from greedy.errors import InputError
from greedy.formats.tables import PracticeTables
from greedy.ingest.importing import Imported, ImportOptions, import_over_connection, import_over_rest
from greedy.ingest.workbook.export import write_workbook
from greedy.ingest.workbook.faults import WorkbookError
from greedy.stopping import Stop
from greedy.store.postgres import PostgresStore
from tests.ingest.workbook.small import first_days
from tests.ingest.workbook.writing import saved

WEEKDAYS_OF_EMP = {"ma": ["O"], "zo": ["A"]}


@pytest.fixture(scope="session")
def small(sample: PracticeTables) -> PracticeTables:
    """A week of the sample, in which every column says something."""
    week = first_days(sample, 7)
    first = week.employees[0].model_copy(
        update={"email": "a@b.nl", "aantalwerkdagen": 3, "dienstverband": "vast", "structureel_nbh": WEEKDAYS_OF_EMP}
    )
    last = week.employees[-1].model_copy(update={"actief": False})
    return week.model_copy(update={"employees": [first, *week.employees[1:-1], last]})


@pytest.fixture(params=["connection", "rest"])
def bring(request: pytest.FixtureRequest, db: DBConnector, store: PostgresStore) -> Callable[..., Any]:
    async def over(path: Path, **options: Any) -> Imported:
        chosen = ImportOptions(**options)
        if request.param == "rest":
            return await import_over_rest(store, path, chosen, Stop(), lambda *_: None)
        return await import_over_connection(db, path, chosen, Stop(), lambda *_: None)

    return over


@pytest.fixture
def edited(small: PracticeTables, tmp_path: Path) -> Callable[[Callable[[Workbook], None]], Path]:
    def edit(change: Callable[[Workbook], None]) -> Path:
        path = tmp_path / "practice.xlsx"
        write_workbook(small, path)
        book = openpyxl.load_workbook(path)
        change(book)
        book.save(path)
        return path

    return edit


def without(sheet: str, *headers: str) -> Callable[[Workbook], None]:
    def change(book: Workbook) -> None:
        page = book[sheet]
        for number in range(page.max_column, 0, -1):
            if page.cell(1, number).value in headers:
                page.delete_cols(number)

    return change


async def held(store: PostgresStore, small: PracticeTables) -> PracticeTables:
    return (await store.load(small.roster.id, include_open=True)).model_copy(update={"input_digest": ""})


@pytest.mark.parametrize(
    ("change", "note"),
    [
        (without("Medewerkers", "E-mail", "Werkdagen", "Dienstverband", "Actief"), "Medewerkers has no column E-mail"),
        (without("Medewerkers", "Ma", "Zo"), "Medewerkers has no column Ma, Zo"),
        (without("Diensten", "Systeemdienst", "Gekoppeld aan", "Blokkeert volgende dag", "Kenmerk"), "Diensten has no column"),
        (lambda book: book.remove(book["Blokkeringen"]), "no sheet Blokkeringen was read"),
        (lambda book: [book.remove(book[sheet]) for sheet in ("Bezetting", "Planning")], "no sheet Bezetting, Planning was read"),
    ],
)
async def test_what_is_left_out_stays(
    bring: Callable[..., Any], edited: Any, change: Any, note: str, store: PostgresStore, small: PracticeTables
) -> None:
    await store.import_tables(small)
    path, before = edited(change), await held(store, small)
    assert (await bring(path)).is_new is False
    done = await bring(path, replace=True)
    assert any(text.startswith(note) for text in done.notes)
    assert await held(store, small) == before


async def test_the_roster_alone_can_be_renamed(bring: Callable[..., Any], edited: Any, store: PostgresStore, small: PracticeTables) -> None:
    await store.import_tables(small)
    before = await held(store, small)

    def rename(book: Workbook) -> None:
        book["Rooster"]["A2"] = "renamed"

    await bring(edited(rename), sheets=("Rooster",), replace=True)
    assert await held(store, small) == before.model_copy(update={"rosters": [small.roster.model_copy(update={"naam": "renamed"})]})


async def test_an_empty_sheet_empties(bring: Callable[..., Any], edited: Any, store: PostgresStore, small: PracticeTables) -> None:
    await store.import_tables(small)
    await bring(edited(lambda book: book["Planning"].delete_rows(2, 10_000)), replace=True)
    after = await held(store, small)
    assert (after.roster_assignments, len(after.roster_period_staffing_dagdelen)) == ([], 567)


async def test_what_stays_must_fit(bring: Callable[..., Any], edited: Any, store: PostgresStore, small: PracticeTables) -> None:
    await store.import_tables(small)
    before = await held(store, small)

    def shorten(book: Workbook) -> None:
        book.remove(book["Planning"])
        book.remove(book["Bezetting"])
        book["Rooster"]["C2"] = small.roster.start_date

    with pytest.raises(InputError, match="leaves out Bezetting, Planning") as caught:
        await bring(edited(shorten), replace=True)
    assert "lies outside the roster" in caught.value.details[0]
    assert await held(store, small) == before


async def test_who_is_not_in_the_roster_comes_in_too(db: DBConnector, store: PostgresStore, edited: Any, small: PracticeTables) -> None:
    """Of a new colleague nothing stands in the roster yet, which is the same otherwise."""
    await store.import_tables(small)

    def hire(team: str) -> Callable[[Workbook], None]:
        return lambda book: book["Medewerkers"].append([None, "Nieuw", "Hier", None, team])

    async def over(path: Path, **options: Any) -> Imported:
        return await import_over_connection(db, path, ImportOptions(**options), Stop(), lambda *_: None)

    path = edited(hire("Groen"))
    assert (await over(path, dry_run=True)).is_new
    assert [(await over(path)).is_new for _ in range(2)] == [True, False]
    assert await db.execute("select team from employees where id = 'nieuw-hier'", fetch_val=True) == "Groen"
    path = edited(hire("Oranje"))
    with pytest.raises(WorkbookError, match="1 fault"):
        await over(path)
    over_rest = await import_over_rest(store, path, ImportOptions(), Stop(), lambda *_: None)
    assert "1 were not looked at" in over_rest.notes[-1]
    await over(path, replace=True)
    assert await db.execute("select team from employees where id = 'nieuw-hier'", fetch_val=True) == "Oranje"


async def test_a_second_roster_of_the_same_days_is_told(
    bring: Callable[..., Any], edited: Any, store: PostgresStore, small: PracticeTables
) -> None:
    path = edited(lambda _book: None)
    assert (await bring(path)).notes == ()
    path = edited(without("Rooster", "Kenmerk"))
    done = await bring(path)
    assert f"roster {small.roster.id} {small.roster.naam} lies in the same days" in done.notes[0]
    assert (await bring(path)).notes == ()


async def test_a_service_that_is_new_has_no_rules_to_keep(
    bring: Callable[..., Any], store: PostgresStore, small: PracticeTables, tmp_path: Path
) -> None:
    await store.import_tables(small)
    sheets = {
        "Rooster": [("Naam", "Begin", "Einde"), ("next", "29-12-2025", "30-12-2025")],
        "Diensten": [("Code", "Naam", "Dagdeel", "Begin", "Einde", "Minuten"), ("XX", "Extra", "O", "9:00", "12:00", 180)],
    }
    assert (await bring(saved(tmp_path / "next.xlsx", sheets))).notes == ()


async def test_weekdays_that_a_staff_list_has_not_stay(db: DBConnector, tmp_path: Path) -> None:
    await db.execute(
        """insert into employees (id, voornaam, team, structureel_nbh) values ('7', 'Gea', 'Groen', '{"ma": ["O"], "zo": ["A"]}')"""
    )
    for cell, wanted in (("M", {"ma": ["M"], "zo": ["A"]}), (None, {"zo": ["A"]})):
        path = saved(tmp_path / "staff.xlsx", {"Medewerkers": [("Nummer", "Voornaam", "Team", "Ma"), ("7", "Gea", "Groen", cell)]})
        await import_over_connection(db, path, ImportOptions(replace=True), Stop(), lambda *_: None)
        assert json.loads(await db.execute("select structureel_nbh::text from employees", fetch_val=True)) == wanted
