"""The scripts one after the other: files of other systems in, rosters that keep to them out. Each runs as a process once at least."""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from greedy.database import DBConnector
from greedy.formats.tables import PracticeTables
from greedy.ingest.records.steps import RunSummary, StepOptions, tell_nobody
from greedy.store.postgres import PostgresStore
from tests.cli.test_cli import QUICK, ROSTER, Greedy
from tests.forked import run_script
from tests.timing import PATIENCE_SECONDS

SCRIPTS = Path(__file__).parents[2] / "scripts"
HR = """Personeelsnummer;Voornaam;Achternaam;E-mail;Team;Werkdagen;Ma;Uit dienst
0012;Anna;Mulder;anna@praktijk.example;groen;18;O M;
0013;Bo;Postma;;Oranje;16;;
0014;Cleo;Vos;;Overig;;;2026-01-31
0015;Dirk;Bos;;Geel;;;
"""
CONTACTS = """E-mail;Personeelsnummer;Achternaam
anna@praktijk.example;;Mulder
bo@praktijk.example;0013;Posthuma
nobody@praktijk.example;;Niemand
"""
LEAVE = """BEGIN:VEVENT
UID:{uid}
DTSTAMP:20250101T000000Z
SUMMARY:{who}: verlof
DTSTART;VALUE=DATE:{first}
DTEND;VALUE=DATE:{end}
END:VEVENT
"""


class Scripts:
    """Runs the scripts with an environment of their own."""

    def __init__(self, folder: Path, database_url: str) -> None:
        self.folder = folder
        self.environment = {
            **os.environ,
            "DATABASE_URL": database_url,
            "HR_EMPLOYEES_FILE": str(folder / "hr.csv"),
            "ENRICH_EMPLOYEES_FILE": str(folder / "contacts.csv"),
            "EMPLOYEES_SYSTEMS": "hr, contacts",
            "ABSENCES_FILE": str(folder / "leave.ics"),
        }

    def command(self, name: str, *options: str) -> list[str]:
        return [sys.executable, str(SCRIPTS / f"{name}.py"), *options]

    def __call__(self, name: str, *options: str) -> subprocess.CompletedProcess[str]:
        return run_script(SCRIPTS / f"{name}.py", *options, cwd=self.folder, env=self.environment, timeout=PATIENCE_SECONDS)

    def json(self, name: str, *options: str) -> dict[str, Any]:
        done = self(name, *options, "--json")
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    async def here(self, name: str, **options: Any) -> RunSummary:
        """The same within this process, which saves its start."""
        module = importlib.import_module(f"scripts.{name}")
        settings = {field: self.environment[field.upper()] for field in module.Settings.model_fields if field.upper() in self.environment}
        async with DBConnector(self.environment["DATABASE_URL"], min_size=1) as db:
            return await module.step(db, module.Settings(**settings), StepOptions(**options), tell_nobody)

    async def counts(self, name: str, **options: Any) -> dict[str, int]:
        """What a script counted, without what is 0."""
        return counted((await self.here(name, **options)).model_dump())

    def leave(self, *events: tuple[str, str, str]) -> None:
        """Write the calendar: who, first day, day after the last."""
        texts = [LEAVE.format(uid=number, who=who, first=first, end=end) for number, (who, first, end) in enumerate(events)]
        text = "BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//x//x//NL\n" + "".join(texts) + "END:VCALENDAR\n"
        (self.folder / "leave.ics").write_text(text.replace("\n", "\r\n"), encoding="utf-8", newline="")


def counted(document: dict[str, Any]) -> dict[str, int]:
    found = {key: document[key] for key in ("processed", "created", "updated", "skipped", "gone", "faulty")}
    return {key: value for key, value in found.items() if value}


@pytest.fixture
def scripts(tmp_path: Path, database_url: str) -> Scripts:
    (tmp_path / "hr.csv").write_text(HR, encoding="utf-8")
    (tmp_path / "contacts.csv").write_text(CONTACTS, encoding="utf-8")
    return Scripts(tmp_path, database_url)


@pytest.fixture
def greedy(tmp_path: Path, database_url: str) -> Greedy:
    return Greedy(tmp_path, DATABASE_URL=database_url)


