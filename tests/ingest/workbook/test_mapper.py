"""Which sheet holds what, and which column is which."""

from __future__ import annotations

from typing import Any

import pytest

from greedy.ingest.workbook.faults import CellFault
from greedy.ingest.workbook.layout import EMPLOYEES, PRACTICE, SERVICE_TYPES, WISHES, Language, SheetLayout
from greedy.ingest.workbook.mapper import Table, find_table, match_sheets
from greedy.ingest.workbook.reader import Grid, Merged

LAYOUTS = (*PRACTICE, WISHES)
HEADER = ["Voornaam", "Team"]


def table_of(*rows: list[Any], layout: SheetLayout = EMPLOYEES, merged: tuple[Merged, ...] = ()) -> Table:
    table = find_table(Grid("Blad", [list(row) for row in rows], merged), layout)
    assert isinstance(table, Table)
    return table


def fields_of(*headers: str, layout: SheetLayout = EMPLOYEES) -> list[str]:
    return [column.field for column in table_of(list(headers), layout=layout).columns.values()]


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.entity)
@pytest.mark.parametrize("language", Language)
def test_every_label_is_understood(layout: SheetLayout, language: Language) -> None:
    table = table_of([column.label(language) for column in layout.columns], layout=layout)
    assert [*table.columns.values()] == [*layout.columns]
    assert (table.faults, table.notes) == ([], [])
    assert match_sheets([layout.label(language)], (), LAYOUTS).sheets == {layout.entity: layout.label(language)}


@pytest.mark.parametrize("layout", LAYOUTS, ids=lambda layout: layout.entity)
def test_columns_by_their_names_in_the_database_and_all_other_labels(layout: SheetLayout) -> None:
    for column in layout.columns:
        for name in (column.field, *column.labels, column.labels[0].upper(), f" {column.labels[0]}: ", f"{column.labels[0]} *"):
            assert fields_of(name, layout=layout) == [column.field], name


def test_columns_that_are_written_otherwise() -> None:
    headers = ("Achternamen", "E-Mail", "TEAMS", "Aantal_werkdagen (per maand)", "FirstName")
    assert fields_of(*headers) == ["achternaam", "email", "team", "aantalwerkdagen", "voornaam"]
    assert fields_of("Team", "Voor naam") == ["team"]


def test_the_language_is_that_of_most_headers() -> None:
    assert table_of(["Number", "First name", "Team"]).language is Language.EN
    assert table_of(["Nummer", "Voornaam", "Team"]).language is Language.NL
    assert table_of(["Team", "naam"]).language is Language.NL


def test_the_header_is_the_row_with_most_headers_of_the_first_twenty() -> None:
    assert table_of(["Team Groen"], ["Team"], [], ["Nummer", *HEADER], ["E1", "Anna", "Groen"]).header_row == 3
    rows: list[list[Any]] = [["titel"]] * 19
    assert table_of(*rows, HEADER).header_row == 19
    assert isinstance(find_table(Grid("Blad", [*rows, ["titel"], HEADER]), EMPLOYEES), CellFault)
    assert find_table(Grid("Blad", [[""], []]), EMPLOYEES) is None


def test_of_two_rows_with_as_many_headers_the_first_counts() -> None:
    assert table_of(HEADER, HEADER).header_row == 0


def test_a_header_that_is_merged_downwards() -> None:
    merged = (Merged((0, 0), (1, 0)), Merged((0, 1), (1, 1)), Merged((0, 2), (0, 3)))
    table = table_of(["Voornaam", "Team", "Afwezig", ""], ["", "", "Ma", "Di"], ["Anna", "Groen", "O", ""], merged=merged)
    assert table.header_row == 1
    assert table.letters == {"voornaam": "A", "team": "B", "structureel_nbh.ma": "C", "structureel_nbh.di": "D", "structureel_nbh": "C"}


def test_missing_columns_are_all_told() -> None:
    messages = [str(fault) for fault in table_of(["Code", "Naam"], layout=SERVICE_TYPES).faults]
    assert messages == [f"Blad!1: the column {name} is missing" for name in ("Dagdeel", "Begin", "Einde", "Minuten")]


def test_a_header_that_is_nearly_a_missing_one_is_told_as_that() -> None:
    assert [str(fault) for fault in table_of(["Voornam", "Team"]).faults] == [
        "Blad!A1 (Voornam): is not a known column; did you mean Voornaam?"
    ]


def test_a_header_that_is_nearly_one_that_is_there_is_passed_over() -> None:
    table = table_of(["Voornaam", "Voornam", "Team", "created_at", ""], ["Anna", "Anna", "Groen", "2025", "los"])
    assert table.faults == []
    assert table.notes == ["Blad: the column Voornam was passed over", "Blad: column E has values and no header; it was passed over"]


def test_a_column_of_its_own_that_looks_a_little_like_a_missing_one_is_passed_over() -> None:
    table = table_of(["Voornaam", "Team", "Functie", "Geboortedatum", "Dienst"])
    assert table.faults == []
    assert table.notes == [f"Blad: the column {name} was passed over" for name in ("Functie", "Geboortedatum", "Dienst")]


def test_sheets_that_are_not_known() -> None:
    found = match_sheets(["Medewerkers", "Medewerkrs", "Blad1", "Uitleg", "geheim"], {"geheim"}, LAYOUTS)
    assert found.sheets == {"employees": "Medewerkers"}
    assert found.notes == ["the sheet Medewerkrs was passed over; did you mean Medewerkers?", "the sheet Blad1 was passed over"]
    assert found.faults == []


def test_a_sheet_that_is_nearly_one_that_is_missing_is_a_fault_of_the_workbook() -> None:
    found = match_sheets(["Medewerkers", "Dienstn"], (), LAYOUTS)
    assert [str(fault) for fault in found.faults] == ["Dienstn: is not a known sheet; did you mean Diensten?"]


def test_a_sheet_that_looks_a_little_like_a_missing_one_is_passed_over() -> None:
    found = match_sheets(["Medewerkers", "Dienstverbanden"], (), LAYOUTS)
    assert found.faults == []
    assert found.notes == ["the sheet Dienstverbanden was passed over; did you mean Diensten?"]


def test_two_sheets_of_one_kind() -> None:
    found = match_sheets(["Staff", "employees"], (), LAYOUTS)
    assert [str(fault) for fault in found.faults] == ["employees: is a second sheet of Medewerkers, beside Staff; remove or rename one"]
