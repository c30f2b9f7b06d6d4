"""The search as a whole: coordinate prices, generate columns, then dives, neighbourhoods and branches in turn, on all cores given.

The first worker makes bounds and proofs; the others coordinate longer and work on neighbourhoods. All hold the best roster that any of them
has found. One worker does the same steps in the same order for a seed, unless the clock cuts them off, or leaves room for fewer sweeps.
"""

from __future__ import annotations

import os
import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from greedy.model.message import Message
from greedy.model.problem import Problem
from greedy.model.roster import Roster
from greedy.solve.search.board import Best, Board, OnFound, partners
from greedy.solve.search.branch import Branching
from greedy.solve.search.columns import ColumnGeneration
from greedy.solve.search.coordinate import Coordinator
from greedy.solve.search.dive import STYLES, dive
from greedy.solve.search.instance import EXACT_STATES_BOUND, Instance, Plans, cost_of, scratch_for, to_instance, to_plans, to_roster
from greedy.solve.search.master import LinearProgramError
from greedy.solve.search.neighbourhood import Neighbourhood

_SWEEPS = 60  # of price coordination before columns, when partners coordinate longer
_SWEEPS_ALONE = (60, 1000)  # least and most, by size
_CELLS_SWEPT_ALONE = 840_000  # employees x days x sweeps
_SHARE_OF_FIRST = 0.4  # of the time, at most, for the coordination before columns
_MOST_SWEEPS = 100_000
_SHARES_OF_COORDINATION = (0.1, 0.35, 0.8)  # of the time left, in turn: the longer, the better, but the first must come soon
_LONGEST_SECONDS = 600.0  # taken as left where there is no limit, more each time
_SHARE_OF_NEIGHBOURHOODS = 0.3  # of the time that the coordination before them took
_SHARE_OF_COLUMNS = 0.5  # of the time: how long columns are generated before anything else
_NEIGHBOURHOODS_A_DIVE = 12
_NODES_A_DIVE = 150
_SMALL_GAP = 0.015  # of the cost: from here on branching may prove
_LAST_GAP, _NODES_OF_PROOF = 0.002, 3000  # of the cost: from here on it is all that is left to do
_COLUMNS_KEPT = 1.3  # times those of the root, when a dive begins with more than twice as many


class SearchOutcome(NamedTuple):
    """`roster` None: some employee has no legal schedule at all. `bound`: no legal roster costs less."""

    roster: Roster | None
    cost: int
    bound: int
    proven: bool


