"""Values of a source that we need in one form, whatever form they have there."""

from __future__ import annotations

import datetime as dt
import re

from greedy.ingest.workbook.layout import DAGDELEN, Column, Kind
from greedy.ingest.workbook.rows import folded
from greedy.ingest.workbook.sheet_scan import Broken
from greedy.ingest.workbook.values import CellReader

MIDNIGHT = re.compile(r"[T ]00:00(:00(\.0+)?)?(Z|[+-]\d\d:?\d\d)?$")  # how programs write a day that they keep as a moment
ORDER = [str(choice.value) for choice in DAGDELEN]
WHOLE_DAY = frozenset(("hele dag", "dag", "all day", "day"))

_days = CellReader(Column("day", ("Dag",), Kind.DATE))
_dagdelen = CellReader(Column("dagdelen", ("Dagdelen",), Kind.DAGDELEN))


def day_of(value: object) -> dt.date:
    """The day that a text means, as 2025-11-24, 24-11-2025 or 24 nov 2025.

    Raises
    ------
    ValueError
        It means none, or could mean two.
    """
    day = _read(_days, MIDNIGHT.sub("", value.strip()) if isinstance(value, str) else value)
    if not isinstance(day, dt.date):
        raise ValueError("it is empty")  # noqa: TRY004  of the value, not of its type
    return day


def dagdelen_of(value: object) -> list[str]:
    """The dagdelen of `O M`, `OM`, `ochtend, middag`, `hele dag` or a list of such, in their order; `-` is none of them.

    Raises
    ------
    ValueError
        A part of it is no dagdeel.
    """
    text = " ".join(map(str, value)) or "-" if isinstance(value, list) else str(value)
    if folded(text) in WHOLE_DAY:
        return list(ORDER)
    found = _read(_dagdelen, text)
    return sorted(map(str, found), key=ORDER.index) if isinstance(found, list) else []


def number_of(value: object) -> str:
    """A number by which something is known, as text; 123.0, as a spreadsheet has it, is 123, and leading zeros of a text stay."""
    if isinstance(value, bool | list | dict) or value is None:
        return ""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def moment_of(value: object) -> dt.datetime | None:
    """The moment that a text means; None when it is none, or has no time zone, so that nobody knows when it was."""
    try:
        moment = dt.datetime.fromisoformat(str(value))
    except ValueError:
        return None
    return moment if moment.tzinfo else None


def _read(reader: CellReader, value: object) -> object:
    if not isinstance(value, str | int | float):
        raise ValueError(f"{value!r:.40} is no value of one cell")  # noqa: TRY004  of the value, not of its type
    read = reader.read(value)
    if isinstance(read, Broken):
        raise ValueError(read.message)  # noqa: TRY004  as above
    return read
