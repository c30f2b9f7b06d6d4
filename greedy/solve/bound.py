"""Bounds that cost nothing: what could be covered if shifts did not stand in each other's way."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence

from greedy.model.problem import Assignment, Problem
from greedy.workspace import Workspace


def coverage_bound(problem: Problem) -> int:
    """No legal roster covers more shifts than this."""
    return problem.required - _least_open(problem, dict.fromkeys(range(len(problem.demand)), 1))


def demand_bound(problem: Problem) -> int:
    """No legal roster leaves open demand that costs less than this."""
    return _least_open(problem, {number: row.weight_under for number, row in enumerate(problem.demand)})


def _least_open(problem: Problem, weights: Mapping[int, int]) -> int:
    """Least total weight of the units that stay open.

    Per day and service, units are matched with everybody who could work them if nothing else were planned, the heavy ones first (a matching
    has the most weight when each unit in the order of weight is kept if it can be). Per service, what is matched beyond the capabilities
    of all stays open too, the light ones. Rest, pairs and the one service a slot are left out, so it is a relaxation.
    """
    start = Workspace(problem)
    pinned: dict[tuple[int, int], list[int]] = defaultdict(list)
    for assignment in problem.pinned:
        pinned[assignment.day, assignment.service].append(assignment.employee)
    open_weight = 0
    matched: dict[int, list[int]] = defaultdict(list)  # service -> weights of the units that could be covered
    served_by_pinned: dict[int, int] = defaultdict(int)
    for (day, service), rows in problem.demand_by_cell.items():
        served_by_pinned[service] += sum(start.row_of(Assignment(employee, day, service)) is not None for employee in pinned[day, service])
        staff: dict[str, int] = defaultdict(int)  # employee team -> how many could work here
        for team in {team for row in rows for team in problem.demand_teams[problem.demand[row].team].served_by}:
            staff[team] += sum(
                not start.is_pinned(Assignment(employee, day, service))
                and start.obstacle_alone(employee, day, service, _a_row_for(problem, rows, team)) is None
                for employee in start.qualified.get((service, team), ())
            )
        for employee in pinned[day, service]:
            staff[problem.employees[employee].team] += 1
        covered, missed = _match_teams(problem, rows, staff, weights)
        open_weight += sum(missed)
        matched[service] += covered
    for service, covered in matched.items():
        left = sum(max(0, start.capacity_left(employee, service)) for employee in range(len(problem.employees)))
        beyond = len(covered) - served_by_pinned[service] - left
        if beyond > 0:
            open_weight += sum(heapq.nsmallest(beyond, covered))
    return open_weight


def _a_row_for(problem: Problem, rows: Sequence[int], team: str) -> int:
    """A demand team of the cell that an employee team may serve."""
    return next(problem.demand[row].team for row in rows if team in problem.demand_teams[problem.demand[row].team].served_by)


def _match_teams(
    problem: Problem, rows: Sequence[int], staff: Mapping[str, int], weights: Mapping[int, int]
) -> tuple[list[int], list[int]]:
    """Weights of the units of one cell that `staff` (employee team -> how many) can cover, and of those that it cannot; the most weight."""
    used: Counter[str] = Counter()
    takes: dict[int, Counter[str]] = {row: Counter() for row in rows}

    def seat(row: int, tried: set[str]) -> bool:
        for team in problem.demand_teams[problem.demand[row].team].served_by:
            if team in tried or not staff.get(team, 0):
                continue
            tried.add(team)
            if used[team] < staff[team]:
                used[team] += 1
                takes[row][team] += 1
                return True
            for other in rows:
                if other != row and takes[other][team] and seat(other, tried):
                    takes[other][team] -= 1
                    takes[row][team] += 1
                    return True
        return False

    covered: list[int] = []
    missed: list[int] = []
    for row in sorted(rows, key=lambda row: -weights[row]):
        for _ in range(problem.demand[row].required):
            (covered if seat(row, set()) else missed).append(weights[row])
    return covered, missed
