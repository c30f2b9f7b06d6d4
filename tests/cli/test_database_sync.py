"""greedy db dump, restore, sync, workflow and status as a user meets them."""

from __future__ import annotations

import json
import os
import pty
import resource
import select
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from functools import partial
from pathlib import Path

import pytest

from greedy.database.embedded.server import EmbeddedServer
from tests.cli.test_cli import Greedy
from tests.database.sync.conftest import ask, databases, run
from tests.timing import PATIENCE_SECONDS


@pytest.fixture
async def loaded(tmp_path: Path, database_url: str, server: EmbeddedServer) -> AsyncIterator[Greedy]:
    """The command over a database with a roster; what its restores keep is dropped at the end."""
    before = await databases(server)
    await run(database_url, "insert into rosters (naam, start_date, end_date) values ('week', '2026-01-05', '2026-01-11')")
    yield Greedy(tmp_path, DATABASE_URL=database_url)
    for name in await databases(server) - before:
        await run(server.url("template1"), f'drop database "{name}" with (force)')


async def test_dump_restore_and_status(loaded: Greedy, database_url: str, tmp_path: Path) -> None:
    made = loaded("db", "dump", "my.dump")
    assert made.returncode == 0, made.stderr
    assert made.stdout.startswith("my.dump: ")
    assert made.stderr == ""
    assert (tmp_path / "my.dump").stat().st_mode & 0o777 == 0o600
    assert "my.dump exists already" in loaded.fails(1, "db", "dump", "my.dump")
    document = loaded.json("db", "dump", "my.dump", "--force")
    assert document["rows"]["public.rosters"] == 1
    assert document["path"] == "my.dump"
    await run(database_url, "delete from rosters")
    assert "--yes confirms it" in loaded.fails(1, "db", "restore", "my.dump")
    restored = loaded.json("db", "restore", "my.dump", "--yes")
    assert restored["kept_as"].startswith(restored["database"] + "_before_")
    assert await ask(database_url, "select count(*) from rosters") == 1
    status = loaded.json("db", "status")
    assert (status["running"], status["pending"], status["last_dump"]) == (True, [], None)
    assert [kept["name"] for kept in status["kept"]] == [restored["kept_as"]]
    assert {"name": "public.rosters", "rows": 1, "exact": True} in status["tables"]
    dated = loaded("db", "dump").stdout.partition(":")[0]
    assert Path(dated).parent == tmp_path / "data" / "dumps"
    said = loaded("db", "status").stdout
    assert f"UTC, {dated}" in said
    assert "kept by a restore: " in said
    assert "the old database is kept as" in loaded("db", "restore", dated, "--yes").stdout
    done = loaded("db", "restore", dated, "--yes", "--drop-old")
    assert "kept" not in done.stdout
    assert done.returncode == 0


def test_through_a_pipe(loaded: Greedy, tmp_path: Path) -> None:
    with (tmp_path / "piped.dump").open("wb") as file:
        done = subprocess.run(
            [sys.executable, "-m", "greedy", "db", "dump", "-"],
            stdout=file,
            stderr=subprocess.PIPE,
            env=loaded.environment,
            cwd=tmp_path,
            check=False,
        )
    assert (done.returncode, done.stderr) == (0, b"")
    assert loaded("db", "restore", "piped.dump", "--yes", "--drop-old").returncode == 0
    assert "a dump and a document" in json.loads(loaded("db", "dump", "-", "--json").stdout)["error"]["message"]


def test_a_full_disk_is_told_in_json_too(loaded: Greedy, tmp_path: Path) -> None:
    little = partial(resource.setrlimit, resource.RLIMIT_FSIZE, (20_000, 20_000))
    for path, stdout in (("my.dump", subprocess.PIPE), ("-", subprocess.DEVNULL)):
        done = subprocess.run(
            [sys.executable, "-m", "greedy", "db", "dump", path, *(["--json"] if path != "-" else [])],
            stdout=stdout,
            stderr=subprocess.PIPE,
            text=True,
            env=loaded.environment,
            cwd=tmp_path,
            preexec_fn=little,
            check=False,
        )
        assert done.returncode == 2
        assert done.stderr.startswith("error: cannot write "), done.stderr
        assert not done.stdout or json.loads(done.stdout)["error"]["kind"] == "ProgramError"
    assert list(tmp_path.glob("*.dump")) == []


@pytest.mark.parametrize(
    ("command", "code", "said"), [("db dump -", 2, "error: whoever reads the dump stopped"), ("db dump --help", 0, "")]
)
def test_a_reader_who_goes_away(loaded: Greedy, tmp_path: Path, command: str, code: int, said: str) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    with os.fdopen(writer, "wb") as gone:
        done = subprocess.run(
            [sys.executable, "-u", "-m", "greedy", *command.split()],
            stdout=gone, stderr=subprocess.PIPE, text=True, env=loaded.environment, cwd=tmp_path, check=False,
        )  # fmt: skip
    assert (done.returncode, done.stderr.partition(" before")[0]) == (code, said)


