"""docs/deploy.md is true: each variable, command, file, number and exit code that it names exists, and none that counts is left out."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

from greedy.cli import job
from greedy.cli.console import ExitCode
from greedy.settings import RAILWAY_JOB_SECONDS, Settings
from tests.docs.test_readme import commands

ROOT = Path(__file__).parents[2]
DOCUMENT = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
VARIABLES = {str(info.validation_alias or name.upper()) for name, info in Settings.model_fields.items()}
PROGRAM = "\n".join(path.read_text(encoding="utf-8") for path in (ROOT / "greedy").rglob("*.py"))
DEPLOY = tomllib.loads((ROOT / "railway.toml").read_text())["deploy"]


def test_every_variable_exists_and_none_is_left_out() -> None:
    named = set(re.findall(r"`([A-Z]+(?:_[A-Z]+)+)`", DOCUMENT))
    assert named <= VARIABLES
    of_no_use_there = {"GREEDY_DATA_DIR"}
    assert named == VARIABLES - of_no_use_there


def test_every_command_exists() -> None:
    named = set(re.findall(r"(?:`|^ {4,})(greedy (?:db )?[a-z]+)", DOCUMENT, re.MULTILINE))
    assert {"greedy run", "greedy doctor", "greedy db migrate"} <= named <= set(commands())


@pytest.mark.parametrize("option", sorted(set(re.findall(r"`(--[a-z-]+)[ `]", DOCUMENT))))
def test_every_option_of_the_program_exists(option: str) -> None:
    assert f'"{option}"' in PROGRAM or option == "--remote"


def test_every_file_exists() -> None:
    for name in set(re.findall(r"`(\.?[\w/-]+\.(?:toml|ts|txt|md)|Dockerfile|supabase/migrations)`", DOCUMENT)):
        assert (ROOT / name).exists(), name


def test_every_exit_code_is_told() -> None:
    told = {int(code) for row in re.findall(r"^\| ([\d, ]+) \|", DOCUMENT, re.MULTILINE) for code in row.split(",")}
    assert told == set(ExitCode) - {ExitCode.INTERRUPTED}


def test_the_numbers_are_those_of_the_program() -> None:
    assert f"{RAILWAY_JOB_SECONDS:g} on Railway" in DOCUMENT
    assert f"the process ends {job.GRACE_SECONDS:g}\n  seconds later" in DOCUMENT
    assert f"`{DEPLOY['cronSchedule']}` is 4 o'clock" in DOCUMENT
    version = re.search(r'"railway": "([\d.]+)"', (ROOT / "tests" / "node" / "package.json").read_text())
    assert version is not None
    assert f"npm install --no-save railway@{version[1]}" in DOCUMENT


def test_every_event_and_message_stands_in_the_program() -> None:
    for event in re.findall(r"`([a-z]+\.(?:begun|done|shortened))`", DOCUMENT):
        assert f'"{event}"' in PROGRAM
    for row in re.findall(r"^\| `([^`]+)` \|", DOCUMENT[DOCUMENT.index("## When something is wrong") :], re.MULTILINE):
        for part in filter(None, (part.strip() for part in row.split("..."))):
            assert part in PROGRAM, part
