"""Small problems in a line, and any problem at all."""

from __future__ import annotations

from datetime import date
from typing import Any

from hypothesis import strategies as st

from greedy.model.limits import Limit, Quantity
from greedy.model.problem import Assignment, BlockingRule, Demand, DemandTeam, Employee, Problem, Service, Slot

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
