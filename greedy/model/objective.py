"""What a roster costs: every soft term, item by item, by priority. The only place where costs are defined; solvers are measured with it."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from greedy.model.coverage import coverage
from greedy.model.excess import excess, work_of
from greedy.model.limits import Quantity
from greedy.model.message import Message
from greedy.model.problem import Assignment, Problem
from greedy.model.roster import Roster
from greedy.model.wish_costs import WISH_COSTS
from greedy.model.wishes import Request


@dataclass(frozen=True)
class CostItem:
    """One thing that costs.

    `term` names the wish: `demand`, `request`, a limit's name or a wish's kind. `message` says where, in a planner's words.
    """

    priority: int
    term: str
    cost: int
    message: Message


def cost_items(problem: Problem, roster: Roster) -> list[CostItem]:
    """Every item that costs more than nothing, in the order of priority."""
    items = [*_demand(problem, roster), *_requests(problem, roster), *_limits(problem, roster), *_wishes(problem, roster)]
    return sorted((item for item in items if item.cost > 0), key=lambda item: item.priority)


def costs(problem: Problem, roster: Roster) -> Mapping[int, int]:
    """Priority -> cost. Priorities without cost are 0 or absent."""
    totals: dict[int, int] = defaultdict(int)
    for item in cost_items(problem, roster):
        totals[item.priority] += item.cost
    return dict(totals)


def _demand(problem: Problem, roster: Roster) -> Iterator[CostItem]:
    """`weight_under` for each employee that a row misses, `weight_over` for each beyond what it requires; priority 0."""
    for row, assigned in zip(problem.demand, coverage(problem, roster).assigned, strict=True):
        if assigned == row.required:
            continue
        service, team = problem.services[row.service].code, problem.demand_teams[row.team].code
        where = Message("{what} {date} {team}", what=service, date=problem.date_of(row.day), team=team)
        missing = row.required - assigned
        if missing > 0:
            yield CostItem(0, "demand", row.weight_under * missing, Message("{where}: {number} missing", where=where, number=missing))
        else:
            over = Message("{where}: {number} more than asked", where=where, number=-missing)
            yield CostItem(0, "demand", row.weight_over * -missing, over)


def _requests(problem: Problem, roster: Roster) -> Iterator[CostItem]:
    """`weight` when what is wanted is not worked at all, or what is unwanted is worked at all."""
    days: dict[tuple[int, int], list[Assignment]] = defaultdict(list)
    if problem.requests:
        for assignment in roster.assignments:
            days[assignment.employee, assignment.day].append(assignment)
    for request in problem.requests:
        granted = any(matches(problem, request, assignment.service) for assignment in days.get((request.employee, request.day), ()))
        if granted is not request.wanted:
            fields = {
                "who": problem.names[request.employee],
                "when": _when(problem, request),
                "what": Message("any work") if request.service is None else problem.services[request.service].code,
            }
            said = Message("{who} {when}: {what} not wanted and given", **fields)
            if request.wanted:
                said = Message("{who} {when}: {what} wanted and not given", **fields)
            yield CostItem(request.priority, "request", request.weight, said)


def _when(problem: Problem, request: Request) -> Message:
    date = problem.date_of(request.day)
    if request.daypart is None:
        return Message("{date}", date=date)
    return Message("{date} {dagdeel}", date=date, dagdeel=problem.dayparts[request.daypart])


def matches(problem: Problem, request: Request, service: int) -> bool:
    """Whether a service, worked on the day of a request, is what it speaks of."""
    return request.service in (None, service) and request.daypart in (None, problem.services[service].daypart)


def _limits(problem: Problem, roster: Roster) -> Iterator[CostItem]:
    """`weight` for each unit beyond a soft limit (see `excess`)."""
    soft = [limit for quantity in Quantity for limit in problem.limits_of[quantity] if not limit.hard]
    work = work_of(problem, roster) if soft else {}
    for limit in soft:
        for beyond in excess(problem, limit, work[limit.employee]):
            yield CostItem(limit.priority, limit.name or str(limit.quantity), (limit.weight or 0) * beyond.units, beyond.message)


def _wishes(problem: Problem, roster: Roster) -> Iterator[CostItem]:
    for wish in problem.wishes:
        for units, message in WISH_COSTS[wish.kind](problem, roster, wish):
            yield CostItem(wish.priority, str(wish.kind), wish.weight * units, message)
