"""Practice tables in SQLite: what is written is read, which roster is meant is asked, and every fault is told with table and row."""

from __future__ import annotations

import json
import sqlite3
import tempfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from greedy.errors import InputError, OutsideError
from greedy.formats import practice_sqlite
from greedy.formats.practice import to_problem
from greedy.formats.practice_sqlite import is_sqlite, read_planted, read_practice_sqlite
from greedy.formats.problems import read_problem, read_tables
from greedy.formats.rosters import read_roster
from greedy.formats.tables import TABLES, PracticeTables
from greedy.model.rules import check
from greedy.sample import SAMPLE_DIR
from tests.formats.test_benchmark import COVER, TEXT
from tests.rights import as_nobody

CREATE_PLANTED = "create table planted_assignments (roster_id, employee_id, date, dagdeel, service_id)"


def write_sqlite(path: Path, *practices: PracticeTables) -> None:
    """Rosters in one file; what they share, employees and services, once. Columns have no types: values stand as they are given."""
    with closing(sqlite3.connect(path)) as db:
        for name, model in TABLES.items():
            db.execute(f"create table {name} ({', '.join(model.model_fields)})")
            rows = list(dict.fromkeys(tuple(map(plain, dict(row).values())) for one in practices for row in getattr(one, name)))
            db.executemany(f"insert into {name} values ({', '.join('?' * len(model.model_fields))})", rows)
        db.commit()


def plain(value: Any) -> Any:
    """As SQLite holds it."""
    if value is None or isinstance(value, int):
        return None if value is None else int(value)
    return json.dumps(value) if isinstance(value, dict) else str(value)


def another(sample: PracticeTables, name: str) -> PracticeTables:
    """The same roster under another id and name, for the first five employees."""
    new, staff = uuid4(), sample.employees[:5]

    def own(rows: list[Any]) -> list[Any]:
        return [
            row.model_copy(update={"roster_id": new, **({"id": uuid4()} if "id" in dict(row) else {})})
            for row in rows
            if getattr(row, "employee_id", staff[0].id) in {one.id for one in staff}
        ]

    return sample.model_copy(
        update={
            "rosters": [sample.roster.model_copy(update={"id": new, "naam": name})],
            "employees": staff,
            "roster_employee_services": own(sample.roster_employee_services),
            "roster_period_staffing_dagdelen": own(sample.roster_period_staffing_dagdelen),
            "roster_assignments": own(sample.roster_assignments),
        }
    )


@pytest.fixture
def path(tmp_path: Path, sample: PracticeTables) -> Path:
    """The sample in a file to spoil, with a name that needs quoting in a URI."""
    path = tmp_path / "one roster?.db"
    write_sqlite(path, sample)
    return path


@pytest.fixture
def db(path: Path) -> Iterator[sqlite3.Connection]:
    """A connection that spoils it, statement by statement."""
    with closing(sqlite3.connect(path, isolation_level=None)) as db:
        yield db


def said(path: Path, roster: str | None = None) -> str:
    with pytest.raises(InputError) as caught:
        read_practice_sqlite(path, roster)
    return "\n".join([caught.value.message, *caught.value.details, caught.value.next_step or ""])


def test_what_is_written_is_read_the_same(path: Path, sample: PracticeTables) -> None:
    before = path.read_bytes()
    assert is_sqlite(path)
    assert read_practice_sqlite(path) == read_tables(path) == sample
    problem = read_problem(path, limit_worked_days=True)
    assert problem == read_problem(SAMPLE_DIR, limit_worked_days=True)
    assert path.read_bytes() == before


def test_a_table_may_be_a_view_or_have_no_rowid_or_other_columns(path: Path, sample: PracticeTables, db: sqlite3.Connection) -> None:
    db.execute("alter table employees rename to people")
    db.execute("create view employees as select *, current_timestamp as created_at from people order by id")
    db.execute("create table rules (service_id, dag_offset, dagdeel, primary key (service_id, dag_offset, dagdeel)) without rowid")
    db.execute("insert into rules select * from service_blocking_rules")
    db.execute("drop table service_blocking_rules")
    db.execute("alter table rules rename to service_blocking_rules")
    read = read_practice_sqlite(path)
    assert read.employees == sample.employees
    assert {*read.service_blocking_rules} == {*sample.service_blocking_rules}
    db.execute("update service_blocking_rules set dag_offset = 8 where dag_offset = 1 and dagdeel = 'O'")
    db.execute("update people set team = '' where id = 'EMP003'")
    duties = sorted(str(row.id) for row in sample.service_types if row.code in ("DIO", "DDO"))
    lines = [line.rpartition(": Input")[0] for line in said(path).splitlines()[1:-1]]
    assert lines == ["employees, row 3: team", *(f"service_blocking_rules, row {duty} 8 O: dag_offset" for duty in duties)]


