"""greedy report: every format and language, compared with what stood before, and clear words where it cannot."""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from greedy.formats.practice_csv import read_practice, write_practice
from greedy.reporting import view_roster
from greedy.sample import SAMPLE_DIR
from greedy.store.postgres import PostgresStore
from tests.cli.test_cli import ROSTER, Greedy
from tests.timing import PATIENCE_SECONDS

UNKNOWN = "00000000-0000-0000-0000-000000000001"
STARTS = {"html": b"<!DOCTYPE html>", "xlsx": b"PK", "pdf": b"%PDF-", "txt": b"Rooster 2025-W48"}


@pytest.fixture
def loaded(tmp_path: Path, sample_url: str) -> Greedy:
    """The command over a database with the sample roster."""
    return Greedy(tmp_path, DATABASE_URL=sample_url)


def report(command: Greedy, *arguments: str) -> Any:
    done = command("report", ROSTER, "--format", "json", *arguments)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_every_format_goes_where_it_belongs(loaded: Greedy, tmp_path: Path) -> None:
    for suffix, start in STARTS.items():
        done = loaded("report", ROSTER, "-o", f"out/report.{suffix}", "--language", "nl")
        assert (done.returncode, done.stdout) == (0, f"out/report.{suffix}\n"), done.stderr
        assert (tmp_path / "out" / f"report.{suffix}").read_bytes().lower().startswith(start.lower()), suffix
    assert "ONVOLLEDIG: 6 van 227 diensten" in (tmp_path / "out" / "report.txt").read_text(encoding="utf-8")

    assert loaded("report", ROSTER, "--format", "ics", "-o", "agenda").stdout == "agenda\n"
    calendars = {path.name: path.read_text(encoding="utf-8").count("BEGIN:VEVENT") for path in (tmp_path / "agenda").iterdir()}
    assert (len(calendars), sum(calendars.values())) == (15, 12)  # of each, and of all: six pinned shifts
    assert loaded("report", ROSTER, "--format", "ics", "--employee", "EMP001").stdout.startswith("BEGIN:VCALENDAR")
    assert "no employee nobody" in loaded.fails(1, "report", ROSTER, "--format", "ics", "--employee", "nobody")
    assert "no format of a report ends in .xls" in loaded.fails(1, "report", ROSTER, "-o", "roster.xls")
    assert not (tmp_path / "roster.xls").exists()
    assert "--employee is for calendars" in loaded.fails(1, "report", ROSTER, "--employee", "EMP001")


def test_a_workbook_goes_into_a_pipe_and_not_onto_a_terminal(loaded: Greedy) -> None:
    command = [sys.executable, "-m", "greedy", "report", ROSTER, "--format", "xlsx"]
    piped = subprocess.run(command, capture_output=True, check=True, cwd=loaded.folder, env=loaded.environment, timeout=PATIENCE_SECONDS)
    assert piped.stdout.startswith(STARTS["xlsx"])
    terminal, end = pty.openpty()
    try:
        refused = subprocess.run(command, stdout=end, stderr=subprocess.PIPE, check=False, env=loaded.environment, timeout=PATIENCE_SECONDS)
    finally:
        os.close(end)
        os.close(terminal)
    assert (refused.returncode, "-o roster.xlsx" in refused.stderr.decode()) == (1, True)


def test_what_changed_since_tables_a_file_and_a_run(loaded: Greedy, tmp_path: Path) -> None:
    """Against the sample, in which six shifts are pinned; against the roster of `greedy solve`; and of a run against its own work."""
    assert loaded.json("run", ROSTER, "--solver", "greedy")["comparison"] is None
    found = report(loaded, "--before", str(SAMPLE_DIR))
    since, shifts = found["comparison"], found["coverage"]["assigned"]
    assert (since["kept"], since["gone"], since["new"], since["assigned_before"], since["assigned_after"]) == (6, 0, shifts - 6, 6, shifts)
    assert len(since["lines"]) == shifts - 6
    assert (found["working_time"], {line["enforced"] for line in found["law"]}) == ([], {False})

    assert loaded("solve", str(SAMPLE_DIR), "--solver", "greedy", "-o", "roster.json").returncode == 0
    (tmp_path / "planning.toml").write_text("[working_time.norms]\nshift = 60\n", encoding="utf-8")
    found = report(loaded, "--before", "roster.json", "--planning", "planning.toml")
    same = found["comparison"]
    assert (same["kept"], same["lines"], same["employees"]) == (shifts, [], [])
    assert (len(found["working_time"]) > 0, {line["rule"]: line["norm"] for line in found["law"]}["shift"]) == (True, 60)
    assert "against the run before: nothing changed" in loaded("report", ROSTER, "--before", ROSTER).stdout
    again = loaded.json("run", ROSTER, "--solver", "greedy", "--planning", "planning.toml")
    assert (again["comparison"], again["working_time"]) == (same, found["working_time"])


def test_a_roster_of_other_people_cannot_be_compared(loaded: Greedy, tmp_path: Path) -> None:
    tables = read_practice(SAMPLE_DIR)
    of_employees = ("roster_employee_services", "roster_assignments")
    moved = {
        name: [row.model_copy(update={"employee_id": f"X{row.employee_id}"}) for row in getattr(tables, name)] for name in of_employees
    }
    moved["employees"] = [row.model_copy(update={"id": f"X{row.id}"}) for row in tables.employees]
    write_practice(tables.model_copy(update=moved), tmp_path / "others")
    said = loaded.fails(1, "report", ROSTER, "--before", "others")
    assert "cannot be compared" in said
    assert "employee XEMP" in said
    assert "there is no such file or folder" in loaded.fails(1, "report", ROSTER, "--before", "nowhere")
    assert "no roster has the id" in loaded.fails(1, "report", ROSTER, "--before", UNKNOWN)


async def test_a_view_knows_what_was_published_and_noted(store: PostgresStore, database_url: str, tmp_path: Path) -> None:
    tables = read_practice(SAMPLE_DIR)
    first = next(row for row in tables.roster_assignments if row.service_id is not None)
    noted = [row.model_copy(update={"notes": "with Bea"}) if row is first else row for row in tables.roster_assignments]
    nameless = [row.model_copy(update={"voornaam": " ", "achternaam": " "}) if row.id == "EMP001" else row for row in tables.employees]
    await store.import_tables(tables.model_copy(update={"roster_assignments": noted, "employees": nameless}))
    await store.publications.publish(uuid4(), tables.roster.id, "Anna", expected_state=(await store.state(tables.roster.id)).digest)
    view = await view_roster(store, tables.roster.id)
    assert [(one.number, len(one.assignments)) for one in view.publications] == [(1, 6)]
    assert view.status == "final"
    assert [cell.note for days in view.grid.cells for day in days for cell in day if cell.note] == ["with Bea"]
    assert view.report.law is not None
    assert {one.employee_id: one.name for one in view.report.employees}["EMP001"] == "EMP001"
    events = Greedy(tmp_path, DATABASE_URL=database_url)("report", ROSTER, "--format", "ics").stdout
    assert events.count("STATUS:CONFIRMED") == 6
