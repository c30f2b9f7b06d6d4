"""The events of a calendar file as text, each by itself, so that one that is malformed spoils no other."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any
from zoneinfo import available_timezones

from icalendar.parser import Contentline
from icalendar.prop import vText

from greedy.errors import InputError
from greedy.ingest.sources.text_file import MARKS

LARGEST_FILE = 64 << 20  # bytes; about a hundred thousand events
# What says when an event takes place. Nothing else is kept: why somebody is ill is nobody's business here.
WHEN = ("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "EXRULE", "RECURRENCE-ID", "STATUS", "TRANSP")
WHO_AND_WHICH = ("UID", "SUMMARY", "ATTENDEE", "ORGANIZER", "X-EMPLOYEE-ID", "SEQUENCE", "LAST-MODIFIED", "DTSTAMP")
KEPT = frozenset((*WHEN, *WHO_AND_WHICH))
DEEPEST = 20  # parts in parts
METHODS = ("", "PUBLISH", "REQUEST", "CANCEL")  # the others are answers to an event and no events
NAME = re.compile(r"[A-Za-z0-9-]+(?=[;:])")
zones_of_the_world = cache(available_timezones)  # it looks through folders
ZONE = re.compile(r';TZID=(?:"([^"]*)"|([^;:,]*))', re.IGNORECASE)


@dataclass
class CalendarText:
    """A VCALENDAR of a file: what it is meant for, and its VTIMEZONEs."""

    method: str = ""
    zones: dict[str, list[str]] = field(default_factory=dict)


@dataclass
class EventText:
    """A VEVENT: where it begins, its properties by name, each as it stands in the file, and what is wrong with it."""

    file: Path
    line: int
    calendar: CalendarText
    properties: dict[str, list[str]] = field(default_factory=dict)
    fault: str | None = None

    @property
    def place(self) -> str:
        """File and line, for messages."""
        return f"{self.file.name}:{self.line}"

    def first(self, name: str) -> str:
        """The value of a property as text; empty when it is not there."""
        lines = self.properties.get(name)
        return str(vText.from_ical(parts_of(lines[0])[1])).strip() if lines else ""

    def when(self) -> list[str]:
        """The lines that say when it takes place, in an order that no system can change."""
        lines = [line for name in WHEN for line in sorted(self.properties.get(name, []))]
        if self.calendar.method != "CANCEL":
            return lines
        return [*(line for line in lines if not line.upper().startswith("STATUS")), "STATUS:CANCELLED"]

    def zones(self) -> dict[str, list[str]]:
        """The VTIMEZONEs that it needs, by name; those that all the world knows need none."""
        names = sorted({quoted or plain for line in self.when() for quoted, plain in ZONE.findall(line)})
        return {name: self.calendar.zones[name] for name in names if name in self.calendar.zones and name not in zones_of_the_world()}


def parts_of(line: str) -> tuple[Mapping[str, Any], str]:
    """Parameters and value of a property. Raises ValueError when the line is none."""
    _, parameters, value = Contentline(line).parts()  # type: ignore[no-untyped-call]
    return parameters, value


def read_events(path: Path, *, encoding: str | None = None) -> Iterator[EventText]:
    """The events of a calendar file; VTODO, VJOURNAL and VFREEBUSY are passed over.

    Raises
    ------
    InputError
        It cannot be read, is no calendar, is not text of its encoding, or ends before its end.
    """
    try:
        size = path.stat().st_size
        data = path.read_bytes() if size <= LARGEST_FILE else b""
    except OSError as exc:
        raise InputError(f"{path} cannot be read: {exc.strerror}", next_step="make it readable, or give another file") from exc
    if size > LARGEST_FILE:
        raise InputError(
            f"{path} is larger than {LARGEST_FILE >> 20} MB", next_step="export fewer years, or one file for each employee into a folder"
        )
    yield from _events(path, _lines(path, data, encoding))


def _lines(path: Path, data: bytes, encoding: str | None) -> Iterator[tuple[int, str]]:
    """Number and text of each line. What was folded is put together first: some systems fold within a letter."""
    mark, chosen = next(((mark, name) for mark, name in MARKS if data.startswith(mark)), (b"", encoding or "utf-8"))
    if chosen.startswith(("utf-16", "utf-32")):
        try:
            data, chosen = data[len(mark) :].decode(chosen).encode(), "utf-8"
        except UnicodeDecodeError as exc:
            raise InputError(f"{path} is not {chosen} text at byte {exc.start}", next_step="save it as UTF-8") from None
    else:
        data = data[len(mark) :]
    begin, folded = 0, bytearray()
    for number, line in enumerate(data.split(b"\n"), 1):
        bare = line.rstrip(b"\r")
        if bare[:1] in (b" ", b"\t") and begin:
            folded += bare[1:]
            continue
        if folded:
            yield begin, _decoded(path, begin, folded, chosen)
        begin, folded = number, bytearray(bare)
    if folded:
        yield begin, _decoded(path, begin, folded, chosen)


def _decoded(path: Path, number: int, line: bytearray, encoding: str) -> str:
    try:
        return line.decode(encoding)
    except UnicodeDecodeError as exc:
        raise InputError(
            f"{path} is not {encoding} text: byte 0x{line[exc.start]:02X} in line {number}",
            next_step="save it as UTF-8, or say its encoding, if that is another (cp1252, for example)",
        ) from None
    except UnicodeError as exc:  # of the encoding, and of no byte
        raise InputError(f"{path} is not {encoding} text, in line {number}: {exc}"[:300], next_step="say its encoding") from None
    except LookupError:
        raise InputError(f"no encoding is called {encoding!r:.40}", next_step="utf-8 and cp1252 are usual ones") from None


def _events(path: Path, lines: Iterator[tuple[int, str]]) -> list[EventText]:
    """All of them, before the first is used: a file that was cut off is refused whole."""
    reading = _Reading(path)
    for number, line in lines:
        reading.take(number, line)
    if not reading.begun:
        raise InputError(f"{path} is no calendar: it does not begin with BEGIN:VCALENDAR", next_step="give an .ics file")
    if reading.inside:
        raise InputError(f"{path} was cut off: END:{reading.inside[-1]} is missing", next_step="export it again")
    return [event for event in reading.events if event.calendar.method in METHODS]


class _Reading:
    """How far a file is read: what has been begun and has not ended, and what was found."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.events: list[EventText] = []
        self.inside: list[str] = []
        self.begun = False
        self._calendar = CalendarText()
        self._event: EventText | None = None
        self._zone: list[str] = []

    def take(self, number: int, line: str) -> None:
        """The next line. One that is no property is passed over: it comes from a text that was not folded."""
        matched = NAME.match(line)
        if matched is None:
            return
        name, value = matched.group().upper(), line.partition(":")[2].strip()
        if name == "BEGIN":
            self._begin(value.upper(), number)
        elif not self.begun:
            return
        if "VTIMEZONE" in self.inside:
            self._zone.append(line)
        if name == "END":
            self._end(value.upper())
        elif self._event and self.inside[-1:] == ["VEVENT"] and name in KEPT:
            self._event.properties.setdefault(name, []).append(line)
        elif self.inside == ["VCALENDAR"] and name == "METHOD":
            self._calendar.method = value.upper()

    def _begin(self, part: str, number: int) -> None:
        if part == "VCALENDAR":
            self._end_event("END:VEVENT is missing")
            self.begun, self.inside, self._calendar = True, [], CalendarText()
        elif part == "VEVENT":
            self._end_event("END:VEVENT is missing")
            self._event = EventText(self.path, number, self._calendar)
            self.events.append(self._event)
        elif part == "VTIMEZONE":
            self._zone = []
        if len(self.inside) == DEEPEST:
            raise InputError(f"{self.path.name}:{number}: parts in parts, more than {DEEPEST} deep", next_step="export it again")
        self.inside.append(part)

    def _end(self, part: str) -> None:
        if part not in self.inside:
            if self._event:
                self._event.fault = f"END:{part} without its BEGIN:{part}"
            return
        if part == "VCALENDAR":
            self._end_event("END:VEVENT is missing")
        elif part == "VEVENT":
            self._end_event()
        elif part == "VTIMEZONE":
            names = (line.partition(":")[2].strip() for line in self._zone if line.upper().startswith("TZID"))
            self._calendar.zones[next(names, "")] = self._zone
        del self.inside[self.inside.index(part) :]

    def _end_event(self, fault: str | None = None) -> None:
        if self._event:
            self._event.fault = self._event.fault or fault
        self._event = None
