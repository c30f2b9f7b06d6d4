"""The smallest change that would fill an open unit of demand, found by trying: the workspace says what still stands in the way."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from dataclasses import dataclass

from greedy.model.changes import Available, Change, HigherLimit, OneMore, in_words
from greedy.model.limits import Quantity
from greedy.model.message import Message, joined, listed
from greedy.model.problem import Problem
from greedy.model.result import Obstacle
from greedy.solve.chains import Move, Reseat, Take, situations
from greedy.workspace import Workspace

LONGEST_CHAIN = 4
MOST_SITUATIONS = 40
NO_END = 1_000_000
MOST_CHANGES = 3
GIVEN = frozenset({Obstacle.NOT_QUALIFIED, Obstacle.CAPACITY_USED, Obstacle.UNAVAILABLE, Obstacle.PAIR_NOT_POSSIBLE})
LIFTABLE = GIVEN | {Obstacle.LIMIT_REACHED, Obstacle.DAY_LIMIT}
LEAST_PRICE: dict[Obstacle | None, int] = {Obstacle.UNAVAILABLE: 1, Obstacle.NOT_QUALIFIED: 2}  # of the changes that lift it, see `_price`
RAISABLE = frozenset({Quantity.SHIFTS, Quantity.MINUTES, Quantity.DAYS, Quantity.WEEKENDS, Quantity.CONSECUTIVE_DAYS})


@dataclass(frozen=True)
class Remedy:
    """What would fill a unit: changes that a planner must make, all of them, and then these moves."""

    changes: tuple[Change, ...]
    moves: tuple[Move, ...]


def remedy(workspace: Workspace, row: int, obstacles: Sequence[Obstacle | None], *, until: int) -> Remedy | None:
    """The smallest remedy for an open unit, the cheapest to the practice first; None when none was found.

    Fewer changes come first; then once more of a service or a higher limit, an absence lifted, a new qualification; then fewer moves.

    Parameters
    ----------
    workspace
        The roster, left as it was.
    row
        The open demand row.
    obstacles
        Employee -> why she cannot take a unit of the row.
    until
        The effort of the workspace from which on no further moves are tried. What a change alone would do is always looked at.
    """
    best: tuple[tuple[int, int, int], Remedy] | None = None
    with closing(situations(workspace, row, longest=LONGEST_CHAIN, budget=[NO_END])) as found:
        for number, situation in enumerate(found, start=1):
            if situation.gain > (0, 0):
                return Remedy((), situation.moves)
            if len(situation.waiting) == 1:
                waiting, moved = situation.waiting[0], len(situation.moves)
                for employee in range(len(workspace.problem.employees)):
                    obstacle = workspace.obstacle(employee, waiting) if moved else obstacles[employee]
                    if best is not None and best[0] <= (int(obstacle is not None), LEAST_PRICE.get(obstacle, 0), moved):
                        continue  # her best could not be cheaper
                    changes = changes_for(workspace, employee, waiting, obstacle, most=1 if moved else MOST_CHANGES)
                    if changes is None:
                        continue
                    price = (len(changes), max(map(_price, changes), default=0), moved)
                    if best is None or price < best[0]:
                        best = price, Remedy(changes, (*situation.moves, Take(waiting, employee)))
            if number >= MOST_SITUATIONS or workspace.effort >= until:
                break
    return None if best is None else best[1]


def changes_for(
    workspace: Workspace, employee: int, row: int, obstacle: Obstacle | None, *, most: int = MOST_CHANGES
) -> tuple[Change, ...] | None:
    """The changes, at most so many, after which an employee can take a unit of the row at once; None when no changes would do.

    `obstacle`: why she cannot take it now.
    """
    start = workspace.step
    changes: list[Change] = []
    try:
        while obstacle is not None:
            change = _change_for(workspace, employee, row, obstacle) if obstacle in LIFTABLE and len(changes) < most else None
            if change is None:
                return None
            workspace.permit(change)
            changes.append(change)
            obstacle = workspace.obstacle(employee, row)
        return tuple(changes)
    finally:
        workspace.undo(start)


def in_a_sentence(problem: Problem, what: Remedy) -> Message:
    """A remedy in a planner's words."""
    changes = joined(in_words(problem, change) for change in what.changes)
    if len(what.changes) > 1:
        changes = Message("{number} changes together: {changes}", number=len(what.changes), changes=changes)
    if len(what.moves) == 1 and changes:
        return changes
    moves = listed(_move_in_words(problem, move) for move in what.moves)
    return Message("{changes}; then {moves}", changes=changes, moves=moves) if changes else moves


def _move_in_words(problem: Problem, move: Move) -> Message:
    row = problem.demand[move.row]
    if isinstance(move, Reseat):
        return Message("{work} counts for {team}", work=problem.describe(move.assignment), team=problem.demand_teams[row.team].code)
    said = Message(
        "{who} takes {what} {date}",
        who=problem.names[move.employee],
        what=_with_other_half(problem, row.service),
        date=problem.date_of(row.day),
    )
    if not move.gives_up:
        return said
    given_up = joined(
        Message("{what} {date}", what=what, date=problem.date_of(day))
        for day, what in dict.fromkeys((a.day, _with_other_half(problem, a.service)) for a in move.gives_up)
    )
    return Message("{taken} instead of {given_up}", taken=said, given_up=given_up)


def _with_other_half(problem: Problem, service: int) -> Message:
    """`OSP`; of a pair both halves, as they go together: `DIO and DIA`, whichever of the two it is."""
    first = problem.first_half.get(service, service)
    second = problem.services[first].second_half
    return joined(problem.services[one].code for one in (first, second) if one is not None)


def _price(change: Change) -> int:
    """How hard a change is for a practice: 0 a number, 1 an absence, 2 a qualification."""
    return (2 if change.new else 0) if isinstance(change, OneMore) else int(isinstance(change, Available))


def _change_for(workspace: Workspace, employee: int, row: int, obstacle: Obstacle) -> Change | None:
    """The change that would lift an obstacle, if a planner can make one."""
    problem = workspace.problem
    if obstacle in (Obstacle.LIMIT_REACHED, Obstacle.DAY_LIMIT):
        limit = workspace.limit_in_the_way(employee, row)
        return None if limit is None or limit.quantity not in RAISABLE else HigherLimit(limit, workspace.excess(limit, employee, row))
    if obstacle not in GIVEN:
        return None
    work = workspace.work_for(employee, row)
    if short := tuple(a.service for a in work if workspace.capacity_left(employee, a.service) < 1):
        return OneMore(employee, short, new=any((employee, service) not in problem.capabilities for service in short))
    absent = [slot for slot in map(problem.slot_of, work) if workspace.is_absent(slot)]
    return Available(employee, absent[0].day, tuple(slot.daypart for slot in absent)) if absent else None