def test_one_of_several_rosters_is_named_by_id_or_name(tmp_path: Path, sample: PracticeTables) -> None:
    path = tmp_path / "x.db"
    second = another(sample, "Winter")
    write_sqlite(path, sample, second)
    assert read_practice_sqlite(path, "Winter") == read_practice_sqlite(path, str(second.roster.id).upper()) == second
    assert read_practice_sqlite(path, sample.roster.naam) == sample
    assert read_problem(path, roster="Winter").problem == to_problem(second)
    lines = said(path).splitlines()
    assert lines[0] == f"{path} holds 2 rosters; which one?"
    assert set(lines[1:-1]) == {f"{one.roster.id}  2025-11-24 to 2025-12-28  {one.roster.naam}" for one in (sample, second)}
    assert lines[-1] == "name one: --roster ID, or --roster NAME"
    assert said(path, "winter").startswith(f"{path} holds no roster 'winter'; did you mean 'Winter'?\n")


def test_names_that_several_have_and_long_lists(tmp_path: Path, sample: PracticeTables) -> None:
    path = tmp_path / "x.db"
    write_sqlite(path, *(another(sample, f"Roster {number % 12}") for number in range(13)))
    assert said(path, "Roster 0").startswith(f"{path} holds 2 rosters of the name 'Roster 0'; which one?")
    assert said(path, "Roster 0").endswith("\nname one: --roster ID")
    lines = said(path).splitlines()
    assert (len(lines), lines[0], lines[-2]) == (13, f"{path} holds 13 rosters; which one?", "and 3 more")
    assert [line.rpartition(" ")[2] for line in lines[1:-2]] == ["0", "0", *"12345678"]


def test_a_file_without_rosters(path: Path, db: sqlite3.Connection) -> None:
    db.execute("delete from rosters")
    assert "holds no roster\n" in said(path)


def test_missing_tables_and_columns_are_told_all_at_once(path: Path, db: sqlite3.Connection) -> None:
    db.execute("drop table roster_assignments")
    db.execute("alter table employees drop column voornaam")
    db.execute("alter table employees rename column aantalwerkdagen to aantalwerkdage")
    lines = said(path).splitlines()
    assert lines[0] == f"{path} has not the tables of a practice"
    assert set(lines[1:-1]) == {
        "roster_assignments: the table is missing",
        "employees: column voornaam is missing",
        "employees: column 'aantalwerkdage' is not known; did you mean aantalwerkdagen?",
    }


def test_faults_of_rows_are_told_all_at_once_with_table_and_row(path: Path, db: sqlite3.Connection) -> None:
    db.execute("update employees set team = 'Paars' where rowid = 5")
    db.execute("update employees set voornaam = null where rowid = 6")
    db.execute("update employees set voornaam = cast(x'ff41' as text), structureel_nbh = '{' where rowid = 7")
    db.execute("update service_types set duur_minuten = x'00' where rowid = 2")
    db.execute("update roster_assignments set status = 9.5 where rowid = 1470")
    lines = said(path).splitlines()
    assert lines[0] == f"{path} has 6 faults; nothing was read from it"
    rows = [line.split(": ")[:2] for line in lines[1:-1]]
    assert rows == [
        ["employees, row 5", "team"],
        ["employees, row 6", "voornaam"],
        ["employees, row 7", "voornaam"],
        ["employees, row 7", "structureel_nbh"],
        ["service_types, row 2", "duur_minuten"],
        ["roster_assignments, row 1470", "status"],
    ]
    assert "not 'Paars'" in lines[1]


def test_faults_between_rows_are_told_with_table_and_row(path: Path, db: sqlite3.Connection) -> None:
    db.execute("delete from employees where id = 'EMP003'")
    db.execute("update roster_period_staffing_dagdelen set date = '2026-02-02' where rowid = 2835")
    lines = said(path).splitlines()
    assert "roster_period_staffing_dagdelen, row 2835: date: 2026-02-02 lies outside the roster, 2025-11-24 to 2025-12-28" in lines
    first = next(db.execute("select min(rowid) from roster_assignments where employee_id = 'EMP003'"))[0]
    assert f"roster_assignments, row {first}: employee_id: no employee has the id EMP003" in lines


def test_whoever_has_a_capability_or_a_slot_belongs_to_the_roster(path: Path, db: sqlite3.Connection, sample: PracticeTables) -> None:
    db.execute("delete from roster_employee_services where employee_id in ('EMP002', 'EMP003')")
    db.execute("delete from roster_assignments where employee_id in ('EMP001', 'EMP003')")
    assert [row.id for row in read_practice_sqlite(path).employees] == [row.id for row in sample.employees if row.id != "EMP003"]


def test_rows_of_other_rosters_are_not_looked_at(tmp_path: Path, sample: PracticeTables) -> None:
    path = tmp_path / "x.db"
    second = another(sample, "Winter")
    write_sqlite(path, sample, second)
    with closing(sqlite3.connect(path)) as db:
        db.execute("update roster_period_staffing_dagdelen set aantal = 99 where roster_id = ?", [str(sample.roster.id)])
        db.commit()
    assert read_practice_sqlite(path, "Winter") == second
    assert "2835 faults" in said(path, str(sample.roster.id))


