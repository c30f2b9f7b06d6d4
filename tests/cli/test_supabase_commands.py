"""Every command over rosters, as a process with nothing but SUPABASE_URL and SUPABASE_KEY: it says the same as over a direct connection."""

from __future__ import annotations

import json
import re
import shutil
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest

from greedy.sample import SAMPLE_DIR
from tests.cli.test_cli import QUICK, ROSTER, Greedy
from tests.supabase_project import Project

UNKNOWN = "00000000-0000-0000-0000-000000000001"


@pytest.fixture
def rest(tmp_path: Path, project: Project) -> Greedy:
    """The command over REST."""
    return Greedy(tmp_path, SUPABASE_URL=project.url, SUPABASE_KEY=project.secret_key)


@pytest.fixture
def direct(tmp_path: Path, project: Project) -> Greedy:
    """The command over a direct connection to the same database."""
    return Greedy(tmp_path, DATABASE_URL=project.database_url)


def folder_of(path: Path) -> dict[str, str]:
    return {file.name: file.read_text(encoding="utf-8") for file in sorted(path.iterdir())}


def timeless(report: str) -> str:
    """A report without the moment at which it was made."""
    return re.sub(r'^made .*|"generated_at": .*', "", report, flags=re.MULTILINE)


def test_what_is_read_over_rest_is_what_is_read_directly(rest: Greedy, direct: Greedy, tmp_path: Path) -> None:
    assert rest("rosters").stdout == "no rosters yet: greedy load DIR brings one in, greedy demo the sample\n"
    loaded = rest("load", str(SAMPLE_DIR))
    assert (loaded.returncode, loaded.stdout.splitlines()[-1]) == (0, f"next: greedy run {ROSTER}"), loaded.stderr
    assert rest.json("load", str(SAMPLE_DIR))["imported"] is False
    ran = rest.json("run", *QUICK, ROOSTER_ID=ROSTER)
    assert (ran["success"], ran["coverage"]["assigned"], ran["verification"]["all_passed"]) == (True, 227, True)

    assert rest.json("rosters") == direct.json("rosters")
    for form in ("text", "json"):
        here, there = rest("report", ROSTER, "--format", form), direct("report", ROSTER, "--format", form)
        assert (here.returncode, here.stderr) == (0, "")
        assert timeless(here.stdout) == timeless(there.stdout)
    for command in (rest, direct):
        assert command("export", ROSTER, "rest" if command is rest else "direct").returncode == 0
    assert folder_of(tmp_path / "rest") == folder_of(tmp_path / "direct")
    assert rest.json("load", "rest")["imported"] is False

    verified = [command.json("verify", ROSTER) for command in (rest, direct)]
    assert verified[0]["all_passed"] is True
    assert verified[0]["checks"] == verified[1]["checks"]


async def test_what_is_loaded_over_rest_is_what_is_loaded_directly(rest: Greedy, direct: Greedy, project: Project, tmp_path: Path) -> None:
    """Names beyond ASCII, quotes and signs that mean something in JSON, SQL and URLs."""
    folder = tmp_path / "names"
    shutil.copytree(SAMPLE_DIR, folder)
    text = (folder / "employees.csv").read_text(encoding="utf-8")
    (folder / "employees.csv").write_text(text.replace("Noor,Jansen", '"Zoë ""🌷""",\\n%00; drop table rosters --'), encoding="utf-8")
    assert rest.json("load", str(folder))["imported"] is True
    assert direct.json("load", str(folder))["imported"] is False
    connection = await asyncpg.connect(project.database_url)
    names = await connection.fetchrow("select voornaam, achternaam from employees where voornaam like 'Zoë%'")
    await connection.close()
    assert tuple(names) == ('Zoë "🌷"', "\\n%00; drop table rosters --")


def test_refusals_are_those_of_a_direct_connection(rest: Greedy, direct: Greedy, tmp_path: Path) -> None:
    rest.json("load", str(SAMPLE_DIR))
    folder = tmp_path / "changed"
    shutil.copytree(SAMPLE_DIR, folder)
    (folder / "employees.csv").write_text((folder / "employees.csv").read_text().replace("Noor", "Nora", 1))
    differs = rest.fails(1, "load", str(folder))
    assert differs == direct.fails(1, "load", str(folder))
    assert "next: the same with --replace" in differs
    said = {rest.fails(1, *command) for command in (("verify", UNKNOWN), ("export", UNKNOWN, "out"))}
    assert said == {direct.fails(1, "report", UNKNOWN)}
    assert said.pop().startswith(f"error: no roster has the id {UNKNOWN}\n  {ROSTER}")


