"""Planted solutions are legal, fill the best number of shifts, and nobody can fill more."""

from __future__ import annotations

import datetime as dt
import hashlib
import re
from collections import Counter
from dataclasses import fields, replace
from decimal import ROUND_HALF_UP, Decimal

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greedy.errors import InputError
from greedy.formats.between_rows import faults_between_rows
from greedy.formats.practice import to_problem
from greedy.generate.config import GeneratorConfig
from greedy.generate.people.population import staff_of
from greedy.generate.planting.filling import NOTHING, fill
from greedy.generate.planting.planting import Planting, plant
from greedy.generate.planting.rows import planted_batches
from greedy.generate.practice import generated
from greedy.generate.services import LINES, NUMBER_OF, SERVICE_TYPES, UNITS, asked_of
from greedy.generate.staff import Staff
from greedy.model.coverage import coverage
from greedy.model.problem import Problem
from greedy.model.rules import check
from tests.generate.planted import planted_roster

configs = st.builds(
    GeneratorConfig,
    practices=st.just(3),
    employees=st.integers(3, 50),
    weeks=st.integers(1, 5),
    seed=st.integers(0, 2**63 - 1),
    size_spread=st.floats(0, 1),
    demand=st.floats(0.01, 1),
    tightness=st.one_of(st.just(1.0), st.floats(0.1, 1)),
    shortage=st.one_of(st.just(0.0), st.just(1.0), st.floats(0, 1)),
    leave=st.floats(0, 1),
    illness=st.floats(0, 1),
)


def _planted(config: GeneratorConfig) -> tuple[Staff, Planting]:
    staff = staff_of(config, range(config.practices))
    return staff, plant(config, staff)


def _most(problem: Problem) -> int:
    """A bound on what any roster fills: of no service more than is asked for, or than all capabilities for it together."""
    asked, can = Counter[int](), Counter[int]()
    for demand in problem.demand:
        asked[demand.service] += demand.required
    for (_, service), times in problem.capabilities.items():
        can[service] += times
    return sum(min(asked[service], can[service]) for service in asked)


@given(configs)
@settings(max_examples=20)
def test_planted_solutions_are_legal_and_nobody_can_do_better(config: GeneratorConfig) -> None:
    for number in range(config.practices):
        practice = generated(config, number)
        assert list(faults_between_rows(practice.tables)) == []
        problem = to_problem(practice.tables, limit_worked_days=True)
        roster = planted_roster(practice, problem)
        assert check(problem, roster) == []
        assert problem.required == practice.known.required
        assert sum(coverage(problem, roster).assigned) == practice.known.best == len(practice.planted) == _most(problem)
        assert sum(problem.capabilities.values()) == practice.known.capacity
        used = Decimal(practice.known.best) / practice.known.capacity if practice.known.capacity else Decimal(1)
        assert practice.known.tightness == used.quantize(Decimal("0.01"), ROUND_HALF_UP)


def test_without_shortage_everything_is_filled() -> None:
    _, planting = _planted(GeneratorConfig(practices=30, employees=400, seed=1))
    assert planting.required.tolist() == planting.best.tolist()
    assert planting.required.min() > 100


@pytest.mark.parametrize("tightness", [0.5, 0.8, 0.92, 1.0])
def test_the_planted_solution_takes_its_share_of_the_capabilities(tightness: float) -> None:
    _, planting = _planted(GeneratorConfig(practices=40, employees=560, tightness=tightness))
    used = planting.best / planting.capabilities.capacity
    assert np.all(used >= tightness)
    assert used.max() < tightness + 0.02


def test_at_full_tightness_each_may_work_what_she_works_and_no_more() -> None:
    _, planting = _planted(GeneratorConfig(practices=10, employees=140, tightness=1))
    worked = np.stack([(planting.content == service).sum(axis=(2, 3)) for service in range(len(SERVICE_TYPES))], axis=2)
    assert np.array_equal(planting.capabilities.times * planting.capabilities.active, worked)


def test_room_falls_to_many_and_to_both_halves_of_a_pair_alike() -> None:
    _, planting = _planted(GeneratorConfig(practices=10, employees=140, tightness=0.5))
    times = planting.capabilities.times
    worked = np.stack([(planting.content == service).sum(axis=(2, 3)) for service in range(len(SERVICE_TYPES))], axis=2)
    room = (times - worked) * planting.capabilities.active
    assert room.min() >= 0
    assert np.array_equal(times[:, :, NUMBER_OF["DIO"]], times[:, :, NUMBER_OF["DIA"]])
    assert np.array_equal(times[:, :, NUMBER_OF["DDO"]], times[:, :, NUMBER_OF["DDA"]])
    for unit in UNITS:
        able = planting.capabilities.active[:, :, unit]
        for practice in range(10):
            shares = room[practice, able[practice], unit]
            assert shares.max() - shares.min() <= 1


