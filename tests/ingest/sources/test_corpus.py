"""Every malformed file, and every well-formed one of an odd make: refused, or taken with its faulty records told. None goes unnoticed."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from greedy.errors import InputError
from greedy.ingest.sources.absence_calendar import AbsenceCalendar
from greedy.ingest.sources.base import FaultyRecord, SourceRecord
from greedy.ingest.sources.calendar import occurrences
from greedy.ingest.sources.hr import HrEmployees

CORPUS = Path(__file__).parents[2] / "data" / "sources"
AMSTERDAM = ZoneInfo("Europe/Amsterdam")


@dataclass(frozen=True)
class Expected:
    """What a file gives: ids of its records, a part of the message of each faulty one, or a part of the message with which it is refused."""

    ids: Sequence[str] = ()
    faults: Sequence[str] = ()
    refused: str | None = None


def taken(*ids: str) -> Expected:
    return Expected(ids)


def faulty(*faults: str, beside: Sequence[str] = ("E02",)) -> Expected:
    return Expected(beside, faults)


def refused(why: str) -> Expected:
    return Expected(refused=why)


BOTH = taken("007", "E02")
CSV = {
    "plain.csv": BOTH,
    "mark-utf8.csv": BOTH,
    "mark-utf16-le.csv": BOTH,
    "mark-utf16-be.csv": BOTH,
    "mark-utf32.csv": BOTH,
    "semicolons.csv": BOTH,
    "tabs.csv": BOTH,
    "bars.csv": BOTH,
    "sep-line.csv": BOTH,
    "line-ends-windows.csv": BOTH,
    "line-ends-old-mac.csv": BOTH,
    "no-last-line-end.csv": BOTH,
    "header-with-quoted-delimiter.csv": BOTH,
    "blank-lines.csv": BOTH,
    "words-otherwise.csv": taken("007"),
    "surplus-delimiters.csv": taken("007"),
    "header-alone.csv": taken(),
    "line-end-in-a-value.csv": faulty("3 values for 4 columns", beside=["007"]),
    "nameless-column.csv": faulty("'x' stands in a column that has no name", beside=["007"]),
    "too-few-and-too-many.csv": faulty("2 values for 4 columns", "5 values for 4 columns", beside=["E03"]),
    "quote-within-quotes.csv": faulty("not CSV: ',' expected after"),
    "nul.csv": faulty("voornaam: the value holds a NUL"),
    "field-too-long.csv": faulty("field larger than field limit"),
    "number-missing.csv": faulty("the number of the employee is missing"),
    "number-too-long.csv": faulty("at most 64 characters", beside=[]),
    "days.csv": faulty("in_dienst: 'ooit' is not a date", beside=["007", "E02"]),
    "a-day-that-is-none.csv": faulty("there is no day '30-02-2024'", beside=[]),
    "weekdays.csv": faulty("structureel_nbh.ma: 'laat' is no list of dagdelen", beside=["007"]),
    "empty.csv": refused("is empty"),
    "blank.csv": refused("is empty"),
    "mark-alone.csv": refused("is empty"),
    "cp1252.csv": refused("is not utf-8 text: byte 39 (0xE9, in line 2)"),
    "utf8-cut-in-a-letter.csv": refused("byte 39 (0xC3, in line 2)"),
    "no-mark-utf16.csv": refused("full of NULs"),
    "picture.csv": refused("full of NULs"),
    "workbook-by-its-content.csv": refused("is a workbook and no text"),
    "old-workbook-by-its-content.csv": refused("is a workbook and no text"),
    "web-page.csv": refused("no column for id"),
    "no-number.csv": refused("no column for id (Nummer, Number, personeelsnummer)"),
    "two-numbers.csv": refused("Nummer and Employee ID may each be id"),
    "header-twice-a-name.csv": refused("several columns of one name: Voornaam"),
    "quote-never-ends.csv": refused(":3: not CSV from here on"),
    "quote-never-ends-in-the-last-line.csv": refused(":3: not CSV from here on"),
    "quote-over-lines.csv": refused(":2: not CSV from here on"),
    "quote-in-the-header.csv": refused(":1: not CSV from here on"),
}
JSON = {
    "array.json": BOTH,
    "one-list.json": BOTH,
    "lines.json": BOTH,
    "lines.jsonl": BOTH,
    "modified.json": BOTH,
    "one-line.jsonl": taken("007"),
    "mark.json": taken("007"),
    "utf16.json": taken("007"),
    "nested.json": taken("007"),
    "empty-array.json": taken(),
    "empty-list.json": taken(),
    "numbers.json": faulty(*["the number of the employee is missing"] * 3, beside=["7", "8", "009", "8.5"]),
    "nan.json": faulty("NaN is no value of JSON"),
    "infinity.json": faulty("-Infinity is no value of JSON"),
    "number-too-large.json": faulty("a number is too large"),
    "field-twice.json": faulty("a field stands there several times: 'id'"),
    "field-twice-within.json": faulty("a field stands there several times: 'a'"),
    "deep-record.json": faulty("more than 20 deep"),
    "nul.json": faulty("holds a NUL"),
    "nul-in-a-name.json": faulty("holds a NUL"),
    "half-a-letter.json": faulty("half a character"),
    "no-objects.json": faulty(*["no object of fields and values"] * 4),
    "broken-line.jsonl": faulty("not JSON", beside=["007", "E02"]),
    "deep-line.jsonl": faulty("brackets in brackets without end", beside=["007", "E02"]),
    "nan-line.jsonl": faulty("NaN is no value of JSON"),
    "empty.json": refused("is empty"),
    "cp1252.json": refused("is not utf-8 text: byte 31 (0xE9"),
    "two-lists.json": refused("holds lists under a, b"),
    "one-object.json": refused("no list of records"),
    "a-text.json": refused("no list of records"),
    "null.json": refused("no list of records"),
    "two-numbers.json": refused("may each be id"),
    "cut-off.json": refused(":1: not JSON"),
    "cut-off-in-a-text.json": refused("Unterminated string"),
    "garbage-behind.json": refused("Extra data"),
    "trailing-comma.json": refused("not JSON"),
    "single-quotes.json": refused("not JSON"),
    "number-of-5000-digits.json": refused("is not JSON"),
    "deep.json": refused("brackets in brackets without end"),
}

GOOD = "good@practice Bram Visser 11-24O-11-25A"
TAKEN_DAY_OF_A = "a@practice Anna Mulder 11-25O-11-25A"


def anna(*ranges: str) -> Expected:
    return taken(" ".join(["a@practice Anna Mulder", *ranges]))


def spoiled(why: str) -> Expected:
    return faulty(why, beside=[GOOD])


ICS = {
    "whole-days.ics": taken(GOOD),
    "bare-line-ends.ics": taken(GOOD),
    "mark.ics": taken(GOOD),
    "lower-case.ics": taken(GOOD),
    "folded.ics": taken(GOOD),
    "folded-within-a-letter.ics": taken(GOOD.replace("Bram", "René")),
    "utf16.ics": taken(GOOD.replace("Bram", "Renée")),
    "unfolded-description.ics": taken(GOOD),
    "escapes.ics": taken(GOOD),
    "alarm-within.ics": taken(GOOD),
    "tasks.ics": taken(GOOD),
    "two-calendars.ics": taken(GOOD, TAKEN_DAY_OF_A),
    "the-same-twice.ics": taken(GOOD),
    "no-events.ics": taken(),
    "utc.ics": anna("11-24O-11-24O"),
    "floating.ics": anna("11-24O-11-24M"),
    "duration.ics": anna("11-24O-11-24M"),
    "zone-by-name.ics": anna("11-24M-11-24M"),
    "zone-of-windows.ics": anna("11-24M-11-24M"),
    "zone-of-outlook.ics": anna("11-24M-11-24M"),
    "zone-behind-the-event.ics": anna("11-24M-11-24M"),
    "zone-quoted.ics": anna("11-24M-11-24M"),
    "no-end-a-day.ics": anna("11-25O-11-25A"),
    "midnight-to-midnight.ics": anna("11-24O-11-25A"),
    "night-of-the-clock-change.ics": anna("10-25A-10-26O"),
    "series-over-the-clock-change.ics": anna("10-23O-10-23O", "10-24O-10-24O", "10-25O-10-25O", "10-26O-10-26O", "10-27O-10-27O"),
    "every-week-for-ever.ics": anna(*(f"{day}O-{day}A" for day in ("10-20", "10-27", "11-03", "11-10", "11-17", "11-24"))),
    "count.ics": anna("11-03O-11-03A", "11-10O-11-10A"),
    "until.ics": anna("11-03O-11-03A", "11-10O-11-10A", "11-17O-11-17A"),
    "until-a-day-of-moments.ics": anna("11-03O-11-03O", "11-10O-11-10O"),
    "exceptions.ics": anna("11-03O-11-03A", "11-17O-11-17A"),
    "further-days.ics": anna("11-03O-11-03A", "11-05O-11-05A", "11-07O-11-07A"),
    "moved-and-cancelled.ics": anna("11-03O-11-03A", "11-13O-11-13A"),
    "newer-state.ics": anna("11-27O-11-27A"),
    "newer-stamp.ics": anna("11-27O-11-27A"),
    "cancelled.ics": taken(GOOD),
    "free.ics": taken(GOOD),
    "cancelled-by-method.ics": taken(),
    "answer-to-an-invitation.ics": taken(),
    "no-uid.ics": taken(
        "b02aacaff37fdbb557774f09783e262b Anna Mulder 11-24O-11-24A", "8f1a13ea4892597c6f0b8bc789ebb6b5 Anna Mulder 11-25O-11-25A"
    ),
    "attendee.ics": taken(GOOD.replace("Bram Visser", "bram@practice.nl")),
    "organizer.ics": taken(GOOD.replace("Bram Visser", "bram@practice.nl")),
    "organizer-that-is-a-calendar.ics": taken(GOOD),
    "employee-id.ics": taken(GOOD.replace("Bram Visser", "E02")),
    "dash.ics": taken(GOOD),
    "double-name.ics": taken(GOOD.replace("Bram Visser", "Anna Mulder-Jansen")),
    "several-attendees.ics": spoiled("2 attendees"),
    "nobody.ics": spoiled("'Zorgverlof' does not say who is absent"),
    "no-summary.ics": spoiled("does not say who is absent"),
    "no-end-a-moment.ics": spoiled("it lasts no time"),
    "one-uid-two-events.ics": spoiled("under one UID"),
    "zone-unknown.ics": spoiled("the time zone 'Nowhere' is not known"),
    "zone-that-never-ends.ics": spoiled("FREQ=SECONDLY"),
    "event-without-end.ics": spoiled("END:VEVENT is missing"),
    "end-without-begin.ics": spoiled("END:VALARM without its BEGIN"),
    "nul.ics": spoiled("holds a NUL"),
    "faulty-end-before-begin.ics": spoiled("before it begins"),
    "faulty-day-and-moment.ics": spoiled("one is a day and the other a moment"),
    "faulty-end-and-duration.ics": spoiled("two ends"),
    "faulty-no-begin.ics": spoiled("DTSTART is missing"),
    "faulty-two-begins.ics": spoiled("DTSTART stands 2 times"),
    "faulty-begin-that-is-none.ics": spoiled("DTSTART: Wrong date format"),
    "faulty-day-that-is-none.ics": spoiled("DTSTART: Wrong date format"),
    "faulty-year-1.ics": spoiled("the year 1 lies outside"),
    "faulty-thirty-years.ics": spoiled("it lasts 10958 days"),
    "faulty-every-second.ics": spoiled("FREQ=SECONDLY"),
    "faulty-all-seconds-of-a-day.ics": spoiled("more than 24 times a day"),
    "faulty-interval-0.ics": spoiled("INTERVAL is less than 1"),
    "faulty-30-february.ics": spoiled("no month has such a day"),
    "faulty-rule-that-is-none.ics": spoiled("FREQ=none"),
    "faulty-rule-with-unknown-part.ics": spoiled("RRULE: MOON is not understood"),
    "faulty-rule-of-another-calendar.ics": spoiled("RSCALE"),
    "faulty-exrule.ics": spoiled("EXRULE"),
    "faulty-duration-that-is-none.ics": spoiled("DURATION"),
    "faulty-hours-of-a-day.ics": spoiled("whole days cannot last hours"),
    "cut-off.ics": refused("was cut off: END:VEVENT is missing"),
    "cut-off-between-events.ics": refused("was cut off: END:VCALENDAR is missing"),
    "empty.ics": refused("is no calendar"),
    "web-page.ics": refused("is no calendar"),
    "event-alone.ics": refused("is no calendar"),
    "cp1252.ics": refused("is not utf-8 text: byte 0xE9 in line 9"),
}


@pytest.mark.parametrize(("folder", "table"), [("csv", CSV), ("json", JSON), ("ics", ICS)])
def test_every_file_is_looked_at(folder: str, table: dict[str, Expected]) -> None:
    assert {path.name for path in (CORPUS / folder).iterdir()} == set(table)


@pytest.mark.parametrize(("name", "expected"), [*CSV.items(), *JSON.items()])
def test_list_of_employees(name: str, expected: Expected) -> None:
    path = CORPUS / name.rpartition(".")[2].removesuffix("l") / name
    check(HrEmployees(path), expected, lambda record: record.external_id)


@pytest.mark.parametrize(("name", "expected"), ICS.items())
def test_calendar(name: str, expected: Expected) -> None:
    check(AbsenceCalendar(CORPUS / "ics" / name), expected, _absence)


def _absence(record: SourceRecord) -> str:
    """Id, employee and slots, as `a@practice Anna Mulder 11-24O-11-25A`."""
    found = occurrences(record.data["calendar"], dt.date(2025, 10, 20), dt.date(2025, 11, 30), AMSTERDAM)
    ranges = [f"{slots.first_date:%m-%d}{slots.first_dagdeel}-{slots.last_date:%m-%d}{slots.last_dagdeel}" for slots in found]
    return " ".join([record.external_id, record.data["employee"], *ranges])


def check(source: HrEmployees | AbsenceCalendar, expected: Expected, told: Callable[[SourceRecord], str]) -> None:
    if expected.refused is not None:
        with pytest.raises(InputError) as caught:
            list(source.read())
        assert expected.refused in caught.value.message
        assert caught.value.next_step
        return
    found = list(source.read())
    assert [told(record) for record in found if isinstance(record, SourceRecord)] == list(expected.ids)
    faults = [record.message for record in found if isinstance(record, FaultyRecord)]
    assert len(faults) == len(expected.faults), faults
    for message, part in zip(faults, expected.faults, strict=True):
        assert part in message