def test_what_is_refused(loaded: Greedy, tmp_path: Path) -> None:
    (tmp_path / "thesis.dump").write_text("three years of work")
    assert "thesis.dump is not a dump of this program" in loaded.fails(1, "db", "restore", "thesis.dump", "--yes")
    assert "cannot read nothing.dump: No such file" in loaded.fails(1, "db", "restore", "nothing.dump", "--yes")
    assert "cannot write into" in loaded.fails(1, "db", "dump", "nowhere/my.dump")
    assert "has no schema 'nowhere'" in loaded.fails(1, "db", "dump", "--schema", "nowhere")
    assert "is not a host" in loaded.fails(1, "db", "sync", "--from=-oProxyCommand=x", "--yes")
    assert "cannot be read" in loaded.fails(1, "db", "sync", "--from", "host", "--remote-command", "'", "--yes")
    assert "--database is empty" in loaded.fails(1, "db", "restore", "my.dump", "--yes", "--database", "")
    assert "which step?" in loaded.fails(1, "db", "workflow")
    assert "--keep goes with --dump" in loaded.fails(1, "db", "workflow", "--dump-and-commit", "--keep", "3")
    assert "is not in a git repository" in loaded.fails(1, "db", "workflow", "--dump-and-commit")
    geheim = "postgresql://postgres:geheim@db.example:6543/postgres"
    said = loaded.fails(1, "db", "dump", DATABASE_URL=geheim)
    assert "pooler in transaction mode" in said
    assert "geheim" not in said
    assert "cannot reach" in loaded.fails(2, "db", "dump", DATABASE_URL="postgresql://me:geheim@127.0.0.1:1/none")


def test_workflows(loaded: Greedy, tmp_path: Path) -> None:
    for _ in range(2):
        assert loaded("db", "workflow", "--dump").returncode == 0
    dumps = tmp_path / "data" / "dumps"
    old = next(dumps.iterdir())
    old.rename(dumps / (old.name.split("-")[0] + "-20200101T000000Z.dump"))
    assert "removed " in loaded("db", "workflow", "--dump", "--keep", "1").stdout
    assert len(list(dumps.iterdir())) == 1
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=tmp_path, check=True)
    who = {f"GIT_{who}_{what}": "n@x" for who in ("AUTHOR", "COMMITTER") for what in ("NAME", "EMAIL")}
    first = loaded("db", "workflow", "--dump-and-commit", "--message", "Monday", **who)
    assert "committed as " in first.stdout
    assert "personal data" in first.stderr
    second = loaded("db", "workflow", "--dump-and-commit", **who)
    assert "nothing has changed" in second.stdout
    assert second.stderr == ""


def test_status_starts_nothing(tmp_path: Path) -> None:
    greedy = Greedy(tmp_path)
    done = greedy("db", "status")
    assert done.returncode == 0
    assert f"no embedded database runs in {tmp_path / 'data'}" in done.stdout
    assert "next: greedy db start" in done.stdout
    assert greedy.json("db", "status")["running"] is False
    assert not (tmp_path / "data").exists()


@pytest.mark.parametrize(("answer", "code"), [("n\n", 1), ("y\n", 0), ("\x03", 130)])
def test_asked_on_a_terminal(loaded: Greedy, answer: str, code: int) -> None:
    assert loaded("db", "dump", "my.dump").returncode == 0
    child, terminal = pty.fork()
    if not child:
        # Whoever started the tests may have asked for interrupts to be ignored, as a shell does for what it starts in the background.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        os.chdir(loaded.folder)
        os.execve(sys.executable, [sys.executable, "-m", "greedy", "db", "restore", "my.dump"], loaded.environment)  # noqa: S606  on a terminal of its own
    said, deadline = b"", time.monotonic() + PATIENCE_SECONDS
    with suppress(OSError):  # the other end is closed
        while select.select([terminal], [], [], max(deadline - time.monotonic(), 0))[0] and (chunk := os.read(terminal, 1000)):
            said += chunk
            if b"[y/N]" in said and answer:
                os.write(terminal, answer.encode())
                answer = ""
    if time.monotonic() > deadline:
        os.kill(child, signal.SIGKILL)
    exit_code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    os.close(terminal)
    assert exit_code == code, said
    assert (b"not confirmed" in said, b"is kept as" in said) == (code == 1, code == 0)
    assert b"Traceback" not in said
