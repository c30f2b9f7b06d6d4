"""Random small problems with one daypart, and what is legal for one employee by plain reading of the arrays."""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import date, timedelta
from random import Random
from typing import Any

import numpy as np

from greedy.model.limits import Limit, Quantity
from greedy.model.problem import Assignment, Demand, DemandTeam, Employee, Problem, Service, Slot
from greedy.model.wishes import Request
from greedy.solve.search.instance import Instance
from greedy.solve.search.kernel import FORBIDDEN, MAX_RUN, MAX_UNITS, MIN_OFF, MIN_RUN, MIN_UNITS, OFF, WEEKENDS

DAY = 480


def one_daypart(*demand: Demand, staff: int = 2, days: int = 4, minutes: Sequence[int] = (DAY, DAY), **changes: Any) -> Problem:
    """A problem of the search: `staff` employees of one team, services of these minutes; demand takes as many as there are."""
    rows = tuple(row if row.maximum is not None else replace(row, maximum=row.required + staff) for row in demand)
    fields: dict[str, Any] = {
        "roster_id": "r",
        "first_day": date(2025, 11, 24),
        "day_count": days,
        "dayparts": ("D",),
        "employees": tuple(Employee(f"E{n}", f"Name {n}", "Groen") for n in range(staff)),
        "services": tuple(Service(f"s{n}", f"S{n}", 0, length) for n, length in enumerate(minutes)),
        "demand_teams": (DemandTeam("TOT", ("Groen",)),),
        "demand": rows or tuple(Demand(d, s, 0, 1, 5, staff, 1) for d in range(days) for s in range(len(minutes))),
        "capabilities": {(e, s): days for e in range(staff) for s in range(len(minutes))},
    }
    return Problem(**{**fields, **changes})


def any_problem(seed: int, *, staff: int = 3, most_days: int = 6, most_services: int = 3, pinned: bool = True) -> Problem:
    """Everything that the search carries, by chance; often no employee, or not each, has a legal schedule."""
    chance = Random(seed)
    days, kinds = chance.randint(1, most_days), chance.randint(1, most_services)
    staff = chance.randint(1, staff)
    minutes = [chance.choice((240, 480, 540, 600)) for _ in range(kinds)]
    cells = [(day, service) for day in range(days) for service in range(kinds) if chance.random() < 0.85] or [(0, 0)]
    rows = [Demand(*cell, 0, chance.randint(0, 2), chance.choice((1, 7, 20)), staff + 2, chance.choice((0, 1, 3))) for cell in cells]
    limits = []
    for e in range(staff):
        limits += list(_limits_of(chance, e, days, kinds))
    work = [Assignment(chance.randrange(staff), *chance.choice(cells))] if pinned and chance.random() < 0.3 else []
    one = one_daypart(
        *rows,
        staff=staff,
        days=days,
        minutes=minutes,
        first_day=date(2025, 11, 24) + timedelta(days=chance.randrange(7)),
        employees=tuple(Employee(f"E{n}", f"Name {n}", "Groen", chance.random() < 0.95) for n in range(staff)),
        services=tuple(
            Service(
                f"s{n}",
                f"S{n}",
                0,
                length,
                active=chance.random() < 0.95,
                forbidden_successors=frozenset(s for s in range(kinds) if chance.random() < 0.25),
            )
            for n, length in enumerate(minutes)
        ),
        capabilities={
            (e, s): chance.choice((0, 1, 2, days, days + 5)) for e in range(staff) for s in range(kinds) if chance.random() < 0.95
        },
        unavailable=frozenset(Slot(e, d, 0) for e in range(staff) for d in range(days) if chance.random() < 0.08),
        blocked=frozenset(Slot(e, d, 0) for e in range(staff) for d in range(days) if chance.random() < 0.05),
        limits=tuple(limits),
        requests=tuple(
            Request(
                chance.randrange(staff),
                chance.randrange(days),
                chance.random() < 0.5,
                chance.randint(0, 6),
                chance.randrange(kinds),
                chance.choice((None, 0)),
            )
            for _ in range(chance.randint(0, 3 * staff))
        ),
    )
    closed = one.unavailable | one.blocked
    return replace(one, pinned=tuple(a for a in work if one.slot_of(a) not in closed))


def _limits_of(chance: Random, employee: int, days: int, kinds: int) -> Iterator[Limit]:
    if chance.random() < 0.5:
        least = chance.choice((None, 0, 1, 2, 3))
        most = chance.choice((None, 0, 2, 3)) if least is None else chance.choice((None, least, least + 1))
        if (least, most) != (None, None):
            yield Limit(Quantity.CONSECUTIVE_DAYS, employee, least, most)
    if chance.random() < 0.5:
        yield Limit(Quantity.CONSECUTIVE_DAYS_OFF, employee, chance.choice((0, 1, 2, 3)))
    if chance.random() < 0.4:
        yield Limit(Quantity.WEEKENDS, employee, maximum=chance.choice((0, 1)))
    if chance.random() < 0.5:
        least = chance.choice((None, 500, 960, 100))
        yield Limit(Quantity.MINUTES, employee, least, (least or 0) + chance.choice((500, 700, 1500)))
    if chance.random() < 0.2:
        yield Limit(Quantity.MINUTES, employee, maximum=chance.choice((720, 1300)))
    for service in range(kinds):
        if chance.random() < 0.4:
            yield Limit(Quantity.SHIFTS, employee, maximum=chance.randint(0, 2), services=frozenset({service}))


def schedules(days: int, services: Sequence[int]) -> Iterator[tuple[int, ...]]:
    """Every schedule of one employee, legal or not."""
    return itertools.product((int(OFF), *services), repeat=days)


def legal_plans(instance: Instance, employee: int) -> list[tuple[int, ...]]:
    """Every legal schedule of an employee, by brute force."""
    _, days, _ = instance.shape
    able = instance.services[employee, : instance.service_count[employee]].tolist()
    return [plan for plan in schedules(days, able) if is_legal(instance, employee, plan)]


def is_legal(instance: Instance, employee: int, plan: Sequence[int]) -> bool:
    """Whether a schedule keeps every limit, read one by one."""
    days = len(plan)
    limits = instance.limits[employee].tolist()
    worked = [day for day in range(days) if plan[day] != OFF]
    if any(instance.cost[employee, day, plan[day]] >= FORBIDDEN for day in worked):
        return False
    if any(instance.must[employee, day] and plan[day] == OFF for day in range(days)):
        return False
    units = sum(instance.unit + int(instance.extra[plan[day]]) for day in worked)
    if not limits[MIN_UNITS] <= units <= limits[MAX_UNITS]:
        return False
    weekends = {(instance.weekday0 + day) // 7 for day in worked if (instance.weekday0 + day) % 7 >= 5}
    if len(weekends) > limits[WEEKENDS]:
        return False
    for service, most in enumerate(instance.most[employee].tolist()):
        if most >= 0 and list(plan).count(service) > most:
            return False
    if any(plan[d] != OFF and plan[d + 1] != OFF and not instance.follows[plan[d], plan[d + 1]] for d in range(days - 1)):
        return False
    first = 0
    for working, run in itertools.groupby(plan, lambda service: service != OFF):
        length = len(list(run))
        inside = first > 0 and first + length < days
        least = limits[MIN_RUN] if working else limits[MIN_OFF]
        if (inside and length < least) or (working and length > limits[MAX_RUN]):
            return False
        first += length
    return True


def price_of(price: np.ndarray, plan: Sequence[int]) -> int:
    """What a schedule costs at prices of cells."""
    return sum(int(price[day, service]) for day, service in enumerate(plan) if service != OFF)
