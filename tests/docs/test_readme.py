"""The README and the documents of the command line are true: the first screen is real output, and every command, option, setting, exit code
and column is told."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest
import typer
import typer.core

from greedy.cli.console import ExitCode
from greedy.cli.main import app
from greedy.formats.tables import TABLES
from greedy.pipeline import DEFAULT_SECONDS, RunDocument
from greedy.report.model import (
    Changes,
    ConflictLine,
    CostLine,
    CoverageSummary,
    OpenDemandLine,
    SolverSummary,
    ViolationLine,
    WorkingTimeLine,
)
from greedy.settings import Settings
from greedy.web.settings import WebSettings

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
DOCS = {path.name: path.read_text(encoding="utf-8") for path in (ROOT / "docs").glob("*.md")}
SOLVING, TABLES_TOLD = DOCS["solving.md"], DOCS["tables.md"]
LINK = re.compile(r"\]\((?!https?://)([^)#]*)(#[^)]+)?\)")


def commands() -> list[str]:
    return [f"greedy {name}" for name in commands_of(app)]


def commands_of(group: typer.Typer) -> list[str]:
    names = [command.name or command.callback.__name__ for command in group.registered_commands if command.callback]
    for inner in group.registered_groups:
        assert inner.typer_instance is not None
        names += [f"{inner.name} {name}" for name in commands_of(inner.typer_instance)]
    return names


def options_of(command: str) -> list[str]:
    """The options of a command, each by its shortest name, without those of nearly every one."""
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    options = [min(parameter.opts, key=len) for parameter in group.commands[command].params]
    return [option for option in options if option.startswith("-") and option not in ("--database", "--schema")]


@pytest.mark.parametrize("command", commands())
def test_every_command_is_told(command: str) -> None:
    assert f"`{command}" in README


def test_no_command_is_told_that_does_not_exist() -> None:
    told = set(re.findall(r"`(greedy (?:db (?:schema |examples )?)?[a-z]+)", README))
    assert told == set(commands())


def test_every_setting_is_told() -> None:
    for name, info in Settings.model_fields.items():
        variable = str(info.validation_alias or name.upper())
        assert f"`{variable}`" in README or variable == "RAILWAY_ENVIRONMENT_ID"
    for name in WebSettings.model_fields:
        assert f"`GREEDY_WEB_{name.upper()}`" in README
        assert f"| `GREEDY_WEB_{name.upper()}` |" in DOCS["safety.md"]


def test_every_exit_code_is_told() -> None:
    for code in ExitCode:
        assert re.search(rf"^\| {code:d} \|", README, re.MULTILINE) or code is ExitCode.INTERRUPTED


def test_every_table_and_column_is_told() -> None:
    for table, model in TABLES.items():
        line = next(line for line in TABLES_TOLD.splitlines() if line.startswith(f"| `{table}.csv`"))
        for column in model.model_fields:
            assert f"`{column}`" in line, (table, column)


def test_the_first_screen_is_real_output(tmp_path: Path) -> None:
    environment = {**os.environ, "GREEDY_DATA_DIR": str(tmp_path / "data")}
    try:
        shown = subprocess.run(
            [sys.executable, "-m", "greedy", "demo"], capture_output=True, text=True, check=True, env=environment, cwd=tmp_path
        ).stdout
    finally:
        subprocess.run([sys.executable, "-m", "greedy", "db", "stop"], check=True, capture_output=True, env=environment, cwd=tmp_path)
    told = re.search(r"<!-- demo -->\n```\n(.*?)```\n<!-- /demo -->", README, re.DOTALL)
    assert told is not None

    def timeless(text: str) -> str:
        """What does not depend on the clock, nor on which of many full rosters came out."""
        text = re.sub(r"\d+\.\d s\b", "n s", text)
        return re.sub(r"^(?:written|verified|milliseconds).*", lambda line: re.sub(r"\d+", "n", line[0]), text, flags=re.MULTILINE)

    assert timeless(shown).startswith(timeless(told[1]))


@pytest.mark.parametrize("command", ["run", "solve", "check", "load", "import", "export", "template", "serve", "worker"])
def test_every_option_is_told(command: str) -> None:
    for flag in options_of(command):
        assert any(f"{flag}{end}" in text for end in ("`", " ") for text in (README, SOLVING)), flag


def test_the_examples_of_the_help_can_be_given() -> None:
    group = typer.main.get_command(app)
    assert isinstance(group, typer.core.TyperGroup)
    examples = {name: command.epilog for name, command in group.commands.items() if command.epilog}
    assert {"run", "report", "import", "serve"} <= set(examples)
    for name, epilog in examples.items():
        greedy, command, *words = shlex.split(epilog.removeprefix("Example: "))
        assert (greedy, command) == ("greedy", name)
        group.commands[name].make_context(name, words)  # raises on an option or a value that there is not


@pytest.mark.parametrize("name", ["README.md", *sorted(DOCS)])
def test_every_link_leads_somewhere(name: str) -> None:
    here = ROOT / name if name == "README.md" else ROOT / "docs" / name
    text = here.read_text(encoding="utf-8")
    for path, anchor in LINK.findall(text):
        there = here.parent / path if path else here
        assert there.exists(), path
        headings = re.findall(r"^#+ (.+)$", there.read_text(encoding="utf-8"), re.MULTILINE) if anchor else []
        assert not anchor or anchor[1:] in [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings], (
            path + anchor
        )


def test_every_document_is_found_from_the_readme() -> None:
    assert {f"docs/{name}" for name in DOCS} <= {path for path, _ in LINK.findall(README)}


def test_every_key_of_the_documents_is_told() -> None:
    lines = {
        "open_demand": OpenDemandLine,
        "violations": ViolationLine,
        "conflicts": ConflictLine,
        "gave_way": CostLine,
        "working_time": WorkingTimeLine,
        "changes": Changes,
    }
    for key, model in lines.items():
        line = next(line for line in SOLVING.splitlines() if line.startswith(f"| `{key}` |"))
        assert [field for field in model.model_fields if f"`{field}`" not in line] == []
    told = SOLVING[SOLVING.index("`greedy solve --json` prints") :]
    keys = {*SolverSummary.model_fields, *RunDocument.model_fields, *CoverageSummary.model_fields} - {"percent"}
    assert [key for key in keys if f"`{key}`" not in told] == []
    assert str(int(DEFAULT_SECONDS)) in next(line for line in SOLVING.splitlines() if line.startswith("| `--time-limit"))
