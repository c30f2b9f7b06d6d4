"""Which unit of demand each assignment serves.

The demand rows of one day and service share the staff: each assignment serves one unit of one row whose team it may serve, so the best that
a roster covers is a matching. A row takes up to `required` employees, and up to `Demand.most` beyond that as over. Rows are few and cells
small; augmenting paths find it at once.

The units of demand that can be served together form a matroid, so taking them one after another, the dearest first, serves the greatest
weight; and a best choice of units and a best choice of employees always fit together (Mendelsohn and Dulmage 1958).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from greedy.model.problem import Assignment, Problem
from greedy.model.roster import Roster


@dataclass(frozen=True)
class Coverage:
    """`assigned[row]`: employees that serve demand row `row`, those beyond `required` included. `surplus`: assignments that serve none."""

    assigned: tuple[int, ...]
    surplus: tuple[Assignment, ...]


def coverage(problem: Problem, roster: Roster) -> Coverage:
    """Match assignments with demand so that what is missing and what is over cost least; pinned work is seated first."""
    pinned = set(problem.pinned)
    cells: dict[tuple[int, int], list[Assignment]] = {}
    for assignment in sorted(roster.assignments, key=lambda a: a not in pinned):
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
    """Give each employee a demand row of one cell, or None.

    As many as can be serve a row; earlier employees come first. Among such matchings this one costs least: required units before those
    over, those that cost most when missing first, then those that cost least when over.
    """
    teams = [problem.employees[employee].team for employee in employees]
    if len(rows) <= 1:
        return _match_row(problem, rows, teams)
    return _Cell(problem, rows, teams).match()


def _match_row(problem: Problem, rows: Sequence[int], teams: Sequence[str]) -> list[int | None]:
    serving: list[int | None] = [None] * len(teams)
    for row in rows:
        places = problem.demand[row].most
        for position, team in enumerate(teams):
            if places > 0 and team in _teams(problem, row):
                serving[position] = row
                places -= 1
    return serving


class _Cell:
    """Demand rows of one day and service, and the teams of the employees who work it."""

    def __init__(self, problem: Problem, rows: Sequence[int], teams: Sequence[str]) -> None:
        self._demand = problem.demand
        self._teams = teams
        # Rows that few teams may serve first, so that the others stay free for whoever comes later.
        self._rows = sorted(rows, key=lambda row: (len(_teams(problem, row)), row))
        self._able = {row: [position for position, team in enumerate(teams) if team in _teams(problem, row)] for row in rows}
        self._open_to = {team: {row for row in rows if team in _teams(problem, row)} for team in set(teams)}

    def match(self) -> list[int | None]:
        seated = self._seated()
        serving: list[int | None] = [None] * len(self._teams)
        for row, units in self._units():
            for _ in range(units):
                if not self._fetch(row, seated, serving, set()):
                    break
        return serving

    def _seated(self) -> set[int]:
        """Positions that can serve together, the earlier first."""
        takers: dict[int, list[int]] = {row: [] for row in self._rows}

        def seat(position: int, tried: set[int]) -> bool:
            for row in self._rows:
                if row in tried or row not in self._open_to[self._teams[position]]:
                    continue
                tried.add(row)
                if len(takers[row]) < self._demand[row].most:
                    takers[row].append(position)
                    return True
                for place, other in enumerate(takers[row]):
                    if seat(other, tried):
                        takers[row][place] = position
                        return True
            return False

        return {position for position in range(len(self._teams)) if seat(position, set())}

    def _units(self) -> list[tuple[int, int]]:
        """Row and number of units, in the order of their worth."""
        required = sorted(self._rows, key=lambda row: -self._demand[row].weight_under)
        over = sorted(self._rows, key=lambda row: self._demand[row].weight_over)
        return [(row, self._demand[row].required) for row in required] + [
            (row, self._demand[row].most - self._demand[row].required) for row in over
        ]

    def _fetch(self, row: int, seated: set[int], serving: list[int | None], tried: set[int]) -> bool:
        """Find an employee for one more unit of a row; who leaves another row for it is replaced there."""
        tried.add(row)
        able = [position for position in self._able[row] if position in seated]
        for position in able:
            if serving[position] is None:
                serving[position] = row
                return True
        for position in able:
            other = serving[position]
            if other is not None and other not in tried and self._fetch(other, seated, serving, tried):
                serving[position] = row
                return True
        return False


def _teams(problem: Problem, row: int) -> tuple[str, ...]:
    return problem.demand_teams[problem.demand[row].team].served_by
