"""Whether the search by schedules can carry a problem. Loads neither numpy nor the compiler."""

from __future__ import annotations

from greedy.model.limits import Limit, Quantity
from greedy.model.problem import Problem

_GREATEST_SUM = 1 << 25  # of weights over the horizon: the kernel adds in 32 bits


def supports(problem: Problem) -> bool:
    """Whether the search can carry a problem: one daypart, hard limits that the kernel knows, and costs of demand and requests alone."""
    if len(problem.dayparts) != 1 or problem.blocking_rules or problem.wishes or problem.history_days or problem.history:
        return False
    if problem.working_time is not None and problem.working_time.enforce:
        return False
    if any(service.second_half is not None for service in problem.services) or not problem.employees or not problem.demand:
        return False
    if any(request.priority or request.service is None for request in problem.requests):
        return False
    if any(len(rows) > 1 for rows in problem.demand_by_cell.values()):
        return False
    if any(slot in problem.blocked or slot in problem.unavailable for slot in map(problem.slot_of, problem.pinned)):
        return False
    teams = {employee.team for employee in problem.employees}
    for row in problem.demand:
        if not teams.issubset(problem.demand_teams[row.team].served_by) or (row.maximum or row.required) < len(problem.employees):
            return False
    weight = max(row.weight_under + row.weight_over for row in problem.demand) + sum(request.weight for request in problem.requests)
    if weight * problem.day_count >= _GREATEST_SUM or problem.day_count > 1000 or len(problem.services) > 120:
        return False
    return all(_carries(problem, limit) for limit in problem.limits) and _asked_once(problem)


def _carries(problem: Problem, limit: Limit) -> bool:
    last = problem.day_count - 1 if limit.last_day is None else limit.last_day
    if not limit.hard or limit.first_day > 0 or last < problem.day_count - 1:
        return False
    if limit.services is not None and limit.services != frozenset(range(len(problem.services))):
        return limit.quantity is Quantity.SHIFTS and len(limit.services) == 1 and not limit.minimum
    if limit.quantity is Quantity.WEEKENDS:
        return not limit.minimum
    if limit.quantity is Quantity.CONSECUTIVE_DAYS_OFF:
        return limit.maximum is None
    return limit.quantity in (Quantity.MINUTES, Quantity.CONSECUTIVE_DAYS)


def _asked_once(problem: Problem) -> bool:
    """Whether work that nobody asked for is legal nowhere: the search staffs only cells with demand."""
    return all((a.day, a.service) in problem.demand_by_cell for a in problem.pinned)
