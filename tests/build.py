"""Small problems in a line, and any problem at all."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

from hypothesis import strategies as st

from greedy.model.limits import Limit, Quantity
from greedy.model.problem import Assignment, BlockingRule, Demand, DemandTeam, Employee, Problem, Service, Slot
from greedy.model.wishes import Request, Wish, WishKind

MORNING, MIDDAY, EVENING = range(3)
DIO, DIA, OSP, MSP = range(4)
TOT, GRO, ORA = range(3)
SERVICES = (
    Service("s-dio", "DIO", MORNING, 540, is_system=True, second_half=DIA),
    Service("s-dia", "DIA", EVENING, 900, is_system=True),
    Service("s-osp", "OSP", MORNING, 240),
    Service("s-msp", "MSP", MIDDAY, 300),
)
TEAMS = (
    DemandTeam("TOT", ("Groen", "Oranje", "Overig")),
    DemandTeam("GRO", ("Groen", "Overig")),
    DemandTeam("ORA", ("Oranje", "Overig")),
)
BLOCKING = (BlockingRule(DIO, 0, MIDDAY), BlockingRule(DIO, 1, MORNING), BlockingRule(DIO, 1, MIDDAY))


def problem(
    *demand: Demand, teams: tuple[str, ...] = ("Groen",), capacity: int = 9, days: int = 3, max_days: int | None = None, **changes: Any
) -> Problem:
    """A practice with DIO, DIA, OSP and MSP; one employee for each of `teams`, everybody qualified `capacity` times for everything."""
    fields: dict[str, Any] = {
        "roster_id": "r",
        "first_day": date(2025, 11, 24),
        "day_count": days,
        "dayparts": ("O", "M", "A"),
        "employees": tuple(Employee(f"E{n}", f"Name {n}", team) for n, team in enumerate(teams)),
        "services": SERVICES,
        "demand_teams": TEAMS,
        "demand": demand,
        "capabilities": {(e, s): capacity for e in range(len(teams)) for s in range(len(SERVICES))},
        "blocking_rules": BLOCKING,
        "limits": () if max_days is None else tuple(Limit(Quantity.DAYS, e, maximum=max_days) for e in range(len(teams))),
    }
    return Problem(**{**fields, **changes})


@st.composite
def problems(draw: st.DrawFn, *, pinned: bool = True) -> Problem:
    """Any small problem: pairs, blocking rules, absences, pinned work that may contradict every rule, rest from outside."""
    dayparts = draw(st.integers(1, 3))
    days, staff, kinds = draw(st.integers(1, 6)), draw(st.integers(1, 5)), draw(st.integers(1, 4))
    team = st.sampled_from(("Groen", "Oranje", "Overig"))
    employees = tuple(Employee(f"E{n}", f"Name {draw(st.integers(0, 2))}", draw(team), draw(st.integers(0, 9)) > 0) for n in range(staff))
    max_days = [draw(st.none() | st.integers(0, days)) for _ in range(staff)]
    lies_in = [draw(st.integers(0, dayparts - 1)) for _ in range(kinds)]
    unpaired = set(range(kinds))
    services = []
    for n in range(kinds):
        possible = sorted(second for second in unpaired if n in unpaired and lies_in[second] != lies_in[n])
        second = draw(st.none() | st.sampled_from(possible)) if possible else None
        unpaired -= set() if second is None else {n, second}
        services.append(Service(f"s{n}", f"S{n}", lies_in[n], 60, draw(st.booleans()), draw(st.integers(0, 9)) > 0, second))
    rules = draw(st.sets(st.tuples(st.integers(0, kinds - 1), st.integers(-2, 2), st.integers(0, dayparts - 1)), max_size=5))
    slots = st.builds(Slot, st.integers(0, staff - 1), st.integers(0, days - 1), st.integers(0, dayparts - 1))
    work = st.builds(Assignment, st.integers(0, staff - 1), st.integers(0, days - 1), st.integers(0, kinds - 1))
    rows = st.builds(Demand, st.integers(0, days - 1), st.integers(0, kinds - 1), st.integers(0, 2), st.integers(0, 3))
    return Problem(
        roster_id="any",
        first_day=date(2025, 12, 29),
        day_count=days,
        dayparts=("O", "M", "A")[:dayparts],
        employees=employees,
        services=tuple(services),
        demand_teams=TEAMS,
        demand=tuple(draw(st.lists(rows, max_size=10))),
        capabilities=draw(
            st.dictionaries(st.tuples(st.integers(0, staff - 1), st.integers(0, kinds - 1)), st.integers(0, 3), max_size=staff * kinds)
        ),
        blocking_rules=tuple(BlockingRule(*rule) for rule in sorted(rules) if not (rule[1] == 0 and lies_in[rule[0]] == rule[2])),
        pinned=tuple(draw(st.sets(work, max_size=4))) if pinned else (),
        unavailable=frozenset(draw(st.sets(slots, max_size=6))),
        blocked=frozenset(draw(st.sets(slots, max_size=3))),
        limits=tuple(Limit(Quantity.DAYS, e, maximum=most) for e, most in enumerate(max_days) if most is not None),
    )


@st.composite
def rich_problems(draw: st.DrawFn) -> Problem:
    """A very small problem with everything else: limits hard and soft, requests, wishes, history, an earlier roster, weights and maxima."""
    one = draw(problems().filter(lambda p: p.day_count <= 4 and len(p.employees) <= 3 and len(p.services) <= 3))
    staff, kinds, days = len(one.employees), len(one.services), one.day_count
    employee, service = st.integers(0, staff - 1), st.integers(0, kinds - 1)
    small, weight, priority = st.integers(0, 3), st.integers(0, 3), st.integers(0, 3)
    some_services = st.frozensets(service, min_size=1)
    history_days = draw(small)

    def limit(
        quantity: Quantity, who: int, least: int | None, more: int | None, of: frozenset[int] | None, cost: int | None, at: int
    ) -> Limit | None:
        scale = {Quantity.MINUTES: 60, Quantity.REST_MINUTES: 400}.get(quantity, 1)
        most = None if more is None or quantity is Quantity.REST_MINUTES else ((least or 0) + more) * scale
        if least is None and most is None:
            return None
        first = draw(st.integers(0, days - 1)) if draw(st.booleans()) else 0
        last = draw(st.none() | st.integers(first, days - 1))
        return Limit(quantity, who, None if least is None else least * scale, most, of, first, last, cost, at)

    limits = [
        limit(*draw(st.tuples(st.sampled_from(Quantity), employee, st.none() | small, st.none() | small, st.none() | some_services,
                              st.none() | weight, priority)))
        for _ in range(draw(st.integers(0, 4)))
    ]  # fmt: skip
    requests = st.builds(
        Request, employee, st.integers(0, days - 1), st.booleans(), weight, st.none() | service,
        st.none() | st.integers(0, len(one.dayparts) - 1), priority,
    )  # fmt: skip
    wishes = st.builds(Wish, st.sampled_from(WishKind), st.integers(1, 3), priority, st.sampled_from((0, 20, 150)))
    before = st.builds(Assignment, employee, st.integers(-history_days, -1), service) if history_days else st.nothing()
    return replace(
        one,
        first_day=date(2025, 12, 26),  # a Friday
        employees=tuple(
            replace(e, contract=draw(st.integers(0, 2)), senior=draw(st.booleans()), preferred=draw(st.frozensets(service)))
            for e in one.employees
        ),
        services=tuple(
            replace(s, begin_minute=draw(st.sampled_from((0, 480, 1380))), minutes=draw(st.sampled_from((0, 60, 480))),
                    asks_seniority=draw(st.booleans()), forbidden_successors=draw(st.frozensets(service, max_size=2)))
            for s in one.services
        ),
        demand=tuple(
            replace(row, weight_under=draw(small), maximum=draw(st.none() | st.just(row.required + 1)), weight_over=draw(small))
            for row in one.demand
        ),
        limits=(*one.limits, *(one_limit for one_limit in limits if one_limit is not None)),
        requests=tuple(draw(st.lists(requests, max_size=3))),
        wishes=tuple(draw(st.lists(wishes, max_size=3))),
        history=tuple(draw(st.sets(before, max_size=3))) if history_days else (),
        history_days=history_days,
        previous=frozenset(draw(st.sets(st.builds(Assignment, employee, st.integers(0, days - 1), service), max_size=3))),
    )  # fmt: skip
