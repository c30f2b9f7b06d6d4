"""The hard limits of employees, kept up to date while a roster is made.

Work is held back by what it would exceed: a most of shifts, minutes, days, weekends or days in a row, a rest or a row of days off that
would become too short. A least of something is not asked of a roster in the making; `breach` counts it too, so that a change can be judged.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from typing import Protocol

from greedy.model.excess import excess, known_days, rest_between
from greedy.model.limits import Limit, Quantity
from greedy.model.problem import Assignment, Problem

SATURDAY = 5
MINUTES_A_DAY = 1440


class Tally(Protocol):
    """What one limit of one employee counts."""

    limit: Limit
    days: range  # outside of them it counts nothing

    def add(self, assignment: Assignment, times: int) -> None:
        """Count an assignment, or with `times` -1 no longer."""

    def excess(self, work: Sequence[Assignment]) -> int:
        """By how much more work, of one day, would exceed the limit; 0 when it would not."""


class _Total:
    """Shifts, minutes, days or weekends. Days and weekends count once, however many shifts they hold."""

    def __init__(self, problem: Problem, limit: Limit) -> None:
        self.limit = limit
        self._once: Callable[[int], int] | None = None
        if limit.quantity is Quantity.DAYS:
            self._once = lambda day: day
        elif limit.quantity is Quantity.WEEKENDS:
            first = problem.first_day.weekday()
            self._once = lambda day: (first + day) // 7 if (first + day) % 7 >= SATURDAY else -1
        minutes = limit.quantity is Quantity.MINUTES
        self._worth = [service.minutes if minutes else 1 for service in problem.services]
        self.days = problem.days_of(limit)
        self._in: Counter[int] = Counter()  # day or weekend -> shifts in it
        self._total = 0

    def add(self, assignment: Assignment, times: int) -> None:
        if not _counts(self.limit, assignment, self.days):
            return
        if self._once is None:
            self._total += times * self._worth[assignment.service]
            return
        unit = self._once(assignment.day)
        if unit < 0:
            return
        before = self._in[unit] > 0
        self._in[unit] += times
        self._total += (self._in[unit] > 0) - before

    def excess(self, work: Sequence[Assignment]) -> int:
        if self.limit.maximum is None:
            return 0
        more = 0
        for assignment in work:
            if _counts(self.limit, assignment, self.days):
                if self._once is None:
                    more += self._worth[assignment.service]
                else:
                    unit = self._once(assignment.day)
                    more = int(unit >= 0 and not self._in[unit])
        return max(0, self._total + more - self.limit.maximum) if more else 0


class _Runs:
    """Days in a row, worked or off. Runs that touch the edge of what is known are not asked to be long enough."""

    def __init__(self, problem: Problem, limit: Limit) -> None:
        self.limit = limit
        self._off = limit.quantity is Quantity.CONSECUTIVE_DAYS_OFF
        self.days = known_days(problem, limit)
        self._worked: Counter[int] = Counter()

    def add(self, assignment: Assignment, times: int) -> None:
        if _counts(self.limit, assignment, self.days):
            self._worked[assignment.day] += times

    def excess(self, work: Sequence[Assignment]) -> int:
        days = [assignment.day for assignment in work if _counts(self.limit, assignment, self.days)]
        if not days or self._worked[days[0]]:
            return 0
        day = days[0]
        before, after = self._stretch(day, -1), self._stretch(day, 1)
        if self._off:
            least = self.limit.minimum or 0
            inside = (day - before - 1 in self.days, day + after + 1 in self.days)
            return sum(least - off for is_inside, off in zip(inside, (before, after), strict=True) if is_inside and 0 < off < least)
        return 0 if self.limit.maximum is None else max(0, before + 1 + after - self.limit.maximum)

    def _stretch(self, day: int, step: int) -> int:
        """Days of the limited kind beside a day, in one direction."""
        length, day = 0, day + step
        while day in self.days and (self._worked[day] == 0) == self._off:
            length, day = length + 1, day + step
        return length


class _Rest:
    """Minutes of rest between work of two days."""

    def __init__(self, problem: Problem, limit: Limit) -> None:
        self.limit = limit
        self._problem = problem
        self.days = known_days(problem, limit)
        self._reach = 2 + (problem.longest_service + (limit.minimum or 0)) // MINUTES_A_DAY  # days; beyond, rest is long enough
        self._work: dict[int, list[Assignment]] = defaultdict(list)

    def add(self, assignment: Assignment, times: int) -> None:
        if _counts(self.limit, assignment, self.days):
            if times > 0:
                self._work[assignment.day].append(assignment)
            else:
                self._work[assignment.day].remove(assignment)

    def excess(self, work: Sequence[Assignment]) -> int:
        return sum(
            self._too_short(assignment, other) if other.day > assignment.day else self._too_short(other, assignment)
            for assignment in work
            if _counts(self.limit, assignment, self.days)
            for day in range(assignment.day - self._reach, assignment.day + self._reach + 1)
            if day != assignment.day
            for other in self._work.get(day, ())
        )

    def _too_short(self, earlier: Assignment, later: Assignment) -> bool:
        return rest_between(self._problem, earlier, later) < (self.limit.minimum or 0)


class LimitBook:
    """Every hard limit of every employee, and the services that cannot follow each other, over the work that stands."""

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self._tallies: dict[int, list[Tally]] = defaultdict(list)
        self._of_day: dict[tuple[int, int], tuple[Tally, ...]] = {}  # (employee, day) -> her tallies that count that day, once asked for
        for limit in problem.limits:
            if limit.hard:
                self._tallies[limit.employee].append(_tally(problem, limit))
        self._successors = any(service.forbidden_successors for service in problem.services)
        self._on_day: dict[tuple[int, int], list[int]] = defaultdict(list)  # (employee, day) -> services
        for assignment in problem.history:
            self.add(assignment, 1)

    @property
    def empty(self) -> bool:
        """Whether nothing here can hold anybody back."""
        return not self._tallies and not self._successors

    def add(self, assignment: Assignment, times: int) -> None:
        """Count an assignment, or with `times` -1 no longer."""
        for tally in self._counting(assignment):
            tally.add(assignment, times)
        if self._successors:
            services = self._on_day[assignment.employee, assignment.day]
            if times > 0:
                services.append(assignment.service)
            else:
                services.remove(assignment.service)

    def holding_back(self, work: Sequence[Assignment]) -> Limit | None:
        """The first limit of an employee that more work of hers, of one day, would exceed."""
        for tally in self._counting(work[0]):
            if tally.excess(work):
                return tally.limit
        return None

    def _counting(self, assignment: Assignment) -> tuple[Tally, ...]:
        """What counts the day of an assignment, in the order of the limits."""
        key = assignment.employee, assignment.day
        found = self._of_day.get(key)
        if found is None:
            found = self._of_day[key] = tuple(tally for tally in self._tallies.get(key[0], ()) if key[1] in tally.days)
        return found

    def cannot_stand_beside(self, work: Sequence[Assignment]) -> Assignment | None:
        """Work of the day before or after that cannot be followed by, or follow, more work of an employee."""
        if not self._successors:
            return None
        services = self._problem.services
        for employee, day, service in work:
            for earlier in self._on_day.get((employee, day - 1), ()):
                if service in services[earlier].forbidden_successors:
                    return Assignment(employee, day - 1, earlier)
            for later in self._on_day.get((employee, day + 1), ()):
                if later in services[service].forbidden_successors:
                    return Assignment(employee, day + 1, later)
        return None

    def excess(self, limit: Limit, work: Sequence[Assignment]) -> int:
        """By how much more work, of one day, would exceed a limit."""
        return sum(tally.excess(work) for tally in self._tallies.get(limit.employee, ()) if tally.limit == limit)

    def raise_most(self, limit: Limit, by: int) -> Limit:
        """Let the most that a limit allows be so much more; the limit as it is then."""
        higher = replace(limit, maximum=(limit.maximum or 0) + by)
        for tally in self._tallies.get(limit.employee, ()):
            if tally.limit == limit:
                tally.limit = higher
        return higher

    def breach(self, employee: int, work: Iterable[Assignment]) -> int:
        """By how much work of an employee breaks her limits, the least of something included; in their units, all together."""
        known = sorted({*work, *(one for one in self._problem.history if one.employee == employee)}, key=lambda one: one.day)
        limits = [tally.limit for tally in self._tallies.get(employee, ())]
        return sum(broken.units for limit in limits for broken in excess(self._problem, limit, known))


def _tally(problem: Problem, limit: Limit) -> Tally:
    if limit.quantity in (Quantity.CONSECUTIVE_DAYS, Quantity.CONSECUTIVE_DAYS_OFF):
        return _Runs(problem, limit)
    return _Rest(problem, limit) if limit.quantity is Quantity.REST_MINUTES else _Total(problem, limit)


def _counts(limit: Limit, assignment: Assignment, days: range) -> bool:
    return assignment.day in days and (limit.services is None or assignment.service in limit.services)
