"""Every example of the database service runs, says what it shows, and leaves nothing behind."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from greedy.cli.main import main
from greedy.database.connector import DBConnector
from greedy.database.examples import examples, run_example
from greedy.database.examples.rows import main as rows

SAYS = {
    "injected_connection": ["rolled back: changed my mind", "seen by a plain function in a thread: ['kept']"],
    "large_data": ["copied in: 20000", "copied out: 11, the first line: E1999,Name 1999"],
    "project_schemas": ["as it was made: 0 divergences", "off trigger roster_assignments.keep_blocking_true_after_delete: state is off"],
    "query_times": ["20 x select count(*) from employees: 0 errors, slow 0 times", " 1 x select pg_sleep(?): 0 errors, slow 1 times"],
    "rows": ["table employees has no column vornaam. Did you mean: voornaam?", "found: ['Chris', 'Anna']", "deleted: 1"],
    "statements": ["refused: SQLSTATE 23514, constraint rosters_check, worth another try: False", "rosters: ['winter']"],
    "what_if": ["demand of the copy: 5", "in the trial: 0", "after the trial: 5"],
}
SCHEMAS = "select count(*) from pg_namespace where nspname like 'example%'"


@pytest.mark.parametrize("name", list(examples()))
async def test_an_example_says_what_it_shows_and_leaves_nothing(name: str, database_url: str, db: DBConnector) -> None:
    said: list[str] = []
    await run_example(examples()[name], database_url, said.append)
    assert [line for line in SAYS[name] if line not in said] == []
    assert await db.execute(SCHEMAS, fetch_val=True) == 0


async def test_an_example_that_fails_leaves_nothing_either(database_url: str, db: DBConnector) -> None:
    def stop(_: str) -> None:
        raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        await run_example(examples()["rows"], database_url, stop)
    assert await db.execute(SCHEMAS, fetch_val=True) == 0


def test_the_list_names_all_and_their_files(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["db", "examples", "list", "--json"])
    listed = json.loads(capsys.readouterr().out)["examples"]
    assert (ended.value.code, {each["name"] for each in listed}) == (0, set(SAYS))
    assert all(Path(each["path"]).is_file() and each["shows"] for each in listed)
    assert examples()["rows"].main is rows


def test_the_run_command_runs_what_is_asked(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["db", "examples", "run", "rows", "statements", "--database", database_url])
    out = capsys.readouterr().out
    assert ended.value.code == 0
    assert all(line in out.splitlines() for name in ("rows", "statements") for line in SAYS[name])


def test_the_run_command_prints_one_document(database_url: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["db", "examples", "run", "what_if", "--json", "--database", database_url])
    (one,) = json.loads(capsys.readouterr().out)["examples"]
    assert (one["name"], one["shows"], one["said"][-1]) == ("what_if", examples()["what_if"].shows, "after the trial: 5")


def test_an_unknown_example_is_told_with_those_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["db", "examples", "run", "nothing"])
    assert ended.value.code == 1
    assert "there is no example nothing" in (err := capsys.readouterr().err)
    assert "what_if" in err
