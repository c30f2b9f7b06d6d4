"""A chunk as the texts of CSV files: some hold the rows of all practices, the others those of one roster."""

from __future__ import annotations

import csv
import datetime as dt
import io
from collections import defaultdict
from collections.abc import Mapping
from operator import itemgetter
from typing import Any, NamedTuple, TypeAlias

from greedy.formats.practice_csv import to_text
from greedy.formats.tables import TABLES as PRACTICE_TABLES
from greedy.generate.planting.documents import planning_document, planted_document
from greedy.generate.sinks.base import Chunk
from greedy.generate.tables import TABLES, Batch

SHARED_TABLES = ("service_types", "service_blocking_rules")  # the same in every roster's folder
TABLES_OF_ALL = ("regions", "practices", "teams", "contracts", "absences", "planted_rosters", "wishes")
ROSTER_TABLES = tuple(name for name in PRACTICE_TABLES if name not in SHARED_TABLES)

Rows: TypeAlias = list[tuple[Any, ...]]


class CsvPart(NamedTuple):
    """Texts of a chunk, and how many rows of each table they hold.

    of_all
        Lines by table, for the file that all practices share; with headings in the first chunk.
    shared
        Files that go into every roster's folder, by name; in the first chunk alone.
    of_rosters
        The other files of each roster, by the number of its practice and by name.
    """

    of_all: dict[str, str]
    shared: dict[str, str]
    of_rosters: dict[int, dict[str, str]]
    rows: dict[str, int]


def csv_part(chunk: Chunk) -> CsvPart:
    """The texts of a chunk."""
    rows: dict[str, Rows] = {name: [] for name in TABLES} | {batch.table.name: _rows(batch) for batch in chunk.batches}
    first = chunk.practices.start == 0
    return CsvPart(
        of_all={name: _text(name, rows[name], heading=first) for name in TABLES_OF_ALL},
        shared={f"{name}.csv": _text(name, rows[name]) for name in SHARED_TABLES} if first else {},
        of_rosters=_of_rosters(rows),
        rows={name: len(own) for name, own in rows.items()},
    )


def _of_rosters(rows: dict[str, Rows]) -> dict[int, dict[str, str]]:
    numbers: dict[str, int] = dict(_picked(rows, "practices", "id", "number"))
    of_roster = {roster: numbers[practice] for roster, practice in _picked(rows, "planted_rosters", "roster_id", "practice_id")}
    of_team = {team: numbers[practice] for team, practice in _picked(rows, "teams", "id", "practice_id")}
    of_employee = {employee: of_team[team] for employee, team in _picked(rows, "contracts", "employee_id", "team_id")}
    by_number = {name: _split(rows, name, of_roster | of_employee) for name in (*ROSTER_TABLES, "wishes", "planted_assignments")}
    return {number: _files(roster, {name: split[number] for name, split in by_number.items()}) for roster, number in of_roster.items()}


def _files(roster_id: str, rows: dict[str, Rows]) -> dict[str, str]:
    """What the folder of a roster holds, besides what all share."""
    planted = _columns(rows, "planted_assignments", "employee_id", "date", "service_id")
    wishes = _columns(rows, "wishes", "employee_id", "wants", "date", "service_id")
    return {
        **{f"{name}.csv": _text(name, rows[name]) for name in ROSTER_TABLES},
        "planted.json": planted_document(roster_id, *planted),
        "planning.toml": planning_document(*wishes),
    }


def _rows(batch: Batch) -> Rows:
    return list(zip(*batch.columns, strict=True))


def _picked(rows: Mapping[str, Rows], table: str, *columns: str) -> Rows:
    """Some values of each row of a table."""
    pick = itemgetter(*(TABLES[table].columns.index(column) for column in columns))
    return [pick(row) for row in rows[table]]


def _columns(rows: Mapping[str, Rows], table: str, *columns: str) -> list[list[Any]]:
    """Some columns of a table."""
    return [[row[position] for row in rows[table]] for position in map(TABLES[table].columns.index, columns)]


def _split(rows: Mapping[str, Rows], table: str, number_of: Mapping[Any, int]) -> dict[int, Rows]:
    """The rows of a table by the number of their practice, which their roster or employee tells."""
    columns = TABLES[table].columns
    key = columns.index("roster_id" if "roster_id" in columns else "id")
    found: dict[int, Rows] = defaultdict(list)
    for row in rows[table]:
        found[number_of[row[key]]].append(row)
    return found


def _text(table: str, rows: Rows, *, heading: bool = True) -> str:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    if heading:
        writer.writerow(TABLES[table].columns)
    if any(isinstance(value, dict | dt.time) for row in rows[:1] for value in row):
        rows = [tuple(map(to_text, row)) for row in rows]
    writer.writerows(rows)
    return text.getvalue()
