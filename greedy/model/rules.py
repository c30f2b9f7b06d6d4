"""The hard rules, each as a check without a solver: one rule, one function, and one list where all are read aloud.

A rule takes the problem and a roster, and yields a violation for each place where the roster breaks it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from greedy.model.coverage import coverage
from greedy.model.excess import excess, work_of
from greedy.model.limits import Quantity
from greedy.model.message import Message, joined
from greedy.model.problem import Assignment, Problem, Slot
from greedy.model.roster import Roster
from greedy.model.working_time import working_time_findings


@dataclass(frozen=True)
class Violation:
    """A rule broken at a place.

    `assignments`: the work that breaks it; none where work or rest is missing. `pinned`: pinned work and history alone break it.
    """

    rule: str
    message: Message
    assignments: tuple[Assignment, ...]
    pinned: bool


Broken = Iterator[tuple[Message, tuple[Assignment, ...]]]
Rule = Callable[[Problem, Roster], Broken]


def horizon(problem: Problem, roster: Roster) -> Broken:
    """Work lies within the dates of the roster."""
    for assignment in roster.assignments:
        if assignment.day not in range(problem.day_count):
            yield Message("{work} lies outside the roster", work=problem.describe(assignment)), (assignment,)


def qualified(problem: Problem, roster: Roster) -> Broken:
    """An active employee works an active service with a capability for it."""
    for assignment in roster.assignments:
        employee, service = problem.employees[assignment.employee], problem.services[assignment.service]
        if employee.active and service.active and (assignment.employee, assignment.service) in problem.capabilities:
            continue
        work = problem.describe(assignment)
        if (assignment.employee, assignment.service) not in problem.capabilities:
            yield (
                Message("{work}: {who} is not qualified for {what}", work=work, who=problem.names[assignment.employee], what=service.code),
                (assignment,),
            )
        elif not employee.active:
            yield Message("{work}: {who} is not active", work=work, who=problem.names[assignment.employee]), (assignment,)
        else:
            yield Message("{work}: service {what} is not active", work=work, what=service.code), (assignment,)


def capacity(problem: Problem, roster: Roster) -> Broken:
    """Nobody works a service more often than her capability allows."""
    worked: dict[tuple[int, int], list[Assignment]] = defaultdict(list)
    for assignment in roster.assignments:
        worked[assignment.employee, assignment.service].append(assignment)
    for (employee, service), assignments in worked.items():
        most = problem.capabilities.get((employee, service))
        if most is not None and len(assignments) > most:
            who, what = problem.names[employee], problem.services[service].code
            said = Message(
                "{who} works {what} {times} times, at most {most} allowed", who=who, what=what, times=len(assignments), most=most
            )
            yield said, tuple(assignments)


def one_service_a_slot(problem: Problem, roster: Roster) -> Broken:
    """One employee works at most one service in a daypart."""
    slots: dict[Slot, list[Assignment]] = defaultdict(list)
    for assignment in roster.assignments:
        slots[problem.slot_of(assignment)].append(assignment)
    for assignments in slots.values():
        if len(assignments) > 1:
            works = joined(problem.describe(assignment) for assignment in assignments)
            yield Message("{works} lie in one slot", works=works), tuple(assignments)


def open_slots(problem: Problem, roster: Roster) -> Broken:
    """Nobody works while unavailable, or in rest that comes from outside the roster."""
    for assignment in roster.assignments:
        slot = problem.slot_of(assignment)
        if slot in problem.unavailable:
            yield Message("{work}: unavailable then", work=problem.describe(assignment)), (assignment,)
        elif slot in problem.blocked:
            yield Message("{work}: blocked then by earlier duty", work=problem.describe(assignment)), (assignment,)


def demand(problem: Problem, roster: Roster) -> Broken:
    """Each assignment serves a unit of demand of its own: never more people than asked."""
    for assignment in coverage(problem, roster).surplus:
        if assignment.day not in range(problem.day_count):
            continue  # the rule `horizon` has named it
        if _served_by_team(problem, assignment) or not _asked(problem, assignment):
            yield Message("{work}: nobody asked for this one", work=problem.describe(assignment)), (assignment,)


def team(problem: Problem, roster: Roster) -> Broken:
    """Demand of a team is served by the teams that may serve it."""
    for assignment in coverage(problem, roster).surplus:
        if _asked(problem, assignment) and not _served_by_team(problem, assignment):
            who = problem.employees[assignment.employee]
            yield Message("{work}: asked for, but not of team {team}", work=problem.describe(assignment), team=who.team), (assignment,)


def pairs(problem: Problem, roster: Roster) -> Broken:
    """The two halves of a paired service are worked by the same employee on the same day."""
    worked = set(roster.assignments)
    for assignment in roster.assignments:
        second_half, first_half = problem.services[assignment.service].second_half, problem.first_half.get(assignment.service)
        for other in (second_half, first_half):
            if other is not None and Assignment(assignment.employee, assignment.day, other) not in worked:
                work, missing = problem.describe(assignment), problem.services[other].code
                yield Message("{work} without its {other}", work=work, other=missing), (assignment,)


def blocking(problem: Problem, roster: Roster) -> Broken:
    """Nobody works in a slot that a duty of hers blocks."""
    worked = {problem.slot_of(assignment): assignment for assignment in roster.assignments}
    for duty in roster.assignments:
        for slot in problem.blocked_by(duty):
            if slot in worked:
                said = Message("{duty} blocks {work}", duty=problem.describe(duty), work=problem.describe(worked[slot]))
                yield said, (duty, worked[slot])


def pinned_work(problem: Problem, roster: Roster) -> Broken:
    """Pinned work stays."""
    for assignment in sorted(set(problem.pinned).difference(roster.assignments)):
        yield Message("{work} is pinned and missing", work=problem.describe(assignment)), ()


def forbidden_successors(problem: Problem, roster: Roster) -> Broken:
    """Nobody works a service the day after one that it must not follow; the last day before the roster counts."""
    if not any(service.forbidden_successors for service in problem.services):
        return
    days: dict[tuple[int, int], list[Assignment]] = defaultdict(list)
    for assignment in {*problem.history, *roster.assignments}:
        days[assignment.employee, assignment.day].append(assignment)
    for second in roster.assignments:
        for first in days.get((second.employee, second.day - 1), ()):
            if second.service in problem.services[first.service].forbidden_successors:
                said = Message("{second} must not follow {first}", first=problem.describe(first), second=problem.describe(second))
                yield said, (first, second)


def limit_shifts(problem: Problem, roster: Roster) -> Broken:
    """Nobody works more or fewer shifts than her limits allow."""
    return _limit(problem, roster, Quantity.SHIFTS)


def limit_minutes(problem: Problem, roster: Roster) -> Broken:
    """Nobody works longer or shorter than her limits allow."""
    return _limit(problem, roster, Quantity.MINUTES)


def limit_days(problem: Problem, roster: Roster) -> Broken:
    """Nobody works on more or fewer days than her limits allow."""
    return _limit(problem, roster, Quantity.DAYS)


def limit_weekends(problem: Problem, roster: Roster) -> Broken:
    """Nobody works on more or fewer weekends than her limits allow."""
    return _limit(problem, roster, Quantity.WEEKENDS)


def limit_consecutive_days(problem: Problem, roster: Roster) -> Broken:
    """No run of worked days is longer, and none strictly inside the known days is shorter, than limits allow."""
    return _limit(problem, roster, Quantity.CONSECUTIVE_DAYS)


def limit_consecutive_days_off(problem: Problem, roster: Roster) -> Broken:
    """No run of days off among the known days is longer, and none strictly inside them is shorter, than limits allow."""
    return _limit(problem, roster, Quantity.CONSECUTIVE_DAYS_OFF)


def limit_rest_minutes(problem: Problem, roster: Roster) -> Broken:
    """From the end of a service to the begin of any other on a later day lies the rest that limits ask for, in real time.

    Services of one day are not looked at: there, slots and blocking rules say what goes together.
    """
    return _limit(problem, roster, Quantity.REST_MINUTES)


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
    pinned_work,
    forbidden_successors,
    limit_shifts,
    limit_minutes,
    limit_days,
    limit_weekends,
    limit_consecutive_days,
    limit_consecutive_days_off,
    limit_rest_minutes,
)

# Rule -> what it says, for planners.
MEANING = {rule.__name__: Message((rule.__doc__ or "").partition("\n")[0]) for rule in RULES}


def check(problem: Problem, roster: Roster) -> list[Violation]:
    """Every violation of every rule, in the order of the rules; the law of working time, where it is enforced, comes last. None: legal."""
    pinned = problem.fixed_work
    broken = [(rule.__name__, message, assignments) for rule in RULES for message, assignments in rule(problem, roster)]
    by_law = [
        (finding.rule, finding.message, finding.assignments) for finding in working_time_findings(problem, roster) if finding.enforced
    ]
    return [
        Violation(rule, message, assignments, pinned=bool(assignments) and pinned.issuperset(assignments))
        for rule, message, assignments in broken + by_law
    ]


def _limit(problem: Problem, roster: Roster, quantity: Quantity) -> Broken:
    hard = [limit for limit in problem.limits_of[quantity] if limit.hard]
    if not hard:
        return
    work = work_of(problem, roster)
    for limit in hard:
        for broken in excess(problem, limit, work[limit.employee]):
            yield broken.message, broken.assignments


def _asked(problem: Problem, assignment: Assignment) -> bool:
    rows = problem.demand_by_cell.get((assignment.day, assignment.service), ())
    return any(problem.demand[row].most for row in rows)


def _served_by_team(problem: Problem, assignment: Assignment) -> bool:
    rows = problem.demand_by_cell.get((assignment.day, assignment.service), ())
    who = problem.employees[assignment.employee].team
    return any(problem.demand[row].most and who in problem.demand_teams[problem.demand[row].team].served_by for row in rows)
