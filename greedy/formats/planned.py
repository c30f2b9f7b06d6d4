"""A problem with what a planning file says: names become numbers, and every name that leads nowhere is a fault."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field, replace
from datetime import date, time, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from greedy.errors import InputError
from greedy.formats.planning import WISH_NAMES, LimitEntry, Planning, PlanningFile, ServiceEntry, faulty, unknown
from greedy.formats.roster_json import parse_document
from greedy.model.law import WorkingTime
from greedy.model.limits import Limit
from greedy.model.problem import Assignment, Employee, Problem, Service
from greedy.model.wishes import Request, Wish, WishKind

MINUTES_A_DAY = 1440


@dataclass
class _Names:
    """The names of a problem, and every fault of whoever used them."""

    problem: Problem
    faults: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.services = {service.code: number for number, service in enumerate(self.problem.services)}
        self.dayparts = {code: number for number, code in enumerate(self.problem.dayparts)}
        self._ids = {employee.id: number for number, employee in enumerate(self.problem.employees)}
        self._by_name: dict[str, list[int]] = {}
        for number, employee in enumerate(self.problem.employees):
            self._by_name.setdefault(employee.name, []).append(number)

    def fault(self, where: str, message: str) -> None:
        self.faults.append(f"{where}: {message}")

    def employee(self, where: str, name: str) -> int | None:
        """An employee by id, or by a name that is hers alone."""
        if name in self._ids:
            return self._ids[name]
        numbers = self._by_name.get(name, [])
        if len(numbers) > 1:
            ids = ", ".join(self.problem.employees[number].id for number in numbers)
            self.fault(where, f"{len(numbers)} employees are called {name}; give an id: {ids}")
        elif not numbers:
            self.fault(where, unknown("employee", name, [*self._by_name, *self._ids]))
        return numbers[0] if len(numbers) == 1 else None

    def number(self, where: str, what: str, name: str, known: dict[str, int]) -> int | None:
        """The number of a service or daypart."""
        if name not in known:
            self.fault(where, unknown(what, name, known))
        return known.get(name)

    def service_set(self, where: str, codes: list[str]) -> frozenset[int]:
        """Services by their codes."""
        numbers = [self.number(f"{where}[{place}]", "service", code, self.services) for place, code in enumerate(codes)]
        return frozenset(number for number in numbers if number is not None)

    def day(self, where: str, on: date) -> int | None:
        """A day of the horizon."""
        day = (on - self.problem.first_day).days
        if day in range(self.problem.day_count):
            return day
        last = self.problem.date_of(self.problem.day_count - 1)
        self.fault(where, f"{on} lies outside the roster, {self.problem.first_day} to {last}")
        return None


def apply_planning(problem: Problem, given: Planning, *, usual: Collection[Wish] = ()) -> Problem:
    """The problem with the wishes, limits, requests and the rest of a planning file, but for `demand`, which `to_problem` takes.

    `usual`: priority, weight and tolerance of wishes that the file names without saying them.

    Raises
    ------
    InputError
        With every name, date or number that does not fit the problem, and the path of its key.
    """
    path, planning = given
    names = _Names(problem)
    employees = _employees(names, planning)
    services = _services(names, planning)
    limits = [limit for place, entry in enumerate(planning.limits) for limit in _limits(names, f"limits[{place}]", entry)]
    requests = list(_requests(names, planning))
    history, history_days = _history(names, planning, path)
    if planning.timezone is not None and not _is_timezone(planning.timezone):
        names.fault("timezone", f"{planning.timezone!r} is no time zone such as Europe/Amsterdam")
    if names.faults:
        raise faulty(path, names.faults)
    law = planning.working_time
    return replace(
        problem,
        employees=tuple(employees),
        services=tuple(services),
        limits=(*problem.limits, *limits),
        requests=(*problem.requests, *requests),
        wishes=_wishes(problem, planning, usual),
        history=history,
        history_days=history_days,
        timezone=planning.timezone or problem.timezone,
        working_time=WorkingTime(law.enforce, tuple(law.norms.items())) if law and law.rules == "atw" else None,
    )


def _employees(names: _Names, planning: PlanningFile) -> list[Employee]:
    employees = list(names.problem.employees)
    for name, entry in planning.employees.items():
        where = f"employees.{name}"
        number = names.employee(where, name)
        preferred = None if entry.preferred is None else names.service_set(f"{where}.preferred", entry.preferred)
        if number is not None:
            old = employees[number]
            employees[number] = replace(
                old,
                contract=old.contract if entry.contract is None else entry.contract,
                senior=old.senior if entry.senior is None else entry.senior,
                preferred=old.preferred if preferred is None else preferred,
            )
    return employees


def _services(names: _Names, planning: PlanningFile) -> list[Service]:
    services = list(names.problem.services)
    for code, entry in planning.services.items():
        number = names.number(f"services.{code}", "service", code, names.services)
        if number is not None:
            services[number] = _service(names, f"services.{code}", services[number], entry)
    return services


def _service(names: _Names, where: str, old: Service, entry: ServiceEntry) -> Service:
    begin = old.begin_minute if entry.begin is None else _minute(entry.begin)
    minutes = old.minutes if entry.end is None else (_minute(entry.end) - begin) % MINUTES_A_DAY or MINUTES_A_DAY
    successors = entry.forbidden_successors
    return replace(
        old,
        begin_minute=begin,
        minutes=minutes,
        standby=old.standby if entry.standby is None else entry.standby,
        asks_seniority=old.asks_seniority if entry.asks_seniority is None else entry.asks_seniority,
        forbidden_successors=(
            old.forbidden_successors if successors is None else names.service_set(f"{where}.forbidden_successors", successors)
        ),
    )


def _limits(names: _Names, where: str, entry: LimitEntry) -> Iterator[Limit]:
    """One limit for each employee, and for each week when it holds every week."""
    problem = names.problem
    services = None if entry.services is None else names.service_set(f"{where}.services", entry.services)
    first = 0 if entry.first_date is None else names.day(f"{where}.first_date", entry.first_date)
    last = problem.day_count - 1 if entry.last_date is None else names.day(f"{where}.last_date", entry.last_date)
    who = _who(names, where, entry)
    if first is None or last is None:
        return
    if first > last:
        names.fault(f"{where}.last_date", f"{entry.last_date} lies before {problem.date_of(first)}")
        return
    for begin, end, whole in _weeks(problem, first, last) if entry.every else [(first, last, True)]:
        minimum = entry.minimum if whole else None  # a part of a week cannot be asked for what a whole week is
        if minimum is None and entry.maximum is None:
            continue
        for employee in who:
            yield Limit(
                entry.quantity,
                employee,
                minimum,
                entry.maximum,
                services,
                first_day=begin,
                last_day=end,
                weight=None if entry.priority is None else entry.weight or 1,
                priority=entry.priority or 0,
                name=entry.name,
            )


def _who(names: _Names, where: str, entry: LimitEntry) -> list[int]:
    """The employees of a limit: those named, and those of the teams named; everybody when neither is."""
    problem = names.problem
    if entry.employees is None and entry.teams is None:
        return list(range(len(problem.employees)))
    found = {names.employee(f"{where}.employees[{place}]", name) for place, name in enumerate(entry.employees or [])}
    teams = {employee.team for employee in problem.employees}
    for place, team in enumerate(entry.teams or []):
        if team not in teams:
            names.fault(f"{where}.teams[{place}]", unknown("team", team, teams))
        found |= {number for number, employee in enumerate(problem.employees) if employee.team == team}
    return sorted(number for number in found if number is not None)


def _weeks(problem: Problem, first: int, last: int) -> Iterator[tuple[int, int, bool]]:
    """First and last day of each week from Monday on, within `first` to `last`, and whether it is a whole week."""
    begin = first
    while begin <= last:
        sunday = begin + 6 - problem.date_of(begin).weekday()
        end = min(sunday, last)
        yield begin, end, end - begin == 6
        begin = sunday + 1


def _requests(names: _Names, planning: PlanningFile) -> Iterator[Request]:
    for place, entry in enumerate(planning.requests):
        where = f"requests[{place}]"
        employee = names.employee(f"{where}.employee", entry.employee)
        service = None if entry.service is None else names.number(f"{where}.service", "service", entry.service, names.services)
        daypart = None if entry.daypart is None else names.number(f"{where}.daypart", "daypart", entry.daypart, names.dayparts)
        for number, on in enumerate(entry.dates):
            day = names.day(f"{where}.dates[{number}]", on)
            if employee is not None and day is not None:
                yield Request(employee, day, entry.wants == "work", entry.weight, service, daypart, entry.priority)


def _wishes(problem: Problem, planning: PlanningFile, usual: Collection[Wish]) -> tuple[Wish, ...]:
    """The wishes that the problem has, those that the file names, and those whose preferences and seniors it names."""
    defaults = {wish.kind: wish for wish in (*usual, *problem.wishes)}
    wishes = {wish.kind: wish for wish in problem.wishes}
    implied = {
        WishKind.PREFERRED_SERVICES: any(entry.preferred for entry in planning.employees.values()),
        WishKind.SENIOR_FIRST: any(entry.senior for entry in planning.employees.values()),
    }
    wishes |= {kind: defaults.get(kind, Wish(kind)) for kind, named in implied.items() if named}
    for name, entry in planning.wishes.items():
        kind = WISH_NAMES[name]
        if not entry.enabled:
            wishes.pop(kind, None)
            continue
        old = defaults.get(kind, Wish(kind))
        wishes[kind] = Wish(
            kind,
            weight=entry.weight or old.weight,
            priority=entry.priority or old.priority,
            tolerance_percent=old.tolerance_percent if entry.tolerance_percent is None else entry.tolerance_percent,
        )
    return tuple(wishes.values())


def _history(names: _Names, planning: PlanningFile, path: Path) -> tuple[tuple[Assignment, ...], int]:
    """Work before the horizon, and how many days back it reaches."""
    problem, entry = names.problem, planning.history
    if entry is None:
        return problem.history, problem.history_days
    worked: set[Assignment] = set(problem.history)
    for place, one in enumerate(entry.worked):
        where = f"history.worked[{place}]"
        employee = names.employee(f"{where}.employee", one.employee)
        service = names.number(f"{where}.service", "service", one.service, names.services)
        for number, on in enumerate(one.dates):
            if on >= problem.first_day:
                names.fault(f"{where}.dates[{number}]", f"{on} does not lie before the roster, which begins on {problem.first_day}")
            elif employee is not None and service is not None:
                worked.add(Assignment(employee, (on - problem.first_day).days, service))
    for place, file in enumerate(entry.rosters):
        worked |= _of_roster(names, f"history.rosters[{place}]", path.parent / file)
    longest = max([problem.history_days, *(-assignment.day for assignment in worked)])
    days = entry.days or longest
    return tuple(sorted(assignment for assignment in worked if assignment.day >= -days)), days


def _of_roster(names: _Names, where: str, path: Path) -> set[Assignment]:
    """Work of an earlier roster, of those who are still there, as far as it lies before the horizon."""
    problem = names.problem
    ids = {employee.id: number for number, employee in enumerate(problem.employees)}
    try:
        document = parse_document(path.read_bytes(), str(path))
    except OSError as exc:
        names.fault(where, f"cannot read {path}: {exc.strerror}")
        return set()
    except InputError as exc:
        names.fault(where, exc.message)
        return set()
    before = problem.first_day - timedelta(days=1)
    return {
        Assignment(ids[one.employee_id], (one.date - problem.first_day).days, names.services[one.service_code])
        for one in document.assignments
        if one.employee_id in ids and one.service_code in names.services and one.date <= before
    }


def _minute(of: time) -> int:
    return of.hour * 60 + of.minute


def _is_timezone(name: str) -> bool:
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return False
    return True
