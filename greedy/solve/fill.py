"""The greedy fill: each open shift to the best candidate of the moment, in one fixed order. Deterministic, and never undone."""

from __future__ import annotations

from greedy.model.problem import Problem
from greedy.workspace import Workspace


def fill(workspace: Workspace) -> None:
    """Place what can be placed.

    Demand in the order: system services; date; daypart; demand team; service code. For each open shift the candidates of the first team
    that has any; among them the one with the most capacity left for the service, then the fewest shifts so far, then the name.
    """
    problem = workspace.problem
    by_name = sorted(range(len(problem.employees)), key=lambda e: (problem.employees[e].name, problem.employees[e].id))
    name_rank = {employee: rank for rank, employee in enumerate(by_name)}
    for row in demand_order(problem):
        demand = problem.demand[row]
        for team in problem.demand_teams[demand.team].served_by:
            while workspace.open_units[row] > 0 and (candidates := workspace.candidates(row, team)):
                best = min(
                    candidates,
                    key=lambda e: (-workspace.capacity_left(e, demand.service), workspace.shifts[e], name_rank[e]),
                )
                workspace.place(best, row)


def demand_order(problem: Problem) -> list[int]:
    """Demand rows in the order in which the fill serves them."""

    def key(row: int) -> tuple[bool, int, int, int, str]:
        demand = problem.demand[row]
        service = problem.services[demand.service]
        return (not service.is_system, demand.day, service.daypart, demand.team, service.code)

    return sorted((row for row, demand in enumerate(problem.demand) if demand.required), key=key)
