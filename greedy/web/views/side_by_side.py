"""Two rosters of the same staff side by side: figures that a planner weighs, and both grids with the cells that differ."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from greedy.model.message import Message
from greedy.report.comparison import in_numbers_of
from greedy.report.grid import SATURDAY, Grid, build_grid
from greedy.report.html import service_colours

if TYPE_CHECKING:
    from greedy.desk.opened import OpenRoster
    from greedy.model.problem import Problem

Side = Literal["left", "right"]


@dataclass(frozen=True)
class Facing:
    """A figure of both rosters. `better`: which one is, None when they are the same or neither is."""

    title: str
    left: str
    right: str
    better: Side | None


def side_by_side(left: OpenRoster, right: OpenRoster) -> list[Facing]:
    """Figures of two rosters; of all that can be better less is."""
    shares = [_shares(one) for one in (left, right)]
    return [
        _less(Message("Open shifts"), sum(left.missing.values()), sum(right.missing.values())),
        _less(Message("Broken rules"), len(left.violations), len(right.violations)),
        _spread(Message("Shifts of one employee"), shares[0][0], shares[1][0]),
        _spread(Message("Weekend days of one employee"), shares[0][1], shares[1][1]),
        Facing(Message("Pinned shifts"), str(len(left.problem.pinned)), str(len(right.problem.pinned)), None),
    ]


def facing_grids(left: OpenRoster, right: OpenRoster) -> tuple[Grid, Grid]:
    """The grids of two rosters, each marked where the other one is different."""
    return _marked(left, right), _marked(right, left)


def colours_of(problem: Problem) -> dict[str, int]:
    """Code of a service -> number of its colour."""
    return {service.code: colour for service, colour in zip(problem.services, service_colours(problem), strict=True)}


def changed_people(grid: Grid) -> list[int]:
    """Numbers of the employees for whom something changed."""
    return [number for number, days in enumerate(grid.cells) if any(cell.change for parts in days for cell in parts)]


def _marked(one: OpenRoster, other: OpenRoster) -> Grid:
    before = in_numbers_of(one.problem, other.problem, other.roster)
    return build_grid(one.problem, one.roster, before=before, violations=one.violations, notes=one.notes)


def _shares(opened: OpenRoster) -> tuple[list[int], list[int]]:
    """Shifts and weekend days of each employee who can be planned."""
    shifts, weekends = Counter[int](), Counter[int]()
    problem = opened.problem
    for work in opened.roster.assignments:
        shifts[work.employee] += 1
    for employee, day in {(work.employee, work.day) for work in opened.roster.assignments}:
        weekends[employee] += problem.date_of(day).weekday() >= SATURDAY
    active = [number for number, employee in enumerate(problem.employees) if employee.active]
    return [shifts[number] for number in active], [weekends[number] for number in active]


def _less(title: str, left: int, right: int) -> Facing:
    return Facing(title, str(left), str(right), None if left == right else "left" if left < right else "right")


def _spread(title: str, left: Sequence[int], right: Sequence[int]) -> Facing:
    """From the least to the most that anybody has: the closer, the fairer."""
    spans = [max(one, default=0) - min(one, default=0) for one in (left, right)]
    said = [f"{min(one, default=0)} – {max(one, default=0)}" for one in (left, right)]
    return Facing(title, said[0], said[1], None if spans[0] == spans[1] else "left" if spans[0] < spans[1] else "right")
