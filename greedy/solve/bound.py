"""A bound that costs nothing: how much demand could be covered if shifts did not stand in each other's way."""

from __future__ import annotations

from collections import defaultdict

from greedy.model.coverage import match_cell
from greedy.model.problem import Problem
from greedy.workspace import Workspace


def coverage_bound(problem: Problem) -> int:
    """No legal roster covers more shifts than this.

    Per day and service, demand is matched with everybody who could work it if nothing else were planned; per service, the sum is
    cut off at what all capabilities allow. Rest, pairs and the one service a slot are left out, so it is a relaxation.
    """
    start = Workspace(problem)
    served_by_pinned = problem.required - sum(start.open_units)
    possible: dict[int, int] = defaultdict(int)
    for (day, service), rows in problem.demand_by_cell.items():
        if not any(start.open_units[row] for row in rows):
            continue
        able = [
            employee
            for employee in range(len(problem.employees))
            if any(start.obstacle_alone(employee, day, service, problem.demand[row].team) is None for row in rows)
        ]
        pinned = [a.employee for a in problem.pinned if (a.day, a.service) == (day, service)]
        already = sum(row is not None for row in match_cell(problem, rows, pinned))
        possible[service] += sum(row is not None for row in match_cell(problem, rows, [*pinned, *able])) - already
    left = {service: sum(max(0, start.capacity_left(e, service)) for e in range(len(problem.employees))) for service in possible}
    return served_by_pinned + sum(min(possible[service], left[service]) for service in possible)
