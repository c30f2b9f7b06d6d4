"""By how much an employee's work breaks a limit, and where: what hard rules name and soft limits cost.

Work is looked at with the history before it. A unit is a shift, minute, day or weekend; of runs a day too many or too few; of rest each
pair of services that lie too close together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from greedy.model.clock import weekend_of
from greedy.model.limits import Limit, Quantity
from greedy.model.message import Message, listed
from greedy.model.problem import Assignment, Problem
from greedy.model.roster import Roster


class Excess(NamedTuple):
    """`units` beyond a limit. `assignments`: the work that is too much, one for each unit counted; empty where work or rest is missing."""

    units: int
    message: Message
    assignments: tuple[Assignment, ...]


def work_of(problem: Problem, roster: Roster) -> Mapping[int, Sequence[Assignment]]:
    """Employee -> her work, history included; on each day what cannot be changed stands first."""
    fixed = problem.fixed_work
    work: dict[int, list[Assignment]] = {employee: [] for employee in range(len(problem.employees))}
    for assignment in sorted({*problem.history, *roster.assignments}, key=lambda a: (a.employee, a.day, a not in fixed, a.service)):
        work[assignment.employee].append(assignment)
    return work


def excess(problem: Problem, limit: Limit, work: Sequence[Assignment]) -> Iterator[Excess]:
    """Each place where an employee's work (`work_of`) breaks her limit."""
    counted = [a for a in work if limit.services is None or a.service in limit.services]
    if limit.quantity is Quantity.REST_MINUTES:
        yield from _rest(problem, limit, counted)
    elif limit.quantity in (Quantity.CONSECUTIVE_DAYS, Quantity.CONSECUTIVE_DAYS_OFF):
        yield from _runs(problem, limit, counted)
    else:
        yield from _total(problem, limit, counted)


def known_days(problem: Problem, limit: Limit) -> range:
    """The days that a limit of runs looks at: its own, and the history before them when they begin with the horizon."""
    days = problem.days_of(limit)
    return range(-problem.history_days, days.stop) if days.start == 0 else days


def rest_between(problem: Problem, first: Assignment, second: Assignment) -> int:
    """Minutes from the end of one service to the begin of another."""
    return problem.instants[second.service, second.day].begin - problem.instants[first.service, first.day].end


def _total(problem: Problem, limit: Limit, counted: Sequence[Assignment]) -> Iterator[Excess]:
    days = problem.days_of(limit)
    work = [a for a in counted if a.day in days]
    if limit.quantity is Quantity.MINUTES:
        work = [a for a in work if problem.services[a.service].minutes]
        amount = sum(problem.services[a.service].minutes for a in work)
    elif limit.quantity is Quantity.SHIFTS:
        amount = len(work)
    else:
        fixed = problem.fixed_work
        units: dict[object, Assignment] = {}
        for a in sorted(work, key=lambda a: a not in fixed):
            unit = a.day if limit.quantity is Quantity.DAYS else weekend_of(problem.date_of(a.day))
            if unit is not None:
                units.setdefault(unit, a)
        work, amount = sorted(units.values()), len(units)
    who = problem.names[limit.employee]
    said = Message("{who} works {number} {what}", who=who, number=amount, what=_counted(problem, limit))
    if limit.maximum is not None and amount > limit.maximum:
        yield Excess(amount - limit.maximum, _at_most(said, limit), tuple(work))
    if limit.minimum is not None and amount < limit.minimum:
        yield Excess(limit.minimum - amount, _at_least(said, limit), ())


def _runs(problem: Problem, limit: Limit, counted: Sequence[Assignment]) -> Iterator[Excess]:
    """Maximal runs of days; what lies in the history alone is past."""
    known = known_days(problem, limit)
    worked = {a.day: a for a in reversed(counted)}
    on = limit.quantity is Quantity.CONSECUTIVE_DAYS
    start: int | None = None
    for day in range(known.start, known.stop + 1):
        if day < known.stop and (day in worked) is on:
            start = day if start is None else start
            continue
        if start is not None and day >= 0:
            yield from _run(problem, limit, range(start, day), known, worked)
        start = None


def _run(problem: Problem, limit: Limit, run: range, known: range, worked: Mapping[int, Assignment]) -> Iterator[Excess]:
    on = limit.quantity is Quantity.CONSECUTIVE_DAYS
    said = Message(
        "{who} has {number} {what} from {first} to {last}",
        who=problem.names[limit.employee],
        number=len(run),
        what=_counted(problem, limit),
        first=problem.date_of(run.start),
        last=problem.date_of(run.stop - 1),
    )
    if limit.maximum is not None and len(run) > limit.maximum:
        # Every day beyond the maximum counts, but for those of the history.
        units = run.stop - max(run.start + limit.maximum, 0)
        if units > 0:
            work = tuple(worked[day] for day in run) if on else ()
            yield Excess(units, _at_most(said, limit), work)
    if limit.minimum is not None and len(run) < limit.minimum and known.start < run.start and run.stop < known.stop:
        yield Excess(limit.minimum - len(run), _at_least(said, limit), ())


def _rest(problem: Problem, limit: Limit, counted: Sequence[Assignment]) -> Iterator[Excess]:
    days = known_days(problem, limit)
    least = limit.minimum or 0
    for place, first in enumerate(counted):
        for second in counted[place + 1 :]:
            if second.day < 0 or second.day == first.day or first.day not in days or second.day not in days:
                continue
            if (second.day - first.day - 3) * 1440 - problem.longest_service > least:
                break
            if (rest := rest_between(problem, first, second)) < least:
                said = Message(
                    "{second} begins {minutes} minutes after {first} ends",
                    second=problem.describe(second),
                    minutes=rest,
                    first=problem.describe(first),
                )
                yield Excess(1, _at_least(said, limit), (first, second))


def _counted(problem: Problem, limit: Limit) -> Message:
    """`days`, `shifts of DIO, DDO`."""
    if limit.services is None:
        return Message("{quantity}", quantity=limit.quantity)
    codes = listed(problem.services[service].code for service in sorted(limit.services))
    return Message("{quantity} of {services}", quantity=limit.quantity, services=codes)


def _at_most(said: Message, limit: Limit) -> Message:
    return _named(Message("{what}, at most {most} allowed", what=said, most=limit.maximum), limit)


def _at_least(said: Message, limit: Limit) -> Message:
    return _named(Message("{what}, at least {least} asked", what=said, least=limit.minimum or 0), limit)


def _named(said: Message, limit: Limit) -> Message:
    return Message("{what} ({name})", what=said, name=limit.name) if limit.name else said
