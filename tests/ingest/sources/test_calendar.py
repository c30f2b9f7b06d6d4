"""Which dagdelen an event touches."""

from __future__ import annotations

import datetime as dt
import itertools
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from greedy.errors import InputError
from greedy.ingest.sources.calendar import AbsentRange, occurrences
from tests.timing import cpu_seconds_below

AMSTERDAM = ZoneInfo("Europe/Amsterdam")
FIRST, LAST = dt.date(2025, 11, 1), dt.date(2025, 11, 30)
DAGDELEN = "OMA"


def calendar(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", "BEGIN:VEVENT", "UID:1", *lines, "END:VEVENT", "END:VCALENDAR", ""])


def slots(*lines: str, first: dt.date = FIRST, last: dt.date = LAST, zone: ZoneInfo = AMSTERDAM) -> list[str]:
    return [
        f"{found.first_date:%m-%d}{found.first_dagdeel}-{found.last_date:%m-%d}{found.last_dagdeel}"
        for found in occurrences(calendar(*lines), first, last, zone)
    ]


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        ("0700", "1200", "11-24O-11-24O"),
        ("0659", "1201", "11-23A-11-24M"),
        ("1159", "1200", "11-24O-11-24O"),
        ("1200", "1800", "11-24M-11-24M"),
        ("1759", "1801", "11-24M-11-24A"),
        ("1800", "2359", "11-24A-11-24A"),
        ("0000", "0700", "11-23A-11-23A"),
        ("0000", "0701", "11-23A-11-24O"),
    ],
)
def test_a_dagdeel_is_taken_when_any_of_it_is(begin: str, end: str, expected: str) -> None:
    assert slots(f"DTSTART:20251124T{begin}00", f"DTEND:20251124T{end}00") == [expected]


def test_a_second_into_the_next_dagdeel_counts() -> None:
    assert slots("DTSTART:20251124T080000", "DTEND:20251124T120001") == ["11-24O-11-24M"]


def test_over_several_days() -> None:
    assert slots("DTSTART:20251124T130000", "DTEND:20251126T090000") == ["11-24M-11-26O"]


def test_the_practice_says_which_dagdeel_a_moment_is() -> None:
    at_eleven_utc = ("DTSTART:20251124T110000Z", "DTEND:20251124T113000Z")
    assert slots(*at_eleven_utc) == ["11-24M-11-24M"]
    assert slots(*at_eleven_utc, zone=ZoneInfo("Europe/London")) == ["11-24O-11-24O"]
    assert slots(*at_eleven_utc, zone=ZoneInfo("Pacific/Auckland")) == ["11-24A-11-24A"]


@pytest.mark.parametrize(
    ("begin", "end", "expected"),
    [
        ("20251026T001500Z", "20251026T004500Z", "10-25A-10-25A"),  # 02:15 to 02:45, the first time that night
        ("20251026T011500Z", "20251026T014500Z", "10-25A-10-25A"),  # the second time
        ("20251026T055959Z", "20251026T060000Z", "10-25A-10-25A"),  # until 07:00 of winter
        ("20251026T060000Z", "20251026T060001Z", "10-26O-10-26O"),
        ("20250330T045900Z", "20250330T050000Z", "03-29A-03-29A"),  # until 07:00 of summer
        ("20250330T050000Z", "20250330T050001Z", "03-30O-03-30O"),
    ],
)
def test_nights_when_the_clock_changes(begin: str, end: str, expected: str) -> None:
    assert slots(f"DTSTART:{begin}", f"DTEND:{end}", first=dt.date(2025, 3, 1), last=dt.date(2025, 12, 1)) == [expected]


def test_an_event_within_the_hour_that_comes_twice_is_taken() -> None:
    lines = ("DTSTART;TZID=Europe/Amsterdam:20251026T023000", "DURATION:PT1H")
    assert slots(*lines, first=dt.date(2025, 10, 1)) == ["10-25A-10-25A"]


