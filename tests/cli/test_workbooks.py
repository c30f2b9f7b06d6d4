"""Workbooks on the command line: export, import, template, marked copies, wishes. All but the last test within this process."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import openpyxl
import pytest
import structlog

from greedy.cli.main import app
from greedy.errors import CallerError
from greedy.formats.planning import read_planning
from greedy.formats.practice_csv import read_practice
from greedy.formats.tables import PracticeTables
from greedy.ingest.workbook.export import write_workbook
from greedy.ingest.workbook.faults import WorkbookError
from greedy.sample import SAMPLE_DIR
from tests.cli.test_cli import ROSTER, Greedy
from tests.cli.test_run_over_rest import lasting, other_url, rows  # noqa: F401  a fixture
from tests.ingest.workbook.small import first_days
from tests.supabase_project import Project
from tests.timing import PATIENCE_SECONDS

PLAN = ("--workers", "1", "--seed", "0", "--time-limit", "100")


class Commands:
    """Runs commands in a folder and over a database, and gives what they print."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
        self._monkeypatch = monkeypatch
        self._capsys = capsys

    def over(self, **environment: str) -> Commands:
        for name in ("DATABASE_URL", "SUPABASE_URL", "SUPABASE_KEY"):
            self._monkeypatch.delenv(name, raising=False)
        for name, value in environment.items():
            self._monkeypatch.setenv(name, value)
        return self

    def __call__(self, *arguments: str) -> list[str]:
        app(arguments, prog_name="greedy", standalone_mode=False)
        return self._capsys.readouterr().out.splitlines()

    def json(self, *arguments: str) -> Any:
        return json.loads("\n".join(self(*arguments, "--json")))

    def fails(self, *arguments: str) -> CallerError:
        with pytest.raises(CallerError) as caught:
            self(*arguments)
        assert self._capsys.readouterr().out == ""
        return caught.value


@pytest.fixture
def greedy(database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Iterator[Commands]:
    """Commands over a migrated, empty database."""
    monkeypatch.chdir(tmp_path)
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.WARNING))
    yield Commands(monkeypatch, capsys).over(DATABASE_URL=database_url)
    structlog.reset_defaults()


