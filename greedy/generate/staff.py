"""The people of some practices, as arrays: what planting works on."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from greedy.formats.tables import Dagdeel, EmployeeTeam

TEAM_NAMES: tuple[EmployeeTeam, ...] = ("Groen", "Oranje", "Overig")
DAGDELEN: tuple[Dagdeel, ...] = ("O", "M", "A")


@dataclass(frozen=True)
class Staff:
    """P practices, E places for employees (the most that one of them has), D days, 3 dagdelen.

    practices
        Their numbers, [P].
    there
        Whether a place is taken, [P, E]: the first places of each practice.
    employee_ids
        [P, E] texts; empty where nobody is.
    team
        Position in TEAM_NAMES, [P, E].
    work_days
        The most days that each may work in the roster (`aantalwerkdagen`), [P, E].
    absent
        Weekly absence, leave or illness, [P, E, D, 3].
    days
        The dates of the roster, D of them.
    practice_ids, roster_ids
        P each.
    """

    practices: NDArray[np.int64]
    there: NDArray[np.bool_]
    employee_ids: NDArray[Any]
    team: NDArray[np.int64]
    work_days: NDArray[np.int64]
    absent: NDArray[np.bool_]
    days: list[dt.date]
    practice_ids: list[str]
    roster_ids: list[str]