async def test_a_failed_verification_is_told_over_rest(rest: Greedy, project: Project) -> None:
    rest.json("load", str(SAMPLE_DIR))
    connection = await asyncpg.connect(project.database_url)
    await connection.execute("alter table roster_assignments disable trigger keep_blocking_true_after_insert")
    await connection.close()
    done = rest("verify", ROSTER)
    assert done.returncode == 4
    assert "FAILED: trigger keep_blocking_true_after_insert on roster_assignments is disabled" in done.stdout


def test_a_run_that_is_repeated_under_its_id_changes_nothing(rest: Greedy) -> None:
    rest.json("load", str(SAMPLE_DIR))
    run = str(uuid4())
    first, again = (rest.json("run", ROSTER, *QUICK, "--workers", "1", "--run-id", run) for _ in range(2))
    assert (first["success"], again["success"]) == (True, True)
    assert first["write"]["assignments"]["written"] == again["write"]["assignments"]["written"] == 221


def test_settings_may_stand_in_a_file_with_empty_values_and_spaces(tmp_path: Path, project: Project) -> None:
    greedy = Greedy(tmp_path, DATABASE_URL="", ROOSTER_ID="")
    (tmp_path / ".env").write_text(f"SUPABASE_URL= {project.url}/ \nSUPABASE_KEY=' {project.secret_key} '\nROOSTER_ID={ROSTER}\n")
    assert greedy.json("load", str(SAMPLE_DIR))["imported"] is True
    assert greedy.json("verify")["all_passed"] is True


SECRETS = ("sb_secret_of_another_project", "sb_publishable_geheim")


@pytest.mark.parametrize(
    ("said", "environment"),
    [
        ("SUPABASE_KEY is not", {"SUPABASE_KEY": ""}),
        ("SUPABASE_KEY is not", {"SUPABASE_KEY": "  "}),
        ("SUPABASE_URL is not", {"SUPABASE_URL": ""}),
        ("does not accept the key", {"SUPABASE_KEY": "sb_secret_of_another_project"}),
    ],
)
def test_settings_that_lead_nowhere(rest: Greedy, project: Project, said: str, environment: dict[str, str]) -> None:
    error = rest.fails(1, "rosters", **environment)
    assert said in error
    assert "\nnext: " in error
    for secret in (project.secret_key, *SECRETS):
        assert secret not in error


def test_a_service_on_railway_without_settings(tmp_path: Path) -> None:
    done = Greedy(tmp_path, RAILWAY_ENVIRONMENT_ID="production")("run", ROSTER)
    assert done.returncode == 1
    last = json.loads(done.stderr.splitlines()[-1])
    assert last["message"].startswith("there is no database: on Railway")
    assert last["next_step"].startswith("set SUPABASE_URL and SUPABASE_KEY")


@pytest.mark.parametrize("command", [("load", str(SAMPLE_DIR)), ("run", ROSTER, *QUICK), ("verify", ROSTER), ("report", ROSTER)])
def test_no_command_sends_a_key_that_is_for_everybody(tmp_path: Path, command: tuple[str, ...]) -> None:
    greedy = Greedy(tmp_path, SUPABASE_URL="http://127.0.0.1:1", SUPABASE_KEY="sb_publishable_geheim")
    error = greedy.fails(1, *command)
    assert "SUPABASE_KEY is the publishable key" in error
    assert "geheim" not in error


def test_commands_that_need_a_direct_connection_say_so(rest: Greedy) -> None:
    for command in (("db", "status"), ("db", "migrate"), ("db", "dump"), ("db", "schema", "list"), ("db", "schema", "verify")):
        said = rest.fails(1, *command)
        assert "DATABASE_URL" in said


def test_a_database_goes_before_the_project(tmp_path: Path, project: Project) -> None:
    greedy = Greedy(tmp_path, SUPABASE_URL="http://127.0.0.1:1", SUPABASE_KEY=project.secret_key, DATABASE_URL=project.database_url)
    assert json.loads(greedy("rosters", "--json").stdout) == {"rosters": []}
    del greedy.environment["DATABASE_URL"]
    assert greedy.json("rosters", "--database", project.database_url) == {"rosters": []}