ALL = """
select (select jsonb_agg(to_jsonb(e) || jsonb_build_object('version', e.xmin::text) order by id) from employees e)::text as employees,
       (select jsonb_agg(to_jsonb(a) || jsonb_build_object('version', a.xmin::text) order by id) from roster_assignments a)::text as slots,
       (select jsonb_agg(to_jsonb(a) || jsonb_build_object('version', a.xmin::text) order by external_id, number) from absences a)::text as absences,
       (select jsonb_agg(to_jsonb(q) || jsonb_build_object('version', q.xmin::text) order by entity_key) from meta.entity_quality q)::text as quality
"""


async def contents(db: DBConnector) -> dict[str, Any]:
    row = await db.execute(ALL, fetch_row=True)
    assert row is not None
    return dict(row)


async def test_employees_of_an_hr_system_and_a_list_of_contacts(scripts: Scripts, db: DBConnector) -> None:
    assert await scripts.counts("ingest_hr_employees") == {"processed": 4, "created": 4}
    assert counted(scripts.json("enrich_employees")) == {"processed": 3, "created": 2, "faulty": 1}
    before = await contents(db)
    trial = counted(scripts.json("transform_employees", "--dry-run"))
    assert await contents(db) == before
    done = await scripts.here("transform_employees")
    assert trial == counted(done.model_dump()) == {"processed": 4, "created": 3, "faulty": 1}
    assert [fault.message for fault in done.faults] == ["team: 'Geel' is none of Groen, Oranje, Overig (hr)"]
    rows = await db.execute("select * from employees order by id", fetch_all=True)
    assert [(row["id"], row["achternaam"], row["email"], row["team"], row["actief"]) for row in rows] == [
        ("0012", "Mulder", "anna@praktijk.example", "Groen", True),
        ("0013", "Postma", "bo@praktijk.example", "Oranje", True),
        ("0014", "Vos", None, "Overig", False),
    ]
    assert json.loads(rows[0]["structureel_nbh"]) == {"ma": ["O", "M"]}
    quality = "select entity_key, score::text, flags from meta.entity_quality order by entity_key"
    assert [tuple(row) for row in await db.execute(quality, fetch_all=True)] == [
        ("0012", "1.00", []),
        ("0013", "0.95", ["mismatch:achternaam"]),
        ("0014", "0.85", ["missing_source:contacts", "missing:email", "left"]),
    ]

    before = await contents(db)
    assert await scripts.counts("ingest_hr_employees") == {"processed": 4, "skipped": 4}
    assert await scripts.counts("enrich_employees") == {"processed": 3, "skipped": 2, "faulty": 1}
    assert await scripts.counts("transform_employees") == {"processed": 1, "faulty": 1}  # tried again, as it was before
    assert await scripts.counts("transform_employees", full=True) == {"processed": 4, "skipped": 3, "faulty": 1}
    after = await contents(db)
    assert (after["employees"], after["quality"]) == (before["employees"], before["quality"])

    (scripts.folder / "hr.csv").write_text(HR.replace("Geel", "Groen").replace("0013;Bo", "0013;Bob").replace("0014;", "0016;"), "utf-8")
    assert await scripts.counts("ingest_hr_employees") == {"processed": 4, "created": 1, "updated": 2, "skipped": 1, "gone": 1}
    assert await scripts.counts("transform_employees") == {"processed": 4, "created": 2, "updated": 1, "skipped": 1}
    names = "select string_agg(voornaam, ' ' order by id) from employees where actief"
    assert await db.execute(names, fetch_val=True) == "Anna Bob Dirk"


