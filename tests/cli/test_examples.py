"""greedy db examples: each is named, and each runs and leaves nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from greedy.database.examples import examples
from tests.cli.test_cli import Greedy
from tests.database.sync.conftest import ask


@pytest.fixture
def greedy(tmp_path: Path, database_url: str) -> Greedy:
    """The command over a migrated, empty database."""
    return Greedy(tmp_path, DATABASE_URL=database_url)


async def test_all_run_and_leave_nothing(greedy: Greedy, database_url: str) -> None:
    listed = greedy.json("db", "examples", "list")["examples"]
    assert [one["name"] for one in listed] == list(examples())
    assert all(Path(one["path"]).is_file() and one["shows"] for one in listed)
    done = greedy("db", "examples", "run")
    assert done.returncode == 0, done.stderr
    assert [line.split()[1].rstrip(":") for line in done.stdout.splitlines() if line.startswith("== ")] == list(examples())
    assert await ask(database_url, "select count(*) from pg_namespace where nspname ~ '^(example|greedy)'") == 0
    assert await ask(database_url, "select count(*) from rosters") == 0


def test_some_by_name(greedy: Greedy) -> None:
    (one,) = greedy.json("db", "examples", "run", "what_if")["examples"]
    assert (one["name"], one["said"][-1]) == ("what_if", "after the trial: 5")
    assert "there is no example nothing" in greedy.fails(1, "db", "examples", "run", "what_if", "nothing")
    assert greedy("db", "examples", "list").stdout.startswith("injected_connection")


@pytest.mark.parametrize("group", [("db",), ("db", "schema"), ("db", "examples")])
def test_a_group_alone_is_its_help(greedy: Greedy, group: tuple[str, ...]) -> None:
    done = greedy(*group)
    assert (done.returncode, done.stderr) == (0, "")
    assert "Usage: greedy " + " ".join(group) in done.stdout
