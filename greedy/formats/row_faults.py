"""What is wrong with the columns and rows of a table, in words that fit a CSV file and a database alike."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Collection, Iterator, Mapping

from pydantic import ValidationError

from greedy.formats.between_rows import faults_between_rows
from greedy.formats.tables import PracticeTables, Row

KEPT_BY_THE_DATABASE = ("created_at", "updated_at")  # columns that a dump may have, and that are passed over


def fault_count(number: int) -> str:
    """`1 fault`, `3 faults`."""
    return f"{number} fault{'' if number == 1 else 's'}"


def column_faults(columns: Collection[str], model: type[Row]) -> Iterator[str]:
    """Columns that a table has not, though its rows need them, and columns that nobody knows."""
    for column, info in model.model_fields.items():
        if info.is_required() and column not in columns:
            yield f"column {column} is missing"
    for column in columns:
        if column not in model.model_fields and column not in KEPT_BY_THE_DATABASE:
            near = difflib.get_close_matches(column.lower(), [other for other in model.model_fields if other not in columns], 1)
            yield f"column {column!r} is not known{f'; did you mean {near[0]}?' if near else ''}"


def value_faults(exc: ValidationError) -> Iterator[str]:
    """Each fault of a row with its column and what stands there."""
    for error in exc.errors(include_url=False):
        column = f"{error['loc'][0]}: " if error["loc"] else ""
        what = "the value is missing" if error["type"] == "missing" else error["msg"].removeprefix("Value error, ")
        found = f", not {error['input']!r}" if error["loc"] and error["type"] != "missing" else ""
        yield f"{column}{what}{found}"


def joined(rows: Mapping[str, list[Row]], place: Callable[[str, int], str]) -> tuple[PracticeTables, list[str]]:
    """The tables of rows that are valid by themselves, and the faults between these.

    `place` tells where a row stands, from its table and its position there: each fault begins with it.
    """
    tables = PracticeTables.model_construct(**rows)  # type: ignore[arg-type]
    faults = []
    for fault in faults_between_rows(tables):
        column = f"{fault.column}: " if fault.column else ""
        faults.append(f"{place(fault.table, fault.position)}: {column}{fault.message}")
    return tables, faults
