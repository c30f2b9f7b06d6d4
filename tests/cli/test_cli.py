"""The command line as a user meets it: a process, its two outputs, and its exit code."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from greedy.database.embedded.server import EmbeddedServer
from greedy.database.schema.migrations import migrations
from greedy.sample import SAMPLE_DIR
from tests.forked import run_greedy
from tests.timing import PATIENCE_SECONDS

ROSTER = "8e91579a-21c3-439e-90c1-91728c541241"
QUICK = ("--time-limit", "100")  # it ends when all is proven, at once


class Greedy:
    """Runs the command with an environment of its own."""

    def __init__(self, folder: Path, **environment: str) -> None:
        self.folder = folder
        self.environment = {**os.environ, "GREEDY_DATA_DIR": str(folder / "data"), **environment}

    def __call__(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        return run_greedy(*arguments, cwd=self.folder, env={**self.environment, **environment}, timeout=PATIENCE_SECONDS)

    def json(self, *arguments: str, code: int = 0, **environment: str) -> Any:
        done = self(*arguments, "--json", **environment)
        assert done.returncode == code, done.stderr
        return json.loads(done.stdout)

    def fails(self, code: int, *arguments: str, **environment: str) -> str:
        """Run a command that must fail, and return what it said on stderr: an error line, no traceback, nothing on stdout."""
        done = self(*arguments, **environment)
        assert done.returncode == code, (done.stdout, done.stderr)
        assert any(line.startswith("error: ") or '"level": "error"' in line for line in done.stderr.splitlines())
        assert "Traceback" not in done.stdout + done.stderr
        assert done.stdout == ""
        return done.stderr


@pytest.fixture
def greedy(tmp_path: Path, database_url: str) -> Greedy:
    """The command over a migrated, empty database."""
    return Greedy(tmp_path, DATABASE_URL=database_url)


@pytest.fixture
def loaded(tmp_path: Path, sample_url: str) -> Greedy:
    """The command over a database with the sample roster."""
    return Greedy(tmp_path, DATABASE_URL=sample_url)


def test_load_run_verify_report_export(greedy: Greedy, tmp_path: Path) -> None:
    done = greedy("load", str(SAMPLE_DIR))
    assert (done.returncode, done.stdout.splitlines()[-1]) == (0, f"next: greedy run {ROSTER}"), done.stderr
    loaded = greedy
    document = loaded.json("run", ROSTER, *QUICK)
    assert {"run_id", "roster_id", "success", "solver", "coverage", "open_demand", "write", "verification", "phases_ms"} <= document.keys()
    assert (document["success"], document["roster_id"], document["solver"]["name"]) == (True, ROSTER, "auto")
    assert (document["solver"]["status"], document["solver"]["proven"]) == ("optimal", [0])
    assert document["coverage"]["assigned"] == document["coverage"]["needed"] == document["coverage"]["upper_bound"] == 227
    assert document["verification"]["all_passed"] is True
    assert list(document["phases_ms"]) == ["load", "solve", "pairing", "write", "verify", "report"]
    assert document["write"]["assignments"]["written"] == document["coverage"]["assigned"] - 6
    assert loaded.json("verify", ROSTER)["all_passed"] is True
    assert json.loads(loaded("report", ROSTER, "--format", "json").stdout)["coverage"] == document["coverage"]
    text = loaded("report", ROSTER, "-o", "sub/report.txt")
    assert text.stdout == "sub/report.txt\n"
    assert f"{document['coverage']['assigned']} of 227 shifts" in (tmp_path / "sub" / "report.txt").read_text()
    assert loaded("export", ROSTER, "out").returncode == 0
    checked = loaded.json("check", "out")
    assert (checked["roster_id"], checked["legal"], checked["needed"], checked["violations"]) == (ROSTER, True, 227, [])
    assert (checked["assigned"], checked["objective"]) == (document["coverage"]["assigned"], document["solver"]["objective"])
    assert loaded.json("load", "out")["imported"] is False
    again = loaded.json("run", ROSTER, *QUICK)
    assert (again["coverage"], again["write"]["assignments"]["written"]) == (
        document["coverage"],
        document["write"]["assignments"]["written"],
    )


def test_the_roster_id_may_come_from_the_environment(loaded: Greedy) -> None:
    assert loaded.json("run", *QUICK, "--dry-run", ROOSTER_ID=ROSTER)["roster_id"] == ROSTER
    said = loaded.fails(1, "run")
    assert "which roster?" in said
    assert "next: give one, or set ROOSTER_ID; greedy rosters lists the ids" in said


def test_a_dry_run_writes_nothing(loaded: Greedy) -> None:
    document = loaded.json("run", ROSTER, *QUICK, "--dry-run")
    assert (document["write"], document["verification"], document["coverage"]["assigned"]) == (None, None, 227)
    assert json.loads(loaded("report", ROSTER, "--format", "json").stdout)["coverage"]["assigned"] == 6


def test_a_run_keeps_to_the_work_that_stands(loaded: Greedy) -> None:
    """Another absence makes room for a new plan; most of the old one stays."""
    first = loaded.json("run", ROSTER, *QUICK)
    kept = loaded.json("run", ROSTER, *QUICK, "--keep", "current")
    assert kept["changes"] == {"kept": 227, "gone": 0, "new": 0}
    assert (kept["solver"]["proven"], kept["write"]["assignments"]["written"]) == ([0, 1], first["write"]["assignments"]["written"])
    fewer = loaded.json("run", ROSTER, "--solver", "greedy", "--keep", "current", "--dry-run")
    assert fewer["changes"]["gone"] == fewer["solver"]["costs"]["1"] > 0
    assert loaded.json("run", ROSTER, "--solver", "greedy", "--dry-run")["changes"] is None


def test_a_run_with_a_planning_file(loaded: Greedy, tmp_path: Path) -> None:
    """A limit, a request and a wish of the file count in the run, and nothing is planned with a file that does not fit."""
    planning = tmp_path / "planning.toml"
    planning.write_text(
        '[[limits]]\nname = "few"\nquantity = "shifts"\nmaximum = 3\nemployees = ["EMP002"]\n'
        '[[requests]]\nemployee = "EMP003"\ndates = [2025-12-03]\nwants = "off"\npriority = 1\n'
    )
    document = loaded.json("run", ROSTER, *QUICK, "--planning", "planning.toml")
    assert (document["success"], document["violations"], document["verification"]["all_passed"]) == (True, [], True)
    assert document["solver"]["proven"] == [0, 1]
    assert "1" not in document["solver"]["costs"]
    load = {one["employee_id"]: one["shifts"] for one in json.loads(loaded("report", ROSTER, "--format", "json").stdout)["employees"]}
    assert load["EMP002"] <= 3
    planning.write_text("[wishes.fair-weekends]\n")
    wished = loaded.json("run", ROSTER, "--solver", "greedy", "--dry-run", "--planning", "planning.toml")
    assert 4 in {one["priority"] for one in wished["gave_way"]}
    planning.write_text('[[requests]]\nemployee = "EMP099"\ndates = [2025-12-03]\nwants = "off"\n')
    assert "requests[0].employee: there is no employee 'EMP099'" in loaded.fails(1, "run", ROSTER, "--planning", "planning.toml")
    wished = loaded.json("run", ROSTER, "--solver", "greedy", "--wishes", "--dry-run")
    assert {one["priority"] for one in wished["gave_way"]} >= {4, 6}


async def test_fail_on_open_and_verify(loaded: Greedy, sample_url: str) -> None:
    assert loaded("run", ROSTER, *QUICK, "--fail-on", "verify").returncode == 0
    assert loaded("run", ROSTER, "--solver", "greedy", "--fail-on", "open").returncode == 3
    connection = await asyncpg.connect(sample_url)
    await connection.execute("drop trigger keep_blocking_true_after_delete on roster_assignments")
    await connection.close()
    done = loaded("run", ROSTER, *QUICK)
    assert done.returncode == 0
    assert "FAILED: trigger keep_blocking_true_after_delete is missing on roster_assignments" in done.stdout
    assert loaded("run", ROSTER, *QUICK, "--fail-on", "verify", "--fail-on", "open").returncode == 4
    assert loaded("verify", ROSTER).returncode == 4
    doctor = loaded("doctor")
    assert doctor.returncode == 1
    assert "WRONG  triggers: trigger keep_blocking_true_after_delete is missing on roster_assignments" in doctor.stdout


def test_solve_and_check_without_a_database(tmp_path: Path) -> None:
    greedy = Greedy(tmp_path, DATABASE_URL="postgresql://nobody@127.0.0.1:1/none")
    solved = greedy.json("solve", str(SAMPLE_DIR), *QUICK, "-o", "roster.json")
    assert solved["assigned"] == 227
    checked = greedy.json("check", str(SAMPLE_DIR), "roster.json")
    assert {key: checked[key] for key in ("objective", "costs", "assigned")} == {
        key: solved[key] for key in ("objective", "costs", "assigned")
    }
    document = json.loads((tmp_path / "roster.json").read_text())
    works = {one["employee_id"] for one in document["assignments"] if one["date"] == "2025-12-28"}
    free = next(f"EMP{number:03}" for number in range(1, 15) if f"EMP{number:03}" not in works)
    document["assignments"].append({"employee_id": free, "date": "2025-12-28", "service_code": "DIO"})
    (tmp_path / "roster.json").write_text(json.dumps(document))
    broken = greedy.json("check", str(SAMPLE_DIR), "roster.json", code=1)
    assert (broken["legal"], "pairs" in {violation["rule"] for violation in broken["violations"]}) == (False, True)
    assert "cannot write" in greedy.fails(1, "solve", str(SAMPLE_DIR), *QUICK, "-o", str(SAMPLE_DIR / "rosters.csv" / "below.json"))


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["run", "not-an-id"], "error: 'not-an-id' is not a roster id"),
        (["run", "00000000-0000-0000-0000-000000000001"], "error: no roster has the id 00000000-0000-0000-0000-000000000001"),
        (["verify", "00000000-0000-0000-0000-000000000001"], "error: no roster has the id"),
        (["report", "00000000-0000-0000-0000-000000000001"], "error: no roster has the id"),
        (["run", ROSTER, *QUICK, "--run-id", "x"], "error: 'x' is not a run id"),
        (["run", ROSTER, "--solver", "magic"], "error: "),
        (["run", ROSTER, *QUICK, "--seed", "-1"], "error: "),
        (["load", "nowhere"], "error: there is no folder or file nowhere"),
        (["frobnicate"], "error: No such command 'frobnicate'"),
        (["run", ROSTER, *QUICK, "--database", "mysql://x/y"], "error: the database URL is not one of PostgreSQL"),
    ],
)
def test_what_the_caller_must_mend(greedy: Greedy, arguments: list[str], said: str) -> None:
    error = greedy.fails(1, *arguments)
    assert error.startswith(said)
    assert "\nnext: " in error


def test_errors_as_json(greedy: Greedy) -> None:
    document = greedy.json("run", "00000000-0000-0000-0000-000000000001", code=1)
    assert (document["success"], document["error"]["kind"], document["error"]["retryable"]) == (False, "UnknownRosterError", False)


def test_an_unreachable_database_is_outside_and_no_password_is_shown(tmp_path: Path) -> None:
    greedy = Greedy(tmp_path, DATABASE_URL="postgresql://anna:geheim@127.0.0.1:1/roster", LOG_LEVEL="DEBUG")
    for command in (["run", ROSTER, *QUICK], ["rosters"], ["load", str(SAMPLE_DIR)], ["db", "migrate"]):
        said = greedy.fails(2, *command)
        assert "cannot reach anna@127.0.0.1:1/roster" in said
        assert "geheim" not in said
    doctor = greedy("doctor")
    assert (doctor.returncode, "WRONG  connection: cannot reach" in doctor.stdout) == (2, True)
    assert "geheim" not in doctor.stdout + doctor.stderr


async def test_a_wrong_password_is_the_callers(tmp_path: Path, server: EmbeddedServer) -> None:
    wrong = server.url().replace("postgresql://", "postgresql://not_")
    assert "refused" in Greedy(tmp_path, DATABASE_URL=wrong).fails(1, "rosters")


async def test_a_database_that_is_not_migrated_and_one_that_is_newer(greedy: Greedy, server: EmbeddedServer, database_url: str) -> None:
    connection = await asyncpg.connect(server.url("postgres"))
    await connection.execute("create database cli_empty")
    await connection.close()
    empty = server.url("cli_empty")
    said = greedy.fails(1, "run", ROSTER, *QUICK, DATABASE_URL=empty)
    assert f"{len(migrations())} migrations are pending" in said
    assert "next: greedy db migrate" in said
    assert greedy("db", "status", DATABASE_URL=empty).returncode == 1
    assert greedy("db", "migrate", DATABASE_URL=empty).returncode == 0
    assert greedy.json("db", "status", DATABASE_URL=empty)["pending"] == []
    connection = await asyncpg.connect(empty)
    await connection.execute("insert into supabase_migrations.schema_migrations (version, name) values ('29990101000000', 'greedy_future')")
    await connection.close()
    for command in (["run", ROSTER, *QUICK], ["db", "migrate"]):
        assert "was migrated by a newer version of greedy" in greedy.fails(1, *command, DATABASE_URL=empty)


def test_all_faults_of_a_folder_are_told_and_nothing_is_loaded(greedy: Greedy, tmp_path: Path) -> None:
    folder = tmp_path / "bad"
    shutil.copytree(SAMPLE_DIR, folder)
    text = (folder / "employees.csv").read_text()
    (folder / "employees.csv").write_text(text.replace("Groen", "Blauw", 2))
    said = greedy.fails(1, "load", str(folder))
    assert "bad has 2 faults; nothing was read from it" in said
    assert "employees.csv:2: team: Input should be 'Groen', 'Oranje' or 'Overig', not 'Blauw'" in said
    assert "employees.csv:4: team:" in said
    assert greedy.json("rosters")["rosters"] == []


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        ({"SUPABASE_KEY": "sb_secret_geheim"}, "SUPABASE_KEY is set, and SUPABASE_URL is not"),
        ({"RAILWAY_ENVIRONMENT_ID": "production"}, "on Railway the embedded one would be lost"),
        ({"LOG_LEVEL": "LOUD"}, "settings are malformed"),
    ],
)
def test_settings_that_cannot_be(tmp_path: Path, environment: dict[str, str], said: str) -> None:
    error = Greedy(tmp_path, **environment).fails(1, "rosters")
    assert said in error
    assert "geheim" not in error


def test_logs_are_json_lines_on_stderr_with_run_and_roster(loaded: Greedy) -> None:
    done = loaded("run", ROSTER, *QUICK, "--json", LOG_LEVEL="INFO")
    document = json.loads(done.stdout)
    events = [json.loads(line) for line in done.stderr.splitlines()]
    assert {event["event"] for event in events} >= {"phase.done", "write.done", "pairing.predicted"}
    assert {(event["run_id"], event["roster_id"]) for event in events} == {(document["run_id"], ROSTER)}


def test_the_demo_from_nothing_and_again_and_what_it_leaves(tmp_path: Path) -> None:
    greedy = Greedy(tmp_path, DATABASE_URL="postgresql://never@127.0.0.1:1/used")
    try:
        first, second = greedy.json("demo"), greedy.json("demo")
        assert first["coverage"] == second["coverage"]
        assert second["verification"]["all_passed"] is True
        shown = greedy("demo", "-o", "here").stdout
        assert "227 of 227 shifts filled" in shown
        assert (tmp_path / "here" / "report.json").exists()
        assert "here/report.txt" in shown
        del greedy.environment["DATABASE_URL"]
        assert greedy.json("rosters")["rosters"][0]["id"] == ROSTER
    finally:
        assert greedy.json("db", "start")["running"] is True
        assert greedy("db", "stop").stdout == "stopped\n"
    assert "no embedded database runs" in greedy("db", "stop").stdout
    assert greedy.json("db", "stop")["stopped"] is False


def test_a_foreign_data_directory_is_refused(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "thesis.txt").write_text("x")
    assert "holds other things: thesis.txt" in Greedy(tmp_path).fails(1, "demo")
    assert (tmp_path / "data" / "thesis.txt").read_text() == "x"


def test_a_failed_write_is_told_in_the_document(loaded: Greedy, tmp_path: Path) -> None:
    assert loaded("export", ROSTER, "out").returncode == 0
    text = (tmp_path / "out" / "rosters.csv").read_text()
    (tmp_path / "out" / "rosters.csv").write_text(text.replace("draft", "final"))
    assert loaded.json("load", "out", "--replace")["imported"] is True
    document = loaded.json("run", ROSTER, *QUICK, code=1)
    assert (document["success"], document["error"]["kind"]) == (False, "FinalRosterError")
    assert document["error"]["next_step"] == "set its status to in_progress to plan it again"


def test_names_come_out_whatever_the_locale_says(tmp_path: Path) -> None:
    folder = tmp_path / "names"
    shutil.copytree(SAMPLE_DIR, folder)
    text = (folder / "employees.csv").read_text(encoding="utf-8")
    (folder / "employees.csv").write_text(text.replace("Noor,Jansen", "Zoë 🌷,<script>"), encoding="utf-8")
    greedy = Greedy(tmp_path, LC_ALL="C", PYTHONUTF8="0", PYTHONCOERCECLOCALE="0", PYTHONIOENCODING="ascii")
    assert greedy("solve", str(folder), *QUICK, "-o", "r.json").returncode == 0
    (tmp_path / "r.json").write_text((tmp_path / "r.json").read_text().replace('"service_code": "OSP"', '"service_code": "ECH"'))
    done = subprocess.run(
        [sys.executable, "-m", "greedy", "check", str(folder), "r.json"],
        capture_output=True,
        check=False,
        cwd=tmp_path,
        env=greedy.environment,
    )
    assert done.returncode == 1
    assert "Zoë 🌷 <script>" in done.stdout.decode("utf-8")


def test_streams_that_are_closed_or_full(greedy: Greedy) -> None:
    command = f"{sys.executable} -m greedy rosters"
    for redirect, code in (("2>&-", 0), (">/dev/full", 2), ("| true", 0)):
        done = subprocess.run(["sh", "-c", f"{command} {redirect}"], capture_output=True, text=True, check=False, env=greedy.environment)
        assert (done.returncode, "Traceback" in done.stderr) == (code, False), (redirect, done.stderr)


def test_an_output_file_keeps_its_permissions_and_a_device_stays_one(greedy: Greedy, tmp_path: Path) -> None:
    (tmp_path / "private.json").write_text("x")
    (tmp_path / "private.json").chmod(0o600)
    (tmp_path / "link.json").symlink_to("private.json")
    assert greedy("solve", str(SAMPLE_DIR), *QUICK, "-o", "link.json").returncode == 0
    assert (tmp_path / "link.json").is_symlink()
    assert (tmp_path / "private.json").stat().st_mode & 0o777 == 0o600
    assert json.loads((tmp_path / "private.json").read_text())["roster_id"] == ROSTER
    assert greedy("solve", str(SAMPLE_DIR), *QUICK, "-o", "/dev/null").returncode == 0
    assert Path("/dev/null").is_char_device()


def test_help_version_and_a_traceback_only_when_asked(greedy: Greedy) -> None:
    assert greedy("--version").stdout.strip().count(".") == 2
    for command in ("", "demo", "run", "verify", "report", "rosters", "load", "export", "solve", "check", "doctor", "db", "db migrate"):
        done = greedy(*command.split(), "--help")
        assert (done.returncode, "Usage:" in done.stdout) == (0, True)
    narrow = greedy("run", "--help", COLUMNS="40", PYTHONUTF8="1")  # which has it loaded anew: help is made while loading
    assert "--job-time-limit SECONDS" in narrow.stdout
    assert "next: greedy run --help" in greedy.fails(1, "run", "--solver", "magic")
    assert "Traceback" in greedy("run", "x", "--debug").stderr


@pytest.mark.parametrize("group", [("db",), ("db", "schema"), ("db", "examples")])
def test_a_group_of_commands_alone_is_its_help(greedy: Greedy, group: tuple[str, ...]) -> None:
    done = greedy(*group)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: greedy " + " ".join(group) in done.stdout


def test_an_interrupt_while_the_program_loads_says_nothing(tmp_path: Path) -> None:
    """Nothing has begun then, and a traceback would look as if something had."""
    (tmp_path / "typer.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGINT)\nraise SystemExit('went on')")
    done = subprocess.run(
        [sys.executable, "-m", "greedy", "db", "status"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (-signal.SIGINT, "", "")
