"""Rows of a CSV file, in memory that does not grow with it."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import chain
from pathlib import Path

from greedy.errors import InputError
from greedy.ingest.sources.base import FaultyRecord
from greedy.ingest.sources.rows import FoundRow, Naming
from greedy.ingest.sources.text_file import lines_of, open_text

DELIMITERS = (",", ";", "\t", "|")


def read_csv(path: Path, naming: Naming, *, encoding: str | None = None) -> Iterator[FoundRow | FaultyRecord]:
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
            raise InputError(f"{path} is empty", next_step="export it again: a file without records has at least its header")
        delimiter = _delimiter(first)
        if first.lower().startswith("sep=") and len(first.strip()) == len("sep=") + 1:  # a line that Excel writes for itself
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
                yield FaultyRecord(place, f"not CSV: {exc}")
            else:
                if names is None:
                    names = _names(values, naming, path)
                elif any(map(str.strip, values)):
                    yield _row(place, names, values)
            begin = passed + reader.line_num + 1
        if names is None:
            raise InputError(f"{path} has no header", next_step="export it again: a file without records has at least its header")


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


def _names(header: list[str], naming: Naming, path: Path) -> list[str]:
    """Our name for each column; empty for one without a name."""
    stripped = [name.strip() for name in header]
    named = [name for name in stripped if name]
    repeated = [name for name, times in Counter(named).items() if times > 1]
    if repeated:
        raise InputError(
            f"{path.name}: the header has several columns of one name: {', '.join(repeated)}", next_step="give each column its own name"
        )
    ours = iter(naming.of_header(named, path.name))
    return [next(ours) if name else "" for name in stripped]


def _row(place: str, names: Sequence[str], values: list[str]) -> FoundRow | FaultyRecord:
    if len(values) > len(names) and not any(map(str.strip, values[len(names) :])):
        values = values[: len(names)]
    if len(values) != len(names):
        return FaultyRecord(place, f"{len(values)} values for {len(names)} columns")
    fields = {name: text for name, value in zip(names, values, strict=True) if (text := value.strip())}
    if "" in fields:
        return FaultyRecord(place, f"the value {fields['']!r:.40} stands in a column that has no name")
    broken = [name for name, text in fields.items() if "\0" in text]
    if broken:
        return FaultyRecord(place, f"{', '.join(broken)}: the value holds a NUL character")
    return FoundRow(place, fields)
