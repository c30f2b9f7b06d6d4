"""How much of what is asked is worked: by service, team, day and week."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Sequence
from typing import TypeVar

from greedy.model.coverage import coverage
from greedy.model.problem import Problem
from greedy.model.roster import Roster
from greedy.report.counts import DayCoverage, NamedCoverage, WeekCoverage, counted

Key = TypeVar("Key", str, dt.date, tuple[int, int])


def met(problem: Problem, roster: Roster) -> list[int]:
    """Demand row -> shifts of it that are worked; what is over covers nothing."""
    served = coverage(problem, roster).assigned
    return [min(worked, row.required) for worked, row in zip(served, problem.demand, strict=True)]


def by_service(problem: Problem, assigned: Sequence[int]) -> list[NamedCoverage]:
    """Coverage of each service that is asked for, by code."""
    rows = _grouped(problem, assigned, lambda row: problem.services[problem.demand[row].service].code)
    return [NamedCoverage(code=code, **counted(needed, worked)) for code, needed, worked in rows]


def by_team(problem: Problem, assigned: Sequence[int]) -> list[NamedCoverage]:
    """Coverage of the demand of each team, by code."""
    rows = _grouped(problem, assigned, lambda row: problem.demand_teams[problem.demand[row].team].code)
    return [NamedCoverage(code=code, **counted(needed, worked)) for code, needed, worked in rows]


def by_day(problem: Problem, assigned: Sequence[int]) -> list[DayCoverage]:
    """Coverage of each date on which something is asked."""
    rows = _grouped(problem, assigned, lambda row: problem.date_of(problem.demand[row].day))
    return [DayCoverage(date=date, **counted(needed, worked)) for date, needed, worked in rows]


def by_week(problem: Problem, assigned: Sequence[int]) -> list[WeekCoverage]:
    """Coverage of each week of the roster, those in which nothing is asked too."""
    dates: dict[tuple[int, int], list[dt.date]] = {}
    for day in range(problem.day_count):
        dates.setdefault(_week(problem.date_of(day)), []).append(problem.date_of(day))
    rows = _grouped(problem, assigned, lambda row: _week(problem.date_of(problem.demand[row].day)))
    found = {week: (needed, worked) for week, needed, worked in rows}
    return [
        WeekCoverage(year=week[0], week=week[1], first_date=days[0], last_date=days[-1], **counted(*found.get(week, (0, 0))))
        for week, days in dates.items()
    ]


def _week(date: dt.date) -> tuple[int, int]:
    return date.isocalendar().year, date.isocalendar().week


def _grouped(problem: Problem, assigned: Sequence[int], key: Callable[[int], Key]) -> list[tuple[Key, int, int]]:
    """Key, shifts needed and shifts assigned, in the order of the keys."""
    needed: Counter[Key] = Counter()
    worked: Counter[Key] = Counter()
    for row, demand in enumerate(problem.demand):
        needed[key(row)] += demand.required
        worked[key(row)] += assigned[row]
    return [(one, needed[one], worked[one]) for one in sorted(needed)]
