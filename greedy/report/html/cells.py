"""The cells of a grid as HTML. Python makes them, as a template takes ten times longer; equal cells are made once."""

from __future__ import annotations

from collections.abc import Iterator

from markupsafe import Markup, escape

from greedy.model.message import Message
from greedy.report.grid import Cell, CellChange, CellKind, Grid, GridDay
from greedy.report.palette import service_colours
from greedy.wording import Words

MONDAY = 0
UNAVAILABLE_SIGN, BLOCKED_SIGN = "×", "/"


class GridCells:
    """Cells of some days of a grid, and what they are called.

    Parameters
    ----------
    grid
        The roster.
    words
        The reader's language.
    interactive
        Cells are those of a grid to work in; see the comment in grid.html.
    days
        The days to draw; all when None.
    """

    def __init__(self, grid: Grid, *, words: Words, interactive: bool = False, days: range | None = None) -> None:
        self.days = range(len(grid.days)) if days is None else days
        self._grid = grid
        self._words = words
        self._colours = service_colours(grid.problem)
        self._codes = [service.code for service in grid.problem.services]
        self._begins = [_begin(grid.days[day], interactive=interactive) for day in self.days]
        self._ends: dict[Cell, str] = {}

    def row(self, employee: int, daypart: int) -> Markup:
        """The cells of one employee and daypart, in the order of the days."""
        cells, ends, parts = self._grid.cells[employee], self._ends, []
        for day, begin in zip(self.days, self._begins, strict=True):
            cell = cells[day][daypart]
            end = ends.get(cell)
            if end is None:
                end = ends[cell] = self._end(cell)
            parts.append(begin + end)
        return Markup("".join(parts))  # noqa: S704  # every text in it is escaped in _end

    def shifts(self, employee: int) -> int:
        """Dayparts that an employee works in the days drawn."""
        cells = self._grid.cells[employee]
        return sum(cell.kind is CellKind.WORK for day in self.days for cell in cells[day])

    @property
    def code_width(self) -> int:
        """Letters of the longest code, 3 to 8: the cells are as wide."""
        return min(8, max(3, *(len(code) for code in self._codes))) if self._codes else 3

    @property
    def weeks(self) -> list[tuple[GridDay, GridDay, int]]:
        """First and last day of each week drawn, and how many of its days are."""
        weeks: dict[tuple[int, int], list[GridDay]] = {}
        for day in self.days:
            one = self._grid.days[day]
            weeks.setdefault((one.week_year, one.week), []).append(one)
        return [(days[0], days[-1], len(days)) for days in weeks.values()]

    def name(self, cell: Cell) -> str:
        """What a screen reader says of a cell: `DIO, pinned`."""
        return ", ".join(self._words.say(part) for part in self._name(cell))

    def _end(self, cell: Cell) -> str:
        if cell.kind is CellKind.OPEN and cell[1:] == (None, False, False, None, None, ""):
            return '"></div>'
        note = f' title="{escape(cell.note)}"' if cell.note else ""
        mark = '<i class="note-mark"></i>' if cell.note else ""
        return f' {" ".join(self._classes(cell))}" aria-label="{escape(self.name(cell))}"{note}>{escape(self._sign(cell))}{mark}</div>'

    def _sign(self, cell: Cell) -> str:
        if cell.kind is CellKind.WORK and cell.service is not None:
            return self._codes[cell.service]
        if cell.change is CellChange.GONE and cell.before is not None:
            return self._codes[cell.before]
        return {CellKind.BLOCKED: BLOCKED_SIGN, CellKind.UNAVAILABLE: UNAVAILABLE_SIGN}.get(cell.kind, "")

    def _classes(self, cell: Cell) -> Iterator[str]:
        if cell.kind is CellKind.WORK and cell.service is not None:
            yield f"s{self._colours[cell.service]}"
        if cell.kind in (CellKind.BLOCKED, CellKind.UNAVAILABLE):
            yield str(cell.kind)
        if cell.pinned:
            yield "pinned"
        if cell.change is not None:
            yield f"changed {cell.change}"
        if cell.broken:
            yield "broken"
        if cell.note:
            yield "noted"

    def _name(self, cell: Cell) -> Iterator[str]:
        if cell.kind is CellKind.WORK and cell.service is not None:
            yield self._codes[cell.service]
        elif cell.kind is CellKind.BLOCKED:
            duty = cell.service
            yield Message("blocked") if duty is None else Message("blocked by {duty}", duty=self._codes[duty])
        elif cell.kind is CellKind.UNAVAILABLE:
            yield Message("unavailable")
        if cell.pinned:
            yield Message("pinned")
        if cell.change is CellChange.NEW:
            yield Message("new")
        elif cell.before is not None:
            yield Message("was {service}", service=self._codes[cell.before])
        if cell.broken:
            yield Message("breaks a rule")
        if cell.note:
            yield Message("note: {note}", note=cell.note)


def _begin(day: GridDay, *, interactive: bool) -> str:
    kind = " weekend" if day.weekend else " monday" if day.date.weekday() == MONDAY else ""
    role = 'role="gridcell" tabindex="-1"' if interactive else 'role="cell"'
    return f'<div {role} class="c{kind}'
