"""Which rules and rows stand against each other, in a planner's words."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING

from greedy.model.changes import limit_of_somebody
from greedy.model.excess import excess, work_of
from greedy.model.law import ATW
from greedy.model.limits import Limit, Quantity
from greedy.model.message import Message
from greedy.model.problem import Assignment, Problem
from greedy.model.result import Conflict, Obstacle
from greedy.model.roster import Roster
from greedy.model.rules import MEANING, Violation
from greedy.workspace import Workspace

if TYPE_CHECKING:
    from greedy.solve.cpsat.model import Part  # loads OR-Tools

COUNTED = frozenset({Quantity.SHIFTS, Quantity.MINUTES, Quantity.DAYS, Quantity.WEEKENDS})
MOST_ALONE = 10  # employees whose rules are looked at one by one
EFFORT_ALONE = 0.1
LARGEST = 15_000  # assignments that may be possible, up to which the rules of many are looked at together


def conflicts_of(
    problem: Problem, roster: Roster, violations: Sequence[Violation], *, seed: int = 0, prove: bool = False
) -> tuple[Conflict, ...]:
    """What the broken rules of the best roster stand against.

    Pinned work that breaks a rule by itself; the least of something that is more than an employee could do were nobody else there. `prove`:
    where neither says why a limit is broken, the exact model is asked for the smallest set of rules and rows that contradict each other.
    How much is tried is counted, so that the same roster gets the same answer.
    """
    if not violations:
        return ()
    broken = _broken_limits(problem, roster)
    leasts = tuple(_of_leasts(problem, broken))
    found = (*_of_pinned_work(problem, violations), *leasts)
    if not prove or all(one.pinned for one in violations):
        return found
    concerned = {limit.employee for limit in broken}.union(a.employee for one in violations if not one.pinned for a in one.assignments)
    return (*found, *_of_model(problem, concerned.difference(*(one.employees for one in leasts)), seed))


def _broken_limits(problem: Problem, roster: Roster) -> list[Limit]:
    work = work_of(problem, roster)
    return [limit for limit in problem.limits if limit.hard and any(excess(problem, limit, work[limit.employee]))]


def _of_model(problem: Problem, employees: Collection[int], seed: int) -> Iterator[Conflict]:
    """Of each of these employees alone, which is the most use to a planner, then of all who cannot do with their pinned work."""
    from greedy.solve.cpsat.core import conflict  # loads OR-Tools
    from greedy.solve.exact import size

    contradicted: set[int] = set()
    for employee in sorted(employees)[:MOST_ALONE]:
        if parts := conflict(problem, {employee}, effort=EFFORT_ALONE, seed=seed):
            contradicted.add(employee)
            yield _told(parts)
    if contradicted.issuperset(employees):
        return
    # Whoever keeps her limits with her pinned work alone stands against nobody.
    needy = {limit.employee for limit in _broken_limits(problem, Roster.of(problem.pinned))} - contradicted
    if size(problem, needy) <= LARGEST and (parts := conflict(problem, needy, seed=seed)):
        yield _told(parts)


def _of_pinned_work(problem: Problem, violations: Sequence[Violation]) -> Iterator[Conflict]:
    history = set(problem.history)
    for one in violations:
        if one.pinned:
            work = [_stands(problem, assignment, was=assignment in history) for assignment in one.assignments]
            meaning = MEANING.get(one.rule) or Message("law of working time: {rule}", rule=ATW[one.rule].unit)
            said = Message("work that stands breaks a rule, and only a planner can change it: {what}", what=one.message)
            yield Conflict(said, (*work, meaning), _each(a.employee for a in one.assignments))


def _stands(problem: Problem, assignment: Assignment, *, was: bool) -> Message:
    work = problem.describe(assignment)
    return Message("{work} was worked", work=work) if was else Message("{work} is pinned", work=work)


def _told(parts: Sequence[Part]) -> Conflict:
    said = Message("no roster keeps this; change it") if len(parts) == 1 else Message("no roster keeps all of these; change one of them")
    return Conflict(said, tuple(part.message for part in parts), _each(part.employee for part in parts if part.employee is not None))


def _each(employees: Iterable[int]) -> tuple[int, ...]:
    return tuple(sorted(set(employees)))


def _of_leasts(problem: Problem, broken: Sequence[Limit]) -> Iterator[Conflict]:
    leasts = [limit for limit in broken if limit.minimum and limit.quantity in COUNTED]
    workspace = Workspace(problem) if leasts else None
    for limit in leasts:
        if workspace is not None:
            possible = _possible_work(workspace, limit)
            most = _most(problem, limit, possible)
            if most < (limit.minimum or 0):
                said = Message("{limit} asked, and no more than {most} possible", limit=limit_of_somebody(problem, limit), most=most)
                yield Conflict(said, tuple(_why_not_more(workspace, limit, possible)), (limit.employee,))


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
        yield Message("no shift that would count is asked for")
    for obstacle, number in sorted(reasons.items(), key=lambda one: -one[1]):
        yield Message("{number} of the shifts that would count: {reason}", number=number, reason=obstacle)
    for service in sorted({work.service for work, obstacle in possible.items() if obstacle is None}):
        most = problem.capabilities.get((limit.employee, service), 0)
        yield Message("{service}: at most {most} in this roster", service=problem.services[service].code, most=most)
