"""Practice tables as CSV: what is read is written again, and every fault is told with its file and line."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from greedy.errors import InputError
from greedy.formats.practice import structural_absence, to_problem
from greedy.formats.practice_csv import read_practice, write_practice
from greedy.formats.tables import PracticeTables
from greedy.model.problem import Slot
from greedy.sample import SAMPLE_DIR

Rows = list[dict[str, str]]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A copy of the sample to spoil."""
    return Path(shutil.copytree(SAMPLE_DIR, tmp_path / "practice", ignore=shutil.ignore_patterns("*.py", "__pycache__")))


def edit(folder: Path, table: str, change: Callable[[Rows], Rows]) -> None:
    path = folder / f"{table}.csv"
    with path.open(newline="") as file:
        rows = change(list(csv.DictReader(file)))
    with path.open("w", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def set_value(folder: Path, table: str, position: int, **values: str) -> None:
    edit(folder, table, lambda rows: [{**row, **values} if n == position else row for n, row in enumerate(rows)])


def faults(folder: Path) -> tuple[str, ...]:
    with pytest.raises(InputError) as caught:
        read_practice(folder)
    return caught.value.details


def test_the_sample_is_what_the_practice_has(sample: PracticeTables) -> None:
    assert (sample.roster.day_count, len(sample.employees), len(sample.service_types)) == (35, 14, 9)
    assert (len(sample.roster_assignments), len(sample.roster_period_staffing_dagdelen), len(sample.roster_employee_services)) == (
        1470,
        2835,
        106,
    )
    assert sum(row.required for row in sample.roster_period_staffing_dagdelen) == 227


def test_what_is_written_is_read_the_same(sample: PracticeTables, tmp_path: Path) -> None:
    write_practice(sample, tmp_path / "new" / "folder")
    assert read_practice(tmp_path / "new" / "folder") == sample


def test_semicolons_a_byte_order_mark_and_windows_line_ends_are_read(sample: PracticeTables, folder: Path) -> None:
    with (folder / "rosters.csv").open(newline="") as file:
        rows = list(csv.reader(file))
    (folder / "rosters.csv").write_bytes(b"\xef\xbb\xbf" + "\r\n".join(";".join(row) for row in rows).encode())
    assert read_practice(folder) == sample


@pytest.mark.parametrize(
    ("table", "position", "values", "fault"),
    [
        ("employees", 4, {"team": "Blauw"}, "employees.csv:6: team: Input should be 'Groen', 'Oranje' or 'Overig', not 'Blauw'"),
        ("employees", 1, {"id": "EMP001"}, "employees.csv:2: id: EMP001 stands 2 times"),
        ("employees", 0, {"voornaam": ""}, "employees.csv:2: voornaam: the value is missing"),
        ("employees", 0, {"structureel_nbh": '{"xx": ["O"]}'}, "employees.csv:2: structureel_nbh: Input should be 'ma', 'di', 'wo', 'do', 'vr', 'za' or 'zo', not 'xx'"),
        ("employees", 0, {"structureel_nbh": "{ma"}, "employees.csv:2: structureel_nbh: Expecting property name enclosed in double quotes"),
        ("rosters", 0, {"end_date": "2025-11-01"}, "rosters.csv:2: end_date 2025-11-01 lies before start_date 2025-11-24"),
        ("rosters", 0, {"end_date": "2099-11-01"}, "rosters.csv:2: the roster is 27006 days long, at most 732"),
        ("rosters", 0, {"status": "klaar"}, "rosters.csv:2: status: Input should be 'draft', 'in_progress' or 'final', not 'klaar'"),
        ("service_types", 0, {"gekoppeld_aan": "XXX"}, "service_types.csv:2: gekoppeld_aan: no service has the code XXX"),
        ("service_types", 0, {"duur_minuten": "100000"}, "service_types.csv:2: duur_minuten: Input should be less than or equal to 1440, not '100000'"),
        ("service_blocking_rules", 1, {"dag_offset": "0", "dagdeel": "O"}, "service_blocking_rules.csv:3: dagdeel: DIO would block its own slot"),
        ("roster_employee_services", 3, {"employee_id": "EMP999"}, "roster_employee_services.csv:5: employee_id: no employee has the id EMP999"),
        ("roster_employee_services", 3, {"aantal": "-1"}, "roster_employee_services.csv:5: aantal: Input should be greater than or equal to 0, not '-1'"),
        ("roster_employee_services", 3, {"aantal": "veel"}, "roster_employee_services.csv:5: aantal: Input should be a valid integer, unable to parse string as an integer, not 'veel'"),
        ("roster_period_staffing_dagdelen", 7, {"aantal": "10"}, "roster_period_staffing_dagdelen.csv:9: aantal: Input should be less than or equal to 9, not '10'"),
        ("roster_period_staffing_dagdelen", 7, {"status": "MISSCHIEN"}, "roster_period_staffing_dagdelen.csv:9: status: Input should be 'MOET', 'MAG', 'MAG_NIET' or 'AANGEPAST', not 'MISSCHIEN'"),
        ("roster_period_staffing_dagdelen", 7, {"date": "2026-01-05"}, "roster_period_staffing_dagdelen.csv:9: date: 2026-01-05 lies outside the roster, 2025-11-24 to 2025-12-28"),
        ("roster_assignments", 0, {"dagdeel": "N"}, "roster_assignments.csv:2: dagdeel: Input should be 'O', 'M' or 'A', not 'N'"),
        ("roster_assignments", 0, {"status": "7"}, "roster_assignments.csv:2: status: Input should be 0, 1, 2 or 3, not 7"),
        ("roster_assignments", 0, {"status": "1"}, "roster_assignments.csv:2: status 1 without a service_id"),
        ("roster_assignments", 0, {"date": "2025-02-30"}, "roster_assignments.csv:2: date: Input should be a valid date or datetime, day value is outside expected range, not '2025-02-30'"),
        ("roster_assignments", 0, {"dagdeel": "M"}, "roster_assignments.csv:2: employee_id + date + dagdeel: EMP001, 2025-11-24, M stands 2 times"),
        ("roster_assignments", 0, {"roster_id": "00000000-0000-0000-0000-000000000001"}, "roster_assignments.csv:2: roster_id: 00000000-0000-0000-0000-000000000001 is not the roster of these tables, 8e91579a-21c3-439e-90c1-91728c541241"),
        ("roster_assignments", 3, {"dagdeel": "A"}, "roster_assignments.csv:5: dagdeel: OSP is a service of dagdeel O, not A"),
    ],
)  # fmt: skip
def test_a_fault_is_told_with_file_and_line(folder: Path, table: str, position: int, values: dict[str, str], fault: str) -> None:
    set_value(folder, table, position, **values)
    assert any(found.startswith(fault) for found in faults(folder)), faults(folder)


def test_all_faults_of_all_files_come_at_once(folder: Path) -> None:
    set_value(folder, "roster_assignments", 0, dagdeel="N")
    set_value(folder, "roster_assignments", 9, employee_id="EMP999")
    set_value(folder, "roster_employee_services", 3, aantal="-1")
    (folder / "service_blocking_rules.csv").unlink()
    assert [fault.split(":")[0] for fault in faults(folder)] == [
        "service_blocking_rules.csv", "roster_employee_services.csv", "roster_assignments.csv", "roster_assignments.csv",
    ]  # fmt: skip


def test_a_missing_column_is_told_with_the_one_that_was_meant(folder: Path) -> None:
    text = (folder / "employees.csv").read_text()
    (folder / "employees.csv").write_text(text.replace("voornaam", "voornam", 1))
    assert faults(folder) == (
        "employees.csv:1: column voornaam is missing",
        "employees.csv:1: column 'voornam' is not known; did you mean voornaam?",
    )


def test_a_misspelt_optional_column_is_not_passed_over(folder: Path) -> None:
    text = (folder / "employees.csv").read_text()
    (folder / "employees.csv").write_text(text.replace("actief", "Actief", 1))
    assert faults(folder) == ("employees.csv:1: column 'Actief' is not known; did you mean actief?",)


@pytest.mark.parametrize(
    ("content", "fault"),
    [
        (b"", "employees.csv: the file is empty"),
        (b"\n\n", "employees.csv: the file is empty"),
        (b"id,voornaam,achternaam,team\nE\xe9,Ren\xe9,X,Groen\n", "employees.csv: not UTF-8 text at byte 29; save it as UTF-8"),
        (b"id,voornaam,team\nE1,Anna\n", "employees.csv:2: 2 values for 3 columns"),
        (b"id,id,voornaam,team\nE1,E1,Anna,Groen\n", "employees.csv:1: column id stands 2 times"),
        (b'id,voornaam,team\nE1,"Anna,Groen\n', "employees.csv:2: not CSV: unexpected end of data"),
        (b"id,voornaam,team\nE1,An\x00na,Groen\n", "employees.csv:"),
        (b"id,voornaam,team,email\nE1,Anna,Groen,an\x00na@example.org\n", "employees.csv:2: email"),
    ],
)
def test_files_that_are_no_tables(folder: Path, content: bytes, fault: str) -> None:
    (folder / "employees.csv").write_bytes(content)
    assert any(found.startswith(fault) for found in faults(folder)), faults(folder)


def test_one_fault_is_told_as_one(folder: Path) -> None:
    (folder / "employees.csv").write_bytes(b"")
    with pytest.raises(InputError, match="has 1 fault; nothing was read"):
        read_practice(folder)


def test_a_folder_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="there is no folder"):
        read_practice(tmp_path / "nowhere")