async def test_leave_in_a_calendar_is_planned_around(
    scripts: Scripts, greedy: Greedy, db: DBConnector, store: PostgresStore, sample: PracticeTables
) -> None:
    await store.import_tables(sample)
    greedy.json("run", ROSTER, *QUICK, "--solver", "greedy")
    scripts.leave(
        ("Anna Mulder", "20251201", "20251206"), ("bente@praktijk.example", "20251208", "20251209"), ("Nobody", "20251201", "20251202")
    )
    assert await scripts.counts("ingest_absences") == {"processed": 3, "created": 3}
    before = await contents(db)
    await scripts.here("transform_absences", dry_run=True)
    assert await contents(db) == before

    said = scripts("transform_absences")
    assert said.returncode == 0, said.stderr
    assert "new 2" in said.stdout
    assert "no employee has the number, e-mail address or full name 'Nobody'" in said.stdout
    of_absence = "select employee_id, date, dagdeel from roster_assignments where source = 'absence' and status = 3"
    absent = {tuple(row) for row in await db.execute(of_absence, fetch_all=True)}
    assert {(who, str(day)) for who, day, _ in absent} == {
        *(("EMP001", f"2025-12-0{day}") for day in range(1, 6)),
        ("EMP002", "2025-12-08"),
    }
    document = greedy.json("run", ROSTER, *QUICK, "--solver", "greedy")
    assert document["verification"]["all_passed"] is True
    work = {
        tuple(row) for row in await db.execute("select employee_id, date, dagdeel from roster_assignments where status = 1", fetch_all=True)
    }
    assert len(work) > 150
    unavailable = (
        "select count(*) from roster_assignments where employee_id = 'EMP001' and date between '2025-12-01' and '2025-12-05' and status = 3"
    )
    pinned = (
        "select count(*) from roster_assignments where employee_id = 'EMP001' and date between '2025-12-01' and '2025-12-05' and status = 1"
    )
    assert not work & absent
    assert await db.execute(unavailable, fetch_val=True) + await db.execute(pinned, fetch_val=True) == 15

    before = await contents(db)
    assert await scripts.counts("ingest_absences") == {"processed": 3, "skipped": 3}
    again = await scripts.here("transform_absences")
    assert (again.processed, again.faulty, again.metadata["unavailable"], again.metadata["opened"]) == (1, 1, 0, 0)
    assert await contents(db) == before

    scripts.leave(("Anna Mulder", "20251201", "20251203"), ("bente@praktijk.example", "20251208", "20251209"))
    assert await scripts.counts("ingest_absences") == {"processed": 2, "updated": 1, "skipped": 1, "gone": 1}
    opened = (await scripts.here("transform_absences")).metadata["opened"]
    assert {tuple(row) for row in await db.execute(of_absence, fetch_all=True)} == {
        one for one in absent if str(one[1]) not in ("2025-12-03", "2025-12-04", "2025-12-05")
    }
    assert opened == sum(str(one[1]) in ("2025-12-03", "2025-12-04", "2025-12-05") for one in absent) > 0
    assert greedy("verify", ROSTER).returncode == 0

    # A roster that came later, or came anew, has no absences until the next time.
    await store.import_tables(sample, replace=True)
    assert (await scripts.here("transform_absences")).metadata["unavailable"] == len(absent) - opened


def kill_at_first_progress(scripts: Scripts, name: str, *options: str) -> None:
    environment = {**scripts.environment, "LOG_LEVEL": "INFO"}
    with subprocess.Popen(
        scripts.command(name, *options), cwd=scripts.folder, text=True, env=environment, stderr=subprocess.PIPE
    ) as process:
        assert process.stderr is not None
        assert any("step.progress" in line for line in process.stderr)
        process.send_signal(signal.SIGKILL)


async def test_a_transform_that_was_killed_is_completed_by_the_next(scripts: Scripts, db: DBConnector) -> None:
    rows = [f"{number};Voor{number};Achter;;Groen;;;" for number in range(400)]
    (scripts.folder / "hr.csv").write_text("\n".join([HR.splitlines()[0], *rows]), encoding="utf-8")
    assert await scripts.counts("ingest_hr_employees") == {"processed": 400, "created": 400}
    kill_at_first_progress(scripts, "transform_employees", "--batch-size", "10")
    there = await db.execute("select count(*) from employees", fetch_val=True)
    assert 0 < there < 400
    assert await scripts.counts("transform_employees") == {"processed": 400, "created": 400 - there, "skipped": there}
    assert await db.execute("select count(*) from employees", fetch_val=True) == 400
    runs = "select status, error_message from meta.ingestion_runs where step = 'transform' order by started_at"
    assert [row["status"] for row in await db.execute(runs, fetch_all=True)] == ["failed", "completed"]