def test_ranges_that_meet_become_one_and_others_do_not() -> None:
    assert slots("DTSTART;VALUE=DATE:20251124", "RRULE:FREQ=DAILY;COUNT=3") == ["11-24O-11-26A"]
    assert slots("DTSTART:20251124T080000", "DTEND:20251124T170000", "RRULE:FREQ=DAILY;COUNT=2") == ["11-24O-11-24M", "11-25O-11-25M"]


def test_what_lies_outside_the_question_is_cut() -> None:
    whole = ("DTSTART;VALUE=DATE:20251001", "DTEND;VALUE=DATE:20260101")
    assert slots(*whole) == ["11-01O-11-30A"]
    assert slots("DTSTART:20251130T200000", "DTEND:20251201T120000") == ["11-30A-11-30A"]
    assert slots("DTSTART:20251201T010000", "DTEND:20251201T020000") == ["11-30A-11-30A"], "the night belongs to the day on which it begins"
    assert slots("DTSTART:20251101T010000", "DTEND:20251101T020000") == []
    assert slots("DTSTART;VALUE=DATE:20251201", "DTEND;VALUE=DATE:20251202") == []


def test_this_and_future_instances_are_moved() -> None:
    series = calendar("DTSTART;VALUE=DATE:20251103", "RRULE:FREQ=WEEKLY;COUNT=3")
    moved = "BEGIN:VEVENT\r\nUID:1\r\nRECURRENCE-ID;RANGE=THISANDFUTURE;VALUE=DATE:20251110\r\nDTSTART;VALUE=DATE:20251111\r\nEND:VEVENT\r\nEND:VCALENDAR"
    found = occurrences(series.replace("END:VCALENDAR", moved), FIRST, LAST, AMSTERDAM)
    assert [slots.first_date.day for slots in found] == [3, 11, 18]


def test_a_zone_of_one_calendar_is_not_that_of_another() -> None:
    def custom(offset: str) -> str:
        zone = (
            f"BEGIN:VTIMEZONE\r\nTZID:Ours\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:{offset}\r\nTZOFFSETTO:{offset}\r\n"
            "END:STANDARD\r\nEND:VTIMEZONE\r\n"
        )
        event = calendar("DTSTART;TZID=Ours:20251124T120000", "DTEND;TZID=Ours:20251124T130000")
        return event.replace("BEGIN:VEVENT", f"{zone}BEGIN:VEVENT")

    assert occurrences(custom("+0100"), FIRST, LAST, AMSTERDAM)[0].first_dagdeel == "M"
    assert occurrences(custom("+0300"), FIRST, LAST, AMSTERDAM)[0].first_dagdeel == "O"


def test_the_clocks_of_a_zone_do_not_change_every_day() -> None:
    event = calendar("DTSTART;TZID=Ours:20251124T120000", "DTEND;TZID=Ours:20251124T130000")
    lines = ("DTSTART:16010101T000000", "TZOFFSETFROM:+0100", "TZOFFSETTO:+0100", "RRULE:FREQ=DAILY", "END:STANDARD", "END:VTIMEZONE")
    zone = "\r\n".join(["BEGIN:VTIMEZONE", "TZID:Ours", "BEGIN:STANDARD", *lines, "BEGIN:VEVENT"])
    with pytest.raises(InputError, match="only YEARLY"):
        occurrences(event.replace("BEGIN:VEVENT", zone), FIRST, LAST, AMSTERDAM)


@pytest.mark.parametrize("rule", ["FREQ=DAILY;BYMONTH=2;BYMONTHDAY=30,31", "FREQ=SECONDLY", "FREQ=DAILY;INTERVAL=0", "FREQ=HOURLY;COUNT=3"])
def test_a_rule_that_would_not_end_is_refused_at_once(rule: str) -> None:
    with cpu_seconds_below(2), pytest.raises(InputError):
        slots("DTSTART:20251124T080000", "DTEND:20251124T090000", f"RRULE:{rule}")


def test_a_rule_that_comes_true_seldom_does_not_take_long() -> None:
    with cpu_seconds_below(2):
        assert slots("DTSTART;VALUE=DATE:20240229", "RRULE:FREQ=DAILY;BYMONTH=2;BYMONTHDAY=29") == []


