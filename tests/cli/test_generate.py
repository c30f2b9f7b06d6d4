"""`greedy generate` as a user meets it: three sinks at once, what they hold read again by the other commands, and nothing half-written."""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import termios
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil
import pytest
import structlog

from greedy.cli.generate_sinks import chosen_sinks, sqlite_path
from greedy.cli.generating import _progress, inserted
from greedy.cli.main import main
from greedy.errors import InputError
from greedy.generate.config import GeneratorConfig
from tests.cli.test_cli import Greedy
from tests.timing import PATIENCE_SECONDS

FEW = ("--practices", "2", "--employees", "11", "--seed", "7", "--shortage", "0.03")


class Here(Greedy):
    """Runs the command in this process, which knows its libraries by now."""

    def __init__(self, folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, **environment: str) -> None:
        super().__init__(folder, **environment)
        self._capsys, self._monkeypatch = capsys, monkeypatch

    def __call__(self, *arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
        with self._monkeypatch.context() as patched, pytest.raises(SystemExit) as ended:
            patched.chdir(self.folder)
            for name, value in (self.environment | environment).items():
                patched.setenv(name, value)
            self._capsys.readouterr()
            main(list(arguments))
        said = self._capsys.readouterr()
        return subprocess.CompletedProcess(arguments, int(ended.value.code or 0), said.out, said.err)


@pytest.fixture
def make_greedy(tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], Here]]:
    """Makes the command over a database, by its URL."""
    handler = signal.getsignal(signal.SIGTERM)
    yield lambda url: Here(tmp_path, capsys, monkeypatch, DATABASE_URL=url)
    signal.signal(signal.SIGTERM, handler)
    structlog.reset_defaults()


@pytest.fixture
def greedy(make_greedy: Callable[[str], Here]) -> Here:
    """The command without any database."""
    return make_greedy("postgresql://nobody:hush@127.0.0.1:1/none")


def names(folder: Path) -> set[str]:
    """What lies in a folder, the hidden and half-written too."""
    return {path.name for path in folder.iterdir()} - {"data"}


def test_three_sinks_at_once_are_read_again_and_reach_the_known_best(
    make_greedy: Callable[[str], Here], tmp_path: Path, database_url: str
) -> None:
    greedy = make_greedy(database_url)
    made = greedy.json("generate", *FEW, "--to", "sqlite:///x.db", "--csv", "out", "--database", database_url)
    assert names(tmp_path) == {"x.db", "out"}
    assert (made["success"], made["practices"], made["employees"], made["rosters"]) == (True, 2, 11, 2)
    assert made["config"]["seed"] == 7
    assert made["required"] - made["best"] == made["shortage"] > 0
    assert [sink["failed"] for sink in made["sinks"]] == [None] * 3
    assert len({sink["rows"] for sink in made["sinks"]}) == 1

    rosters = greedy.json("rosters")["rosters"]
    found = {"needed": 0, "assigned": 0}
    for number, roster in enumerate(sorted(rosters, key=lambda one: one["naam"])):
        folder = f"out/rosters/{number:05}"
        planted = greedy.json("check", "x.db", "x.db", "--roster", roster["id"], "--limit-days")
        assert planted == greedy.json("check", folder, f"{folder}/planted.json", "--limit-days")
        assert planted["legal"]
        found = {key: found[key] + planted[key] for key in found}
        for source in ((folder,), ("x.db", "--roster", roster["naam"])):
            assert greedy.json("load", *source)["imported"] is False  # the database holds just this
        ran = greedy.json("run", roster["id"], "--time-limit", "600", "--workers", "1", "--fail-on", "verify")
        assert (ran["coverage"]["needed"], ran["coverage"]["assigned"]) == (planted["needed"], planted["assigned"])
        assert (ran["solver"]["status"], ran["verification"]["all_passed"]) == ("optimal", True)
        wished = greedy.json("solve", folder, "--planning", f"{folder}/planning.toml", "--solver", "greedy")
        assert wished["violations"] == []
    assert found == {"needed": made["required"], "assigned": made["best"]}


