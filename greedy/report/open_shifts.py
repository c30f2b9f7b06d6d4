"""The shifts that are open, as lists on paper and in a workbook show them."""

from __future__ import annotations

import datetime as dt
from typing import NamedTuple

from greedy.report.view import ReportView
from greedy.wording import Words


class OpenShift(NamedTuple):
    """Demand that is not met. `free`: who could take it as the roster stands."""

    date: dt.date
    dagdeel: str
    service: str
    team: str
    missing: int
    free: str
    why: str
    help: str


def open_shifts(view: ReportView, words: Words) -> list[OpenShift]:
    """What the report explains; where it was made without explanations, what the grid counts."""
    if view.report.open_demand:
        return [
            OpenShift(
                line.date,
                line.dagdeel,
                line.service_code,
                line.team,
                line.missing,
                ", ".join(line.free),
                ", ".join(f"{count} {words.say(reason)}" for reason, count in line.reasons.items()),
                line.smallest_change,
            )
            for line in view.report.open_demand
        ]
    problem = view.grid.problem
    return [
        OpenShift(day.date, problem.dayparts[problem.services[service].daypart], problem.services[service].code, "", missing, "", "", "")
        for day, units in zip(view.grid.days, view.grid.open_units, strict=True)
        for service, missing in units.items()
    ]
