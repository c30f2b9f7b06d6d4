"""What each wish costs, and that it says where; the exact model counts the same."""

from __future__ import annotations

from dataclasses import replace

import pytest

from greedy.model.limits import Limit, Quantity
from greedy.model.objective import cost_items, costs
from greedy.model.problem import Assignment, Demand, Employee, Problem
from greedy.model.roster import Roster
from greedy.model.wish_costs import WISH_COSTS
from greedy.model.wishes import Request, Wish, WishKind
from greedy.solve.cpsat.wishes import WISHES
from tests.build import DIA, DIO, GRO, MSP, ORA, OSP, SERVICES, TOT, problem
from tests.solve.cpsat.twin import costs_by_model

STAFF = (
    Employee("A", "Anna", "Groen", preferred=frozenset({OSP})),
    Employee("B", "Bea", "Groen", senior=True),
    Employee("C", "Cor", "Oranje"),
)
NIGHT = (
    *SERVICES[:OSP],
    replace(SERVICES[OSP], begin_minute=1380, minutes=480, asks_seniority=True),
    replace(SERVICES[MSP], begin_minute=720),
)


def wished(kind: WishKind, **changes: object) -> Problem:
    rows = [Demand(day, service, TOT, 3, weight_under=0) for day in range(14) for service in (OSP, MSP)]
    fields = {"days": 14, "employees": STAFF, "capabilities": {(e, s): 9 for e in range(3) for s in range(4)}, **changes}
    return problem(*rows, wishes=(Wish(kind, weight=2, priority=4),), **fields)


# kind -> problem, work that costs nothing, work that costs, how many units, and what is said of the first
CASES = {
    WishKind.PREFERRED_SERVICES: (wished(WishKind.PREFERRED_SERVICES), [(0, 0, OSP), (1, 0, MSP)], [(0, 0, MSP), (0, 1, MSP)], 2, "Anna MSP 2025-11-24: prefers other services"),
    WishKind.EVEN_WEEKS: (
        wished(WishKind.EVEN_WEEKS), [(0, 0, OSP), (0, 1, OSP), (0, 7, OSP)], [(0, 0, OSP), (0, 1, OSP), (0, 2, OSP), (0, 3, OSP)], 4,
        "Anna works 4 of 4 shifts in the week of 2025-11-24",
    ),
    WishKind.SENIOR_FIRST: (wished(WishKind.SENIOR_FIRST, services=NIGHT), [(1, 0, OSP), (2, 0, MSP)], [(2, 0, OSP)], 1, "Cor OSP 2025-11-24: asks for a senior employee"),
    WishKind.TEAM_BALANCE: (
        wished(WishKind.TEAM_BALANCE), [(0, 0, OSP)], [(0, 0, OSP), (1, 0, OSP)], 1, "2025-11-24 O: Groen 2, Oranje 0",
    ),
    WishKind.VARIETY: (wished(WishKind.VARIETY), [(0, 0, OSP), (0, 1, MSP), (0, 2, OSP)], [(0, 0, OSP), (0, 1, OSP)], 1, "Anna OSP 2025-11-25: the same service as the day before"),
    WishKind.FAIR_WEEKENDS: (
        wished(WishKind.FAIR_WEEKENDS, history=(Assignment(0, -1, OSP),), history_days=2),
        [(1, 5, OSP), (1, 6, OSP), (2, 5, OSP)], [(0, 5, OSP), (0, 12, OSP)], 2, "Anna works 3 weekends, a fair share is 1.0",
    ),
    WishKind.FAIR_NIGHTS: (
        wished(WishKind.FAIR_NIGHTS, services=NIGHT), [(0, 0, OSP), (0, 0, MSP), (0, 1, MSP)], [(0, 0, OSP), (0, 1, OSP), (0, 2, OSP)], 2,
        "Anna works 3 nights, a fair share is 1.0",
    ),
    WishKind.FAIR_SHIFTS: (
        wished(WishKind.FAIR_SHIFTS, employees=(replace(STAFF[0], contract=4), *STAFF[1:])),
        [(0, 0, OSP), (0, 1, OSP), (0, 2, OSP), (1, 0, OSP)], [(1, 0, OSP), (1, 1, OSP)], 1, "Bea works 2 shifts, a fair share is 0.3",
    ),
    WishKind.STABILITY: (
        wished(WishKind.STABILITY, previous=frozenset({Assignment(0, 0, OSP)})), [(0, 0, OSP), (1, 0, OSP)], [(1, 0, OSP)], 1,
        "Anna OSP 2025-11-24 stood in the earlier roster",
    ),
}  # fmt: skip


