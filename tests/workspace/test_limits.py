"""Limits hold work back where it would exceed them, and nowhere else."""

from __future__ import annotations

from dataclasses import replace

import pytest

from greedy.model.limits import Limit, Quantity
from greedy.model.problem import Assignment, Demand, Service
from greedy.model.result import Obstacle
from greedy.workspace import Workspace
from tests.build import DIA, DIO, EVENING, MIDDAY, MORNING, MSP, OSP, TOT, problem

WEEK = tuple(Demand(day, service, TOT, 1) for day in range(9) for service in (OSP, MSP))


def asked(
    limit: Limit, day: int, service: int = OSP, *, works: tuple[tuple[int, int], ...] = (), history: tuple[int, ...] = ()
) -> Obstacle | None:
    """What stands in the way of a shift of a problem of nine days from a Monday, when she works `works` already."""
    one = problem(*WEEK, days=9, limits=(limit,))
    one = replace(one, history=tuple(Assignment(0, at, OSP) for at in history), history_days=7 if history else 0)
    workspace = Workspace(one)
    for at, what in works:
        workspace.place(0, one.demand.index(Demand(at, what, TOT, 1)))
    return workspace.obstacle(0, one.demand.index(Demand(day, service, TOT, 1)))


@pytest.mark.parametrize(
    ("limit", "works", "day", "reached"),
    [
        (Limit(Quantity.SHIFTS, 0, maximum=1), (), 0, False),
        (Limit(Quantity.SHIFTS, 0, maximum=1), ((0, OSP),), 1, True),
        (Limit(Quantity.SHIFTS, 0, maximum=1, services=frozenset({MSP})), ((0, MSP),), 1, False),
        (Limit(Quantity.SHIFTS, 0, maximum=1, first_day=1, last_day=2), ((0, OSP),), 1, False),
        (Limit(Quantity.SHIFTS, 0, maximum=1, first_day=1, last_day=2), ((1, OSP),), 2, True),
        (Limit(Quantity.SHIFTS, 0, maximum=1, first_day=1, last_day=2), ((1, OSP),), 3, False),
        (Limit(Quantity.SHIFTS, 0, maximum=1, weight=5), ((0, OSP),), 1, False),
        (Limit(Quantity.SHIFTS, 0, maximum=1, minimum=1), ((0, OSP),), 1, True),
        (Limit(Quantity.MINUTES, 0, maximum=540), ((0, MSP),), 0, False),
        (Limit(Quantity.MINUTES, 0, maximum=539), ((0, MSP),), 0, True),
        (Limit(Quantity.DAYS, 0, maximum=1), ((0, MSP),), 0, False),
        (Limit(Quantity.DAYS, 0, maximum=1), ((0, MSP),), 1, True),
        (Limit(Quantity.WEEKENDS, 0, maximum=0), (), 4, False),
        (Limit(Quantity.WEEKENDS, 0, maximum=0), (), 5, True),
        (Limit(Quantity.WEEKENDS, 0, maximum=1), ((5, OSP),), 6, False),
        (Limit(Quantity.CONSECUTIVE_DAYS, 0, maximum=2), ((0, OSP), (1, OSP)), 2, True),
        (Limit(Quantity.CONSECUTIVE_DAYS, 0, maximum=2), ((0, OSP), (2, OSP)), 1, True),
        (Limit(Quantity.CONSECUTIVE_DAYS, 0, maximum=2), ((0, OSP), (1, MSP)), 1, False),
        (Limit(Quantity.CONSECUTIVE_DAYS, 0, maximum=2), ((0, OSP), (1, OSP)), 3, False),
        (Limit(Quantity.CONSECUTIVE_DAYS_OFF, 0, minimum=2), ((3, OSP),), 5, True),
        (Limit(Quantity.CONSECUTIVE_DAYS_OFF, 0, minimum=2), ((3, OSP),), 6, False),
        (Limit(Quantity.CONSECUTIVE_DAYS_OFF, 0, minimum=2), ((3, OSP),), 4, False),
        (Limit(Quantity.CONSECUTIVE_DAYS_OFF, 0, minimum=2), (), 1, False),
        (Limit(Quantity.CONSECUTIVE_DAYS_OFF, 0, minimum=2), (), 7, False),
    ],
)  # fmt: skip
def test_a_limit_holds_back_from_its_value_on(limit: Limit, works: tuple[tuple[int, int], ...], day: int, reached: bool) -> None:
    assert asked(limit, day, works=works) in ((Obstacle.LIMIT_REACHED, Obstacle.DAY_LIMIT) if reached else (None,))


