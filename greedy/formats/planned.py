"""A problem with what a planning file says: names become numbers, and every name that leads nowhere is a fault."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import replace
from datetime import time, timedelta
from itertools import islice
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from greedy.errors import InputError
from greedy.formats.planned_names import DAYPART, SERVICE, TEAM, NamesOf
from greedy.formats.planning import MOST_DAYS_OF_HISTORY, WISH_NAMES, LimitEntry, Planning, PlanningFile, ServiceEntry, faulty, unknown
from greedy.formats.roster_json import parse_document
from greedy.model.law import WorkingTime
from greedy.model.limits import Limit
from greedy.model.message import Message
from greedy.model.problem import Assignment, Employee, Problem, Service
from greedy.model.wishes import Request, Wish, WishKind

MINUTES_A_DAY = 1440
MOST_LIMITS = 100_000  # of single employees, and of single weeks
NO_OTHER_FILES = Message("a planning file that is sent in cannot name other files; write their work as [[history.worked]]")


def apply_planning(problem: Problem, given: Planning, *, usual: Collection[Wish] = ()) -> Problem:
    """The problem with the wishes, limits, requests and the rest of a planning file, but for `demand`, which `to_problem` takes.

    `usual`: priority, weight and tolerance of wishes that the file names without saying them.

    Raises
    ------
    InputError
        With every name, date or number that does not fit the problem, and the path of its key.
    """
    path, planning = given.path, given.file
    names = NamesOf(problem, path)
    employees = _employees(names, planning)
    services = _services(names, planning)
    all_limits = (limit for place, entry in enumerate(planning.limits) for limit in _limits(names, f"limits[{place}]", entry))
    limits = list(islice(all_limits, MOST_LIMITS + 1))
    if len(limits) > MOST_LIMITS:
        names.fault(
            "limits", Message("they are more than {most}, one for each employee and each week that they hold for", most=MOST_LIMITS)
        )
    requests = list(_requests(names, planning))
    history, history_days = _history(names, planning, None if given.is_sent else path.parent)
    if planning.timezone is not None and not _is_timezone(planning.timezone):
        names.fault("timezone", Message("{name} is no time zone such as Europe/Amsterdam", name=repr(planning.timezone)))
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


def _employees(names: NamesOf, planning: PlanningFile) -> list[Employee]:
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


def _services(names: NamesOf, planning: PlanningFile) -> list[Service]:
    services = list(names.problem.services)
    for code, entry in planning.services.items():
        number = names.number(f"services.{code}", SERVICE, code, names.services)
        if number is not None:
            services[number] = _service(names, f"services.{code}", services[number], entry)
    return services


def _service(names: NamesOf, where: str, old: Service, entry: ServiceEntry) -> Service:
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


def _limits(names: NamesOf, where: str, entry: LimitEntry) -> Iterator[Limit]:
    """One limit for each employee, and for each week when it holds every week."""
    problem = names.problem
    services = None if entry.services is None else names.service_set(f"{where}.services", entry.services)
    first = 0 if entry.first_date is None else names.day(f"{where}.first_date", entry.first_date)
    last = problem.day_count - 1 if entry.last_date is None else names.day(f"{where}.last_date", entry.last_date)
    who = _who(names, where, entry)
    if first is None or last is None:
        return
    if first > last:
        names.fault(f"{where}.last_date", Message("{last} lies before {first}", last=entry.last_date, first=problem.date_of(first)))
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


def _who(names: NamesOf, where: str, entry: LimitEntry) -> list[int]:
    """The employees of a limit: those named, and those of the teams named; everybody when neither is."""
    problem = names.problem
    if entry.employees is None and entry.teams is None:
        return list(range(len(problem.employees)))
    found = {names.employee(f"{where}.employees[{place}]", name) for place, name in enumerate(entry.employees or [])}
    teams = {employee.team for employee in problem.employees}
    for place, team in enumerate(entry.teams or []):
        if team not in teams:
            names.fault(f"{where}.teams[{place}]", unknown(TEAM, team, teams))
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


def _requests(names: NamesOf, planning: PlanningFile) -> Iterator[Request]:
    for place, entry in enumerate(planning.requests):
        where = f"requests[{place}]"
        employee = names.employee(f"{where}.employee", entry.employee)
        service = None if entry.service is None else names.number(f"{where}.service", SERVICE, entry.service, names.services)
        daypart = None if entry.daypart is None else names.number(f"{where}.daypart", DAYPART, entry.daypart, names.dayparts)
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


def _history(names: NamesOf, planning: PlanningFile, folder: Path | None) -> tuple[tuple[Assignment, ...], int]:
    """Work before the horizon, and how many days back it reaches. `folder`: where the rosters lie that the file names."""
    problem, entry = names.problem, planning.history
    if entry is None:
        return problem.history, problem.history_days
    worked: set[Assignment] = set(problem.history)
    for place, one in enumerate(entry.worked):
        where = f"history.worked[{place}]"
        employee = names.employee(f"{where}.employee", one.employee)
        service = names.number(f"{where}.service", SERVICE, one.service, names.services)
        for number, on in enumerate(one.dates):
            if on >= problem.first_day:
                message = Message("{day} does not lie before the roster, which begins on {first}", day=on, first=problem.first_day)
                names.fault(f"{where}.dates[{number}]", message)
            elif (problem.first_day - on).days > MOST_DAYS_OF_HISTORY:
                names.fault(
                    f"{where}.dates[{number}]",
                    Message("{day} lies more than {most} days before the roster", day=on, most=MOST_DAYS_OF_HISTORY),
                )
            elif employee is not None and service is not None:
                worked.add(Assignment(employee, (on - problem.first_day).days, service))
    for place, file in enumerate(entry.rosters):
        where = f"history.rosters[{place}]"
        if folder is None:  # whoever sends a file in may not read those of this machine
            names.fault(where, NO_OTHER_FILES)
        else:
            worked |= _of_roster(names, where, folder / file)
    longest = max([problem.history_days, *(-assignment.day for assignment in worked)])
    days = entry.days or min(longest, MOST_DAYS_OF_HISTORY)
    return tuple(sorted(assignment for assignment in worked if assignment.day >= -days)), days


def _of_roster(names: NamesOf, where: str, path: Path) -> set[Assignment]:
    """Work of an earlier roster, of those who are still there, as far as it lies before the horizon."""
    problem = names.problem
    ids = {employee.id: number for number, employee in enumerate(problem.employees)}
    try:
        document = parse_document(path.read_bytes(), str(path))
    except OSError as exc:
        names.fault(where, Message("cannot read {path}: {why}", path=path, why=exc.strerror))
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
