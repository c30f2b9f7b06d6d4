"""Loops over employees, compiled: each is planned by the kernel at prices of cells."""

from __future__ import annotations

import numpy as np
from numba import njit

from greedy.solve.search.counted import legal_schedule
from greedy.solve.search.instance import EXACT_STATES
from greedy.solve.search.kernel import FORBIDDEN, HALF


@njit(cache=True, nogil=True)
def replan(instance, plans, staff, lessons, eager, learning, order, scratch, plan):
    """Re-plan each employee of `order` at the prices of the moment; employees without any legal schedule keep theirs.

    Returns how many those are.
    """
    _, days, services = instance.cost.shape
    price = np.empty((days, services), np.int32)
    stuck = 0
    for e in order:
        able = instance.services[e, : instance.service_count[e]]
        for d in range(days):
            if plans[e, d] >= 0:
                staff[d, plans[e, d]] -= 1
            for s in able:
                cost = instance.cost[e, d, s]
                if cost >= FORBIDDEN:
                    price[d, s] = FORBIDDEN
                else:
                    worth = lessons[d, s] + eager * (instance.wanted[d, s] - staff[d, s] - 0.5)
                    worth = max(-float(instance.over[d, s]), min(float(instance.under[d, s]), worth))
                    price[d, s] = np.int32(round((cost - worth) * instance.scale))
        cost, _ = legal_schedule(
            price,
            able,
            instance.follows,
            instance.extra,
            instance.unit,
            instance.limits[e],
            instance.weekday0,
            instance.most[e],
            instance.must[e],
            EXACT_STATES,
            scratch,
            plan,
        )
        if cost < HALF:
            plans[e] = plan
        else:
            stuck += 1
        for d in range(days):
            if plans[e, d] >= 0:
                staff[d, plans[e, d]] += 1
        if learning > 0:
            for d in range(days):
                for s in range(services):
                    lesson = lessons[d, s] + learning * (instance.wanted[d, s] - staff[d, s])
                    lessons[d, s] = max(-float(instance.over[d, s]), min(float(instance.under[d, s]), lesson))
    return stuck


@njit(cache=True, nogil=True)
def price_all(instance, cost, must, free, worth, exact_states, scratch, plans, costs, floors):
    """Best schedule of each free employee when staff of a cell is worth `worth`: plans, costs and floors by position in `free`, scaled."""
    days, services = worth.shape
    price = np.empty((days, services), np.int32)
    for k in range(len(free)):
        e = free[k]
        able = instance.services[e, : instance.service_count[e]]
        for d in range(days):
            for s in able:
                c = cost[e, d, s]
                price[d, s] = FORBIDDEN if c >= FORBIDDEN else np.int32(c * instance.scale - worth[d, s])
        costs[k], floors[k] = legal_schedule(
            price,
            able,
            instance.follows,
            instance.extra,
            instance.unit,
            instance.limits[e],
            instance.weekday0,
            instance.most[e],
            must[e],
            exact_states,
            scratch,
            plans[k],
        )
