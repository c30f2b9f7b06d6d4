"""Which rules and rows stand against each other, so that no roster keeps them all: the smallest set that can be found in time."""

from __future__ import annotations

import time
from collections.abc import Collection

from ortools.sat.python import cp_model

from greedy.model.problem import Problem
from greedy.solve.cpsat.constraints import CONSTRAINTS
from greedy.solve.cpsat.model import Mode, Part, RosterModel
from greedy.solve.cpsat.solver import Answer, answer_of
from greedy.solve.cpsat.working_time import post_law


def conflict(problem: Problem, *, deadline: float, seed: int = 0) -> tuple[Part, ...] | None:
    """Parts that no roster keeps together; without any one of them, the others can be kept, unless `deadline` came before that was shown.

    Limits, absences, rest from before, capabilities, pinned work, demand of a service, blocking and forbidden successors of an employee are
    parts. Pairs, one service a slot, and who is qualified always hold.

    Returns
    -------
    None when a legal roster exists, or when `deadline` (on the clock of `time.monotonic`) came before anything was proven.
    """
    model = RosterModel(problem, Mode.CONFLICT)
    for unit in CONSTRAINTS:
        unit(model)
    post_law(model)
    core = _core(model, list(model.parts), deadline, seed)
    if core is None:
        return None
    # A part that is not needed for the contradiction is left out for good; the rest of a smaller proof goes with it.
    needed: list[Part] = []
    while core:
        part = core.pop()
        smaller = _core(model, [*needed, *core], deadline, seed)
        if smaller is None:
            needed.append(part)
        else:
            core = [other for other in smaller if other not in needed]
            needed = [other for other in needed if other in smaller]
    order = {part: number for number, part in enumerate(model.parts)}
    return tuple(sorted(needed, key=order.__getitem__))


def _core(model: RosterModel, parts: Collection[Part], deadline: float, seed: int) -> list[Part] | None:
    """Some of these parts that already contradict each other; None when all can be kept, or nothing is proven in time."""
    left = deadline - time.monotonic()
    if left <= 0:
        return None
    by_index = {model.parts[part].index: part for part in parts}
    model.cp.clear_assumptions()
    model.cp.add_assumptions([model.parts[part] for part in parts])
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = left
    solver.parameters.num_workers = 1  # a core is found by one worker alone
    solver.parameters.random_seed = seed
    if answer_of(solver.solve(model.cp), solver, model.cp) is not Answer.INFEASIBLE:
        return None
    return [by_index[index] for index in sorted(solver.sufficient_assumptions_for_infeasibility()) if index in by_index]
