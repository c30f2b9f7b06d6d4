"""Calendars say when people work, in whatever program reads them; reading one in again updates what is there and doubles nothing."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from dataclasses import replace
from itertools import product
from zoneinfo import ZoneInfo

import pytest
from dateutil.rrule import rrulestr
from ical.calendar import Calendar
from ical.calendar_stream import IcsCalendarStream
from ical.event import Event
from icalendar import Calendar as Document
from icalendar import Timezone

from greedy.errors import InputError
from greedy.model.problem import Assignment, Service
from greedy.report.calendar import ALL_FILE, calendar_file, render_calendar, render_calendars
from greedy.report.calendar.clock_changes import timezone_component
from greedy.report.view import DepartedShift, ReportView
from greedy.wording import words_of
from tests.build import DIA, DIO, EVENING, MORNING, OSP, problem
from tests.report.views import AMSTERDAM, HOSTILE_NAMES, NOON, view_of

DUTCH = words_of("nl")
DAY_DUTY, NIGHT_DUTY, CLINIC = Assignment(0, 0, DIO), Assignment(0, 0, DIA), Assignment(0, 1, OSP)
SERVICES = (
    Service("s-dio", "DIO", MORNING, 540, begin_minute=540, second_half=DIA),
    Service("s-dia", "DIA", EVENING, 900, begin_minute=1080),
    Service("s-osp", "OSP", MORNING, 240, begin_minute=540),
    Service("s-ech", "ECH", MORNING, 240, begin_minute=540),
    Service("s-nacht", "NA", EVENING, 60, begin_minute=24 * 60 - 30),
    Service("s-vroeg", "VR", MORNING, 120, begin_minute=150),  # half past two: an hour that one night skips and another has twice
)
ECH, NIGHT, EARLY = 3, 4, 5


def view(work: Iterable[Assignment], *told: Iterable[Assignment], first: dt.date = dt.date(2025, 11, 24), later: int = 0) -> ReportView:
    one = problem(teams=("Groen", "Oranje"), services=SERVICES, first_day=first, days=7)
    return view_of(one, work, publications=told, generated_at=NOON + dt.timedelta(hours=later))


def read(document: bytes) -> dict[str, Event]:
    """The events as another library reads them, by UID."""
    calendar: Calendar = IcsCalendarStream.calendar_from_ics(document.decode())
    events = {str(one.uid): one for one in calendar.events}
    assert len(events) == len(calendar.events)
    return events


def times(one: Event) -> tuple[str, str]:
    assert isinstance(one.dtstart, dt.datetime)
    assert isinstance(one.dtend, dt.datetime)
    return one.dtstart.astimezone(AMSTERDAM).isoformat(), one.dtend.astimezone(AMSTERDAM).isoformat()


def imported(calendar: dict[str, Event], document: bytes) -> dict[str, Event]:
    """What a program holds after it has read a document in: of two versions the greater sequence, then the later stamp (RFC 5546, 2.1.5)."""
    merged = dict(calendar)
    for uid, one in read(document).items():
        held = merged.get(uid)
        if held is None or (held.sequence or 0, held.dtstamp) <= (one.sequence or 0, one.dtstamp):
            merged[uid] = one
    return merged


def shown(calendar: dict[str, Event]) -> list[tuple[str, str]]:
    return sorted((one.status.value if one.status else "", str(one.summary)) for one in calendar.values())


@pytest.mark.parametrize(
    ("first", "service", "begin", "end"),
    [
        (dt.date(2025, 11, 24), OSP, "2025-11-24T09:00:00+01:00", "2025-11-24T13:00:00+01:00"),
        (dt.date(2025, 11, 24), DIA, "2025-11-24T18:00:00+01:00", "2025-11-25T09:00:00+01:00"),
        (dt.date(2025, 12, 31), NIGHT, "2025-12-31T23:30:00+01:00", "2026-01-01T00:30:00+01:00"),
        (dt.date(2026, 3, 28), DIA, "2026-03-28T18:00:00+01:00", "2026-03-29T09:00:00+02:00"),  # a night of 14 hours
        (dt.date(2025, 10, 25), DIA, "2025-10-25T18:00:00+02:00", "2025-10-26T09:00:00+01:00"),  # and one of 16
        (dt.date(2026, 3, 29), EARLY, "2026-03-29T03:30:00+02:00", "2026-03-29T04:30:00+02:00"),  # the clock never says 02:30
        (dt.date(2025, 10, 26), EARLY, "2025-10-26T02:30:00+02:00", "2025-10-26T04:30:00+01:00"),  # it says so twice: the first
    ],
)
def test_shifts_begin_and_end_when_people_come_and_go(first: dt.date, service: int, begin: str, end: str) -> None:
    one = view([Assignment(0, 0, service)], first=first)
    (event,) = read(render_calendar(one)).values()
    assert times(event) == (begin, end)
    seconds = (dt.datetime.fromisoformat(end) - dt.datetime.fromisoformat(begin)).total_seconds()
    instants = one.grid.problem.instants[service, 0]
    assert seconds == 60 * (instants.end - instants.begin)  # as the rest between shifts is counted


def test_the_rules_of_the_zone_give_the_time_of_every_hour() -> None:
    """A program that knows no zones has only the document: the last change of the clock before a moment gives its offset."""
    zone = timezone_component("Europe/Amsterdam", 2025)
    assert [part.name for part in zone.subcomponents] == ["DAYLIGHT", "STANDARD"]
    assert [part["rrule"].to_ical() for part in zone.subcomponents] == [
        b"FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3",
        b"FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10",
    ]
    assert b"DTSTART:19700329T020000" in zone.to_ical()
    assert b"DTSTART:19701025T030000" in zone.to_ical()
    days = ("2024-01-01", "2025-03-30", "2025-10-26", "2026-03-29", "2026-07-01", "2026-10-25", "2027-03-28")
    for day, hour in product(days, range(-2, 6)):
        moment = dt.datetime.fromisoformat(f"{day}T00:00+00:00") + dt.timedelta(hours=hour)
        assert offset(zone, moment) == moment.astimezone(AMSTERDAM).utcoffset(), moment


def offset(zone: Timezone, moment: dt.datetime) -> dt.timedelta:
    """As RFC 5545, 3.6.5 says: of the onset before the moment."""
    onsets = []
    for part in zone.subcomponents:
        rule = rrulestr(part["rrule"].to_ical().decode(), dtstart=part["dtstart"].dt)
        onset = rule.before((moment + part["tzoffsetfrom"].td).replace(tzinfo=None), inc=True)
        assert onset is not None
        onsets.append((onset - part["tzoffsetfrom"].td, part["tzoffsetto"].td))
    return max(onsets)[1]


@pytest.mark.parametrize("name", ["America/New_York", "Australia/Sydney", "UTC", "Africa/Casablanca"])
def test_any_zone_has_a_component(name: str) -> None:
    component = timezone_component(name, 2025)
    assert component["tzid"] == name
    assert component.standard or component.daylight


def test_a_zone_may_change_at_half_past_an_hour_of_utc() -> None:
    zone, there = timezone_component("America/St_Johns", 2025), ZoneInfo("America/St_Johns")
    for quarter in range(2 * 96):
        moment = dt.datetime(2025, 3, 8, tzinfo=dt.UTC) + dt.timedelta(minutes=15 * quarter)
        assert offset(zone, moment) == moment.astimezone(there).utcoffset(), moment


def test_a_calendar_of_one_and_of_all() -> None:
    one = view([DAY_DUTY, NIGHT_DUTY, Assignment(1, 2, OSP)])
    both, mine = read(render_calendar(one)), read(render_calendar(one, employee="E0"))
    assert shown(both) == [
        ("TENTATIVE", "DIA Name 0 (provisional)"),
        ("TENTATIVE", "DIO Name 0 (provisional)"),
        ("TENTATIVE", "OSP Name 1 (provisional)"),
    ]
    assert shown(mine) == [("TENTATIVE", "DIA (provisional)"), ("TENTATIVE", "DIO (provisional)")]
    assert mine.keys() < both.keys()
    with pytest.raises(InputError, match="roster r has no employee nobody"):
        render_calendar(one, employee="nobody")


def test_dutch() -> None:
    calendar = read(render_calendar(view([DAY_DUTY], [DAY_DUTY, CLINIC]), words=DUTCH))
    assert shown(calendar) == [("CANCELLED", "Vervallen: OSP Name 0"), ("CONFIRMED", "DIO Name 0")]


def test_nothing_but_the_stamp_depends_on_the_moment() -> None:
    now, then = (render_calendar(view([DAY_DUTY], [CLINIC], later=later)) for later in (0, 5))
    assert now != then
    assert re.sub(rb"DTSTAMP:\w+", b"", now) == re.sub(rb"DTSTAMP:\w+", b"", then)


def test_what_was_published_stands_until_it_changes() -> None:
    changed = Assignment(0, 1, ECH)
    calendar = imported({}, render_calendar(view([DAY_DUTY, CLINIC])))
    assert shown(calendar) == [("TENTATIVE", "DIO Name 0 (provisional)"), ("TENTATIVE", "OSP Name 0 (provisional)")]
    calendar = imported(calendar, render_calendar(view([DAY_DUTY, CLINIC], [DAY_DUTY, CLINIC], later=1)))
    assert shown(calendar) == [("CONFIRMED", "DIO Name 0"), ("CONFIRMED", "OSP Name 0")]
    calendar = imported(calendar, render_calendar(view([DAY_DUTY, changed], [DAY_DUTY, CLINIC], later=2)))
    assert shown(calendar) == [("CONFIRMED", "DIO Name 0"), ("TENTATIVE", "ECH Name 0 (provisional)")]
    # taken back before anybody was told: the published shift stands again
    calendar = imported(calendar, render_calendar(view([DAY_DUTY, CLINIC], [DAY_DUTY, CLINIC], later=3)))
    assert shown(calendar) == [("CONFIRMED", "DIO Name 0"), ("CONFIRMED", "OSP Name 0")]
    told = ([DAY_DUTY, CLINIC], [DAY_DUTY, changed])
    calendar = imported(calendar, render_calendar(view(told[1], *told, later=4)))
    assert shown(calendar) == [("CONFIRMED", "DIO Name 0"), ("CONFIRMED", "ECH Name 0")]
    calendar = imported(calendar, render_calendar(view([changed], *told, later=5)))
    assert shown(calendar) == [("CANCELLED", "Cancelled: DIO Name 0"), ("CONFIRMED", "ECH Name 0")]
    # what was told once and changed since is not told again yet
    calendar = imported(calendar, render_calendar(view([CLINIC], *told, later=6)))
    assert shown(calendar) == [("CANCELLED", "Cancelled: DIO Name 0"), ("TENTATIVE", "OSP Name 0 (provisional)")]
    # an older document that is read in once more changes nothing
    assert imported(calendar, render_calendar(view(told[0], told[0], later=1))) == calendar


def test_each_publication_that_changes_a_shift_replaces_the_one_before_without_looking_at_stamps() -> None:
    told = ([CLINIC], [], [Assignment(0, 1, ECH)], [Assignment(0, 1, ECH)])
    sequences = []
    for published in range(len(told) + 1):
        one = view(told[published - 1] if published else [CLINIC], *told[:published])
        sequences += [event.sequence for event in read(render_calendar(one)).values()]
    assert sequences == [0, 1, 2, 3, 3]


def test_other_times_of_a_service_are_told_anew() -> None:
    one = view([CLINIC], [CLINIC])
    (first,) = one.publications
    earlier = replace(SERVICES[OSP], begin_minute=480, code="OUD")
    for told, expected in (
        ([first._replace(services={earlier.id: earlier})], ("TENTATIVE", 1)),  # who comes at eight was told so
        ([first._replace(services={earlier.id: earlier}), first._replace(number=2)], ("CONFIRMED", 2)),
        ([first._replace(services={earlier.id: replace(SERVICES[OSP], code="OUD")})], ("CONFIRMED", 1)),  # another word for the same
    ):
        (event,) = read(render_calendar(replace(one, publications=tuple(told)))).values()
        assert (event.status, event.sequence, times(event)[0]) == (*expected, "2025-11-25T09:00:00+01:00")
    gone = replace(view([], [CLINIC]), publications=(first._replace(services={earlier.id: earlier}),))
    (event,) = read(render_calendar(gone)).values()
    assert (event.summary, times(event)[0]) == ("Cancelled: OUD Name 0", "2025-11-25T08:00:00+01:00")


def test_work_that_the_roster_has_no_numbers_for_is_cancelled_too() -> None:
    """Of who left, of a service that went, and of days that the roster has no more; what was told of it counts as ever."""
    gone, forgotten = Service("s-gone", "WEG", MORNING, 240, begin_minute=480), Service("s-forgotten", "O", MORNING, 0)
    one = view([CLINIC], [CLINIC, Assignment(0, 9, OSP), Assignment(1, -1, OSP)], [CLINIC])
    day = one.grid.days[1].date
    departed = (
        DepartedShift("E9", "Zus, van; der \\", day, "O", gone),
        DepartedShift("E9", "Zus, van; der \\", day, "A", forgotten),
        DepartedShift("E0", "Name 0", day, "O", gone),
    )
    first, second = one.publications
    told = (first._replace(assignments=first.assignments[1:], departed=departed), second)
    one = replace(one, publications=told)
    assert [(event.summary, event.sequence, str(event.dtstart)) for event in read(render_calendar(one)).values()] == [
        ("OSP Name 0", 2, "2025-11-25 09:00:00+01:00"),  # after the service that went: as many as before it went
        ("Cancelled: OSP Name 0", 2, "2025-12-03 09:00:00+01:00"),
        ("Cancelled: OSP Name 1", 2, "2025-11-23 09:00:00+01:00"),
        ("Cancelled: WEG Zus, van; der \\", 2, "2025-11-25 08:00:00+01:00"),
        ("Cancelled: O Zus, van; der \\", 2, "2025-11-25"),  # nobody knows any more when it was
    ]
    assert shown(read(render_calendar(one, employee="E9"))) == [("CANCELLED", "Cancelled: O"), ("CANCELLED", "Cancelled: WEG")]
    assert len(render_calendars(one)) == 1 + 3
    longer = replace(one.grid.problem, day_count=10)  # as it was when the work stood in it: what is cancelled are these very events
    assert read(render_calendar(view_of(longer, [Assignment(0, 9, OSP)]))).keys() < read(render_calendar(one)).keys()


def test_events_of_taken_work_are_cancelled_and_free_the_time() -> None:
    one = Document.from_ical(render_calendar(view([], [CLINIC])))
    (event,) = one.walk("VEVENT")
    assert (event["status"], event["transp"], event["summary"]) == ("CANCELLED", "TRANSPARENT", "Cancelled: OSP Name 0")


def test_every_slot_has_a_uid_of_its_own() -> None:
    people = problem(teams=("Groen",) * 20, services=SERVICES, days=7)
    work = [Assignment(employee, day, service) for employee, day, service in product(range(20), range(7), (DIO, DIA))]
    uids = set(read(render_calendar(view_of(people, work))))
    assert len(uids) == len(work)
    other = replace(people, roster_id="another")
    assert uids.isdisjoint(read(render_calendar(view_of(other, work))))
    assert set(read(render_calendar(view_of(replace(people, employees=people.employees[::-1]), work)))) == uids


def test_hostile_names_stay_names() -> None:
    people = problem(teams=("Groen",) * len(HOSTILE_NAMES), services=SERVICES, days=7)
    people = replace(people, employees=tuple(replace(e, name=name) for e, name in zip(people.employees, HOSTILE_NAMES, strict=True)))
    work = [Assignment(employee, 0, OSP) for employee in range(len(HOSTILE_NAMES))]
    files = render_calendars(view_of(people, work, name="x\r\nMETHOD:CANCEL"))
    assert len(files) == len(HOSTILE_NAMES) + 1
    events = read(files[ALL_FILE])
    assert len(events) == len(HOSTILE_NAMES)
    assert sum("<script>" in str(one.summary) for one in events.values()) == 1
    for name, document in files.items():
        assert re.fullmatch(r"[a-z0-9][a-z0-9-]{0,70}\.ics", name)
        lines = document.split(b"\r\n")
        assert all(len(line) <= 75 for line in lines)
        assert not re.search(rb"[\x00-\x09\x0b\x0c\x0e-\x1f]", document)
        assert [line for line in lines if line.startswith(b"METHOD")] == [b"METHOD:PUBLISH"]
        assert lines.count(b"BEGIN:VEVENT") == lines.count(b"END:VEVENT") == (len(HOSTILE_NAMES) if name == ALL_FILE else 1)


def test_files_of_namesakes_differ_and_stay_the_same() -> None:
    assert calendar_file("Anna de Vries", "1") != calendar_file("Anna de Vries", "2")
    assert re.fullmatch(r"anna-de-vries-[0-9a-f]{8}\.ics", calendar_file("Anna de Vries", "1"))
    assert re.fullmatch(r"employee-[0-9a-f]{8}\.ics", calendar_file("שרה", "1"))


def test_whoever_works_nothing_has_an_empty_calendar() -> None:
    assert read(render_calendar(view([CLINIC]), employee="E1")) == {}
