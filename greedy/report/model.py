"""The report as a document: what `greedy report --format json` prints."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from greedy.report.comparison import Comparison
from greedy.report.counts import (
    Bottleneck,
    CoverageCount,
    DayCoverage,
    EmployeeLoad,
    Fairness,
    NamedCoverage,
    SlotSummary,
    WeekCoverage,
)
from greedy.report.document import Document, Sentence

__all__ = [
    "BlockedLine",
    "Bottleneck",
    "Changes",
    "Comparison",
    "ConflictLine",
    "CostLine",
    "CoverageCount",
    "CoverageSummary",
    "DayCoverage",
    "EmployeeLoad",
    "Fairness",
    "LawLine",
    "Metadata",
    "NamedCoverage",
    "OpenDemandLine",
    "Report",
    "RuleLine",
    "SlotSummary",
    "SolverSummary",
    "SummaryStatus",
    "UnavailableLine",
    "ViolationLine",
    "WeekCoverage",
    "WorkingTimeLine",
]

SummaryStatus = Literal["COMPLETE", "NEAR COMPLETE", "PARTIAL", "INCOMPLETE"]


class Metadata(Document):
    """What was reported on, by what, and when.

    `schema_version` counts up when a key goes or changes its meaning. `generated_at`: null where nobody said when it was made. `language`:
    that of the sentences; keys, codes and names of kinds are the same in every language.
    """

    schema_version: Literal[1] = 1
    program: Literal["greedy"] = "greedy"
    program_version: str
    generated_at: dt.datetime | None
    language: Literal["en", "nl"]
    timezone: str
    days: int
    employees: int
    active_employees: int
    services: int
    dagdelen: list[str]


class CoverageSummary(CoverageCount):
    """Coverage of the whole roster. `upper_bound`: no roster covers more shifts."""

    upper_bound: int


class OpenDemandLine(Document):
    """Demand that is not met.

    `reasons`: employees by what stands in their way. `free`: who could take it as the roster stands. `limits_reached`: whose limits, and
    which. `one_more_for`: for whom one more of the service, or of its pair, would do. `smallest_change`: of what is given, with the moves
    that come with it.
    """

    date: dt.date
    dagdeel: str
    team: str
    service_code: str
    missing: int
    reasons: dict[str, int]
    free: list[str]
    blocked_by: list[str]
    limits_reached: list[str]
    one_more_for: list[str]
    smallest_change: str


class ViolationLine(Document):
    """A broken rule. `pinned`: broken by pinned work alone."""

    rule: str
    message: Sentence
    pinned: bool


class CostLine(Document):
    """What gave way: a term of the costs (`demand`, `request`, the name of a limit or wish), what it costs, and where."""

    priority: int
    term: str
    cost: int
    where: list[Sentence]


class RuleLine(Document):
    """A hard rule, checked without a solver: what it says, and how often it is broken. `pinned`: so many of them by pinned work alone."""

    rule: str
    meaning: str
    broken: int
    pinned: int


class LawLine(Document):
    """A rule of the law of working time, where it is looked at: the value that holds here, its article, and how often it is broken."""

    rule: str
    meaning: str
    norm: int
    source: str
    enforced: bool
    findings: int


class BlockedLine(Document):
    """A slot that must stay empty for rest. `service_code` and `service_date`: the duty; null where it lies outside the roster."""

    employee_id: str
    name: str
    date: dt.date
    dagdeel: str
    service_code: str | None
    service_date: dt.date | None


class UnavailableLine(Document):
    """A slot in which an employee is absent."""

    employee_id: str
    name: str
    date: dt.date
    dagdeel: str


class ConflictLine(Document):
    """Rules and rows that stand against each other, so that no roster keeps them all. `employee_ids`: whom they are about."""

    message: Sentence
    parts: list[Sentence]
    employee_ids: list[str]


class WorkingTimeLine(Document):
    """What the law of working time does not allow. `source`: the article. `enforced`: whether it is a hard rule here."""

    rule: str
    message: str
    source: str
    enforced: bool


class Changes(Document):
    """A roster against the earlier one: assignments that both have, that only the earlier one has, that only the new one has."""

    kept: int
    gone: int
    new: int


class SolverSummary(Document):
    """Which solver made the roster, and how good it is known to be.

    `objective` and `bound`: cost of open demand, and of whatever else has priority 0, and what no roster can have less of. `costs` and
    `bounds`: the same by priority, the first one the strictest; `proven`: the priorities, from the first on, at which nothing better
    exists. `gap`: share of the objective that is not proven to be necessary, 0 to 1.
    `incident`: why the solver was ended from outside and this is its best roster so far; null when it ended by itself.
    """

    name: str
    status: str
    objective: int
    bound: int
    gap: float
    seconds: float
    seconds_to_best: float
    seed: int
    costs: dict[int, int]
    bounds: dict[int, int]
    proven: list[int]
    incident: Sentence | None


class Report(Document):
    """All that is told of one roster.

    Sentences are in the language of `metadata`. What stands for a kind (`status`, the keys of `reasons`, `kind`, `term`, `rule`) is the
    same in every language, and `Words.say` says it. `rules`: every hard rule, broken or not; `law`: the same of the law of working time,
    null where it is not looked at. `solver` is null for a roster that was not made just now, `changes` without an earlier roster to keep
    to, `comparison` without a run before.
    """

    metadata: Metadata
    roster_id: str
    name: str
    start_date: dt.date
    end_date: dt.date
    status: SummaryStatus
    coverage: CoverageSummary
    services: list[NamedCoverage]
    teams: list[NamedCoverage]
    weeks: list[WeekCoverage]
    days: list[DayCoverage]
    employees: list[EmployeeLoad]
    open_demand: list[OpenDemandLine]
    slots: SlotSummary
    blocked: list[BlockedLine]
    unavailable: list[UnavailableLine]
    fairness: list[Fairness]
    bottlenecks: list[Bottleneck]
    rules: list[RuleLine]
    violations: list[ViolationLine]
    conflicts: list[ConflictLine]
    costs: dict[int, int]
    gave_way: list[CostLine]
    law: list[LawLine] | None
    working_time: list[WorkingTimeLine]
    changes: Changes | None
    comparison: Comparison | None
    solver: SolverSummary | None
    recommendations: list[str]
