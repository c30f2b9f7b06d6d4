"""What employees wish for: services that they like, days on which they would be off or would work."""

from __future__ import annotations

import datetime as dt

import numpy as np

from greedy.generate.chance import choice, uniform
from greedy.generate.config import GeneratorConfig
from greedy.generate.planting.capabilities import Capabilities
from greedy.generate.planting.filling import NOTHING
from greedy.generate.services import POPULARITY, SERVICE_IDS, SERVICE_TYPES, UNITS
from greedy.generate.staff import Staff
from greedy.generate.tables import TABLES, Batch, picked

WANTS = ("preferred", "preferred", "off", "off", "work")  # the most that one employee wishes
HOLIDAYS = frozenset({(1, 1), (4, 27), (5, 5), (12, 5), (12, 24), (12, 25), (12, 26), (12, 31)})  # month and day
_POPULARITY = np.array([POPULARITY[SERVICE_TYPES[unit].code] for unit in UNITS])
# How many of each somebody has: weights of 0, 1 and 2.
_PREFERRED, _OFF, _WORK = (1, 2, 1), (1, 2, 1), (3, 1)


def wishes_batch(config: GeneratorConfig, staff: Staff, capabilities: Capabilities) -> Batch:
    """Rows of wishes: popular services, weekends and holidays more often than others. A planted solution need not serve them."""
    seed, turn = config.seed, np.arange(2)
    each = (staff.practices[:, None, None], np.arange(staff.there.shape[1])[:, None])

    can = ((capabilities.times > 0) & capabilities.active)[:, :, list(UNITS)]
    liking = np.where(can, (1 + uniform(seed, "liking", *each, np.arange(len(UNITS)))) * _POPULARITY, 0)
    liked = np.argsort(-liking, axis=2, kind="stable")[:, :, turn]
    off = choice([_worth(day) for day in staff.days], seed, "off", *each, turn)
    work = choice([8 - _worth(day) for day in staff.days], seed, "work", *each, [0])

    likes = (turn < choice(_PREFERRED, seed, "how many liked", *each)) & np.take_along_axis(can, liked, axis=2)
    asks_off = (turn < choice(_OFF, seed, "how many off", *each)) & ~np.take_along_axis(staff.absent.all(axis=3), off, axis=2)
    asks_off[:, :, 1] &= off[:, :, 0] != off[:, :, 1]
    offers = (choice(_WORK, seed, "how many work", *each) > 0) & ~np.take_along_axis(staff.absent.any(axis=3), work, axis=2)
    offers &= (work != off).all(axis=2, keepdims=True)
    wishes = staff.there & (uniform(seed, "wishes", *each)[:, :, 0] < config.wishes)
    has = np.concatenate([likes, asks_off, offers], axis=2) & wishes[:, :, None]

    nothing = np.full_like(liked, NOTHING)
    days = np.concatenate([nothing, off, work], axis=2)
    services = np.concatenate([np.array(UNITS)[liked], nothing, nothing[:, :, :1]], axis=2)
    practice, employee, kind = wished = np.nonzero(has)
    return Batch(
        TABLES["wishes"],
        (
            picked(staff.roster_ids, practice),
            staff.employee_ids[practice, employee].tolist(),
            (has.cumsum(axis=2) - 1)[wished].tolist(),
            picked(WANTS, kind),
            picked([*staff.days, None], days[wished]),
            picked([*SERVICE_IDS, None], services[wished]),
        ),
    )


def _worth(day: dt.date) -> int:
    """How much a day off is worth beside others, at most 6."""
    return 6 if (day.month, day.day) in HOLIDAYS else 3 if day.weekday() >= 5 else 1
