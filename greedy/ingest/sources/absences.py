"""Absences: from the events of calendars, or from a list in CSV, JSON or Excel."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

from greedy.ingest.sources.base import FaultyRecord, SourceRecord
from greedy.ingest.sources.columns import Names
from greedy.ingest.sources.event_faults import MOST_DAYS
from greedy.ingest.sources.files import read_rows
from greedy.ingest.sources.rows import FoundRow
from greedy.ingest.sources.values import dagdelen_of, day_of, moment_of, number_of

ENTITY = "absences"
LONGEST_ID = 255
FIELDS: dict[str, tuple[str, ...]] = {
    "id": ("kenmerk", "verzuimnummer", "absence id", "nr"),
    "employee": ("medewerker", "personeelsnummer", "medewerkernummer", "employee id", "employee number", "naam", "name", "e-mail", "email"),
    "first_date": ("van", "from", "vanaf", "begin", "start", "begindatum", "eerste dag", "startdatum", "start date", "datum", "date"),
    "last_date": ("tot en met", "t/m", "until", "einde", "einddatum", "laatste dag", "end", "end date"),
    "days": ("dagen", "aantal dagen", "number of days"),
    "dagdelen": ("dagdeel", "part of day", "parts of day", "dayparts"),
    "reason": ("reden", "soort", "type", "verlofsoort", "omschrijving", "description"),
    "modified_at": ("gewijzigd op", "laatst gewijzigd", "last modified", "updated at"),
}
SIGNIFICANT = ("employee", "reason", "first_date", "last_date", "dagdelen", "calendar")


class AbsenceList:
    """The absences of a file, one a row: who, from when, until when (that day included) or for how many days, in which dagdelen, and why.

    Parameters
    ----------
    mapping
        Their names to ours, where the labels do not tell; see `columns.Names`.
    encoding, sheet
        As `rows.read_rows`.
    """

    entity_type = ENTITY
    significant: tuple[str, ...] | None = SIGNIFICANT

    def __init__(
        self,
        path: Path,
        system: str = ENTITY,
        mapping: Mapping[str, str] | None = None,
        *,
        encoding: str | None = None,
        sheet: str | None = None,
    ) -> None:
        self.system = system
        self._rows = partial(
            read_rows, path, Names(FIELDS, mapping=mapping, required=("employee", "first_date")), encoding=encoding, sheet=sheet
        )

    def read(self) -> Iterator[SourceRecord | FaultyRecord]:
        """All absences. One that does not say who or when is faulty.

        Raises
        ------
        InputError
            The file cannot be read, or not to its end; or its columns are not clear.
        """
        for found in self._rows():
            yield self._record(found)

    def _record(self, row: FoundRow) -> SourceRecord | FaultyRecord:
        fields = dict(row.fields)
        given = number_of(fields.pop("id", None))
        modified_at = moment_of(fields.pop("modified_at", None))
        known = given if given.isprintable() and 0 < len(given) <= LONGEST_ID else None
        if row.fault:
            return FaultyRecord(row.place, row.fault, external_id=known)
        try:
            data = _absence(fields)
        except ValueError as exc:
            return FaultyRecord(row.place, str(exc), external_id=known)
        natural = [data["employee"], data["first_date"], data["last_date"], data["dagdelen"]]
        external_id = known or digest(given or repr(natural))
        return SourceRecord(external_id, data, row.place, key=f"{self.system}:{external_id}", modified_at=modified_at)


def _absence(fields: dict[str, Any]) -> dict[str, Any]:
    """What a row says, as it goes into the database; raises ValueError when it does not say it.

    Other columns stay out: why somebody is ill is nobody's business here.
    """
    employee = number_of(fields.pop("employee", None))
    if not employee:
        raise ValueError("employee: nothing says who is absent")
    if "first_date" not in fields:
        raise ValueError("first_date: nothing says from when")
    first = _part(fields, "first_date", day_of)
    last = _part(fields, "last_date", day_of) if "last_date" in fields else None
    days = _part(fields, "days", _count) if "days" in fields else None
    if last and days and (last - first).days + 1 != days:
        raise ValueError(f"days: {first} to {last} are {(last - first).days + 1} days, not {days}")
    try:
        last = last or first + dt.timedelta(days=(days or 1) - 1)
    except OverflowError:
        raise ValueError("first_date or days: there is no such last day") from None
    if last < first:
        raise ValueError(f"last_date: {last} lies before {first}")
    if (last - first).days >= MOST_DAYS:
        raise ValueError(f"last_date: {first} to {last} is longer than {MOST_DAYS} days")
    dagdelen = _part(fields, "dagdelen", dagdelen_of) if "dagdelen" in fields else None
    if dagdelen == []:
        raise ValueError("dagdelen: none is given; leave it empty for whole days")
    return {
        "employee": employee,
        "reason": str(fields["reason"]) if "reason" in fields else None,
        "first_date": first.isoformat(),
        "last_date": last.isoformat(),
        "dagdelen": dagdelen,
    }


def _part(fields: dict[str, Any], name: str, read: Any) -> Any:  # noqa: ANN401  a reader and what it gives
    try:
        return read(fields.pop(name))
    except ValueError as exc:
        raise ValueError(f"{name}: {exc}") from None


def _count(value: object) -> int:
    text = number_of(value)
    if not (text.isascii() and text.isdigit() and 1 <= int(text) <= MOST_DAYS):
        raise ValueError(f"{text!r:.40} is no number of days from 1 to {MOST_DAYS}")
    return int(text)


def digest(text: str) -> str:
    """An id for what has none of its own: the same text, the same id."""
    return hashlib.sha256(text.encode()).hexdigest()[:32]
