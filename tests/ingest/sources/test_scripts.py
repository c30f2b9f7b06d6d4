"""The two scripts over a real database, within this process; one run of each as a process of its own."""

from __future__ import annotations

import importlib
import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from greedy.cli.script_settings import read_settings
from greedy.database import DBConnector
from greedy.errors import InputError, SettingsError
from greedy.ingest.records.steps import StepOptions, tell_nobody
from tests.forked import run_script
from tests.timing import PATIENCE_SECONDS

SCRIPTS = Path(__file__).parents[3] / "scripts"
COUNTS = ("created", "updated", "skipped", "gone", "faulty")


class Script:
    """Runs one of them in a folder of its own."""

    def __init__(self, name: str, folder: Path, url: str) -> None:
        self._module = importlib.import_module(f"scripts.{name}")
        self._script = SCRIPTS / f"{name}.py"
        self._folder = folder
        self._environment = {**os.environ, "DATABASE_URL": url}

    def __call__(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return run_script(self._script, *arguments, cwd=self._folder, env={**self._environment, **environment}, timeout=PATIENCE_SECONDS)

    async def counts(self, db: DBConnector, *, dry_run: bool = False, **variables: str) -> list[int]:
        """New, changed, unchanged, gone and faulty records of a run within this process."""
        settings = read_settings(self._module.Settings, {name.lower(): value for name, value in variables.items()})
        summary = await self._module.step(db, settings, StepOptions(dry_run=dry_run), tell_nobody)
        return [getattr(summary, name) for name in COUNTS]


async def kept(db: DBConnector, entity_type: str) -> dict[str, tuple[dict[str, Any], bool]]:
    """What bronze holds: by id the data, and whether it is gone."""
    rows = await db.execute(
        "select external_id, raw_data::text as data, gone_at is not null as gone from bronze.raw_entities where entity_type = $1",
        [entity_type],
        fetch_all=True,
    )
    return {row["external_id"]: (json.loads(row["data"]), row["gone"]) for row in rows}


async def test_ingest_hr_employees(db: DBConnector, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    script = Script("ingest_hr_employees", tmp_path, database_url)
    with pytest.raises(SettingsError) as missing:
        await script.counts(db)
    assert missing.value.details == ("HR_EMPLOYEES_FILE: File with all employees: .csv, .json, .jsonl or .xlsx",)

    file = tmp_path / "staff.csv"
    people = [f"{number:03d};Anna;Groen" for number in range(20)]
    file.write_text("\n".join(["Persnr;Roepnaam;Team", *people]))
    told = {"HR_EMPLOYEES_FILE": "staff.csv", "HR_COLUMNS": "Persnr=id"}
    assert await script.counts(db, dry_run=True, **told) == [20, 0, 0, 0, 0]
    assert await kept(db, "employees") == {}
    assert await script.counts(db, **told) == [20, 0, 0, 0, 0]
    assert (await kept(db, "employees"))["007"] == ({"id": "007", "voornaam": "Anna", "team": "Groen"}, False)

    people[3] = "003;Bram;Groen"
    people = [f"{person};" for person in people]
    people[6] += "a room, which is nothing that counts"
    file.write_text("\n".join(["Persnr;Roepnaam;Team;Kamer", *people[1:], "020;Cor;Oranje;", "004;twice;Groen;", "005"]))
    changed = script("--hr-employees-file", "staff.csv", HR_EMPLOYEES_FILE="elsewhere.csv", HR_COLUMNS="Persnr=id")
    assert changed.returncode == 0, changed.stderr
    assert "new 1, changed 1, unchanged 18, gone 1, faulty 2" in changed.stdout
    assert "staff.csv:23 (005): 1 values for 4 columns" in changed.stdout
    now = await kept(db, "employees")
    assert (now["003"][0]["voornaam"], now["000"][1], now["004"][0]["voornaam"], now["005"][1]) == ("Bram", True, "Anna", False)

    file.write_bytes("Persnr;Roepnaam\n001;Renée\n".encode("cp1252"))
    with pytest.raises(InputError, match=r"staff.csv is not utf-8 text: byte 23 \(0xE9, in line 2\)"):
        await script.counts(db, **told)
    assert await kept(db, "employees") == now


@pytest.fixture
def calendars(tmp_path: Path) -> Path:
    folder = tmp_path / "calendars"
    folder.mkdir()
    for employee in ("E01", "E02", "E03", "E04"):
        write_calendar(folder / f"{employee}.ics", day="20251124")
    return folder


def write_calendar(path: Path, *, day: str, stamp: str = "20251101T000000Z", **more: str) -> None:
    lines = {"UID": "leave@practice", "DTSTAMP": stamp, "DTSTART;VALUE=DATE": day, "SUMMARY": "Verlof", "DESCRIPTION": "private", **more}
    text = ["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", *(f"{name}:{value}" for name, value in lines.items()), "END:VEVENT"]
    path.write_text("\r\n".join([*text, "END:VCALENDAR", ""]), newline="")


async def test_ingest_absences(
    db: DBConnector, database_url: str, calendars: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    script = Script("ingest_absences", tmp_path, database_url)
    told = {"ABSENCES_FILE": "calendars", "ABSENCES_BY_FILE": "yes", "ABSENCES_SOURCE_SYSTEM": "agenda"}
    assert await script.counts(db, **told) == [4, 0, 0, 0, 0]
    data, _ = (await kept(db, "absences"))["E01/leave@practice"]
    assert (data["employee"], data["reason"]) == ("E01", "Verlof")
    assert "DTSTART;VALUE=DATE:20251124" in data["calendar"]
    assert "private" not in str(await kept(db, "absences"))
    key = await db.execute("select entity_key from bronze.raw_entities order by 1 limit 1", fetch_val=True)
    assert key == "agenda:E01/leave@practice"

    write_calendar(calendars / "E01.ics", day="20251125")
    write_calendar(calendars / "E02.ics", day="20251124", STATUS="CANCELLED")
    write_calendar(calendars / "E03.ics", day="2025112")
    write_calendar(
        calendars / "E04.ics", day="20251124", stamp="20251120T000000Z", CREATED="20251119T000000Z"
    )  # exported anew, and no more
    done = script("--json", **told)
    assert done.returncode == 0, done.stderr
    assert [json.loads(done.stdout)[name] for name in COUNTS] == [0, 1, 1, 1, 1]
    assert {name: gone for name, (_, gone) in (await kept(db, "absences")).items()} == {
        "E01/leave@practice": False,
        "E02/leave@practice": True,
        "E03/leave@practice": False,
        "E04/leave@practice": False,
    }
