"""Which rules and rows stand against each other, in a planner's words."""

from __future__ import annotations

import time
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence

from greedy.model.changes import describe_limit, limit_of_somebody
from greedy.model.law import ATW
from greedy.model.limits import Limit, Quantity
from greedy.model.message import Message
from greedy.model.problem import Assignment, Problem
from greedy.model.result import Conflict, Obstacle
from greedy.model.rules import MEANING, Violation
from greedy.workspace import Workspace

SECONDS_FOR_A_CORE = 2.0  # within the grace that a process gives a solve beyond its time limit


def conflicts_of(problem: Problem, violations: Sequence[Violation], *, seed: int = 0, prove: bool = False) -> tuple[Conflict, ...]:
    """What the broken rules of the best roster stand against.

    Pinned work that breaks a rule by itself; the least of something that is more than an employee could do were nobody else there. `prove`:
    where neither says why a rule is broken, the exact model is asked for the smallest set of rules and rows that contradict each other.
    """
    if not violations:
        return ()
    leasts = tuple(_of_leasts(problem))
    core = _of_model(problem, seed) if prove and not leasts and not all(one.pinned for one in violations) else ()
    return (*_of_pinned_work(problem, violations), *leasts, *core)


def _of_model(problem: Problem, seed: int) -> tuple[Conflict, ...]:
    from greedy.solve.cpsat.core import conflict  # loads OR-Tools

    parts = conflict(problem, deadline=time.monotonic() + SECONDS_FOR_A_CORE, seed=seed)
    return (Conflict(Message("these cannot all be kept"), tuple(part.message for part in parts)),) if parts else ()


def _of_pinned_work(problem: Problem, violations: Sequence[Violation]) -> Iterator[Conflict]:
    history = set(problem.history)
    for one in violations:
        if one.pinned:
            work = [_stands(problem, assignment, was=assignment in history) for assignment in one.assignments]
            meaning = MEANING.get(one.rule) or Message("law of working time: {rule}", rule=ATW[one.rule].unit)
            yield Conflict(Message("pinned work breaks a rule: {what}", what=one.message), (*work, meaning))


def _stands(problem: Problem, assignment: Assignment, *, was: bool) -> Message:
    work = problem.describe(assignment)
    return Message("{work} was worked", work=work) if was else Message("{work} is pinned", work=work)


def _of_leasts(problem: Problem) -> Iterator[Conflict]:
    leasts = [limit for limit in problem.limits if limit.hard and limit.minimum]
    workspace = Workspace(problem) if leasts else None
    for limit in leasts:
        if workspace is not None and limit.quantity in (Quantity.SHIFTS, Quantity.MINUTES, Quantity.DAYS, Quantity.WEEKENDS):
            possible = _possible_work(workspace, limit)
            most = _most(problem, limit, possible)
            if most < (limit.minimum or 0):
                said = Message(
                    "{who}: {limit} asked, and at most {most} {quantity} are possible",
                    who=problem.employees[limit.employee].name,
                    limit=describe_limit(problem, limit),
                    most=most,
                    quantity=limit.quantity,
                )
                yield Conflict(said, (limit_of_somebody(problem, limit), *_why_not_more(workspace, limit, possible)))


def _possible_work(workspace: Workspace, limit: Limit) -> dict[Assignment, Obstacle | None]:
    """Work that would count toward a limit -> what keeps the employee from it beside her pinned work; None when nothing does."""
    problem, days = workspace.problem, workspace.problem.days_of(limit)

    def counts(day: int, service: int) -> bool:
        return day in days and (limit.services is None or service in limit.services)

    found: dict[Assignment, Obstacle | None] = {
        work: None for work in problem.pinned if work.employee == limit.employee and counts(work.day, work.service)
    }
    for demand in problem.demand:
        work = Assignment(limit.employee, demand.day, demand.service)
        if demand.most and counts(demand.day, demand.service) and (work not in found or found[work] is not None):
            found[work] = workspace.obstacle_alone(*work, demand.team)
    return found


def _most(problem: Problem, limit: Limit, possible: dict[Assignment, Obstacle | None]) -> int:
    """The most that an employee could work of what a limit counts: every slot once, and capabilities kept."""
    free = [work for work, obstacle in possible.items() if obstacle is None]
    if limit.quantity is Quantity.DAYS:
        return len({work.day for work in free})
    if limit.quantity is Quantity.WEEKENDS:
        weekdays = {work.day: problem.date_of(work.day) for work in free}
        return len({day.isocalendar()[:2] for day in weekdays.values() if day.isoweekday() > 5})
    slots: dict[tuple[int, int], int] = defaultdict(int)
    services: dict[int, list[int]] = defaultdict(list)
    for work in free:
        minutes = problem.services[work.service].minutes if limit.quantity is Quantity.MINUTES else 1
        slot = (work.day, problem.services[work.service].daypart)
        slots[slot] = max(slots[slot], minutes)
        services[work.service].append(minutes)
    stands = Counter(a.service for a in problem.pinned if a.employee == limit.employee)
    by_capability = sum(
        sum(all_of[: max(stands[service], problem.capabilities.get((limit.employee, service), 0))]) for service, all_of in services.items()
    )
    return min(sum(slots.values()), by_capability)


def _why_not_more(workspace: Workspace, limit: Limit, possible: dict[Assignment, Obstacle | None]) -> Iterator[Message]:
    problem = workspace.problem
    reasons: dict[Obstacle, int] = defaultdict(int)
    for obstacle in possible.values():
        if obstacle is not None:
            reasons[obstacle] += 1
    if not possible:
        yield Message("nobody is asked for on those days")
    for obstacle, number in sorted(reasons.items()):
        yield Message("{number} shifts that are asked for she cannot take: {reason}", number=number, reason=obstacle)
    for service in sorted({work.service for work, obstacle in possible.items() if obstacle is None}):
        most = problem.capabilities.get((limit.employee, service), 0)
        yield Message("{service} at most {most} times", service=problem.services[service].code, most=most)
