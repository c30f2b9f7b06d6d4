"""The time zone of a calendar, as calendar programs read it.

Outlook takes one period of standard and one of daylight time, each with a rule that begins long ago (MS-OXCICAL 2.1.3.1.1.19); lists of
dates, such as icalendar makes, it reads as a zone without changes.
"""

from __future__ import annotations

import calendar
import datetime as dt
from functools import cache
from zoneinfo import ZoneInfo

from icalendar import Timezone, TimezoneDaylight, TimezoneStandard

_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_FIRST_YEAR = 1970
_QUARTER = dt.timedelta(minutes=15)  # no clock changes in between


@cache
def timezone_component(name: str, year: int) -> Timezone:
    """VTIMEZONE of a zone: its two changes of the clock in `year`, as rules for every year; whatever changes otherwise, by dates."""
    zone = ZoneInfo(name)
    changes = _changes(zone, year)
    if len(changes) != 2:
        return Timezone.from_tzid(name, first_date=dt.date(year, 1, 1), last_date=dt.date(year + 2, 1, 1))
    component = Timezone()
    component.add("tzid", name)
    for moment in changes:
        component.add_component(_period(zone, moment))
    return component


def _changes(zone: ZoneInfo, year: int) -> list[dt.datetime]:
    """The moments of a year from which another offset holds, none nearer than a day to another."""
    first, last = dt.datetime(year, 1, 1, tzinfo=dt.UTC), dt.datetime(year + 1, 1, 1, tzinfo=dt.UTC)
    days = [first + dt.timedelta(day) for day in range((last - first).days)]
    return [
        next(moment for number in range(1, 97) if _offset(zone, moment := day + number * _QUARTER) != _offset(zone, day))
        for day in days
        if _offset(zone, day) != _offset(zone, day + dt.timedelta(1))
    ]


def _period(zone: ZoneInfo, moment: dt.datetime) -> TimezoneDaylight | TimezoneStandard:
    before, after = _offset(zone, moment - _QUARTER), _offset(zone, moment)
    wall = (moment + before).replace(tzinfo=None)  # the clock that is about to change
    last = wall.day + 7 > calendar.monthrange(wall.year, wall.month)[1]
    position = -1 if last else (wall.day - 1) // 7 + 1
    period = TimezoneDaylight() if moment.astimezone(zone).dst() else TimezoneStandard()
    period.add("dtstart", dt.datetime.combine(_on(_FIRST_YEAR, wall.month, wall.weekday(), position), wall.time()))
    period.add("rrule", {"FREQ": "YEARLY", "BYMONTH": wall.month, "BYDAY": f"{position}{_WEEKDAYS[wall.weekday()]}"})
    period.add("tzname", moment.astimezone(zone).tzname())
    period.add("tzoffsetfrom", before)
    period.add("tzoffsetto", after)
    return period


def _on(year: int, month: int, weekday: int, position: int) -> dt.date:
    """The `position`th such weekday of a month; -1 the last."""
    days = [day for week in calendar.monthcalendar(year, month) if (day := week[weekday])]
    return dt.date(year, month, days[position - 1 if position > 0 else position])


def _offset(zone: ZoneInfo, moment: dt.datetime) -> dt.timedelta:
    return moment.astimezone(zone).utcoffset() or dt.timedelta()
