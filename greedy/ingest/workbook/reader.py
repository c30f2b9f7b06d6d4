"""A sheet as a grid of cells."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING
from xml.sax import SAXException

from defusedxml.common import DefusedXmlException
from python_calamine import CalamineError, CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

from greedy.ingest.workbook.archive import UNZIP_FAULTS, damaged
from greedy.ingest.workbook.faults import CellFault
from greedy.ingest.workbook.package import Package
from greedy.ingest.workbook.sheet_scan import Place, SheetFacts, column_letters, formats_with_zeros, scan_sheet
from greedy.model.message import Message, either

if TYPE_CHECKING:
    from python_calamine import CalamineSheet

# 140 employees x 26 weeks of slots, every column filled in, are 0.9 million cells with a value.
MOST_FILLED = 2_000_000
MOST_CELLS = 5_000_000  # empty ones included: a stray value far below or beside a table makes the area between large


@dataclass(frozen=True)
class Merged:
    """Cells that were merged into one; rows and columns from 0, both ends included."""

    first: Place
    last: Place

    def __str__(self) -> str:
        """`A2:A4`"""
        return ":".join(f"{column_letters(column)}{row + 1}" for row, column in (self.first, self.last))


@dataclass(frozen=True)
class Grid:
    """The cells of a sheet from A1 on: text, numbers, dates, times, yes or no, `""` for an empty one, and `Broken`."""

    sheet: str
    cells: list[list[object]]
    merged: tuple[Merged, ...] = ()
    hidden_rows: int = 0


class Reader:
    """The sheets of a workbook, one at a time. See `opened`."""

    def __init__(self, package: Package, workbook: CalamineWorkbook) -> None:
        self._package = package
        self._workbook = workbook
        self._formats = formats_with_zeros(package.archive.tree("xl/styles.xml"))
        kinds = {about.name: about for about in workbook.sheets_metadata}
        self.sheets = [name for name, about in kinds.items() if about.typ is SheetTypeEnum.WorkSheet and name in package.sheets]
        self.hidden = frozenset(name for name in self.sheets if kinds[name].visible is not SheetVisibleEnum.Visible)

    def read(self, sheet: str) -> Grid | CellFault:
        """The cells of a sheet; a fault when its values lie too far apart to be a table.

        Raises
        ------
        InputError
            It is damaged.
        """
        facts = self._scan(sheet)
        if facts.filled > MOST_FILLED:
            return CellFault(
                sheet,
                0,
                "",
                "",
                Message("has {filled} cells with a value; more than {most} are no roster", filled=facts.filled, most=MOST_FILLED),
            )
        if (facts.last_row + 1) * (facts.last_column + 1) > MOST_CELLS:
            lowest, rightmost = facts.last_cells
            where = either(dict.fromkeys((lowest, rightmost)))
            return CellFault(sheet, 0, "", "", Message("has a value far from everything else, in {where}; clear that cell", where=where))
        with _faults_of_calamine(self._package):
            page = self._workbook.get_sheet_by_name(sheet)
            return _grid(page, facts)

    def _scan(self, sheet: str) -> SheetFacts:
        part = self._package.sheets[sheet]
        if part not in self._package.archive.parts:
            raise damaged(self._package.path, Message("the sheet {sheet} is missing from it", sheet=sheet))
        try:
            with self._package.archive.open(part) as file:
                return scan_sheet(file, self._formats)
        except (SAXException, DefusedXmlException, *UNZIP_FAULTS) as exc:
            raise damaged(self._package.path, Message("sheet {sheet}: {why}", sheet=sheet, why=exc)) from exc


@contextmanager
def opened(package: Package) -> Iterator[Reader]:
    """Open a workbook that was looked through.

    Raises
    ------
    InputError
        It is damaged.
    """
    with _faults_of_calamine(package):
        workbook = CalamineWorkbook.from_filelike(BytesIO(package.content))
    try:
        yield Reader(package, workbook)
    finally:
        workbook.close()


@contextmanager
def _faults_of_calamine(package: Package) -> Iterator[None]:
    try:
        yield
    except (CalamineError, OSError, ValueError) as exc:
        raise damaged(package.path, str(exc)) from exc
    except BaseException as exc:
        if type(exc).__name__ != "PanicException":  # how a fault of a library in Rust comes out; it has no public name
            raise
        raise damaged(package.path, Message("it cannot be made sense of")) from exc


def _grid(page: CalamineSheet, facts: SheetFacts) -> Grid:
    cells: list[list[object]] = page.to_python(skip_empty_area=False)  # type: ignore[assignment]
    for (row, column), broken in facts.broken.items():
        while len(cells) <= row:
            cells.append([])
        cells[row].extend([""] * (column + 1 - len(cells[row])))
        cells[row][column] = broken
    for (row, column), (prefix, digits) in facts.zeros.items():
        number = cells[row][column] if row < len(cells) and column < len(cells[row]) else None
        if isinstance(number, float) and number.is_integer() and number >= 0:
            cells[row][column] = f"{prefix}{int(number):0{digits}d}"
    merged = tuple(Merged(first, last) for first, last in page.merged_cell_ranges or ())
    return Grid(page.name, cells, merged, facts.hidden_rows)
