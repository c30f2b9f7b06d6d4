"""The hard rules, each as a check without a solver: one rule, one function, and one list where all are read aloud.

A rule takes the problem and a roster, and yields a violation for each place where the roster breaks it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from greedy.model.coverage import coverage
from greedy.model.problem import Assignment, Problem, Slot
from greedy.model.roster import Roster


@dataclass(frozen=True)
class Violation:
    """A rule broken at a place. `pinned`: by the planner's pinned work alone, so that no roster could keep the rule."""

    rule: str
    message: str
    assignments: tuple[Assignment, ...]
    pinned: bool


Rule = Callable[[Problem, Roster], Iterator[tuple[str, tuple[Assignment, ...]]]]


def horizon(problem: Problem, roster: Roster) -> Iterator[tuple[str, tuple[Assignment, ...]]]:
    """Work lies within the dates of the roster."""
    for assignment in roster.assignments:
        if assignment.day not in range(problem.day_count):
            yield f"{problem.describe(assignment)} lies outside the roster", (assignment,)


def qualified(problem: Problem, roster: Roster) -> Iterator[tuple[str, tuple[Assignment, ...]]]:
    """An active employee works an active service with a capability for it."""
    for assignment in roster.assignments:
        employee, service = problem.employees[assignment.employee], problem.services[assignment.service]
        if (assignment.employee, assignment.service) not in problem.capabilities:
            yield f"{problem.describe(assignment)}: {employee.name} is not qualified for {service.code}", (assignment,)
        elif not employee.active:
            yield f"{problem.describe(assignment)}: {employee.name} is not active", (assignment,)
        elif not service.active:
            yield f"{problem.describe(assignment)}: service {service.code} is not active", (assignment,)


def capacity(problem: Problem, roster: Roster) -> Iterator[tuple[str, tuple[Assignment, ...]]]:
    """Nobody works a service more often than her capability allows."""
    worked: dict[tuple[int, int], list[Assignment]] = defaultdict(list)
    for assignment in roster.assignments:
        worked[assignment.employee, assignment.service].append(assignment)
    for (employee, service), assignments in worked.items():
        most = problem.capabilities.get((employee, service))
        if most is not None and len(assignments) > most:
            who, what = problem.employees[employee].name, problem.services[service].code
            yield f"{who} works {what} {len(assignments)} times, at most {most} allowed", tuple(assignments)


def one_service_a_slot(problem: Problem, roster: Roster) -> Iterator[tuple[str, tuple[Assignment, ...]]]:
    """One employee works at most one service in a daypart."""
    slots: dict[Slot, list[Assignment]] = defaultdict(list)
    for assignment in roster.assignments:
        slots[problem.slot_of(assignment)].append(assignment)
    for assignments in slots.values():
        if len(assignments) > 1:
            yield " and ".join(problem.describe(assignment) for assignment in assignments) + " lie in one slot", tuple(assignments)


def open_slots(problem: Problem, roster: Roster) -> Iterator[tuple[str, tuple[Assignment, ...]]]:
    """Nobody works while unavailable, or in rest that comes from outside the roster."""
    for assignment in roster.assignments:
        slot = problem.slot_of(assignment)
        if slot in problem.unavailable:
            yield f"{problem.describe(assignment)}: unavailable then", (assignment,)
        elif slot in problem.blocked:
            yield f"{problem.describe(assignment)}: blocked then by earlier duty", (assignment,)


def demand(problem: Problem, roster: Roster) -> Iterator[tuple[str, tuple[Assignment, ...]]]:
    """Each assignment serves a unit of demand of its own: never more people than asked."""
    for assignment in coverage(problem, roster).surplus:
        if assignment.day not in range(problem.day_count):
            continue  # the rule `horizon` has named it
        if _served_by_team(problem, assignment) or not _asked(problem, assignment):
            yield f"{problem.describe(assignment)}: nobody asked for this one", (assignment,)


def team(problem: Problem, roster: Roster) -> Iterator[tuple[str, tuple[Assignment, ...]]]:
    """Demand of a team is served by the teams that may serve it."""
    for assignment in coverage(problem, roster).surplus:
        if _asked(problem, assignment) and not _served_by_team(problem, assignment):
            yield f"{problem.describe(assignment)}: asked for, but not of team {problem.employees[assignment.employee].team}", (assignment,)


def pairs(problem: Problem, roster: Roster) -> Iterator[tuple[str, tuple[Assignment, ...]]]:
    """The two halves of a paired service are worked by the same employee on the same day."""
    worked = set(roster.assignments)
    for assignment in roster.assignments:
        second_half, first_half = problem.services[assignment.service].second_half, problem.first_half.get(assignment.service)
        for other in (second_half, first_half):
            if other is not None and Assignment(assignment.employee, assignment.day, other) not in worked:
                yield f"{problem.describe(assignment)} without its {problem.services[other].code}", (assignment,)


def blocking(problem: Problem, roster: Roster) -> Iterator[tuple[str, tuple[Assignment, ...]]]:
    """Nobody works in a slot that a duty of hers blocks."""
    worked = {problem.slot_of(assignment): assignment for assignment in roster.assignments}
    for duty in roster.assignments:
        for slot in problem.blocked_by(duty):
            if slot in worked:
                yield f"{problem.describe(duty)} blocks {problem.describe(worked[slot])}", (duty, worked[slot])


def worked_days(problem: Problem, roster: Roster) -> Iterator[tuple[str, tuple[Assignment, ...]]]:
    """Nobody works on more days than her limit, where there is one."""
    pinned = set(problem.pinned)
    days: dict[int, dict[int, Assignment]] = defaultdict(dict)  # employee -> day -> one assignment of it, a pinned one if there is one
    for assignment in sorted(roster.assignments, key=lambda a: a in pinned):
        days[assignment.employee][assignment.day] = assignment
    for number, employee in enumerate(problem.employees):
        if employee.max_days is not None and len(days[number]) > employee.max_days:
            yield f"{employee.name} works on {len(days[number])} days, at most {employee.max_days} allowed", tuple(days[number].values())


def pinned_work(problem: Problem, roster: Roster) -> Iterator[tuple[str, tuple[Assignment, ...]]]:
    """Pinned work stays."""
    for assignment in sorted(set(problem.pinned).difference(roster.assignments)):
        yield f"{problem.describe(assignment)} is pinned and missing", ()


RULES: tuple[Rule, ...] = (
    horizon,
    qualified,
    capacity,
    one_service_a_slot,
    open_slots,
    demand,
    team,
    pairs,
    blocking,
    worked_days,
    pinned_work,
)


def check(problem: Problem, roster: Roster) -> list[Violation]:
    """Every violation of every rule, in the order of the rules. An empty list: the roster is legal."""
    pinned = set(problem.pinned)
    return [
        Violation(rule.__name__, message, assignments, pinned=bool(assignments) and pinned.issuperset(assignments))
        for rule in RULES
        for message, assignments in rule(problem, roster)
    ]


def _asked(problem: Problem, assignment: Assignment) -> bool:
    rows = problem.demand_by_cell.get((assignment.day, assignment.service), ())
    return any(problem.demand[row].required for row in rows)


def _served_by_team(problem: Problem, assignment: Assignment) -> bool:
    rows = problem.demand_by_cell.get((assignment.day, assignment.service), ())
    who = problem.employees[assignment.employee].team
    return any(problem.demand[row].required and who in problem.demand_teams[problem.demand[row].team].served_by for row in rows)
