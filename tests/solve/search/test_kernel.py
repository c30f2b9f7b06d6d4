"""The one-employee kernel against every schedule there is."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest

from greedy.solve.search.counted import legal_schedule
from greedy.solve.search.instance import Instance, scratch_for
from greedy.solve.search.kernel import (
    FORBIDDEN,
    HALF,
    MAX_RUN,
    MAX_UNITS,
    MIN_OFF,
    MIN_RUN,
    MIN_UNITS,
    OFF,
    WEEKENDS,
    best_schedule,
)
from tests.solve.search.build import is_legal, legal_plans, price_of

STATES = 20_000


def one_employee(chance: Random) -> Instance:
    """Arrays of one employee, anything in them."""
    kinds = chance.randint(1, 3)
    days = chance.randint(1, (8, 8, 6)[kinds - 1])
    cost = np.array([[chance.randint(-40, 15) for _ in range(kinds)] for _ in range(days)], np.int32)
    for day in range(days):
        for service in range(kinds):
            if chance.random() < 0.15:
                cost[day, service] = FORBIDDEN
    able = np.array(chance.sample(range(kinds), chance.randint(1, kinds)), np.int32)
    cost[:, [s for s in range(kinds) if s not in able]] = FORBIDDEN
    limits = np.zeros(6, np.int32)
    limits[MAX_RUN] = chance.choice((days, days, 1, 2, 3, 0))
    limits[MIN_RUN], limits[MIN_OFF] = chance.choice((1, 2, 3)), chance.choice((1, 1, 2, 3, 9))
    limits[WEEKENDS] = chance.choice((0, 1, 3))
    extra = np.array([chance.choice((0, 0, 1, 3)) for _ in range(kinds)], np.int32)
    unit = chance.choice((1, 2, 5))
    limits[MIN_UNITS] = chance.choice((0, 0, unit, 2 * unit + 1, 4 * unit))
    limits[MAX_UNITS] = chance.choice((days * (unit + 3), int(limits[MIN_UNITS]) + 2 * unit, int(limits[MIN_UNITS])))
    blank = np.zeros((days, kinds), np.int32)
    return Instance(
        cost=cost[None],
        must=np.array([[chance.random() < 0.08 for _ in range(days)]]),
        wanted=blank,
        under=blank,
        over=blank,
        services=able[None],
        service_count=np.array([len(able)], np.int32),
        most=np.array([[chance.choice((-1, -1, 0, 1, 2)) for _ in range(kinds)]], np.int32),
        limits=limits[None],
        follows=np.array([[chance.random() < 0.75 for _ in range(kinds)] for _ in range(kinds)]),
        extra=extra,
        unit=unit,
        weekday0=chance.randrange(7),
        scale=1,
        constant=0,
    )


def schedule(one: Instance, *, exact_states: int) -> tuple[int, int, list[int]]:
    """Cost, floor and plan of `legal_schedule`; the prices must come back as they were."""
    price, plan = one.cost[0].copy(), np.full(one.shape[1], OFF, np.int8)
    cost, floor = legal_schedule(
        price,
        one.services[0],
        one.follows,
        one.extra,
        one.unit,
        one.limits[0],
        one.weekday0,
        one.most[0],
        one.must[0],
        exact_states,
        scratch_for(one, STATES),
        plan,
    )
    assert (price == one.cost[0]).all()
    return int(cost), int(floor), plan.tolist()


@pytest.mark.parametrize("seed", range(6))
def test_the_best_schedule_is_the_best_of_all(seed: int) -> None:
    chance = Random(seed)
    found = 0
    for _ in range(50):
        one = one_employee(chance)
        counted = [s for s in range(one.shape[2]) if one.most[0, s] >= 0][:2]  # the kernel itself counts two services, by name
        one.most[0, [s for s in range(one.shape[2]) if s not in counted]] = -1
        service1, service2 = (*counted, -1, -1)[:2]
        plan = np.full(one.shape[1], OFF, np.int8)
        cost = best_schedule(
            one.cost[0],
            one.services[0],
            one.follows,
            one.extra,
            one.unit,
            one.limits[0],
            one.weekday0,
            service1,
            int(one.most[0, service1]) if service1 >= 0 else -1,  # of the type of -1: for each other type it is compiled once more
            service2,
            int(one.most[0, service2]) if service2 >= 0 else -1,
            one.must[0],
            scratch_for(one, STATES),
            plan,
        )
        every = [price_of(one.cost[0], legal) for legal in legal_plans(one, 0)]
        if not every:
            assert cost >= HALF
            continue
        found += 1
        assert is_legal(one, 0, plan.tolist())
        assert price_of(one.cost[0], plan.tolist()) == cost == min(every)
    assert found > 10


@pytest.mark.parametrize("seed", range(3))
def test_counts_of_services_hold_and_the_floor_lies_below_the_best(seed: int) -> None:
    chance = Random(100 + seed)
    kept_cheapest = 0
    for _ in range(60):
        one = one_employee(chance)
        every = [price_of(one.cost[0], legal) for legal in legal_plans(one, 0)]
        best = min(every, default=int(HALF))
        cost, floor, plan = schedule(one, exact_states=STATES)
        hasty, low, hasty_plan = schedule(one, exact_states=0)
        if not every:
            assert min(cost, hasty) >= HALF
            continue
        assert low <= floor <= best <= min(cost, hasty)
        for found, of in ((cost, plan), (hasty, hasty_plan)):
            if found < HALF:
                assert is_legal(one, 0, of)
                assert price_of(one.cost[0], of) == found
        kept_cheapest += hasty > low
        if sum(most >= 0 for most in one.most[0].tolist()) <= 2:
            assert cost == floor == best
    assert kept_cheapest
