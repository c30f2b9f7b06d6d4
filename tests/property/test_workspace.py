"""Any problem: what the workspace allows is legal, what it undoes is as before, and chains only make better."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from greedy.model.changes import applied
from greedy.model.coverage import coverage
from greedy.model.problem import Problem
from greedy.model.result import Obstacle
from greedy.model.roster import Roster
from greedy.model.rules import check
from greedy.solve.bound import coverage_bound, demand_bound
from greedy.solve.chains import repair
from greedy.solve.explain import explain_open_demand
from greedy.solve.fill import fill
from greedy.solve.flow import flow_bound
from greedy.solve.solve import solve
from greedy.workspace import Workspace
from tests.property.limited import limited_problems

BY_ROW = frozenset({Obstacle.OTHER_TEAM, Obstacle.PAIR_NOT_POSSIBLE})  # another row of the cell may be open to her


def broken(problem: Problem, roster: Roster) -> list[str]:
    """What a roster breaks beyond pinned work, but for what only more work could mend."""
    return [v.message for v in check(problem, roster) if not v.pinned and "at least" not in v.message]


def state(workspace: Workspace) -> Any:
    """All that can be asked of a workspace."""
    problem = workspace.problem
    staff, rows = range(len(problem.employees)), range(len(problem.demand))
    return (
        workspace.freeze(),
        list(workspace.open_units),
        list(workspace.shifts),
        [workspace.obstacle(employee, row) for employee in staff for row in rows],
        [workspace.breach(employee) for employee in staff],
    )


@settings(max_examples=300, deadline=None)
@given(limited_problems(), st.data())
def test_placing_removing_and_undoing_restore_exactly(problem: Problem, data: st.DataObject) -> None:
    workspace = Workspace(problem)
    states = [(workspace.step, state(workspace))]
    for _ in range(6):
        takes = [
            (employee, row)
            for row, units in enumerate(workspace.open_units)
            for employee in range(len(problem.employees))
            if units > 0 and workspace.obstacle(employee, row) is None
        ]
        movable = [a for a in workspace.planned() if not any(map(workspace.is_pinned, workspace.with_partner(a)))]
        if takes and (not movable or data.draw(st.booleans())):
            workspace.place(*data.draw(st.sampled_from(takes)))
        elif movable:
            workspace.remove(data.draw(st.sampled_from(movable)))
        states.append((workspace.step, state(workspace)))
    for step, before in reversed(states):
        workspace.undo(step)
        assert state(workspace) == before


@settings(max_examples=300, deadline=None)
@given(limited_problems(), st.data())
def test_what_nothing_stands_in_the_way_of_is_legal_and_the_rest_is_not(problem: Problem, data: st.DataObject) -> None:
    workspace = Workspace(problem)
    for row in [row for row, units in enumerate(workspace.open_units) if units > 0]:
        for employee in range(len(problem.employees)):
            if workspace.open_units[row] < 1:
                break
            standing, step = workspace.freeze(), workspace.step
            obstacle, work = workspace.obstacle(employee, row), workspace.work_for(employee, row)
            if obstacle is None:
                workspace.place(employee, row)
                assert broken(problem, workspace.freeze()) == []
                if data.draw(st.booleans()):
                    workspace.undo(step)
            elif obstacle not in BY_ROW and not set(work) & set(standing.assignments):
                before, after = check(problem, standing), check(problem, Roster.of([*standing.assignments, *work]))
                assert [one for one in after if one not in before], obstacle


@settings(max_examples=300, deadline=None)
@given(limited_problems())
def test_chains_break_no_rule_and_lose_no_coverage(problem: Problem) -> None:
    workspace = Workspace(problem)
    fill(workspace)
    before = {employee: workspace.breach(employee) for employee in range(len(problem.employees))}
    cost = sum(problem.demand[row].weight_under * units for row, units in enumerate(workspace.open_units))
    repair(workspace, effort=200)
    roster = workspace.freeze()
    assert broken(problem, roster) == []
    assert set(problem.pinned) <= set(roster.assignments)
    assert all(workspace.breach(employee) <= before[employee] for employee in before)
    after = sum(problem.demand[row].weight_under * units for row, units in enumerate(workspace.open_units))
    assert demand_bound(problem) <= after <= cost
    assert flow_bound(problem) <= after
    served = coverage(problem, roster).assigned
    assert sum(min(n, row.required) for n, row in zip(served, problem.demand, strict=True)) <= coverage_bound(problem)
    fresh = Workspace(problem, roster)
    assert (workspace.shifts, sum(workspace.open_units)) == (fresh.shifts, sum(fresh.open_units))
    assert all(workspace.capacity_left(*key) == fresh.capacity_left(*key) for key in problem.capabilities)


@settings(max_examples=200, deadline=None)
@given(limited_problems())
def test_the_smallest_change_fills_the_unit(problem: Problem) -> None:
    result = solve(problem, "greedy")
    standing = Workspace(problem, result.roster)
    for one in explain_open_demand(problem, result.roster):
        assert sum(one.reasons.values()) + len(one.free) == len(problem.employees)
        for employee, more in [*((employee, ()) for employee in one.free), *((more.employee, (more,)) for more in one.one_more)]:
            after, work = applied(problem, more), standing.work_for(employee, one.row)
            assert set(broken(after, Roster.of([*result.roster.assignments, *work]))) <= set(broken(after, result.roster))
        if not one.smallest_change or "no change" in one.smallest_change or "no employees" in one.smallest_change:
            assert one.changes == ()
            continue
        changed = Workspace(applied(problem, one.changes), result.roster)
        before = sum(problem.demand[row].weight_under * units for row, units in enumerate(changed.open_units))
        repair(changed)
        assert sum(problem.demand[row].weight_under * units for row, units in enumerate(changed.open_units)) < before


@settings(max_examples=150, deadline=None)
@given(limited_problems())
def test_auto_is_never_worse_than_the_fill_and_the_same_each_time(problem: Problem) -> None:
    greedy, auto = solve(problem, "greedy"), solve(problem, seed=1, workers=1)
    assert rank(auto) <= rank(greedy)
    assert solve(problem, seed=1, workers=1).roster == auto.roster
    assert all(auto.bounds.get(priority, 0) <= auto.costs.get(priority, 0) for priority in auto.bounds)


def rank(result: Any) -> Any:
    """Broken rules, then costs in order of priority."""
    priorities = range(11)
    return sum(not v.pinned for v in result.violations), [result.costs.get(priority, 0) for priority in priorities]
