"""Rosters as XML: the round trip, and documents that do not fit."""

from __future__ import annotations

from pathlib import Path

import pytest

from greedy.errors import InputError
from greedy.formats.rosters import read_roster, roster_text
from greedy.model.problem import Assignment
from greedy.model.roster import Roster
from tests.build import SERVICES, problem

ONE_DAYPART = problem(
    teams=("Groen", "Groen"), dayparts=("day",), services=(SERVICES[2],), blocking_rules=(), capabilities={(0, 0): 9, (1, 0): 9}
)


def test_what_is_written_is_read_the_same(tmp_path: Path) -> None:
    roster = Roster.of([Assignment(0, 0, 0), Assignment(1, 2, 0)])
    for path in (tmp_path / "roster.xml", tmp_path / "roster.ROS", tmp_path / "roster.json"):
        path.write_text(roster_text(path, ONE_DAYPART, roster))
        assert read_roster(path, ONE_DAYPART) == roster


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("<Roster>", "is not XML"),
        ("<html/>", "its root is html, not Roster"),
        ('<Roster><Employee ID="X"/></Roster>', "no employee has the id 'X'"),
        ('<Roster><Employee ID="E0"><Assign><Day>0</Day><Shift>N</Shift></Assign></Employee></Roster>', "no shift has the id 'N'"),
        ('<Roster><Employee ID="E0"><Assign><Day>-1</Day><Shift>OSP</Shift></Assign></Employee></Roster>', "'-1' is no day"),
        ('<Roster><Employee ID="E0"><Assign><Shift>OSP</Shift></Assign></Employee></Roster>', "'' is no day"),
    ],
)
def test_what_does_not_fit_is_told(tmp_path: Path, text: str, said: str) -> None:
    path = tmp_path / "roster.xml"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        read_roster(path, ONE_DAYPART)
    assert said in "\n".join([caught.value.message, *caught.value.details])
