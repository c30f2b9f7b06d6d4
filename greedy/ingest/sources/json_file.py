"""Rows of a JSON file: an array of objects, an object with one such array, or one object a line.

A document is read whole, so that one that was cut off is refused before its first record is used; what is larger than 64 MB goes by lines.
"""

from __future__ import annotations

import json
import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TextIO

from greedy.errors import InputError
from greedy.ingest.sources.rows import FoundRow, Naming, is_empty
from greedy.ingest.sources.text_file import lines_of, open_text

LARGEST_DOCUMENT = 64 << 20  # characters, which take some eight times as much memory once they are read
DEEPEST = 20
BY_LINES = (".jsonl", ".ndjson")


@dataclass(frozen=True)
class _Unusable:
    """A value that the syntax lets pass and that means nothing certain."""

    why: str


def read_json(path: Path, naming: Naming, *, encoding: str | None = None) -> Iterator[FoundRow]:
    """The objects of a JSON file.

    Raises
    ------
    InputError
        It is no text of its encoding or no JSON, or it is none of the three forms; or its fields are not clear.
    """
    with open_text(path, encoding) as file:
        found = _lines(path, file) if _is_by_lines(path, file) else _items(path, file)
        for place, value in found:
            yield _row(place, value, naming, path)


def _is_by_lines(path: Path, file: TextIO) -> bool:
    """Whether each line is a document: its name says so, or its first line is one and is not the last."""
    if path.suffix.lower() in BY_LINES:
        return True
    start = file.tell()
    lines = (line for line in lines_of(path, file) if line.strip())
    try:
        return isinstance(json.loads(next(lines, "")), dict) and next(lines, None) is not None
    except (ValueError, RecursionError, InputError):
        return False
    finally:
        file.seek(start)


def _lines(path: Path, file: TextIO) -> Iterator[tuple[str, Any]]:
    for number, line in enumerate(lines_of(path, file), 1):
        if not line.strip():
            continue
        try:
            yield f"{path.name}:{number}", _loads(line)
        except json.JSONDecodeError as exc:
            yield f"{path.name}:{number}", _Unusable(f"not JSON: {exc.msg} at character {exc.pos + 1}")
        except (ValueError, RecursionError) as exc:
            yield f"{path.name}:{number}", _Unusable(f"not JSON: {_said(exc)}")


def _items(path: Path, file: TextIO) -> Iterator[tuple[str, Any]]:
    text = file.read(LARGEST_DOCUMENT + 1)
    if len(text) > LARGEST_DOCUMENT:
        raise InputError(
            f"{path} is larger than {LARGEST_DOCUMENT >> 20} million characters, too large for one JSON document",
            next_step="write one object a line, and call the file .jsonl",
        )
    try:
        document = _loads(text)
    except json.JSONDecodeError as exc:
        raise InputError(
            f"{path.name}:{exc.lineno}: not JSON: {exc.msg} (column {exc.colno})", next_step="export it again; it may have been cut off"
        ) from exc
    except (ValueError, RecursionError) as exc:
        raise InputError(f"{path} is not JSON: {_said(exc)}", next_step="export it again") from exc
    del text
    for number, item in enumerate(_list_of(document, path), 1):
        yield f"{path.name}#{number}", item


def _list_of(document: Any, path: Path) -> list[Any]:  # noqa: ANN401  anything that JSON can hold
    if isinstance(document, list):
        return document
    lists = {key: value for key, value in document.items() if isinstance(value, list)} if isinstance(document, dict) else {}
    if len(lists) == 1:
        return next(iter(lists.values()))
    what = f"lists under {', '.join(lists)}" if lists else document.why if isinstance(document, _Unusable) else "no list of records"
    raise InputError(f"{path} holds {what}", next_step="a list of objects is needed, or an object with one such list, or one object a line")


def _row(place: str, value: Any, naming: Naming, path: Path) -> FoundRow:  # noqa: ANN401  as above
    if not isinstance(value, dict):
        return FoundRow(place, {}, value.why if isinstance(value, _Unusable) else "no object of fields and values")
    fault = _fault_of(value)
    filled = {key: field for key, field in value.items() if not is_empty(field) and (fault is None or isinstance(field, str | int))}
    return FoundRow(place, dict(zip(naming.of_object(tuple(filled), path.name), filled.values(), strict=True)), fault)


def _fault_of(value: Any, depth: int = 0) -> str | None:  # noqa: ANN401  as above
    """Why a value cannot be kept in the database, or means nothing certain; None when it can."""
    match value:
        case _Unusable():
            return value.why
        case str():
            return "a text holds a NUL character" if "\0" in value else None if _is_text(value) else "a text holds half a character"
        case float():
            return None if math.isfinite(value) else "a number is too large"
        case dict() | list() if depth >= DEEPEST:
            return f"brackets in brackets, more than {DEEPEST} deep"
        case dict():
            return next(filter(None, (_fault_of(part, depth + 1) for pair in value.items() for part in pair)), None)
        case list():
            return next(filter(None, (_fault_of(part, depth + 1) for part in value)), None)
    return None


def _is_text(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _loads(text: str) -> Any:  # noqa: ANN401  as above
    return json.loads(text, object_pairs_hook=_object, parse_constant=lambda name: _Unusable(f"{name} is no value of JSON"))


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any] | _Unusable:
    fields = dict(pairs)
    if len(fields) == len(pairs):
        return fields
    several = [key for key, times in Counter(key for key, _ in pairs).items() if times > 1]
    return _Unusable(f"a field stands there several times: {', '.join(map(repr, several))}"[:200])


def _said(exc: Exception) -> str:
    return "brackets in brackets without end" if isinstance(exc, RecursionError) else f"{exc}"[:200]
