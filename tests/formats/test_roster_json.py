"""A roster as JSON: the round trip, and documents that do not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from greedy.errors import InputError
from greedy.formats.practice import to_problem
from greedy.formats.roster_json import to_document
from greedy.formats.rosters import read_roster
from greedy.formats.tables import PracticeTables
from greedy.model.problem import Problem
from greedy.solve.solve import solve


@pytest.fixture
def problem(sample: PracticeTables) -> Problem:
    return to_problem(sample)


def test_what_is_written_is_read_the_same(problem: Problem, tmp_path: Path) -> None:
    roster = solve(problem, "greedy").roster
    path = tmp_path / "roster.json"
    path.write_text(to_document(problem, roster).model_dump_json())
    assert read_roster(path, problem) == roster


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "is not a roster document"),
        ("{}", "is not a roster document"),
        ('{"roster_id": "other", "assignments": []}', "is a roster for other, not for"),
        (
            '{"roster_id": "8e91579a-21c3-439e-90c1-91728c541241", "assignments": '
            '[{"employee_id": "X", "date": "2025-11-24", "service_code": "Y"}]}',
            "does not fit the problem",
        ),
    ],
)
def test_documents_that_do_not_fit(problem: Problem, tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "roster.json"
    path.write_text(text)
    with pytest.raises(InputError, match=message):
        read_roster(path, problem)


def test_a_file_that_is_not_there(problem: Problem, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot read"):
        read_roster(tmp_path / "nothing.json", problem)
