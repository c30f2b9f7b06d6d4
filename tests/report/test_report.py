"""The report counts what the roster has, and says nothing that is not so."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import pytest

from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables
from greedy.model.problem import Assignment, Demand, Problem, Slot
from greedy.model.roster import Roster
from greedy.report import Report, build_report, render_text
from greedy.report.counts import percent
from greedy.report.grid import build_grid
from greedy.solve.solve import solve
from tests.build import DIA, DIO, GRO, MSP, OSP, TOT, problem


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


@pytest.mark.parametrize(
    ("filled", "needed", "shown"),
    [(0, 0, 100.0), (2, 3, 66.7), (9999, 10_000, 99.9), (949_600, 1_000_000, 94.9), (799_900, 1_000_000, 79.9)],
)
def test_a_percentage_never_looks_like_another_status(filled: int, needed: int, shown: float) -> None:
    assert percent(filled, needed) == shown


def test_every_slot_counts_once_though_rules_are_broken() -> None:
    one = problem(Demand(0, OSP, TOT, 1), Demand(1, OSP, TOT, 1), days=3)
    absent, resting = frozenset({Slot(0, 0, 0), Slot(0, 2, 0), Slot(0, 1, 1)}), frozenset({Slot(0, 1, 0), Slot(0, 1, 1)})
    one = replace(one, unavailable=absent, blocked=resting, pinned=(Assignment(0, 2, MSP),))  # which the roster does not keep
    work = Roster.of((Assignment(0, 0, OSP), Assignment(0, 1, OSP)))
    found = build_report(one, work, name="Test", open_demand=(), bound=2)
    assert len(found.violations) == 3
    kinds = Counter(cell.kind for day in build_grid(one, work).cells[0] for cell in day)
    assert dict(kinds) == {"work": 2, "blocked": 1, "unavailable": 1, "open": 5}
    assert found.slots.model_dump() == {"total": 9, "active": 2, "pinned": 0, "blocked": 1, "unavailable": 1, "open": 5}
    assert (
        (found.employees[0].blocked_slots, found.employees[0].unavailable_slots) == (len(found.blocked), len(found.unavailable)) == (1, 1)
    )
    assert found.employees[0].pinned == 0


def test_recommendations_name_people_dates_and_services() -> None:
    one = problem(Demand(0, OSP, TOT, 1), Demand(1, OSP, TOT, 1), capacity=1)
    assert report(one).recommendations == [
        "OSP TOT on 2025-11-25 O: allow one more OSP for Name 0",
        "OSP: 2 asked, all together may work 1: allow 1 more, for Name 0",
    ]
    assert report(problem(Demand(0, OSP, TOT, 1), capacity=1)).recommendations == []
    nobody = problem(Demand(0, OSP, GRO, 1), teams=("Oranje",))
    assert report(nobody).recommendations == [
        "OSP GRO on 2025-11-24 O: no change for one employee fills it; look for somebody else, or ask for fewer (other team: 1)",
        "OSP: 1 asked, and nobody who may serve it is qualified",
    ]
    assert report(problem(Demand(0, OSP, TOT, 1), teams=())).recommendations == [
        "OSP TOT on 2025-11-24 O: there are no employees",
        "OSP: 1 asked, and nobody who may serve it is qualified",
    ]


def test_the_text_of_a_roster_without_employees_has_no_line_of_nothing() -> None:
    lines = render_text(report(problem(Demand(0, OSP, TOT, 1), teams=()))).splitlines()
    assert [line for line in lines if line != line.rstrip()] == []
    assert "    would fill it: there are no employees" in lines


def test_the_text_tells_what_blocks() -> None:
    text = render_text(report(problem(Demand(0, DIO, TOT, 1), Demand(0, DIA, TOT, 1), Demand(1, OSP, TOT, 1))))
    assert "INCOMPLETE: 2 of 3 shifts, 66.7 %, 1 open" in text
    assert "2025-11-25 O TOT OSP: 1 missing" in text
    assert "blocked by Name 0 DIO 2025-11-24" in text
