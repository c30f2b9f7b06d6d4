"""When an event of a calendar takes place: recurrences, moved and cancelled instances, time zones, and the dagdelen that it touches."""

from __future__ import annotations

import datetime as dt
import warnings
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import recurring_ical_events
from icalendar import Calendar, Component
from icalendar.timezone import tzp

from greedy.errors import InputError
from greedy.ingest.sources.event_faults import MOST_DAYS, ONE_DAY, faults_of, values

DAGDELEN = "OMA"
# From when a dagdeel lasts until the next one begins; the night is the end of its evening's A, as the evening and night services have it.
BEGINS = (("O", dt.time(7)), ("M", dt.time(12)), ("A", dt.time(18)))
MIDNIGHT, LAST_MOMENT = dt.time(), dt.time(23, 59, 59)
MOST_OCCURRENCES = 10_000
# What the libraries raise for a value that makes no sense to them
MALFORMED = (ValueError, TypeError, KeyError, AttributeError, IndexError, ArithmeticError, RecursionError)


@dataclass(frozen=True, order=True)
class AbsentRange:
    """Slots in a row, both ends included, in the order O, M, A of the days."""

    first_date: dt.date
    first_dagdeel: str
    last_date: dt.date
    last_dagdeel: str


def occurrences(calendar_text: str, first: dt.date, last: dt.date, zone: ZoneInfo) -> list[AbsentRange]:
    """The slots from `first` to `last` that the events of a calendar touch, as ranges that neither overlap nor meet, in order.

    A day-long event takes the three dagdelen of its days, and so does one from midnight to midnight; any other takes each dagdeel that it
    overlaps. Events that are cancelled or leave their owner free take none.

    Parameters
    ----------
    calendar_text
        A VCALENDAR with the events and the VTIMEZONEs that they need.
    zone
        Where the practice is: times without a time zone are meant there, and its clocks tell which dagdeel it is.

    Raises
    ------
    InputError
        The text is no calendar, or an event of it makes no sense; the message says what.
    ValueError
        `last` lies before `first`, or more than ten years after it.
    """
    if not 0 <= (last - first).days <= MOST_DAYS:
        raise ValueError(f"{first} to {last} is no stretch of at most {MOST_DAYS} days")
    calendar = parsed(calendar_text)
    return slots_of(calendar, first, last, zone)


def parsed(calendar_text: str) -> Calendar:
    """The calendar of a text, each event of which has been looked at.

    Raises
    ------
    InputError
        As `occurrences`.
    """
    tzp.use_default()  # forget the VTIMEZONEs of other calendars: one name may mean several
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a vendor before the name of a time zone
            calendar = Calendar.from_ical(calendar_text)
    except MALFORMED as exc:
        raise InputError(f"not a calendar: {_said(exc)}", next_step="look at this text, or export the calendar again") from exc
    if not isinstance(calendar, Calendar):
        raise InputError("not a calendar: no VCALENDAR holds its events", next_step="export the calendar again")
    try:
        fault = next((fault for part in calendar.walk() for fault in faults_of(part)), None)
    except MALFORMED as exc:
        fault = _said(exc)
    if fault:
        raise InputError(fault, next_step="mend this event in the calendar")
    return calendar


def slots_of(calendar: Calendar, first: dt.date, last: dt.date, zone: ZoneInfo) -> list[AbsentRange]:
    """As `occurrences`, of a calendar that `parsed` gave. It is changed."""
    margin = dt.timedelta(days=2)  # more than any time zone and any night; what lies outside falls away below
    begin, end = (dt.datetime.combine(day, MIDNIGHT, zone) for day in (first - margin, last + margin))
    for event in calendar.events:
        _include_last_day(event)
        _understand_days(event, zone)
    try:
        found: list[Component] = recurring_ical_events.of(calendar).between(begin, end)
    except MALFORMED as exc:
        raise InputError(f"the recurrence makes no sense: {_said(exc)}", next_step="mend this event in the calendar") from exc
    if len(found) > MOST_OCCURRENCES:
        raise InputError(
            f"the event takes place {len(found)} times between {first} and {last}, at most {MOST_OCCURRENCES} are taken",
            next_step="give it a simpler recurrence",
        )
    spans = (_slots(values(event, "DTSTART")[0].dt, values(event, "DTEND")[0].dt, zone) for event in found if is_absence(event))
    return list(_ranges(spans, _slot(first, "O"), _slot(last, "A")))