def test_a_folder_above_those_of_the_tables(folder: Path) -> None:
    with pytest.raises(InputError, match="holds no table of a practice") as refused:
        read_practice(folder.parent)
    assert "rosters/00000" in str(refused.value.next_step)


def test_two_rosters_in_one_folder_are_refused(folder: Path) -> None:
    edit(folder, "rosters", lambda rows: [rows[0], {**rows[0], "id": "00000000-0000-0000-0000-000000000001"}])
    assert faults(folder) == ("rosters.csv: one roster a folder, this file has 2",)


def test_a_folder_that_cannot_be_written(sample: PracticeTables, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot write to"):
        write_practice(sample, tmp_path / "file")
    assert (tmp_path / "file").read_text() == "in the way"


def test_structural_absence_needs_no_row_and_gives_way_to_pinned_work_alone(sample: PracticeTables) -> None:
    # EMP001 is absent on Tuesday evenings; EMP002 on Wednesday mornings and evenings.
    bare = sample.model_copy(update={"roster_assignments": [row for row in sample.roster_assignments if row.status == 1]})
    problem = to_problem(bare)
    assert problem.unavailable == to_problem(sample).unavailable
    assert Slot(0, 1, 2) in problem.unavailable
    first = bare.roster_assignments[0]
    pinned_there = first.model_copy(update={"employee_id": "EMP002", "date": first.date.replace(day=26)})
    moved = to_problem(bare.model_copy(update={"roster_assignments": [pinned_there]}))
    assert Slot(1, 2, 0) in structural_absence(bare)
    assert Slot(1, 2, 0) not in moved.unavailable
    assert len(moved.pinned) == 1
