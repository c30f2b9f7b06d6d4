"""The restricted master problem: which mix of the known schedules of each employee covers demand at the least cost, as a linear program.

One row an employee (exactly one schedule), one row a cell (staff + missing - too many = wanted). The solver keeps its basis from one solve
to the next, so that a few more columns cost a few more pivots.
"""

from __future__ import annotations

import math
import time
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from ortools.linear_solver import pywraplp

from greedy.solve.search.instance import Instance, Plans
from greedy.solve.search.kernel import OFF

_PARAMETERS = "use_preprocessing: false"  # it would throw the basis away
_PARAMETERS_IN_TROUBLE = ("use_preprocessing: false", "use_preprocessing: true use_dual_simplex: true", "use_scaling: false")
_NO_SCHEDULE_COST = 30  # times the greatest weight: what an employee without a schedule, or staff lent, costs while columns are few


class LinearProgramError(RuntimeError):
    """The linear solver found no optimum, in no way that it was asked."""


class Column(NamedTuple):
    """A whole schedule of one employee and its cost."""

    employee: int
    plan: NDArray[np.int8]
    cost: int


class Duals(NamedTuple):
    """What a unit of staff in each cell (days, services), and each employee's schedule (by position in `free`), is worth."""

    cells: NDArray[np.float64]
    employees: NDArray[np.float64]


