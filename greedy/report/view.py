"""What renderers draw a roster from: its report, its grid, and what was published of it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Literal, NamedTuple

from greedy.report.grid import Grid
from greedy.report.model import Report

if TYPE_CHECKING:
    from greedy.model.problem import Assignment, Service
    from greedy.report.comparison import Comparison

RosterStatus = Literal["draft", "in_progress", "final"]


class DepartedShift(NamedTuple):
    """Work that was published, of somebody or of a service that the roster has no longer.

    `name`: hers, or her id when nothing more is known of her. `service`: as it was published; `minutes` are 0 when nobody knows any more.
    """

    employee_id: str
    name: str
    date: dt.date
    daypart: str
    service: Service


class PublishedRoster(NamedTuple):
    """What colleagues were told: the work of the `number`th publication, 1 the first, in the numbers of the grid's problem.

    `departed`: the part of it that the problem has no numbers for. `services`: id -> as it was then; of those that are not there the times
    that they have now are taken to be what was told.
    """

    number: int
    published_at: dt.datetime
    assignments: tuple[Assignment, ...]
    departed: tuple[DepartedShift, ...] = ()
    services: Mapping[str, Service] = MappingProxyType({})


@dataclass(frozen=True)
class ReportView:
    """A roster as it is shown. Renderers take nothing else, and read no clock.

    Parameters
    ----------
    report, grid
        Of the same problem and roster; the report's sentences are in the language of the reader.
    name
        The roster's name.
    status
        Where the roster is on its way to the colleagues.
    generated_at
        When the view was made, with its time zone.
    publications
        In the order of their numbers.
    comparison
        Against the roster that stood before; the grid marks the same cells.

    Raises
    ------
    ValueError
        `generated_at` has no time zone.
    """

    report: Report
    grid: Grid
    name: str
    status: RosterStatus
    generated_at: dt.datetime
    publications: tuple[PublishedRoster, ...] = ()
    comparison: Comparison | None = None

    def __post_init__(self) -> None:
        if self.generated_at.tzinfo is None:
            raise ValueError(f"generated_at {self.generated_at} has no time zone")
