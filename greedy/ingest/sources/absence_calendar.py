"""Absences from the events of calendars."""

from __future__ import annotations

import datetime as dt
import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

import structlog
from icalendar import Component

from greedy.errors import InputError
from greedy.ingest.sources.absences import ENTITY, LONGEST_ID, SIGNIFICANT, digest
from greedy.ingest.sources.base import FaultyRecord, SourceRecord
from greedy.ingest.sources.calendar import is_absence, parsed, slots_of
from greedy.ingest.sources.calendar_file import EventText, parts_of, read_events
from greedy.ingest.sources.event_faults import values

log = structlog.get_logger()

WEEK = dt.timedelta(days=7)
UTC = ZoneInfo("UTC")
NO_PERSONS = ("@group.calendar.google.com", "@group.v.calendar.google.com", "@resource.calendar.google.com")
WHO_AND_WHY = re.compile(r"(?P<who>[^:]*?[^: ])(?: ?:(?: |$)| [-–—] )(?P<why>.*)")
LONGEST_SUMMARY = 2000


class AbsenceCalendar:
    """The events of a calendar file, or of all `.ics` files of a folder, as absences: one for each UID, with its recurrences.

    An event that is cancelled, or leaves its owner free (TRANSP:TRANSPARENT), is none.

    Parameters
    ----------
    employee
        Whose calendar it is: number, name or e-mail. None: each event says it, by X-EMPLOYEE-ID, its one attendee, its organizer, or its
        summary before a colon or a dash.
    by_file
        The name of a file is the employee, as in `E01.ics`.
    encoding
        Of files without a mark; None for UTF-8.
    """

    entity_type = ENTITY
    significant: tuple[str, ...] | None = SIGNIFICANT

    def __init__(
        self, path: Path, system: str = ENTITY, *, employee: str | None = None, by_file: bool = False, encoding: str | None = None
    ) -> None:
        self.system = system
        self._path, self._employee, self._by_file, self._encoding = path, employee, by_file, encoding
        self._passed_over: Counter[str] = Counter()

    def read(self) -> Iterator[SourceRecord | FaultyRecord]:
        """All absences. An event that makes no sense is faulty, and the others are not.

        Raises
        ------
        InputError
            A file cannot be read, is no calendar, or was cut off.
        """
        self._passed_over.clear()
        grouped: dict[str, list[EventText]] = {}
        for file in self._files():
            for event in read_events(file, encoding=self._encoding):
                try:
                    grouped.setdefault(self._external_id(event), []).append(event)
                except ValueError as exc:
                    yield FaultyRecord(event.place, f"{exc}"[:300])
        for external_id, events in grouped.items():
            record = self._record(external_id, events)
            if record is not None:
                yield record
        if self._passed_over:
            log.info("absences.passed_over", **self._passed_over)

    def _files(self) -> Sequence[Path]:
        if not self._path.is_dir():
            return [self._path]
        files = sorted(path for path in self._path.iterdir() if path.suffix.lower() == ".ics" and path.is_file())
        if not files:
            raise InputError(f"{self._path} holds no .ics file", next_step="give the folder into which the calendars are exported")
        return files

    def _external_id(self, event: EventText) -> str:
        uid = event.first("UID") or digest("\n".join([*event.when(), event.first("SUMMARY")]))
        external_id = f"{event.file.stem}/{uid}" if self._by_file else uid
        return external_id if external_id.isprintable() and len(external_id) <= LONGEST_ID else digest(external_id)

    def _record(self, external_id: str, events: list[EventText]) -> SourceRecord | FaultyRecord | None:
        """The absence of the events of one UID; None when they are none."""
        place = events[0].place
        try:
            current = _newest(events)
            zones = {name: lines for event in current for name, lines in event.zones().items()}
            calendar = parsed(_calendar_text(current, zones))
            main = calendar.events[0]
            _refuse_other_kind(main, calendar.events[1:])
            cancelled = str(main.get("STATUS", "")).upper() == "CANCELLED" and "RECURRENCE-ID" not in main
            if cancelled or not any(is_absence(event) for event in calendar.events):
                self._passed_over["cancelled" if cancelled else "free"] += 1
                return None
            if any(
                values(event, "RRULE") for event in calendar.events
            ):  # one that cannot be followed is found here, and not when it is due
                begin = values(main, "DTSTART")[0].dt
                slots_of(calendar, dt.date(begin.year, begin.month, begin.day), dt.date(begin.year, begin.month, begin.day) + WEEK, UTC)
            employee, reason = self._who_and_why(current[0])
        except InputError as exc:
            return FaultyRecord(place, exc.message, external_id=external_id)
        except ValueError as exc:
            return FaultyRecord(place, f"{exc}"[:300], external_id=external_id)
        data = {"employee": employee, "reason": reason, "calendar": _calendar_text(current, zones)}
        if any("\0" in part for part in data.values() if part):
            return FaultyRecord(place, "the event holds a NUL character", external_id=external_id)
        return SourceRecord(external_id, data, place, key=f"{self.system}:{external_id}")

    def _who_and_why(self, event: EventText) -> tuple[str, str | None]:
        summary = " ".join(event.first("SUMMARY").split())[:LONGEST_SUMMARY]
        told = self._employee or (event.file.stem if self._by_file else event.first("X-EMPLOYEE-ID")) or _person(event)
        if told:
            return told, summary or None
        parts = WHO_AND_WHY.fullmatch(summary)
        if parts is None:
            raise ValueError(
                f"{summary!r:.80} does not say who is absent, and the event has no attendee and no organizer; "
                "write 'Anna Mulder: verlof', or say whose calendar it is"
            )
        return parts["who"], parts["why"] or None


