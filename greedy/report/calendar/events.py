"""Calendars: who works when, as iCalendar (RFC 5545).

An event has the same UID in every calendar that is ever made of its roster, so reading one in again updates it and doubles nothing.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import re
import unicodedata
from uuid import NAMESPACE_URL, UUID, uuid5
from zoneinfo import ZoneInfo

from icalendar import Calendar, Event

from greedy.errors import InputError
from greedy.model.clock import EPOCH, instant_of
from greedy.model.message import Message
from greedy.report.calendar.clock_changes import timezone_component
from greedy.report.calendar.shifts import Place, Shift, Standing, calendar_people, shifts_of
from greedy.report.plain import one_line
from greedy.report.view import ReportView
from greedy.wording import ENGLISH, Words

ALL_FILE = "all.ics"
SUFFIX = ".ics"
PRODUCT = "-//greedy//roster//EN"
LONGEST_NAME = 60


TOLD = {
    Standing.CONFIRMED: Message("Published."),
    Standing.TENTATIVE: Message("Not published yet: this may still change."),
    Standing.CANCELLED: Message("No longer in the roster."),
}


def render_calendar(view: ReportView, *, words: Words = ENGLISH, employee: str | None = None) -> bytes:
    """A calendar of one employee, by her id, or of all of them.

    Of two versions of an event the one with the greater SEQUENCE holds, and of equal ones the later DTSTAMP (RFC 5546, 2.1.5). SEQUENCE
    counts the publications that changed the slot and nothing else: work that is planned and taken back between two of them must not
    leave a calendar with a version that none after it can replace. Only DTSTAMP depends on when the view was made.

    Raises
    ------
    InputError
        The roster has no such employee.
    """
    shifts = list(shifts_of(view))
    if employee is None:
        return _document(view, words, None, shifts)
    if employee in calendar_people(view.grid.problem, view.publications):
        return _document(view, words, employee, [shift for shift in shifts if shift.place.employee_id == employee])
    raise InputError(
        Message("roster {roster} has no employee {employee}", roster=view.report.roster_id, employee=employee),
        next_step=Message("give an id of its employees, as a report lists them"),
    )


def render_calendars(view: ReportView, words: Words = ENGLISH) -> dict[str, bytes]:
    """A calendar of all together and one of each employee, by names of files that any file system takes and that stay the same."""
    people = calendar_people(view.grid.problem, view.publications)
    shifts: dict[str, list[Shift]] = {who: [] for who in people}
    for shift in shifts_of(view):
        shifts[shift.place.employee_id].append(shift)
    files = {ALL_FILE: _document(view, words, None, [shift for own in shifts.values() for shift in own])}
    for who, name in people.items():
        files[calendar_file(name, who)] = _document(view, words, who, shifts[who])
    return files


def calendar_file(name: str, employee: str) -> str:
    """Name of the file of an employee's calendar: `anna-mulder-1f8c03b2.ics`. Her id makes it differ from that of her namesakes."""
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    words = re.sub(r"[^a-z0-9]+", "-", plain)[:LONGEST_NAME].strip("-")
    key = hashlib.sha256(employee.encode(errors="replace")).hexdigest()[:8]
    return f"{words or 'employee'}-{key}{SUFFIX}"


def _document(view: ReportView, words: Words, employee: str | None, shifts: list[Shift]) -> bytes:
    problem = view.grid.problem
    people = calendar_people(problem, view.publications)
    whose = "" if employee is None else one_line(people[employee])
    calendar = Calendar()
    calendar.add("prodid", PRODUCT)
    calendar.add("version", "2.0")
    calendar.add("calscale", "GREGORIAN")
    calendar.add("method", "PUBLISH")
    for name in ("name", "x-wr-calname"):  # RFC 7986, and what came before it
        calendar.add(name, f"{one_line(view.name)} - {whose}" if whose else one_line(view.name))
    calendar.add("x-wr-timezone", problem.timezone)
    calendar.add_component(timezone_component(problem.timezone, problem.first_day.year))
    for shift in shifts:
        calendar.add_component(_event(view, words, shift, people[shift.place.employee_id] if employee is None else None))
    document: bytes = calendar.to_ical()
    return document


def _event(view: ReportView, words: Words, shift: Shift, who: str | None) -> Event:
    zone, service = ZoneInfo(view.grid.problem.timezone), shift.service
    event = Event()
    event.add("uid", str(_uid(view, shift.place)))
    event.add("dtstamp", view.generated_at.astimezone(dt.UTC).replace(microsecond=0))
    if service.minutes:
        begin, end = (_moment(shift.place.date, minute, zone) for minute in (service.begin_minute, service.begin_minute + service.minutes))
        event.add("dtstart", begin)
        if end > begin:  # as it must be; a shift that the change of the clock swallows has no end
            event.add("dtend", end)
    else:  # nobody knows any more when it was; what is cancelled needs a day all the same
        event.add("dtstart", shift.place.date)
    event.add("sequence", shift.sequence)
    event.add("status", shift.standing.value)
    event.add("transp", "TRANSPARENT" if shift.standing is Standing.CANCELLED else "OPAQUE")
    what = service.code if who is None else f"{service.code} {who}"
    event.add("summary", _summary(words, shift.standing, one_line(what)))
    event.add("description", f"{one_line(view.name)}\n{words.say(TOLD[shift.standing])}")
    event.add("categories", [one_line(service.code)])
    return event


def _moment(day: dt.date, minute: int, zone: ZoneInfo) -> dt.datetime:
    return (EPOCH + dt.timedelta(minutes=instant_of(day, minute, zone))).astimezone(zone)


def _summary(words: Words, standing: Standing, what: str) -> str:
    """It says in words too how it stands: not every program shows the status."""
    match standing:
        case Standing.CONFIRMED:
            return what
        case Standing.TENTATIVE:
            return words.say(Message("{what} (provisional)", what=what))
        case Standing.CANCELLED:
            return words.say(Message("Cancelled: {what}", what=what))


def _uid(view: ReportView, place: Place) -> UUID:
    key = (view.grid.problem.roster_id, place.employee_id, place.date.isoformat(), place.daypart)
    return uuid5(NAMESPACE_URL, "greedy:" + "\x1f".join(key))
