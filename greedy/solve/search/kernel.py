"""The best schedule of one employee for given prices, exactly, in microseconds.

A schedule is a row of stints (runs of worked days) with days off between. What is worked inside a stint does not depend on the rest of the
schedule but through minutes, weekends and counted services, so the dynamic program has two floors: the cheapest services of each stint
(first day, length), and over stints the state (day, weekends, counts, minutes). The heavy floor does not know the services at all.

Prices are scaled integers (`Instance.scale`), so that sums are exact. Everything here is compiled; see `instance` for the arrays.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

INFEASIBLE = np.int32(1 << 29)
HALF = np.int32(1 << 28)  # costs from here on mean that nothing was found: INFEASIBLE less what prices may have taken off
FORBIDDEN = np.int32(1 << 27)  # price of a cell that must not be worked
OFF = np.int8(-1)

MAX_RUN, MIN_RUN, MIN_OFF, WEEKENDS, MIN_UNITS, MAX_UNITS = range(6)  # columns of `Instance.limits`


class Scratch(NamedTuple):
    """Working memory of one thread."""

    ended: NDArray[np.int32]  # flat (day, weekends, count 1, count 2, units): cheapest days before `day`, a stint ends the day before
    ready: NDArray[np.int32]  # the same, and rested: a stint may begin on `day`
    stints: NDArray[np.int32]  # flat (first day, length - 1, grid): cheapest services of a stint
    tails: NDArray[np.int32]  # (2, service, grid): cheapest stint so far that ends with the service
    price: NDArray[np.int32]  # (day, service): prices being changed
    counts: NDArray[np.int32]  # (service,)


@njit(cache=True, nogil=True)
def _weekends_touched(first: int, length: int, weekday0: int) -> int:
    touched = 0
    for i in range(length):
        weekday = (weekday0 + first + i) % 7
        if weekday == 5 or (weekday == 6 and i == 0):
            touched += 1
    return touched


@njit(cache=True, nogil=True)
def _most_days(days: int, max_run: int, min_off: int) -> int:
    """Most days that can be worked of so many days."""
    rest = days % (max_run + min_off)
    return days // (max_run + min_off) * max_run + min(rest, max_run)


@njit(cache=True, nogil=True)
def best_schedule(price, services, follows, extra, unit, limits, weekday0, service1, most1, service2, most2, must, scratch, plan):
    """Cheapest schedule under all limits of one employee but those counts that are not named.

    Parameters
    ----------
    price : int32 (days, services)
        Cost of working a service on a day; FORBIDDEN or more: it cannot be worked.
    services : int32 (n,)
        Services that the employee can work.
    follows : bool (services, services)
        [p, s]: s may be worked the day after p.
    extra : int32 (services,)
        Units of working time of a service beyond `unit`, the least of all services.
    limits : int32 (6,)
        See the column names above. Runs at the edges of the horizon may be shorter than their minimum.
    service1, most1, service2, most2 : int
        Services whose count is limited; -1: none. Each multiplies the states by its limit.
    must : bool (days,)
        Days that must be worked.
    plan : int8 (days,), out
        The service of each day, OFF for none; untouched when nothing was found.

    Returns
    -------
    int
        The cost; HALF or more: no legal schedule.
    """
    days = price.shape[0]
    max_run, min_run, min_off = limits[MAX_RUN], limits[MIN_RUN], limits[MIN_OFF]
    min_units, max_units = limits[MIN_UNITS], limits[MAX_UNITS]
    spread = 0
    for s in services:
        spread = max(spread, extra[s])
    in_stint1 = min(max_run, most1) if most1 >= 0 else 0
    in_stint2 = min(max_run, most2) if most2 >= 0 else 0
    states1 = most1 + 1 if most1 >= 0 else 1
    states2 = most2 + 1 if most2 >= 0 else 1
    grid2 = in_stint2 + 1
    grid1 = (in_stint1 + 1) * grid2
    grid = (max_run * spread + 1) * grid1
    width = max_units + 1
    layers = (limits[WEEKENDS] + 1) * states1 * states2
    size = layers * width
    longest = unit + spread
    ended, ready, stints, tails = scratch.ended, scratch.ready, scratch.stints, scratch.tails

    for day in range(days + 1):
        low = max(0, min_units - _most_days(days - day, max_run, min_off) * longest)
        high = min(max_units, _most_days(day, max_run, min_off) * longest)
        for layer in range(layers):
            at = day * size + layer * width
            for u in range(at + low, at + high + 1):
                ended[u] = INFEASIBLE

    for day in range(days + 1):
        low = max(0, min_units - _most_days(days - day, max_run, min_off) * longest)
        high = min(max_units, _most_days(day, max_run, min_off) * longest)
        if day == 0:
            for layer in range(layers):
                for u in range(layer * width + low, layer * width + high + 1):
                    ready[u] = INFEASIBLE
            if low == 0:
                ready[0] = 0
        else:
            before = min(max_units, _most_days(day - 1, max_run, min_off) * longest)
            rested = day - min_off
            rested_high = min(max_units, _most_days(rested, max_run, min_off) * longest) if rested >= 0 else -1
            for d in range(max(rested, 0), day):
                if must[d]:
                    rested_high = -1
            for layer in range(layers):
                at = day * size + layer * width
                if must[day - 1]:
                    for u in range(at + low, at + high + 1):
                        ready[u] = INFEASIBLE
                else:
                    for u in range(low, before + 1):
                        ready[at + u] = ready[at - size + u]
                    for u in range(max(low, before + 1), high + 1):
                        ready[at + u] = INFEASIBLE
                back = at - min_off * size
                for u in range(low, rested_high + 1):
                    ready[at + u] = min(ready[at + u], ended[back + u])
        if day == days:
            break
        now = 0
        for length in range(1, min(max_run, days - day) + 1):
            new = 1 - now
            last = day + length - 1
            alive = False
            for i in range(len(services)):
                s = services[i]
                p = price[last, s]
                for x in range(grid):
                    tails[new, i, x] = INFEASIBLE
                if p >= FORBIDDEN:
                    continue
                step = extra[s] * grid1
                if s == service1:
                    step += grid2
                if s == service2:
                    step += 1
                if length == 1:
                    if (s == service1 and in_stint1 < 1) or (s == service2 and in_stint2 < 1):
                        continue
                    tails[new, i, step] = p
                    alive = True
                    continue
                for j in range(len(services)):
                    if not follows[services[j], s]:
                        continue
                    for x in range(grid - step):
                        if s == service1 and (x // grid2) % (in_stint1 + 1) >= in_stint1:
                            continue
                        if s == service2 and x % grid2 >= in_stint2:
                            continue
                        cost = tails[now, j, x]
                        if cost < HALF:
                            tails[new, i, x + step] = min(tails[new, i, x + step], cost + p)
                            alive = True
            now = new
            at_stint = (day * max_run + length - 1) * grid
            for x in range(grid):
                cheapest = INFEASIBLE
                for i in range(len(services)):
                    cheapest = min(cheapest, tails[now, i, x])
                stints[at_stint + x] = cheapest
            if not alive:
                for x in range(at_stint, (day + 1) * max_run * grid):
                    stints[x] = INFEASIBLE
                break
            if length < min_run and day > 0 and day + length < days:
                continue
            weekends = _weekends_touched(day, length, weekday0)
            then = day + length
            then_low = max(0, min_units - _most_days(days - then, max_run, min_off) * longest)
            then_high = min(max_units, _most_days(then, max_run, min_off) * longest)
            for x in range(grid):
                cost = stints[at_stint + x]
                if cost >= HALF:
                    continue
                units = length * unit + x // grid1
                n1 = (x // grid2) % (in_stint1 + 1)
                n2 = x % grid2
                first_unit = max(low, then_low - units)
                last_unit = min(high, then_high - units)
                if last_unit < first_unit:
                    continue
                for w in range(limits[WEEKENDS] + 1 - weekends):
                    for c1 in range(states1 - n1):
                        for c2 in range(states2 - n2):
                            source = day * size + ((w * states1 + c1) * states2 + c2) * width
                            target = then * size + (((w + weekends) * states1 + c1 + n1) * states2 + c2 + n2) * width + units
                            for u in range(first_unit, last_unit + 1):
                                ended[target + u] = min(ended[target + u], ready[source + u] + cost)

    # A roster may end in the middle of a rest, so every day of the last `min_off` may be the first day off.
    best, best_at, best_day, is_ready = INFEASIBLE, -1, -1, True
    for day in range(days, max(0, days - min_off + 1) - 1, -1):
        if day < days and must[day]:
            break
        high = min(max_units, _most_days(day, max_run, min_off) * longest)
        for layer in range(layers):
            for u in range(min_units, high + 1):
                at = layer * width + u
                if ended[day * size + at] < best:
                    best, best_at, best_day, is_ready = ended[day * size + at], at, day, False
                if day == days and ready[day * size + at] < best:
                    best, best_at, best_day, is_ready = ready[day * size + at], at, day, True
    if best >= HALF:
        return best

    for d in range(days):
        plan[d] = OFF
    day, at = best_day, best_at
    while True:
        u = at % width
        if is_ready:
            if day == 0:
                return best
            before = min(max_units, _most_days(day - 1, max_run, min_off) * longest)
            if u <= before and not must[day - 1] and ready[(day - 1) * size + at] == ready[day * size + at]:
                day -= 1
            else:
                day -= min_off
                is_ready = False
            continue
        cost = ended[day * size + at]
        layer = at // width
        found = False
        for length in range(1, min(max_run, day) + 1):
            first = day - length
            if length < min_run and first > 0 and day < days:
                continue
            weekends = _weekends_touched(first, length, weekday0)
            w, c1, c2 = layer // (states1 * states2) - weekends, (layer // states2) % states1, layer % states2
            if w < 0:
                continue
            low = max(0, min_units - _most_days(days - first, max_run, min_off) * longest)
            high = min(max_units, _most_days(first, max_run, min_off) * longest)
            at_stint = (first * max_run + length - 1) * grid
            for x in range(grid):
                n1, n2 = (x // grid2) % (in_stint1 + 1), x % grid2
                source_u = u - length * unit - x // grid1
                if stints[at_stint + x] >= HALF or source_u < low or source_u > high or n1 > c1 or n2 > c2:
                    continue
                source = ((w * states1 + c1 - n1) * states2 + c2 - n2) * width + source_u
                if ready[first * size + source] + stints[at_stint + x] == cost:
                    _write_stint(
                        price,
                        services,
                        follows,
                        extra,
                        grid,
                        grid1,
                        grid2,
                        in_stint1,
                        in_stint2,
                        service1,
                        service2,
                        first,
                        length,
                        x,
                        plan,
                    )
                    day, at, is_ready, found = first, source, True, True
                    break
            if found:
                break
        if not found:
            raise AssertionError("the trace of a schedule is lost")


@njit(cache=True, nogil=True)
def _write_stint(price, services, follows, extra, grid, grid1, grid2, in_stint1, in_stint2, service1, service2, first, length, x, plan):
    """Services of the cheapest stint with the sums of grid point `x`, into `plan`."""
    cost = np.full((length, len(services), grid), INFEASIBLE, np.int32)
    for k in range(length):
        for i in range(len(services)):
            s = services[i]
            p = price[first + k, s]
            if p >= FORBIDDEN:
                continue
            step = extra[s] * grid1
            if s == service1:
                step += grid2
            if s == service2:
                step += 1
            if k == 0:
                if not ((s == service1 and in_stint1 < 1) or (s == service2 and in_stint2 < 1)):
                    cost[0, i, step] = p
                continue
            for j in range(len(services)):
                if not follows[services[j], s]:
                    continue
                for y in range(grid - step):
                    if s == service1 and (y // grid2) % (in_stint1 + 1) >= in_stint1:
                        continue
                    if s == service2 and y % grid2 >= in_stint2:
                        continue
                    if cost[k - 1, j, y] < HALF:
                        cost[k, i, y + step] = min(cost[k, i, y + step], cost[k - 1, j, y] + p)
    wanted = INFEASIBLE
    for i in range(len(services)):
        wanted = min(wanted, cost[length - 1, i, x])
    after = -1
    for k in range(length - 1, -1, -1):
        for i in range(len(services)):
            s = services[i]
            if cost[k, i, x] == wanted and (after < 0 or follows[s, after]):
                plan[first + k] = s
                wanted -= price[first + k, s]
                x -= extra[s] * grid1
                if s == service1:
                    x -= grid2
                if s == service2:
                    x -= 1
                after = s
                break
