"""Files that would take hours, that Python's own codecs refuse in words of their own, or that would be read as something else."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from greedy.errors import InputError
from greedy.ingest.sources.absence_calendar import AbsenceCalendar
from greedy.ingest.sources.base import FaultyRecord, SourceRecord
from greedy.ingest.sources.calendar import occurrences
from greedy.ingest.sources.hr import HrEmployees
from tests.timing import cpu_seconds_below

SECONDS = 5  # of computing; each takes 0.3 s at most
AMSTERDAM = ZoneInfo("Europe/Amsterdam")
MONDAYS = ("DTSTART;VALUE=DATE:20251103", "RRULE:FREQ=WEEKLY;COUNT=4")


def event(*lines: str) -> str:
    return "\r\n".join(["BEGIN:VEVENT", "UID:1", "SUMMARY:Zo\u00eb: verlof", *lines, "END:VEVENT", ""])


def read(folder: Path, *parts: str, encoding: str | None = None) -> list[SourceRecord | FaultyRecord]:
    path = folder / "leave.ics"
    path.write_bytes("".join(["BEGIN:VCALENDAR\r\nVERSION:2.0\r\n", *parts, "END:VCALENDAR\r\n"]).encode())
    return list(AbsenceCalendar(path, encoding=encoding).read())


def days(folder: Path, *lines: str) -> list[str]:
    (record,) = read(folder, event(*lines))
    assert isinstance(record, SourceRecord), record
    found = occurrences(record.data["calendar"], dt.date(2025, 11, 1), dt.date(2025, 12, 31), AMSTERDAM)
    return [f"{one.first_date:%m-%d}" for one in found]


def test_a_large_attachment_takes_no_time(tmp_path: Path) -> None:
    attachment = "ATTACH;ENCODING=BASE64;VALUE=BINARY:\r\n" + f" {'A' * 74}\r\n" * 200_000
    with cpu_seconds_below(SECONDS):
        assert len(read(tmp_path, event(*MONDAYS, attachment.removesuffix("\r\n")))) == 1


def test_many_events_of_a_zone_of_windows(tmp_path: Path) -> None:
    zone = Path(__file__).parents[2] / "data" / "sources" / "ics" / "zone-of-outlook.ics"
    text = zone.read_bytes().decode()
    begin, end = text.index("BEGIN:VEVENT"), text.rindex("END:VCALENDAR")
    one = text[begin:end]
    path = tmp_path / "leave.ics"
    many = "".join(one.replace("UID:", f"UID:{number}-", 1) for number in range(150))
    path.write_bytes((text[:begin] + many + text[end:]).encode())
    with cpu_seconds_below(SECONDS):
        assert all(isinstance(found, SourceRecord) for found in AbsenceCalendar(path).read())


def test_parts_without_end_are_refused_at_once(tmp_path: Path) -> None:
    with cpu_seconds_below(SECONDS), pytest.raises(InputError, match="leave.ics:22: parts in parts, more than 20 deep"):
        read(tmp_path, "BEGIN:X\r\n" * 200_000)


@pytest.mark.parametrize("encoding", ["idna", "punycode", "undefined", "utf-7", "hex", "no such"])
def test_encodings_that_no_file_has(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(InputError):
        read(tmp_path, event(*MONDAYS), encoding=encoding)
    path = tmp_path / "hr.csv"
    path.write_text("id,voornaam\n1,Zo\u00eb\n", encoding="utf-8")
    for name in (encoding, "utf_16"):
        with pytest.raises(InputError):
            list(HrEmployees(path, encoding=name).read())


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        (("EXDATE:20251109T230000Z",), ["11-03", "11-17", "11-24"]),  # midnight in Amsterdam
        (("EXDATE;TZID=Europe/Amsterdam:20251110T000000",), ["11-03", "11-17", "11-24"]),
        (("EXDATE;VALUE=DATE:20251110,20251117",), ["11-03", "11-24"]),
    ],
)
def test_exceptions_to_days(tmp_path: Path, lines: tuple[str, ...], expected: list[str]) -> None:
    assert days(tmp_path, *MONDAYS, *lines) == expected


@pytest.mark.parametrize("until", ["20251117", "20251117T000000Z", "20251116T230000Z", "20251117T090000"])
def test_the_last_of_a_series_of_days(tmp_path: Path, until: str) -> None:
    assert days(tmp_path, "DTSTART;VALUE=DATE:20251103", f"RRULE:FREQ=WEEKLY;UNTIL={until}") == ["11-03", "11-10", "11-17"]


@pytest.mark.parametrize(
    ("series", "instance"),
    [
        (("DTSTART:20251103T080000Z", "DTEND:20251103T100000Z"), ("DTSTART:20251112T120000Z", "DTEND:20251112T130000Z", "RECURRENCE-ID;VALUE=DATE:20251110")),
        (("DTSTART;VALUE=DATE:20251103",), ("DTSTART;VALUE=DATE:20251112", "RECURRENCE-ID:20251109T230000Z")),
    ],
)  # fmt: skip
def test_an_instance_that_is_named_otherwise_than_its_series(tmp_path: Path, series: tuple[str, ...], instance: tuple[str, ...]) -> None:
    (found,) = read(tmp_path, event(*series, "RRULE:FREQ=WEEKLY;COUNT=4"), event(*instance))
    assert isinstance(found, FaultyRecord)
    assert "which instance it replaces is not clear" in found.message


@pytest.mark.parametrize("lines", [("STATUS:CONFIRMED", "STATUS:CANCELLED"), ("TRANSP:OPAQUE", "TRANSP:TRANSPARENT")])
def test_two_answers_to_one_question(tmp_path: Path, lines: tuple[str, ...]) -> None:
    (found,) = read(tmp_path, event("DTSTART;VALUE=DATE:20251103", *lines))
    assert isinstance(found, FaultyRecord)
    assert "stands 2 times" in found.message


def test_a_number_that_is_none(tmp_path: Path) -> None:
    path = tmp_path / "hr.json"
    path.write_text('[{"id": [1]}, {"id": {"a": 1}}, {"id": "1\\u200b"}, {"id": 1}]')
    found = list(HrEmployees(path).read())
    assert [type(one) for one in found] == [FaultyRecord, FaultyRecord, FaultyRecord, SourceRecord]
    assert isinstance(found[2], FaultyRecord)
    assert "a character that cannot be seen" in found[2].message


def test_a_tab_that_excel_names(tmp_path: Path) -> None:
    path = tmp_path / "hr.csv"
    path.write_text("sep=\t\r\nid\tvoornaam\r\n7\tAnna, Bea\r\n", newline="")
    (found,) = HrEmployees(path).read()
    assert isinstance(found, SourceRecord)
    assert found.data == {"id": "7", "voornaam": "Anna, Bea"}
