"""Any small problem, with limits, weights, rest, forbidden successors and history on top."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import strategies as st

from greedy.model.limits import Limit, Quantity
from greedy.model.problem import Assignment, Problem
from tests.build import problems


@st.composite
def limited_problems(draw: st.DrawFn) -> Problem:
    """A problem of `tests.build.problems` with anything that can hold work back."""
    problem = draw(problems())
    staff, kinds, days = len(problem.employees), len(problem.services), problem.day_count
    services = tuple(
        replace(
            service,
            begin_minute=draw(st.sampled_from((0, 420, 1380))),
            minutes=draw(st.sampled_from((60, 480))),
            forbidden_successors=frozenset(draw(st.sets(st.integers(0, kinds - 1), max_size=1))),
        )
        for service in problem.services
    )
    demand = tuple(replace(row, weight_under=draw(st.integers(1, 3))) for row in problem.demand)
    past = st.builds(Assignment, st.integers(0, staff - 1), st.integers(-2, -1), st.integers(0, kinds - 1))
    history = tuple(sorted(draw(st.sets(past, max_size=3))))
    return replace(
        problem,
        services=services,
        demand=demand,
        limits=(*problem.limits, *draw(st.lists(limits(staff, kinds, days), max_size=4))),
        history=history,
        history_days=2,
    )


@st.composite
def limits(draw: st.DrawFn, staff: int, kinds: int, days: int) -> Limit:
    """Any hard limit."""
    quantity = draw(st.sampled_from(list(Quantity)))
    employee = draw(st.integers(0, staff - 1))
    counted = draw(st.none() | st.frozensets(st.integers(0, kinds - 1), min_size=1))
    first = draw(st.integers(0, days - 1))
    last = draw(st.none() | st.integers(first, days - 1))
    value = draw(st.integers(0, 3))
    if quantity is Quantity.REST_MINUTES:
        return Limit(quantity, employee, minimum=draw(st.sampled_from((60, 660, 2000))), services=counted)
    if quantity is Quantity.MINUTES:
        value = draw(st.sampled_from((60, 480, 540)))
    if quantity is Quantity.CONSECUTIVE_DAYS_OFF:
        return Limit(quantity, employee, minimum=value or 1, services=counted)
    if draw(st.integers(0, 3)) == 0:
        return Limit(quantity, employee, minimum=value or 1, services=counted, first_day=first, last_day=last)
    return Limit(quantity, employee, maximum=value or 1, services=counted, first_day=first, last_day=last)