def search(
    problem: Problem,
    *,
    deadline: float,
    seed: int,
    workers: int,
    warm_start: Roster | None = None,
    on_found: OnFound | None = None,
) -> SearchOutcome:
    """Search until proof or `deadline` (of `time.monotonic`).

    Parameters
    ----------
    problem
        One that `supports` says yes to.
    workers
        Processes to use. One and a seed: the same steps each time.
    warm_start
        A legal roster to begin with.
    on_found
        Called with the bound, what is done now, and the roster when it is new.
    """
    instance = to_instance(problem)
    board = Board.for_instance(instance)
    with partners(_accompany, instance, board, seed=seed, count=workers - 1, deadline=deadline):
        best = Best(board, on_found)
        if warm_start is not None:
            plans = to_plans(instance, warm_start)
            best.offer(plans, cost_of(instance, plans), Message("the roster given"))
        employees, days, _ = instance.shape
        sweeps = _SWEEPS if workers > 1 else int(np.clip(_CELLS_SWEPT_ALONE // (employees * days), *_SWEEPS_ALONE))
        rng = np.random.default_rng(seed)
        seconds = _SHARE_OF_FIRST * (deadline - time.monotonic())
        prices = _coordinate(instance, best, rng, sweeps=sweeps, seconds=seconds, deadline=deadline)
        if best.plans is None:
            return SearchOutcome(None, 0, 0, proven=False)
        try:
            _prove(instance, best, rng, prices, deadline)
        except LinearProgramError as exc:
            best.tell(Message("no further: {why}", why=str(exc)))
        best.listen()
    bound = min(best.cost, best.bound if best.bound is not None else np.iinfo(np.int64).min)
    return SearchOutcome(to_roster(best.plans), int(best.cost), int(bound), proven=bound == best.cost)


def _coordinate(
    instance: Instance, best: Best, rng: np.random.Generator, *, sweeps: int, seconds: float, deadline: float, parent: int | None = None
) -> NDArray[np.float64]:
    """Coordinate prices in so many sweeps, or as many as fit into the seconds, or until the parent is gone; the lessons of them."""
    coordinator = Coordinator(instance, rng)
    if not coordinator.start() or coordinator.cost is None:
        return coordinator.lessons
    best.offer(coordinator.best, coordinator.cost, Message("one employee after another"))
    started = time.monotonic()
    sweep = 0
    while sweep < sweeps and time.monotonic() < deadline and (parent is None or os.getppid() == parent):
        if coordinator.step(sweep / sweeps, deadline):
            best.offer(coordinator.best, coordinator.cost, Message("coordinating prices"))
        best.listen()
        if sweep == 0:
            sweeps = int(np.clip(seconds / (time.monotonic() - started), 2, sweeps))
        sweep += 1
    return coordinator.lessons


def _prove(instance: Instance, best: Best, rng: np.random.Generator, prices: NDArray[np.float64], deadline: float) -> None:
    """Bound, then dives, neighbourhoods and branches until the best roster is proven or the time is up."""
    program = ColumnGeneration(instance, scratch_for(instance, EXACT_STATES_BOUND), EXACT_STATES_BOUND)
    assert best.plans is not None  # noqa: S101 (told to the type checker: `search` has looked)
    for employee, plan in enumerate(best.plans):
        program.add_plan(employee, plan)
    best.tell(Message("generating columns"))
    now = time.monotonic()
    program.run(deadline=now + _SHARE_OF_COLUMNS * (deadline - now), first=prices)
    columns, prices = len(program.master.columns), program.duals
    best.raise_bound(program.bound)
    neighbourhood, branching = Neighbourhood(instance, rng), None
    turn = 0
    while time.monotonic() < deadline and not best.proven:
        best.listen()
        if len(program.master.columns) > 2 * columns + 1000:
            program.master.keep_best(int(_COLUMNS_KEPT * columns))
        now = time.monotonic()
        program.run(deadline=deadline if program.converged else now + _SHARE_OF_COLUMNS * (deadline - now))
        best.raise_bound(program.bound)
        # A roster with one unit more open is still a good one to begin with: neighbourhoods mend it.
        nearly = best.cost + int(instance.under.max())
        plans = dive(program, STYLES[turn % len(STYLES)], rng, cutoff=nearly, deadline=deadline)
        turn += 1
        if plans is None:
            plans = best.plans
        _improve(best, plans, neighbourhood, prices, _NEIGHBOURHOODS_A_DIVE, deadline)
        if best.bound is None or best.cost - best.bound > _SMALL_GAP * best.cost or best.proven:
            continue
        if branching is None:
            program.run(deadline=deadline)
            branching = Branching(program, best.plans, best.cost)
        branching.best, branching.cost = best.plans, best.cost
        best.tell(Message("branching"))
        last_units = best.cost - best.bound <= _LAST_GAP * best.cost
        branching.run(deadline=deadline, nodes=_NODES_OF_PROOF if last_units else _NODES_A_DIVE)
        best.offer(branching.best, branching.cost, Message("branching"))
        best.raise_bound(branching.bound)


def _improve(best: Best, plans: Plans, neighbourhood: Neighbourhood, prices: NDArray[np.float64], steps: int, deadline: float) -> None:
    """Work on neighbourhoods of a roster until so many steps have been in vain."""
    cost = cost_of(neighbourhood.instance, plans)
    best.offer(plans, cost, Message("dive"))
    vain = 0
    while vain < steps and time.monotonic() < deadline and not best.proven:
        try:
            plans, new = neighbourhood.step(plans, cost, prices, deadline)
        except LinearProgramError:  # the next neighbourhood has another one
            new = cost
        vain = 0 if new < cost else vain + 1
        cost = new
        best.offer(plans, cost, Message("re-planning together"))
        best.listen()


def _accompany(arrays: tuple[object, ...], board: Board, seed: int, seconds: float, parent: int) -> None:
    """A partner: coordinate, longer each time, and work on neighbourhoods of the best roster, until the time is up or the parent is gone.

    Eagerness rises over the whole of a coordination, so that only one that ends before the deadline is worth its time.
    """
    deadline = time.monotonic() + seconds
    instance = Instance(*arrays)  # type: ignore[arg-type]
    rng = np.random.default_rng(seed)
    best = Best(board)
    neighbourhood = Neighbourhood(instance, rng)
    turn = 0
    while (left := deadline - time.monotonic()) > 0 and os.getppid() == parent:
        started = time.monotonic()
        seconds = _SHARES_OF_COORDINATION[turn % len(_SHARES_OF_COORDINATION)] * min(left, _LONGEST_SECONDS * (turn + 1))
        prices = _coordinate(instance, best, rng, sweeps=_MOST_SWEEPS, seconds=seconds, deadline=deadline, parent=parent)
        turn += 1
        if best.plans is None:
            return  # some employee has no legal schedule
        until = min(deadline, time.monotonic() + _SHARE_OF_NEIGHBOURHOODS * (time.monotonic() - started))
        _improve(best, best.plans, neighbourhood, prices, _NEIGHBOURHOODS_A_DIVE, until)
