"""What is answered: a roster, frozen."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from greedy.model.problem import Assignment, Problem, Slot


@dataclass(frozen=True)
class Roster:
    """All work of a horizon, the pinned work included, in the order of employee, day and service."""

    assignments: tuple[Assignment, ...]

    @staticmethod
    def of(assignments: Iterable[Assignment]) -> Roster:
        """Make a roster of assignments in any order."""
        return Roster(tuple(sorted(assignments)))


@dataclass(frozen=True)
class BlockedSlot:
    """A slot that a duty blocks. When several do, `duty` is the first by day, daypart and service id."""

    slot: Slot
    duty: Assignment


def blocked_slots(problem: Problem, roster: Roster) -> tuple[BlockedSlot, ...]:
    """Predict the slots that the database's triggers will hold as BLOCKED, in the order of employee, day and daypart.

    Slots where work stands or nobody is available keep what they have, and nothing lies outside the horizon.
    """
    worked = {problem.slot_of(assignment) for assignment in roster.assignments}
    duties: dict[Slot, Assignment] = {}
    for duty in sorted(roster.assignments, key=lambda a: (a.day, problem.services[a.service].daypart, problem.services[a.service].id)):
        for slot in problem.blocked_by(duty):
            duties.setdefault(slot, duty)
    free = duties.keys() - worked - problem.unavailable - problem.blocked
    return tuple(BlockedSlot(slot, duties[slot]) for slot in sorted(free))
