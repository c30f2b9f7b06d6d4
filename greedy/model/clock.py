"""When services begin and end, in real time.

Services begin and end at times of the clock on the wall, so a night in which the clock changes is an hour shorter or longer than it looks.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, time, timedelta
from typing import TYPE_CHECKING, NamedTuple
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from greedy.model.problem import Problem, Service

PLANNERS_ZONE = ZoneInfo("Europe/Amsterdam")  # on its clock people are told when something was done
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
NIGHT_MINUTES = 6 * 60  # 00:00 to 06:00


class Instants(NamedTuple):
    """Begin and end in minutes since a fixed instant; differences are real minutes."""

    begin: int
    end: int


def instants_of(problem: Problem) -> dict[tuple[int, int], Instants]:
    """(service, day) -> begin and end, for the days of history and horizon.

    A time that the clock skips is taken as if it had not been put forward; of a time that comes twice, the first is meant.
    """
    zone = ZoneInfo(problem.timezone)
    return {
        (number, day): Instants(
            instant_of(problem.date_of(day), service.begin_minute, zone),
            instant_of(problem.date_of(day), service.begin_minute + service.minutes, zone),
        )
        for day in range(-problem.history_days, problem.day_count)
        for number, service in enumerate(problem.services)
    }


def midnights_of(problem: Problem) -> dict[int, int]:
    """Day -> the instant at which it begins, for the days of history and horizon and the day after."""
    zone = ZoneInfo(problem.timezone)
    return {day: instant_of(problem.date_of(day), 0, zone) for day in range(-problem.history_days, problem.day_count + 1)}


def minutes_at_night(service: Service) -> int:
    """Minutes of a service between 00:00 and 06:00 of the clock."""
    begin, end = service.begin_minute, service.begin_minute + service.minutes
    days = range(end // 1440 + 1)
    return sum(max(0, min(end, 1440 * day + NIGHT_MINUTES) - max(begin, 1440 * day)) for day in days)


def is_night(service: Service) -> bool:
    """Whether more than an hour of a service lies between 00:00 and 06:00 (Arbeidstijdenwet, article 1:7)."""
    return minutes_at_night(service) > 60


def week_of(day: date) -> date:
    """Monday of the calendar week."""
    return day - timedelta(days=day.weekday())


def weekend_of(day: date) -> date | None:
    """Saturday of the weekend that a day belongs to; None on a weekday."""
    return day - timedelta(days=day.weekday() - 5) if day.weekday() >= 5 else None


def instant_of(day: date, minute: int, zone: ZoneInfo) -> int:
    """The instant at which the clocks of a zone are `minute` minutes past the midnight with which a day begins."""
    local = datetime.combine(day, time()) + timedelta(minutes=minute)
    return int((local.replace(tzinfo=zone) - EPOCH) // timedelta(minutes=1))
