"""Reads a workbook: from a file to rows without faults."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from pathlib import Path

from greedy.errors import InputError
from greedy.formats.tables import PracticeTables
from greedy.ingest.workbook.assembly import SheetRows, assemble
from greedy.ingest.workbook.checks import Checked, check_rows, practice_tables
from greedy.ingest.workbook.faults import CellFault, WorkbookError
from greedy.ingest.workbook.hierarchy import Hierarchy, needed_for, parents_first
from greedy.ingest.workbook.layout import PRACTICE, WISHES, Language, SheetLayout
from greedy.ingest.workbook.mapper import SheetMatches, Table, find_table, match_sheets, sheet_names
from greedy.ingest.workbook.package import open_package
from greedy.ingest.workbook.reader import Grid, opened
from greedy.ingest.workbook.rows import NOTHING, Known, PlacedRow, WorkbookContent
from greedy.model.message import Message

Tell = Callable[[int, int], None]

UNSOUND = Message("refers to something that cannot be read")
MEND = Message("mend these cells, save the workbook, and import it again")


def read_workbook(
    path: Path,
    *,
    layouts: Sequence[SheetLayout] = (*PRACTICE, WISHES),
    sheets: Sequence[str] = (),
    known: Known = NOTHING,
    tell: Tell | None = None,
) -> WorkbookContent:
    """Read a workbook.

    Parameters
    ----------
    layouts
        Sheets that it can have.
    sheets
        Names of those that are to be imported, however they are written; the others are read for the names in them. None: all.
    known
        Rows that the database holds already, which its rows may refer to.
    tell
        Is told how many rows were read, and of how many.

    Raises
    ------
    WorkbookError
        With every fault of every sheet that is needed.
    InputError
        It is no workbook, it cannot be read, or it has not the sheets that are to be imported.
    """
    reading = _Reading(path, layouts, known)
    reading.open(sheets)
    reading.assemble(tell or (lambda _done, _total: None))
    return reading.content()


class _Reading:
    """A workbook on its way. Faults are collected until the end."""

    def __init__(self, path: Path, layouts: Sequence[SheetLayout], known: Known) -> None:
        self._path = path
        self._layouts = {layout.entity: layout for layout in layouts}
        self._known = known
        self._chosen: frozenset[str] = frozenset()
        self._grids: dict[str, Grid] = {}
        self._sheets: dict[str, SheetRows] = {}
        self._unread: set[str] = set()  # entities whose sheet cannot be made sense of
        self._faults: list[CellFault] = []
        self._notes: list[str] = []

    def open(self, sheets: Sequence[str]) -> None:
        """Take the sheets that are needed out of the file."""
        package = open_package(self._path)
        self._notes.extend(package.notes)
        with opened(package) as reader:
            matches = match_sheets(reader.sheets, reader.hidden, [*self._layouts.values()])
            self._chosen = self._choose(sheets, matches, reader.sheets)
            needed = needed_for(self._chosen, [*self._layouts.values()]) if sheets else self._chosen
            self._faults.extend(matches.faults)
            self._notes.extend(matches.notes)
            for entity in self._layouts:
                if entity not in needed or entity not in matches.sheets:
                    continue
                grid = reader.read(matches.sheets[entity])
                if isinstance(grid, Grid):
                    self._grids[entity] = grid
                    if grid.hidden_rows:
                        self._notes.append(_hidden_rows(grid))
                else:
                    self._unread.add(entity)
                    self._faults.append(grid)

    def assemble(self, tell: Tell) -> None:
        """Make rows of the sheets."""
        total = sum(len(grid.cells) for grid in self._grids.values())
        done = 0

        def advance(count: int) -> None:
            nonlocal done
            done += count
            tell(min(done, total), total)

        tell(0, total)
        for entity, grid in self._grids.items():
            table = find_table(grid, self._layouts[entity])
            if isinstance(table, Table):
                if table.faults:
                    self._unread.add(entity)
                self._faults.extend(table.faults)
                self._notes.extend(table.notes)
                self._sheets[entity] = assemble(grid, table, advance)
            elif table is not None:
                self._unread.add(entity)
                self._faults.append(table)
        tell(total, total)

    def content(self) -> WorkbookContent:
        """Resolve and check the rows.

        Raises
        ------
        WorkbookError
            With all faults that were found, from the first on.
        """
        layouts = [self._layouts[entity] for entity in self._layouts if entity in self._sheets]
        hierarchy = Hierarchy(self._sheets, self._known, self._unread)
        rows: dict[str, list[PlacedRow]] = {}
        checked: dict[str, Checked] = {}
        for layout in parents_first(layouts):  # so that whoever refers to a row knows already what is wrong with that
            rows[layout.entity] = hierarchy.resolve(layout)
            checked[layout.entity] = check_rows(self._sheets[layout.entity])
        practice = self._practice(checked)
        faults = self._faults + [fault for sheet in self._sheets.values() for fault in sheet.faults]
        # What refers to a fault is not told beside it; it must never pass for sound either.
        faults = faults or [row.fault(None, UNSOUND) for sheet in self._sheets.values() for row in sheet.faulty]
        if faults:
            raise WorkbookError(self._path, faults, next_step=MEND)
        if not any(rows.get(entity) for entity in self._chosen):
            raise InputError(
                Message("{path} has no rows to import: its sheets are empty", path=self._path),
                next_step=Message("fill in at least one row"),
            )
        return WorkbookContent(self._path, _all_in_order(rows, self._layouts), self._chosen, tuple(self._notes), practice)

    def _practice(self, checked: dict[str, Checked]) -> PracticeTables | None:
        rosters = self._sheets.get("rosters")
        if "rosters" not in self._chosen or rosters is None or not rosters.rows:
            return None
        entities = needed_for(self._chosen, [*self._layouts.values()])
        if self._unread & entities:
            return None
        return practice_tables(self._sheets, checked, entities)

    def _choose(self, sheets: Sequence[str], matches: SheetMatches, present: Collection[str]) -> frozenset[str]:
        labels = ", ".join(layout.label(Language.NL) for layout in self._layouts.values())
        if not matches.sheets:
            raise InputError(
                Message(
                    "{path} has none of the sheets that can be imported; it has {names}",
                    path=self._path,
                    names=", ".join(present) or Message("none at all"),
                ),
                next_step=Message("name the sheets {labels}", labels=labels),
            )
        if not sheets:
            return frozenset(matches.sheets)
        names = sheet_names([*self._layouts.values()])
        chosen = set()
        for sheet in sheets:
            entity, _ = names.find(sheet)
            if entity is None:
                raise InputError(
                    Message("{name} is not a sheet that can be imported", name=repr(sheet)),
                    next_step=Message("choose from {labels}", labels=labels),
                )
            if entity not in matches.sheets:
                raise InputError(
                    Message("{path} has no sheet {sheet}; it has {names}", path=self._path, sheet=sheet, names=", ".join(present)),
                    next_step=Message("choose one that it has"),
                )
            chosen.add(entity)
        return frozenset(chosen)


def _hidden_rows(grid: Grid) -> Message:
    if grid.hidden_rows == 1:
        return Message("{sheet}: 1 row is hidden; it was read", sheet=grid.sheet)
    return Message("{sheet}: {count} rows are hidden; they were read", sheet=grid.sheet, count=grid.hidden_rows)


def _all_in_order(rows: dict[str, list[PlacedRow]], layouts: Collection[str]) -> dict[str, list[PlacedRow]]:
    return {**rows, **{entity: [] for entity in layouts if entity not in rows}}
