"""Good and bad workbooks: each is imported right, or refused with every fault that it has."""

from __future__ import annotations

from pathlib import Path

import pytest

from greedy.errors import InputError
from greedy.ingest.workbook.faults import WorkbookError
from greedy.ingest.workbook.importer import read_workbook
from tests.data.workbooks.make import HERE, WORKBOOKS

SAVE_AS = "save it as an Excel workbook (.xlsx)"
NOT_CALCULATED = "holds a formula that was never calculated; open the workbook in Excel, save it, and import it again"

# Not a workbook, or not a whole one: what the message says, and the next step.
REFUSED = {
    "empty-file.xlsx": ("is empty, a file of 0 bytes", "give the name of a workbook"),
    "text.xlsx": ("but a text file (CSV); nothing was imported", SAVE_AS),
    "latin-text.xlsx": ("but a text file (CSV)", SAVE_AS),
    "wide-text.xlsx": ("but a text file (CSV)", SAVE_AS),
    "web-page.xls": ("but a web page (HTML), whatever it is called", SAVE_AS),
    "xml-2003.xls": ("but an XML file of Excel 2003", SAVE_AS),
    "document.xlsx": ("but a PDF document", SAVE_AS),
    "noise.xlsx": ("but a file of a kind that is not known", SAVE_AS),
    "old.xls": ("but an Excel workbook of before 2007 (.xls)", SAVE_AS),
    "encrypted.xlsx": ("is encrypted with a password; nothing was imported", "remove the password in Excel"),
    "letter.xlsx": ("but a Word document", SAVE_AS),
    "binary.xlsb": ("but a binary Excel workbook (.xlsb)", SAVE_AS),
    "open-document.ods": ("but an OpenDocument spreadsheet (.ods)", SAVE_AS),
    "archive.zip": ("but an archive without a workbook in it", SAVE_AS),
    "empty-archive.xlsx": ("but an empty archive (zip)", SAVE_AS),
    "cut-off.xlsx": ("is damaged or was not copied to its end", "copy it again"),
    "cut-in-half.xlsx": ("is damaged or was not copied to its end", "copy it again"),
    "changed-byte.xlsx": ("is damaged or was not copied to its end", "copy it again"),
    "sheet-missing.xlsx": ("(the sheet Medewerkers is missing from it)", "copy it again"),
    "sheet-not-xml.xlsx": ("is damaged or was not copied to its end (sheet Medewerkers:", "copy it again"),
    "other-encoding.xlsx": ("cannot decode input using UTF-8", "save it anew"),
    "laughs-in-sheet.xlsx": ("has declarations of its own in xl/worksheets/sheet2.xml", SAVE_AS),
    "laughs-in-strings.xlsx": ("has declarations of its own in xl/sharedStrings.xml", SAVE_AS),
    "no-sheets-known.xlsx": ("has none of the sheets that can be imported; it has Blad1, Blad2", "name the sheets Rooster, Medewerkers"),
    "empty-workbook.xlsx": ("has no rows to import: its sheets are empty", "fill in at least one row"),
    "headers-only.xlsx": ("has no rows to import: its sheets are empty", "fill in at least one row"),
}
# Workbooks with faults: all of them, and nothing else.
FAULTS = {
    "no-header.xlsx": [
        "Medewerkers: no head of a table in the first 20 rows: one row with the names of the columns, such as Voornaam, Team",
    ],
    "header-twice.xlsx": [
        "Medewerkers!E1 (Team): columns E and J are both Team; remove or rename one",
        "Medewerkers!J1 (Team): columns E and J are both Team; remove or rename one",
    ],
    "two-headers-one-column.xlsx": [
        "Medewerkers!A1 (Nummer): columns A and J are both Nummer; remove or rename one",
        "Medewerkers!J1 (personeelsnummer): columns A and J are both Nummer; remove or rename one",
    ],
    "column-missing.xlsx": ["Medewerkers!1: the column Team is missing"],
    "header-nearly-right.xlsx": ["Medewerkers!B1 (Voornam): is not a known column; did you mean Voornaam?"],
    "merged-rows.xlsx": ["Bevoegdheden!A2 (Medewerker): A2:A3 is merged; unmerge it, and write in each cell what belongs there"],
    "formulas-not-calculated.xlsx": [
        f"Medewerkers!F2 (Werkdagen): {NOT_CALCULATED}",
        f"Medewerkers!I2 (Actief): {NOT_CALCULATED}",
        f"Medewerkers!F3 (Werkdagen): {NOT_CALCULATED}",
    ],
    "formula-error.xlsx": ["Medewerkers!F2 (Werkdagen): holds the error #REF!; mend its formula, or write the value itself"],
    "dates-unclear.xlsx": [
        "Rooster!B2 (Begin): '11/24/2025' has its month first; write it as 24-11-2025, the day first",
        "Rooster!C2 (Einde): '30-11-25' has a year of two digits; write it as 24-11-2025",
        "Bezetting!A2 (Datum): 45985 is a number, not a date; format the cell as a date, or write it as 24-11-2025",
        "Bezetting!A3 (Datum): there is no day '31-11-2025'",
        "Planning!B2 (Datum): is a number that is shown as a date before 1 March 1900; write it as 24-11-2025",
    ],
    "marked-with-x.xlsx": ["Medewerkers!F3 (Actief): is empty, where other rows have an x; write ja of nee"],
    "numbers-as-names.xlsx": [
        "Medewerkers!E3 (Werkdagen): '1.000' can be thousands or thousandths; write the number without a point or comma",
    ],
    "far-away.xlsx": ["Medewerkers: has a value far from everything else, in XFD900000; clear that cell"],
    "sheet-twice.xlsx": ["Employees: is a second sheet of Medewerkers, beside Medewerkers; remove or rename one"],
    "names-alike.xlsx": [
        "Bevoegdheden!A2 (Medewerker): 'Anna Mulder' is the name of several in Medewerkers (rows 2, 5); write which, by its Nummer",
        "Planning!A2 (Medewerker): 'Anna Mulder' is the name of several in Medewerkers (rows 2, 5); write which, by its Nummer",
    ],
    "names-alike-without-number.xlsx": [
        "Medewerkers!A3 (Nummer): cannot be told from row 2: without a number both are anna-mulder; give each a number of its own",
    ],
    "name-unknown.xlsx": [
        "Bevoegdheden!A2 (Medewerker): 'Anna Muldr' is not in Medewerkers; did you mean Anna Mulder?",
        "Bevoegdheden!B3 (Dienst): 'XYZ' is not in Diensten",
    ],
    "parent-faulty.xlsx": ["Medewerkers!E2 (Team): 'Paars' is none of Groen, Oranje, Overig"],
    "two-rosters.xlsx": ["Rooster!3: is a second roster; a workbook holds one, so remove the others"],
    "no-roster.xlsx": [
        f"{sheet}!2: its rows belong to a roster, and no sheet Rooster says to which; add that sheet with one row"
        for sheet in ("Bevoegdheden", "Bezetting", "Planning")
    ],
    "rows-twice.xlsx": [
        "Medewerkers!A4 (Nummer): the same Nummer as in row 2; remove one of the two",
        "Diensten!A4 (Code): the same Code as in row 2; remove one of the two",
        "Blokkeringen!A3 (Dienst): the same Dienst and Dagen later and Dagdeel as in row 2; remove one of the two",
        "Bezetting!A3 (Datum): the same Datum and Dagdeel and Team and Dienst as in row 2; remove one of the two",
    ],
    "dates-outside.xlsx": [
        "Bezetting!A2 (Datum): 2025-12-01 lies outside the roster, 2025-11-24 to 2025-11-30",
        "Planning!C2 (Dagdeel): ECH is a service of dagdeel O, not A",
    ],
    "rules-broken.xlsx": [
        "Medewerkers!D2 (E-mail): 'anna' is not an e-mail address",
        "Medewerkers!F2 (Werkdagen): 400 is too large; at most 366",
        "Diensten!A2 (Code): 'D I O' may have letters, digits, - and _ only, and at most 16 of them",
        "Bezetting!F2 (Aantal): 10 is too large; at most 9",
        "Planning!D2 (Status): status gepland without a Dienst",
    ],
    "faults-everywhere.xlsx": [
        "Rooster!B2 (Begin): '24-11-25' has a year of two digits; write it as 24-11-2025",
        "Medewerkers!E2 (Team): 'Grön' is none of Groen, Oranje, Overig",
        "Medewerkers!B3 (Voornaam): is empty; every row needs a value here",
        "Diensten!F4 (Minuten): 'lang' is not a whole number",
        "Bevoegdheden!A2 (Medewerker): 'Anna Muller' is not in Medewerkers; did you mean Anna Mulder?",
        "Bezetting!F2 (Aantal): 12 is too large; at most 9",
    ],
}
# Workbooks that say the same as practice.xlsx in another way, and what is noted of them.
SAME: dict[str, list[str]] = {
    "practice.xlsx": [],
    "titles-above.xlsx": [],
    "two-row-header.xlsx": [],
    "english.xlsx": [],
    "formulas.xlsx": [],
    "values-as-text.xlsx": [],
    "since-1904.xlsx": [],
    "prefixed-xml.xlsx": [],
    "cells-without-places.xlsx": [],
    "blank-rows.xlsx": [],
    "sheet-nearly-right.xlsx": [],
    "macros.xlsm": ["the workbook has macros; they were not run"],
    "links.xlsx": ["the workbook refers to other workbooks; what it saved of them last was read"],
    "hidden.xlsx": ["the sheet Diensten is hidden; it was read", "Medewerkers: 1 row is hidden; it was read"],
    "header-unknown.xlsx": [
        "Medewerkers: the column Schoenmaat was passed over",
        "Medewerkers: column K has values and no header; it was passed over",
    ],
}
# Workbooks that say something else: some fields of the rows of one sheet.
VALUES: dict[str, tuple[str, tuple[str, ...], list[tuple[object, ...]]]] = {
    "yes-and-no.xlsx": (
        "employees",
        ("id", "actief"),
        [(f"E{number}", actief) for number, actief in enumerate([True, False] * 5 + [None, True])],
    ),
    "zeros-shown.xlsx": ("employees", ("id", "voornaam"), [("00007", "Anna"), ("EMP012", "Bente"), ("13", "Carlijn")]),
    "shared-strings.xlsx": (
        "employees",
        ("voornaam", "achternaam"),
        [("Anna", "Mulder"), ("Bente", "Postma"), ("Carlijn", "de Vries")],
    ),
    "invisible-characters.xlsx": ("roster_assignments", ("employee_id", "notes"), [("EMP001", "een\ntwee")]),
    "ids-left-out.xlsx": (
        "roster_employee_services",
        ("employee_id", "aantal"),
        [("anna-mulder", 3), ("EMP002", 2), ("carlijn-de-vries", 1)],
    ),
}


