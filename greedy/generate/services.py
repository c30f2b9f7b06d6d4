"""What is worked: the catalogue of service types and blocking rules, and how much of it a practice usually asks for.

Catalogue and amounts are those of the sample roster: 227 shifts for 14 employees in five weeks.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from greedy.formats.practice import DAGDELEN, DEMAND_TEAMS
from greedy.formats.tables import BlockingRuleRow, Row, ServiceTypeRow
from greedy.generate.chance import below
from greedy.generate.config import GeneratorConfig
from greedy.generate.staff import TEAM_NAMES, Staff
from greedy.sample import SAMPLE_DIR

AnyRow = TypeVar("AnyRow", bound=Row)

USUAL_STAFF = 14
MOST_ASKED = 9  # of one service for one team in one dagdeel, as the database allows


def _rows(table: str, model: type[AnyRow]) -> tuple[AnyRow, ...]:
    with (SAMPLE_DIR / f"{table}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(model.model_validate({column: text for column, text in row.items() if text}) for row in csv.DictReader(file))


SERVICE_TYPES = _rows("service_types", ServiceTypeRow)
BLOCKING_RULES = _rows("service_blocking_rules", BlockingRuleRow)
SERVICE_IDS = tuple(str(service.id) for service in SERVICE_TYPES)
NUMBER_OF = {service.code: number for number, service in enumerate(SERVICE_TYPES)}

# First half -> second half, by their numbers in SERVICE_TYPES.
PAIRS = {number: NUMBER_OF[service.gekoppeld_aan] for number, service in enumerate(SERVICE_TYPES) if service.gekoppeld_aan}
# What somebody is planned for as a whole: services by themselves, and pairs by their first half.
UNITS = tuple(number for number in range(len(SERVICE_TYPES)) if number not in PAIRS.values())

DEMAND_TEAM_CODES = tuple(team.code for team in DEMAND_TEAMS)

# By the code of a unit: share of the staff that can work it, and how much it is liked beside others.
ABLE = {"DIO": 0.95, "DDO": 0.65, "OSP": 0.9, "MSP": 0.95, "ECH": 0.5, "GRB": 0.7, "RO": 0.55}
POPULARITY = {"DIO": 3, "DDO": 1, "OSP": 6, "MSP": 4, "ECH": 8, "GRB": 5, "RO": 2}
MAY_STAY_OPEN = frozenset({"RO"})  # asked for with status MAG

_WORKDAYS, _WEEKEND, _EVERY_DAY, _GROUP_DAYS = range(5), range(5, 7), range(7), (1, 3)


@dataclass(frozen=True)
class Line:
    """Demand for a unit (a service, or a pair by its first half) by one team, on some days of the week.

    `per_hundred`: shifts, or pairs, in a hundred such days of a practice of USUAL_STAFF.
    """

    code: str
    team: str
    weekdays: tuple[int, ...]
    per_hundred: int

    @property
    def unit(self) -> int:
        """Number of its service, or of the first half."""
        return NUMBER_OF[self.code]

    @property
    def services(self) -> tuple[int, ...]:
        """Numbers of the services that are worked: one, or the two halves of a pair."""
        return (self.unit, PAIRS[self.unit]) if self.unit in PAIRS else (self.unit,)

    @property
    def dagdelen(self) -> tuple[int, ...]:
        """The dagdeel of each of its services."""
        return tuple(DAGDELEN.index(SERVICE_TYPES[service].dagdeel) for service in self.services)

    @property
    def blocks(self) -> tuple[tuple[int, int], ...]:
        """Day offsets and dagdelen that it blocks for whoever works it."""
        ids = {SERVICE_TYPES[service].id for service in self.services}
        return tuple(sorted({(rule.dag_offset, DAGDELEN.index(rule.dagdeel)) for rule in BLOCKING_RULES if rule.service_id in ids}))

    @property
    def served_by(self) -> tuple[int, ...]:
        """Positions in TEAM_NAMES of the teams that may serve it."""
        (team,) = (team for team in DEMAND_TEAMS if team.code == self.team)
        return tuple(TEAM_NAMES.index(name) for name in team.served_by)


# In the order in which they are planted: system services first.
LINES = tuple(
    Line(code, team, tuple(weekdays), per_hundred)
    for code, team, weekdays, per_hundred in (
        ("DIO", "TOT", _EVERY_DAY, 100),
        ("DDO", "GRO", _WEEKEND, 70),
        ("DDO", "ORA", _WEEKEND, 30),
        ("OSP", "GRO", _WORKDAYS, 100),
        ("OSP", "ORA", _WORKDAYS, 100),
        ("MSP", "GRO", _WORKDAYS, 100),
        ("MSP", "ORA", _WORKDAYS, 100),
        ("ECH", "TOT", _WORKDAYS, 100),
        ("GRB", "TOT", _GROUP_DAYS, 100),
        ("RO", "TOT", _WORKDAYS, 8),
    )
)

_PARTS = 1_000_000  # of the demand multiplier


def asked_of(config: GeneratorConfig, staff: Staff) -> NDArray[np.int64]:
    """Units that each practice asks for, [lines, days, practices]: spread evenly over the days of a line, at most MOST_ASKED a day.

    In whole numbers alone, so that no platform rounds otherwise.
    """
    size = staff.there.sum(axis=1) * round(config.demand * _PARTS)
    whole = 100 * USUAL_STAFF * _PARTS
    weekdays = [day.weekday() for day in staff.days]
    asked = np.empty((len(LINES), len(weekdays), len(size)), np.int64)
    for number, line in enumerate(LINES):
        days_so_far = np.concatenate([[0], np.cumsum(np.isin(weekdays, line.weekdays))])
        # Each practice is somewhere else in the rhythm of what it asks for less than daily.
        begun = below(whole, config.seed, f"rhythm {line.code} {line.team}", staff.practices)
        so_far = (days_so_far[:, None] * line.per_hundred * size + begun) // whole
        asked[number] = np.minimum(np.diff(so_far, axis=0), MOST_ASKED)
    return asked