def test_a_file_of_one_roster_is_loaded_and_solved_without_saying_which(make_greedy: Callable[[str], Here], database_url: str) -> None:
    greedy = make_greedy(database_url)
    made = greedy("generate", "--employees", "4", "--to", "x.db")
    assert made.returncode == 0, made.stderr
    lines = made.stdout.splitlines()
    assert lines[0].startswith("generated 1 practice with 4 employees, 5 weeks from 2026-01-05, seed 0, in ")
    assert lines[1].endswith("shifts asked for; all of them can be filled")
    assert lines[2].startswith("  SQLite x.db: ")
    assert lines[3:] == ["next: greedy check x.db x.db", "next: greedy load x.db"]
    assert greedy("check", "x.db", "x.db").stdout.splitlines()[1].startswith("COMPLETE: ")
    assert greedy.json("load", "x.db")["imported"] is True
    assert greedy("generate", *FEW, "--to", "more.db").returncode == 0
    assert "more.db holds 2 rosters; which one?" in greedy.fails(1, "load", "more.db")
    for number in range(2):
        assert greedy.json("load", "more.db", "--roster", f"Rooster 2026-W02 t/m 2026-W06, praktijk {number}")["imported"] is True
    assert len(greedy.json("rosters")["rosters"]) == 3
    solved = greedy.json("solve", "x.db", "--warm-start", "x.db", "-o", "roster.json", "--time-limit", "600")
    assert (solved["status"], solved["open"]) == ("optimal", 0)
    assert greedy.json("check", "x.db")["assigned"] == 0


def test_the_same_again_is_the_same(greedy: Here, tmp_path: Path) -> None:
    for number, more in enumerate(((), ("--no-parallel",))):
        assert greedy("generate", *FEW, "--csv", f"out{number}", *more).returncode == 0
    files = {path.relative_to(tmp_path / "out0"): path.read_bytes() for path in (tmp_path / "out0").rglob("*.*")}
    assert len(files) == 8 + 2 * 9
    assert files == {path.relative_to(tmp_path / "out1"): path.read_bytes() for path in (tmp_path / "out1").rglob("*.*")}
    again = greedy("generate", "--config", "out0/generate.toml", "--csv", "out2")
    assert again.returncode == 0, again.stderr
    assert (tmp_path / "out2" / "wishes.csv").read_bytes() == (tmp_path / "out0" / "wishes.csv").read_bytes()


def test_what_is_there_is_replaced_only_when_asked_for_and_when_the_generator_made_it(greedy: Here, tmp_path: Path) -> None:
    assert greedy("generate", *FEW, "--to", "x.db", "--csv", "out").returncode == 0
    before = (tmp_path / "x.db").read_bytes()
    other = ("generate", "--employees", "3", "--seed", "8")
    assert "x.db exists already" in greedy.fails(1, *other, "--to", "sqlite:///x.db")
    assert "the folder out is not empty" in greedy.fails(1, *other, "--csv", "out")
    assert (tmp_path / "x.db").read_bytes() == before
    assert greedy(*other, "--to", "x.db", "--csv", "out", "--force").returncode == 0
    assert (tmp_path / "x.db").read_bytes() != before
    assert names(tmp_path / "out" / "rosters") == {"00000"}
    (tmp_path / "mine.txt").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine.txt").write_text("mine")
    assert "was not made by the generator" in greedy.fails(1, *other, "--to", "mine.txt", "--force")
    assert "was not made by the generator" in greedy.fails(1, *other, "--csv", "folder", "--force")
    assert (tmp_path / "mine.txt").read_text() == (tmp_path / "folder" / "mine.txt").read_text() == "mine"
    assert names(tmp_path) == {"x.db", "out", "mine.txt", "folder"}


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "greedy generate --to sqlite:///practices.db"),
        (["--csv", "out", "--add"], "--add is for a PostgreSQL database"),
        (["--csv", "out", "--schema", "x"], "--schema is for a PostgreSQL database"),
        (["--to", "postgresql://me:hush@host/x"], "write it as sqlite:///x.db"),
        (["--csv", "x", "--to", "x"], "--csv x: a folder is to be made there"),
        (["--csv", ""], "--csv .: a folder is to be made there"),
        (["--csv", ".."], "--csv ..: a folder is to be made there"),
        (["--csv", "x", "--to", "x/y/z.db"], "--csv x: a folder is to be made there"),
        (["--to", "sqlite:///none/x.db"], "none does not exist"),
        (["--database", "mysql://me:hush@host/x"], "is not one of PostgreSQL"),
        (["--csv", "out", "--practices", "0", "--tightness", "1.5"], "--tightness: Input should be less than or equal to 1, not 1.5"),
        (["--csv", "out", "--practices", "10", "--employees", "9"], "9 employees cannot staff 10 practices"),
        (["--csv", "out", "--demand", "9"], "practice 0 asks for"),
        (["--csv", "out", "--config", "none.toml"], "cannot read none.toml"),
    ],
    ids=str,
)
def test_what_the_caller_must_mend(greedy: Here, tmp_path: Path, arguments: list[str], said: str) -> None:
    told = greedy.fails(1, "generate", *arguments)
    assert said in told
    assert "hush" not in told
    assert names(tmp_path) == set()


