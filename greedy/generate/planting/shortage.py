"""Demand that nobody can fill, and how that is known."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from greedy.generate.chance import bits, uniform
from greedy.generate.planting.filling import NOTHING
from greedy.generate.services import PAIRS, SERVICE_TYPES, UNITS
from greedy.generate.staff import DAGDELEN


def take_away(seed: int, practices: NDArray[np.int64], share: float, content: NDArray[np.int8]) -> NDArray[np.bool_]:
    """Take a share of the planned shifts away from `content`, [P, E, D, 3], one service after another in an order of each practice.

    Returns the units of which some were taken, [P, units]. When nobody may work these more often than is left in `content`, no roster fills
    more than what is left: what was taken is missing in each.
    """
    closed = np.zeros((len(content), len(UNITS)), np.bool_)
    if not share:
        return closed
    turn = bits(seed, "turn of the service", practices[:, None], np.arange(len(SERVICE_TYPES)))
    place = np.nonzero(np.isin(content, UNITS))
    practice, employee, day, dagdeel = place
    unit = content[place]
    lots = bits(seed, "short unit", practices[practice], employee, day, dagdeel)
    order = np.lexsort((lots, turn[practice, unit], practice))

    shifts = 1 + np.isin(unit[order], list(PAIRS))
    begins = np.searchsorted(practice, np.arange(len(content) + 1))  # both are sorted by practice
    total = np.concatenate([[0], shifts.cumsum()])
    so_far = total[1:] - total[begins[practice]]
    of_all = np.diff(total[begins])
    short = np.floor(of_all * share + uniform(seed, "short", practices)).astype(np.int64)
    taken = order[so_far <= short[practice]]

    practice, employee, day, dagdeel = (axis[taken] for axis in place)
    content[practice, employee, day, dagdeel] = NOTHING
    for first, second in PAIRS.items():
        halves = unit[taken] == first
        content[practice[halves], employee[halves], day[halves], DAGDELEN.index(SERVICE_TYPES[second].dagdeel)] = NOTHING
    closed[practice, np.searchsorted(UNITS, unit[taken])] = True
    return closed
