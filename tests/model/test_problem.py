"""A problem with faults is refused with all of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from greedy.errors import InputError
from greedy.model.law import ATW, WorkingTime
from greedy.model.limits import Limit, Quantity
from greedy.model.problem import Assignment, BlockingRule, Demand, Slot
from greedy.model.wishes import Request, Wish, WishKind
from tests.build import DIA, DIO, MORNING, OSP, TOT, problem


def test_every_fault_is_listed() -> None:
    good = problem()
    twice = (*good.employees, good.employees[0])
    with pytest.raises(InputError) as caught:
        problem(
            Demand(9, OSP, TOT, 1),
            Demand(0, OSP, TOT, -1),
            days=3,
            employees=twice,
            capabilities={(7, OSP): 1, (0, OSP): -1},
            blocking_rules=(BlockingRule(DIO, 0, MORNING), BlockingRule(8, 0, MORNING)),
            pinned=(Assignment(0, 5, OSP),),
            unavailable=frozenset({Slot(0, 0, 7)}),
        )
    assert len(caught.value.details) == 9
    assert "employee E0 stands 2 times" in caught.value.details
    assert "blocking rule of DIO blocks its own slot" in caught.value.details


def test_an_empty_horizon_is_refused() -> None:
    with pytest.raises(InputError, match="1 faults") as caught:
        problem(days=0)
    assert caught.value.details == ("the horizon has 0 days",)


@pytest.mark.parametrize(
    ("second_of", "second_half", "fault"),
    [
        (OSP, DIO, "service OSP and its second half lie in one daypart"),
        (OSP, 9, "service OSP: second half 9 of 4 services"),
        (OSP, DIA, "second half DIA stands 2 times"),
    ],
)
def test_pairs_that_cannot_be(second_of: int, second_half: int, fault: str) -> None:
    services = list(problem().services)
    services[second_of] = replace(services[second_of], second_half=second_half)
    with pytest.raises(InputError) as caught:
        problem(services=tuple(services))
    assert fault in caught.value.details


def test_every_fault_of_limits_wishes_and_history_is_listed_with_names() -> None:
    with pytest.raises(InputError) as caught:
        problem(
            Demand(0, OSP, TOT, 2, weight_under=-1, maximum=1),
            services=(*problem().services[:3], replace(problem().services[3], begin_minute=1440, forbidden_successors=frozenset({9}))),
            limits=(
                Limit(Quantity.SHIFTS, 0, minimum=3, maximum=2, name="shifts a month"),
                Limit(Quantity.DAYS, 7, maximum=1),
                Limit(Quantity.REST_MINUTES, 0, maximum=660, weight=-1, priority=11),
                Limit(Quantity.DAYS, 0, maximum=1, first_day=2, last_day=3),
                Limit(Quantity.DAYS, 0),
            ),
            requests=(Request(0, 3, wanted=True, weight=-1, service=8, daypart=5, priority=-1),),
            wishes=(Wish(WishKind.VARIETY, weight=-2, tolerance_percent=-1),),
            history=(Assignment(0, 0, OSP), Assignment(0, -2, OSP)),
            history_days=1,
            previous=frozenset({Assignment(0, 9, OSP)}),
            timezone="Europe/Nowhere",
            working_time=WorkingTime(norms=(("shift", -1), ("nap", 20))),
        )
    assert caught.value.details == (
        "service MSP begins at minute 1440, out of 0 to 1439",
        "service MSP: forbidden successors [9] of 4 services",
        "demand 0 (OSP 2025-11-24): maximum 1 is below the 2 required",
        "demand 0 (OSP 2025-11-24): weights -1 and 0, negative",
        "limit 0 (shifts a month) of Name 0 (E0): minimum 3 is above the maximum 2",
        "limit 1 (days): employee 7 of 1",
        "limit 2 (rest minutes) of Name 0 (E0): rest has a minimum only",
        "limit 2 (rest minutes) of Name 0 (E0): weight -1 is negative",
        "limit 2 (rest minutes) of Name 0 (E0): priority 11, out of 0 to 10",
        "limit 3 (days) of Name 0 (E0): days 2 to 3 of 3",
        "limit 4 (days) of Name 0 (E0) has neither a minimum nor a maximum",
        "request 0 of Name 0 (E0): day 3 of 3",
        "request 0 of Name 0 (E0): service 8 of 4",
        "request 0 of Name 0 (E0): daypart 5 of 3",
        "request 0 of Name 0 (E0): weight -1 is negative",
        "request 0 of Name 0 (E0): priority -1, out of 0 to 10",
        "wish 0 (variety): tolerance -1 % is negative",
        "wish 0 (variety): weight -2 is negative",
        "history: Name 0 OSP on day 0, out of -1 to -1",
        "history: Name 0 OSP on day -2, out of -1 to -1",
        "previous roster: Name 0 OSP on day 9, out of 0 to 2",
        "time zone 'Europe/Nowhere' is unknown",
        "working time: norm shift is -1, negative",
        "working time: norm 'nap' is unknown; there are " + ", ".join(ATW),
    )
