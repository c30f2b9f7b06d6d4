"""Who can work what, and how often in a roster."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greedy.generate.chance import below, bits, uniform
from greedy.generate.config import GeneratorConfig
from greedy.generate.services import ABLE, PAIRS, SERVICE_TYPES, UNITS
from greedy.generate.staff import TEAM_NAMES, Staff

MOST_TIMES = 999  # of one service for one employee in one roster, as the database allows
INACTIVE = 0.3  # share of those who are not able to work a service and have a capability that is not active
_FIRST_HALF = {second: first for first, second in PAIRS.items()}
_UNIT_OF = np.array([UNITS.index(_FIRST_HALF.get(number, number)) for number in range(len(SERVICE_TYPES))])  # its place in UNITS
_SIZE = np.array([1 + (unit in PAIRS) for unit in UNITS])  # services that a unit is made of


@dataclass(frozen=True)
class Capabilities:
    """Capability rows of each employee and service, [P, E, services]: whether there is one, how often, and whether it is active."""

    given: NDArray[np.bool_]
    times: NDArray[np.int64]
    active: NDArray[np.bool_]

    @property
    def capacity(self) -> NDArray[np.int64]:
        """Shifts that the staff of each practice may work, [P]."""
        return np.asarray((self.times * self.active).sum(axis=(1, 2)))


def able_of(seed: int, staff: Staff) -> NDArray[np.bool_]:
    """Who can work which service, [P, E, services]; both halves of a pair or none, and the first of each team can work all."""
    drawn = uniform(seed, "able", staff.practices[:, None, None], np.arange(staff.there.shape[1])[:, None], _UNIT_OF)
    able = drawn < np.array([ABLE[SERVICE_TYPES[UNITS[place]].code] for place in _UNIT_OF])
    for team in range(len(TEAM_NAMES)):
        members = staff.there & (staff.team == team)
        able |= (members & (members.cumsum(axis=1) == 1))[:, :, None]
    return able & staff.there[:, :, None]


def capabilities_of(
    config: GeneratorConfig, staff: Staff, able: NDArray[np.bool_], worked: NDArray[np.int64], closed: NDArray[np.bool_]
) -> Capabilities:
    """Capabilities that allow what was planned, with room beside it as `tightness` says.

    Parameters
    ----------
    able
        Who can work which service, [P, E, services].
    worked
        How often each works each service in the planted solution, [P, E, services].
    closed
        Units without any room, [P, units]: nobody may work them once more.
    """
    times = worked + _room(config, staff, able, worked, closed)[:, :, _UNIT_OF]
    places = (staff.practices[:, None, None], np.arange(staff.there.shape[1])[:, None], _UNIT_OF)
    inactive = ~able & staff.there[:, :, None] & (uniform(config.seed, "inactive", *places) < INACTIVE)
    times += inactive * (1 + below(3, config.seed, "times while inactive", *places))
    return Capabilities(able | inactive, np.minimum(times, MOST_TIMES), able)


def _room(
    config: GeneratorConfig, staff: Staff, able: NDArray[np.bool_], worked: NDArray[np.int64], closed: NDArray[np.bool_]
) -> NDArray[np.int64]:
    """How often each may work a unit beyond what was planned, [P, E, units]: units have room by what was planned of them."""
    units = list(UNITS)
    open_shifts = worked[:, :, units].sum(axis=1) * _SIZE * ~closed
    total = worked.sum(axis=(1, 2))
    extra = np.floor(total / config.tightness).astype(np.int64) - total
    so_far = extra[:, None] * open_shifts.cumsum(axis=1) // np.maximum(open_shifts.sum(axis=1), 1)[:, None]
    of_unit = np.diff(so_far, prepend=0, axis=1) // _SIZE

    can = able[:, :, units]
    lots = bits(config.seed, "who has room", staff.practices[:, None, None], np.arange(can.shape[1])[:, None], np.arange(len(units)))
    drawn = np.where(can, lots >> np.uint64(1), np.uint64(1 << 63))
    place = drawn.argsort(axis=1, kind="stable").argsort(axis=1, kind="stable")
    each, rest = np.divmod(of_unit, np.maximum(can.sum(axis=1), 1))
    return np.asarray(can * (each[:, None] + (place < rest[:, None])), np.int64)
