"""Employees and absences from lists: values, ids, encodings, sheets, and files that are large."""

from __future__ import annotations

import datetime as dt
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from openpyxl import Workbook, load_workbook

from greedy.errors import InputError
from greedy.ingest.sources.absences import AbsenceList
from greedy.ingest.sources.base import FaultyRecord, SourceRecord
from greedy.ingest.sources.hr import HrEmployees
from greedy.ingest.sources.text_file import LONGEST_LINE

EMPLOYEES = "Nummer,Voornaam,Team\n007,Renée,Groen\n"


def written(folder: Path, name: str, content: str | bytes) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def only(source: HrEmployees | AbsenceList) -> SourceRecord | FaultyRecord:
    (record,) = source.read()
    return record


def absence(folder: Path, header: str, row: str) -> SourceRecord | FaultyRecord:
    return only(AbsenceList(written(folder, "leave.csv", f"{header}\n{row}\n"), "list"))


def test_an_employee_as_it_goes_into_the_database(tmp_path: Path) -> None:
    text = (
        "Personeelsnummer;Voornaam;E-mail;Kamer;Ma;Tue;In dienst;Laatst gewijzigd\n007;Anna;a@x.nl;12;O M;-;1-3-2024;2025-11-20T10:00:00Z\n"
    )
    found = only(HrEmployees(written(tmp_path, "hr.csv", text), "afas"))
    assert found == SourceRecord(
        "007",
        {
            "id": "007",
            "voornaam": "Anna",
            "email": "a@x.nl",
            "Kamer": "12",
            "in_dienst": "2024-03-01",
            "structureel_nbh": {"ma": ["O", "M"], "di": []},
        },
        "hr.csv:2",
        key="007",
        modified_at=dt.datetime(2025, 11, 20, 10, tzinfo=dt.UTC),
    )


def test_a_time_without_its_zone_tells_nothing(tmp_path: Path) -> None:
    found = only(HrEmployees(written(tmp_path, "hr.csv", "Nummer,Laatst gewijzigd\n1,2025-11-20T10:00:00\n")))
    assert isinstance(found, SourceRecord)
    assert found.modified_at is None


def test_what_counts_of_an_employee(tmp_path: Path) -> None:
    source = HrEmployees(tmp_path / "hr.csv")
    assert source.significant is not None
    assert {"id", "voornaam", "team", "structureel_nbh", "uit_dienst"} <= set(source.significant)
    assert "modified_at" not in source.significant


@pytest.mark.parametrize("above", ["\n", "sep=,\n"])
def test_places_are_lines_of_the_file(tmp_path: Path, above: str) -> None:
    text = above + 'Nummer,Voornaam\n1,"Anna\nMaria"\n\n2,Bram\n3\n'
    found = list(HrEmployees(written(tmp_path, "hr.csv", text)).read())
    assert [record.place for record in found] == ["hr.csv:3", "hr.csv:6", "hr.csv:7"]


def test_an_encoding_that_is_told(tmp_path: Path) -> None:
    file = written(tmp_path, "hr.csv", EMPLOYEES.encode("cp1252"))
    found = only(HrEmployees(file, encoding="cp1252"))
    assert isinstance(found, SourceRecord)
    assert found.data["voornaam"] == "Renée"
    with pytest.raises(InputError, match=r"not ascii text: byte 28 \(0xE9, in line 2\)"):
        only(HrEmployees(file, encoding="ascii"))
    for unknown in ("klingon", "base64"):
        with pytest.raises(InputError, match="no encoding is called"):
            only(HrEmployees(file, encoding=unknown))


def test_a_mark_says_more_than_a_setting(tmp_path: Path) -> None:
    found = only(HrEmployees(written(tmp_path, "hr.csv", EMPLOYEES.encode("utf-8-sig")), encoding="cp1252"))
    assert isinstance(found, SourceRecord)
    assert found.data["voornaam"] == "Renée"


def test_a_byte_far_inside_is_found_before_the_first_record_is_given(tmp_path: Path) -> None:
    rows = "".join(f"{number},Zoë,Groen\n" for number in range(150_000))
    file = written(tmp_path, "hr.csv", b"Nummer,Voornaam,Team\n" + rows.encode() + b"x,Ren\xe9e,Groen\n")
    at = file.read_bytes().index(b"\xe9")
    with pytest.raises(InputError, match=rf"byte {at} \(0xE9, in line 150002\)"):
        next(HrEmployees(file).read())