def test_more_occurrences_than_can_be_meant_are_refused() -> None:
    lines = ("DTSTART:20200101T080000", "DTEND:20200101T080100", "RRULE:FREQ=DAILY;BYHOUR=8,9,10,11,12,13")
    with pytest.raises(InputError, match="at most 10000"):
        slots(*lines, first=dt.date(2020, 1, 1), last=dt.date(2029, 1, 1))


def test_a_question_that_makes_no_sense_is_a_fault_of_the_caller() -> None:
    with pytest.raises(ValueError, match="no stretch"):
        slots("DTSTART;VALUE=DATE:20251124", first=LAST, last=FIRST)


# Against a naive expansion: every day of the rule by arithmetic, every slot by its minutes.
DAYS = st.dates(dt.date(2025, 10, 1), dt.date(2025, 12, 15))
MINUTES = st.integers(0, 24 * 60 - 1)


@st.composite
def simple_events(draw: st.DrawFn) -> tuple[dt.datetime, int, str, int, int | None, frozenset[int]]:
    start = dt.datetime.combine(draw(DAYS), dt.time()) + dt.timedelta(minutes=draw(MINUTES))
    length = draw(st.integers(1, 3 * 24 * 60))
    return (
        start,
        length,
        draw(st.sampled_from(("DAILY", "WEEKLY"))),
        draw(st.integers(1, 4)),
        draw(st.none() | st.integers(1, 12)),
        draw(st.frozensets(st.integers(0, 11), max_size=3)),
    )


@given(simple_events())
def test_agrees_with_a_naive_expansion(event: tuple[dt.datetime, int, str, int, int | None, frozenset[int]]) -> None:
    start, length, frequency, interval, count, left_out = event
    step = dt.timedelta(days=interval * (7 if frequency == "WEEKLY" else 1))
    starts = [start + number * step for number in range(count or 100)]
    taken = set()
    for number, begin in enumerate(starts):
        if number in left_out:
            continue
        end = begin + dt.timedelta(minutes=length)
        if begin.time() == end.time() == dt.time():
            taken |= {(begin.date() + dt.timedelta(days=day), dagdeel) for day in range((end - begin).days) for dagdeel in DAGDELEN}
        else:
            taken |= {slot for slot, (since, until) in WINDOWS.items() if since < end and begin < until}
    rule = f"FREQ={frequency};INTERVAL={interval}" + (f";COUNT={count}" if count else "")
    exceptions = [f"EXDATE:{starts[number]:%Y%m%dT%H%M%S}" for number in sorted(left_out) if number < len(starts)]
    lines = (f"DTSTART:{start:%Y%m%dT%H%M%S}", f"DURATION:PT{length}M", f"RRULE:{rule}", *exceptions)
    found = occurrences(calendar(*lines), FIRST, LAST, ZoneInfo("UTC"))
    assert {slot for stretch in found for slot in spread(stretch)} == {slot for slot in taken if FIRST <= slot[0] <= LAST}
    assert all(
        _number(one.last_date, one.last_dagdeel) + 1 < _number(two.first_date, two.first_dagdeel) for one, two in itertools.pairwise(found)
    )


def _number(day: dt.date, dagdeel: str) -> int:
    return day.toordinal() * 3 + DAGDELEN.index(dagdeel)


def spread(found: AbsentRange) -> list[tuple[dt.date, str]]:
    numbers = range(_number(found.first_date, found.first_dagdeel), _number(found.last_date, found.last_dagdeel) + 1)
    return [(dt.date.fromordinal(number // 3), DAGDELEN[number % 3]) for number in numbers]


def _windows() -> dict[tuple[dt.date, str], tuple[dt.datetime, dt.datetime]]:
    hours = {"O": (7, 12), "M": (12, 18), "A": (18, 31)}
    days = [FIRST + dt.timedelta(days=number) for number in range(-5, 40)]
    return {
        (day, dagdeel): tuple(dt.datetime.combine(day, dt.time()) + dt.timedelta(hours=hour) for hour in between)
        for day in days
        for dagdeel, between in hours.items()
    }


WINDOWS = _windows()
