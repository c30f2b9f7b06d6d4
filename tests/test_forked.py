"""Commands that need not load the program do what those of an interpreter of their own do."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from greedy.sample import SAMPLE_DIR
from tests.forked import run, run_greedy, start
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


@pytest.mark.parametrize("ending", [signal.SIGTERM, signal.SIGKILL])
def test_one_under_way_is_seen_heard_and_ended(tmp_path: Path, ending: signal.Signals) -> None:
    code = "import os, sys, time; print('x', file=sys.stderr); print(os.getpid(), *sys.argv, os.getcwd(), flush=True); time.sleep(600)"
    around = dict(os.environ)
    with (tmp_path / "said").open("w") as file, start(["-c", code], "ä", cwd=tmp_path, env=around, stderr=file.fileno()) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == f"{process.pid} -c ä {tmp_path}\n"
        assert (process.poll(), process.stderr) == (None, None)
        process.send_signal(ending)
        assert process.communicate(timeout=PATIENCE_SECONDS) == ("", None)
    assert (process.returncode, (tmp_path / "said").read_text()) == (-ending, "x\n")


def test_code_is_given_what_an_interpreter_gives_it(tmp_path: Path) -> None:
    code = "import sys; print(__name__, sys.argv, sys.path[0] in ('', sys.argv[1])); sys.exit(3)"
    done = run(["-c", code], str(tmp_path), cwd=tmp_path, env=dict(os.environ), timeout=PATIENCE_SECONDS)
    assert (done.returncode, done.stdout, done.stderr) == (3, f"__main__ {['-c', str(tmp_path)]} True\n", "")
