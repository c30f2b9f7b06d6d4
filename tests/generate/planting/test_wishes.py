"""Wishes: for popular services, for weekends and holidays off, and for work."""

from __future__ import annotations

import datetime as dt
from collections import Counter, defaultdict

import numpy as np
import pytest

from greedy.generate.config import GeneratorConfig
from greedy.generate.people.population import staff_of
from greedy.generate.planting.planting import plant
from greedy.generate.planting.wishes import HOLIDAYS, wishes_batch
from greedy.generate.services import PAIRS, SERVICE_IDS, SERVICE_TYPES
from greedy.generate.tables import WishRow

CODES = dict(zip(SERVICE_IDS, (service.code for service in SERVICE_TYPES), strict=True))


def _rows(**values: object) -> list[WishRow]:
    config = GeneratorConfig(**{"practices": 50, "employees": 700, "wishes": 1, **values})  # type: ignore[arg-type]
    staff = staff_of(config, range(config.practices))
    batch = wishes_batch(config, staff, plant(config, staff).capabilities)
    return [WishRow.model_validate(dict(zip(batch.table.columns, row, strict=True))) for row in zip(*batch.columns, strict=True)]


def _by_employee(rows: list[WishRow]) -> dict[str, list[WishRow]]:
    wishes = defaultdict(list)
    for row in rows:
        wishes[row.employee_id].append(row)
    return wishes


def test_wishes_of_an_employee_are_numbered_from_0() -> None:
    wishes = _by_employee(_rows())
    assert all([row.number for row in rows] == list(range(len(rows))) for rows in wishes.values())
    assert {len(rows) for rows in wishes.values()} == {1, 2, 3, 4, 5}


def test_a_wish_has_a_service_or_a_date() -> None:
    for row in _rows():
        assert (row.service_id is not None) == (row.wants == "preferred")
        assert (row.date is not None) == (row.wants != "preferred")


@pytest.mark.parametrize("share", [0, 0.2, 0.5, 1])
def test_the_share_of_employees_with_wishes(share: float) -> None:
    wishing = len(_by_employee(_rows(wishes=share)))
    assert 0.85 * 700 * share <= wishing <= 1.15 * 700 * share


def test_no_wish_twice_and_no_day_both_off_and_worked() -> None:
    for rows in _by_employee(_rows()).values():
        dates = [row.date for row in rows if row.date]
        services = [row.service_id for row in rows if row.service_id]
        assert len(set(dates)) == len(dates)
        assert len(set(services)) == len(services)


def test_preferred_services_are_worked_by_whoever_prefers_them() -> None:
    config = GeneratorConfig(practices=20, employees=280, wishes=1)
    staff = staff_of(config, range(20))
    planting = plant(config, staff)
    can = {
        (staff.employee_ids[practice, employee], SERVICE_IDS[service])
        for practice, employee, service in zip(*np.nonzero(planting.capabilities.active & (planting.capabilities.times > 0)), strict=True)
    }
    batch = wishes_batch(config, staff, planting.capabilities)
    rows = [dict(zip(batch.table.columns, row, strict=True)) for row in zip(*batch.columns, strict=True)]
    preferred = {(row["employee_id"], row["service_id"]) for row in rows if row["wants"] == "preferred"}
    assert preferred
    assert preferred <= can


def test_popular_services_are_preferred_more_often_and_a_pair_by_its_first_half() -> None:
    times = Counter(CODES[str(row.service_id)] for row in _rows() if row.service_id)
    assert {SERVICE_TYPES[second].code for second in PAIRS.values()}.isdisjoint(times)
    assert times["OSP"] > times["MSP"] > times["DIO"] > times["DDO"]


def test_weekends_and_holidays_are_wished_off_more_often() -> None:
    rows = _rows(first_day=dt.date(2026, 12, 7), weeks=4)
    off = Counter(row.date for row in rows if row.wants == "off" and row.date)
    days = [dt.date(2026, 12, 7) + dt.timedelta(days=day) for day in range(28)]
    holidays = [day for day in days if (day.month, day.day) in HOLIDAYS]
    weekends = [day for day in days if day.weekday() >= 5 and day not in holidays]
    others = [day for day in days if day.weekday() < 5 and day not in holidays]

    def mean(of: list[dt.date]) -> float:
        return sum(off[day] for day in of) / len(of)

    assert mean(holidays) > 1.5 * mean(weekends) > 3 * mean(others)


def test_nobody_asks_for_a_day_on_which_she_is_away() -> None:
    config = GeneratorConfig(practices=20, employees=280, wishes=1, leave=1, illness=1)
    staff = staff_of(config, range(20))
    batch = wishes_batch(config, staff, plant(config, staff).capabilities)
    place = {staff.employee_ids[at]: at for at in zip(*np.nonzero(staff.there), strict=True)}
    asked = 0
    for _, employee, _, wants, date, _ in zip(*batch.columns, strict=True):
        if isinstance(date, dt.date):
            away = staff.absent[place[employee]][(date - config.first_day).days]
            assert not (away.all() if wants == "off" else away.any())
            asked += 1
    assert asked > 100


def test_who_works_nothing_prefers_nothing() -> None:
    rows = _rows(shortage=1)
    assert rows
    assert not [row for row in rows if row.wants == "preferred"]
