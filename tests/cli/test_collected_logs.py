"""On Railway each line of stderr is an event in JSON, and says of which run and roster it is, from the first to the last."""

from __future__ import annotations

import json
import os
import uuid
from pathlib import Path
from typing import Any

import pytest

from tests import forked
from tests.timing import PATIENCE_SECONDS

ROSTER = "8e91579a-21c3-439e-90c1-91728c541241"
PROGRAM = "import sys\n{patch}\nfrom greedy.cli.main import main\nmain(sys.argv[1:])"
QUICK = ("--time-limit", "100")  # it ends when all is proven, at once


def run(*arguments: str, patch: str = "", **environment: str) -> tuple[int, str, list[dict[str, Any]]]:
    """Exit code, stdout, and the events, each of which has what a collector and a reader look for."""
    program = ["-c", PROGRAM.format(patch=patch)]
    around = {**os.environ, "RAILWAY_ENVIRONMENT_ID": "production", **environment}
    done = forked.run(program, *arguments, cwd=Path.cwd(), env=around, timeout=PATIENCE_SECONDS)
    events = [json.loads(line) for line in done.stderr.splitlines()]
    for event in events:
        assert event["message"]
        assert event["level"] in ("debug", "info", "warning", "error")
    return done.returncode, done.stdout, events


def of_one_run(events: list[dict[str, Any]]) -> bool:
    return len({event["run_id"] for event in events}) == 1 and {event["roster_id"] for event in events} == {ROSTER}


def test_a_run_tells_its_whole_story_in_events(sample_url: str) -> None:
    run_id = str(uuid.uuid4())
    code, out, events = run("run", "--run-id", run_id, *QUICK, DATABASE_URL=sample_url, ROOSTER_ID=ROSTER)
    assert (code, out) == (0, "")
    assert of_one_run(events)
    assert (events[0]["message"], events[0]["run_id"], events[0]["job_seconds"]) == ("run.begun", run_id, 600)
    last = events[-1]
    assert (last["message"], last["level"], last["success"], last["verified"]) == ("run.done", "info", True, True)
    assert (last["needed"], last["assigned"], last["open"], last["written"]["assignments"]) == (227, 227, 0, 221)
    assert [event["phase"] for event in events if event["message"] == "phase.done"] == ["load", "solve", "pairing", "database", "report"]


def test_stdout_is_the_document_when_asked(sample_url: str) -> None:
    code, out, events = run("run", ROSTER, "--json", *QUICK, DATABASE_URL=sample_url)
    assert (code, json.loads(out)["run_id"]) == (0, events[-1]["run_id"])
    assert of_one_run(events)


def test_an_error_is_one_event_with_the_next_step() -> None:
    code, out, events = run("run", ROSTER, DATABASE_URL="postgresql://anna:geheim@127.0.0.1:1/x", LOG_LEVEL="DEBUG")
    assert (code, out) == (2, "")
    assert of_one_run(events)
    last = events[-1]
    assert (last["level"], last["kind"], last["retryable"], last["exit_code"]) == ("error", "ConnectionError", True, 2)
    assert "cannot reach anna@127.0.0.1:1/x" in last["message"]
    assert "host and port" in last["next_step"]
    assert "geheim" not in json.dumps(events)


@pytest.mark.parametrize(
    ("arguments", "environment", "said"),
    [
        (["run", ROSTER], {}, "on Railway the embedded one would be lost"),
        (["run"], {"DATABASE_URL": "postgresql://x@127.0.0.1:1/x"}, "which roster?"),
        (["run", ROSTER], {"LOG_LEVEL": "LOUD"}, "settings are malformed"),
        (["run", ROSTER], {"GREEDY_JOB_TIME_LIMIT": "-1"}, "settings are malformed"),
        (["run", ROSTER], {"GREEDY_JOB_TIME_LIMIT": "1e10"}, "settings are malformed"),
        (["run", ROSTER, "--job-time-limit", "inf"], {}, "less than or equal to 1000000"),
        (["run", ROSTER, "--time-limit", "inf"], {}, "less than or equal to 1000000"),
        (["frobnicate"], {}, "No such command"),
    ],
)
def test_what_the_caller_must_mend(arguments: list[str], environment: dict[str, str], said: str) -> None:
    code, out, events = run(*arguments, **environment)
    assert (code, out, len([event for event in events if event["level"] == "error"])) == (1, "", 1)
    assert said in events[-1]["message"]
    assert events[-1]["next_step"]


def test_a_fault_of_a_setting_is_told_alone() -> None:
    _, _, events = run("run", ROSTER, LOG_LEVEL="LOUD")
    assert [detail.split(":")[0] for detail in events[-1]["details"]] == ["LOG_LEVEL"]


def test_what_libraries_and_python_itself_would_print(sample_url: str) -> None:
    """Logs of the standard library, warnings, exceptions that nobody catches, and what the solver's process prints."""
    patch = """
import logging, os, threading, warnings
from greedy.solve import process
from greedy.cli import running
process.PROGRAM = "import os; os.write(2, b'printed by native code' + bytes([10])); " + process.PROGRAM
real = running.log_outcome
class Fails:
    def __del__(self): raise ValueError("in a finalizer, with sb_secret_abcdefghijklmnop")
def noisy(outcome):
    logging.getLogger("httpx").warning("a library has something to say")
    logging.getLogger("httpcore").debug("apikey: sb_secret_abcdefghijklmnop")
    warnings.warn("a thing of the past", UserWarning)
    thread = threading.Thread(target=lambda: 1 / 0)
    thread.start()
    thread.join()
    Fails()
    real(outcome)
running.log_outcome = noisy
"""
    code, _, events = run("run", ROSTER, *QUICK, patch=patch, DATABASE_URL=sample_url, LOG_LEVEL="DEBUG")
    assert code == 0
    assert {event["roster_id"] for event in events} == {ROSTER}
    told = [event["message"] for event in events]
    assert "a library has something to say" in told
    assert any("a thing of the past" in text for text in told)
    assert [event.get("exception", "").splitlines()[-1] for event in events if event["message"] == "uncaught exception"] == [
        "ZeroDivisionError: division by zero",
        "ValueError: in a finalizer, with sb_secret_***",
    ]
    assert [event["line"] for event in events if event["message"] == "solver.said"] == ["printed by native code"]
    assert "abcdefghijklmnop" not in json.dumps(events)


def test_a_fault_of_the_program_is_an_event_too(sample_url: str) -> None:
    patch = "from greedy.cli import running\nrunning.run_roster = None"
    code, _, events = run("run", ROSTER, "--debug", patch=patch, DATABASE_URL=sample_url)
    assert code == 2
    assert "internal fault: TypeError" in events[-1]["message"]
    assert any("Traceback" in event.get("exception", "") for event in events)
