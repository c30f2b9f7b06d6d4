"""Rows of a CSV file, in memory that does not grow with it."""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from greedy.errors import InputError
from greedy.ingest.sources.rows import FoundRow, Naming, named_columns
from greedy.ingest.sources.text_file import lines_of, open_text

DELIMITERS = (",", ";", "\t", "|")


def read_csv(path: Path, naming: Naming, *, encoding: str | None = None) -> Iterator[FoundRow]:
    """The rows of a CSV file; its delimiter is the one of its header: comma, semicolon, tab or bar.

    Raises
    ------
    InputError
        It is no text of its encoding, its header is missing or not clear, or a quote in it never ends.
    """
    with open_text(path, encoding) as file:
        lines = lines_of(path, file)
        passed, first = _first_line(lines)
        if not first:
            raise InputError(f"{path} is empty", next_step="export it again")
        delimiter = _delimiter(first)
        if first.lower().startswith("sep=") and len(first.rstrip("\r\n")) == len("sep=") + 1:  # a line that Excel writes for itself
            delimiter, passed, first = first[4], passed + 1, ""
        reader = csv.reader(chain([first], lines) if first else lines, delimiter=delimiter, strict=True)
        begin = passed + 1
        names: Sequence[str] | None = None
        while True:
            place = f"{path.name}:{begin}"
            try:
                values = next(reader)
            except StopIteration:
                break
            except csv.Error as exc:
                if names is None or passed + reader.line_num > begin or "unexpected end" in str(exc):
                    raise InputError(
                        f"{place}: not CSV from here on: {exc}", next_step="close the quote that is opened here, or export the file again"
                    ) from exc
                yield FoundRow(place, {}, f"not CSV: {exc}")
            else:
                if names is None:
                    names = named_columns(values, naming, path.name)
                elif any(map(str.strip, values)):
                    yield _row(place, names, values)
            begin = passed + reader.line_num + 1
        if names is None:
            raise InputError(f"{path} has no header", next_step="export it again")


def _first_line(lines: Iterator[str]) -> tuple[int, str]:
    """How many blank lines stand before the first that is none, and that one."""
    passed = 0
    for line in lines:
        if line.strip():
            return passed, line
        passed += 1
    return passed, ""


def _delimiter(header: str) -> str:
    unquoted = re.sub(r'"[^"]*"', "", header)
    return max(DELIMITERS, key=unquoted.count)


def _row(place: str, names: Sequence[str], values: list[str]) -> FoundRow:
    fields = {name: text for name, value in zip(names, values, strict=False) if (text := value.strip())}
    return FoundRow(place, fields, _fault_of(fields, names, values))


def _fault_of(fields: dict[str, str], names: Sequence[str], values: list[str]) -> str | None:
    if len(values) < len(names) or any(map(str.strip, values[len(names) :])):
        return f"{len(values)} values for {len(names)} columns"
    if "" in fields:
        return f"the value {fields['']!r:.40} stands in a column that has no name"
    broken = [name for name, text in fields.items() if "\0" in text]
    return f"{', '.join(broken)}: the value holds a NUL character" if broken else None
