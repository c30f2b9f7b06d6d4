"""Rosters as files: JSON, the XML of schedulingbenchmarks.org, or the planted solution in a SQLite file."""

from __future__ import annotations

from pathlib import Path

from greedy.errors import InputError
from greedy.formats import roster_json, roster_xml
from greedy.formats.practice_sqlite import is_sqlite, read_planted
from greedy.model.problem import Problem
from greedy.model.roster import Roster


def read_roster(path: Path, problem: Problem) -> Roster:
    """Read a roster that was made for `problem`; whether it is JSON, XML or SQLite is seen from its content.

    Raises
    ------
    InputError
        The file is no such document, is of another roster, or names what the problem does not have; every fault is listed.
    OutsideError
        Another program writes to the SQLite file.
    """
    if is_sqlite(path):
        return roster_json.to_roster(read_planted(path, problem.roster_id), str(path), problem)
    try:
        content = path.read_bytes()
    except OSError as exc:
        raise InputError(f"cannot read {path}: {exc.strerror}") from exc
    if content.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"<"):
        return roster_xml.parse_xml(content, str(path), problem)
    return roster_json.to_roster(roster_json.parse_document(content, str(path)), str(path), problem)


def roster_text(path: Path, problem: Problem, roster: Roster) -> str:
    """What to write into `path`: XML when its name ends in .xml or .ros, JSON otherwise.

    Raises
    ------
    InputError
        The roster cannot be told in that format.
    """
    if path.suffix.lower() in roster_xml.ENDINGS:
        return roster_xml.to_xml(problem, roster)
    return roster_json.to_document(problem, roster).model_dump_json(indent=1) + "\n"
