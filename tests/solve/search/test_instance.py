"""What the search carries, it carries faithfully; what it cannot carry, it refuses."""

from __future__ import annotations

import itertools
from dataclasses import replace
from random import Random
from typing import Any

import numpy as np
import pytest

from greedy.model.law import WorkingTime
from greedy.model.limits import Limit, Quantity
from greedy.model.objective import costs
from greedy.model.problem import Assignment, BlockingRule, Demand, Employee, Problem, Service, Slot
from greedy.model.roster import Roster
from greedy.model.rules import check
from greedy.model.wishes import Request, Wish, WishKind
from greedy.solve.search.instance import cost_of, to_instance, to_plans, to_roster
from greedy.solve.search.kernel import OFF
from greedy.solve.search.kind import supports
from tests.solve.search.build import DAY, any_problem, is_legal, one_daypart, schedules


@pytest.mark.parametrize("seeds", [range(40), range(40, 80)], ids=str)
def test_a_schedule_is_legal_in_the_arrays_when_and_only_when_it_is_in_the_model(seeds: range) -> None:
    both = [0, 0]
    for seed in seeds:
        problem = any_problem(seed, staff=1, most_days=5, most_services=2)
        if not supports(problem):
            continue
        instance = to_instance(problem)
        for plan in schedules(problem.day_count, range(len(problem.services))):
            plans = np.array([plan], np.int8)
            legal = check(problem, to_roster(plans)) == []
            assert legal == is_legal(instance, 0, plan), (seed, plan)
            both[legal] += 1
    assert min(both) > 30


@pytest.mark.parametrize("seeds", [range(60)], ids=str)
def test_arrays_cost_what_the_model_says_and_rosters_come_back(seeds: range) -> None:
    looked_at = 0
    for seed in seeds:
        problem, chance = any_problem(seed, pinned=False), Random(seed)
        assert supports(problem)
        instance = to_instance(problem)
        able = [instance.services[e, : instance.service_count[e]].tolist() for e in range(len(problem.employees))]
        for _ in range(15):
            plans = np.array([[chance.choice((int(OFF), *row)) for _ in range(problem.day_count)] for row in able], np.int8)
            plans[
                np.array([[s != OFF and instance.cost[e, d, s] >= 1 << 20 for d, s in enumerate(row)] for e, row in enumerate(plans)])
            ] = OFF
            roster = to_roster(plans)
            assert (to_plans(instance, roster) == plans).all()
            assert cost_of(instance, plans) == costs(problem, roster).get(0, 0)
            looked_at += bool(roster.assignments)
    assert looked_at > 500


def test_costs_beyond_32_bits_are_added() -> None:
    row = Demand(0, 0, 0, 3_000_000, 20_000, 3_000_002)
    problem = one_daypart(row, staff=1, days=1, minutes=(DAY,))
    assert supports(problem)
    instance = to_instance(problem)
    assert cost_of(instance, np.full((1, 1), OFF, np.int8)) == costs(problem, Roster.of(())).get(0) == 60_000_000_000


def test_services_that_take_no_time_are_carried() -> None:
    problem = one_daypart(minutes=(0, 0), days=2)
    assert supports(problem)
    instance = to_instance(problem)
    for plan in itertools.product((-1, 0, 1), repeat=2):
        assert is_legal(instance, 0, plan)


