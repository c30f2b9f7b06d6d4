"""Wishes of a workbook in a planning file: replaced by those of the next workbook, and nothing else is touched."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest
from pydantic import ValidationError

from greedy.errors import InputError
from greedy.formats.planning import RequestEntry, read_planning
from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables
from greedy.ingest.workbook.rows import PlacedRow
from greedy.ingest.workbook.wish import WishRow
from greedy.ingest.workbook.wishes import BEGIN, END, requests_of, write_wishes

DAY = dt.date(2025, 12, 24)
MINE = """# my own
timezone = "Europe/Amsterdam"   # ours

[[requests]]
employee = "EMP002"
dates = [2025-12-06]
wants = "work"

# what a missing shift costs
[demand]
must = 11 # not ten
# the end"""


def wish(**values: object) -> PlacedRow:
    return PlacedRow("requests", "Wensen", 2, {"employee": "EMP001", "first_date": DAY, "wants": "off", **values})


def requests(*employees: str) -> list[RequestEntry]:
    return requests_of([wish(employee=employee) for employee in employees])


def test_a_wish_for_a_period_names_each_of_its_days() -> None:
    (found,) = requests_of([wish(last_date=DAY + dt.timedelta(days=2), daypart="A", service="DIA", wants="work", priority=2, weight=3)])
    assert found == RequestEntry(
        employee="EMP001", dates=[DAY, DAY + dt.timedelta(days=1), DAY + dt.timedelta(days=2)], wants="work", service="DIA", daypart="A", priority=2, weight=3,
    )  # fmt: skip


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"last_date": dt.date(2025, 12, 23)}, "the last day 2025-12-23 lies before the first, 2025-12-24"),
        ({"last_date": dt.date(2028, 12, 24)}, "the wish is for 1097 days, at most 732"),
        ({"priority": 11}, "less than or equal to 10"),
        ({"weight": 0}, "greater than or equal to 1"),
    ],
)
def test_what_is_no_wish(values: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        WishRow.model_validate(wish(**values).values)


def test_a_new_file_is_one_that_a_run_can_read(tmp_path: Path, sample: PracticeTables) -> None:
    path = tmp_path / "new" / "planning.toml"
    write_wishes(requests("EMP001", "EMP003"), path)
    planning = read_planning(path)
    assert planning.file.requests == requests("EMP001", "EMP003")
    assert len(to_problem(sample, planning=planning).requests) == 2
    assert path.read_text() == (
        f'{BEGIN}\n[[requests]]\nemployee = "EMP001"\ndates = [2025-12-24]\nwants = "off"\n\n'
        f'[[requests]]\nemployee = "EMP003"\ndates = [2025-12-24]\nwants = "off"\n{END}\n'
    )


def test_names_that_need_quotes_come_back(tmp_path: Path) -> None:
    path = tmp_path / "planning.toml"
    names = ('Anna "de" Vries', "back\\slash", "emoji 🙂", "new\nline", "tab\there", "#no comment")
    write_wishes(requests(*names), path)
    assert tuple(request.employee for request in read_planning(path).file.requests) == names


@pytest.mark.parametrize("ending", ["", "\n", "\n\n"])
def test_what_else_the_file_holds_stays_to_the_letter(tmp_path: Path, ending: str) -> None:
    path = tmp_path / "planning.toml"
    path.write_text(MINE + ending)
    path.chmod(0o640)
    for employees in (("EMP001",), ("EMP003", "EMP004"), ("EMP005",)):
        write_wishes(requests(*employees), path)
        text = path.read_text()
        assert text.startswith(MINE + "\n")
        assert [request.employee for request in read_planning(path).file.requests] == ["EMP002", *employees]
        assert (text.count(BEGIN), path.stat().st_mode & 0o777) == (1, 0o640)
    once = path.read_text()
    write_wishes(requests("EMP005"), path)
    assert path.read_text() == once
    path.write_text(f"{once}\n[services.DIO]\nstandby = true\n")
    write_wishes([], path)
    assert path.read_text().rstrip().endswith("# the end\n\n\n[services.DIO]\nstandby = true")
    assert len(read_planning(path).file.requests) == 1


def test_windows_line_ends_and_a_byte_order_mark(tmp_path: Path) -> None:
    path = tmp_path / "planning.toml"
    path.write_bytes(b"\xef\xbb\xbf" + MINE.replace("\n", "\r\n").encode())
    write_wishes(requests("EMP001"), path)
    write_wishes(requests("EMP003"), path)
    assert [request.employee for request in read_planning(path).file.requests] == ["EMP002", "EMP003"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("requests = [{employee = 'EMP002', dates = [2025-12-06], wants = 'work'}]\n", "its requests are a list in brackets"),
        ("[[requests]\n", "is not TOML"),
        ("[wishs]\n", "has 1 fault"),
        (f"{BEGIN}\n[demand]\nmust = 9\n", "where the wishes of a workbook begin and end cannot be told"),
        (f"{END}\n{BEGIN}\n", "where the wishes of a workbook begin and end cannot be told"),
    ],
)
def test_a_file_that_cannot_take_wishes_is_left_alone(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "planning.toml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        write_wishes(requests("EMP001"), path)
    assert said in caught.value.message
    assert path.read_text() == text


def test_a_place_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    with pytest.raises(InputError, match="cannot write"):
        write_wishes(requests("EMP001"), tmp_path / "file" / "planning.toml")
