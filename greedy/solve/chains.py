"""Repair by chains of moves: an open unit goes to somebody who gives up other work for it, which goes to somebody else, and so on.

Short chains are tried first. Pairs move together. A chain is made when what stays open costs less than before, so a heavy unit may be
filled at the price of a light one.
"""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from dataclasses import dataclass
from itertools import count

from greedy.model.problem import Assignment
from greedy.model.result import Obstacle
from greedy.workspace import Workspace

LONGEST_CHAIN = 6
MOST_MOVES = 2_000  # moves tried for one open unit
EFFORT = 200  # moves tried in vain for each employee, over all open units
MOST_GIVEN_UP = 2
NEVER = frozenset({Obstacle.NOT_QUALIFIED, Obstacle.INACTIVE, Obstacle.OTHER_TEAM, Obstacle.UNAVAILABLE})


@dataclass(frozen=True)
class Take:
    """An employee gives up work and takes a unit of a demand row."""

    row: int
    employee: int
    gives_up: tuple[Assignment, ...] = ()


@dataclass(frozen=True)
class Reseat:
    """Work that stands serves this demand row instead of another one of its day and service."""

    row: int
    assignment: Assignment


Move = Take | Reseat


def repair(workspace: Workspace, *, stop: Callable[[], bool] = lambda: False, effort: int | None = None) -> int:
    """Fill what chains of moves can fill; the number of chains made.

    Parameters
    ----------
    workspace
        The roster, changed in place; what stays open never costs more.
    stop
        Asked between chains.
    effort
        Moves to try in vain before giving up; None for so many as the staff is large. Each open unit gets a part of what is left.
    """
    effort = EFFORT * len(workspace.problem.employees) if effort is None else effort
    made = 0
    improved = True
    while improved:
        improved = False
        for row in _open_rows(workspace):
            while workspace.open_units[row] > 0 and effort > 0 and not stop():
                chain, tried = find_chain(workspace, row, most_moves=min(MOST_MOVES, effort // 4 + 1))
                if chain is None:
                    effort -= tried
                    break
                for move in chain:
                    apply(workspace, move)
                made += 1
                improved = True
    return made


def find_chain(
    workspace: Workspace, row: int, *, longest: int = LONGEST_CHAIN, most_moves: int = MOST_MOVES
) -> tuple[tuple[Move, ...] | None, int]:
    """The shortest chain of moves found that fills a unit of an open demand row and leaves less open than before, and the moves tried.

    The workspace is left as it was. Nobody's hard limits are broken further.
    """
    start = workspace.step
    budget = [most_moves]
    with closing(situations(workspace, row, longest=longest, budget=budget)) as found:
        for situation in found:
            if situation.gain > (0, 0):
                staff = {move.employee for move in situation.moves if isinstance(move, Take)}
                after = {employee: workspace.breach(employee) for employee in staff}
                workspace.undo(start)
                if all(after[employee] <= workspace.breach(employee) for employee in staff):
                    return situation.moves, most_moves - budget[0]
                for move in situation.moves:
                    apply(workspace, move)
    return None, most_moves - budget[0]


@dataclass(frozen=True)
class Situation:
    """Moves made; the demand rows that wait for somebody because of them; weight and units covered by them, less those uncovered."""

    moves: tuple[Move, ...]
    waiting: tuple[int, ...]
    gain: tuple[int, int]


def situations(workspace: Workspace, row: int, *, longest: int, budget: list[int]) -> Generator[Situation, None, None]:
    """Where chains of moves from an open demand row can lead, short chains first; those that leave less open as soon as they are found.

    The workspace stands in each situation while it is looked at, must be in it again when the next is asked for, and in the end is as it
    was. Situations are told apart by the rows that wait. `budget`: one number, the moves that may still be tried; it is counted down.
    """
    numbers = count()
    start = workspace.step
    seen: set[tuple[int, ...]] = {(row,)}
    found = [(1, next(numbers), Situation((), (row,), (0, 0)))]
    try:
        while found and budget[0] > 0:
            _, _, situation = heapq.heappop(found)
            for move in situation.moves:
                apply(workspace, move)
            here = workspace.step
            yield situation
            budget[0] -= len(workspace.problem.employees)  # each of them is asked
            for move in moves(workspace, situation.waiting[0]):
                budget[0] -= 1
                after = _after(workspace, situation, move)
                if after.gain > (0, 0):
                    yield after
                workspace.undo(here)
                if after.waiting and after.waiting not in seen and len(after.moves) + len(after.waiting) <= longest:
                    seen.add(after.waiting)
                    heapq.heappush(found, (len(after.moves) + len(after.waiting), next(numbers), after))
            workspace.undo(start)
    finally:
        workspace.undo(start)


def apply(workspace: Workspace, move: Move) -> None:
    """Make a move."""
    if isinstance(move, Reseat):
        workspace.reseat(move.assignment, move.row)
        return
    for assignment in move.gives_up:
        workspace.remove(assignment)
    workspace.place(move.employee, move.row)


def moves(workspace: Workspace, row: int) -> Iterator[Move]:
    """Every move that fills a unit of the row at once, those that vacate nothing first. The workspace is as it was at each of them."""
    problem, demand = workspace.problem, workspace.problem.demand[row]
    able = [e for team in problem.demand_teams[demand.team].served_by for e in workspace.qualified.get((demand.service, team), ())]
    hindered = []
    for employee in able:
        obstacle = workspace.obstacle(employee, row)
        if obstacle is None:
            yield Take(row, employee)
        elif obstacle not in NEVER:
            hindered.append(employee)
    for other in problem.demand_by_cell[demand.day, demand.service]:
        if other != row:
            yield from _reseats(workspace, row, other)
    for employee in hindered:
        for gives_up in ways_to_make_room(workspace, employee, row):
            yield Take(row, employee, gives_up)


def ways_to_make_room(workspace: Workspace, employee: int, row: int) -> list[tuple[Assignment, ...]]:
    """What an employee may give up so that she can take a unit of the row: one assignment of each duty, at most MOST_GIVEN_UP duties."""
    start = workspace.step
    in_the_way = _in_the_way(workspace, employee, row)
    if in_the_way is None or len(in_the_way) > MOST_GIVEN_UP:
        return []
    for assignment in in_the_way:
        workspace.remove(assignment)
    obstacle = workspace.obstacle(employee, row)
    found = [in_the_way] if obstacle is None else []
    if not found and len(in_the_way) < MOST_GIVEN_UP and obstacle not in NEVER:
        here, service = workspace.step, workspace.problem.demand[row].service
        for assignment in _duties(workspace, employee):
            if obstacle is Obstacle.CAPACITY_USED and all(one.service != service for one in workspace.with_partner(assignment)):
                continue  # other services leave her no more of this one
            workspace.remove(assignment)
            if workspace.obstacle(employee, row) is None:
                found.append((*in_the_way, assignment))
            workspace.undo(here)
    workspace.undo(start)
    return found


def _in_the_way(workspace: Workspace, employee: int, row: int) -> tuple[Assignment, ...] | None:
    """Her duties that lie in, block, or would be blocked by the slots of the row's work; None when one of them cannot be moved."""
    problem, demand = workspace.problem, workspace.problem.demand[row]
    service = problem.services[demand.service]
    partner = service.second_half if service.second_half is not None else problem.first_half.get(demand.service)
    found: dict[Assignment, None] = {}
    for number in (demand.service,) if partner is None else (demand.service, partner):
        own = Assignment(employee, demand.day, number)
        slot = problem.slot_of(own)
        near = [*workspace.work_in(slot), *workspace.duties_blocking(slot)]
        near += [one for blocked in problem.blocked_by(own) for one in workspace.work_in(blocked)]
        for assignment in near:
            both = workspace.with_partner(assignment)
            if assignment == own or (assignment.service == partner and assignment.day == demand.day):
                continue  # half of the pair stands already
            if any(workspace.is_pinned(one) for one in both):
                return None
            found[min(both)] = None
    return tuple(found)


def _duties(workspace: Workspace, employee: int) -> list[Assignment]:
    """One assignment of each duty of an employee that can be moved."""
    found: dict[Assignment, None] = {}
    for assignment in workspace.work_of(employee):
        both = workspace.with_partner(assignment)
        if not any(workspace.is_pinned(one) for one in both):
            found[min(both)] = None
    return list(found)


def _reseats(workspace: Workspace, row: int, other: int) -> Iterator[Reseat]:
    """Work that could serve `row` instead of `other`, one of each team."""
    problem, demand = workspace.problem, workspace.problem.demand[row]
    seen: set[str] = set()
    for team in problem.demand_teams[demand.team].served_by:
        for employee in workspace.qualified.get((demand.service, team), ()):
            assignment = Assignment(employee, demand.day, demand.service)
            if team not in seen and workspace.row_of(assignment) == other:
                seen.add(team)
                yield Reseat(row, assignment)


def _after(workspace: Workspace, situation: Situation, move: Move) -> Situation:
    """Make a move, and say what waits then."""
    demand = workspace.problem.demand
    given_up = [move.assignment] if isinstance(move, Reseat) else [o for one in move.gives_up for o in workspace.with_partner(one)]
    before = {row: workspace.open_units[row] for one in given_up if (row := workspace.row_of(one)) is not None}
    if isinstance(move, Reseat):
        apply(workspace, move)
        change = Counter({row: workspace.open_units[row] - units for row, units in before.items()})
        filled: list[int | None] = [move.row]
    else:
        for assignment in move.gives_up:
            workspace.remove(assignment)
        change = Counter({row: workspace.open_units[row] - units for row, units in before.items()})  # a row with people over opens none
        filled = [workspace.row_of(one) for one in workspace.place(move.employee, move.row)]
    change.subtract(row for row in filled if row is not None)
    waiting = Counter(situation.waiting)
    waiting.update(change)
    gain, units = situation.gain
    return Situation(
        moves=(*situation.moves, move),
        waiting=tuple(sorted((+waiting).elements())),
        gain=(gain - sum(demand[row].weight_under * number for row, number in change.items()), units - change.total()),
    )


def _open_rows(workspace: Workspace) -> list[int]:
    """Rows with open units, the heavy ones first."""
    demand = workspace.problem.demand
    return sorted((row for row, units in enumerate(workspace.open_units) if units > 0), key=lambda row: (-demand[row].weight_under, row))