def test_a_line_without_end(tmp_path: Path) -> None:
    file = written(tmp_path, "hr.csv", EMPLOYEES + "x" * (LONGEST_LINE + 1))
    with pytest.raises(InputError, match=r"hr.csv:3: the line is longer"):
        list(HrEmployees(file).read())


@pytest.mark.parametrize("name", ["missing.csv", "folder.csv", "hr.pdf", "missing.json", "missing.xlsx"])
def test_a_file_that_is_none(tmp_path: Path, name: str) -> None:
    (tmp_path / "folder.csv").mkdir()
    with pytest.raises(InputError):
        list(HrEmployees(tmp_path / name).read())


def sheet(folder: Path, *rows: list[Any], name: str = "Personeel") -> Path:
    book = Workbook()
    page = book.active
    assert page is not None
    page.title = name
    for row in rows:
        page.append(row)
    book.create_sheet("Oud").append(["leeg"])
    book.save(folder / "hr.xlsx")
    return folder / "hr.xlsx"


def test_employees_of_a_workbook(tmp_path: Path) -> None:
    header = ["Personeelsnummer", "Voornaam", "In dienst", "Uren", None, "Ma"]
    day = dt.datetime(2024, 3, 1)  # noqa: DTZ001  a cell has no time zone
    file = sheet(
        tmp_path,
        [],
        header,
        [123.0, "Anna", day, 32.5, None, "O M"],
        ["007", "Bram", "1 mrt 2024"],
        [],
        [9, "=1/0"],
        [8, "C", *[None] * 2, 1],
    )
    found = list(HrEmployees(file).read())
    assert [record.external_id for record in found] == ["123", "007", "9", "8"]
    assert [record.place for record in found] == [f"hr.xlsx!Personeel:{row}" for row in (3, 4, 6, 7)]
    first, second, broken, nameless = found
    assert isinstance(first, SourceRecord)
    assert isinstance(second, SourceRecord)
    assert first.data == {"id": "123", "voornaam": "Anna", "in_dienst": "2024-03-01", "Uren": 32.5, "structureel_nbh": {"ma": ["O", "M"]}}
    assert second.data["in_dienst"] == "2024-03-01"
    assert isinstance(broken, FaultyRecord)
    assert broken.message.startswith("voornaam: holds a formula")
    assert isinstance(nameless, FaultyRecord)
    assert nameless.message == "column E has the value 1 and no name"


def test_sheets_of_a_workbook(tmp_path: Path) -> None:
    file = sheet(tmp_path, ["Nummer"], ["1"])
    assert only(HrEmployees(file, sheet="personeel")).external_id == "1"
    with pytest.raises(InputError, match="has no sheet 'Elders'") as caught:
        only(HrEmployees(file, sheet="Elders"))
    assert caught.value.next_step == "its sheets are Personeel, Oud"
    book = load_workbook(file)
    book["Personeel"].sheet_state = "hidden"
    book["Oud"]["A1"] = "Nummer"
    book["Oud"]["A2"] = "2"
    book.active = 1
    book.save(file)
    assert only(HrEmployees(file)).external_id == "2", "the first sheet that is to be seen"
    with pytest.raises(InputError, match="the sheet Leeg is empty"):
        only(HrEmployees(sheet(tmp_path, name="Leeg")))
    written(tmp_path, "no.xlsx", EMPLOYEES)
    with pytest.raises(InputError, match="is not an Excel workbook"):
        only(HrEmployees(tmp_path / "no.xlsx"))


def test_an_absence_as_it_goes_into_the_database(tmp_path: Path) -> None:
    found = absence(
        tmp_path,
        "Kenmerk;Medewerker;Van;Tot en met;Dagdelen;Soort;Diagnose",
        "V1;Anna Mulder;24-11-2025;28 nov 2025;middag, ochtend;verlof;griep",
    )
    data = {"employee": "Anna Mulder", "reason": "verlof", "first_date": "2025-11-24", "last_date": "2025-11-28", "dagdelen": ["O", "M"]}
    assert found == SourceRecord("V1", data, "leave.csv:2", key="list:V1")


