"""A limit of an employee as constraints, when it is hard, or as costs, at a price."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from datetime import date
from typing import NamedTuple

from greedy.model.changes import limit_of_somebody
from greedy.model.clock import weekend_of
from greedy.model.excess import known_days, rest_between
from greedy.model.limits import Limit, Quantity
from greedy.model.problem import Assignment
from greedy.solve.cpsat.model import Lit, Part, RosterModel, Term

Price = tuple[int, int]  # priority and weight of a unit


class Broken(NamedTuple):
    """Literals that together break a run limit by `units` days. `most`: a maximum of work, so that pinned work alone may break it."""

    units: int
    lits: list[tuple[Lit, bool]]
    most: bool


def post_limit(model: RosterModel, limit: Limit, price: Price | None) -> None:
    """Put a limit on a model: hard without a price, otherwise each unit beyond it costs."""
    part = Part(f"limit_{limit.quantity.replace(' ', '_')}", limit_of_somebody(model.problem, limit), limit.employee)
    if limit.quantity is Quantity.REST_MINUTES:
        _post_rest(model, limit, price, part)
    elif limit.quantity in (Quantity.CONSECUTIVE_DAYS, Quantity.CONSECUTIVE_DAYS_OFF):
        for broken in _broken_runs(model, limit):
            if price is None:
                model.not_all(part, broken.lits, tolerant=broken.most)
            else:
                model.cost_if_all(price[0], price[1] * broken.units, broken.lits)
    else:
        terms = _terms(model, limit)
        if price is None:
            model.linear(part, terms, least=limit.minimum, most=limit.maximum)
        else:
            if limit.minimum is not None:
                model.beyond(*price, terms, limit.minimum, above=False)
            if limit.maximum is not None:
                model.beyond(*price, terms, limit.maximum, above=True)


def weekends(model: RosterModel, days: range) -> dict[date, list[int]]:
    """Saturday of each weekend -> its days among these."""
    found: dict[date, list[int]] = defaultdict(list)
    for day in days:
        weekend = weekend_of(model.problem.date_of(day))
        if weekend is not None:
            found[weekend].append(day)
    return found


def keep_apart(
    model: RosterModel, part: Part | None, firsts: Mapping[int, Lit], seconds: Mapping[int, Lit], forbidden: Mapping[int, Iterable[int]]
) -> None:
    """Services of one day against those of a later day that they forbid, gathered into as few constraints as may be."""
    daypart = [service.daypart for service in model.problem.services]
    together: dict[tuple[int, int, frozenset[int]], list[Lit]] = defaultdict(list)
    for first, lit in firsts.items():
        by_daypart: dict[int, set[int]] = defaultdict(set)
        for second in forbidden.get(first, ()):
            if second in seconds:
                by_daypart[daypart[second]].add(second)
        for later, those in by_daypart.items():
            together[daypart[first], later, frozenset(those)].append(lit)
    for (_, _, services), lits in together.items():
        model.apart(part, lits, [seconds[service] for service in services])


def _terms(model: RosterModel, limit: Limit) -> list[Term]:
    days, employee = model.problem.days_of(limit), limit.employee
    if limit.quantity is Quantity.DAYS:
        return [(1, model.on(employee, day, limit.services)) for day in days]
    if limit.quantity is Quantity.WEEKENDS:
        return [(1, model.any_of([model.on(employee, day, limit.services) for day in of])) for of in weekends(model, days).values()]
    minutes = limit.quantity is Quantity.MINUTES
    return [
        (model.problem.services[service].minutes if minutes else 1, lit)
        for day in days
        for service, lit in model.at(employee, day).items()
        if limit.services is None or service in limit.services
    ]


def _broken_runs(model: RosterModel, limit: Limit) -> Iterator[Broken]:
    """Every way in which a run of days is a day too long, or too short with its two ends known; runs of the history alone are past."""
    on = limit.quantity is Quantity.CONSECUTIVE_DAYS
    known = known_days(model.problem, limit)
    worked = {day: model.on(limit.employee, day, limit.services) for day in known}
    if limit.maximum is not None:
        for last in range(max(known.start + limit.maximum, 0), known.stop):
            yield Broken(1, [(worked[day], on) for day in range(last - limit.maximum, last + 1)], most=on)
    for length in range(1, limit.minimum or 0):
        for first in range(max(known.start + 1, -length), known.stop - length):
            run = [(worked[day], on) for day in range(first, first + length)]
            ends = [(worked[first - 1], not on), (worked[first + length], not on)]
            yield Broken((limit.minimum or 0) - length, [*run, *ends], most=False)


def _post_rest(model: RosterModel, limit: Limit, price: Price | None, part: Part) -> None:
    problem, employee = model.problem, limit.employee
    days = known_days(problem, limit)
    least = limit.minimum or 0
    reach = (problem.longest_service + least) // 1440 + 2
    for first_day in days:
        firsts = {s: lit for s, lit in model.at(employee, first_day).items() if limit.services is None or s in limit.services}
        for second_day in range(max(first_day + 1, 0), min(first_day + reach + 1, days.stop)) if firsts else ():
            seconds = {s: lit for s, lit in model.at(employee, second_day).items() if limit.services is None or s in limit.services}
            too_close = {
                first: [
                    second
                    for second in seconds
                    if rest_between(problem, Assignment(employee, first_day, first), Assignment(employee, second_day, second)) < least
                ]
                for first in firsts
            }
            if price is None:
                keep_apart(model, part, firsts, seconds, too_close)
                continue
            for first, services in too_close.items():
                for second in services:
                    model.cost_if_all(*price, [(firsts[first], True), (seconds[second], True)])
