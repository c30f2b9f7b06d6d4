"""A tighter bound on open demand: one service at a time as a flow from employees to the days they can work.

Every capability, absence, team and pinned duty counts; that one employee has one slot at a time for all services together does not.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from ortools.graph.python.min_cost_flow import SimpleMinCostFlow

from greedy.model.problem import Assignment, Problem
from greedy.solve.bound import can_work, times_left
from greedy.workspace import Workspace


class FlowError(AssertionError):
    """The flow has no solution, though covering nothing is one: a fault of this program."""


def flow_bound(problem: Problem) -> int:
    """No legal roster leaves open demand that costs less than this."""
    workspace = Workspace(problem)
    services: dict[int, list[int]] = defaultdict(list)
    for row, demand in enumerate(problem.demand):
        if demand.required:
            services[demand.service].append(row)
    return sum(_least_open(workspace, service, rows) for service, rows in services.items())


def _least_open(workspace: Workspace, service: int, rows: list[int]) -> int:
    """Least weight of the units of one service that stay open."""
    problem = workspace.problem
    required = sum(problem.demand[row].required for row in rows)
    flow = SimpleMinCostFlow()
    source, sink = 0, 1
    row_node = {row: 2 + number for number, row in enumerate(rows)}
    next_node = 2 + len(rows)
    for row, node in row_node.items():
        demand = problem.demand[row]
        flow.add_arc_with_capacity_and_unit_cost(node, sink, demand.required, -demand.weight_under)
    stands = Counter(a.employee for a in problem.pinned if a.service == service)
    for employee in range(len(problem.employees)):
        days: dict[int, list[int]] = defaultdict(list)
        for row in rows:
            demand = problem.demand[row]
            pinned = workspace.is_pinned(Assignment(employee, demand.day, service))
            may = problem.employees[employee].team in problem.demand_teams[demand.team].served_by
            if may and (pinned or can_work(workspace, employee, demand.day, service, demand.team)):
                days[demand.day].append(row)
        most = stands[employee] + times_left(workspace, employee, service)
        if not days or not most:
            continue
        own, next_node = next_node, next_node + 1
        flow.add_arc_with_capacity_and_unit_cost(source, own, most, 0)
        for open_rows in days.values():
            flow.add_arc_with_capacity_and_unit_cost(own, next_node, 1, 0)
            for row in open_rows:
                flow.add_arc_with_capacity_and_unit_cost(next_node, row_node[row], 1, 0)
            next_node += 1
    flow.add_arc_with_capacity_and_unit_cost(source, sink, required, 0)
    flow.set_node_supply(source, required)
    flow.set_node_supply(sink, -required)
    if flow.solve() != flow.OPTIMAL:
        raise FlowError(f"no flow for service {problem.services[service].code}")
    return sum(problem.demand[row].weight_under * problem.demand[row].required for row in rows) + int(flow.optimal_cost())