def test_some_are_qualified_but_not_this_time_and_some_not_at_all() -> None:
    _, planting = _planted(GeneratorConfig(practices=40, employees=560))
    given_, times, active = (getattr(planting.capabilities, field.name) for field in fields(planting.capabilities))
    assert np.any(given_ & active & (times == 0))
    assert np.any(given_ & ~active & (times > 0))
    assert not np.any(~given_ & (times > 0))
    assert not np.any(~given_ & active)
    assert 0.5 < given_.mean() < 0.95


@pytest.mark.parametrize("shortage", [0.02, 0.1, 0.5, 1.0])
def test_a_shortage_is_the_share_that_nobody_can_fill(shortage: float) -> None:
    _, planting = _planted(GeneratorConfig(practices=60, employees=840, shortage=shortage))
    missing = planting.required - planting.best
    assert abs(missing.sum() / planting.required.sum() - shortage) < 0.005
    assert np.all(missing <= np.ceil(planting.required * shortage))


def test_a_shortage_leaves_the_demand_as_it_was() -> None:
    full = _planted(GeneratorConfig(practices=10, employees=140, seed=5))[1]
    short = _planted(GeneratorConfig(practices=10, employees=140, seed=5, shortage=0.2))[1]
    assert np.array_equal(full.demand, short.demand)
    left = short.content != NOTHING
    assert np.array_equal(short.content[left], full.content[left])


def test_practices_are_short_of_different_services() -> None:
    _, planting = _planted(GeneratorConfig(practices=60, employees=840, shortage=0.05))
    filled = np.stack([(planting.content == service).sum(axis=(1, 2, 3)) for service in range(len(SERVICE_TYPES))], axis=1)
    short = planting.demand.sum(axis=(1, 3)) > filled
    assert short.any(axis=0).all()
    assert 1 <= short.sum(axis=1).mean() < 3


def test_a_practice_is_the_same_whatever_is_planted_beside_it() -> None:
    config = GeneratorConfig(practices=9, employees=100, size_spread=0.9, seed=11, shortage=0.1)

    def rows(practices: range) -> dict[str, list[tuple[object, ...]]]:
        staff = staff_of(config, practices)
        return {batch.table.name: list(zip(*batch.columns, strict=True)) for batch in planted_batches(config, staff, plant(config, staff))}

    together = rows(range(9))
    parts = [rows(practices) for practices in (range(2), range(2, 3), range(3, 9))]
    assert together == {name: [row for part in parts for row in part[name]] for name in together}


def test_another_seed_gives_another_roster() -> None:
    first, second = (_planted(GeneratorConfig(seed=seed, size_spread=0))[1].content for seed in (1, 2))
    assert not np.array_equal(first, second)


def test_work_is_shared_by_how_many_days_each_may_work() -> None:
    staff, planting = _planted(GeneratorConfig(practices=50, employees=700, leave=0, illness=0))
    days = (planting.content != NOTHING).any(axis=3).sum(axis=2)
    assert np.all(days <= staff.work_days)
    share = days[staff.there] / staff.work_days[staff.there]
    assert share.std() < 0.1
    assert share.min() > 0.3


def test_nobody_works_duties_all_the_time() -> None:
    """Also those who are able to do little else."""
    staff, planting = _planted(GeneratorConfig(practices=50, employees=700, leave=0, illness=0))
    duties = np.isin(planting.content[:, :, :, 0], [NUMBER_OF["DIO"], NUMBER_OF["DDO"]]).sum(axis=2)
    assert duties[staff.there].mean() > 3
    assert duties.max() <= 12


def test_the_same_seed_gives_the_same_bytes_on_every_platform() -> None:
    config = GeneratorConfig(practices=3, employees=40, seed=2026, shortage=0.05)
    staff = staff_of(config, range(3))
    rows = [row for batch in planted_batches(config, staff, plant(config, staff)) for row in zip(*batch.columns, strict=True)]
    text = "\n".join(";".join(str(value) for value in row) for row in rows)
    assert hashlib.sha256(text.encode()).hexdigest() == "4f72a3b06b8ef802688dd1de7b039708dc8a85bf1241bb88c6fe1c6dfde63717"


