"""Why demand is open: the obstacle of each employee, counted, and the smallest change that would fill it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from greedy.model.changes import Change, OneMore, limit_of_somebody
from greedy.model.coverage import coverage
from greedy.model.message import Message
from greedy.model.problem import Problem, Slot
from greedy.model.result import Obstacle, OpenDemand
from greedy.model.roster import Roster
from greedy.solve.remedy import Remedy, changes_for, in_a_sentence, remedy
from greedy.workspace import Workspace

OF_LIMITS = frozenset({Obstacle.DAY_LIMIT, Obstacle.LIMIT_REACHED, Obstacle.REST_TOO_SHORT})
OF_CAPACITY = frozenset({Obstacle.CAPACITY_USED, Obstacle.PAIR_NOT_POSSIBLE})
EFFORT = 100_000  # of the workspace, for the moves that are tried for all open rows together
EFFORT_OF_A_ROW = 3_000


def explain_open_demand(problem: Problem, roster: Roster, *, effort: int = EFFORT) -> tuple[OpenDemand, ...]:
    """Demand rows that are not full, with the reasons; every employee counts once a row.

    `effort`: how much is tried to find moves that would fill them, the first rows first. What a change alone would do is said of every row.
    """
    assigned = coverage(problem, roster).assigned
    missing = {row: demand.required - assigned[row] for row, demand in enumerate(problem.demand) if assigned[row] < demand.required}
    if not missing:
        return ()
    workspace = Workspace(problem, roster)
    explained = []
    for row, units in missing.items():
        obstacles = [workspace.obstacle(employee, row) for employee in range(len(problem.employees))]
        start = workspace.effort
        found = remedy(workspace, row, obstacles, until=start + min(effort, EFFORT_OF_A_ROW))
        effort -= workspace.effort - start
        explained.append(_explained(workspace, row, units, obstacles, found))
    return tuple(explained)


def _explained(workspace: Workspace, row: int, missing: int, obstacles: Sequence[Obstacle | None], found: Remedy | None) -> OpenDemand:
    problem, demand = workspace.problem, workspace.problem.demand[row]
    counted = Counter(obstacle for obstacle in obstacles if obstacle is not None)
    blocked = [e for e, obstacle in enumerate(obstacles) if obstacle is Obstacle.BLOCKED]
    duties = [workspace.blocking_duty(Slot(e, demand.day, problem.services[demand.service].daypart)) for e in blocked]
    limits = [limit for e, obstacle in enumerate(obstacles) if obstacle in OF_LIMITS and (limit := workspace.limit_in_the_way(e, row))]
    at_capacity = [(e, obstacle) for e, obstacle in enumerate(obstacles) if obstacle in OF_CAPACITY]
    return OpenDemand(
        row=row,
        missing=missing,
        reasons={obstacle: counted[obstacle] for obstacle in Obstacle if counted[obstacle]},
        free=tuple(employee for employee, obstacle in enumerate(obstacles) if obstacle is None),
        blocked_by=tuple(problem.describe(duty) for duty in duties if duty is not None),
        one_more=tuple(more for e, obstacle in at_capacity if (more := _one_more(changes_for(workspace, e, row, obstacle, most=1)))),
        limits_reached=tuple(limit_of_somebody(problem, limit) for limit in limits),
        changes=() if found is None else found.changes,
        moves_alone=found is not None and not found.changes,
        smallest_change=_in_words(workspace, row, found),
    )


def _one_more(changes: tuple[Change, ...] | None) -> OneMore | None:
    match changes:
        case (OneMore(new=False) as more,):
            return more
        case _:
            return None


def _in_words(workspace: Workspace, row: int, found: Remedy | None) -> Message:
    problem = workspace.problem
    if not problem.employees:
        return Message("there are no employees")
    if found is None:
        return Message("no change for one employee fills it; look for somebody else, or ask for fewer")
    service, said = problem.demand[row].service, in_a_sentence(problem, found)
    if any(problem.employees[e].active for e, one in problem.capabilities if one == service):
        return said
    return Message("nobody is qualified for {service}: {change}", service=problem.services[service].code, change=said)
