"""Why demand is open: the obstacle of each employee, counted, and the smallest change that would fill it."""

from __future__ import annotations

import time
from collections import Counter

from greedy.model.changes import Change, OneMore, describe_limit
from greedy.model.coverage import coverage
from greedy.model.problem import Problem, Slot
from greedy.model.result import Obstacle, OpenDemand
from greedy.model.roster import Roster
from greedy.solve.remedy import MOST_STATES, Remedy, changes_for, in_a_sentence, remedy
from greedy.workspace import Workspace

OF_LIMITS = frozenset({Obstacle.DAY_LIMIT, Obstacle.LIMIT_REACHED, Obstacle.REST_TOO_SHORT})
EFFORT = 20_000  # situations of remedies, times employees, that all open rows share
SECONDS_FOR_REMEDIES = 1.5  # of all open rows together, where limits make situations slow; reasons are counted all the same

NOT_LOOKED_FOR = "no change was looked for, as so much is open"


def explain_open_demand(problem: Problem, roster: Roster) -> tuple[OpenDemand, ...]:
    """Demand rows that are not full, with the reasons; every employee counts once a row."""
    assigned = coverage(problem, roster).assigned
    open_rows = [row for row, demand in enumerate(problem.demand) if assigned[row] < demand.required]
    if not open_rows:
        return ()
    workspace = Workspace(problem, roster)
    states = max(1, min(MOST_STATES, EFFORT // (len(open_rows) * max(1, len(problem.employees)))))
    end = time.monotonic() + SECONDS_FOR_REMEDIES
    missing = ((row, problem.demand[row].required - assigned[row]) for row in open_rows)
    return tuple(_explain(workspace, row, units, states if time.monotonic() < end else 0) for row, units in missing)


def _explain(workspace: Workspace, row: int, missing: int, most_states: int) -> OpenDemand:
    problem, demand = workspace.problem, workspace.problem.demand[row]
    obstacles = {employee: workspace.obstacle(employee, row) for employee in range(len(problem.employees))}
    counted = Counter(obstacle for obstacle in obstacles.values() if obstacle is not None)
    blocked = [e for e, obstacle in obstacles.items() if obstacle is Obstacle.BLOCKED]
    duties = [workspace.blocking_duty(Slot(e, demand.day, problem.services[demand.service].daypart)) for e in blocked]
    limits = [limit for e, obstacle in obstacles.items() if obstacle in OF_LIMITS and (limit := workspace.limit_in_the_way(e, row))]
    found = remedy(workspace, row, most_states=most_states) if most_states else None
    return OpenDemand(
        row=row,
        missing=missing,
        reasons={obstacle: counted[obstacle] for obstacle in Obstacle if counted[obstacle]},
        free=tuple(employee for employee, obstacle in obstacles.items() if obstacle is None),
        blocked_by=tuple(problem.describe(duty) for duty in duties if duty is not None),
        one_more_for=tuple(employee for employee in obstacles if _one_more(changes_for(workspace, employee, row, most=1))),
        limits_reached=tuple(f"{problem.employees[limit.employee].name}: {describe_limit(problem, limit)}" for limit in limits),
        changes=() if found is None else found.changes,
        smallest_change=_in_words(workspace, row, found) if most_states else NOT_LOOKED_FOR,
    )


def _one_more(changes: tuple[Change, ...] | None) -> bool:
    return changes is not None and len(changes) == 1 and isinstance(changes[0], OneMore) and not changes[0].new


def _in_words(workspace: Workspace, row: int, found: Remedy | None) -> str:
    problem = workspace.problem
    if not problem.employees:
        return "there are no employees"
    if found is None:
        return "no change for one employee fills it"
    service = problem.demand[row].service
    nobody = not any(problem.employees[e].active for e, one in problem.capabilities if one == service)
    return f"nobody is qualified for {problem.services[service].code}: " * nobody + in_a_sentence(problem, found)