def test_csv_goes_on_when_the_database_fails_and_says_so(greedy: Here, tmp_path: Path) -> None:
    url = "postgresql://nobody:hush@127.0.0.1:1/none"
    made = greedy("generate", *FEW, "--csv", "out", "--database", url)
    assert made.returncode == 2
    assert "  PostgreSQL nobody@127.0.0.1:1/none: failed" in made.stdout
    assert "error: " in made.stderr
    assert "next: " in made.stderr
    assert "hush" not in made.stdout + made.stderr
    assert "greedy run" not in made.stdout
    assert greedy.json("check", "out/rosters/00001", "out/rosters/00001/planted.json")["legal"]
    told = json.loads(greedy("generate", *FEW, "--csv", "other", "--database", url, "--json").stdout)
    assert (told["success"], [sink["failed"] is None for sink in told["sinks"]]) == (False, [True, False])
    assert "127.0.0.1" in greedy.fails(2, "generate", *FEW, "--database", url)


def test_progress_stands_in_the_log(greedy: Here) -> None:
    made = greedy("generate", "--employees", "14", "--csv", "out", LOG_LEVEL="INFO")
    assert made.returncode == 0
    lines = [json.loads(line) for line in made.stderr.splitlines()]
    told = [line for line in lines if line["event"] == "generate.progress"]
    assert {(line["table"], line["rows"], line["total"]) for line in told} >= {("employees", 14, 14), ("practices", 1, 1)}
    assert "Inserted 14 / 14 rows into employees" in [line["message"] for line in told]
    assert inserted("employees", 10_000, 100_000) == "Inserted 10,000 / 100,000 rows into employees"
    assert inserted("roster_assignments", 20_000, None) == "Inserted 20,000 rows into roster_assignments"


def test_a_terminal_shows_how_far_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    config = GeneratorConfig(practices=500)
    (sink,) = chosen_sinks("x.db", None, None, None, add=False, force=False)
    terminal, ours = pty.openpty()
    with os.fdopen(ours, "w") as stderr, monkeypatch.context() as patched:
        fcntl.ioctl(stderr, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 140, 0, 0))
        patched.setattr(sys, "stderr", stderr)
        patched.setenv("TERM", "xterm")
        with _progress(config, [sink], quiet=False) as tell:
            sink.rosters = 250
            tell("employees", 10_000, 100_000)
        with _progress(config, [sink], quiet=True) as tell:
            tell("employees", 20_000, 100_000)
    shown = b""
    with contextlib.suppress(OSError):  # how a terminal tells its end, which may come some pieces later
        while piece := os.read(terminal, 1 << 16):
            shown += piece
    os.close(terminal)
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown.decode())
    assert "250/500" in text
    assert "Inserted 10,000 / 100,000 rows into employees" in text
    assert "20,000" not in text


@pytest.mark.parametrize(("ending", "code", "more"), [(signal.SIGINT, 130, []), (signal.SIGTERM, 143, ["--no-parallel"])])
def test_a_signal_leaves_nothing_behind(greedy: Here, tmp_path: Path, ending: signal.Signals, code: int, more: list[str]) -> None:
    """It comes in the middle: when the first 10,000 rows of a table are told. The processes that make rows end too."""
    # Whoever started the tests may have asked for interrupts to be ignored, as a shell does for what it starts in the background.
    program = (
        "import signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); from greedy.cli.main import main; main(sys.argv[1:])"
    )
    command = [sys.executable, "-c", program, "generate", "--practices", "2000", "--to", "x.db", "--csv", "out", *more]
    process = subprocess.Popen(command, cwd=tmp_path, env={**greedy.environment, "LOG_LEVEL": "INFO"}, stderr=subprocess.PIPE, text=True)
    assert process.stderr is not None
    workers: list[psutil.Process] = []
    try:
        while "generate.progress" not in (line := process.stderr.readline()):
            assert line, "ended too early"
        workers = psutil.Process(process.pid).children(recursive=True)
        process.send_signal(ending)
        _, told = process.communicate(timeout=PATIENCE_SECONDS)
    finally:
        process.kill()
    assert process.returncode == code
    assert "nothing was written" in told
    assert "Traceback" not in told
    assert bool(workers) is (more == [])
    assert psutil.wait_procs(workers, timeout=PATIENCE_SECONDS)[1] == []
    assert names(tmp_path) == set()


@pytest.mark.parametrize(
    ("url", "path"),
    [("sqlite:///x.db", "x.db"), ("sqlite:////tmp/x.db", "/tmp/x.db"), ("sqlite+aiosqlite:///a/x.db", "a/x.db"), ("x y?.db", "x y?.db")],
)
def test_the_file_of_a_url(url: str, path: str) -> None:
    assert sqlite_path(url) == Path(path)


@pytest.mark.parametrize(
    "url", ["", "sqlite://", "sqlite:///", "sqlite:///:memory:", "sqlite://x.db", "sqlite:/x.db", "sqlite:x.db", "https://x/y", ":memory:"]
)
def test_what_is_no_file(url: str) -> None:
    with pytest.raises(InputError, match="this is for a SQLite file"):
        sqlite_path(url)
