"""The wishes of a workbook as requests of a planning file, beside what else stands in it."""

from __future__ import annotations

import tomllib
from collections.abc import Iterable, Sequence
from pathlib import Path

import tomlkit

from greedy.errors import InputError
from greedy.formats.files import replace_file
from greedy.formats.planning import RequestEntry, read_planning
from greedy.ingest.workbook.rows import PlacedRow
from greedy.ingest.workbook.wish import WishRow

BEGIN = "# Wishes of a workbook: greedy import --wishes replaces all from this line"
END = "# to this line."


def requests_of(rows: Iterable[PlacedRow]) -> list[RequestEntry]:
    """The wishes of a workbook that was read without faults."""
    return [WishRow.model_validate(row.values).request() for row in rows]


def write_wishes(requests: Sequence[RequestEntry], path: Path) -> None:
    """Write requests into a planning file, in place of those of an earlier workbook. What else it holds stays as it is, to the letter.

    Raises
    ------
    InputError
        What is there is no planning file, or cannot be written.
    """
    before, after = around_wishes(path)
    block = ""
    if requests:
        entries = [request.model_dump(exclude_unset=True) for request in requests]
        block = f"{BEGIN}\n{tomlkit.dumps({'requests': entries}).strip()}\n{END}\n"
    gap = "\n" if before.strip() and block and not before.endswith("\n\n") else ""
    text = before + gap + block + after
    try:
        tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        raise InputError(
            f"{path} has no room for wishes: its requests are a list in brackets", next_step="write each as a table, [[requests]]"
        ) from None
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        replace_file(path, text)
    except OSError as exc:
        raise InputError(f"cannot write {path}: {exc.strerror}", next_step="give another file with --wishes") from exc


def around_wishes(path: Path) -> tuple[str, str]:
    """What stands in a planning file before and after the wishes of an earlier workbook; all of it, when there are none.

    Raises
    ------
    InputError
        What is there is no planning file, or has only one end of those wishes.
    """
    if not path.exists():
        return "", ""
    read_planning(path)
    lines = path.read_bytes().decode("utf-8-sig").replace("\r\n", "\n").splitlines(keepends=True)
    stripped = [line.strip() for line in lines]
    if BEGIN not in stripped and END not in stripped:
        text = "".join(lines)
        return text if not text or text.endswith("\n") else f"{text}\n", ""
    if [line for line in stripped if line in (BEGIN, END)] != [BEGIN, END]:
        raise InputError(
            f"{path}: where the wishes of a workbook begin and end cannot be told",
            next_step=f"have them stand once between the lines '{BEGIN}' and '{END}', or take out both lines with them",
        )
    return "".join(lines[: stripped.index(BEGIN)]), "".join(lines[stripped.index(END) + 1 :])
