"""Rosters, demand, capabilities and planted solutions as rows."""

from __future__ import annotations

from decimal import Decimal

import numpy as np

from greedy.generate.chance import uniform, uuids
from greedy.generate.config import GeneratorConfig
from greedy.generate.planting.filling import NOTHING
from greedy.generate.planting.planting import Planting
from greedy.generate.planting.wishes import wishes_batch
from greedy.generate.services import DEMAND_TEAM_CODES, MAY_STAY_OPEN, SERVICE_IDS, SERVICE_TYPES
from greedy.generate.staff import DAGDELEN, Staff
from greedy.generate.tables import TABLES, Batch, picked

CHANGED_BY_HAND = 0.03  # share of the demand with status AANGEPAST, which reads as MOET


_DAGDEEL_OF = [service.dagdeel for service in SERVICE_TYPES]
_MAY = np.array([service.code in MAY_STAY_OPEN for service in SERVICE_TYPES])


def planted_batches(config: GeneratorConfig, staff: Staff, planting: Planting) -> list[Batch]:
    """Rows of rosters, capabilities, staffing, wishes, planted rosters and their assignments; parents before children."""
    return [
        _rosters(staff),
        _capabilities(staff, planting),
        _staffing(config, staff, planting),
        wishes_batch(config, staff, planting.capabilities),
        _planted_rosters(staff, planting),
        _planted_assignments(staff, planting),
    ]


def _rosters(staff: Staff) -> Batch:
    first, last = staff.days[0], staff.days[-1]
    weeks = " t/m ".join(f"{week.year}-W{week.week:02}" for week in (first.isocalendar(), last.isocalendar()))
    count = len(staff.roster_ids)
    names = [f"Rooster {weeks}, praktijk {number}" for number in staff.practices.tolist()]
    return Batch(TABLES["rosters"], (staff.roster_ids, names, [first] * count, [last] * count, ["draft"] * count))


def _capabilities(staff: Staff, planting: Planting) -> Batch:
    capabilities = planting.capabilities
    practice, employee, service = given = np.nonzero(capabilities.given)
    return Batch(
        TABLES["roster_employee_services"],
        (
            picked(staff.roster_ids, practice),
            staff.employee_ids[practice, employee].tolist(),
            picked(SERVICE_IDS, service),
            capabilities.times[given].tolist(),
            capabilities.active[given].tolist(),
        ),
    )


def _staffing(config: GeneratorConfig, staff: Staff, planting: Planting) -> Batch:
    practice, day, service, team = asked = np.nonzero(planting.demand)
    places = (staff.practices[practice], day, service, team)
    # Demand of one service weighs the same on all days, so a roster that misses the least also fills the most.
    changed = ~_MAY[service] & (uniform(config.seed, "changed by hand", *places) < CHANGED_BY_HAND)
    return Batch(
        TABLES["roster_period_staffing_dagdelen"],
        (
            uuids(config.seed, "staffing", *places),
            picked(staff.roster_ids, practice),
            picked(staff.days, day),
            picked(_DAGDEEL_OF, service),
            picked(DEMAND_TEAM_CODES, team),
            picked(SERVICE_IDS, service),
            np.where(changed, "AANGEPAST", np.where(_MAY[service], "MAG", "MOET")).tolist(),
            planting.demand[asked].tolist(),
        ),
    )


def _planted_rosters(staff: Staff, planting: Planting) -> Batch:
    required, best, capacity = (numbers.tolist() for numbers in (planting.required, planting.best, planting.capabilities.capacity))
    return Batch(
        TABLES["planted_rosters"],
        (
            staff.roster_ids,
            staff.practice_ids,
            required,
            best,
            capacity,
            [_share(worked, most) for worked, most in zip(best, capacity, strict=True)],
        ),
    )


def _planted_assignments(staff: Staff, planting: Planting) -> Batch:
    practice, employee, day, dagdeel = worked = np.nonzero(planting.content != NOTHING)
    return Batch(
        TABLES["planted_assignments"],
        (
            picked(staff.roster_ids, practice),
            staff.employee_ids[practice, employee].tolist(),
            picked(staff.days, day),
            picked(DAGDELEN, dagdeel),
            picked(SERVICE_IDS, planting.content[worked]),
        ),
    )


def _share(part: int, whole: int) -> Decimal:
    """Two decimals, rounded to the nearest; 1 of nothing."""
    return Decimal((200 * part + whole) // (2 * whole) if whole else 100).scaleb(-2)