@pytest.mark.parametrize(
    ("header", "row", "last", "dagdelen"),
    [
        ("employee,from", "E1,2025-11-24", "2025-11-24", None),
        ("employee,from,until", "E1,2025-11-24,", "2025-11-24", None),
        ("employee,from,days", "E1,2025-11-24,3", "2025-11-26", None),
        ("employee,from,until,days", "E1,2025-11-24,2025-11-26,3", "2025-11-26", None),
        ("employee,from,dagdelen", "E1,2025-11-24,A", "2025-11-24", ["A"]),
        ("employee,from,dagdelen", "E1,2025-11-24,hele dag", "2025-11-24", ["O", "M", "A"]),
    ],
)
def test_until_when_and_in_which_dagdelen(tmp_path: Path, header: str, row: str, last: str, dagdelen: list[str] | None) -> None:
    found = absence(tmp_path, header, row)
    assert isinstance(found, SourceRecord)
    assert (found.data["first_date"], found.data["last_date"], found.data["dagdelen"]) == ("2025-11-24", last, dagdelen)


@pytest.mark.parametrize(
    ("header", "row", "message"),
    [
        ("employee,from", ",2025-11-24", "employee: nothing says who is absent"),
        ("employee,from", "E1,", "first_date: nothing says from when"),
        ("employee,from", "E1,11/24/2025", "first_date: '11/24/2025' has its month first"),
        ("employee,from,until", "E1,2025-11-24,2025-11-23", "last_date: 2025-11-23 lies before 2025-11-24"),
        ("employee,from,until", "E1,2025-11-24,2055-11-23", "is longer than 3660 days"),
        ("employee,from,days", "E1,2025-11-24,0", "days: '0' is no number of days"),
        ("employee,from,days", "E1,2025-11-24,1.5", "days: '1.5' is no number of days"),
        ("employee,from,until,days", "E1,2025-11-24,2025-11-26,2", "are 3 days, not 2"),
        ("employee,from,dagdelen", "E1,2025-11-24,laat", "dagdelen: 'laat' is no list of dagdelen"),
        ("employee,from,dagdelen", "E1,2025-11-24,-", "dagdelen: none is given"),
        ("employee,from,days", "E1,9999-12-30,9", "first_date or days: there is no such last day"),
    ],
)
def test_absences_that_do_not_say_enough(tmp_path: Path, header: str, row: str, message: str) -> None:
    found = absence(tmp_path, f"id,{header}", f"V1,{row}")
    assert isinstance(found, FaultyRecord)
    assert message in found.message
    assert found.external_id == "V1", "what is known of it stays"


def test_an_absence_without_an_id_has_one_of_what_it_says(tmp_path: Path) -> None:
    header = "Medewerker,Van,Tot en met,Soort"
    ids = [
        absence(tmp_path, header, f"E1,{rest}").external_id
        for rest in ("2025-11-24,2025-11-24,verlof", "24-11-2025,,ziek", "2025-11-25,,verlof")
    ]
    assert ids[0] == ids[1] != ids[2]


def test_values_of_json_that_are_no_text(tmp_path: Path) -> None:
    rows = [
        {"employee": 7, "from": "2025-11-24T00:00:00Z", "dagdelen": ["M", "O"]},
        {"employee": 7, "from": {"day": 1}},
        {"employee": 7, "from": 20251124},
    ]
    good, no_day, number = AbsenceList(written(tmp_path, "leave.json", json.dumps(rows))).read()
    assert isinstance(good, SourceRecord)
    assert good.data == {"employee": "7", "reason": None, "first_date": "2025-11-24", "last_date": "2025-11-24", "dagdelen": ["O", "M"]}
    assert isinstance(no_day, FaultyRecord)
    assert isinstance(number, FaultyRecord)


MEASURE = """
import sys
from pathlib import Path
from greedy.ingest.sources.hr import HrEmployees
from tests.timing import peak_mib
before = peak_mib()
count = sum(1 for _ in HrEmployees(Path(sys.argv[1])).read())
print(count, round(peak_mib() - before))
"""


def test_a_large_file_is_not_held_in_memory(tmp_path: Path) -> None:
    line = f"Anna,Groen,{'x' * 900}\n"
    with (tmp_path / "hr.csv").open("w") as file:
        file.write("Nummer,Voornaam,Team,Verhaal\n")
        file.writelines(f"{number},{line}" for number in range(60_000))
    done = subprocess.run(
        [sys.executable, "-c", MEASURE, tmp_path / "hr.csv"], capture_output=True, text=True, check=True, cwd=Path(__file__).parents[3]
    )
    count, megabytes = map(int, done.stdout.split()[-2:])
    assert count == 60_000
    assert megabytes < 30, "the file has 54 MB"
