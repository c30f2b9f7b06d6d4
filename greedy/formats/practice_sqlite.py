"""Practice tables in a SQLite file, of one roster or of many, and the planted solution of each that was generated."""

from __future__ import annotations

import difflib
import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import NamedTuple

from pydantic import ValidationError

from greedy.errors import InputError, OutsideError
from greedy.formats.roster_json import RosterDocument, parse_document
from greedy.formats.row_faults import column_faults, fault_count, joined, value_faults
from greedy.formats.tables import TABLES, PracticeTables, Row

HEADER = b"SQLite format 3\x00"
LOCK_SECONDS = 5.0
SHOWN_ROSTERS = 10

# The rows of one roster. Who belongs to it, everybody with a capability or a slot, is what a database of practices goes by too.
WHICH = {
    "rosters": "id = :roster",
    "employees": "id in (select employee_id from roster_employee_services where roster_id = :roster "
    "union select employee_id from roster_assignments where roster_id = :roster)",
    "roster_employee_services": "roster_id = :roster",
    "roster_period_staffing_dagdelen": "roster_id = :roster",
    "roster_assignments": "roster_id = :roster",
}
ROSTERS = "select id, naam, start_date, end_date from rosters order by start_date, length(naam), naam, id"
PLANTED = """
select employee_id, date, code as service_code from planted_assignments join service_types on service_types.id = service_id
where roster_id = :roster order by date, employee_id, planted_assignments.dagdeel
"""


class _Roster(NamedTuple):
    """A roster as the file has it."""

    id: str
    name: str | None
    first: str
    last: str

    def __str__(self) -> str:
        return f"{self.id}  {self.first} to {self.last}  {self.name or ''}".rstrip()


@dataclass
class _Table:
    """What one table held: rows that are valid by themselves, where each stands, and the faults."""

    rows: list[Row] = field(default_factory=list)
    places: list[object] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def is_sqlite(path: Path) -> bool:
    """Whether there is a file that is a SQLite database, by its first bytes.

    Raises
    ------
    InputError
        The file cannot be read.
    """
    if not path.is_file():
        return False
    try:
        with path.open("rb") as file:
            return file.read(len(HEADER)) == HEADER
    except OSError as exc:
        raise InputError(f"cannot read {path}: {exc.strerror}", next_step="give a file that you may read") from exc


def read_practice_sqlite(path: Path, roster: str | None = None) -> PracticeTables:
    """Read the tables of one roster.

    Parameters
    ----------
    path
        A SQLite file with the practice tables; it is not changed.
    roster
        Id or name of the roster; may be left out when the file holds one.

    Raises
    ------
    InputError
        The file is damaged, holds no such roster, or several and none is named; or with every fault of every table:
        `employees, row 5: team: Input should be 'Groen', ...`, where the row is SQLite's rowid, or else its key.
    OutsideError
        Another program writes to the file.
    """
    with _opened(path) as db:
        _refuse_other_tables(db, path)
        chosen = _choose(db, path, roster)
        read = {name: _read_table(db, name, model, chosen.id) for name, model in TABLES.items()}
    faults = [fault for table in read.values() for fault in table.faults]
    if not faults:
        rows = {name: table.rows for name, table in read.items()}
        tables, faults = joined(rows, lambda table, position: f"{table}, row {read[table].places[position]}")
        if not faults:
            return tables
    raise InputError(f"{path} has {fault_count(len(faults))}; nothing was read from it", details=faults, next_step="mend these rows")


def read_planted(path: Path, roster_id: str) -> RosterDocument:
    """The solution that was planted for a roster.

    Raises
    ------
    InputError
        The file is damaged, or knows no solution of this roster.
    OutsideError
        Another program writes to the file.
    """
    with _opened(path) as db:
        rows = db.execute(PLANTED, {"roster": roster_id}).fetchall() if _columns(db, "planted_assignments") else []
        if not rows and not _is_planted(db, roster_id):
            raise InputError(
                f"{path} knows no solution of the roster {roster_id}", next_step="greedy generate --to makes files with planted solutions"
            )
    text = json.dumps({"roster_id": roster_id, "assignments": [dict(row) for row in rows]})
    return parse_document(text, f"{path}, the solution of the roster {roster_id},")


def _is_planted(db: sqlite3.Connection, roster_id: str) -> bool:
    """Whether a solution is known of the roster, be it that nobody works: where no shift can be filled."""
    known = _columns(db, "planted_rosters") and db.execute("select 1 from planted_rosters where roster_id = ?", [roster_id]).fetchone()
    return bool(known)


@contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """The file as it is at one moment, for reading alone."""
    try:
        with closing(sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, timeout=LOCK_SECONDS, isolation_level=None)) as db:
            db.row_factory = sqlite3.Row
            db.text_factory = lambda text: text.decode("utf-8", "surrogateescape")  # a fault of its row, not of the file
            db.execute("begin")
            yield db
    except sqlite3.Error as exc:
        match getattr(exc, "sqlite_errorcode", 0) & 0xFF:  # the rest are details of it
            case sqlite3.SQLITE_BUSY:
                raise OutsideError(f"{path} is locked: another program writes to it", next_step="try again later", retryable=True) from exc
            case sqlite3.SQLITE_CORRUPT | sqlite3.SQLITE_NOTADB:
                raise InputError(f"{path} is damaged, or encrypted: {exc}", next_step="take a copy that is whole") from exc
            case sqlite3.SQLITE_READONLY | sqlite3.SQLITE_CANTOPEN if path.is_file():
                raise InputError(
                    f"cannot read {path}: {exc}",
                    next_step="where its folder may not be written to, copy it to another one, and a file with -wal at its end as well",
                ) from exc
            case _:
                raise InputError(f"cannot read {path}: {exc}", next_step="give a SQLite file with the practice tables") from exc


def _columns(db: sqlite3.Connection, table: str) -> list[str]:
    return [row["name"] for row in db.execute("select name from pragma_table_info(?)", [table])]


def _refuse_other_tables(db: sqlite3.Connection, path: Path) -> None:
    faults = []
    for name, model in TABLES.items():
        columns = _columns(db, name)
        faults += [f"{name}: {fault}" for fault in column_faults(columns, model)] if columns else [f"{name}: the table is missing"]
    if faults:
        raise InputError(f"{path} has not the tables of a practice", details=faults, next_step="docs/tables.md tells what they are")


def _choose(db: sqlite3.Connection, path: Path, wanted: str | None) -> _Roster:
    rosters = [_Roster(*row) for row in db.execute(ROSTERS)]
    if not rosters:
        raise InputError(f"{path} holds no roster", next_step="greedy generate --to makes files with rosters")
    found = rosters if wanted is None else [one for one in rosters if wanted.lower() == one.id.lower()]
    found = found or [one for one in rosters if one.name == wanted]
    if len(found) == 1:
        return found[0]
    if not found:
        near = difflib.get_close_matches(str(wanted), [one.name or "" for one in rosters], 1)
        message = f"{path} holds no roster {wanted!r}" + (f"; did you mean {near[0]!r}?" if near else "")
    else:
        message = f"{path} holds {len(found):,} rosters" + (f" of the name {wanted!r}" if wanted else "") + "; which one?"
    shown = found or rosters
    how = "--roster ID" if found and wanted else "--roster ID, or --roster NAME"
    more = [f"and {len(shown) - SHOWN_ROSTERS:,} more"] if len(shown) > SHOWN_ROSTERS else []
    raise InputError(message, details=[*map(str, shown[:SHOWN_ROSTERS]), *more], next_step=f"name one: {how}")


def _read_table(db: sqlite3.Connection, name: str, model: type[Row], roster_id: str) -> _Table:
    table = _Table()
    columns = [column for column in _columns(db, name) if column in model.model_fields]
    # Names of columns and tables are the models' own.
    query = f"select {_place(db, name)}, {', '.join(columns)} from {name} where {WHICH.get(name, '1')} order by 1"  # noqa: S608
    for place, *values in db.execute(query, {"roster": roster_id}):
        given = {column: value for column, value in zip(columns, values, strict=True) if value is not None}
        try:
            table.rows.append(model.model_validate(given))
            table.places.append(place)
        except ValidationError as exc:
            table.faults.extend(f"{name}, row {place}: {fault}" for fault in value_faults(exc))
    return table


def _place(db: sqlite3.Connection, table: str) -> str:
    """What tells a row of a table from the others: its rowid; its key in a table without; in a view its number."""
    kind, without_rowid = db.execute("select type, wr from pragma_table_list(?) where schema = 'main'", [table]).fetchone()
    if kind == "table" and not without_rowid:
        return "rowid"
    key = [row["name"] for row in db.execute("select name from pragma_table_info(?) where pk order by pk", [table])]
    return " || ' ' || ".join(f'"{column}"' for column in key) or "row_number() over ()"
