"""The law of working time as checks: one rule, one function, and one list where all are read aloud.

What is worked on one day is one shift; standby services are no shifts, and have rules of their own. Rest is real time from the end of the
work of a day to the begin of work on a later day. The history counts as far as it is known.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Container, Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise

from greedy.model.clock import is_night, week_of
from greedy.model.excess import rest_between, work_of
from greedy.model.law import ATW, WorkingTime
from greedy.model.message import Message
from greedy.model.problem import Assignment, Problem
from greedy.model.roster import Roster


@dataclass(frozen=True)
class Finding:
    """A rule of the law that a roster breaks. `enforced`: whether it is a hard rule here. `source`: the article."""

    rule: str
    message: Message
    source: str
    assignments: tuple[Assignment, ...]
    enforced: bool


Broken = Iterator[tuple[Message, tuple[Assignment, ...]]]
LawRule = Callable[[Problem, WorkingTime, Sequence[Assignment]], Broken]


def shift(problem: Problem, law: WorkingTime, work: Sequence[Assignment]) -> Broken:
    """Worked minutes of a day."""
    for day, assignments in _days(_with_minutes(problem, work)).items():
        minutes = sum(problem.services[a.service].minutes for a in assignments)
        if day >= 0 and minutes > law.norm("shift"):
            yield Message("{minutes} minutes of work on {date}", minutes=minutes, date=problem.date_of(day)), tuple(assignments)


def night_shift(problem: Problem, law: WorkingTime, work: Sequence[Assignment]) -> Broken:
    """Worked minutes of a day with a night service."""
    for day, assignments in _days(_with_minutes(problem, work)).items():
        minutes = sum(problem.services[a.service].minutes for a in assignments)
        if day >= 0 and minutes > law.norm("night_shift") and any(is_night(problem.services[a.service]) for a in assignments):
            said = Message("{minutes} minutes of work in the night of {date}", minutes=minutes, date=problem.date_of(day))
            yield said, tuple(assignments)


def daily_rest(problem: Problem, law: WorkingTime, work: Sequence[Assignment]) -> Broken:
    """Rest shorter than the short rest never; shorter than the daily rest at most once in 7 days."""
    short: dict[int, tuple[Assignment, Assignment]] = {}
    for first, second in close_pairs(problem, worked(problem, work), law.norm("daily_rest")):
        if rest_between(problem, first, second) < law.norm("short_daily_rest"):
            if second.day >= 0:
                minutes, date = rest_between(problem, first, second), problem.date_of(second.day)
                yield Message("{minutes} minutes of rest before {date}", minutes=minutes, date=date), (first, second)
        elif second.day not in short or not problem.fixed_work.issuperset(short[second.day]):
            short[second.day] = (first, second)
    days = sorted(short)
    for one, other in pairwise(days):
        if other - one < 7 and other >= 0:
            before, again = problem.date_of(one), problem.date_of(other)
            yield Message("short rest before {date} and again before {other}", date=before, other=again), (*short[one], *short[other])


def weekly_rest(problem: Problem, law: WorkingTime, work: Sequence[Assignment]) -> Broken:
    """In every 7 known days lies an unbroken rest of 36 hours.

    The law takes 72 hours in 14 days too, in parts of 32 or more. That excuses what is reported only; a roster that is made under the law
    keeps the 36 hours.
    """
    work = worked(problem, work)
    for start in range(-problem.history_days, problem.day_count - 6):
        if start + 6 >= 0 and max(rests_in(problem, work, start, 7)) < law.norm("weekly_rest"):
            excused = not law.enforce and any(
                sum(rest for rest in rests_in(problem, work, first, 14) if rest >= law.norm("two_weekly_rest_part"))
                >= law.norm("two_weekly_rest")
                for first in range(max(start - 7, -problem.history_days), min(start, problem.day_count - 14) + 1)
            )
            if not excused:
                inside = tuple(a for a in work if start - 2 <= a.day < start + 7)
                minutes, date = law.norm("weekly_rest"), problem.date_of(start)
                yield Message("no rest of {minutes} minutes in the 7 days from {date}", minutes=minutes, date=date), inside


def week(problem: Problem, law: WorkingTime, work: Sequence[Assignment]) -> Broken:
    """Worked minutes of a calendar week."""
    return _weeks(problem, work, 1, law.norm("week"))


def four_weeks(problem: Problem, law: WorkingTime, work: Sequence[Assignment]) -> Broken:
    """Worked minutes of any 4 calendar weeks in a row."""
    return _weeks(problem, work, 4, law.norm("four_weeks"))


def sixteen_weeks(problem: Problem, law: WorkingTime, work: Sequence[Assignment]) -> Broken:
    """Worked minutes of any 16 calendar weeks in a row."""
    return _weeks(problem, work, 16, law.norm("sixteen_weeks"))


def rest_after_night(problem: Problem, law: WorkingTime, work: Sequence[Assignment]) -> Broken:
    """Rest after a night shift that ends after 02:00."""
    for first, second in close_pairs(problem, worked(problem, work), law.norm("rest_after_night")):
        if second.day >= 0 and ends_late(problem, first.service):
            rest, date = rest_between(problem, first, second), problem.date_of(first.day)
            yield Message("{minutes} minutes of rest after the night of {date}", minutes=rest, date=date), (first, second)


def rest_after_nights(problem: Problem, law: WorkingTime, work: Sequence[Assignment]) -> Broken:
    """Rest after the last of three or more night shifts in a row."""
    nights = _nights(problem, work)
    for first, second in close_pairs(problem, worked(problem, work), law.norm("rest_after_nights")):
        series = [nights.get(first.day - back) for back in range(law.norm("night_series"))]
        if second.day >= 0 and is_night(problem.services[first.service]) and first.day + 1 not in nights and None not in series:
            rest, date = rest_between(problem, first, second), problem.date_of(first.day)
            earlier = tuple(night for night in series[1:] if night is not None)
            yield Message("{minutes} minutes of rest after the nights until {date}", minutes=rest, date=date), (*earlier, first, second)


def nights_in_a_row(problem: Problem, law: WorkingTime, work: Sequence[Assignment]) -> Broken:
    """Night shifts on days in a row."""
    nights, most = _nights(problem, work), law.norm("nights_in_a_row")
    for last in range(problem.day_count):
        row = [nights[day] for day in range(last - most, last + 1) if day in nights]
        if len(row) > most:
            yield Message("{number} nights in a row until {date}", number=len(row), date=problem.date_of(last)), tuple(row)


def standby_days(problem: Problem, law: WorkingTime, work: Sequence[Assignment]) -> Broken:
    """Days with standby in any 28 days."""
    standby = {a.day: a for a in reversed(work) if problem.services[a.service].standby}
    for last in range(problem.day_count):
        inside = [standby[day] for day in range(last - 27, last + 1) if day in standby]
        if len(inside) > law.norm("standby_days") and last in standby:
            said = Message("standby on {number} days in the 28 until {date}", number=len(inside), date=problem.date_of(last))
            yield said, tuple(inside)


def free_pairs(problem: Problem, law: WorkingTime, work: Sequence[Assignment]) -> Broken:
    """Twice two days in a row without work and standby, in any 28 known days with standby."""
    days = {a.day for a in work}
    standby = {a.day for a in work if problem.services[a.service].standby}
    for start in range(-problem.history_days, problem.day_count - 27):
        window = range(start, start + 28)
        if start + 27 < 0 or standby.isdisjoint(window):
            continue
        pairs = pairs_of_free_days(days, window)
        if pairs < law.norm("free_pairs"):
            inside = tuple(a for a in work if a.day in window)
            yield Message("{number} times two free days in the 28 from {date}", number=pairs, date=problem.date_of(start)), inside


LAW: tuple[LawRule, ...] = (
    shift,
    night_shift,
    daily_rest,
    weekly_rest,
    week,
    four_weeks,
    sixteen_weeks,
    rest_after_night,
    rest_after_nights,
    nights_in_a_row,
    standby_days,
    free_pairs,
)


def working_time_findings(problem: Problem, roster: Roster, employees: Collection[int] | None = None) -> list[Finding]:
    """Everything in a roster that the law of working time, where it is looked at, does not allow: to all employees, or to some."""
    law = problem.working_time
    if law is None:
        return []
    return [
        Finding(
            rule.__name__,
            Message("{who}: {what}", who=problem.names[employee], what=message),
            ATW[rule.__name__].source,
            assignments,
            law.enforce,
        )
        for employee, work in work_of(problem, roster).items()
        if employees is None or employee in employees
        for rule in LAW
        for message, assignments in rule(problem, law, [a for a in work if a.day < problem.day_count])
    ]


def worked(problem: Problem, work: Sequence[Assignment]) -> list[Assignment]:
    """Work that is not standby."""
    return [a for a in work if not problem.services[a.service].standby]


def close_pairs(problem: Problem, work: Sequence[Assignment], rest_minutes: int) -> Iterator[tuple[Assignment, Assignment]]:
    """Services of one day and a later day with less rest between them, in the order of days."""
    reach = (problem.longest_service + rest_minutes) // 1440 + 2
    for place, first in enumerate(work):
        for second in work[place + 1 :]:
            if second.day > first.day + reach:
                break
            if second.day > first.day and rest_between(problem, first, second) < rest_minutes:
                yield first, second


def pairs_of_free_days(days: Container[int], window: range) -> int:
    """How often two days in a row of a window are free of these days, no day counted twice."""
    pairs, day = 0, window.start
    while day < window.stop - 1:
        free = day not in days and day + 1 not in days
        pairs, day = pairs + free, day + 1 + free
    return pairs


def ends_late(problem: Problem, service: int) -> bool:
    """Whether a service is a night shift that ends after 02:00."""
    one = problem.services[service]
    return is_night(one) and not 0 <= one.begin_minute + one.minutes - 1440 <= 120 and one.begin_minute + one.minutes > 120


def calendar_weeks(problem: Problem) -> list[tuple[date, range]]:
    """Monday and known days of each calendar week, in order."""
    weeks: dict[date, list[int]] = {}
    for day in range(-problem.history_days, problem.day_count):
        weeks.setdefault(week_of(problem.date_of(day)), []).append(day)
    return [(monday, range(days[0], days[-1] + 1)) for monday, days in weeks.items()]


def _weeks(problem: Problem, work: Sequence[Assignment], count: int, most: int) -> Broken:
    days = _days(_with_minutes(problem, work))
    weeks = calendar_weeks(problem)
    for place in range(len(weeks) - count + 1):
        inside = range(weeks[place][1].start, weeks[place + count - 1][1].stop)
        assignments = tuple(a for day in inside for a in days.get(day, ()))
        minutes = sum(problem.services[a.service].minutes for a in assignments)
        if minutes > most and inside.stop > 0:
            said = Message(
                "{minutes} minutes of work in {weeks} weeks from {date}, at most {most}",
                minutes=minutes,
                weeks=count,
                date=weeks[place][0],
                most=most,
            )
            yield said, assignments


def _with_minutes(problem: Problem, work: Sequence[Assignment]) -> list[Assignment]:
    return [a for a in worked(problem, work) if problem.services[a.service].minutes]


def rests_in(problem: Problem, work: Sequence[Assignment], start: int, length: int) -> list[int]:
    """Minutes of the rests inside some days."""
    until, end = problem.midnights[start], problem.midnights[start + length]
    rests = []
    for begin, finish in sorted(problem.instants[a.service, a.day] for a in work):
        if begin < end and finish > until:
            rests.append(max(0, begin - until))
            until = max(until, finish)
    return [*rests, max(0, end - until)]


def _nights(problem: Problem, work: Sequence[Assignment]) -> dict[int, Assignment]:
    return {a.day: a for a in reversed(worked(problem, work)) if is_night(problem.services[a.service])}


def _days(work: Sequence[Assignment]) -> dict[int, list[Assignment]]:
    days: dict[int, list[Assignment]] = {}
    for a in work:
        days.setdefault(a.day, []).append(a)
    return days
