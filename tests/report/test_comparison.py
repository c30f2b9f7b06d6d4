"""The comparison of two rosters: every slot that differs, and nothing else."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from greedy.errors import InputError
from greedy.model.problem import Assignment, Demand, Employee, Problem
from greedy.model.roster import Roster
from greedy.report.comparison import compare, in_numbers_of
from greedy.report.grid import build_grid
from greedy.report.text.comparison import comparison_head, comparison_lines
from greedy.wording import ENGLISH, words_of
from tests.build import MSP, OSP, TOT, problem

TWO = problem(Demand(0, OSP, TOT, 1), Demand(1, OSP, TOT, 1), Demand(1, MSP, TOT, 1), teams=("Groen", "Groen"))


def test_work_that_moves_goes_and_comes() -> None:
    before = Roster.of([Assignment(0, 0, OSP), Assignment(0, 1, OSP), Assignment(0, 1, MSP)])
    after = Roster.of([Assignment(0, 0, OSP), Assignment(1, 1, OSP)])
    found = compare(TWO, before, after)
    assert (found.kept, found.gone, found.new, found.moved) == (1, 2, 1, 1)
    assert (found.assigned_before, found.assigned_after) == (3, 2)
    assert [(line.name, str(line.date), line.dagdeel, line.change, line.before, line.after) for line in found.lines] == [
        ("Name 0", "2025-11-25", "O", "gone", "OSP", None),
        ("Name 0", "2025-11-25", "M", "gone", "MSP", None),
        ("Name 1", "2025-11-25", "O", "new", None, "OSP"),
    ]
    assert [(line.given_to, line.taken_from) for line in found.lines] == [("Name 1", None), (None, None), (None, "Name 0")]
    assert [(one.name, one.kept, one.gone, one.new, one.slots) for one in found.employees] == [
        ("Name 0", 1, 2, 0, 2),
        ("Name 1", 0, 0, 1, 1),
    ]
    assert list(comparison_lines(found, ENGLISH)) == [
        "against the run before: 1 kept, 1 given to somebody else, 1 gone, 0 new; filled: 2, before 3; people with changes: 2",
        "  Name 0:",
        "    2025-11-25 O: OSP is gone, OSP given to Name 1",
        "    2025-11-25 M: MSP is gone",
        "  Name 1:",
        "    2025-11-25 O: OSP is new, OSP taken from Name 0",
    ]
    assert words_of("nl").say(comparison_head(found)).startswith("ten opzichte van de vorige keer: 1 gebleven, 1 naar een ander, 1 weg")


def test_another_service_in_the_same_slot_is_one_line() -> None:
    ech = replace(TWO.services[OSP], id="s-ech", code="ECH")
    one = replace(TWO, services=(*TWO.services, ech))
    found = compare(one, Roster.of([Assignment(0, 0, OSP)]), Roster.of([Assignment(0, 0, len(one.services) - 1)]))
    assert [(line.change, line.before, line.after) for line in found.lines] == [("other", "OSP", "ECH")]
    assert (found.gone, found.new, found.moved, found.same) == (1, 1, 0, False)
    assert "    2025-11-24 O: ECH instead of OSP" in comparison_lines(found, ENGLISH)


def test_the_same_roster_has_no_lines() -> None:
    roster = Roster.of([Assignment(0, 0, OSP)])
    found = compare(TWO, roster, roster)
    assert (found.same, found.lines, found.employees, list(comparison_lines(found, ENGLISH))) == (
        True, [], [], ["against the run before: nothing changed"],
    )  # fmt: skip


work = st.frozensets(st.builds(Assignment, st.integers(0, 1), st.integers(-1, 3), st.sampled_from((OSP, MSP))))


@given(work, work)
@settings(max_examples=60)
def test_counts_lines_and_grid_agree(had: frozenset[Assignment], has: frozenset[Assignment]) -> None:
    before, after = Roster.of(had), Roster.of(has)
    found = compare(TWO, before, after)
    inside = range(TWO.day_count)
    assert found.kept + found.gone == sum(a.day in inside for a in had)
    assert found.kept + found.new == sum(a.day in inside for a in has)
    assert found.moved == sum(line.given_to is not None for line in found.lines) == sum(line.taken_from is not None for line in found.lines)
    assert (sum(one.gone for one in found.employees), sum(one.new for one in found.employees)) == (found.gone, found.new)
    grid = build_grid(TWO, Roster.of(a for a in has if a.day in inside), before=before)
    marked = {
        (TWO.employees[e].id, TWO.date_of(d), TWO.dayparts[p]): str(cell.change)
        for e, days in enumerate(grid.cells) for d, cells in enumerate(days) for p, cell in enumerate(cells) if cell.change
    }  # fmt: skip
    assert {(line.employee_id, line.date, line.dagdeel): line.change for line in found.lines} == marked
    back = compare(TWO, after, before)
    assert (back.gone, back.new, back.moved, len(back.lines)) == (found.new, found.gone, found.moved, len(found.lines))


def test_a_roster_of_another_problem_is_matched_by_ids_codes_and_dates() -> None:
    """The other has its employees and services in another order, and begins a day later."""
    other = _reordered(TWO)
    roster = Roster.of([Assignment(1, 0, 1), Assignment(0, 1, 0)])
    assert in_numbers_of(TWO, other, roster) == Roster.of([Assignment(0, 1, OSP), Assignment(1, 2, MSP)])


def test_strangers_are_all_named() -> None:
    other = replace(TWO, employees=(Employee("E0", "Name 0", "Groen"), Employee("X", "Stranger", "Groen")), roster_id="other")
    with pytest.raises(InputError) as caught:
        in_numbers_of(TWO, other, Roster.of([Assignment(1, 0, OSP), Assignment(0, 0, OSP)]))
    assert list(caught.value.details) == ["employee X, Stranger"]


def _reordered(one: Problem) -> Problem:
    services = (replace(one.services[MSP]), replace(one.services[OSP]))
    return replace(
        one,
        first_day=one.date_of(1),
        employees=tuple(reversed(one.employees)),
        services=services,
        demand=(),
        capabilities={},
        blocking_rules=(),
    )
