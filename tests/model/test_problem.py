"""A problem with faults is refused with all of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from greedy.errors import InputError
from greedy.model.problem import Assignment, BlockingRule, Demand, Slot
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
