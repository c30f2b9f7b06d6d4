"""Parents before children, and names resolved to keys; for our own tables and for any others."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from greedy.errors import InputError
from greedy.formats.tables import PracticeTables
from greedy.ingest.workbook.faults import WorkbookError
from greedy.ingest.workbook.hierarchy import needed_for, parents_first
from greedy.ingest.workbook.importer import read_workbook
from greedy.ingest.workbook.layout import PRACTICE, WISHES, Column, Kind, SheetLayout
from greedy.ingest.workbook.rows import NOTHING, Known, PlacedRow, WorkbookContent
from tests.data.workbooks.make import PRACTICE as SHEETS
from tests.ingest.workbook.writing import Sheets, saved, sheets_of, shortened


def layout(entity: str, *parents: str, key: str | None = "id") -> SheetLayout:
    """A type of which rows have a name, and belong to rows of other types."""
    references = tuple(Column(f"{parent}_id", (parent.capitalize(),), Kind.REFERENCE, refers_to=parent) for parent in parents)
    columns = (Column("id", ("Id",)), Column("name", ("Name",), required=True), *references)
    return SheetLayout(entity, (entity.capitalize(),), columns, known_by=(("id",), ("name",)), key=key)


CLIENTS, PROGRAMS, PROJECTS = layout("clients"), layout("programs", "clients"), layout("projects", "programs", "clients")
TASKS = layout("tasks", "tasks", "projects")
COMPANY = (TASKS, PROJECTS, PROGRAMS, CLIENTS)


def read(path: Path, sheets: Sheets, layouts: Sequence[SheetLayout] = COMPANY, known: Known = NOTHING) -> WorkbookContent:
    return read_workbook(saved(path / "book.xlsx", sheets), layouts=layouts, known=known)


def faults(path: Path, sheets: Sheets, layouts: Sequence[SheetLayout] = COMPANY, known: Known = NOTHING) -> list[str]:
    with pytest.raises(WorkbookError) as caught:
        read(path, sheets, layouts, known)
    return list(caught.value.details)


def practice(**changes: list[list[object]]) -> Sheets:
    """The practice's sheets with some of them replaced."""
    return {**SHEETS, **changes}


def test_each_type_after_all_that_it_refers_to() -> None:
    assert [one.entity for one in parents_first(COMPANY)] == ["clients", "programs", "projects", "tasks"]
    assert parents_first(PRACTICE) == [*PRACTICE]


def test_types_that_refer_to_each_other_in_a_circle() -> None:
    with pytest.raises(InputError, match=r"in a circle: (a > b > a|b > a > b)"):
        parents_first((layout("a", "b"), layout("b", "a")))


def test_what_a_type_needs() -> None:
    assert needed_for(["projects"], COMPANY) == {"projects", "programs", "clients"}
    assert needed_for(["employees"], PRACTICE) == {"employees"}
    assert needed_for(["roster_employee_services"], PRACTICE) == {"roster_employee_services", "rosters", "employees", "service_types"}
    assert needed_for(["requests"], (*PRACTICE, WISHES)) == {"requests", "employees", "service_types"}


def test_rows_of_other_types_refer_to_ids_and_to_rows_that_will_get_one(tmp_path: Path) -> None:
    content = read(
        tmp_path,
        {
            "Programs": [["Name", "Clients"], ["Roster", "c-1"], ["Payroll", "north side"]],
            "Clients": [["Id", "Name"], ["c-1", "South"], [None, "North  Side"]],
        },
    )
    assert list(content.rows)[:2] == ["clients", "programs"]
    roster, payroll = content.rows["programs"]
    assert roster.values["clients_id"] == "c-1"
    assert payroll.values["clients_id"] is content.rows["clients"][1]
    assert [row.values.get("name") for row in content.chosen_rows()] == ["South", "North  Side", "Roster", "Payroll"]


def test_rows_that_the_database_has(tmp_path: Path) -> None:
    known = Known.of([("clients", 7, ("7", "North Side")), ("clients", 8, ("8", "Twin")), ("clients", 9, ("9", "twin"))])
    content = read(tmp_path, {"Programs": [["Name", "Clients"], ["Roster", "north side"], ["Payroll", 8]]}, known=known)
    assert [row.values["clients_id"] for row in content.rows["programs"]] == [7, 8]
    assert faults(tmp_path, {"Programs": [["Name", "Clients"], ["Roster", "Twin"], ["Payroll", "Nord Side"]]}, known=known) == [
        "Programs!B2 (Clients): 'Twin' is the name of several in the database; write which, by its key",
        "Programs!B3 (Clients): 'Nord Side' is not in clients; did you mean north side?",
    ]


