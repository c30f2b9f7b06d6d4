"""The catalogue is the sample's, and a usual practice asks for what the sample asks for."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest

from greedy.formats.practice_csv import read_practice
from greedy.generate.config import GeneratorConfig
from greedy.generate.people.population import staff_of
from greedy.generate.services import BLOCKING_RULES, LINES, MOST_ASKED, PAIRS, SERVICE_IDS, SERVICE_TYPES, UNITS, asked_of
from greedy.sample import SAMPLE_DIR


def _asked(**values: object) -> np.ndarray:
    config = GeneratorConfig(**{"size_spread": 0, **values})  # type: ignore[arg-type]
    return asked_of(config, staff_of(config, range(config.practices)))


def _shifts(asked: np.ndarray) -> np.ndarray:
    """Shifts of each practice, [P]."""
    return sum(asked[number].sum(axis=0) * len(line.services) for number, line in enumerate(LINES))  # type: ignore[return-value]


def test_the_catalogue_is_that_of_the_sample() -> None:
    sample = read_practice(SAMPLE_DIR)
    assert list(SERVICE_TYPES) == sample.service_types
    assert list(BLOCKING_RULES) == sample.service_blocking_rules
    assert [str(service.id) for service in sample.service_types] == list(SERVICE_IDS)


def test_pairs_and_units_are_told_by_the_catalogue() -> None:
    assert {SERVICE_TYPES[first].code: SERVICE_TYPES[second].code for first, second in PAIRS.items()} == {"DIO": "DIA", "DDO": "DDA"}
    assert [SERVICE_TYPES[unit].code for unit in UNITS] == ["DIO", "DDO", "OSP", "MSP", "ECH", "GRB", "RO"]


def test_a_duty_blocks_its_afternoon_and_the_next_morning_and_afternoon() -> None:
    for line in LINES:
        assert line.blocks == (((0, 1), (1, 0), (1, 1)) if line.code in ("DIO", "DDO") else ())


def test_system_services_are_planned_first() -> None:
    system = [SERVICE_TYPES[line.unit].is_system for line in LINES]
    assert system == sorted(system, reverse=True)


def test_a_usual_practice_asks_for_what_the_sample_asks_for() -> None:
    sample = read_practice(SAMPLE_DIR)
    codes = {row.id: row.code for row in sample.service_types}
    expected: Counter[tuple[str, str]] = Counter()
    for row in sample.roster_period_staffing_dagdelen:
        expected[codes[row.service_id], row.team] += row.required
    asked = _asked(practices=50, employees=50 * 14)
    assert set(_shifts(asked)) <= {225, 226, 227, 228, 229}  # 227, and what is asked for less than daily may fall on other days
    for number, line in enumerate(LINES):
        assert set(asked[number].sum(axis=0)) <= {expected[line.code, line.team] + other for other in (-1, 0, 1)}


def test_demand_falls_on_its_days_of_the_week_alone() -> None:
    asked = _asked(practices=5, employees=5 * 30)
    for number, line in enumerate(LINES):
        days = {day % 7 for day in np.nonzero(asked[number].any(axis=1))[0].tolist()}
        assert days == set(line.weekdays)


@pytest.mark.parametrize(("employees", "demand"), [(7, 1), (14, 0.5), (28, 1), (14, 2), (3, 0.7)])
def test_demand_follows_size_and_multiplier(employees: int, demand: float) -> None:
    shifts = _shifts(_asked(practices=200, employees=200 * employees, demand=demand))
    assert abs(shifts.mean() / (227 * employees / 14 * demand) - 1) < 0.02


def test_demand_is_spread_evenly() -> None:
    asked = _asked(practices=20, employees=20 * 21, weeks=8)  # one and a half as much as in a usual practice
    daily = asked[0]  # DIO
    assert set(daily.ravel().tolist()) == {1, 2}
    weekly = daily.reshape(8, 7, -1).sum(axis=1)
    assert weekly.min() >= 10
    assert weekly.max() <= 11


def test_no_day_asks_for_more_than_the_database_allows() -> None:
    assert _asked(employees=1000).max() == MOST_ASKED


def test_what_a_practice_asks_for_does_not_depend_on_its_neighbours() -> None:
    config = GeneratorConfig(practices=6, employees=60, seed=3)
    together = asked_of(config, staff_of(config, range(6)))
    for number in range(6):
        assert np.array_equal(together[:, :, [number]], asked_of(config, staff_of(config, range(number, number + 1))))
