"""A roster put before the exact model: is it allowed, and what does the model say that it costs?"""

from __future__ import annotations

from collections.abc import Collection

from ortools.sat.python import cp_model

from greedy.model.problem import Problem
from greedy.model.roster import Roster
from greedy.solve.cpsat.constraints import CONSTRAINTS
from greedy.solve.cpsat.model import RosterModel
from greedy.solve.cpsat.wishes import post_costs
from greedy.solve.cpsat.working_time import post_law


def costs_by_model(problem: Problem, roster: Roster, *, without: Collection[str] = ()) -> dict[int, int] | None:
    """Priority -> cost of exactly this roster; None when the model forbids it. `without`: constraints left out."""
    model = RosterModel(problem)
    for unit in CONSTRAINTS:
        if unit.__name__ not in without:
            unit(model)
    post_law(model)
    post_costs(model)
    worked = set(roster.assignments)
    for assignment, lit in model.assignments():
        if isinstance(lit, int):
            if assignment not in worked:
                return None
        else:
            model.cp.add(lit == (assignment in worked))
    if worked - {assignment for assignment, _ in model.assignments()}:
        return None
    found = {}
    for priority in {*model.costs, *model.constant, 0}:
        expression, _ = model.sum(model.costs[priority])
        model.cp.minimize(expression)
        solver = cp_model.CpSolver()
        solver.parameters.num_workers = 1
        status = solver.solve(model.cp)
        if status == cp_model.INFEASIBLE:
            return None
        assert status == cp_model.OPTIMAL
        found[priority] = round(solver.objective_value) + model.constant[priority]
    return {priority: cost for priority, cost in found.items() if cost}
