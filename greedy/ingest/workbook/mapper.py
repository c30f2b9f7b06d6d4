"""Which sheet holds what, where its table begins, and which column is which."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from difflib import get_close_matches

from greedy.database.columns import match_column
from greedy.database.errors import ColumnMatchError
from greedy.ingest.workbook.faults import CellFault
from greedy.ingest.workbook.layout import NO_DATA_SHEETS, Column, Language, SheetLayout
from greedy.ingest.workbook.reader import Grid
from greedy.ingest.workbook.rows import folded
from greedy.ingest.workbook.sheet_scan import column_letters
from greedy.ingest.workbook.values import clean
from greedy.model.message import Message, either, joined

HEADER_WITHIN = 20  # rows: a title, a logo and an explanation may stand above the table
LONGEST_HEADER = 60
NEARLY = 0.8  # share of letters in common: `Voornam` is a slip of the pen; `Functie` for `Actief` is another column
KEPT_BY_THE_DATABASE = frozenset(("created_at", "updated_at"))
DECORATION = re.compile(r"\s*(\([^()]*\)|[*:])\s*$")  # `Datum (dd-mm-jjjj)`, `Team *`, `Naam:`


@dataclass
class SheetMatches:
    """Which sheets of a workbook hold what."""

    sheets: dict[str, str] = field(default_factory=dict)  # entity to the name of its sheet
    faults: list[CellFault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


@dataclass
class Table:
    """A table in a sheet.

    Parameters
    ----------
    header_row
        From 0.
    columns
        Number of the column in the sheet, from 0, to what it is.
    headers
        The same, to what stands at its head.
    """

    layout: SheetLayout
    header_row: int
    columns: dict[int, Column]
    headers: dict[int, str]
    language: Language
    faults: list[CellFault] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    @property
    def letters(self) -> dict[str, str]:
        """Field to the letter of its column."""
        return _with_objects({column.field: column_letters(number) for number, column in self.columns.items()})

    @property
    def titles(self) -> dict[str, str]:
        """Field to the header of its column."""
        return _with_objects({column.field: self.headers[number] for number, column in self.columns.items()})


class Names:
    """Names that mean something, however they are written: with other case or words apart, in the singular or plural."""

    def __init__(self, meanings: Iterable[tuple[str, str]]) -> None:
        self._meanings: dict[str, str] = {}
        for name, meaning in meanings:
            self._meanings.setdefault(folded(name), meaning)

    def exact(self, name: str) -> str | None:
        """What a name means that is written as we know it, but for case and decoration."""
        name = clean(name)
        return self._meanings.get(folded(name)) or self._meanings.get(folded(DECORATION.sub("", name)))

    def nearly(self, name: str) -> list[str]:
        """What a name means that is wrong by a letter or two; best first."""
        close = get_close_matches(folded(DECORATION.sub("", name)), self._meanings, cutoff=NEARLY)
        return list(dict.fromkeys(self._meanings[name] for name in close))

    def find(self, name: str) -> tuple[str | None, list[str]]:
        """What a name means, or None and what the names that come nearest to it mean, however far."""
        if found := self.exact(name):
            return found, []
        try:
            return self._meanings[match_column(DECORATION.sub("", clean(name)), self._meanings, table="workbook")], []
        except ColumnMatchError as exc:
            near = list(dict.fromkeys(self._meanings[name] for name in exc.nearest))
            # Several names that are one thing: `start date` and `start_date`.
            return (near[0], []) if len(near) == 1 and "ambiguous" in exc.message else (None, near)


def sheet_names(layouts: Sequence[SheetLayout]) -> Names:
    """The names of sheets, to their entity types."""
    return Names((name, layout.entity) for layout in layouts for name in (*layout.labels, layout.entity))


def match_sheets(sheets: Sequence[str], hidden: Collection[str], layouts: Sequence[SheetLayout]) -> SheetMatches:
    """Find the sheets that are known among those of a workbook."""
    names = sheet_names(layouts)
    labels = {layout.entity: layout.label(Language.NL) for layout in layouts}
    found = SheetMatches()
    unknown: dict[str, list[str]] = {}
    for sheet in sheets:
        entity, near = names.find(sheet)
        if entity is None:
            if sheet not in hidden and sheet not in NO_DATA_SHEETS:
                unknown[sheet] = near
        elif entity in found.sheets:
            found.faults.append(
                CellFault(
                    sheet,
                    0,
                    "",
                    "",
                    Message(
                        "is a second sheet of {kind}, beside {other}; remove or rename one",
                        kind=labels[entity],
                        other=found.sheets[entity],
                    ),
                )
            )
        else:
            found.sheets[entity] = sheet
            if sheet in hidden:
                found.notes.append(Message("the sheet {sheet} is hidden; it was read", sheet=sheet))
    for sheet, near in unknown.items():
        if missing := [labels[entity] for entity in names.nearly(sheet) if entity not in found.sheets]:
            found.faults.append(CellFault(sheet, 0, "", "", Message("is not a known sheet; did you mean {names}?", names=either(missing))))
        else:
            hint = Message("; did you mean {names}?", names=either(labels[entity] for entity in near)) if near else ""
            found.notes.append(Message("the sheet {sheet} was passed over{hint}", sheet=sheet, hint=hint))
    return found


def find_table(grid: Grid, layout: SheetLayout) -> Table | CellFault | None:
    """Find the table of a sheet; None when the sheet is empty, a fault when nothing in it looks like the head of the table."""
    names = Names((name, column.field) for column in layout.columns for name in (column.field, *column.labels))
    best: tuple[int, int] | None = None
    head = _head(grid)
    for number, row in enumerate(head):
        hits = len({names.exact(header) for header in _headers(row).values()} - {None})
        if hits and (best is None or hits > best[0]):
            best = (hits, number)
    if best is None:
        first = next((number for number, row in enumerate(grid.cells) if any(cell != "" for cell in row)), None)
        if first is None:
            return None
        best = (0, first)
    table = _mapped(grid, layout, best[1], head[best[1]] if best[1] < len(head) else grid.cells[best[1]], names)
    if not table.columns:
        needed = ", ".join(column.label(Language.NL) for column in layout.columns if column.required)
        message = Message(
            "no head of a table in the first {count} rows: one row with the names of the columns, such as {names}",
            count=HEADER_WITHIN,
            names=needed,
        )
        return CellFault(grid.sheet, 0, "", "", message)
    return table


def _head(grid: Grid) -> list[list[object]]:
    """The first rows. A header that is merged downwards, over a row of days, stands in all rows of its cell."""
    rows = [list(row) for row in grid.cells[:HEADER_WITHIN]]
    for merged in grid.merged:
        (top, column), (bottom, last) = merged.first, merged.last
        if column == last and top < len(rows) and column < len(rows[top]):
            for row in rows[top + 1 : bottom + 1]:
                row.extend([""] * (column + 1 - len(row)))
                row[column] = rows[top][column]
    return rows


def _mapped(grid: Grid, layout: SheetLayout, header_row: int, cells: list[object], names: Names) -> Table:
    by_field = {column.field: column for column in layout.columns}
    headers = _headers(cells)
    found = {number: names.find(header) for number, header in headers.items()}
    fields = {number: field for number, (field, _) in found.items() if field is not None}
    table = Table(
        layout,
        header_row,
        {number: by_field[field] for number, field in fields.items()},
        headers,
        _language(headers.values(), layout),
    )
    _check_columns(grid, table, {number: names.nearly(headers[number]) for number, (field, _) in found.items() if field is None})
    return table


def _check_columns(grid: Grid, table: Table, unknown: Mapping[int, list[str]]) -> None:
    """Headers twice, nearly right or missing become faults, and what is passed over a note."""

    def fault(number: int, message: Message) -> None:
        table.faults.append(CellFault(grid.sheet, table.header_row + 1, column_letters(number), table.headers.get(number, ""), message))

    times = Counter(column.field for column in table.columns.values())
    labels = {column.field: column.label(table.language) for column in table.layout.columns}
    for number, column in table.columns.items():
        if times[column.field] > 1:
            where = joined(column_letters(other) for other, same in table.columns.items() if same is column)
            fault(number, Message("columns {columns} are both {header}; remove or rename one", columns=where, header=labels[column.field]))
    first_of = {column.field: number for number, column in reversed(table.columns.items())}
    table.columns = {number: column for number, column in table.columns.items() if first_of[column.field] == number}
    suggested = set()
    for number, near in unknown.items():
        missing = [field for field in near if field not in times and field not in suggested]
        if missing:
            suggested.update(missing)
            fault(number, Message("is not a known column; did you mean {names}?", names=either(labels[field] for field in missing)))
        elif table.headers[number] not in KEPT_BY_THE_DATABASE:
            table.notes.append(Message("{sheet}: the column {header} was passed over", sheet=grid.sheet, header=table.headers[number]))
    missing_columns = [
        column for column in table.layout.columns if column.required and column.field not in times and column.field not in suggested
    ]
    for column in missing_columns:
        message = Message("the column {column} is missing", column=labels[column.field])
        table.faults.append(CellFault(grid.sheet, table.header_row + 1, "", "", message))
    for number in sorted(_without_header(grid, table)):
        table.notes.append(
            Message(
                "{sheet}: column {column} has values and no header; it was passed over",
                sheet=grid.sheet,
                column=column_letters(number),
            )
        )


def _without_header(grid: Grid, table: Table) -> set[int]:
    found: set[int] = set()
    for row in grid.cells[table.header_row + 1 :]:
        if len(row) - row.count("") > len(table.columns):
            found.update(number for number, cell in enumerate(row) if cell != "" and number not in table.headers)
    return found


def _headers(cells: list[object]) -> dict[int, str]:
    """Number of the column to the text in it that can be a header."""
    texts = {number: clean(cell) for number, cell in enumerate(cells) if isinstance(cell, str) and len(cell) <= LONGEST_HEADER}
    return {number: text for number, text in texts.items() if text}


def _language(headers: Collection[str], layout: SheetLayout) -> Language:
    """The language of most headers; Dutch when as many are of each."""
    written = {folded(header) for header in headers}
    counts = {language: sum(folded(column.label(language)) in written for column in layout.columns) for language in Language}
    return Language.EN if counts[Language.EN] > counts[Language.NL] else Language.NL


def _with_objects(by_field: dict[str, str]) -> dict[str, str]:
    """And for the parts of an object, the object by its first."""
    for name, what in list(by_field.items()):
        by_field.setdefault(name.partition(".")[0], what)
    return by_field
