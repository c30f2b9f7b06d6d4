"""One generated roster as the rest of the program sees it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables, faults_between_rows
from greedy.generate.config import GeneratorConfig
from greedy.generate.planted_rows import planted_batches
from greedy.generate.planting import plant
from greedy.generate.population import people_batches, shared_batches, staff_of
from greedy.generate.tables import PlantedAssignmentRow, PlantedRosterRow, WishRow
from greedy.model.problem import Assignment, Problem
from greedy.model.roster import Roster


@dataclass(frozen=True)
class PlantedPractice:
    """The tables of a practice, what is known of its roster, the planted solution, and wishes."""

    tables: PracticeTables
    known: PlantedRosterRow
    solution: list[PlantedAssignmentRow]
    wishes: list[WishRow]

    @property
    def problem(self) -> Problem:
        """With worked days limited."""
        return to_problem(self.tables, limit_worked_days=True)

    def roster(self, problem: Problem) -> Roster:
        """The planted solution."""
        employees = {employee.id: number for number, employee in enumerate(problem.employees)}
        services = {service.id: number for number, service in enumerate(problem.services)}
        return Roster.of(
            Assignment(employees[row.employee_id], (row.date - problem.first_day).days, services[str(row.service_id)])
            for row in self.solution
        )


def planted_practices(config: GeneratorConfig, practices: range | None = None) -> list[PlantedPractice]:
    """Some practices, all when none are named; rows that do not fit their models or each other are faults."""
    staff = staff_of(config, practices or range(config.practices))
    batches = [*shared_batches(config), *people_batches(config, staff), *planted_batches(config, staff, plant(config, staff))]
    rows: dict[str, list[Any]] = {}
    for batch in batches:
        columns = batch.table.columns
        made = [batch.table.model.model_validate(dict(zip(columns, values, strict=True))) for values in zip(*batch.columns, strict=True)]
        rows.setdefault(batch.table.name, []).extend(made)
    return [
        _practice(rows, roster_id, {employee for employee in ids.tolist() if employee})
        for roster_id, ids in zip(staff.roster_ids, staff.employee_ids, strict=True)
    ]


def _practice(rows: dict[str, list[Any]], roster_id: str, employees: set[str]) -> PlantedPractice:
    def of_roster(name: str) -> list[Any]:
        return [row for row in rows.get(name, []) if str(row.roster_id) == roster_id]

    tables = PracticeTables(
        rosters=[row for row in rows["rosters"] if str(row.id) == roster_id],
        employees=[row for row in rows["employees"] if row.id in employees],
        service_types=rows["service_types"],
        service_blocking_rules=rows["service_blocking_rules"],
        roster_employee_services=of_roster("roster_employee_services"),
        roster_period_staffing_dagdelen=of_roster("roster_period_staffing_dagdelen"),
        roster_assignments=of_roster("roster_assignments"),
    )
    assert not list(faults_between_rows(tables))
    (known,) = of_roster("planted_rosters")
    return PlantedPractice(tables, known, of_roster("planted_assignments"), of_roster("wishes"))