def test_roster_rows_tell_weeks_and_practice() -> None:
    roster = generated(GeneratorConfig(practices=3, first_day=dt.date(2026, 12, 21), weeks=3), 2).tables.roster
    assert roster.naam == "Rooster 2026-W52 t/m 2027-W01, praktijk 2"
    assert (roster.start_date, roster.end_date) == (dt.date(2026, 12, 21), dt.date(2027, 1, 10))


def test_demand_rows_stand_only_where_somebody_is_asked_for() -> None:
    config = GeneratorConfig(practices=4)
    rows = [row for number in range(4) for row in generated(config, number).tables.roster_period_staffing_dagdelen]
    assert min(row.required for row in rows) > 0
    statuses = Counter(row.status for row in rows)
    assert set(statuses) == {"MOET", "MAG", "AANGEPAST"}
    assert statuses["MOET"] > 0.9 * len(rows)


def test_demand_of_one_service_weighs_the_same_on_all_days() -> None:
    """Otherwise a roster that leaves the lightest demand open could fill fewer shifts than the best."""
    config = GeneratorConfig(practices=4, employees=480, seed=1, shortage=0.3)
    for number in range(4):
        weights: dict[int, set[int]] = {}
        for demand in to_problem(generated(config, number).tables).demand:
            weights.setdefault(demand.service, set()).add(demand.weight_under)
        assert all(len(of_service) == 1 for of_service in weights.values())


# What cannot be.


@pytest.mark.parametrize(
    "config", [{"demand": 10}, {"demand": 6, "employees": 1}, {"demand": 2.5, "practices": 20}, {"demand": 4, "weeks": 1}]
)
def test_more_demand_than_people_can_work_is_refused_with_the_numbers(config: dict[str, float]) -> None:
    asks_too_much = GeneratorConfig(**config)  # type: ignore[arg-type]
    error = _refusal(asks_too_much, range(asks_too_much.practices))
    assert error is not None
    assert re.fullmatch(
        rf"demand {asks_too_much.demand:g}: practice 0 asks for \d+ shifts, and its \d+ employees? can work about \d+ in [15] weeks?",
        error.message,
    )
    advised = _advised(error)
    assert 1 <= advised < asks_too_much.demand
    assert _refusal(asks_too_much.model_copy(update={"demand": advised}), range(asks_too_much.practices)) is None


def test_the_first_practice_that_asks_too_much_is_named_and_the_advice_fits_all() -> None:
    config = GeneratorConfig(practices=12, employees=120, demand=1.9, seed=3)
    assert _refusal(config, range(1)) is None
    alone, together = _refusal(config, range(1, 2)), _refusal(config, range(12))
    assert alone is not None
    assert together is not None
    assert (alone.message, alone.next_step) == (together.message, together.next_step)
    assert _refusal(config.model_copy(update={"demand": _advised(alone)}), range(12)) is None


def _refusal(config: GeneratorConfig, practices: range) -> InputError | None:
    try:
        plant(config, staff_of(config, practices))
    except InputError as error:
        return error
    return None


def _advised(error: InputError) -> float:
    return float(str(error.next_step).removeprefix("ask for a demand of at most "))


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_small_practices_are_never_refused_at_the_usual_demand(size: int) -> None:
    _, planting = _planted(GeneratorConfig(practices=500, employees=500 * size, leave=1, illness=1))
    assert planting.required.tolist() == planting.best.tolist()


# The planning itself.


def _staff(employees: int, days: int, *, work_days: int = 99) -> Staff:
    """One practice of Groen and Oranje in turn, never absent."""
    monday = dt.date(2026, 1, 5)
    return Staff(
        practices=np.array([0]),
        there=np.ones((1, employees), np.bool_),
        employee_ids=np.array([[f"E{number}" for number in range(employees)]], object),
        team=np.arange(employees)[None] % 2,
        work_days=np.full((1, employees), work_days),
        absent=np.zeros((1, employees, days, 3), np.bool_),
        days=[monday + dt.timedelta(days=day) for day in range(days)],
        practice_ids=["p"],
        roster_ids=["r"],
    )


def _all_able(staff: Staff) -> np.ndarray:
    return np.ones((*staff.there.shape, len(SERVICE_TYPES)), np.bool_)


def _line(code: str, team: str) -> int:
    (number,) = (number for number, line in enumerate(LINES) if (line.code, line.team) == (code, team))
    return number


