"""Rosters around a solution that is known: what is asked for is what was planned, so the best coverage is known too."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from greedy.errors import InputError
from greedy.generate.config import GeneratorConfig
from greedy.generate.people.chunk_ranges import chunks_of
from greedy.generate.people.population import staff_of
from greedy.generate.planting.capabilities import Capabilities, able_of, capabilities_of
from greedy.generate.planting.filling import NOTHING, fill
from greedy.generate.planting.shortage import take_away
from greedy.generate.services import DEMAND_TEAM_CODES, LINES, SERVICE_TYPES, asked_of
from greedy.generate.staff import Staff

USUAL_DEMAND = 1.0  # never refused: small practices ask for less while their people are away
LOST_PART, LOST_SHIFTS = 10, 6  # a tenth of what is asked for, and six shifts, may be lost to days that cannot be staffed
_STEPS = 20  # to a demand of 1, in advice


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
    """The refusal of the first practice that asks too much, and a demand that all practices can work."""
    place = int(_too_much(asked, planned).argmax())
    size = int(staff.there[place].sum())
    return InputError(
        f"demand {config.demand:g}: practice {staff.practices[place]} asks for {_shifts(asked)[place]} shifts, "
        f"and its {_counted(size, 'employee')} can work about {_shifts(planned)[place]} in {_counted(config.weeks, 'week')}",
        next_step=f"ask for a demand of at most {_fitting(config, staff):g}",
    )


def _fitting(config: GeneratorConfig, staff: Staff) -> float:
    """A demand that all practices can work, in twentieths, found by those of `staff`, who cannot work `config.demand`."""
    fits, too_much = int(USUAL_DEMAND * _STEPS), math.ceil(config.demand * _STEPS)
    while too_much - fits > 1:
        between = (fits + too_much) // 2
        fits, too_much = (between, too_much) if _can_work(config, between, staff) else (fits, between)
    while fits > USUAL_DEMAND * _STEPS and not all(_can_work(config, fits, staff_of(config, chunk)) for chunk in chunks_of(config)):
        fits -= 1
    return fits / _STEPS


def _can_work(config: GeneratorConfig, twentieths: int, staff: Staff) -> bool:
    """Whether no practice of `staff` is asked too much at this demand."""
    able = able_of(config.seed, staff)
    asked = _asked(config.model_copy(update={"demand": twentieths / _STEPS}), staff, able)
    return not _too_much(asked, fill(config.seed, staff, able, asked).planned).any()


def _counted(number: int, what: str) -> str:
    return f"{number} {what}{'' if number == 1 else 's'}"
