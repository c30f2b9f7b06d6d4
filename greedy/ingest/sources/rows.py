"""Rows of a file, whatever its format, by the names that we give their fields."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

from greedy.errors import InputError
from greedy.ingest.sources.base import FaultyRecord


@dataclass(frozen=True)
class FoundRow:
    """A row: where it stands, and its fields. A field that is empty is left out."""

    place: str
    fields: dict[str, Any]


class Naming(Protocol):
    """What the fields of a file are called by us."""

    def of_header(self, header: Sequence[str], file: str) -> Sequence[str]:
        """Our name for each column. Raises InputError when that is not clear, or one that must be there is missing."""
        ...

    def of_object(self, keys: Sequence[str], file: str) -> Sequence[str]:
        """Our name for each key of one object. Raises InputError when that is not clear."""
        ...


Reader = Callable[[Path, Naming, str | None, str | None], Iterator[FoundRow | FaultyRecord]]


def read_rows(path: Path, naming: Naming, *, encoding: str | None = None, sheet: str | None = None) -> Iterator[FoundRow | FaultyRecord]:
    """The rows of a CSV, JSON or Excel file, one after the other; which of them it is, its name says.

    Parameters
    ----------
    encoding
        Of a text file without a mark; None for UTF-8.
    sheet
        Of a workbook; None for its first.

    Raises
    ------
    InputError
        The file cannot be read, or not to its end; or its columns are not clear.
    """
    from greedy.ingest.sources.csv_file import read_csv
    from greedy.ingest.sources.json_file import read_json
    from greedy.ingest.sources.workbook_file import read_sheet

    match path.suffix.lower():
        case ".csv" | ".tsv" | ".txt":
            return read_csv(path, naming, encoding=encoding)
        case ".json" | ".jsonl" | ".ndjson":
            return read_json(path, naming, encoding=encoding)
        case ".xlsx" | ".xlsm" | ".xls" | ".xlsb" | ".ods":
            return read_sheet(path, naming, sheet=sheet)
    raise InputError(
        f"{path}: what is in the file its name does not say", next_step="call it .csv, .json, .jsonl or .xlsx, as which it was written"
    )


def is_empty(value: object) -> bool:
    """Whether a cell holds nothing."""
    return value is None or (isinstance(value, str) and not value.strip())


DAY_FORMATS = ("%Y-%m-%d", "%d-%m-%Y", "%d/%m/%Y", "%d.%m.%Y", "%Y%m%d")


def day_of(value: object) -> dt.date:
    """The day that a value means: a date, 2025-11-24, 24-11-2025 (the day first, as is usual here), or a moment, of which it is the day.

    Raises
    ------
    ValueError
        It means none.
    """
    if isinstance(value, dt.datetime):
        return value.date()
    if isinstance(value, dt.date):
        return value
    text = str(value).strip()
    for form in DAY_FORMATS:
        try:
            return dt.datetime.strptime(text, form).date()  # noqa: DTZ007  a day has no time zone
        except ValueError:
            continue
    try:
        return dt.datetime.fromisoformat(text).date()
    except ValueError:
        raise ValueError(f"{text!r:.40} is no date; write it as 2025-11-24 or 24-11-2025") from None
