"""The rows of a table in a sheet, each cell a value; references are still the names that stand there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from greedy.ingest.workbook.faults import CellFault
from greedy.ingest.workbook.layout import Column, Kind, Language
from greedy.ingest.workbook.mapper import Table
from greedy.ingest.workbook.reader import Grid, Merged
from greedy.ingest.workbook.rows import PlacedRow
from greedy.ingest.workbook.sheet_scan import Broken, Place, column_letters
from greedy.ingest.workbook.values import MARK, CellReader, clean
from greedy.model.message import Message

TOLD_EVERY_ROWS = 1000
EMPTY = Message("is empty; every row needs a value here")


@dataclass
class SheetRows:
    """The rows of a sheet.

    Parameters
    ----------
    faulty
        Those that have a fault, with the fields that have.
    """

    table: Table
    rows: list[PlacedRow] = field(default_factory=list)
    faults: list[CellFault] = field(default_factory=list)
    faulty: dict[PlacedRow, set[str]] = field(default_factory=dict)

    def blame(self, row: PlacedRow, field: str | None, message: Message | None) -> None:
        """Note that a row has a fault; without a message when it is told elsewhere already."""
        self.faulty.setdefault(row, set()).add(field or "")
        if message is not None:
            self.faults.append(row.fault(field, message))


def assemble(grid: Grid, table: Table, tell: Callable[[int], None]) -> SheetRows:
    """Read the rows below the head of a table. `tell` hears how many more were read, now and then."""
    found = SheetRows(table)
    letters, titles = table.letters, table.titles
    readers = [(number, column, CellReader(column, table.language)) for number, column in table.columns.items()]
    in_merged = _check_merged(grid, found)
    unmarked = _needs_no_for_empty(grid, table)
    first = table.header_row + 1
    for number, cells in enumerate(grid.cells[first:], start=first):
        if number % TOLD_EVERY_ROWS == 0:
            tell(TOLD_EVERY_ROWS)
        if cells.count("") == len(cells):
            continue
        row = PlacedRow(table.layout.entity, grid.sheet, number + 1, {}, letters, titles)
        empty: list[Column] = []
        faults: list[tuple[Column, Message]] = []
        for at, column, reader in readers:
            value = reader.read(cells[at]) if at < len(cells) else None
            if value is None:
                if column.required or column in unmarked:
                    empty.append(column)
            elif isinstance(value, Broken):
                faults.append((column, value.message))
            else:
                row.values[column.field] = value
        if not row.values and not faults:
            continue  # something stands beside the table
        for column in empty:
            told = (number, column) in in_merged
            found.blame(row, column.field, None if told else _why_empty_is_wrong(column, table.language))
        for column, message in faults:
            found.blame(row, column.field, message)
        _join_objects(row)
        found.rows.append(row)
    return found


def _why_empty_is_wrong(column: Column, language: Language) -> Message:
    if column.required:
        return EMPTY
    if language is Language.EN:
        return Message("is empty, where other rows have an {mark}; write yes or no", mark=MARK)
    return Message("is empty, where other rows have an {mark}; write ja of nee", mark=MARK)


def _join_objects(row: PlacedRow) -> None:
    """`structureel_nbh.ma` and its like become one object."""
    for name in [name for name in row.values if "." in name]:
        whole, _, part = name.partition(".")
        value = row.values.pop(name)
        of = row.values.setdefault(whole, {})
        assert isinstance(of, dict)  # noqa: S101  for the type checker
        of[part] = list(value) if isinstance(value, list) else value


def _needs_no_for_empty(grid: Grid, table: Table) -> frozenset[Column]:
    """Columns of yes or no in which somebody marks with an x: what an empty cell means there, nobody can know."""
    below = grid.cells[table.header_row + 1 :]
    return frozenset(
        column
        for at, column in table.columns.items()
        if column.kind is Kind.YES_NO
        and any(at < len(cells) and isinstance(cell := cells[at], str) and clean(cell).lower() == MARK for cells in below)
    )


def _check_merged(grid: Grid, found: SheetRows) -> set[tuple[int, Column]]:
    """Blame merged cells whose value could be meant for one cell or for all. Gives the cells in them, by row and column."""
    covered: set[tuple[int, Column]] = set()
    for merged in grid.merged:
        cells = list(_within_table(merged, found.table, len(grid.cells)))
        value = grid.cells[merged.first[0]][merged.first[1]] if cells and merged.first[1] < len(grid.cells[merged.first[0]]) else ""
        if len(cells) < 2 or value == "":
            continue
        covered.update((row, found.table.columns[column]) for row, column in cells)
        row, column = cells[0]
        header = found.table.headers[column]
        message = Message("{cells} is merged; unmerge it, and write in each cell what belongs there", cells=merged)
        found.faults.append(CellFault(grid.sheet, row + 1, column_letters(column), header, message))
    return covered


def _within_table(merged: Merged, table: Table, row_count: int) -> Iterator[Place]:
    rows = range(max(merged.first[0], table.header_row + 1), min(merged.last[0] + 1, row_count))
    columns = [column for column in sorted(table.columns) if merged.first[1] <= column <= merged.last[1]]
    for row in rows:
        for column in columns:
            yield row, column
