"""What is open, why, and who could take it: for the panel beside the grid."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import NamedTuple

from greedy.desk.candidates import Candidate
from greedy.desk.opened import OpenRoster
from greedy.formats.practice import DAGDELEN
from greedy.model.problem import Slot
from greedy.model.result import OpenDemand
from greedy.report.palette import service_colours
from greedy.web.views.cell_form import ASSIGN, seen_text
from greedy.web.views.change_words import DAYPART_NAMES


class OpenShift(NamedTuple):
    """A demand row that is not full. `reasons`: what stands in the way, and of how many employees. `free`: who could take it at once."""

    date: dt.date
    dagdeel: str
    service: str
    colour: int
    team: str
    missing: int
    reasons: list[tuple[str, int]]
    free: list[str]
    remedy: str


class OpenDay(NamedTuple):
    """The open shifts of a date, in the order of the day."""

    date: dt.date
    week: int
    shifts: list[OpenShift]

    @property
    def missing(self) -> int:
        """How many they are."""
        return sum(one.missing for one in self.shifts)


class Offer(NamedTuple):
    """A candidate. `obstacle`, `detail`, `remedy`: what stands in her way, and what would clear it."""

    employee_id: str
    name: str
    team: str
    fits: bool
    reasons: list[str]
    cautions: list[str]
    obstacle: str
    detail: str
    remedy: list[str]
    seen: str


class CandidateView(NamedTuple):
    """An open shift, and who could take it: those who fit, best first, then the others, by how little it would take."""

    shift: OpenShift
    dagdeel_name: str
    choice: str
    fitting: list[Offer]
    others: list[Offer]


def open_shifts(opened: OpenRoster, explained: Iterable[OpenDemand]) -> list[OpenDay]:
    """What is open, by date."""
    shifts = [_shift(opened, one) for one in explained]
    shifts.sort(key=lambda one: (one.date, DAGDELEN.index(one.dagdeel), one.service, one.team))
    return [OpenDay(date, date.isocalendar().week, list(group)) for date, group in groupby(shifts, key=lambda one: one.date)]


def candidate_view(opened: OpenRoster, row: int, found: Sequence[Candidate]) -> CandidateView:
    """Who could take an open shift."""
    shift = _shift(opened, OpenDemand(row, opened.missing.get(row, 0), {}))
    offers = [_offer(opened, row, one) for one in found]
    return CandidateView(
        shift,
        DAYPART_NAMES[shift.dagdeel],
        ASSIGN + shift.service,
        [one for one in offers if one.fits],
        [one for one in offers if not one.fits],
    )


def _shift(opened: OpenRoster, one: OpenDemand) -> OpenShift:
    problem, demand = opened.problem, opened.problem.demand[one.row]
    service = problem.services[demand.service]
    return OpenShift(
        problem.date_of(demand.day),
        problem.dayparts[service.daypart],
        service.code,
        service_colours(problem)[demand.service],
        problem.demand_teams[demand.team].code,
        one.missing,
        sorted(((str(obstacle), count) for obstacle, count in one.reasons.items()), key=lambda reason: -reason[1]),
        [problem.names[employee] for employee in one.free],
        one.smallest_change,
    )


def _offer(opened: OpenRoster, row: int, one: Candidate) -> Offer:
    problem, demand = opened.problem, opened.problem.demand[row]
    employee = problem.employees[one.employee]
    slot = Slot(one.employee, demand.day, problem.services[demand.service].daypart)
    return Offer(
        employee.id,
        problem.names[one.employee],
        employee.team,
        one.fits,
        list(one.reasons),
        [finding.message for finding in one.cautions],
        "" if one.obstacle is None else one.obstacle.value,
        one.detail,
        list(one.remedy),
        seen_text(opened, [slot]),
    )