def _newest(events: list[EventText]) -> list[EventText]:
    """The last state of each instance, the series itself first.

    Raises
    ------
    ValueError
        One of them cannot be read, or two say otherwise and neither is newer.
    """
    faults = [f"{event.place}: {event.fault}" for event in events if event.fault]
    if faults:
        raise ValueError("; ".join(faults))
    by_instance: dict[str, list[EventText]] = {}
    for event in events:
        by_instance.setdefault(event.first("RECURRENCE-ID"), []).append(event)
    newest = []
    for instance in sorted(by_instance):
        states = sorted(by_instance[instance], key=_age)
        rivals = [event for event in states[:-1] if _age(event) == _age(states[-1]) and event.when() != states[-1].when()]
        if rivals:
            raise ValueError(f"it stands at {rivals[0].place} and at {states[-1].place} with other times, under one UID")
        newest.append(states[-1])
    return newest


def _refuse_other_kind(main: Component, instances: Sequence[Component]) -> None:
    """Raise ValueError when an instance is named by a day and the series has moments, or vice versa: it would stand there twice."""
    kinds = ("a moment", "a day") if isinstance(values(main, "DTSTART")[0].dt, dt.datetime) else ("a day", "a moment")
    for instance in instances:
        named = values(instance, "RECURRENCE-ID")
        if named and "RECURRENCE-ID" not in main and isinstance(named[0].dt, dt.datetime) is (kinds[0] == "a day"):
            raise ValueError(f"RECURRENCE-ID is {kinds[1]} and the series begins at {kinds[0]}: which instance it replaces is not clear")


def _age(event: EventText) -> tuple[int, str, str]:
    sequence = event.first("SEQUENCE")
    return int(sequence) if sequence.isascii() and sequence.isdigit() else 0, event.first("LAST-MODIFIED"), event.first("DTSTAMP")


def _person(event: EventText) -> str:
    """E-mail address of the one attendee, else of the organizer; empty when there is none.

    Raises
    ------
    ValueError
        There are several attendees.
    """
    attendees = [address for line in event.properties.get("ATTENDEE", []) if (address := _address(line))]
    if len(set(attendees)) > 1:
        raise ValueError(
            f"the event has {len(set(attendees))} attendees, and nothing says which of them is absent; say whose calendar it is, "
            "or name her in X-EMPLOYEE-ID"
        )
    organizers = [address for line in event.properties.get("ORGANIZER", []) if (address := _address(line))]
    return next(iter(attendees or organizers), "")


def _address(line: str) -> str:
    """The address of a person who takes part; empty for a room, a group, a calendar, or who has declined."""
    parameters, value = parts_of(line)
    kind, answer = (str(parameters.get(name, "")).upper() for name in ("CUTYPE", "PARTSTAT"))
    address = value.strip().removeprefix("mailto:").removeprefix("MAILTO:").strip()
    if kind in ("ROOM", "RESOURCE", "GROUP") or answer == "DECLINED" or "@" not in address or address.lower().endswith(NO_PERSONS):
        return ""
    return address.lower()


def _calendar_text(events: Sequence[EventText], zones: dict[str, list[str]]) -> str:
    """A calendar of these events alone, without what says nothing about when they take place."""
    lines = ["BEGIN:VCALENDAR", "VERSION:2.0", "PRODID:-//Greedy//Absences//EN"]
    for name in sorted(zones):
        lines += zones[name]
    for event in events:
        lines += ["BEGIN:VEVENT", "UID:1", *event.when(), "END:VEVENT"]
    return "\r\n".join([*lines, "END:VCALENDAR", ""])
