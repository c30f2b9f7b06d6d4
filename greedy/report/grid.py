"""The roster as a grid: employees by days, each day in its dayparts. What every picture of a roster is drawn from."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple

from greedy.model.coverage import coverage
from greedy.model.problem import Assignment, Problem, Slot
from greedy.model.roster import Roster, blocked_slots
from greedy.model.rules import Violation

SATURDAY = 5


class CellKind(StrEnum):
    """What a cell holds."""

    OPEN = "open"
    WORK = "work"
    BLOCKED = "blocked"
    UNAVAILABLE = "unavailable"


class CellChange(StrEnum):
    """How a cell differs from the earlier roster: work came, went, or is another service now."""

    NEW = "new"
    GONE = "gone"
    OTHER = "other"


class Cell(NamedTuple):
    """One slot.

    `service`: number of the service that is worked; of a BLOCKED cell the duty whose rest it is, when this roster has it.
    `pinned`: the planner's own. `broken`: a rule is broken here. `before`: the service of the earlier roster here, where `change` says
    GONE or OTHER. `note`: the planner's words.
    """

    kind: CellKind
    service: int | None = None
    pinned: bool = False
    broken: bool = False
    change: CellChange | None = None
    before: int | None = None
    note: str = ""


EMPTY = Cell(CellKind.OPEN)


class GridDay(NamedTuple):
    """A date of the roster. `week`: number of its week, as ISO 8601 and Dutch planners count. `required`, `open`: shifts of the day."""

    date: dt.date
    week: int
    week_year: int
    weekend: bool
    required: int
    open: int


@dataclass(frozen=True)
class Grid:
    """A roster as a grid.

    `cells[employee][day][daypart]`, numbered as in `problem`. `open_units[day][service]`: shifts that nobody works, where there are any.
    """

    problem: Problem
    days: tuple[GridDay, ...]
    cells: tuple[tuple[tuple[Cell, ...], ...], ...]
    open_units: tuple[Mapping[int, int], ...]

    @property
    def weeks(self) -> tuple[tuple[int, int], ...]:
        """(year, number) of the weeks of the roster, in order."""
        return tuple(dict.fromkeys((day.week_year, day.week) for day in self.days))


def build_grid(
    problem: Problem,
    roster: Roster,
    *,
    before: Roster | None = None,
    violations: Iterable[Violation] = (),
    notes: Mapping[Slot, str] | None = None,
) -> Grid:
    """The grid of a roster.

    Parameters
    ----------
    problem, roster
        The roster and what it was made for.
    before
        An earlier roster of the same problem; cells tell how they differ from it.
    violations
        Broken rules, whose cells are marked (`greedy.model.rules.check`).
    notes
        Words of the planner, by slot.
    """
    filled: dict[Slot, Cell] = {slot: Cell(CellKind.UNAVAILABLE) for slot in problem.unavailable}
    filled |= {slot: Cell(CellKind.BLOCKED) for slot in problem.blocked}
    filled |= {block.slot: Cell(CellKind.BLOCKED, block.duty.service) for block in blocked_slots(problem, roster)}
    pinned = frozenset(problem.pinned)
    filled |= {problem.slot_of(one): Cell(CellKind.WORK, one.service, pinned=one in pinned) for one in roster.assignments}
    if before is not None:
        _mark_changes(problem, filled, roster.assignments, before.assignments)
    for slot in {problem.slot_of(one) for violation in violations for one in violation.assignments if 0 <= one.day < problem.day_count}:
        filled[slot] = filled.get(slot, EMPTY)._replace(broken=True)
    for slot, note in (notes or {}).items():
        filled[slot] = filled.get(slot, EMPTY)._replace(note=note)
    open_units = _open_units(problem, roster)
    dayparts = range(len(problem.dayparts))
    return Grid(
        problem,
        days=_days(problem, open_units),
        cells=tuple(
            tuple(tuple(filled.get(Slot(employee, day, part), EMPTY) for part in dayparts) for day in range(problem.day_count))
            for employee in range(len(problem.employees))
        ),
        open_units=open_units,
    )


def _mark_changes(problem: Problem, filled: dict[Slot, Cell], now: Iterable[Assignment], before: Iterable[Assignment]) -> None:
    had = {problem.slot_of(one): one.service for one in before if 0 <= one.day < problem.day_count}
    has = {problem.slot_of(one): one.service for one in now if 0 <= one.day < problem.day_count}
    for slot in had.keys() | has.keys():
        old, new = had.get(slot), has.get(slot)
        if old == new:
            continue
        change = CellChange.NEW if old is None else CellChange.GONE if new is None else CellChange.OTHER
        filled[slot] = filled.get(slot, EMPTY)._replace(change=change, before=old)


def _open_units(problem: Problem, roster: Roster) -> tuple[dict[int, int], ...]:
    found: tuple[dict[int, int], ...] = tuple({} for _ in range(problem.day_count))
    for row, assigned in zip(problem.demand, coverage(problem, roster).assigned, strict=True):
        if assigned < row.required:
            found[row.day][row.service] = found[row.day].get(row.service, 0) + row.required - assigned
    return found


def _days(problem: Problem, open_units: tuple[dict[int, int], ...]) -> tuple[GridDay, ...]:
    required = [0] * problem.day_count
    for row in problem.demand:
        required[row.day] += row.required
    dates = [problem.date_of(day) for day in range(problem.day_count)]
    return tuple(
        GridDay(
            date,
            week=date.isocalendar().week,
            week_year=date.isocalendar().year,
            weekend=date.weekday() >= SATURDAY,
            required=required[day],
            open=sum(open_units[day].values()),
        )
        for day, date in enumerate(dates)
    )
