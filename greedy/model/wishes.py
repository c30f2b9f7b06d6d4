"""What is wished for: requests of employees, and wishes for the whole roster, each with a weight and a priority.

Priority 0 is that of demand, 1 the most strict of the wishes, 10 the least: a better roster at a priority comes before anything at a later
one. Within a priority, weights are added.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


@dataclass(frozen=True)
class Request:
    """An employee asks to work, or not to work, on a day; `weight` is what it costs to refuse her.

    `service` and `daypart` narrow the request; None means any.
    """

    employee: int
    day: int
    wanted: bool
    weight: int
    service: int | None = None
    daypart: int | None = None
    priority: int = 0


class WishKind(StrEnum):
    """Wishes for the whole roster. What one unit of cost is stands beside each."""

    PREFERRED_SERVICES = "preferred services"  # SC1: a shift of another service, for an employee who has preferred ones
    EVEN_WEEKS = "even weeks"  # SC2: a shift more or fewer in a week than an even share allows (tolerance_percent)
    SENIOR_FIRST = "senior first"  # SC4: a shift of a service that asks for seniority, worked by somebody who is not senior
    TEAM_BALANCE = "team balance"  # SC5: an employee more of one team than of another in a day and daypart, beyond one
    VARIETY = "variety"  # SC6: the same service on two days in a row
    FAIR_WEEKENDS = "fair weekends"  # a weekend more than a fair share by contract, history counted
    FAIR_NIGHTS = "fair nights"  # a night service more than a fair share by contract, history counted
    FAIR_SHIFTS = "fair shifts"  # a shift more than a fair share by contract, history counted
    STABILITY = "stability"  # an assignment of the earlier roster that is gone or given to somebody else


@dataclass(frozen=True)
class Wish:
    """A wish for the whole roster: the cost of a unit, and how early it counts. `tolerance_percent`: what is even or fair enough."""

    kind: WishKind
    weight: int = 1
    priority: int = 10
    tolerance_percent: int = 0