def test_the_history_counts_toward_runs_and_not_toward_totals() -> None:
    assert asked(Limit(Quantity.CONSECUTIVE_DAYS, 0, maximum=2), 0, history=(-2, -1)) is Obstacle.LIMIT_REACHED
    assert asked(Limit(Quantity.CONSECUTIVE_DAYS, 0, maximum=2), 0, history=(-1,)) is None
    assert asked(Limit(Quantity.CONSECUTIVE_DAYS_OFF, 0, minimum=2), 0, history=(-2,)) is Obstacle.LIMIT_REACHED
    assert asked(Limit(Quantity.SHIFTS, 0, maximum=1), 0, history=(-2, -1)) is None


def services(night: int) -> tuple[Service, ...]:
    early = Service("s-o", "EARLY", MORNING, 480, begin_minute=420)
    return (early, Service("s-m", "MID", MIDDAY, 240, begin_minute=780), Service("s-n", "NIGHT", EVENING, night, begin_minute=1380))


@pytest.mark.parametrize(("minimum", "obstacle"), [(60, None), (61, Obstacle.REST_TOO_SHORT)])
def test_rest_is_counted_across_midnight_in_both_directions(minimum: int, obstacle: Obstacle | None) -> None:
    early, _, night = range(3)  # the night ends at 06:00, the early shift begins at 07:00
    one = problem(Demand(0, night, TOT, 1), Demand(1, early, TOT, 1), services=services(420), blocking_rules=(),
                  capabilities={(0, 0): 9, (0, 2): 9}, limits=(Limit(Quantity.REST_MINUTES, 0, minimum=minimum),))  # fmt: skip
    for first, second in ((0, 1), (1, 0)):
        workspace = Workspace(one)
        workspace.place(0, first)
        assert workspace.obstacle(0, second) is obstacle


def test_services_that_cannot_follow_each_other() -> None:
    three = list(services(420))
    three[2] = replace(three[2], forbidden_successors=frozenset({0}))
    one = problem(Demand(0, 2, TOT, 1), Demand(1, 0, TOT, 1), Demand(2, 0, TOT, 1), Demand(1, 1, TOT, 1), services=tuple(three),
                  blocking_rules=(), capabilities={(0, 0): 9, (0, 1): 9, (0, 2): 9})  # fmt: skip
    workspace = Workspace(one)
    workspace.place(0, 0)
    assert [workspace.obstacle(0, row) for row in (1, 2, 3)] == [Obstacle.CANNOT_FOLLOW, None, None]
    assert workspace.neighbour_in_the_way(0, 1) == Assignment(0, 0, 2)
    workspace = Workspace(one)
    workspace.place(0, 1)
    assert workspace.obstacle(0, 0) is Obstacle.CANNOT_FOLLOW
    assert Workspace(replace(one, history=(Assignment(0, -1, 2),), history_days=1)).obstacle(0, 1) is None
    assert (
        Workspace(replace(one, demand=(Demand(0, 0, TOT, 1),), history=(Assignment(0, -1, 2),), history_days=1)).obstacle(0, 0) is not None
    )


def test_both_halves_of_a_pair_count() -> None:
    pair = problem(Demand(0, DIO, TOT, 1), Demand(0, DIA, TOT, 1), limits=(Limit(Quantity.SHIFTS, 0, maximum=1),))
    workspace = Workspace(pair)
    assert workspace.obstacle(0, 0) is Obstacle.LIMIT_REACHED
    assert workspace.limit_in_the_way(0, 0) == pair.limits[0]
    assert Workspace(replace(pair, limits=(Limit(Quantity.SHIFTS, 0, maximum=2),))).obstacle(0, 0) is None


def test_removing_gives_back_what_a_limit_counted() -> None:
    one = problem(*WEEK, days=9, limits=(Limit(Quantity.SHIFTS, 0, maximum=1), Limit(Quantity.CONSECUTIVE_DAYS, 0, minimum=2)))
    workspace = Workspace(one)
    workspace.place(0, 6)
    assert (workspace.obstacle(0, 0), workspace.breach(0)) == (Obstacle.LIMIT_REACHED, 1)
    workspace.remove(Assignment(0, 3, OSP))
    assert (workspace.obstacle(0, 0), workspace.breach(0)) == (None, 0)
