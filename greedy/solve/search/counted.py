"""The best schedule of one employee when services may be worked so many times only: the kernel, with counts added where they are needed."""

from __future__ import annotations

import numpy as np
from numba import njit

from greedy.solve.search.kernel import FORBIDDEN, HALF, INFEASIBLE, MAX_UNITS, WEEKENDS, best_schedule

_SPREAD = 7919  # prime: its multiples visit the days far apart


@njit(cache=True, nogil=True)
def legal_schedule(price, services, follows, extra, unit, limits, weekday0, most, must, exact_states, scratch, plan):
    """Cheapest schedule under all limits, the counts of services too; exact as long as the states allow.

    Counts are added to the states one by one, only where a schedule breaks them, for at most two services and `exact_states` states in
    all. Where that is not enough, the cheapest cells of the service are kept and the others forbidden, which is legal but may not be the
    cheapest.

    Parameters
    ----------
    price : int32 (days, services)
        As in `best_schedule`; the same when the function returns.
    most : int32 (services,)
        Most times that each service may be worked; -1: no limit.

    Returns
    -------
    cost, floor : int
        Cost of the schedule in `plan`, HALF or more when none was found; no legal schedule costs less than `floor`.
    """
    days = price.shape[0]
    states = (days + 1) * (limits[WEEKENDS] + 1) * (limits[MAX_UNITS] + 1)
    service1, most1, service2, most2 = -1, -1, -1, -1
    floor = -INFEASIBLE
    exact = True
    while True:
        cost = best_schedule(price, services, follows, extra, unit, limits, weekday0, service1, most1, service2, most2, must, scratch, plan)
        if exact:
            floor = cost
        if cost >= HALF:
            break
        for s in services:
            scratch.counts[s] = 0
        for day in range(days):
            if plan[day] >= 0:
                scratch.counts[plan[day]] += 1
        worst, excess = -1, 0
        for s in services:
            if most[s] >= 0 and scratch.counts[s] - most[s] > excess:
                worst, excess = s, scratch.counts[s] - most[s]
        if worst < 0:
            break
        if exact and service1 < 0 and states * (most[worst] + 1) <= exact_states:
            service1, most1 = worst, most[worst]
        elif exact and service1 >= 0 and service2 < 0 and states * (most1 + 1) * (most[worst] + 1) <= exact_states:
            service2, most2 = worst, most[worst]
        else:
            if exact:
                _copy(price, scratch.price)
                exact = False
            _keep_cheapest(price, worst, most[worst], scratch.counts[worst], plan)
    if not exact:
        _copy(scratch.price, price)
    return cost, floor


@njit(cache=True, nogil=True)
def _copy(source, target):
    for i in range(source.shape[0]):
        for j in range(source.shape[1]):
            target[i, j] = source[i, j]


@njit(cache=True, nogil=True)
def _keep_cheapest(price, service, most, count, plan):
    """Forbid a service but on the `most` cheapest of the `count` days on which the plan works it; spread over the days among equals."""
    used = np.empty(count, np.int32)
    k = 0
    for day in range(price.shape[0]):
        if plan[day] == service:
            used[k] = price[day, service]
            k += 1
        else:
            price[day, service] = FORBIDDEN
    k = 0
    for day in range(price.shape[0]):
        if plan[day] != service:
            continue
        rank = 0
        for other in range(count):
            cheaper = used[other] < used[k]
            if cheaper or (used[other] == used[k] and other * _SPREAD % count < k * _SPREAD % count):
                rank += 1
        if rank >= most:
            price[day, service] = FORBIDDEN
        k += 1
