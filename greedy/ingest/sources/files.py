"""Rows of a file, whatever its format, by the names that we give their fields."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from greedy.errors import InputError
from greedy.ingest.sources.csv_file import read_csv
from greedy.ingest.sources.json_file import read_json
from greedy.ingest.sources.rows import FoundRow, Naming
from greedy.ingest.sources.workbook_file import read_sheet


def read_rows(path: Path, naming: Naming, *, encoding: str | None = None, sheet: str | None = None) -> Iterator[FoundRow]:
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