def test_a_row_of_the_workbook_goes_before_one_of_the_database(tmp_path: Path) -> None:
    known = Known.of([("clients", "old", ("old", "South"))])
    content = read(
        tmp_path, {"Clients": [["Id", "Name"], ["new", "South"]], "Programs": [["Name", "Clients"], ["Roster", "south"]]}, known=known
    )
    assert content.rows["programs"][0].values["clients_id"] == "new"
    sheets: Sheets = {"Clients": [["Id", "Name"], ["new", "South"]], "Programs": [["Name", "Clients"], ["Roster", "Souht"]]}
    assert faults(tmp_path, sheets, known=known) == ["Programs!B2 (Clients): 'Souht' is not in Clients; did you mean South?"]


def test_a_row_without_an_id_is_the_one_of_its_name_that_the_database_has(tmp_path: Path) -> None:
    known = Known.of([("clients", "c-1", ("c-1", "South")), ("clients", 2, ("2", "Twin")), ("clients", 3, ("3", "Twin"))])
    sheets: Sheets = {"Clients": [["Name"], ["SOUTH"], ["North"]], "Programs": [["Name", "Clients"], ["Roster", "South"]]}
    content = read(tmp_path, sheets, known=known)
    assert [row.values.get("id") for row in content.rows["clients"]] == ["c-1", None]
    assert content.rows["programs"][0].values["clients_id"] == "c-1"
    assert faults(tmp_path, {"Clients": [["Name"], ["Twin"]]}, known=known) == [
        "Clients!2: several in the database are called Twin; write which, by its key"
    ]


def test_the_rows_of_one_type_stand_after_those_that_they_belong_to(tmp_path: Path) -> None:
    rows = [["Name", "Tasks"], ["wash", "clean"], ["dry", "wash"], ["cook", None], ["clean", None], ["fold", "dry"]]
    content = read(tmp_path, {"Tasks": rows})
    tasks = content.rows["tasks"]
    assert [row.values["name"] for row in tasks] == ["clean", "wash", "dry", "cook", "fold"]
    assert [row.row for row in tasks] == [5, 2, 3, 4, 6]
    assert tasks[1].values["tasks_id"] is tasks[0]


def test_rows_that_belong_to_each_other_in_a_circle(tmp_path: Path) -> None:
    rows = [["Name", "Tasks"], ["a", "b"], ["b", "c"], ["c", "a"], ["d", "a"]]
    assert faults(tmp_path, {"Tasks": rows})[0] == "Tasks!2: refers to itself in a circle, over row 2"


def test_a_row_that_belongs_to_itself_is_left_to_the_rules_of_its_table(tmp_path: Path) -> None:
    content = read(tmp_path, {"Tasks": [["Id", "Name", "Tasks"], ["t", "a", "t"]]})
    assert content.rows["tasks"][0].values["tasks_id"] == "t"


def test_a_type_without_a_key(tmp_path: Path) -> None:
    content = read(tmp_path, {"Clients": [["Name"], ["South"]]}, (layout("clients", key=None),))
    assert content.rows["clients"][0].values == {"name": "South"}


def test_who_refers_to_a_sheet_with_a_fault_of_its_own_is_not_blamed(tmp_path: Path) -> None:
    assert faults(
        tmp_path, {"Clients": [["Id", "Nam"], ["c", "South"]], "Programs": [["Name", "Clients"], ["Roster", "South"], [None, "x"]]}
    ) == [
        "Clients!B1 (Nam): is not a known column; did you mean Name?",
        "Programs!A3 (Name): is empty; every row needs a value here",
    ]


def test_who_refers_to_a_row_with_a_broken_name_is_not_blamed_and_others_are(tmp_path: Path) -> None:
    staff = [["Nummer", "Voornaam", "Achternaam", "Team"], ["E1", "=NAAM()", "Mulder", "Groen"], ["E2", "Bente", "Postma", "Groen"]]
    inzet = [["Medewerker", "Dienst", "Aantal"], ["Anna Mulder", "DIO", 1], ["Carla Visser", "DIO", 1]]
    told = faults(tmp_path, practice(Medewerkers=staff, Bevoegdheden=inzet, Planning=SHEETS["Planning"][:1]), PRACTICE)
    assert [one.split(":")[0] for one in told] == ["Medewerkers!B2 (Voornaam)", "Bevoegdheden!A3 (Medewerker)"]


def test_keys_that_are_left_out_do_not_depend_on_the_order_of_the_rows(tmp_path: Path, sample: PracticeTables) -> None:
    sheets = sheets_of(shortened(sample), technical=False)
    for name in ("Medewerkers", "Diensten"):
        sheets[name] = [[cell for at, cell in enumerate(row) if sheets[name][0][at] != "Nummer"] for row in sheets[name]]
    once = read(tmp_path, sheets, PRACTICE).tables()
    for rows in sheets.values():
        rows[1:] = reversed(rows[1:])
    again = read(tmp_path, sheets, PRACTICE).tables()
    for table in PracticeTables.model_fields:
        if table != "input_digest":
            assert sorted(map(str, getattr(once, table))) == sorted(map(str, getattr(again, table)))
    assert {row.id for row in once.employees} >= {"anna-mulder", "carlijn-de-vries"}


