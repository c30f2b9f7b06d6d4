"""What is wrong with the parts of a calendar. The libraries take such things, and make something else of them or never end."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from math import prod
from typing import Any

from icalendar import Component, Event

FREQUENCIES = ("DAILY", "WEEKLY", "MONTHLY", "YEARLY")  # a finer one is no absence, and has no end
BY = ("BYMONTH", "BYMONTHDAY", "BYYEARDAY", "BYWEEKNO", "BYDAY", "BYHOUR", "BYMINUTE", "BYSECOND", "BYSETPOS")
PARTS = frozenset(("FREQ", "UNTIL", "COUNT", "INTERVAL", "WKST", *BY))
MOST_A_DAY = 24  # occurrences that one rule makes on a day
MOST_DAYS = 3660  # of one occurrence
LEAP_MONTHS = (31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
YEARS = range(1900, 2200)
ONE_DAY = dt.timedelta(days=1)


def faults_of(part: Component) -> Iterator[str]:
    """What is wrong with an event or a time zone, each as one sentence; nothing when it can be used."""
    yield from (f"{name or 'a line'}: {message}" for name, message in part.errors)
    for rule in values(part, "RRULE"):
        yield from _rule_faults(rule, ("YEARLY",) if part.name in ("STANDARD", "DAYLIGHT") else FREQUENCIES)
    if not isinstance(part, Event):
        return
    if values(part, "EXRULE"):
        yield "EXRULE is not understood, as the standard has given it up; give the exceptions as EXDATE"
    for name in ("DTSTART", "DTEND", "DURATION", "RECURRENCE-ID", "STATUS", "TRANSP"):
        if len(values(part, name)) > 1:
            yield f"{name} stands {len(values(part, name))} times"
            return
    if not values(part, "DTSTART"):
        yield "DTSTART is missing: the event has no beginning"
        return
    for name in ("DTSTART", "DTEND", "RECURRENCE-ID", "RDATE", "EXDATE"):
        for value in values(part, name):
            yield from _moment_faults(name, value)
    yield from _length_faults(part)


def values(part: Component, name: str) -> list[Any]:
    """The values of a property: none, one, or as many as it stands there."""
    found = part.get(name, [])
    return found if isinstance(found, list) else [found]


def _moment_faults(name: str, value: Any) -> Iterator[str]:  # noqa: ANN401  a property as the library types it
    zone = value.params.get("TZID")
    for moment in [item.dt for item in value.dts] if hasattr(value, "dts") else [value.dt]:
        begin = moment[0] if isinstance(moment, tuple) else moment
        if begin.year not in YEARS:
            yield f"{name}: the year {begin.year} lies outside {YEARS[0]} to {YEARS[-1]}"
        if zone and isinstance(begin, dt.datetime) and begin.tzinfo is None:
            yield f"{name}: the time zone {zone!r:.80} is not known, and the calendar does not say what it is (VTIMEZONE)"


def _length_faults(event: Event) -> Iterator[str]:
    start = values(event, "DTSTART")[0].dt
    ends, lengths = ([value.dt for value in values(event, name)] for name in ("DTEND", "DURATION"))
    timed = isinstance(start, dt.datetime)
    if ends and lengths:
        yield "both DTEND and DURATION: the event has two ends"
        return
    if ends and isinstance(ends[0], dt.datetime) != timed:
        yield "DTSTART and DTEND: one is a day and the other a moment"
        return
    if lengths and lengths[0].seconds and not timed:
        yield "DURATION: an event of whole days cannot last hours"
        return
    end = ends[0] if ends else start + lengths[0] if lengths else start if timed else start + ONE_DAY
    if timed and (start.tzinfo is None) != (end.tzinfo is None):
        yield "DTSTART and DTEND: one has a time zone and the other none"
    elif end < start:
        yield f"it ends, {end}, before it begins, {start}"
    elif end == start and timed:
        yield f"it lasts no time: it begins and ends at {start}"
    elif (end - start).days > MOST_DAYS:
        yield f"it lasts {(end - start).days} days, at most {MOST_DAYS}"


def _rule_faults(rule: Any, frequencies: tuple[str, ...]) -> Iterator[str]:  # noqa: ANN401  a property as the library types it
    frequency = str(next(iter(rule.get("FREQ", [])), "")).upper()
    if frequency not in frequencies:
        yield f"RRULE: FREQ={frequency or 'none'} is not understood here, only {', '.join(frequencies)}"
    if any(int(interval) < 1 for interval in rule.get("INTERVAL", [])):
        yield "RRULE: INTERVAL is less than 1"
    if prod(len(rule.get(name, [0])) for name in ("BYHOUR", "BYMINUTE", "BYSECOND")) > MOST_A_DAY:
        yield f"RRULE: more than {MOST_A_DAY} times a day"
    unknown = sorted({str(part).upper() for part in rule} - PARTS)
    if unknown:
        yield f"RRULE: {', '.join(unknown)} is not understood"
    days, months = ([abs(int(number)) for number in rule.get(name, [])] for name in ("BYMONTHDAY", "BYMONTH"))
    if months and not any(day <= LEAP_MONTHS[month - 1] for day in days or [1] for month in months if 1 <= month <= len(LEAP_MONTHS)):
        yield "RRULE: no month has such a day, so that it never takes place again"
