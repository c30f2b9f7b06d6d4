"""By how much an employee's work breaks a limit, and where: what hard rules name and soft limits cost.

Work is looked at with the history before it. A unit is a shift, minute, day or weekend; of runs a day too many or too few; of rest each
pair of services that lie too close together.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from greedy.model.clock import weekend_of
from greedy.model.limits import Limit, Quantity
from greedy.model.problem import Assignment, Problem
from greedy.model.roster import Roster


class Excess(NamedTuple):
    """`units` beyond a limit. `assignments`: the work that is too much, one for each unit counted; empty where work or rest is missing."""

    units: int
    message: str
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
    who = f"{problem.employees[limit.employee].name} works {amount} {limit.quantity}{_of(problem, limit)}"
    if limit.maximum is not None and amount > limit.maximum:
        yield Excess(amount - limit.maximum, f"{who}, at most {limit.maximum} allowed{_named(limit)}", tuple(work))
    if limit.minimum is not None and amount < limit.minimum:
        yield Excess(limit.minimum - amount, f"{who}, at least {limit.minimum} asked{_named(limit)}", ())


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
    when = f"{problem.date_of(run.start)} to {problem.date_of(run.stop - 1)}"
    what = f"{problem.employees[limit.employee].name} has {len(run)} {limit.quantity}{_of(problem, limit)} from {when}"
    if limit.maximum is not None and len(run) > limit.maximum:
        # Every day beyond the maximum counts, but for those of the history.
        units = run.stop - max(run.start + limit.maximum, 0)
        if units > 0:
            work = tuple(worked[day] for day in run) if on else ()
            yield Excess(units, f"{what}, at most {limit.maximum} allowed{_named(limit)}", work)
    if limit.minimum is not None and len(run) < limit.minimum and known.start < run.start and run.stop < known.stop:
        yield Excess(limit.minimum - len(run), f"{what}, at least {limit.minimum} asked{_named(limit)}", ())


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
                yield Excess(
                    1,
                    f"{problem.describe(second)} begins {rest} minutes after {problem.describe(first)} ends, "
                    f"at least {least} asked{_named(limit)}",
                    (first, second),
                )


def _of(problem: Problem, limit: Limit) -> str:
    return "" if limit.services is None else " of " + ", ".join(problem.services[service].code for service in sorted(limit.services))


def _named(limit: Limit) -> str:
    return f" ({limit.name})" if limit.name else ""
