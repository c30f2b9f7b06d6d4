"""A script over source records as a process: options, variables, `.env`, summaries, exit codes and signals."""

from __future__ import annotations

import asyncio
import json
import os
import pty
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from greedy.database import DBConnector
from tests.forked import run_script
from tests.ingest.records.made import runs
from tests.timing import PATIENCE_SECONDS, until

SCRIPT = Path(__file__).with_name("step_script.py")
ROOT = Path(__file__).parents[2]


@pytest.fixture
def things(tmp_path: Path) -> Path:
    path = tmp_path / "things.txt"
    path.write_text("".join(f"thing {number}\n" for number in range(120)) + "?why\n", encoding="utf-8")
    return path


def environment(**variables: str) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("THINGS_", "DATABASE_"))}
    return kept | {"PYTHONPATH": str(ROOT), "COLUMNS": "200"} | variables


async def run(*arguments: str, folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return await asyncio.to_thread(run_script, SCRIPT, *arguments, cwd=folder, env=environment(**variables), timeout=PATIENCE_SECONDS)


async def test_all_that_is_missing_is_named_at_once_and_no_value_is_shown(tmp_path: Path) -> None:
    done = await run(folder=tmp_path, THINGS_SLOW="geheim")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.splitlines()[:4] == [
        "error: settings of this script are not complete: 2 missing and 1 malformed",
        "  THINGS_FILE: File with a thing on each line",
        "  THINGS_COUNT: How many there should be",
        "  THINGS_SLOW: Input should be a valid number, unable to parse string as a number",
    ]
    assert "geheim" not in done.stderr
    as_json = await run("--json", "--things-file", "x", folder=tmp_path)
    assert as_json.returncode == 1
    assert json.loads(as_json.stdout)["error"]["details"] == ["THINGS_COUNT: How many there should be"]


async def test_options_come_before_variables_and_these_before_the_file(db: DBConnector, database_url: str, things: Path) -> None:
    (things.parent / ".env").write_text("THINGS_COUNT=1\nTHINGS_SYSTEM=of the file\nTHINGS_FILE=nowhere\n", encoding="utf-8")
    done = await run(
        "--things-file", str(things), "--database", database_url, folder=things.parent, THINGS_SYSTEM="variable", THINGS_FILE="no"
    )
    assert done.returncode == 0, done.stderr
    assert await db.execute("select source_system from meta.ingestion_runs", fetch_val=True) == "variable"


async def test_what_it_says(db: DBConnector, database_url: str, things: Path) -> None:
    variables = {"THINGS_FILE": str(things), "THINGS_COUNT": "1", "DATABASE_URL": database_url}
    tried = await run("--dry-run", folder=things.parent, **variables)
    assert tried.returncode == 0, tried.stderr
    assert "on trial: nothing was changed" in tried.stdout
    assert await runs(db) == []
    done = await run(folder=things.parent, **variables, LOG_LEVEL="INFO")
    first, *others = done.stdout.splitlines()
    assert first.startswith("ingest of things of lines: 121 in ")
    assert others == ["  new 120, changed 0, unchanged 0, gone 0, faulty 1", "  faulty: things.txt:121 (?why): it is a question"]
    told = [json.loads(line) for line in done.stderr.splitlines()]
    assert [event["processed"] for event in told if event["event"] == "step.progress"] == [50, 100, 121]
    assert [event["created"] for event in told if event["event"] == "step.done"] == [120]
    again = await run("--json", "--batch-size", "7", folder=things.parent, **variables)
    document = json.loads(again.stdout)
    assert again.stderr == ""
    assert (document["success"], document["skipped"], document["faulty"], document["run_id"] is None) == (True, 120, 1, False)
    assert document["faults"] == [{"place": "things.txt:121", "external_id": "?why", "message": "it is a question"}]


async def test_what_the_caller_must_mend_and_what_failed_outside(db: DBConnector, database_url: str, things: Path) -> None:
    variables = {"THINGS_COUNT": "1", "DATABASE_URL": database_url}
    missing = await run("--things-file", "nowhere", folder=things.parent, **variables)
    assert (missing.returncode, missing.stderr) == (1, "error: cannot read nowhere: No such file or directory\nnext: check the path\n")
    assert await runs(db) == [("ingest", "failed")]
    wrong = await run("--nope", folder=things.parent, **variables)
    assert (wrong.returncode, wrong.stderr) == (1, "error: No such option: --nope\nnext: things --help\n")
    nobody = "postgresql://u:geheim@127.0.0.1:1/none"
    away = await run("--database", nobody, "--things-file", str(things), folder=things.parent, **variables)
    assert away.returncode == 2
    assert "geheim" not in away.stderr + away.stdout
    await db.execute("delete from supabase_migrations.schema_migrations where version = '20261121100700'")
    older = await run("--things-file", str(things), folder=things.parent, **variables)
    assert (older.returncode, "next: greedy db migrate" in older.stderr) == (1, True)


@pytest.mark.parametrize(("number", "code", "said"), [(signal.SIGINT, 130, "interrupted"), (signal.SIGTERM, 143, "terminated")])
async def test_a_signal_ends_it_between_batches(
    db: DBConnector, database_url: str, things: Path, number: signal.Signals, code: int, said: str
) -> None:
    variables = {"THINGS_FILE": str(things), "THINGS_COUNT": "1", "DATABASE_URL": database_url}
    # Whoever started the tests may have asked for interrupts to be ignored, as a shell does for what it starts in the background.
    program = "import runpy, signal, sys; signal.signal(signal.SIGINT, signal.default_int_handler); del sys.argv[0]; runpy.run_path(sys.argv[0], run_name='__main__')"
    command = [sys.executable, "-c", program, str(SCRIPT), "--batch-size", "2"]
    process = subprocess.Popen(command, env=environment(**variables, THINGS_SLOW="0.3"), stderr=subprocess.PIPE, text=True)  # noqa: ASYNC220
    await until(lambda: db.execute("select exists (select from bronze.raw_entities)", fetch_val=True))
    process.send_signal(number)
    _, told = await asyncio.to_thread(process.communicate, timeout=PATIENCE_SECONDS)
    assert (process.returncode, told) == (code, f"{said}; the batches that were written stay; the next run does the rest\n")
    row = await db.execute("select status, error_message, processed, created from meta.ingestion_runs", fetch_row=True)
    assert row is not None
    assert tuple(row)[:2] == ("failed", "interrupted")
    kept = await db.execute("select count(*) from bronze.raw_entities", fetch_val=True)
    assert row["processed"] == row["created"] == kept
    done = await run("--json", folder=things.parent, **variables)
    assert json.loads(done.stdout)["created"] == 120 - kept


async def test_on_a_terminal_a_bar_shows_the_progress(database_url: str, things: Path) -> None:
    variables = {"THINGS_FILE": str(things), "THINGS_COUNT": "1", "DATABASE_URL": database_url, "THINGS_SLOW": "0.02", "TERM": "xterm"}
    ours, theirs = pty.openpty()
    command = [sys.executable, str(SCRIPT)]
    process = subprocess.Popen(command, env=environment(**variables), stdout=subprocess.PIPE, stderr=theirs)  # noqa: ASYNC220
    os.close(theirs)
    shown = b""
    try:
        while piece := await asyncio.to_thread(os.read, ours, 4096):
            shown += piece
    except OSError:  # the other end is closed
        assert process.wait(PATIENCE_SECONDS) == 0
    os.close(ours)
    assert process.communicate()[0].decode().startswith("ingest of things of lines: 121 in ")
    assert b" 50/?" in shown or b"100/?" in shown  # it is drawn ten times a second, where the machine gives it its turn
    assert b"121/121" in shown


async def test_it_runs_in_the_schema_of_a_practice(db: DBConnector, database_url: str, things: Path) -> None:
    from greedy.database import SchemaSetup

    await SchemaSetup(db).ensure_project_schema("zuid")
    variables = {"THINGS_FILE": str(things), "THINGS_COUNT": "1", "DATABASE_URL": database_url}
    for options in (["--schema", "zuid"], []):
        assert (await run(*options, folder=things.parent, **variables, DATABASE_SCHEMA="zuid")).returncode == 0
    assert await db.execute("select array_agg(practice || created) from meta.ingestion_runs", fetch_val=True) == ["zuid120", "zuid0"]