def is_absence(event: Component) -> bool:
    """Whether an event takes place and keeps its owner from work."""
    return str(event.get("STATUS", "")).upper() != "CANCELLED" and str(event.get("TRANSP", "")).upper() != "TRANSPARENT"


def _include_last_day(event: Component) -> None:
    """Let a rule of moments that ends with a day hold that day too, as calendars show it."""
    start = values(event, "DTSTART")[0].dt
    for rule in values(event, "RRULE"):
        until = next(iter(rule.get("UNTIL", [])), None)
        if isinstance(start, dt.datetime) and until is not None and not isinstance(until, dt.datetime):
            end = dt.datetime.combine(until, LAST_MOMENT, start.tzinfo)
            rule["UNTIL"] = [end.astimezone(dt.UTC) if start.tzinfo else end]


def _understand_days(event: Component, zone: ZoneInfo) -> None:
    """Let moments among the exceptions and the end of a series of days mean the days on which they fall."""
    if isinstance(values(event, "DTSTART")[0].dt, dt.datetime):
        return
    for rule in values(event, "RRULE"):
        if isinstance(until := next(iter(rule.get("UNTIL", [])), None), dt.datetime):
            rule["UNTIL"] = [_at(until, zone).date()]
    for value in values(event, "EXDATE"):
        for one in value.dts:
            if isinstance(one.dt, dt.datetime):
                one.dt = _at(one.dt, zone).date()


def _slot(day: dt.date, dagdeel: str) -> int:
    """The number of a slot, counted from the first day of the calendar."""
    return day.toordinal() * len(DAGDELEN) + DAGDELEN.index(dagdeel)


def _slots(start: dt.date, end: dt.date, zone: ZoneInfo) -> tuple[int, int]:
    """First and last slot that an occurrence touches; `end` itself does not belong to it."""
    if not isinstance(start, dt.datetime) or not isinstance(end, dt.datetime):
        return _slot(start, "O"), _slot(max(start, end - ONE_DAY), "A")
    start, end = _at(start, zone), _at(end, zone)
    if start.time() == end.time() == MIDNIGHT and start.date() < end.date():
        return _slot(start, "O"), _slot(end - ONE_DAY, "A")
    return _slot_at(start), max(_slot_at(start), _slot_at(_at(end.astimezone(dt.UTC) - dt.timedelta.resolution, zone)))


def _at(moment: dt.datetime, zone: ZoneInfo) -> dt.datetime:
    return moment.astimezone(zone) if moment.tzinfo else moment.replace(tzinfo=zone)


def _slot_at(moment: dt.datetime) -> int:
    """The slot in which a moment lies, by the clocks of its time zone: a dagdeel begins at no hour that a change of the clocks moves."""
    begun = [dagdeel for dagdeel, begin in BEGINS if begin <= moment.time()]
    return _slot(moment.date(), begun[-1]) if begun else _slot(moment.date(), "O") - 1


def _ranges(spans: Iterable[tuple[int, int]], first: int, last: int) -> Iterator[AbsentRange]:
    """Spans of slots, put together where they overlap or meet, and cut to what was asked."""
    together: list[tuple[int, int]] = []
    for begin, end in sorted((max(begin, first), min(end, last)) for begin, end in spans):
        if end < begin:
            continue
        if together and begin <= together[-1][1] + 1:
            together[-1] = together[-1][0], max(together[-1][1], end)
        else:
            together.append((begin, end))
    for begin, end in together:
        yield AbsentRange(*_slot_of(begin), *_slot_of(end))


def _slot_of(number: int) -> tuple[dt.date, str]:
    day, dagdeel = divmod(number, len(DAGDELEN))
    return dt.date.fromordinal(day), DAGDELEN[dagdeel]


def _said(exc: Exception) -> str:
    return f"{exc}"[:300] or type(exc).__name__