@pytest.fixture(scope="session")
def exported(sample: PracticeTables, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Two days of the sample as a workbook."""
    path = tmp_path_factory.mktemp("exported") / "practice.xlsx"
    write_workbook(first_days(sample, 2), path)
    return path


def changed(exported: Path, name: str, cells: dict[tuple[str, str], object]) -> str:
    """A copy of the workbook with other values in some cells."""
    book = openpyxl.load_workbook(exported)
    for (sheet, cell), value in cells.items():
        book[sheet][cell] = value
    book.save(name)
    return name


def test_a_workbook_plans_to_the_roster_of_the_folder_that_it_comes_from(
    greedy: Commands, project: Project, other_url: str, tmp_path: Path  # noqa: F811
) -> None:  # fmt: skip
    """Row for row, whether it is imported over a connection or over REST."""
    over_rest = {"SUPABASE_URL": project.url, "SUPABASE_KEY": project.secret_key}
    greedy.over(DATABASE_URL=other_url)
    greedy("load", str(SAMPLE_DIR))
    assert greedy("export", ROSTER, "practice.XLSX", "--language", "en") == ["practice.XLSX"]
    documents = [lasting(greedy.json("run", ROSTER, *PLAN))]
    rosters = [asyncio.run(rows(other_url))]
    assert greedy.json("import", "practice.XLSX", "--dry-run")["differs"] is False  # what the program planned since is no difference
    for environment in ({"DATABASE_URL": project.database_url}, over_rest):
        greedy.over(**environment)
        assert greedy.json("import", "practice.XLSX")["imported"] is True
        documents.append(lasting(greedy.json("run", ROSTER, *PLAN)))
        rosters.append(asyncio.run(rows(project.database_url)))
        asyncio.run(empty(project.database_url))
    assert "has no roster to import" in greedy.fails("import", "practice.XLSX", "--sheet", "Employees").message
    assert documents[1] == documents[0] == documents[2]
    assert rosters[1] == rosters[0] == rosters[2]
    assert sum(row[5] == "greedy" for row in rosters[0]) == 221


async def empty(url: str) -> None:
    connection = await asyncpg.connect(url)
    await connection.execute("truncate rosters, employees, service_types cascade")
    await connection.close()


def test_what_is_told_of_an_import(greedy: Commands, exported: Path, tmp_path: Path) -> None:
    roster = "Rooster 2025-W48 t/m 2025-W52 2025-11-24 to 2025-11-25"
    counts = ["  Rooster: 1 rows", "  Medewerkers: 14 rows", "  Diensten: 9 rows", "  Blokkeringen: 6 rows", "  Bevoegdheden: 106 rows", "  Bezetting: 162 rows", "  Planning: 84 rows"]  # fmt: skip
    assert greedy("import", str(exported), "--dry-run") == [f"would import {roster}", *counts]
    assert greedy("import", str(exported)) == [f"imported {roster}", *counts, f"next: greedy run {ROSTER}"]
    assert greedy("import", str(exported))[0] == f"in the database already, nothing changed: {roster}"
    assert greedy("import", str(exported), "--dry-run") == [f"in the database already, nothing would change: {roster}", *counts]
    assert greedy.json("import", str(exported), "--dry-run") == {
        "roster_id": ROSTER, "imported": False, "dry_run": True, "differs": False, "wishes": {"read": 0, "file": None}, "notes": [],
        "sheets": {line.split(":")[0].strip(): {"rows": int(line.split()[1])} for line in counts},
    }  # fmt: skip
    assert greedy("export", ROSTER, "folder") == ["folder"]
    assert len(read_practice(tmp_path / "folder").roster_assignments) == 84


def test_faults_are_listed_and_marked_and_the_mended_copy_goes_in(greedy: Commands, exported: Path) -> None:
    faulty = changed(exported, "faulty.xlsx", {("Medewerkers", "E5"): "Grön", ("Bevoegdheden", "A2"): "Anna Muller"})
    error = greedy.fails("import", faulty)
    assert (error.message, error.details[0]) == (
        "faulty.xlsx has 2 faults; nothing was imported",
        "Medewerkers!E5 (Team): 'Grön' is none of Groen, Oranje, Overig",
    )
    assert str(error.next_step).endswith("; --mark faults.xlsx writes a copy with the faults marked")
    error = greedy.fails("import", faulty, "--mark", "marked.xlsx", "--dry-run")
    assert (type(error), error.next_step) == (
        WorkbookError,
        "mend these cells, save the workbook, and import it again; the faults are marked in marked.xlsx",
    )
    assert [cell.value for cell in openpyxl.load_workbook("marked.xlsx")["Fouten"]["B"]] == ["Cel", "E5", "A2"]
    changed(Path("marked.xlsx"), "mended.xlsx", {("Medewerkers", "E5"): "Groen", ("Bevoegdheden", "A2"): "Anna Mulder"})
    assert greedy.json("import", "mended.xlsx", "--mark", "not needed.xlsx")["notes"] == []
    assert not Path("not needed.xlsx").exists()
    assert "is the workbook itself" in greedy.fails("import", faulty, "--mark", faulty).message
    error = greedy.fails("import", faulty, "--mark", f"{faulty}/marked.xlsx")
    assert (len(error.details), "the marked copy is missing: cannot write" in str(error.next_step)) == (2, True)


def test_wishes_go_to_a_planning_file_that_a_run_reads(greedy: Commands, exported: Path, tmp_path: Path) -> None:
    book = openpyxl.load_workbook(exported)
    book.create_sheet("Wensen")
    for row in (("Medewerker", "Van", "Tot en met", "Wens"), ("Anna Mulder", "24-11-2025", "25-11-2025", "vrij")):
        book["Wensen"].append(row)
    book.save("practice.xlsx")
    planning = tmp_path / "planning.toml"
    planning.write_text("# ours\n[demand]\nmust = 11\n")
    assert "1 wishes would be kept in planning.toml" in greedy("import", "practice.xlsx", "--dry-run", "--wishes", "planning.toml")
    assert planning.read_text() == "# ours\n[demand]\nmust = 11\n"
    assert "note: 1 wishes were read and not kept; --wishes planning.toml keeps them" in greedy("import", "practice.xlsx", "--dry-run")
    assert greedy("import", "practice.xlsx", "--wishes", "planning.toml")[-2:] == [
        "1 wishes are kept in planning.toml",
        f"next: greedy run {ROSTER} --planning planning.toml",
    ]
    (request,) = read_planning(planning).file.requests
    assert (request.employee, len(request.dates), planning.read_text()[:6]) == ("EMP001", 2, "# ours")
    assert greedy.json("run", ROSTER, "--solver", "greedy", "--dry-run", "--planning", "planning.toml")["success"]
    assert "note: there is no sheet with wishes; planning.toml stays as it is" in greedy(
        "import", str(exported), "--wishes", "planning.toml"
    )
    assert greedy("import", str(exported), "--wishes", "nothing.toml")[-1] == f"next: greedy run {ROSTER}"
    assert len(read_planning(planning).file.requests) == 1
    unwritable = "practice.xlsx/planning.toml"
    assert "imported, but not its wishes" in greedy.fails("import", "practice.xlsx", "--wishes", unwritable).message
    Path("broken.toml").write_text("[wishs]\n")
    changed(Path("practice.xlsx"), "practice.xlsx", {("Rooster", "A2"): "another name"})
    assert "broken.toml has 1 fault" in greedy.fails("import", "practice.xlsx", "--replace", "--wishes", "broken.toml").message
    assert greedy.json("rosters")["rosters"][0]["naam"] == "Rooster 2025-W48 t/m 2025-W52"


def test_a_template_says_what_to_do_when_it_is_imported_as_it_is(greedy: Commands, exported: Path) -> None:
    assert greedy("template", "empty.xlsx") == ["empty.xlsx", "next: fill it, then greedy import empty.xlsx --dry-run"]
    error = greedy.fails("import", "empty.xlsx")
    assert (error.message, error.details) == ("empty.xlsx has no rows to import: its sheets are empty", ())
    greedy("import", str(exported))
    greedy("template", "next.xlsx", "--language", "en", "--from", ROSTER)
    error = greedy.fails("import", "next.xlsx")
    assert len(error.details) == 1
    assert "Capabilities!2: its rows belong to a roster" in error.details[0]
    assert greedy("import", "next.xlsx", "--sheet", "Employees", "--sheet", "services") == [
        "in the database already, nothing changed: rows of single sheets",
        "  Employees: 0 new, 14 same, 0 changed",
        "  Services: 0 new, 9 same, 0 changed",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["import", "nowhere.xlsx"], "nowhere.xlsx"),
        (["import", str(SAMPLE_DIR / "employees.csv")], "is not an Excel workbook"),
        (["import", "nowhere.xlsx", "--mark", "copy.csv"], "does not end in .xlsx"),
        (["import", "nowhere.xlsx", "--entities", "nowhere.toml"], "nowhere.toml cannot be read"),
        (["template", str(SAMPLE_DIR / "employees.csv" / "x.xlsx")], "cannot write"),
        (["template", "practice.xls"], "does not end in .xlsx"),
        (["export", ROSTER, "practice.xlsx"], "no roster has the id"),
    ],
)
def test_what_the_caller_must_mend(greedy: Commands, arguments: list[str], said: str) -> None:
    error = greedy.fails(*arguments)
    assert said in error.message
    assert error.next_step


def test_faults_as_a_process_tells_them(database_url: str, exported: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    changed(exported, "faulty.xlsx", {("Medewerkers", "E5"): "Grön"})
    done = Greedy(tmp_path, DATABASE_URL=database_url)("import", "faulty.xlsx", "--json", "--dry-run")
    document = json.loads(done.stdout)
    assert (done.returncode, document["success"], document["error"]["kind"]) == (1, False, "WorkbookError")
    assert done.stderr.startswith("error: faulty.xlsx has 1 fault; nothing was imported\n  Medewerkers!E5 (Team): ")


def test_a_disk_that_is_full(tmp_path: Path) -> None:
    """Neither half a workbook nor a traceback."""
    command = [f"ulimit -f 8; exec {sys.executable} -m greedy template template.xlsx"]
    done = subprocess.run(command, shell=True, cwd=tmp_path, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False)  # noqa: S602
    assert done.stderr == "error: cannot write template.xlsx: File too large\nnext: give another file\n"
    assert (done.returncode, list(tmp_path.iterdir())) == (1, [])
