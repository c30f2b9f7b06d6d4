"""Practice tables as a folder of CSV files, one file a table, one row a record."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import IntEnum
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from greedy.errors import InputError
from greedy.formats.files import replace_file
from greedy.formats.row_faults import column_faults, fault_count, joined, value_faults
from greedy.formats.tables import TABLES, PracticeTables, Row

MASTER_TABLES = ("rosters", "employees", "service_types")
WHICH_FOLDER = "give the folder that holds rosters.csv, employees.csv and the other tables: of generated practices, rosters/00000 and on"


@dataclass
class _File:
    """What one file held: rows that are valid by themselves, the line of each, and the faults."""

    name: str
    rows: list[Row] = field(default_factory=list)
    lines: list[int] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)


def read_practice(folder: Path) -> PracticeTables:
    """Read `rosters.csv`, `employees.csv` and the others from `folder`; comma or semicolon, UTF-8.

    Raises
    ------
    InputError
        With every fault of every file: `employees.csv:5: team: Input should be 'Groen', ...`.
    """
    if not folder.is_dir():
        raise InputError(f"there is no folder {folder}", next_step=WHICH_FOLDER)
    files = {name: _read_file(folder / f"{name}.csv", model) for name, model in TABLES.items()}
    faults = [fault for file in files.values() for fault in file.faults]
    if not any((folder / f"{name}.csv").exists() for name in TABLES):
        raise InputError(f"{folder} holds no table of a practice", next_step=WHICH_FOLDER)
    if not files["rosters"].faults and len(files["rosters"].rows) != 1:
        faults.append(f"rosters.csv: one roster a folder, this file has {len(files['rosters'].rows)}")
    elif not any(files[name].faults for name in MASTER_TABLES):
        # References are looked at only when what they lead to is sound; otherwise one fault would show as a hundred.
        rows = {name: file.rows for name, file in files.items()}
        tables, between = joined(rows, lambda table, position: f"{table}.csv:{files[table].lines[position]}")
        faults += between
        if not faults:
            return tables
    raise InputError(f"{folder} has {fault_count(len(faults))}; nothing was read from it", details=faults, next_step="mend these lines")


def write_practice(tables: PracticeTables, folder: Path) -> None:
    """Write the tables into `folder`, which is made when it does not exist; each file appears whole or not at all.

    Raises
    ------
    InputError
        The folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name, model in TABLES.items():
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(model.model_fields)
            writer.writerows([to_text(getattr(row, column)) for column in model.model_fields] for row in getattr(tables, name))
            replace_file(folder / f"{name}.csv", text.getvalue())
    except OSError as exc:
        raise InputError(f"cannot write to {folder}: {exc.strerror}", next_step="give another folder") from exc


def _read_file(path: Path, model: type[Row]) -> _File:
    file = _File(path.name)
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        file.faults.append(f"{path.name}: the file is missing")
        return file
    except OSError as exc:
        file.faults.append(f"{path.name}: cannot be read: {exc.strerror}")
        return file
    except UnicodeDecodeError as exc:
        file.faults.append(f"{path.name}: not UTF-8 text at byte {exc.start}; save it as UTF-8")
        return file
    first_line = text.split("\n", 1)[0]
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=";" if first_line.count(";") > first_line.count(",") else ",", strict=True)
    try:
        header = next(reader, None)
        if header is None or not any(header):
            file.faults.append(f"{path.name}: the file is empty")
            return file
        header = [column.strip() for column in header]
        file.faults.extend(_header_faults(path.name, header, model))
        if not file.faults:
            for line, values in _numbered(reader):
                _read_row(file, line, header, values, model)
    except csv.Error as exc:
        file.faults.append(f"{path.name}:{reader.line_num}: not CSV: {exc}")
    return file


def _numbered(reader: Any) -> Iterator[tuple[int, list[str]]]:  # noqa: ANN401  csv's reader type has no public name
    line = reader.line_num + 1
    for values in reader:
        if any(value.strip() for value in values):
            yield line, values
        line = reader.line_num + 1


def _header_faults(name: str, header: list[str], model: type[Row]) -> Iterator[str]:
    for column in sorted({column for column in header if header.count(column) > 1}):
        yield f"{name}:1: column {column} stands {header.count(column)} times"
    yield from (f"{name}:1: {fault}" for fault in column_faults(header, model))


def _read_row(file: _File, line: int, header: list[str], values: list[str], model: type[Row]) -> None:
    if len(values) != len(header):
        file.faults.append(f"{file.name}:{line}: {len(values)} values for {len(header)} columns")
        return
    given = {column: value.strip() for column, value in zip(header, values, strict=True) if value.strip()}
    try:
        file.rows.append(model.model_validate(given))
        file.lines.append(line)
    except ValidationError as exc:
        file.faults.extend(f"{file.name}:{line}: {fault}" for fault in value_faults(exc))


def to_text(value: object) -> str:
    """A value as it stands in a file."""
    match value:
        case None:
            return ""
        case dict():
            return json.dumps(value, ensure_ascii=False)
        case IntEnum():
            return str(int(value))
        case dt.time():
            return value.isoformat("minutes" if value.second == 0 else "seconds")
        case _:
            return str(value)
