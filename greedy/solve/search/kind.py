"""Whether the search by schedules can carry a problem. Loads neither numpy nor the compiler."""

from __future__ import annotations

import math

from greedy.model.limits import Limit, Quantity
from greedy.model.problem import Problem
from greedy.model.roster import Roster
from greedy.model.rules import check

_GREATEST_SUM = 1 << 25  # of weights over the horizon: the kernel adds in 32 bits
_GREATEST_MEMORY = 1 << 27  # numbers of 32 bits that the kernel keeps


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
    teams = {employee.team for employee in problem.employees}
    for row in problem.demand:
        if not teams.issubset(problem.demand_teams[row.team].served_by) or row.most < len(problem.employees):
            return False
    weight = max(row.weight_under + row.weight_over for row in problem.demand) + sum(request.weight for request in problem.requests)
    if weight * problem.day_count >= _GREATEST_SUM or problem.day_count > 1000 or len(problem.services) > 120:
        return False
    return all(_carries(problem, limit) for limit in problem.limits) and _memory(problem) <= _GREATEST_MEMORY and _pinned_work_fits(problem)


def _carries(problem: Problem, limit: Limit) -> bool:
    last = problem.day_count - 1 if limit.last_day is None else limit.last_day
    if not limit.hard or limit.first_day > 0 or last < problem.day_count - 1:
        return False
    if limit.quantity is Quantity.SHIFTS:
        return limit.services is not None and len(limit.services) == 1 and not limit.minimum
    if limit.services is not None and limit.services != frozenset(range(len(problem.services))):
        return False
    if limit.quantity is Quantity.WEEKENDS:
        return not limit.minimum
    if limit.quantity is Quantity.CONSECUTIVE_DAYS_OFF:
        return limit.maximum is None
    return limit.quantity in (Quantity.MINUTES, Quantity.CONSECUTIVE_DAYS)


def _pinned_work_fits(problem: Problem) -> bool:
    """Whether pinned work breaks no rule by itself: such breaks are excused elsewhere, but the kernel knows no excuse."""
    return not any(violation.pinned for violation in check(problem, Roster.of(problem.pinned)))


def _memory(problem: Problem) -> int:
    """About how many numbers the kernel keeps (see `scratch_for`)."""
    days = problem.day_count
    minutes = [service.minutes for service in problem.services]
    unit = math.gcd(*minutes) or 1
    spread = (max(minutes) - min(minutes)) // unit
    most = {
        Quantity.WEEKENDS: [days // 7 + 2] * len(problem.employees),
        Quantity.MINUTES: [days * max(minutes)] * len(problem.employees),
        Quantity.CONSECUTIVE_DAYS: [days] * len(problem.employees),
    }
    for limit in problem.limits:
        if limit.maximum is not None and limit.quantity in most:
            most[limit.quantity][limit.employee] = min(most[limit.quantity][limit.employee], limit.maximum)
    schedules = max(
        (weekends + 1) * (units // unit + 1) for weekends, units in zip(most[Quantity.WEEKENDS], most[Quantity.MINUTES], strict=True)
    )
    run = max(most[Quantity.CONSECUTIVE_DAYS])
    stints = (run * spread + 1) * (run + 1) ** 2
    return 2 * (days + 1) * schedules + (days * run + 2 * len(minutes)) * stints