def planted(db: sqlite3.Connection, sample: PracticeTables, rows: list[tuple[str, str, str]]) -> None:
    """A planted solution of assignments: employee, date, service."""
    services = {row.code: row for row in sample.service_types}
    db.execute(CREATE_PLANTED)
    db.executemany(
        "insert into planted_assignments values (?, ?, ?, ?, ?)",
        [(str(sample.roster.id), who, date, services[code].dagdeel, str(services[code].id)) for who, date, code in rows],
    )


def test_the_planted_solution_is_a_roster(path: Path, db: sqlite3.Connection, sample: PracticeTables) -> None:
    planted(db, sample, [("EMP002", "2025-11-25", "DIA"), ("EMP002", "2025-11-25", "DIO"), ("EMP001", "2025-12-28", "ECH")])
    problem = read_problem(path).problem
    roster = read_roster(path, problem)
    told = [(problem.employees[one.employee].id, one.day, problem.services[one.service].code) for one in roster.assignments]
    assert sorted(told) == [("EMP001", 34, "ECH"), ("EMP002", 1, "DIA"), ("EMP002", 1, "DIO")]
    assert check(problem, roster)  # the pinned work of the sample is missing from it


def test_that_nobody_works_is_a_solution_too(path: Path, db: sqlite3.Connection, sample: PracticeTables) -> None:
    planted(db, sample, [])
    db.execute("create table planted_rosters (roster_id)")
    with pytest.raises(InputError, match="knows no solution"):
        read_planted(path, str(sample.roster.id))
    db.execute("insert into planted_rosters values (?)", [str(sample.roster.id)])
    assert read_planted(path, str(sample.roster.id)).assignments == []


def test_a_solution_that_is_not_there_or_does_not_fit(path: Path, db: sqlite3.Connection, sample: PracticeTables) -> None:
    roster_id = str(sample.roster.id)
    with pytest.raises(InputError, match=f"knows no solution of the roster {roster_id}"):
        read_planted(path, roster_id)
    planted(db, sample, [])
    with pytest.raises(InputError, match="knows no solution"):
        read_planted(path, roster_id)
    db.execute("drop table planted_assignments")
    planted(db, sample, [("EMP099", "2025-11-25", "DIA")])
    with pytest.raises(InputError, match="does not fit the problem") as caught:
        read_roster(path, read_problem(path).problem)
    assert caught.value.details == ("assignments.0: no employee has the id EMP099",)
    db.execute("update planted_assignments set date = 'soon'")
    with pytest.raises(InputError, match=f"solution of the roster {roster_id}, is not a roster document") as caught:
        read_planted(path, roster_id)
    assert caught.value.details[0].startswith("assignments.0.date: ")


def test_a_file_that_is_damaged_or_no_database(path: Path, tmp_path: Path, sample: PracticeTables) -> None:
    whole = path.read_bytes()
    path.write_bytes(whole[:16] + b"\xff" * (len(whole) - 16))
    assert "is damaged, or encrypted" in said(path)
    path.write_bytes(whole[: len(whole) // 2])
    assert "is damaged, or encrypted" in said(path)
    text = tmp_path / "x.db"
    text.write_text("SECTION_HORIZON\n")
    assert not is_sqlite(text)
    with pytest.raises(InputError, match="x.db is not a SQLite file"):
        read_tables(text)
    with pytest.raises(InputError, match="there is no folder or file"):
        read_tables(tmp_path / "nowhere.db")
    with pytest.raises(InputError, match="cannot read .*nowhere.db: unable to open"):
        read_practice_sqlite(tmp_path / "nowhere.db")
    assert not (tmp_path / "nowhere.db").exists()


def test_a_file_that_another_writes_to_is_told_after_a_while(path: Path, db: sqlite3.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(practice_sqlite, "LOCK_SECONDS", 0.1)
    db.execute("begin exclusive")
    with pytest.raises(OutsideError, match="is locked: another program writes to it") as caught:
        read_practice_sqlite(path)
    assert caught.value.retryable
    db.execute("rollback")
    read_practice_sqlite(path)


def test_a_folder_and_a_benchmark_hold_one_roster(sample: PracticeTables, tmp_path: Path) -> None:
    assert read_tables(SAMPLE_DIR, str(sample.roster.id)) == read_tables(SAMPLE_DIR, sample.roster.naam) == sample
    with pytest.raises(InputError, match="holds the roster 8e91579a.*, not 'Winter'"):
        read_problem(SAMPLE_DIR, roster="Winter")
    text = tmp_path / "benchmark.txt"
    text.write_text(TEXT + COVER)
    with pytest.raises(InputError, match="--roster: .* is a benchmark text"):
        read_problem(text, roster="Winter")


def test_a_file_that_may_not_be_read(sample: PracticeTables) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        path = Path(name, "x.db")
        write_sqlite(path, sample)
        with closing(sqlite3.connect(path)) as db:
            db.execute("pragma journal_mode = wal")
        Path(name).chmod(0o555)
        with as_nobody():  # SQLite keeps files of its own beside one in WAL mode
            assert "copy it to another one" in said(path)
        path.chmod(0)
        for read in (read_tables, read_problem):
            with as_nobody(), pytest.raises(InputError, match="x.db: Permission denied"):
                read(path)
