"""The report counts what the roster has, and says nothing that is not so."""

from __future__ import annotations

import pytest

from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables
from greedy.model.problem import Demand, Problem
from greedy.report import Report, build_report, render_text
from greedy.solve.solve import solve
from tests.build import DIA, DIO, GRO, OSP, TOT, problem


def report(one: Problem) -> Report:
    result = solve(one, "greedy")
    return build_report(one, result.roster, name="Test", open_demand=result.open_demand, bound=result.bound)


def test_every_total_adds_up(sample: PracticeTables) -> None:
    found = report(to_problem(sample))
    coverage = found.coverage
    assert (coverage.needed, coverage.assigned + coverage.open) == (227, 227)
    for rows in (found.services, found.teams, found.days):
        assert (sum(row.needed for row in rows), sum(row.assigned for row in rows)) == (227, coverage.assigned)
    assert sum(line.missing for line in found.open_demand) == coverage.open
    assert sum(one.shifts for one in found.employees) == coverage.assigned == found.slots.active
    slots = found.slots
    assert slots.total == slots.active + slots.blocked + slots.unavailable + slots.open == 1470
    assert (slots.pinned, slots.unavailable) == (6, 190)
    assert sum(one.blocked_slots for one in found.employees) == slots.blocked
    assert found.violations == []
    assert Report.model_validate_json(found.model_dump_json()) == found


@pytest.mark.parametrize(
    ("filled", "needed", "status"),
    [(1, 1, "COMPLETE"), (0, 0, "COMPLETE"), (19, 20, "NEAR COMPLETE"), (8, 10, "PARTIAL"), (7, 10, "INCOMPLETE")],
)
def test_the_status_follows_the_coverage(filled: int, needed: int, status: str) -> None:
    one = problem(*(Demand(day, OSP, TOT, 1) for day in range(needed)), days=max(needed, 1), capacity=filled)
    assert report(one).status == status


def test_recommendations_name_people_dates_and_services() -> None:
    one = problem(Demand(0, OSP, TOT, 1), Demand(1, OSP, TOT, 1), capacity=1)
    assert report(one).recommendations == ["OSP TOT on 2025-11-25 O: allow one more OSP for Name 0"]
    nobody = problem(Demand(0, OSP, GRO, 1), teams=("Oranje",))
    assert report(nobody).recommendations == ["OSP GRO on 2025-11-24 O: no change for one employee fills it (1 employees: other team)"]
    assert report(problem(Demand(0, OSP, TOT, 1), teams=())).recommendations == ["OSP TOT on 2025-11-24 O: there are no employees"]


def test_the_text_tells_what_blocks() -> None:
    text = render_text(report(problem(Demand(0, DIO, TOT, 1), Demand(0, DIA, TOT, 1), Demand(1, OSP, TOT, 1))))
    assert "INCOMPLETE: 2 of 3 shifts, 66.7 %, 1 open" in text
    assert "2025-11-25 O TOT OSP: 1 missing" in text
    assert "blocked by Name 0 DIO 2025-11-24" in text
