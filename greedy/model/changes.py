"""Changes of what is given that would let more work be done: what a planner can decide, and a solver cannot."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, replace

from greedy.model.limits import Limit
from greedy.model.message import Message, joined, listed
from greedy.model.problem import Problem, Slot


@dataclass(frozen=True)
class OneMore:
    """An employee may work each of these services once more; the halves of a pair together. `new`: she is not qualified for them yet."""

    employee: int
    services: tuple[int, ...]
    new: bool = False


@dataclass(frozen=True)
class HigherLimit:
    """The most that a limit allows is raised `by` so many of its units."""

    limit: Limit
    by: int


@dataclass(frozen=True)
class Available:
    """An absence of an employee on a day is lifted."""

    employee: int
    day: int
    dayparts: tuple[int, ...]


Change = OneMore | HigherLimit | Available


def applied(problem: Problem, changes: tuple[Change, ...]) -> Problem:
    """The problem after changes."""
    for change in changes:
        match change:
            case OneMore(employee, services):
                stands = Counter((a.employee, a.service) for a in problem.pinned)  # what was pinned without a qualification counts too
                keys = [(employee, service) for service in services]
                more = {key: problem.capabilities.get(key, stands[key]) + 1 for key in keys}
                problem = replace(problem, capabilities={**problem.capabilities, **more})
            case HigherLimit(limit, by):
                higher = replace(limit, maximum=(limit.maximum or 0) + by)
                problem = replace(problem, limits=tuple(higher if one == limit else one for one in problem.limits))
            case Available(employee, day, dayparts):
                lifted = {Slot(employee, day, daypart) for daypart in dayparts}
                problem = replace(problem, unavailable=problem.unavailable - lifted)
    return problem


def in_words(problem: Problem, change: Change) -> Message:
    """A change as a planner would say it: `one more DIO and DIA for Anna Mulder`."""
    match change:
        case OneMore(employee, services, new):
            codes = joined(problem.services[service].code for service in services)
            who = problem.names[employee]
            return (
                Message("{who} qualified for {what}", who=who, what=codes)
                if new
                else Message("one more {what} for {who}", what=codes, who=who)
            )
        case HigherLimit(limit, by):
            higher = replace(limit, maximum=(limit.maximum or 0) + by)
            return Message(
                "{limit} for {who} instead of {most}",
                limit=describe_limit(problem, higher),
                who=problem.names[limit.employee],
                most=limit.maximum,
            )
        case Available(employee, day, dayparts):
            return Message(
                "{who} available on {date} {dagdeel}",
                who=problem.names[employee],
                date=problem.date_of(day),
                dagdeel=joined(problem.dayparts[daypart] for daypart in dayparts),
            )


def describe_limit(problem: Problem, limit: Limit) -> Message:
    """`at most 5 shifts DIO, 2025-11-24 to 2025-11-30`, after the limit's name when it has one."""
    bounds = [Message("at least {number}", number=limit.minimum)] if limit.minimum is not None else []
    bounds += [Message("at most {number}", number=limit.maximum)] if limit.maximum is not None else []
    said = Message("{bounds} {quantity}", bounds=joined(bounds), quantity=limit.quantity)
    if limit.services is not None:
        codes = listed(problem.services[service].code for service in sorted(limit.services))
        said = Message("{what} {services}", what=said, services=codes)
    days = problem.days_of(limit)
    if days != range(problem.day_count):
        first_date, last_date = problem.date_of(days.start), problem.date_of(days.stop - 1)
        said = Message("{what}, {first} to {last}", what=said, first=first_date, last=last_date)
    return Message("{name} ({what})", name=limit.name, what=said) if limit.name else said


def limit_of_somebody(problem: Problem, limit: Limit) -> Message:
    """`Anna Mulder: at most 5 shifts DIO`."""
    return Message("{who}: {what}", who=problem.names[limit.employee], what=describe_limit(problem, limit))
