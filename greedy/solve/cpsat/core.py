"""Which rules and rows stand against each other, so that no roster keeps them all: the smallest set that can be found with some effort."""

from __future__ import annotations

from collections.abc import Collection

from ortools.sat.python import cp_model

from greedy.model.problem import Problem
from greedy.solve.cpsat.constraints import CONSTRAINTS
from greedy.solve.cpsat.model import Mode, Part, RosterModel
from greedy.solve.cpsat.solver import Answer, answer_of, configure
from greedy.solve.cpsat.working_time import post_law

EFFORT = 1.0  # as CP-SAT counts its work: the same on every machine and under every load, about a second on a quiet one
EFFORT_OF_A_VARIABLE = 5e-5  # of taking a model in, which CP-SAT does not count


def conflict(
    problem: Problem, employees: Collection[int] | None = None, *, effort: float = EFFORT, seed: int = 0
) -> tuple[Part, ...] | None:
    """Parts that no roster keeps together; without any one of them the others can be kept, unless `effort` was spent before that was shown.

    Limits, absences, rest from before, capabilities, pinned work, demand of a service, blocking and forbidden successors of an employee are
    parts. Pairs, one service a slot, and who is qualified always hold. The same arguments give the same parts.

    Parameters
    ----------
    problem
        What is asked.
    employees
        Who may be given work beside the pinned work, and whose limits count; None: everybody.
    effort
        How much is tried, from 0 on; see `EFFORT`.
    seed
        For the chance in CP-SAT.

    Returns
    -------
    None when a legal roster exists, or when the effort was spent before anything was proven.
    """
    proofs = _Proofs(problem, effort, seed)
    model = proofs.model(range(len(problem.employees)) if employees is None else employees)
    core = proofs.core(model, list(model.parts))
    if core is None:
        return None
    # Nobody else is needed for this contradiction, and a model of those few is solved in no time. What cannot be broken there is no part.
    model = proofs.model({part.employee for part in core if part.employee is not None})
    core = [part for part in core if part in model.parts]
    needed: list[Part] = []
    while core:
        part = core.pop()
        smaller = proofs.core(model, [*needed, *core])
        if smaller is None:
            needed.append(part)
        else:  # the part is left out for good, and the rest of a smaller proof goes with it
            core = [other for other in smaller if other not in needed]
            needed = [other for other in needed if other in smaller]
    order = {part: number for number, part in enumerate(model.parts)}
    return tuple(sorted(needed, key=order.__getitem__))


class _Proofs:
    """Proofs that some parts contradict each other, as long as there is effort left."""

    def __init__(self, problem: Problem, effort: float, seed: int) -> None:
        self._problem, self._effort, self._seed = problem, effort, seed

    def model(self, employees: Collection[int]) -> RosterModel:
        """All rules of these employees, each of which can be left out."""
        days = range(self._problem.day_count)
        model = RosterModel(self._problem, Mode.CONFLICT, free={(employee, day) for employee in employees for day in days})
        for unit in CONSTRAINTS:
            unit(model)
        post_law(model)
        return model

    def core(self, model: RosterModel, parts: Collection[Part]) -> list[Part] | None:
        """Some of these parts that already contradict each other; None when all can be kept, or nothing is proven with the effort left."""
        self._effort -= EFFORT_OF_A_VARIABLE * len(model.cp.proto.variables)
        if self._effort <= 0:
            return None
        by_index = {model.parts[part].index: part for part in parts}
        model.cp.clear_assumptions()
        model.cp.add_assumptions([model.parts[part] for part in parts])
        solver = cp_model.CpSolver()
        solver.parameters.max_deterministic_time = self._effort
        solver.parameters.random_seed = self._seed
        configure(solver, workers=1)  # a core is found by one worker alone
        answer = answer_of(solver.solve(model.cp), solver, model.cp)
        self._effort -= solver.response_proto.deterministic_time
        if answer is not Answer.INFEASIBLE:
            return None
        return [by_index[index] for index in sorted(solver.sufficient_assumptions_for_infeasibility()) if index in by_index]
