"""Which unit of demand each assignment serves.

The demand rows of one day and service share the staff: each assignment serves one unit of one row whose team it may serve, so the most that
a roster covers is a matching. Rows are few and cells small; augmenting paths find it at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from greedy.model.problem import Assignment, Problem
from greedy.model.roster import Roster


@dataclass(frozen=True)
class Coverage:
    """`assigned[row]`: employees that serve demand row `row`. `surplus`: assignments that serve none."""

    assigned: tuple[int, ...]
    surplus: tuple[Assignment, ...]


def coverage(problem: Problem, roster: Roster) -> Coverage:
    """Match assignments with demand so that as much demand as possible is served; pinned work is matched first."""
    pinned = set(problem.pinned)
    cells: dict[tuple[int, int], list[Assignment]] = {}
    for assignment in sorted(roster.assignments, key=lambda a: (a not in pinned, a)):
        cells.setdefault((assignment.day, assignment.service), []).append(assignment)
    assigned = [0] * len(problem.demand)
    surplus: list[Assignment] = []
    for cell, assignments in cells.items():
        rows = problem.demand_by_cell.get(cell, ())
        serving = match_cell(problem, rows, [assignment.employee for assignment in assignments])
        for assignment, row in zip(assignments, serving, strict=True):
            if row is None:
                surplus.append(assignment)
            else:
                assigned[row] += 1
    return Coverage(tuple(assigned), tuple(sorted(surplus)))


def match_cell(problem: Problem, rows: Sequence[int], employees: Sequence[int]) -> list[int | None]:
    """Give each employee a demand row of one cell, or None: a matching of the greatest size.

    Rows that few teams may serve are tried first, so that the others stay free for whoever comes later. An employee who got a row
    keeps one, perhaps another.
    """
    narrow_first = sorted(rows, key=lambda row: (len(_teams(problem, row)), row))
    takers: dict[int, list[int]] = {row: [] for row in rows}  # row -> positions in `employees`
    serving: list[int | None] = [None] * len(employees)

    def seat(position: int, tried: set[int]) -> bool:
        team = problem.employees[employees[position]].team
        for row in narrow_first:
            if row in tried or team not in _teams(problem, row):
                continue
            tried.add(row)
            takes = takers[row]
            if len(takes) < problem.demand[row].required:
                takes.append(position)
                serving[position] = row
                return True
            for place, other in enumerate(takes):
                if seat(other, tried):
                    takes[place] = position
                    serving[position] = row
                    return True
        return False

    for position in range(len(employees)):
        seat(position, set())
    return serving


def _teams(problem: Problem, row: int) -> tuple[str, ...]:
    return problem.demand_teams[problem.demand[row].team].served_by
