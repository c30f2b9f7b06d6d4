"""Employees as an HR system lists them, in CSV, JSON or Excel."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from greedy.formats.tables import EmployeeId
from greedy.ingest.sources.base import FaultyRecord, SourceRecord
from greedy.ingest.sources.columns import Names
from greedy.ingest.sources.files import read_rows
from greedy.ingest.sources.rows import FoundRow
from greedy.ingest.sources.values import dagdelen_of, day_of, moment_of, number_of
from greedy.ingest.workbook.layout import EMPLOYEES

ABSENCE = "structureel_nbh"
DAYS = ("in_dienst", "uit_dienst")
FIELDS: dict[str, tuple[str, ...]] = {
    **{column.field: column.labels for column in EMPLOYEES.columns},
    ABSENCE: ("structureel niet beschikbaar", "structural absence"),
    "in_dienst": ("datum in dienst", "in dienst sinds", "startdatum", "hire date", "start date"),
    "uit_dienst": ("datum uit dienst", "einddatum", "end date", "termination date"),
    "modified_at": ("gewijzigd op", "laatst gewijzigd", "last modified", "updated at"),
}
FIELDS["id"] += ("personeelsnr", "medewerkernr", "medewerker", "employee", "employee no", "personnel number", "staff number")
SIGNIFICANT = tuple(name for name in FIELDS if "." not in name and name != "modified_at")
employee_id = TypeAdapter(EmployeeId)


class HrEmployees:
    """The employees of a file. What it calls otherwise than we do is renamed; what we do not know is kept as it is called.

    Parameters
    ----------
    mapping
        Their names to ours, where the labels do not tell; see `columns.Names`.
    encoding, sheet
        As `rows.read_rows`.
    """

    entity_type = "employees"
    significant: tuple[str, ...] | None = SIGNIFICANT

    def __init__(
        self,
        path: Path,
        system: str = "hr",
        mapping: Mapping[str, str] | None = None,
        *,
        encoding: str | None = None,
        sheet: str | None = None,
    ) -> None:
        self.system = system
        self._rows = partial(read_rows, path, Names(FIELDS, mapping=mapping, required=("id",)), encoding=encoding, sheet=sheet)

    def read(self) -> Iterator[SourceRecord | FaultyRecord]:
        """All employees. One without a number, or with a day that is none, is faulty.

        Raises
        ------
        InputError
            The file cannot be read, or not to its end; or its columns are not clear.
        """
        for found in self._rows():
            yield record_of(found)


def record_of(row: FoundRow) -> SourceRecord | FaultyRecord:
    """The record of a row whose fields have our names."""
    fields = dict(row.fields)
    number = number_of(fields.pop("id", None))
    unusable = _number_fault(number)
    if unusable:
        return FaultyRecord(row.place, row.fault or unusable)
    if row.fault:
        return FaultyRecord(row.place, row.fault, external_id=number)
    modified_at = moment_of(fields.pop("modified_at", None))
    data: dict[str, Any] = {"id": number}
    absence: dict[str, list[str]] = {}
    for name, value in fields.items():
        column, _, weekday = name.partition(".")
        try:
            if column == ABSENCE and weekday and name in FIELDS:
                absence[weekday] = dagdelen_of(value)
            else:
                data[name] = day_of(value).isoformat() if name in DAYS else value
        except ValueError as exc:
            return FaultyRecord(row.place, f"{name}: {exc}", external_id=number)
    if absence:
        data.setdefault(ABSENCE, absence)
    return SourceRecord(number, data, row.place, key=number, modified_at=modified_at)


def _number_fault(number: str) -> str | None:
    if not number:
        return "the number of the employee is missing"
    if not number.isprintable():  # it would be another one than the number that it looks like
        return f"{number!r:.80} is no number of an employee: it has a character that cannot be seen"
    try:
        employee_id.validate_python(number)
    except ValidationError:
        return f"{number!r:.80} is no number of an employee: at most 64 characters, in one line"
    return None