HALVES = (Service("a", "A", 0, DAY, second_half=1), Service("b", "B", 1, DAY))
TWO_TEAMS = (Employee("E0", "Anna", "Groen"), Employee("E1", "Bob", "Oranje"))
EVERY_DAY = tuple(Demand(d, 0, 0, 1, 1, 2) for d in range(4))
REFUSED: dict[str, dict[str, Any]] = {
    "two dayparts": {"dayparts": ("O", "M")},
    "a pair": {"dayparts": ("O", "M"), "services": HALVES},
    "blocking": {"blocking_rules": (BlockingRule(0, 1, 0),)},
    "a wish": {"wishes": (Wish(WishKind.VARIETY),)},
    "days of history": {"history_days": 1},
    "enforced law": {"working_time": WorkingTime(enforce=True)},
    "nobody": {"employees": (), "capabilities": {}},
    "no demand": {"demand": ()},
    "a request of later priority": {"requests": (Request(0, 0, True, 1, 0, priority=1),)},
    "a request for any work": {"requests": (Request(0, 0, True, 1),)},
    "two rows of a cell": {"demand": (Demand(0, 0, 0, 1, 1, 2), Demand(0, 0, 0, 1, 1, 2))},
    "a team that may not serve": {"employees": TWO_TEAMS},
    "a maximum below the staff": {"demand": (Demand(0, 0, 0, 1, 1, 1),)},
    "a maximum that is missing": {"demand": (Demand(0, 0, 0, 1, 1),)},
    "weights beyond 32 bits": {"demand": (Demand(0, 0, 0, 1, 1 << 24, 2),)},
    "pinned work while unavailable": {"pinned": (Assignment(0, 0, 0),), "unavailable": frozenset({Slot(0, 0, 0)})},
    "pinned work while blocked": {"pinned": (Assignment(0, 0, 0),), "blocked": frozenset({Slot(0, 0, 0)})},
    "pinned work that nobody asked for": {"pinned": (Assignment(0, 0, 1),), "demand": EVERY_DAY},
    "pinned work beyond a capability": {
        "pinned": (Assignment(0, 0, 0), Assignment(0, 2, 0)),
        "capabilities": {(0, 0): 1, (0, 1): 9, (1, 0): 9},
    },
    "pinned work without a capability": {"pinned": (Assignment(0, 0, 0),), "capabilities": {(0, 1): 9, (1, 0): 9}},
    "pinned work twice a day": {"pinned": (Assignment(0, 0, 0), Assignment(0, 0, 1))},
    "pinned work in a forbidden row": {
        "pinned": (Assignment(0, 0, 0), Assignment(0, 1, 1)),
        "services": (Service("a", "A", 0, DAY, forbidden_successors=frozenset({1})), Service("b", "B", 0, DAY)),
    },
    "a year without limits of runs": {
        "day_count": 364,
        "services": (Service("a", "A", 0, 481), Service("b", "B", 0, DAY)),
    },
}  # fmt: skip
LIMITS_REFUSED: dict[str, Limit] = {
    "soft": Limit(Quantity.CONSECUTIVE_DAYS, 0, maximum=2, weight=1),
    "from a later day on": Limit(Quantity.MINUTES, 0, maximum=DAY, first_day=1),
    "to an earlier day": Limit(Quantity.MINUTES, 0, maximum=DAY, last_day=2),
    "days": Limit(Quantity.DAYS, 0, maximum=2),
    "rest": Limit(Quantity.REST_MINUTES, 0, minimum=660),
    "shifts of all services": Limit(Quantity.SHIFTS, 0, maximum=2),
    "shifts of no service": Limit(Quantity.SHIFTS, 0, maximum=2, services=frozenset()),
    "least shifts of a service": Limit(Quantity.SHIFTS, 0, minimum=1, services=frozenset({0})),
    "minutes of a service": Limit(Quantity.MINUTES, 0, maximum=DAY, services=frozenset({0})),
    "least weekends": Limit(Quantity.WEEKENDS, 0, minimum=1),
    "longest rest": Limit(Quantity.CONSECUTIVE_DAYS_OFF, 0, maximum=2),
}


def test_the_plain_problem_is_carried() -> None:
    assert supports(one_daypart())


@pytest.mark.parametrize("why", REFUSED)
def test_what_cannot_be_carried_is_refused(why: str) -> None:
    assert not supports(replace(one_daypart(), **REFUSED[why]))


@pytest.mark.parametrize("why", LIMITS_REFUSED)
def test_limits_that_cannot_be_carried_are_refused(why: str) -> None:
    assert not supports(replace(one_daypart(), limits=(LIMITS_REFUSED[why],)))


def test_shifts_of_two_services_together_are_refused() -> None:
    both = Limit(Quantity.SHIFTS, 0, maximum=1, services=frozenset({0, 1}))
    assert not supports(one_daypart(minutes=(DAY, DAY, DAY), limits=(both,)))


@pytest.mark.parametrize(
    "limit",
    [
        Limit(Quantity.SHIFTS, 0, maximum=1, services=frozenset({0})),
        Limit(Quantity.MINUTES, 0, DAY, 3 * DAY),
        Limit(Quantity.WEEKENDS, 0, maximum=1),
        Limit(Quantity.CONSECUTIVE_DAYS, 0, 2, 3),
        Limit(Quantity.CONSECUTIVE_DAYS_OFF, 0, 2, last_day=3),
    ],
    ids=lambda limit: str(limit.quantity),
)
def test_limits_of_benchmarks_are_carried(limit: Limit) -> None:
    assert supports(one_daypart(limits=(limit,)))


def test_pinned_work_within_the_rules_stays() -> None:
    problem: Problem = one_daypart(pinned=(Assignment(1, 2, 1),))
    assert supports(problem)
    instance = to_instance(problem)
    assert is_legal(instance, 1, (0, -1, 1, 0))
    assert not is_legal(instance, 1, (0, -1, 0, 0))
    assert not is_legal(instance, 1, (0, -1, -1, 0))


def test_a_service_is_forbidden_after_another_and_not_before_it() -> None:
    services = (Service("a", "A", 0, DAY, forbidden_successors=frozenset({1})), Service("b", "B", 0, DAY))
    instance = to_instance(one_daypart(days=2, services=services))
    assert not is_legal(instance, 0, (0, 1))
    assert is_legal(instance, 0, (1, 0))
