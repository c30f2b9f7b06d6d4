"""The planted solution of a generated roster as the solvers and the checker see one."""

from __future__ import annotations

from greedy.generate.practice import GeneratedPractice
from greedy.model.problem import Assignment, Problem
from greedy.model.roster import Roster


def planted_roster(practice: GeneratedPractice, problem: Problem) -> Roster:
    """Its planted assignments by the numbers of its problem."""
    employees = {employee.id: number for number, employee in enumerate(problem.employees)}
    services = {service.id: number for number, service in enumerate(problem.services)}
    return Roster.of(
        Assignment(employees[row.employee_id], (row.date - problem.first_day).days, services[str(row.service_id)])
        for row in practice.planted
    )