def test_another_name_or_other_dates_are_another_roster(tmp_path: Path) -> None:
    ids = set()
    for name, end in (("Week 48", 30), ("Week 48", 29), ("Week 48b", 30)):
        roster = [["Naam", "Begin", "Einde"], [name, "24-11-2025", f"{end}-11-2025"]]
        ids.add(read(tmp_path, {"Rooster": roster}, PRACTICE).tables().roster.id)
    assert len(ids) == 3


def test_a_roster_of_the_database_with_the_same_name_is_another_one(tmp_path: Path) -> None:
    known = Known.of([("rosters", "old", ("old", "Week 48"))])
    roster = [["Naam", "Begin", "Einde"], ["Week 48", "23-11-2026", "29-11-2026"]]
    assert read(tmp_path, {"Rooster": roster}, PRACTICE, known).rows["rosters"][0].values["id"] != "old"


def test_employees_with_the_same_absence_have_each_their_own(tmp_path: Path) -> None:
    staff = [["Voornaam", "Team", "Ma"], ["Anna", "Groen", "O M"], ["Bente", "Groen", "O M"]]
    anna, bente = read(tmp_path, {"Medewerkers": staff}, PRACTICE).rows["employees"]
    assert anna.values["structureel_nbh"] == bente.values["structureel_nbh"]
    assert anna.values["structureel_nbh"]["ma"] is not bente.values["structureel_nbh"]["ma"]  # type: ignore[index]


def test_numbers_of_employees_from_names_in_any_script(tmp_path: Path) -> None:
    staff = [["Voornaam", "Achternaam", "Team"], ["Zoë", "van 't Hek", "Groen"], ["Ana", None, "Groen"]]
    assert [row.values["id"] for row in read(tmp_path, {"Medewerkers": staff}, PRACTICE).rows["employees"]] == ["zoe-van-t-hek", "ana"]
    assert faults(tmp_path, {"Medewerkers": [["Voornaam", "Team"], ["安娜", "Groen"]]}, PRACTICE) == [
        "Medewerkers!2: no number can be made from 安娜; give one"
    ]


def test_a_made_number_that_somebody_has_already(tmp_path: Path) -> None:
    staff = [["Nummer", "Voornaam", "Achternaam", "Team"], [None, "Anna", "Mulder", "Groen"], ["anna-mulder", "Anne", "Muller", "Groen"]]
    assert faults(tmp_path, {"Medewerkers": staff}, PRACTICE) == [
        "Medewerkers!A2 (Nummer): cannot be told from row 3: without a number both are anna-mulder; give each a number of its own"
    ]


def test_the_database_knows_the_number_of_an_employee_by_mail_or_name(tmp_path: Path) -> None:
    known = Known.of([("employees", "E7", ("E7", "anna@x.nl", "Anna Mulder")), ("employees", "E8", ("E8", None, "Bente Postma"))])
    staff = [["Voornaam", "Achternaam", "E-mail", "Team"], ["A.", "Mulder", "ANNA@x.nl", "Groen"], ["Bente", "Postma", None, "Groen"]]
    rows = read(tmp_path, {"Medewerkers": staff}, PRACTICE, known).rows["employees"]
    assert [row.values["id"] for row in rows] == ["E7", "E8"]


def test_a_service_of_the_database_is_named_by_its_code_where_a_code_is_held(tmp_path: Path) -> None:
    key = "cb0cad1e-4d60-4263-88e7-e802b627ef1d"
    known = Known.of([("service_types", key, ("DIO", key, "Dienst in")), ("employees", "E1", ("E1", None, "Anna"))])
    wishes = [["Medewerker", "Van", "Wens", "Dienst"], ["anna", "24-11-2025", "werken", "dienst IN"]]
    content = read(tmp_path, {"Wensen": wishes}, (*PRACTICE, WISHES), known)
    row: PlacedRow = content.rows["requests"][0]
    assert (row.values["employee"], row.values["service"], row.values["wants"]) == ("E1", "DIO", "work")


def test_the_second_half_may_be_named_by_its_name(tmp_path: Path) -> None:
    services = [list(row) for row in SHEETS["Diensten"]]
    services[1][7] = "dienst in, AVOND"
    content = read(tmp_path, practice(Diensten=services), PRACTICE)
    assert content.rows["service_types"][1].values["gekoppeld_aan"] == "DIA"
    assert [row.code for row in content.tables().service_types] == ["DIO", "DIA", "ECH"]  # in the order of the sheet
