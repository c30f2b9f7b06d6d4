"""The text format of schedulingbenchmarks.org as a roster problem.

The format and the meaning of its columns: T. Curtois and R. Qu, Computational results on new staff scheduling benchmark instances, 2014.
Every limit of it is hard; cover and requests cost their weights at priority 0.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path

from greedy.errors import InputError
from greedy.formats.row_faults import fault_count
from greedy.model.limits import Limit, Quantity
from greedy.model.problem import Demand, DemandTeam, Employee, Problem, Service, Slot
from greedy.model.wishes import Request

FIRST_DAY = date(2024, 1, 1)  # "All instances start on a Monday"; the format has no dates
TEAM = "staff"
SHOWN_LINE = 60
LONGEST_DAYS = 3660

# Section -> fields of a line. Days off go on with further days.
SECTIONS = {
    "SECTION_HORIZON": ("days",),
    "SECTION_SHIFTS": ("shift", "minutes", "cannot be followed by"),
    "SECTION_STAFF": (
        "employee",
        "maximum of each shift",
        "maximum minutes",
        "minimum minutes",
        "maximum consecutive shifts",
        "minimum consecutive shifts",
        "minimum consecutive days off",
        "maximum weekends",
    ),
    "SECTION_DAYS_OFF": ("employee", "day"),
    "SECTION_SHIFT_ON_REQUESTS": ("employee", "day", "shift", "weight"),
    "SECTION_SHIFT_OFF_REQUESTS": ("employee", "day", "shift", "weight"),
    "SECTION_COVER": ("day", "shift", "requirement", "weight for under", "weight for over"),
}
NEVER_EMPTY = ("SECTION_HORIZON", "SECTION_SHIFTS", "SECTION_STAFF", "SECTION_COVER")


@dataclass(frozen=True)
class _Line:
    number: int
    fields: list[str]


@dataclass
class _Reading:
    """What is known so far, and every fault found on the way."""

    name: str
    faults: list[str] = field(default_factory=list)
    days: int = 0
    shifts: dict[str, int] = field(default_factory=dict)  # id -> number
    staff: dict[str, int] = field(default_factory=dict)

    def fault(self, line: _Line, message: str) -> None:
        self.faults.append(f"{self.name}:{line.number}: {message}")

    def count(self, line: _Line, place: int, what: str) -> int:
        """A whole number of at least 0; a fault and 0 otherwise."""
        text = line.fields[place]
        if not re.fullmatch(r"[0-9]{1,9}", text):
            self.fault(line, f"{what} must be a whole number from 0 on, not {text[:SHOWN_LINE]!r}")
            return 0
        return int(text)

    def day(self, line: _Line, place: int) -> int:
        """A day of the horizon; a fault and 0 otherwise."""
        day = self.count(line, place, "day")
        if self.days and day >= self.days:
            self.fault(line, f"day {day} lies outside the horizon, 0 to {self.days - 1}")
            return 0
        return day

    def known(self, line: _Line, place: int, ids: dict[str, int], what: str) -> int:
        """The number of an id; a fault and 0 when nothing has it. Nothing is said when no id could be read at all."""
        found = ids.get(line.fields[place])
        if found is None and ids:
            self.fault(line, f"no {what} has the id {line.fields[place][:SHOWN_LINE]!r}")
        return found or 0


def is_benchmark(text: str) -> bool:
    """Whether a text is, or begins as, a file of this format."""
    return re.search(r"^[ \t]*SECTION_[A-Z_]+[ \t\r]*$", text, re.MULTILINE) is not None


def read_benchmark(path: Path) -> Problem:
    """Read an instance. The roster's id is the file's name without its ending; the horizon begins on a Monday.

    Raises
    ------
    InputError
        With every fault and its line: `Instance1.txt:17: no shift has the id 'X'`.
    """
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as exc:
        raise InputError(f"cannot read {path}: {exc.strerror}") from exc
    except UnicodeDecodeError as exc:
        raise InputError(
            f"{path} is not UTF-8 text at byte {exc.start}", next_step="give a benchmark text or a folder of CSV files"
        ) from None
    return parse_benchmark(text, path.name, path.stem)


def parse_benchmark(text: str, name: str, roster_id: str) -> Problem:
    """The problem of a text; `name` stands before the line in messages.

    Raises
    ------
    InputError
        As `read_benchmark`.
    """
    if not is_benchmark(text):
        raise InputError(
            f"{name} is not a benchmark of schedulingbenchmarks.org: no line is a section such as SECTION_HORIZON",
            next_step="give such a text, or practice tables as a folder of CSV files or SQLite",
        )
    reading = _Reading(name)
    sections = _sections(text, reading)
    missing = [section for section in SECTIONS if section not in sections]
    if missing:
        reading.faults.append(f"{name}: {', '.join(missing)} missing; a file that was cut off looks like this")
    lines = {section: sections.get(section, []) for section in SECTIONS}
    for section in NEVER_EMPTY:
        if section in sections and not sections[section]:
            reading.faults.append(f"{name}: {section} has no lines that can be read")
    _horizon(lines["SECTION_HORIZON"], reading)
    services = _services(lines["SECTION_SHIFTS"], reading)
    employees, capabilities, limits = _staff(lines["SECTION_STAFF"], reading)
    unavailable = set(_days_off(lines["SECTION_DAYS_OFF"], reading))
    requests = [
        *_requests(lines["SECTION_SHIFT_ON_REQUESTS"], reading, wanted=True),
        *_requests(lines["SECTION_SHIFT_OFF_REQUESTS"], reading, wanted=False),
    ]
    demand = list(_cover(lines["SECTION_COVER"], reading, most=len(employees)))
    if reading.faults:
        raise InputError(
            f"{name} has {fault_count(len(reading.faults))}; nothing was read from it", details=reading.faults, next_step="mend these lines"
        )
    return Problem(
        roster_id=roster_id,
        first_day=FIRST_DAY,
        day_count=reading.days,
        dayparts=("day",),
        employees=tuple(employees),
        services=tuple(services),
        demand_teams=(DemandTeam(TEAM, (TEAM,)),),
        demand=tuple(demand),
        capabilities=capabilities,
        unavailable=frozenset(unavailable),
        limits=tuple(limits),
        requests=tuple(requests),
        timezone="UTC",
    )


def _sections(text: str, reading: _Reading) -> dict[str, list[_Line]]:
    """Section -> its lines of the right number of fields."""
    sections: dict[str, list[_Line]] = {}
    section = ""
    for number, raw in enumerate(text.splitlines(), start=1):
        content = raw.strip()
        if not content or content.startswith("#"):
            continue
        line = _Line(number, [part.strip() for part in content.split(",")])
        if content.startswith("SECTION_"):
            section = content
            if section not in SECTIONS:
                reading.fault(line, f"section {section} is not known")
            elif section in sections:
                reading.fault(line, f"{section} stands a second time")
            sections.setdefault(section, [])
        elif not section:
            reading.fault(line, f"{content[:SHOWN_LINE]!r} stands before the first section")
        elif section in SECTIONS:
            wanted, open_ended = SECTIONS[section], section == "SECTION_DAYS_OFF"
            if len(line.fields) == len(wanted) or (open_ended and line.fields[0]):
                sections[section].append(line)
            else:
                reading.fault(line, f"{len(line.fields)} values, not {len(wanted)} ({', '.join(wanted)}): {content[:SHOWN_LINE]!r}")
    return sections


def _horizon(lines: list[_Line], reading: _Reading) -> None:
    for line in lines[:1]:
        reading.days = reading.count(line, 0, "the number of days")
        if line.fields[0] == "0" or reading.days > LONGEST_DAYS:
            reading.fault(line, f"the horizon has {reading.days} days; 1 to {LONGEST_DAYS} can be planned")
    for line in lines[1:]:
        reading.fault(line, "the horizon stands a second time")


def _ids(lines: list[_Line], reading: _Reading, what: str) -> dict[str, int]:
    """Id -> number, in the order of the lines."""
    numbers: dict[str, int] = {}
    for line in lines:
        one = line.fields[0]
        if not one:
            reading.fault(line, f"{what} without an id")
        elif one in numbers:
            reading.fault(line, f"{what} {one!r} stands a second time")
        numbers.setdefault(one, len(numbers))
    return numbers


def _services(lines: list[_Line], reading: _Reading) -> list[Service]:
    reading.shifts = _ids(lines, reading, "shift")
    services = []
    for line in lines:
        minutes = reading.count(line, 1, "minutes of a shift")
        after = [one.strip() for one in line.fields[2].split("|") if one.strip()]
        for one in after:
            if one not in reading.shifts:
                reading.fault(line, f"no shift has the id {one!r}")
        forbidden = frozenset(reading.shifts[one] for one in after if one in reading.shifts)
        services.append(Service(line.fields[0], line.fields[0], 0, minutes, forbidden_successors=forbidden))
    return services


def _staff(lines: list[_Line], reading: _Reading) -> tuple[list[Employee], dict[tuple[int, int], int], list[Limit]]:
    reading.staff = _ids(lines, reading, "employee")
    employees: list[Employee] = []
    capabilities: dict[tuple[int, int], int] = {}
    limits: list[Limit] = []
    for number, line in enumerate(lines):
        employees.append(Employee(line.fields[0], line.fields[0], TEAM))
        for service, most in _most_of_each(line, reading):
            if most:
                capabilities[number, service] = most
        limits.extend(_limits(number, line, reading))
    return employees, capabilities, limits


def _most_of_each(line: _Line, reading: _Reading) -> Iterator[tuple[int, int]]:
    """Service and how often she may work it, of `E=14|D=0`."""
    seen: set[str] = set()
    for part in (one.strip() for one in line.fields[1].split("|")):
        match = re.fullmatch(r"([^=]+)=([0-9]{1,9})", part)
        if not match:
            reading.fault(line, f"maximum of each shift: {part[:SHOWN_LINE]!r} is not such as D=14")
        elif match[1].strip() not in reading.shifts:
            reading.fault(line, f"no shift has the id {match[1].strip()!r}")
        elif match[1].strip() in seen:
            reading.fault(line, f"the maximum of shift {match[1].strip()} stands a second time")
        else:
            seen.add(match[1].strip())
            yield reading.shifts[match[1].strip()], int(match[2])
    for shift in reading.shifts:
        if shift not in seen:
            reading.fault(line, f"the maximum of shift {shift} is missing")


def _limits(employee: int, line: _Line, reading: _Reading) -> Iterator[Limit]:
    names = SECTIONS["SECTION_STAFF"]
    most, least, longest, shortest, off, weekends = (reading.count(line, place, names[place]) for place in range(2, 8))
    for low, high, what in ((least, most, "minutes"), (shortest, longest, "consecutive shifts")):
        if low > high:
            reading.fault(line, f"minimum {what} {low} is above the maximum {high}")
    yield Limit(Quantity.MINUTES, employee, minimum=least, maximum=most, name="minutes")
    yield Limit(Quantity.CONSECUTIVE_DAYS, employee, minimum=shortest, maximum=longest, name="consecutive shifts")
    yield Limit(Quantity.CONSECUTIVE_DAYS_OFF, employee, minimum=off, name="consecutive days off")
    yield Limit(Quantity.WEEKENDS, employee, maximum=weekends, name="weekends")


def _days_off(lines: list[_Line], reading: _Reading) -> Iterator[Slot]:
    for line in lines:
        employee = reading.known(line, 0, reading.staff, "employee")
        for place in range(1, len(line.fields)):
            if line.fields[place]:
                yield Slot(employee, reading.day(line, place), 0)


def _requests(lines: list[_Line], reading: _Reading, *, wanted: bool) -> Iterator[Request]:
    """Off: costs its weight when that shift is worked. On: when it is not."""
    seen: set[tuple[str, ...]] = set()
    for line in lines:
        employee, service = reading.known(line, 0, reading.staff, "employee"), reading.known(line, 2, reading.shifts, "shift")
        day, weight = reading.day(line, 1), reading.count(line, 3, "weight")
        if tuple(line.fields[:3]) in seen:
            reading.fault(line, f"the request {','.join(line.fields[:3])} stands a second time")
        seen.add(tuple(line.fields[:3]))
        yield Request(employee, day, wanted, weight, service=service)


def _cover(lines: list[_Line], reading: _Reading, *, most: int) -> Iterator[Demand]:
    rows: dict[int, set[int]] = {}  # day -> services with a row
    for line in lines:
        day, service = reading.day(line, 0), reading.known(line, 1, reading.shifts, "shift")
        required, under, over = (reading.count(line, place, SECTIONS["SECTION_COVER"][place]) for place in (2, 3, 4))
        if service in rows.setdefault(day, set()):
            reading.fault(line, f"the cover of shift {line.fields[1]} on day {day} stands a second time")
        rows[day].add(service)
        yield Demand(day, service, 0, required, weight_under=under, maximum=max(most, required), weight_over=over)
    if lines and reading.days and not reading.faults and (cut := _cut_off(rows, reading.days)):
        reading.faults.append(f"{reading.name}: {cut}; a file that was cut off looks like this")


def _cut_off(rows: dict[int, set[int]], days: int) -> str | None:
    """What shows that the cover ends too early: days without any at the end, or a last day that has less than every other day."""
    last = max(rows)
    if last < days - 1:
        return f"the cover ends with day {last}, the horizon with day {days - 1}"
    usual = min((len(services) for day, services in rows.items() if day != last), default=0)
    return (
        f"the cover of the last day {last} has {len(rows[last])} shifts, that of the other days at least {usual}"
        if len(rows[last]) < usual
        else None
    )