def _asking(days: int, **asked: list[int]) -> np.ndarray:
    """Units by line and day of one practice: DIO_TOT=[1, 0, 1]."""
    units = np.zeros((len(LINES), days, 1), np.int64)
    for name, amounts in asked.items():
        code, team = name.split("_")
        units[_line(code, team), : len(amounts), 0] = amounts
    return units


def test_a_duty_takes_both_halves_and_its_rest() -> None:
    staff = _staff(1, 3)
    filled = fill(0, staff, _all_able(staff), _asking(3, DIO_TOT=[1, 0, 0], OSP_GRO=[1, 1, 1], MSP_GRO=[1, 1, 1]))
    codes = [[None if service == NOTHING else SERVICE_TYPES[service].code for service in day] for day in filled.content[0, 0].tolist()]
    assert codes == [["DIO", None, "DIA"], [None, None, None], ["OSP", "MSP", None]]


def test_what_a_day_cannot_staff_is_asked_for_later_one_more_a_day() -> None:
    staff = _staff(4, 5)
    staff.absent[0, :, :2] = True
    asked = _asking(5, ECH_TOT=[1, 1, 1, 0, 0])
    filled = fill(0, staff, _all_able(staff), asked)
    assert filled.planned[_line("ECH", "TOT"), :, 0].tolist() == [0, 0, 2, 1, 0]


def test_nobody_works_more_days_than_she_may_but_twice_a_day_if_need_be() -> None:
    staff = _staff(2, 5, work_days=2)
    filled = fill(0, staff, _all_able(staff), _asking(5, OSP_GRO=[1] * 5, MSP_GRO=[1] * 5))
    assert (filled.content[0, 0] != NOTHING).any(axis=1).sum() == 2
    assert (filled.content[0, 0] != NOTHING).sum() == 4
    assert not (filled.content[0, 1] != NOTHING).any()  # Oranje never serves Groen


def test_only_who_is_able_is_planned() -> None:
    staff = _staff(6, 5)
    able = _all_able(staff)
    able[0, [0, 1, 2, 4, 5], NUMBER_OF["ECH"]] = False
    filled = fill(0, staff, able, _asking(5, ECH_TOT=[2] * 5))
    assert (filled.content[0] == NUMBER_OF["ECH"]).sum(axis=(1, 2)).tolist() == [0, 0, 0, 5, 0, 0]


def test_duties_go_round() -> None:
    staff = _staff(7, 7)
    filled = fill(0, staff, _all_able(staff), _asking(7, DIO_TOT=[1] * 7))
    assert (filled.content[0] == NUMBER_OF["DIO"]).sum(axis=(1, 2)).tolist() == [1] * 7


def test_work_of_one_kind_goes_round_among_those_who_work_equally_much() -> None:
    staff = replace(_staff(2, 10), team=np.zeros((1, 2), np.int64))
    filled = fill(0, staff, _all_able(staff), _asking(10, ECH_TOT=[1] * 5 + [0] * 2 + [1] * 3, OSP_GRO=[1] * 5 + [0] * 2 + [1] * 3))
    assert (filled.content[0] == NUMBER_OF["ECH"]).sum(axis=(1, 2)).tolist() == [4, 4]
    assert (filled.content[0] == NUMBER_OF["OSP"]).sum(axis=(1, 2)).tolist() == [4, 4]


def test_a_duty_is_not_given_to_whoever_works_in_a_slot_that_it_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever the order of the lines, and whatever the rules say."""
    staff = _staff(2, 1)
    afternoon_first = (LINES[_line("MSP", "GRO")], LINES[_line("DIO", "TOT")])
    monkeypatch.setattr("greedy.generate.planting.filling.LINES", afternoon_first)
    filled = fill(0, staff, _all_able(staff), np.array([[[1]], [[2]]]))
    assert filled.planned[:, 0, 0].tolist() == [1, 1]
    assert filled.content[0, :, 0, 1].tolist() == [NUMBER_OF["MSP"], NOTHING]
    assert filled.content[0, :, 0, 0].tolist() == [NOTHING, NUMBER_OF["DIO"]]


def test_who_has_nothing_to_do_on_a_whole_roster_is_planned_for_nothing() -> None:
    staff = replace(_staff(3, 7), work_days=np.zeros((1, 3), np.int64))
    filled = fill(0, staff, _all_able(staff), asked_of(GeneratorConfig(), staff))
    assert not filled.planned.any()
    assert (filled.content == NOTHING).all()
