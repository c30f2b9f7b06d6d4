"""What is wrong with a problem: every number out of range and every reference that leads nowhere, with ids and names."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from greedy.model.law import ATW
from greedy.model.limits import Limit, Quantity

if TYPE_CHECKING:
    from greedy.model.problem import Demand, Problem, Service

PRIORITIES = range(11)


def faults_of(problem: Problem) -> Iterator[str]:
    """Every fault. References are by number; where a number is in range, the id or name stands instead."""
    if problem.day_count < 1:
        yield f"the horizon has {problem.day_count} days"
    if not problem.dayparts:
        yield "a day has no dayparts"
    yield from _repeated("employee", [employee.id for employee in problem.employees])
    yield from _repeated("service", [service.code for service in problem.services])
    for service in problem.services:
        yield from _of_service(problem, service)
    services = range(len(problem.services))
    yield from _repeated(
        "second half",
        [problem.services[s.second_half].code for s in problem.services if s.second_half is not None and s.second_half in services],
    )
    for employee in problem.employees:
        if employee.contract < 0:
            yield f"employee {employee.id}: contract {employee.contract} is negative"
        if unknown := sorted(employee.preferred.difference(services)):
            yield f"employee {employee.id} prefers services {unknown} of {len(services)}"
    yield from _of_demand(problem)
    yield from _of_references(problem)
    for number, limit in enumerate(problem.limits):
        yield from _of_limit(problem, number, limit)
    yield from _of_wishes(problem)
    yield from _of_history(problem)


def _of_service(problem: Problem, service: Service) -> Iterator[str]:
    services = range(len(problem.services))
    if service.daypart not in range(len(problem.dayparts)):
        yield f"service {service.code}: daypart {service.daypart} of {len(problem.dayparts)}"
    if service.minutes < 0:
        yield f"service {service.code}: {service.minutes} minutes"
    if service.begin_minute not in range(1440):
        yield f"service {service.code} begins at minute {service.begin_minute}, out of 0 to 1439"
    if unknown := sorted(service.forbidden_successors.difference(services)):
        yield f"service {service.code}: forbidden successors {unknown} of {len(services)} services"
    if service.second_half is None:
        return
    if service.second_half not in services:
        yield f"service {service.code}: second half {service.second_half} of {len(services)} services"
    elif problem.services[service.second_half].daypart == service.daypart:
        yield f"service {service.code} and its second half lie in one daypart"
    elif problem.services[service.second_half].second_half is not None:
        yield f"service {service.code}: its second half has a second half itself"


def _of_demand(problem: Problem) -> Iterator[str]:
    for number, row in enumerate(problem.demand):
        where = f"demand {number} ({_demand_name(problem, row)})"
        if row.day not in range(problem.day_count) or row.service not in range(len(problem.services)):
            yield f"demand {number}: {row} refers to what does not exist"
        elif row.team not in range(len(problem.demand_teams)):
            yield f"{where}: team {row.team} of {len(problem.demand_teams)}"
        if row.required < 0:
            yield f"{where}: {row.required} required"
        if row.maximum is not None and row.maximum < row.required:
            yield f"{where}: maximum {row.maximum} is below the {row.required} required"
        if row.weight_under < 0 or row.weight_over < 0:
            yield f"{where}: weights {row.weight_under} and {row.weight_over}, negative"


def _of_references(problem: Problem) -> Iterator[str]:
    employees, services, dayparts = range(len(problem.employees)), range(len(problem.services)), range(len(problem.dayparts))
    days = range(problem.day_count)
    for (employee, service_number), most in problem.capabilities.items():
        if employee not in employees or service_number not in services or most < 0:
            yield f"capability of employee {employee} for service {service_number}, at most {most}: out of range"
    for rule in problem.blocking_rules:
        if rule.service not in services or rule.daypart not in dayparts:
            yield f"blocking rule {rule} refers to what does not exist"
        elif rule.day_offset == 0 and rule.daypart == problem.services[rule.service].daypart:
            yield f"blocking rule of {problem.services[rule.service].code} blocks its own slot"
    for assignment in problem.pinned:
        if assignment.employee not in employees or assignment.service not in services or assignment.day not in days:
            yield f"pinned {assignment} refers to what does not exist"
    yield from (f"pinned {assignment} stands {count} times" for assignment, count in Counter(problem.pinned).items() if count > 1)
    for slot in problem.unavailable | problem.blocked:
        if slot.employee not in employees or slot.day not in days or slot.daypart not in dayparts:
            yield f"slot {slot} does not exist"


def _of_limit(problem: Problem, number: int, limit: Limit) -> Iterator[str]:
    if limit.employee not in range(len(problem.employees)):
        yield f"limit {number} ({limit.name or limit.quantity}): employee {limit.employee} of {len(problem.employees)}"
        return
    who = problem.employees[limit.employee]
    where = f"limit {number} ({limit.name or limit.quantity}) of {who.name} ({who.id})"
    if limit.minimum is None and limit.maximum is None:
        yield f"{where} has neither a minimum nor a maximum"
    for bound in (limit.minimum, limit.maximum):
        if bound is not None and bound < 0:
            yield f"{where}: {bound} is negative"
    if limit.minimum is not None and limit.maximum is not None and limit.minimum > limit.maximum:
        yield f"{where}: minimum {limit.minimum} is above the maximum {limit.maximum}"
    if limit.quantity is Quantity.REST_MINUTES and limit.maximum is not None:
        yield f"{where}: rest has a minimum only"
    last = problem.day_count - 1 if limit.last_day is None else limit.last_day
    if not 0 <= limit.first_day <= last < max(problem.day_count, 1):
        yield f"{where}: days {limit.first_day} to {last} of {problem.day_count}"
    if limit.services is not None and (unknown := sorted(limit.services.difference(range(len(problem.services))))):
        yield f"{where}: services {unknown} of {len(problem.services)}"
    yield from _of_weight(where, 0 if limit.weight is None else limit.weight, limit.priority)


def _of_wishes(problem: Problem) -> Iterator[str]:
    for number, request in enumerate(problem.requests):
        where = f"request {number}"
        if request.employee not in range(len(problem.employees)):
            yield f"{where}: employee {request.employee} of {len(problem.employees)}"
        else:
            where = f"{where} of {problem.employees[request.employee].name} ({problem.employees[request.employee].id})"
        if request.day not in range(problem.day_count):
            yield f"{where}: day {request.day} of {problem.day_count}"
        if request.service is not None and request.service not in range(len(problem.services)):
            yield f"{where}: service {request.service} of {len(problem.services)}"
        if request.daypart is not None and request.daypart not in range(len(problem.dayparts)):
            yield f"{where}: daypart {request.daypart} of {len(problem.dayparts)}"
        yield from _of_weight(where, request.weight, request.priority)
    for number, wish in enumerate(problem.wishes):
        where = f"wish {number} ({wish.kind})"
        if wish.tolerance_percent < 0:
            yield f"{where}: tolerance {wish.tolerance_percent} % is negative"
        yield from _of_weight(where, wish.weight, wish.priority)


def _of_history(problem: Problem) -> Iterator[str]:
    employees, services = range(len(problem.employees)), range(len(problem.services))
    if problem.history_days < 0:
        yield f"{problem.history_days} days of history"
    parts: Sequence[tuple[str, range, Sequence[tuple[int, int, int]]]] = (
        ("history", range(-problem.history_days, 0), problem.history),
        ("previous roster", range(problem.day_count), sorted(problem.previous)),
    )
    for what, days, work in parts:
        for employee, day, service in work:
            if employee not in employees or service not in services:
                yield f"{what}: employee {employee} of {len(employees)}, service {service} of {len(services)}"
            elif day not in days:
                who, code = problem.employees[employee].name, problem.services[service].code
                yield f"{what}: {who} {code} on day {day}, out of {days.start} to {days.stop - 1}"
    try:
        ZoneInfo(problem.timezone)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        yield f"time zone {problem.timezone!r} is unknown"
    if problem.working_time is not None:
        for name, value in problem.working_time.norms:
            if name not in ATW:
                yield f"working time: norm {name!r} is unknown; there are {', '.join(ATW)}"
            elif value < 0:
                yield f"working time: norm {name} is {value}, negative"


def _of_weight(where: str, weight: int, priority: int) -> Iterator[str]:
    if weight < 0:
        yield f"{where}: weight {weight} is negative"
    if priority not in PRIORITIES:
        yield f"{where}: priority {priority}, out of 0 to {PRIORITIES[-1]}"


def _demand_name(problem: Problem, row: Demand) -> str:
    if row.day not in range(problem.day_count) or row.service not in range(len(problem.services)):
        return f"day {row.day}, service {row.service}"
    return f"{problem.services[row.service].code} {problem.date_of(row.day)}"


def _repeated(what: str, ids: list[str]) -> Iterator[str]:
    return (f"{what} {one} stands {count} times" for one, count in Counter(ids).items() if count > 1)
