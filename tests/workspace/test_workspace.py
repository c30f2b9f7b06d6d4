"""The workspace says what stands in the way, in the same order for everybody, and refuses what does not fit."""

from __future__ import annotations

from dataclasses import replace

import pytest

from greedy.model.problem import Assignment, Demand, Slot
from greedy.model.result import Obstacle
from greedy.workspace import Workspace
from tests.build import DIA, DIO, GRO, MIDDAY, MORNING, OSP, TOT, problem

ONE = problem(Demand(0, OSP, TOT, 1))
PAIR = problem(Demand(0, DIO, TOT, 1), Demand(0, DIA, TOT, 1))


@pytest.mark.parametrize(
    ("one", "obstacle"),
    [
        (ONE, None),
        (replace(ONE, capabilities={}), Obstacle.NOT_QUALIFIED),
        (replace(ONE, employees=(replace(ONE.employees[0], active=False),)), Obstacle.INACTIVE),
        (problem(Demand(0, OSP, GRO, 1), teams=("Oranje",)), Obstacle.OTHER_TEAM),
        (problem(Demand(0, OSP, TOT, 1), capacity=0), Obstacle.CAPACITY_USED),
        (replace(ONE, unavailable=frozenset({Slot(0, 0, MORNING)})), Obstacle.UNAVAILABLE),
        (replace(ONE, blocked=frozenset({Slot(0, 0, MORNING)})), Obstacle.BLOCKED),
        (replace(ONE, pinned=(Assignment(0, 0, DIO),)), Obstacle.WORKS),
        (problem(Demand(0, OSP, TOT, 1), max_days=0), Obstacle.DAY_LIMIT),
        (problem(Demand(0, DIO, TOT, 1)), Obstacle.PAIR_NOT_POSSIBLE),
        (replace(PAIR, pinned=(Assignment(0, 1, OSP),)), Obstacle.BLOCKS_WORK),
    ],
)
def test_each_obstacle(one: object, obstacle: Obstacle | None) -> None:
    assert Workspace(one).obstacle(0, 0) is obstacle


def test_placing_what_cannot_be_placed_is_refused_and_changes_nothing() -> None:
    workspace = Workspace(PAIR)
    workspace.place(0, 0)
    before = workspace.freeze()
    with pytest.raises(ValueError, match="already works"):
        workspace.place(0, 0)
    assert workspace.freeze() == before


def test_a_unit_is_given_once() -> None:
    workspace = Workspace(problem(Demand(0, OSP, TOT, 1), teams=("Groen", "Groen")))
    workspace.place(0, 0)
    with pytest.raises(ValueError, match="no unit is open"):
        workspace.place(1, 0)


def test_phase_3_predicts_what_a_duty_blocks() -> None:
    workspace = Workspace(PAIR)
    assert workspace.predicted_blocks() == ()
    workspace.place(0, 0)
    assert [(block.slot, block.duty) for block in workspace.predicted_blocks()] == [
        (slot, Assignment(0, 0, DIO)) for slot in (Slot(0, 0, MIDDAY), Slot(0, 1, MORNING), Slot(0, 1, MIDDAY))
    ]


def test_what_is_planned_leaves_out_what_was_pinned() -> None:
    workspace = Workspace(replace(ONE, pinned=(Assignment(0, 1, OSP),)))
    workspace.place(0, 0)
    assert workspace.planned() == (Assignment(0, 0, OSP),)
    assert len(workspace.freeze().assignments) == 2


def test_pinned_work_and_what_does_not_stand_cannot_be_taken_away() -> None:
    workspace = Workspace(replace(ONE, pinned=(Assignment(0, 1, OSP),)))
    for wrong in (Assignment(0, 0, OSP), Assignment(0, 1, OSP)):
        with pytest.raises(ValueError, match="cannot be removed"):
            workspace.remove(wrong)


def test_taking_a_duty_away_frees_what_it_blocked_and_its_pair() -> None:
    workspace = Workspace(PAIR)
    workspace.place(0, 0)
    assert workspace.duties_blocking(Slot(0, 1, MORNING)) == (Assignment(0, 0, DIO),)
    workspace.remove(Assignment(0, 0, DIA))
    assert (workspace.freeze().assignments, workspace.open_units, workspace.predicted_blocks()) == ((), [1, 1], ())
    assert workspace.obstacle(0, 0) is None