def test_every_workbook_of_the_corpus_has_its_expectation() -> None:
    files = {path.name for path in HERE.iterdir() if path.suffix.startswith((".xls", ".zip", ".ods"))}
    assert files == {*REFUSED, *FAULTS, *SAME, *VALUES} == set(WORKBOOKS)


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_workbook_is_refused_as_what_it_is(name: str) -> None:
    with pytest.raises(InputError) as caught:
        read_workbook(HERE / name)
    says, next_step = REFUSED[name]
    assert says in caught.value.message
    assert str(HERE / name) in caught.value.message
    assert next_step in (caught.value.next_step or "")


@pytest.mark.parametrize("name", FAULTS)
def test_every_fault_is_told_with_its_cell(name: str) -> None:
    with pytest.raises(WorkbookError) as caught:
        read_workbook(HERE / name)
    assert list(caught.value.details) == FAULTS[name]


@pytest.mark.parametrize("name", SAME)
def test_another_way_to_say_the_same_is_read_the_same(name: str) -> None:
    content = read_workbook(HERE / name)
    assert content.tables() == read_workbook(HERE / "practice.xlsx").tables()
    assert list(content.notes) == SAME[name]


@pytest.mark.parametrize("name", VALUES)
def test_values_are_read_as_they_were_meant(name: str) -> None:
    entity, fields, expected = VALUES[name]
    rows = read_workbook(HERE / name).rows[entity]
    assert [tuple(row.values.get(field) for field in fields) for row in rows] == expected


def test_the_same_workbook_again_is_the_same_roster(tmp_path: Path) -> None:
    copy = tmp_path / "copy.xlsx"
    copy.write_bytes((HERE / "ids-left-out.xlsx").read_bytes())
    assert read_workbook(copy).tables() == read_workbook(HERE / "ids-left-out.xlsx").tables()
