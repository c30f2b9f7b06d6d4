"""Why demand is open: the obstacle of each employee, counted."""

from __future__ import annotations

from collections import Counter

from greedy.model.coverage import coverage
from greedy.model.problem import Assignment, Problem, Slot
from greedy.model.result import Obstacle, OpenDemand
from greedy.model.roster import Roster
from greedy.workspace import Workspace


def explain_open_demand(problem: Problem, roster: Roster) -> tuple[OpenDemand, ...]:
    """Demand rows that are not full, with the reasons; every employee counts once a row."""
    assigned = coverage(problem, roster).assigned
    open_rows = [row for row, demand in enumerate(problem.demand) if assigned[row] < demand.required]
    if not open_rows:
        return ()
    workspace = Workspace(problem, roster)
    return tuple(_explain(workspace, row, problem.demand[row].required - assigned[row]) for row in open_rows)


def _explain(workspace: Workspace, row: int, missing: int) -> OpenDemand:
    problem, demand = workspace.problem, workspace.problem.demand[row]
    obstacles = {employee: workspace.obstacle(employee, row) for employee in range(len(problem.employees))}
    slots = [Slot(employee, demand.day, problem.services[demand.service].daypart) for employee in obstacles]
    duties: list[Assignment] = [
        duty for slot in slots if obstacles[slot.employee] is Obstacle.BLOCKED and (duty := workspace.blocking_duty(slot)) is not None
    ]
    short = [
        employee
        for employee, obstacle in obstacles.items()
        if obstacle in (Obstacle.CAPACITY_USED, Obstacle.PAIR_NOT_POSSIBLE) and workspace.obstacle(employee, row, extra_capacity=1) is None
    ]
    counted = Counter(obstacle for obstacle in obstacles.values() if obstacle is not None)
    return OpenDemand(
        row=row,
        missing=missing,
        reasons={obstacle: counted[obstacle] for obstacle in Obstacle if counted[obstacle]},
        free=tuple(employee for employee, obstacle in obstacles.items() if obstacle is None),
        blocked_by=tuple(problem.describe(duty) for duty in duties),
        one_more_for=tuple(short),
    )
