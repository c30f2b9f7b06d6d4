"""A workbook from file to rows: which sheets, all faults at once, and what is noted."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from uuid import UUID

import pytest
from openpyxl import load_workbook

from greedy.errors import InputError
from greedy.formats.tables import AssignmentRow, PracticeTables
from greedy.ingest.workbook.faults import WorkbookError
from greedy.ingest.workbook.importer import read_workbook
from greedy.ingest.workbook.layout import Language
from greedy.ingest.workbook.rows import Known
from tests.data.workbooks.make import HERE, PRACTICE, STAFF
from tests.ingest.workbook.writing import saved, sheets_of, shortened

CORPUS = HERE / "practice.xlsx"


@pytest.mark.parametrize("language", Language)
def test_a_whole_roster_is_read_as_it_was_written(tmp_path: Path, sample: PracticeTables, language: Language) -> None:
    tables = sample if language is Language.NL else shortened(sample)
    content = read_workbook(saved(tmp_path / "practice.xlsx", sheets_of(tables, language)))
    assert content.tables() == tables
    assert content.notes == ()


def test_without_ids_it_is_the_same_but_for_them(tmp_path: Path, sample: PracticeTables) -> None:
    sample = shortened(sample)
    path = saved(tmp_path / "practice.xlsx", sheets_of(sample, technical=False))
    tables = read_workbook(path).tables()
    assert tables == read_workbook(path).tables()
    assert tables.roster.id != sample.roster.id
    codes, own_codes = ({row.id: row.code for row in one.service_types} for one in (tables, sample))
    assert [(row.employee_id, codes[row.service_id], row.aantal) for row in tables.roster_employee_services] == [
        (row.employee_id, own_codes[row.service_id], row.aantal) for row in sample.roster_employee_services
    ]
    assert {row.roster_id for row in tables.roster_assignments} == {tables.roster.id}


def test_a_list_of_staff_alone_is_no_roster(tmp_path: Path) -> None:
    content = read_workbook(saved(tmp_path / "staff.xlsx", STAFF))
    assert content.chosen == {"employees"}
    assert [row.values["id"] for row in content.chosen_rows()] == ["EMP001", "EMP002", "EMP003"]
    anna = content.chosen_rows()[0]
    assert anna.values["structureel_nbh"] == {"di": ["A"]}
    assert content.chosen_rows()[1].values["structureel_nbh"] == {"ma": ["O", "M"], "di": []}
    assert "structureel_nbh" not in content.chosen_rows()[2].values
    assert (anna.row, anna.columns["team"], anna.headers["team"]) == (2, "E", "Team")
    assert str(anna.fault("team", "is odd")) == "Medewerkers!E2 (Team): is odd"
    assert str(anna.fault("structureel_nbh.di", "is odd")) == "Medewerkers!H2 (Di): is odd"
    assert str(anna.fault("structureel_nbh", "is odd")) == "Medewerkers!G2 (Ma): is odd"
    assert str(anna.fault("dienstverband", "is odd")) == "Medewerkers!2: is odd"
    assert content.practice is None
    with pytest.raises(WorkbookError, match="1 fault") as caught:
        content.tables()
    assert caught.value.details == ("no roster was read from it",)


def test_a_sheet_is_chosen_by_any_of_its_names() -> None:
    for name in ("Medewerkers", "medewerkers", "Employees", "employees", "staff", "Medewerker"):
        content = read_workbook(CORPUS, sheets=[name])
        assert content.chosen == {"employees"}
        assert content.practice is None
        assert {entity for entity, rows in content.rows.items() if rows} == {"employees"}


def test_the_sheets_that_a_chosen_one_refers_to_are_read_for_their_names() -> None:
    content = read_workbook(CORPUS, sheets=["Bevoegdheden"])
    assert content.chosen == {"roster_employee_services"}
    assert {entity for entity, rows in content.rows.items() if rows} == {
        "roster_employee_services",
        "rosters",
        "employees",
        "service_types",
    }
    whole = read_workbook(CORPUS).tables()
    assert [(row.values["roster_id"], row.values["employee_id"], row.values["service_id"]) for row in content.chosen_rows()] == [
        (row.roster_id, row.employee_id, row.service_id) for row in whole.roster_employee_services
    ]


def test_a_chosen_roster_brings_what_the_chosen_sheets_refer_to() -> None:
    tables = read_workbook(CORPUS, sheets=["Rooster", "Bezetting"]).tables()
    whole = read_workbook(CORPUS).tables()
    assert tables.roster == whole.roster
    assert tables.roster_period_staffing_dagdelen == whole.roster_period_staffing_dagdelen
    assert tables.service_types == whole.service_types
    assert (tables.employees, tables.roster_assignments, tables.service_blocking_rules) == ([], [], [])
    assert read_workbook(CORPUS, sheets=["Rooster"]).tables().service_types == []


def test_faults_of_a_sheet_that_is_not_needed_are_of_no_meaning(tmp_path: Path) -> None:
    book = load_workbook(CORPUS)
    book["Planning"]["B2"] = "morgen"
    book["Diensten"]["F2"] = "lang"
    book.save(tmp_path / "a.xlsx")
    assert len(read_workbook(tmp_path / "a.xlsx", sheets=["Medewerkers"]).chosen_rows()) == 3
    with pytest.raises(WorkbookError) as caught:
        read_workbook(tmp_path / "a.xlsx", sheets=["Blokkeringen"])
    assert caught.value.details == ("Diensten!F2 (Minuten): 'lang' is not a whole number",)


def test_a_sheet_that_cannot_be_chosen(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="'Lonen' is not a sheet that can be imported") as caught:
        read_workbook(CORPUS, sheets=["Lonen"])
    assert "Rooster, Medewerkers, Diensten" in (caught.value.next_step or "")
    with pytest.raises(InputError, match="has no sheet Diensten; it has Medewerkers"):
        read_workbook(saved(tmp_path / "staff.xlsx", STAFF), sheets=["Diensten"])


def test_of_two_rosters_none_is_chosen(tmp_path: Path) -> None:
    path = saved(tmp_path / "a.xlsx", {**PRACTICE, "Rooster": [*PRACTICE["Rooster"], ["Week 49", "1-12-2025", "7-12-2025"]]})
    for sheets in ((), ("Bevoegdheden",)):
        with pytest.raises(WorkbookError) as caught:
            read_workbook(path, sheets=sheets)
        assert caught.value.details == ("Rooster!3: is a second roster; a workbook holds one, so remove the others",)


def test_progress_is_told_from_nothing_to_all(tmp_path: Path, sample: PracticeTables) -> None:
    sample = shortened(sample).model_copy(update={"roster_assignments": sample.roster_assignments})
    path = saved(tmp_path / "practice.xlsx", sheets_of(sample))
    told: list[tuple[int, int]] = []
    read_workbook(path, tell=lambda done, total: told.append((done, total)))
    rows = sum(len(getattr(sample, table)) for table in PracticeTables.model_fields if table != "input_digest") + 7
    assert (told[0], told[-1]) == ((0, rows), (rows, rows))
    assert told == sorted(told)
    assert len(told) == 3


def test_faults_of_all_sheets_and_rows_are_told_at_once(tmp_path: Path, sample: PracticeTables) -> None:
    sample = shortened(sample)
    sheets = sheets_of(sample)
    for number, row in enumerate(sheets["Planning"][1:], start=2):
        row[1] = "morgen" if number % 2 else row[1]
    sheets["Bezetting"][5][5] = 17
    with pytest.raises(WorkbookError) as caught:
        read_workbook(saved(tmp_path / "a.xlsx", sheets))
    faults = caught.value.faults
    assert len(faults) == len(sample.roster_assignments) // 2 + 1
    assert str(faults[0]) == "Bezetting!F6 (Aantal): 17 is too large; at most 9"
    assert str(faults[-1]).startswith("Planning!B201 (Datum): 'morgen' is not a date")
    assert caught.value.message == f"{tmp_path / 'a.xlsx'} has {len(faults)} faults; nothing was imported"


def test_a_row_with_a_fault_tells_its_other_faults_too(tmp_path: Path) -> None:
    planning = [[*PRACTICE["Planning"][0]], ["Niemand", "morgen", "X", "gepland", None, None]]
    with pytest.raises(WorkbookError) as caught:
        read_workbook(saved(tmp_path / "a.xlsx", {**PRACTICE, "Planning": planning}))
    assert [str(fault).split(":")[0] for fault in caught.value.faults] == [
        "Planning!A2 (Medewerker)",
        "Planning!B2 (Datum)",
        "Planning!C2 (Dagdeel)",
    ]


def test_what_stands_beside_or_below_the_table_is_no_row(tmp_path: Path) -> None:
    staff = [
        ["Nummer", "Voornaam", "Team", None, "Opmerkingen van Jan"],
        ["E1", "Anna", "Groen"],
        [],
        [None, None, None, None, "zie boven"],
    ]
    content = read_workbook(saved(tmp_path / "a.xlsx", {"Medewerkers": [*staff, [None] * 5, ["E2", "Bente", "Groen"]]}))
    assert [(row.values["id"], row.row) for row in content.chosen_rows()] == [("E1", 2), ("E2", 6)]
    assert content.notes == ("Medewerkers: the column Opmerkingen van Jan was passed over",)


def test_merged_cells_that_matter_to_nobody(tmp_path: Path) -> None:
    book = load_workbook(CORPUS)
    sheet = book["Medewerkers"]
    sheet["D5"] = sheet["K2"] = None
    sheet.merge_cells("D3:D5")  # empty cells
    sheet.merge_cells("J2:M4")  # beside the table
    sheet.merge_cells("I2:K2")  # one column of the table, one row
    book.save(tmp_path / "a.xlsx")
    assert read_workbook(tmp_path / "a.xlsx").tables() == read_workbook(CORPUS).tables()


def test_merged_cells_over_several_columns_of_a_row(tmp_path: Path) -> None:
    book = load_workbook(CORPUS)
    book["Medewerkers"].merge_cells("B2:D2")
    book.save(tmp_path / "a.xlsx")
    with pytest.raises(WorkbookError) as caught:
        read_workbook(tmp_path / "a.xlsx", sheets=["Medewerkers"])
    assert caught.value.details == ("Medewerkers!B2 (Voornaam): B2:D2 is merged; unmerge it, and write in each cell what belongs there",)


def test_blocked_slots_with_half_of_what_blocks_them(tmp_path: Path) -> None:
    header = [*PRACTICE["Planning"][0], "Geblokkeerd door datum", "Geblokkeerd door dagdeel", "Geblokkeerd door dienst"]
    monday = dt.date(2025, 11, 24)
    rows = [
        ["Bente Postma", monday, "M", "geblokkeerd", None, None, monday, "O", None],
        ["Bente Postma", monday, "O", "open", "ECH", None, None, None, None],
        ["Bente Postma", monday, "A", "geblokkeerd", None, None, monday, "O", "DIO"],
    ]
    with pytest.raises(WorkbookError) as caught:
        read_workbook(saved(tmp_path / "a.xlsx", {**PRACTICE, "Planning": [header, *rows]}))
    assert list(caught.value.details) == [
        "Planning!D2 (Status): status geblokkeerd with Geblokkeerd door datum, Geblokkeerd door dagdeel and "
        "Geblokkeerd door dienst incomplete",
        "Planning!D3 (Status): status open with a Dienst",
    ]
    del rows[:2]
    assignment = read_workbook(saved(tmp_path / "b.xlsx", {**PRACTICE, "Planning": [header, *rows]})).tables().roster_assignments[0]
    assert isinstance(assignment, AssignmentRow)
    assert (assignment.blocked_by_date, assignment.blocked_by_dagdeel) == (monday, "O")


def test_a_roster_that_names_what_the_database_alone_has(tmp_path: Path) -> None:
    key = UUID("cb0cad1e-4d60-4263-88e7-e802b627ef1d")
    known = Known.of([("employees", "EMP001", ("EMP001", None, "Anna Mulder")), ("service_types", key, ("DIO", str(key), "Dienst in"))])
    sheets = {"Rooster": PRACTICE["Rooster"], "Bevoegdheden": PRACTICE["Bevoegdheden"][:2]}
    with pytest.raises(WorkbookError) as caught:
        read_workbook(saved(tmp_path / "a.xlsx", sheets), known=known)
    alone = "stands in the database alone; a workbook with a roster has all that it names, so add the row to its sheet"
    assert caught.value.details == (f"Bevoegdheden!A2 (Medewerker): {alone}", f"Bevoegdheden!B2 (Dienst): {alone}")


def test_a_roster_that_ends_before_it_begins(tmp_path: Path) -> None:
    roster = [["Begin", "Einde"], ["24-11-2025", "23-11-2025"]]
    with pytest.raises(WorkbookError) as caught:
        read_workbook(saved(tmp_path / "a.xlsx", {"Rooster": roster}))
    assert caught.value.details == ("Rooster!A2 (Begin): Einde 2025-11-23 lies before Begin 2025-11-24",)


def test_rows_that_stand_twice_are_told_once(tmp_path: Path) -> None:
    sheets = {**PRACTICE, "Bezetting": [*PRACTICE["Bezetting"], PRACTICE["Bezetting"][1]]}
    with pytest.raises(WorkbookError) as caught:
        read_workbook(saved(tmp_path / "a.xlsx", sheets))
    assert caught.value.details == (
        "Bezetting!A4 (Datum): the same Datum and Dagdeel and Team and Dienst as in row 2; remove one of the two",
    )


def test_rows_that_stand_twice_are_told_though_another_cell_of_theirs_is_wrong_too(tmp_path: Path) -> None:
    header, first, second = PRACTICE["Bezetting"]
    sheets = {**PRACTICE, "Bezetting": [header, [*first[:-1], "many"], second, first]}
    with pytest.raises(WorkbookError) as caught:
        read_workbook(saved(tmp_path / "a.xlsx", sheets))
    assert [str(fault).split(": ", 1)[1][:24] for fault in caught.value.faults] == ["'many' is not a whole nu", "the same Datum and Dagde"]


def test_ids_that_are_empty_are_not_the_same(tmp_path: Path) -> None:
    header, first, second = PRACTICE["Bezetting"]
    sheets = {**PRACTICE, "Bezetting": [[*header, "Kenmerk"], [*first, None], [*second, None]]}
    assert [row.id for row in read_workbook(saved(tmp_path / "a.xlsx", sheets)).tables().roster_period_staffing_dagdelen] == [None, None]
