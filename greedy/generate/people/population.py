"""The people: practices with their places and sizes, teams, employees with contracts, and when they are away."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Sequence
from functools import lru_cache
from uuid import UUID

import numpy as np
from numpy.typing import NDArray

from greedy.errors import InputError
from greedy.formats.tables import Row
from greedy.generate import chance
from greedy.generate.config import GeneratorConfig
from greedy.generate.people import contracts
from greedy.generate.people.absences import LEAVE, Absences, absences, slots
from greedy.generate.people.names import people, places, practice_names, regions
from greedy.generate.people.school_holidays import HOLIDAY_REGIONS, school_holidays
from greedy.generate.services import BLOCKING_RULES, SERVICE_TYPES
from greedy.generate.staff import DAGDELEN, TEAM_NAMES, Staff
from greedy.generate.tables import SOURCE, TABLES, Batch, picked
from greedy.model.problem import SlotStatus

# Over and over within a practice: three to three to one, and five people are all teams.
_TEAMS = np.array([TEAM_NAMES.index(team) for team in ("Groen", "Oranje", "Groen", "Oranje", "Overig", "Groen", "Oranje")])
_REASONS = ("Verlof", "Ziekte")  # by kind of absence
_KINDS = ("leave", "illness")


@lru_cache(maxsize=4)
def practice_sizes(config: GeneratorConfig) -> NDArray[np.int64]:
    """Employees of each practice: within `size_spread` of the mean, at least 1, `config.employees` together.

    Raises
    ------
    InputError
        There are fewer employees than practices.
    """
    count, total = config.practices, config.employees
    if total < count:
        raise InputError(
            f"{total} employees cannot staff {count} practices: each needs at least 1",
            next_step=f"ask for at most {total} practices, or for at least {count} employees",
        )
    mean = total / count
    lowest = max(1, min(math.ceil(mean * (1 - config.size_spread)), total // count))
    highest = max(math.floor(mean * (1 + config.size_spread)), -(-total // count))
    sizes = lowest + chance.below(highest - lowest + 1, config.seed, "size", range(count))
    order = np.argsort(chance.bits(config.seed, "size, who gives way", range(count)), kind="stable")
    while missing := total - int(sizes.sum()):
        with_room = order[sizes[order] < highest if missing > 0 else sizes[order] > lowest]
        sizes[with_room[: abs(missing)]] += 1 if missing > 0 else -1
    sizes.flags.writeable = False
    return sizes


def staff_of(config: GeneratorConfig, practices: range) -> Staff:
    """The people of some practices.

    Parameters
    ----------
    config
        What is to be generated.
    practices
        Numbers of practices that follow each other, from 0 to below `config.practices`.
    """
    numbers = np.array(practices, np.int64)
    all_sizes = practice_sizes(config)
    sizes = all_sizes[practices.start : practices.stop]
    places_for = np.arange(sizes.max())
    there = places_for < sizes[:, None]
    days = [config.first_day + dt.timedelta(days=day) for day in range(7 * config.weeks)]

    employee_ids = np.full(there.shape, "", object)
    first_number = int(all_sizes[: practices.start].sum())
    employee_ids[there] = [f"S{config.seed}-{number:06d}" for number in range(first_number, first_number + int(sizes.sum()))]

    at = (numbers[:, None], places_for[None, :])
    team = np.broadcast_to(_TEAMS[places_for % len(_TEAMS)], there.shape)
    hours = contracts.hours_per_week(config.seed, *at)
    away = _absences(config, numbers, there, days)
    leave_days = slots(away.of(LEAVE), there, len(days)).all(axis=3).sum(axis=2)
    weekly = contracts.weekly_absence(config.seed, *at, hours)[:, :, [day.weekday() for day in days]]
    return Staff(
        practices=numbers,
        there=there,
        employee_ids=employee_ids,
        team=np.where(there, team, 0),
        work_days=np.where(there, contracts.work_days(hours, len(days), leave_days), 0),
        absent=(weekly | slots(away, there, len(days))) & there[:, :, None, None],
        days=days,
        practice_ids=chance.uuids(config.seed, "practices", numbers),
        roster_ids=chance.uuids(config.seed, "rosters", numbers),
    )


def shared_batches() -> list[Batch]:
    """What all practices have in common: regions, services and their blocking rules."""
    services = sorted(SERVICE_TYPES, key=lambda service: service.gekoppeld_aan is not None)  # second halves are led to
    return [
        _batch(
            "regions",
            id=_region_ids(),
            name=[region.name for region in regions()],
            school_holidays=[region.school_holidays for region in regions()],
        ),
        _batch_of_rows("service_types", services),
        _batch_of_rows("service_blocking_rules", BLOCKING_RULES),
    ]


def people_batches(config: GeneratorConfig, staff: Staff) -> list[Batch]:
    """Practices, teams, employees, contracts, absences, and the slots of rosters that absences make UNAVAILABLE."""
    seed = config.seed
    place = [places()[position] for position in _place(config, staff.practices)]
    region_ids = _region_ids()
    name = chance.below(len(practice_names()), seed, "practice name", staff.practices)
    team_ids = chance.uuids(seed, "teams", staff.practices[:, None], np.arange(len(TEAM_NAMES)))

    practice, employee = np.nonzero(staff.there)
    at = (staff.practices[practice], employee)
    ids: list[str] = staff.employee_ids[staff.there].tolist()
    team = staff.team[staff.there]
    hours = contracts.hours_per_week(seed, *at)
    names = people(seed, *at, ids)
    starts, ends = contracts.contract_dates(seed, *at, staff.days[0], staff.days[-1])
    practices = len(staff.practices)
    return [
        _batch(
            "practices",
            id=staff.practice_ids,
            region_id=[region_ids[one.region] for one in place],
            number=staff.practices.tolist(),
            name=picked(practice_names(), name),
            place=[one.name for one in place],
        ),
        _batch(
            "teams",
            id=team_ids,
            practice_id=[practice_id for practice_id in staff.practice_ids for _ in TEAM_NAMES],
            team=list(TEAM_NAMES) * practices,
            name=[f"Team {team}" for team in TEAM_NAMES] * practices,
        ),
        _batch(
            "employees",
            id=ids,
            voornaam=names.first_names,
            achternaam=names.surnames,
            email=names.emails,
            team=picked(TEAM_NAMES, team),
            dienstverband=contracts.employments(seed, *at, team),
            aantalwerkdagen=staff.work_days[staff.there].tolist(),
            structureel_nbh=contracts.as_weeks(contracts.weekly_absence(seed, *at, hours)),
            actief=[True] * len(ids),
        ),
        _batch(
            "contracts",
            employee_id=ids,
            team_id=picked(team_ids, practice * len(TEAM_NAMES) + team),
            hours_per_week=[contracts.hours_as_decimal(one) for one in hours.tolist()],
            fte=[contracts.fte(one) for one in hours.tolist()],
            start_date=starts,
            end_date=ends,
        ),
        *_absence_batches(config, staff),
    ]


def _absence_batches(config: GeneratorConfig, staff: Staff) -> list[Batch]:
    away = _absences(config, staff.practices, staff.there, staff.days)
    employee_ids: list[str] = staff.employee_ids[away.practice, away.employee].tolist()
    names = zip(employee_ids, picked(_KINDS, away.kind), away.period.tolist(), strict=True)
    dates = [staff.days[0] + dt.timedelta(days=day) for day in range(int(away.last.max(initial=0)) // 3 + 1)]
    records = _batch(
        "absences",
        source_system=[SOURCE] * len(employee_ids),
        external_id=[f"{of}-{kind}-{period}" for of, kind, period in names],
        number=[0] * len(employee_ids),
        employee_id=employee_ids,
        first_date=picked(dates, away.first // 3),
        first_dagdeel=picked(DAGDELEN, away.first % 3),
        last_date=picked(dates, away.last // 3),
        last_dagdeel=picked(DAGDELEN, away.last % 3),
        reason=picked(_REASONS, away.kind),
    )

    practice, employee, day, dagdeel = np.nonzero(slots(away, staff.there, len(staff.days)))
    nothing = [None] * len(practice)
    unavailable = _batch(
        "roster_assignments",
        id=chance.uuids(config.seed, "unavailable", staff.practices[practice], employee, 3 * day + dagdeel),
        roster_id=picked(staff.roster_ids, practice),
        employee_id=staff.employee_ids[practice, employee].tolist(),
        date=picked(staff.days, day),
        dagdeel=picked(DAGDELEN, dagdeel),
        service_id=nothing,
        status=[int(SlotStatus.UNAVAILABLE)] * len(practice),
        source=[SOURCE] * len(practice),
        notes=nothing,
        blocked_by_date=nothing,
        blocked_by_dagdeel=nothing,
        blocked_by_service_id=nothing,
    )
    return [records, unavailable]


def _absences(config: GeneratorConfig, practices: NDArray[np.int64], there: NDArray[np.bool_], days: list[dt.date]) -> Absences:
    region = [HOLIDAY_REGIONS.index(regions()[places()[position].region].school_holidays) for position in _place(config, practices)]
    return absences(config, practices, there, school_holidays(days)[region])


def _region_ids() -> list[str]:
    """Regions are the same for every seed, as services are: practices of several seeds can lie in one database."""
    return chance.uuids(0, "regions", range(len(regions())))


def _place(config: GeneratorConfig, practices: NDArray[np.int64]) -> list[int]:
    positions: list[int] = chance.below(len(places()), config.seed, "place", practices).tolist()
    return positions


def _batch_of_rows(name: str, rows: Sequence[Row]) -> Batch:
    values = [[getattr(row, column) for row in rows] for column in TABLES[name].columns]
    return Batch(TABLES[name], tuple([str(value) if isinstance(value, UUID) else value for value in column] for column in values))


def _batch(table: str, /, **columns: Sequence[object]) -> Batch:
    return Batch(TABLES[table], tuple(columns[column] for column in TABLES[table].columns))