class Master:
    """The linear program over the schedules of `free` employees, for demand `wanted` that the others leave."""

    def __init__(self, instance: Instance, free: list[int], wanted: NDArray[np.int32]) -> None:
        self.instance = instance
        self.free = free
        self.wanted = wanted
        self.columns: list[Column] = []
        self.shares = np.zeros(0)  # of each column, after a solve
        self._position = {employee: position for position, employee in enumerate(free)}
        self._known: set[tuple[int, bytes]] = set()
        self._closed: set[int] = set()
        self._staff_bounds: dict[tuple[int, int], tuple[int, int]] = {}
        self._build()

    def add(self, column: Column) -> bool:
        """Add a column; False when it is known."""
        key = (column.employee, column.plan.tobytes())
        if key in self._known:
            return False
        self._known.add(key)
        self._put(Column(column.employee, column.plan.copy(), column.cost))
        return True

    def close(self, number: int) -> None:
        """Take a column out of the mix until it is opened again."""
        self._variables[number].SetUb(0.0)
        self._closed.add(number)

    def open(self, numbers: list[int]) -> None:
        """Let closed columns back in."""
        for number in numbers:
            self._variables[number].SetUb(self._infinity)
            self._closed.discard(number)

    def is_closed(self, number: int) -> bool:
        """Whether a column is out."""
        return number in self._closed

    def bound_staff(self, day: int, service: int, low: int, high: int) -> None:
        """Keep the staff of a cell between two numbers."""
        self._staff_bounds[day, service] = (low, high)
        wanted = int(self.wanted[day, service])
        missing, surplus = self._slack[day][service]
        self._lent[day][service].SetUb(self._infinity if low > 0 else 0.0)  # columns known so far may not reach so far
        missing.SetBounds(max(0, wanted - high), max(0, wanted - low))
        surplus.SetBounds(max(0, low - wanted), max(0, high - wanted))

    def solve(self, deadline: float = math.inf) -> tuple[float, Duals] | None:
        """Cost of the best mix, and the duals; None when the deadline came first.

        Raises
        ------
        LinearProgramError
            There are no duals.
        """
        status = self._solve(deadline)
        for parameters in _PARAMETERS_IN_TROUBLE:
            if status == pywraplp.Solver.OPTIMAL or time.monotonic() > deadline:
                break
            self._build(parameters)  # numerical trouble: from scratch, without the old basis
            status = self._solve(deadline)
        if status != pywraplp.Solver.OPTIMAL:
            if time.monotonic() > deadline:
                return None
            raise LinearProgramError(f"the linear program of {len(self.columns)} columns ends with status {status}")
        self.shares = np.array([variable.solution_value() for variable in self._variables])
        cells = np.array([[row.dual_value() for row in rows] for rows in self._cells])
        return self._objective.Value(), Duals(cells, np.array([row.dual_value() for row in self._schedules]))

    def _solve(self, deadline: float) -> int:
        if not math.isinf(deadline):
            self._solver.SetTimeLimit(max(1, int(1000 * (deadline - time.monotonic()))))
        status: int = self._solver.Solve()
        return status

    def reduced_costs(self, duals: Duals) -> NDArray[np.float64]:
        """Of every column."""
        costs = np.empty(len(self.columns))
        for number, (employee, plan, cost) in enumerate(self.columns):
            days = np.nonzero(plan != OFF)[0]
            costs[number] = cost - duals.cells[days, plan[days]].sum() - duals.employees[self._position[employee]]
        return costs

    def keep_best(self, count: int) -> None:
        """Forget all but the `count` columns of least reduced cost. No column may be closed."""
        solved = self.solve()
        if solved is None:
            return
        best = np.argsort(self.reduced_costs(solved[1]), kind="stable")[:count]
        self.columns, self.shares = [self.columns[number] for number in best], self.shares[best]
        self._known = {(column.employee, column.plan.tobytes()) for column in self.columns}
        self._build()

    def _put(self, column: Column) -> None:
        variable = self._solver.NumVar(0.0, self._infinity, "")
        self._schedules[self._position[column.employee]].SetCoefficient(variable, 1.0)
        for day, service in enumerate(column.plan.tolist()):
            if service >= 0:
                self._cells[day][service].SetCoefficient(variable, 1.0)
        self._objective.SetCoefficient(variable, float(column.cost))
        self._variables.append(variable)
        self.columns.append(column)

    def _build(self, parameters: str = _PARAMETERS) -> None:
        solver = self._solver = pywraplp.Solver.CreateSolver("GLOP")
        solver.SetSolverSpecificParametersAsString(parameters)
        self._infinity = solver.infinity()
        self._objective = solver.Objective()
        self._objective.SetMinimization()
        _, days, services = self.instance.shape
        self._schedules = [solver.Constraint(1.0, 1.0) for _ in self.free]
        self._cells = []
        self._slack = []
        self._lent = []
        far = float(_NO_SCHEDULE_COST * (self.instance.under + self.instance.over).max() + 1)
        for day in range(days):
            rows, slack, lent = [], [], []
            for service in range(services):
                wanted = float(self.wanted[day, service])
                row = solver.Constraint(wanted, wanted)
                missing, surplus = solver.NumVar(0.0, self._infinity, ""), solver.NumVar(0.0, self._infinity, "")
                row.SetCoefficient(missing, 1.0)
                row.SetCoefficient(surplus, -1.0)
                self._objective.SetCoefficient(missing, float(self.instance.under[day, service]))
                self._objective.SetCoefficient(surplus, float(self.instance.over[day, service]))
                lent.append(solver.NumVar(0.0, 0.0, ""))
                row.SetCoefficient(lent[-1], 1.0)
                self._objective.SetCoefficient(lent[-1], far)
                rows.append(row)
                slack.append((missing, surplus))
            self._cells.append(rows)
            self._slack.append(slack)
            self._lent.append(lent)
        for row in self._schedules:
            nobody = solver.NumVar(0.0, self._infinity, "")
            row.SetCoefficient(nobody, 1.0)
            self._objective.SetCoefficient(nobody, far)
        columns, self.columns = self.columns, []
        self._variables: list[pywraplp.Variable] = []
        for column in columns:
            self._put(column)
        for number in sorted(self._closed):
            self.close(number)
        for (day, service), (low, high) in self._staff_bounds.items():
            self.bound_staff(day, service, low, high)


def shares_of_cells(instance: Instance, master: Master) -> NDArray[np.float64]:
    """(positions in `free`, days, services + 1): how far the mix works each cell; the last service is a day off."""
    _, days, services = instance.shape
    position = {employee: number for number, employee in enumerate(master.free)}
    shares = np.zeros((len(master.free), days, services + 1))
    every_day = np.arange(days)
    for number in np.nonzero(master.shares > 1e-9)[0]:
        column = master.columns[number]
        shares[position[column.employee], every_day, column.plan] += master.shares[number]
    return shares


def plans_of_shares(shares: NDArray[np.float64]) -> Plans:
    """The plans of a mix without fractions."""
    plans: Plans = shares.argmax(axis=2).astype(np.int8)
    plans[plans == shares.shape[2] - 1] = OFF
    return plans
