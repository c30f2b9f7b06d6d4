"""Absences of calendars: whose they are, what is kept of them, and calendars in folders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from greedy.errors import InputError
from greedy.ingest.sources import calendar_file
from greedy.ingest.sources.absence_calendar import AbsenceCalendar
from greedy.ingest.sources.base import FaultyRecord, SourceRecord
from greedy.ingest.sources.calendar import occurrences
from tests.timing import assert_grows_with_its_size

EVENT = {"UID": "1@practice", "DTSTAMP": "20251101T000000Z", "DTSTART;VALUE=DATE": "20251124", "SUMMARY": "Anna Mulder: verlof"}


def event(**more: str) -> dict[str, str]:
    return {**EVENT, **more}


def write(path: Path, *events: Mapping[str, str], head: str = "") -> Path:
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", *filter(None, [head])]
    for properties in events:
        lines += ["BEGIN:VEVENT", *(f"{name}:{value}" for name, value in properties.items()), "END:VEVENT"]
    path.write_text("\r\n".join([*lines, "END:VCALENDAR", ""]), newline="")
    return path


def read(path: Path, **told: Any) -> list[SourceRecord | FaultyRecord]:
    return list(AbsenceCalendar(path, "agenda", **told).read())


def employees(path: Path, **told: Any) -> dict[str, str]:
    """Id of each absence to its employee."""
    found = read(path, **told)
    assert all(isinstance(record, SourceRecord) for record in found), found
    return {record.external_id: record.data["employee"] for record in found if isinstance(record, SourceRecord)}


def test_an_absence_as_it_goes_into_the_database(tmp_path: Path) -> None:
    private = event(DESCRIPTION="operation", LOCATION="hospital", SEQUENCE="3", CATEGORIES="ill", **{"X-DIAGNOSIS": "secret"})
    (record,) = read(write(tmp_path / "a.ics", private))
    assert record == SourceRecord(
        "1@practice",
        {
            "employee": "Anna Mulder",
            "reason": "verlof",
            "calendar": "BEGIN:VCALENDAR\r\nVERSION:2.0\r\nPRODID:-//Greedy//Absences//EN\r\nBEGIN:VEVENT\r\nUID:1\r\n"
            "DTSTART;VALUE=DATE:20251124\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n",
        },
        "a.ics:3",
        key="agenda:1@practice",
    )


def test_what_a_system_writes_in_another_order_is_the_same(tmp_path: Path) -> None:
    series = event(**{"RRULE": "FREQ=WEEKLY", "EXDATE;VALUE=DATE": "20251201", "exdate;VALUE=DATE": "20251203"})
    moved = event(**{"RECURRENCE-ID;VALUE=DATE": "20251208", "DTSTART;VALUE=DATE": "20251209"})
    one = read(write(tmp_path / "a.ics", series, moved))
    later = {**series, "DTSTAMP": "20251111T000000Z"}
    other = read(write(tmp_path / "b.ics", dict(reversed(moved.items())), dict(reversed(later.items()))))
    assert isinstance(one[0], SourceRecord)
    assert isinstance(other[0], SourceRecord)
    assert one[0].data == other[0].data


@pytest.mark.parametrize(
    ("summary", "employee", "reason"),
    [
        ("Anna Mulder: verlof", "Anna Mulder", "verlof"),
        ("Anna Mulder:", "Anna Mulder", None),
        ("Anna Mulder - verlof - half", "Anna Mulder", "verlof - half"),
        ("Anna Mulder-Jansen – zorgverlof", "Anna Mulder-Jansen", "zorgverlof"),
        ("E01: 10:30 tandarts", "E01", "10:30 tandarts"),
        ("  Anna   Mulder :  verlof", "Anna Mulder", "verlof"),
    ],
)
def test_who_and_why_of_a_summary(tmp_path: Path, summary: str, employee: str, reason: str | None) -> None:
    (record,) = read(write(tmp_path / "a.ics", event(SUMMARY=summary)))
    assert isinstance(record, SourceRecord)
    assert (record.data["employee"], record.data["reason"]) == (employee, reason)


@pytest.mark.parametrize("summary", ["Verlof", "", ": verlof", "10:30", "Anna-Mulder"])
def test_a_summary_that_does_not_say_who(tmp_path: Path, summary: str) -> None:
    (record,) = read(write(tmp_path / "a.ics", event(SUMMARY=summary)))
    assert isinstance(record, FaultyRecord)
    assert record.external_id == "1@practice"


def test_whose_calendar_it_is_goes_before_what_events_say(tmp_path: Path) -> None:
    path = write(tmp_path / "E01.ics", event(ATTENDEE="mailto:other@practice.nl", SUMMARY="Verlof"))
    assert employees(path, employee="E07") == {"1@practice": "E07"}
    assert employees(path, by_file=True) == {"E01/1@practice": "E01"}
    assert employees(path) == {"1@practice": "other@practice.nl"}


def test_who_has_declined_is_not_meant(tmp_path: Path) -> None:
    both = {"ATTENDEE;PARTSTAT=DECLINED": "mailto:a@x.nl", "ATTENDEE": "mailto:b@x.nl"}
    assert employees(write(tmp_path / "a.ics", event(**both))) == {"1@practice": "b@x.nl"}


def test_a_folder_is_read_as_one_calendar(tmp_path: Path) -> None:
    write(tmp_path / "a.ics", event(), event(UID="2"), event(UID="3", RRULE="FREQ=DAILY;COUNT=3"))
    write(tmp_path / "b.ICS", event(UID="2", SEQUENCE="1"), head="METHOD:CANCEL")
    cancelled = {"RECURRENCE-ID;VALUE=DATE": "20251125", "DTSTART;VALUE=DATE": "20251125"}
    write(tmp_path / "c.ics", event(UID="3", DTSTAMP="20251102T000000Z", **cancelled), head="METHOD:CANCEL")
    (tmp_path / "notes.txt").write_text("no calendar")
    found = read(tmp_path)
    assert [record.external_id for record in found] == ["1@practice", "3"]
    assert isinstance(found[1], SourceRecord)
    days = occurrences(found[1].data["calendar"], dt.date(2025, 11, 1), dt.date(2025, 11, 30), ZoneInfo("Europe/Amsterdam"))
    assert [slots.first_date.day for slots in days] == [24, 26]


def test_instances_without_their_series(tmp_path: Path) -> None:
    days = [f"202511{day}" for day in (24, 25)]
    cancelled, stands = (event(**{"RECURRENCE-ID;VALUE=DATE": day, "DTSTART;VALUE=DATE": day}) for day in days)
    (found,) = read(write(tmp_path / "a.ics", {**cancelled, "STATUS": "CANCELLED"}, stands))
    assert isinstance(found, SourceRecord)
    (slots,) = occurrences(found.data["calendar"], dt.date(2025, 11, 1), dt.date(2025, 11, 30), ZoneInfo("UTC"))
    assert slots.first_date.day == 25


def test_the_same_invitation_in_the_calendars_of_several(tmp_path: Path) -> None:
    for employee in ("E01", "E02"):
        write(tmp_path / f"{employee}.ics", event(SUMMARY="Studiedag"))
    assert employees(tmp_path, by_file=True) == {"E01/1@practice": "E01", "E02/1@practice": "E02"}


def test_files_that_are_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(InputError, match=r"holds no \.ics file"):
        read(tmp_path)
    with pytest.raises(InputError, match="cannot be read: No such file"):
        read(tmp_path / "missing.ics")
    write(tmp_path / "a.ics", event())
    (tmp_path / "b.ics").write_text("BEGIN:VCALENDAR\n")
    with pytest.raises(InputError, match="was cut off"):
        read(tmp_path)
    monkeypatch.setattr(calendar_file, "LARGEST_FILE", 10)
    with pytest.raises(InputError, match="is larger than"):
        read(tmp_path / "a.ics")


def test_ids_that_no_key_can_hold(tmp_path: Path) -> None:
    found = read(write(tmp_path / "a.ics", event(UID="x" * 1000), event(UID="y\tz")))
    assert [len(record.external_id or "") for record in found] == [32, 32]


def test_zones_that_all_the_world_knows_are_not_kept(tmp_path: Path) -> None:
    zone = "BEGIN:VTIMEZONE\r\nTZID:{}\r\nBEGIN:STANDARD\r\nDTSTART:19700101T000000\r\nTZOFFSETFROM:+0100\r\nTZOFFSETTO:+0100\r\nEND:STANDARD\r\nEND:VTIMEZONE"
    for name, kept in (("Europe/Amsterdam", False), ("Ours", True), ("Unused", False)):
        used = "Ours" if name == "Unused" else name
        timed = {"UID": "1", f"DTSTART;TZID={used}": "20251124T120000", f"DTEND;TZID={used}": "20251124T130000", "SUMMARY": "A: x"}
        head = zone.format(name) + ("\r\n" + zone.format("Ours") if name == "Unused" else "")
        (record,) = read(write(tmp_path / "a.ics", timed, head=head))
        assert isinstance(record, SourceRecord)
        assert (f"TZID:{name}" in record.data["calendar"]) is kept


def test_many_events_take_a_time_that_grows_with_their_number(tmp_path: Path) -> None:
    def read_so_many(count: int) -> None:
        path = write(tmp_path / f"{count}.ics", *(event(UID=str(number)) for number in range(count)))
        assert len(read(path)) == count

    assert_grows_with_its_size(read_so_many, 150)
