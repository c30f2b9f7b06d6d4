"""What a calendar tells: every shift that colleagues were told of or that stands now, by whom, when, and how it stands."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from enum import StrEnum
from itertools import pairwise
from typing import NamedTuple

from greedy.model.problem import Assignment, Problem, Service
from greedy.report.grid import CellKind
from greedy.report.view import PublishedRoster, ReportView


class Standing(StrEnum):
    """Whether colleagues can count on a shift: published as it is, not published yet, published once and gone now."""

    CONFIRMED = "CONFIRMED"
    TENTATIVE = "TENTATIVE"
    CANCELLED = "CANCELLED"


class Place(NamedTuple):
    """A slot as it is known whatever becomes of the roster: whose, when. Events are known by it."""

    employee_id: str
    date: dt.date
    daypart: str


class Shift(NamedTuple):
    """The work of a slot. `sequence`: publications that changed what it is or its times, the first one included."""

    place: Place
    service: Service
    standing: Standing
    sequence: int


def calendar_people(problem: Problem, publications: Iterable[PublishedRoster]) -> dict[str, str]:
    """Id -> name of everybody who has a calendar: the staff, and after it those who left, as their published work has to be cancelled."""
    departed = {shift.employee_id: shift.name for one in publications for shift in one.departed}
    staff = {employee.id: employee.name for employee in problem.employees}
    return staff | {who: departed[who] for who in sorted(departed.keys() - staff.keys())}


def shifts_of(view: ReportView) -> Iterator[Shift]:
    """What was published or stands now: by employee, date and part of the day.

    Work counts wherever it was published, also outside of the dates that the roster has now, and whoever or whatever has left it since.
    """
    problem = view.grid.problem
    publications = sorted(view.publications, key=lambda one: one.number)
    published = [_published(problem, one) for one in publications]
    forgotten = publications[0].number - 1 if publications else 0  # those of a roster of the same id that was deleted
    now = dict(_now(view))
    numbers = {who: number for number, who in enumerate(calendar_people(problem, view.publications))}
    places = now.keys() | {place for one in published for place in one}
    for place in sorted(places, key=lambda at: (numbers[at.employee_id], at.date, problem.dayparts.index(at.daypart))):
        told = [None, *(one.get(place) for one in published)]
        sequence = forgotten + sum(_what(before) != _what(after) for before, after in pairwise(told))
        if (service := now.get(place)) is not None:
            yield Shift(place, service, Standing.CONFIRMED if _what(told[-1]) == _what(service) else Standing.TENTATIVE, sequence)
        else:
            yield Shift(place, [one for one in told if one is not None][-1], Standing.CANCELLED, sequence)


def _now(view: ReportView) -> Iterator[tuple[Place, Service]]:
    problem = view.grid.problem
    for employee, days in zip(problem.employees, view.grid.cells, strict=True):
        for day, cells in zip(view.grid.days, days, strict=True):
            for daypart, cell in zip(problem.dayparts, cells, strict=True):
                if cell.kind is CellKind.WORK and cell.service is not None:
                    yield Place(employee.id, day.date, daypart), problem.services[cell.service]


def _published(problem: Problem, one: PublishedRoster) -> Mapping[Place, Service]:
    services = [one.services.get(service.id, service) for service in problem.services]
    told = {_place(problem, work): services[work.service] for work in one.assignments}
    return told | {Place(gone.employee_id, gone.date, gone.daypart): gone.service for gone in one.departed}


def _place(problem: Problem, work: Assignment) -> Place:
    return Place(problem.employees[work.employee].id, problem.date_of(work.day), problem.dayparts[problem.services[work.service].daypart])


def _what(service: Service | None) -> tuple[str, int, int] | None:
    """What colleagues have to be told anew when it changes; a code that is spelt otherwise is still the same service."""
    return None if service is None else (service.id, service.begin_minute, service.minutes)
