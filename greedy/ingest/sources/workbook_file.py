"""Rows of a sheet of a workbook."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from pathlib import Path

import structlog

from greedy.errors import InputError
from greedy.ingest.sources.rows import FoundRow, Naming, named_columns
from greedy.ingest.workbook.faults import CellFault
from greedy.ingest.workbook.package import open_package
from greedy.ingest.workbook.reader import Grid, Reader, opened
from greedy.ingest.workbook.sheet_scan import Broken, column_letters

log = structlog.get_logger()


def read_sheet(path: Path, naming: Naming, *, sheet: str | None = None) -> Iterator[FoundRow]:
    """The rows of a sheet; of the first one that is to be seen when none is named. Its first row that is not empty is the header.

    Raises
    ------
    InputError
        It is no workbook, or none that can be read safely and whole; it has no such sheet; or its header is missing or not clear.
    """
    package = open_package(path)
    with opened(package) as reader:
        name = _chosen(reader, sheet, path)
        grid = reader.read(name)
    for note in package.notes:
        log.info("source.workbook", file=path.name, note=note)
    if isinstance(grid, CellFault):
        raise InputError(f"{path}: {grid}", next_step="clear what does not belong to the list")
    yield from _rows(path, grid, naming)


def _chosen(reader: Reader, sheet: str | None, path: Path) -> str:
    if sheet is None:
        shown = [name for name in reader.sheets if name not in reader.hidden]
        if shown:
            return shown[0]
    else:
        for name in reader.sheets:
            if name.casefold() == sheet.strip().casefold():
                return name
    raise InputError(
        f"{path} has no sheet {sheet!r}" if sheet else f"{path} has no sheet that is to be seen",
        next_step=f"its sheets are {', '.join(reader.sheets) or 'none'}",
    )


def _rows(path: Path, grid: Grid, naming: Naming) -> Iterator[FoundRow]:
    filled = (number for number, cells in enumerate(grid.cells) if any(cell != "" for cell in cells))
    first = next(filled, None)
    if first is None:
        raise InputError(f"{path}: the sheet {grid.sheet} is empty", next_step="say which sheet holds the list")
    names = named_columns([str(cell) for cell in grid.cells[first]], naming, path.name)
    for number in filled:
        place = f"{path.name}!{grid.sheet}:{number + 1}"
        yield _row(place, names, grid.cells[number])


def _row(place: str, names: Sequence[str], cells: Sequence[object]) -> FoundRow:
    fields: dict[str, object] = {}
    faults = []
    for column, cell in enumerate(cells):
        value, name = _plain(cell), names[column] if column < len(names) else ""
        if isinstance(value, Broken):
            faults.append(f"{name or column_letters(column)}: {value.message}")
        elif value != "" and not name:
            faults.append(f"column {column_letters(column)} has the value {value!r:.40} and no name")
        elif value != "":
            fields[name] = value
    return FoundRow(place, fields, "; ".join(faults) or None)


def _plain(cell: object) -> object:
    """A cell as JSON holds it; a day as 2025-11-24."""
    match cell:
        case str():
            return cell.strip()
        case float() if cell.is_integer():
            return int(cell)
        case dt.datetime() if cell.time() == dt.time():
            return cell.date().isoformat()
        case dt.date() | dt.time():
            return cell.isoformat()
        case dt.timedelta():
            return str(cell)
    return cell
