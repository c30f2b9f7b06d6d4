"""Any problem -> fill -> check finds no violation."""

from __future__ import annotations

from hypothesis import given, settings

from greedy.model.coverage import coverage
from greedy.model.problem import Problem, Slot
from greedy.model.roster import blocked_slots
from greedy.model.rules import check
from greedy.solve.bound import coverage_bound
from greedy.solve.explain import explain_open_demand
from greedy.solve.fill import fill
from greedy.workspace import Workspace
from tests.build import problems


@settings(max_examples=600, deadline=None)
@given(problems())
def test_the_fill_breaks_no_rule(problem: Problem) -> None:
    workspace = Workspace(problem)
    fill(workspace)
    roster = workspace.freeze()
    assert [violation for violation in check(problem, roster) if not violation.pinned] == []
    assert set(problem.pinned) <= set(roster.assignments)


@settings(max_examples=300, deadline=None)
@given(problems())
def test_the_fill_leaves_no_shift_that_somebody_could_take(problem: Problem) -> None:
    workspace = Workspace(problem)
    fill(workspace)
    for row, units in enumerate(workspace.open_units):
        takers = [e for e in range(len(problem.employees)) if units > 0 and workspace.obstacle(e, row) is None]
        assert takers == []


@settings(max_examples=300, deadline=None)
@given(problems())
def test_coverage_stays_under_the_bound_and_counts_what_the_workspace_counts(problem: Problem) -> None:
    workspace = Workspace(problem)
    fill(workspace)
    covered = sum(coverage(problem, workspace.freeze()).assigned)
    assert problem.required - sum(workspace.open_units) == covered <= coverage_bound(problem) <= problem.required


@settings(max_examples=300, deadline=None)
@given(problems())
def test_every_open_row_counts_every_employee_once(problem: Problem) -> None:
    workspace = Workspace(problem)
    fill(workspace)
    roster = workspace.freeze()
    rows = explain_open_demand(problem, roster)
    assert sum(row.missing for row in rows) == problem.required - sum(coverage(problem, roster).assigned)
    for row in rows:
        assert sum(row.reasons.values()) + len(row.free) == len(problem.employees)


@settings(max_examples=300, deadline=None)
@given(problems(pinned=False))
def test_the_workspace_and_the_prediction_block_the_same_slots(problem: Problem) -> None:
    workspace = Workspace(problem)
    fill(workspace)
    predicted = {block.slot for block in blocked_slots(problem, workspace.freeze())}
    every = (Slot(e, d, p) for e in range(len(problem.employees)) for d in range(problem.day_count) for p in range(len(problem.dayparts)))
    assert predicted == {slot for slot in every if workspace.blocking_duty(slot) is not None}
