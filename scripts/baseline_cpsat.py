"""The baseline of bench_solver: what a user of CP-SAT would write for such a roster in an afternoon.

One boolean an (employee, day, shift), every rule as it reads, all cores, nothing clever. It knows benchmark problems alone: one daypart,
hard limits.
"""

from __future__ import annotations

import time
from dataclasses import dataclass

from ortools.sat.python import cp_model

from greedy.model.limits import Limit, Quantity
from greedy.model.problem import Assignment, Problem, Slot
from greedy.model.roster import Roster

Works = dict[tuple[int, int, int], cp_model.IntVar]
SATURDAY = 5


@dataclass(frozen=True)
class Baseline:
    """What plain CP-SAT found: no roster when none was found in time. `objective` and `bound` as the model has them."""

    roster: Roster | None
    objective: int | None
    bound: int
    seconds: float
    seconds_to_best: float | None
    status: str


class _Clock(cp_model.CpSolverSolutionCallback):
    """When the last solution was found."""

    def __init__(self) -> None:
        super().__init__()
        self.started = time.perf_counter()
        self.seconds: float | None = None

    def on_solution_callback(self) -> None:
        self.seconds = time.perf_counter() - self.started


def solve_plainly(problem: Problem, *, time_limit_seconds: float, seed: int, workers: int | None) -> Baseline:
    """Solve a benchmark problem with the straightforward model."""
    model = cp_model.CpModel()
    x: Works = {
        (e, d, s): model.new_bool_var("")
        for e, s in problem.capabilities
        for d in range(problem.day_count)
        if Slot(e, d, 0) not in problem.unavailable
    }
    _one_shift_a_day(model, problem, x)
    _forbidden_successors(model, problem, x)
    for limit in problem.limits:
        _limit(model, problem, x, limit)
    model.minimize(_cover(model, problem, x) + _requests(problem, x))
    solver = cp_model.CpSolver()
    solver.parameters.max_time_in_seconds = time_limit_seconds
    solver.parameters.random_seed = seed
    if workers is not None:
        solver.parameters.num_workers = workers
    clock = _Clock()
    status = solver.solve(model, clock)
    found = status in (cp_model.OPTIMAL, cp_model.FEASIBLE)
    return Baseline(
        roster=Roster.of(Assignment(*cell) for cell, variable in x.items() if solver.value(variable)) if found else None,
        objective=round(solver.objective_value) if found else None,
        bound=round(solver.best_objective_bound),
        seconds=time.perf_counter() - clock.started,
        seconds_to_best=clock.seconds,
        status=solver.status_name(status).lower(),
    )


def _works(problem: Problem, x: Works, e: int, d: int) -> cp_model.LinearExpr:
    """Whether an employee works on a day; 0 outside the horizon."""
    return cp_model.LinearExpr.sum([x[e, d, s] for s in range(len(problem.services)) if (e, d, s) in x])


def _one_shift_a_day(model: cp_model.CpModel, problem: Problem, x: Works) -> None:
    for e in range(len(problem.employees)):
        for d in range(problem.day_count):
            model.add_at_most_one(x[e, d, s] for s in range(len(problem.services)) if (e, d, s) in x)
    for (e, s), most in problem.capabilities.items():
        model.add(sum(x[e, d, s] for d in range(problem.day_count) if (e, d, s) in x) <= most)


def _forbidden_successors(model: cp_model.CpModel, problem: Problem, x: Works) -> None:
    for (e, d, s), variable in x.items():
        for after in problem.services[s].forbidden_successors:
            if (e, d + 1, after) in x:
                model.add_bool_or(variable.negated(), x[e, d + 1, after].negated())


def _limit(model: cp_model.CpModel, problem: Problem, x: Works, limit: Limit) -> None:
    works = [_works(problem, x, limit.employee, d) for d in range(problem.day_count)]
    if limit.quantity is Quantity.MINUTES:
        minutes = sum(problem.services[s].minutes * variable for (e, _, s), variable in x.items() if e == limit.employee)
        model.add_linear_constraint(minutes, limit.minimum or 0, 10**9 if limit.maximum is None else limit.maximum)
    elif limit.quantity is Quantity.WEEKENDS:
        _weekends(model, problem, works, limit)
    elif limit.quantity is Quantity.CONSECUTIVE_DAYS:
        if limit.maximum is not None:
            for d in range(problem.day_count - limit.maximum):
                model.add(sum(works[d : d + limit.maximum + 1]) <= limit.maximum)
        _no_short_runs(model, works, limit.minimum or 0)
    elif limit.quantity is Quantity.CONSECUTIVE_DAYS_OFF:
        _no_short_runs(model, [1 - one for one in works], limit.minimum or 0)
    else:
        raise NotImplementedError(f"the baseline knows benchmark problems alone, not {limit.quantity}")


def _no_short_runs(model: cp_model.CpModel, days: list[cp_model.LinearExpr], least: int) -> None:
    """No run of fewer than `least` days strictly inside the horizon: one day off, a few on, one off."""
    for length in range(1, least):
        for d in range(1, len(days) - length):
            model.add(days[d - 1] + (length - sum(days[d : d + length])) + days[d + length] >= 1)


def _weekends(model: cp_model.CpModel, problem: Problem, works: list[cp_model.LinearExpr], limit: Limit) -> None:
    weekends = []
    for d, saturday in enumerate(works):
        if problem.date_of(d).weekday() == SATURDAY:
            weekend = model.new_bool_var("")
            for worked in (saturday, *works[d + 1 : d + 2]):
                model.add(weekend >= worked)
            weekends.append(weekend)
    model.add(sum(weekends) <= (len(weekends) if limit.maximum is None else limit.maximum))


def _cover(model: cp_model.CpModel, problem: Problem, x: Works) -> cp_model.LinearExprT:
    cost: cp_model.LinearExprT = 0
    for row in problem.demand:
        under, over = model.new_int_var(0, row.required, ""), model.new_int_var(0, len(problem.employees), "")
        model.add(
            sum(x[e, row.day, row.service] for e in range(len(problem.employees)) if (e, row.day, row.service) in x) - over + under
            == row.required
        )
        cost += row.weight_under * under + row.weight_over * over
    return cost


def _requests(problem: Problem, x: Works) -> cp_model.LinearExprT:
    cost: cp_model.LinearExprT = 0
    for request in problem.requests:
        worked: cp_model.LinearExprT = x.get((request.employee, request.day, request.service or 0), 0)
        cost += request.weight * ((1 - worked) if request.wanted else worked)
    return cost
