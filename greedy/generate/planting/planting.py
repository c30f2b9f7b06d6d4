"""Rosters around a solution that is known: what is asked for is what was planned, so the best coverage is known too."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greedy.errors import InputError
from greedy.generate.config import GeneratorConfig
from greedy.generate.planting.capabilities import Capabilities, able_of, capabilities_of
from greedy.generate.planting.filling import NOTHING, fill
from greedy.generate.planting.shortage import take_away
from greedy.generate.services import DEMAND_TEAM_CODES, LINES, SERVICE_TYPES, asked_of
from greedy.generate.staff import Staff

USUAL_DEMAND = 1.0  # never refused: small practices ask for less while their people are away
LOST_PART, LOST_SHIFTS = 10, 6  # a tenth of what is asked for, and six shifts, may be lost to days that cannot be staffed


@dataclass(frozen=True)
class Planting:
    """Demand, capabilities and a solution that fills the best number of shifts.

    content
        Number of the service that each works in each slot, or NOTHING; [P, E, D, 3].
    demand
        Employees asked for, [P, D, services, teams]; teams as in DEMAND_TEAM_CODES.
    capabilities
        See their type.
    """

    content: NDArray[np.int8]
    demand: NDArray[np.int64]
    capabilities: Capabilities

    @property
    def required(self) -> NDArray[np.int64]:
        """Shifts asked for, [P]."""
        return np.asarray(self.demand.sum(axis=(1, 2, 3)))

    @property
    def best(self) -> NDArray[np.int64]:
        """Shifts that can be filled, [P]: no roster fills more."""
        return np.asarray((self.content != NOTHING).sum(axis=(1, 2, 3)))


def plant(config: GeneratorConfig, staff: Staff) -> Planting:
    """Rosters of some practices with their planted solutions.

    Raises
    ------
    InputError
        A practice asks for more than its staff can work.
    """
    able = able_of(config.seed, staff)
    asked = _asked(config, staff, able)
    filled = fill(config.seed, staff, able, asked)
    if config.demand > USUAL_DEMAND and _too_much(asked, filled.planned).any():
        raise _impossible(config, staff, asked, filled.planned)
    content = filled.content
    closed = take_away(config.seed, staff.practices, config.shortage, content)
    worked = np.stack([(content == service).sum(axis=(2, 3)) for service in range(len(SERVICE_TYPES))], axis=2)
    return Planting(content, _demand(filled.planned), capabilities_of(config, staff, able, worked, closed))


def _asked(config: GeneratorConfig, staff: Staff, able: NDArray[np.bool_]) -> NDArray[np.int64]:
    """What each practice asks for, of teams that it has; [lines, D, P]."""
    served = np.stack([(able[:, :, line.unit] & np.isin(staff.team, line.served_by)).any(axis=1) for line in LINES])
    return asked_of(config, staff) * served[:, None]


def _demand(planned: NDArray[np.int64]) -> NDArray[np.int64]:
    _, days, practices = planned.shape
    demand = np.zeros((practices, days, len(SERVICE_TYPES), len(DEMAND_TEAM_CODES)), np.int64)
    for number, line in enumerate(LINES):
        for service in line.services:
            demand[:, :, service, DEMAND_TEAM_CODES.index(line.team)] = planned[number].T
    return demand


def _shifts(units: NDArray[np.int64]) -> NDArray[np.int64]:
    """Shifts of each practice, [P]."""
    return np.asarray(sum(units[number].sum(axis=0) * len(line.services) for number, line in enumerate(LINES)))


def _too_much(asked: NDArray[np.int64], planned: NDArray[np.int64]) -> NDArray[np.bool_]:
    """Where more was asked for than could be planned, beyond single days, [P]."""
    return _shifts(asked - planned) > LOST_SHIFTS + _shifts(asked) // LOST_PART


def _impossible(config: GeneratorConfig, staff: Staff, asked: NDArray[np.int64], planned: NDArray[np.int64]) -> InputError:
    """The refusal of the first practice that asks too much, and a demand that all of `staff` can work."""
    place = int(_too_much(asked, planned).argmax())
    wanted, can = _shifts(asked), _shifts(planned)
    size = int(staff.there[place].sum())
    # Less is lost in days that are full when less is asked for, hence the quarter.
    highest = config.demand * min(1.0, 1.25 * float((can / np.maximum(wanted, 1)).max()))
    return InputError(
        f"demand {config.demand:g}: practice {staff.practices[place]} asks for {wanted[place]} shifts, "
        f"and its {_counted(size, 'employee')} can work about {can[place]} in {_counted(config.weeks, 'week')}",
        next_step=f"ask for a demand of at most {_fitting(config, staff, highest):g}",
    )


def _fitting(config: GeneratorConfig, staff: Staff, demand: float) -> float:
    """The first demand from `demand` downwards that the staff can work, in steps of a twentieth."""
    able = able_of(config.seed, staff)
    for twentieths in range(int(demand * 20), int(USUAL_DEMAND * 20), -1):
        lower = config.model_copy(update={"demand": twentieths / 20})
        asked = _asked(lower, staff, able)
        if not _too_much(asked, fill(config.seed, staff, able, asked).planned).any():
            return lower.demand
    return USUAL_DEMAND


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
