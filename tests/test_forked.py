"""Commands that need not load the program do what those of an interpreter of their own do."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from greedy.sample import SAMPLE_DIR
from tests.forked import run_greedy
from tests.timing import PATIENCE_SECONDS

NOWHERE = "postgresql://nobody@127.0.0.1:1/none"


@pytest.mark.parametrize(
    "arguments",
    [
        ["--version"],
        ["solve", "--help"],
        ["solve", str(SAMPLE_DIR), "--solver", "greedy"],
        ["check", "Zoë.txt", "roster.json"],
        ["nope"],
        ["rosters", "--debug"],
        ["db", "status"],
    ],
    ids=" ".join,
)
def test_it_says_and_ends_as_with_an_interpreter_of_its_own(tmp_path: Path, arguments: list[str]) -> None:
    environment = {**os.environ, "DATABASE_URL": NOWHERE, "COLUMNS": "70"}
    command = [sys.executable, "-m", "greedy", *arguments]
    own = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_SECONDS, check=False, cwd=tmp_path, env=environment)
    forked = run_greedy(*arguments, cwd=tmp_path, env=environment, timeout=PATIENCE_SECONDS)
    assert (forked.returncode, _timeless(forked.stdout)) == (own.returncode, _timeless(own.stdout))
    for begin in ("Traceback", "error: ", "next: "):
        assert [line for line in forked.stderr.splitlines() if line.startswith(begin)] == [
            line for line in own.stderr.splitlines() if line.startswith(begin)
        ]


def _timeless(text: str) -> str:
    """`text` without the seconds that a solve took."""
    return re.sub(r"\d+\.\d s", "_ s", text)


def test_what_takes_too_long_is_ended(tmp_path: Path) -> None:
    with pytest.raises(subprocess.TimeoutExpired):
        run_greedy("solve", str(SAMPLE_DIR), "--solver", "cpsat", "--wishes", cwd=tmp_path, env=dict(os.environ), timeout=0.3)