def roster(*work: tuple[int, int, int]) -> Roster:
    return Roster.of(Assignment(*one) for one in work)


def test_every_wish_has_its_cost_its_constraint_and_its_case() -> None:
    assert set(WISH_COSTS) == set(WISHES) == set(CASES) == set(WishKind)
    assert all(WISHES[kind].__name__ == cost.__name__ for kind, cost in WISH_COSTS.items())


@pytest.mark.parametrize("kind", WishKind)
def test_a_wish_that_is_kept_costs_nothing(kind: WishKind) -> None:
    one, kept, _, _, _ = CASES[kind]
    assert cost_items(one, roster(*kept)) == []
    assert costs_by_model(one, roster(*kept)) == {}


@pytest.mark.parametrize("kind", WishKind)
def test_a_wish_that_gives_way_costs_and_is_named(kind: WishKind) -> None:
    one, _, broken, units, message = CASES[kind]
    items = cost_items(one, roster(*broken))
    assert sum(item.cost for item in items) == 2 * units
    assert {(item.priority, item.term) for item in items} == {(4, str(kind))}
    assert items[0].message == message
    assert costs_by_model(one, roster(*broken)) == {4: 2 * units}


def test_where_nobody_is_senior_seniority_costs_nothing() -> None:
    one = wished(WishKind.SENIOR_FIRST, services=NIGHT, employees=(STAFF[0], replace(STAFF[1], senior=False), STAFF[2]))
    assert cost_items(one, roster((2, 0, OSP))) == []
    assert costs_by_model(one, roster((2, 0, OSP))) == {}


def test_demand_costs_by_weight_and_the_dearest_row_is_served_first() -> None:
    one = problem(
        Demand(0, OSP, TOT, 1, weight_under=1), Demand(0, OSP, TOT, 1, weight_under=5), Demand(0, OSP, GRO, 0, maximum=1, weight_over=3)
    )
    assert costs(one, roster((0, 0, OSP))) == {0: 1}
    assert [item.message for item in cost_items(one, roster((0, 0, OSP)))] == ["OSP 2025-11-24 TOT: 1 missing"]


def test_more_than_asked_costs() -> None:
    one = problem(Demand(0, OSP, ORA, 1, maximum=3, weight_over=4), teams=("Oranje", "Oranje"))
    assert [(item.cost, item.message) for item in cost_items(one, roster((0, 0, OSP), (1, 0, OSP)))] == [
        (4, "OSP 2025-11-24 ORA: 1 more than asked")
    ]


def test_requests_and_soft_limits_are_named() -> None:
    one = problem(
        *(Demand(0, service, TOT, 1, weight_under=0) for service in (OSP, MSP, DIO, DIA)),
        requests=(Request(0, 0, wanted=True, weight=3, service=OSP), Request(0, 0, wanted=False, weight=2, daypart=1, priority=6)),
        limits=(Limit(Quantity.SHIFTS, 0, minimum=2, services=frozenset({OSP}), weight=5, priority=3, name="wished OSP"),),
    )
    assert [(item.priority, item.term, item.cost, item.message) for item in cost_items(one, roster((0, 0, MSP)))] == [
        (0, "request", 3, "Name 0 2025-11-24: OSP wanted and not given"),
        (3, "wished OSP", 10, "Name 0 works 0 shifts of OSP, at least 2 asked (wished OSP)"),
        (6, "request", 2, "Name 0 2025-11-24 M: any work not wanted and given"),
    ]
