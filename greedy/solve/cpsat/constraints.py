"""The hard rules as constraints: one rule, one unit of the same name as in `greedy.model.rules`, and one list where all are read aloud.

`horizon`, `qualified`, `open_slots` and `pinned_work` are kept by the variables themselves: work that they forbid has none, and pinned work
is no variable but a fact (`RosterModel`). What a model of conflicts may leave out of them stands here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterator
from itertools import groupby

from greedy.model.coverage import match_cell
from greedy.model.limits import Quantity
from greedy.model.message import Message, joined
from greedy.model.problem import Assignment, Problem, Slot
from greedy.solve.cpsat.limits import keep_apart, post_limit
from greedy.solve.cpsat.model import RELAXED_LIMITS, Lit, Mode, Part, RosterModel, Term, variables_of

Unit = Callable[[RosterModel], None]


def open_slots(model: RosterModel) -> None:
    """In a model of conflicts, work in a slot that must stay empty is possible once its absence is left out."""
    if model.mode is not Mode.CONFLICT:
        return
    for slots, why in ((model.problem.unavailable, Message("is absent")), (model.problem.blocked, Message("has rest from earlier duty"))):
        for employee, days, dayparts in _stretches(slots):
            if employee in model.employees:
                said = Message("{who} {why} {when}", who=model.problem.names[employee], why=why, when=_when(model.problem, days, dayparts))
                work = [lit for day in days for daypart in dayparts for lit in model.slot(Slot(employee, day, daypart))]
                model.linear(Part("open_slots", said, employee), [(1, lit) for lit in work if not model.is_fixed(lit)], most=0)


def capacity(model: RosterModel) -> None:
    """Nobody works a service more often than her capability allows."""
    problem = model.problem
    worked: dict[tuple[int, int], list[Term]] = defaultdict(list)
    for assignment, lit in model.assignments():
        worked[assignment.employee, assignment.service].append((1, lit))
    for (employee, service), terms in worked.items():
        most = problem.capabilities.get((employee, service))
        if most is not None:
            who, what = problem.names[employee], problem.services[service].code
            said = Message("{who}: at most {most} {what} in this roster", who=who, what=what, most=most)
            model.linear(Part("capacity", said, employee), terms, most=most)


def one_service_a_slot(model: RosterModel) -> None:
    """One employee works at most one service in a daypart."""
    slots: dict[Slot, list[Lit]] = defaultdict(list)
    for assignment, lit in model.assignments():
        slots[model.problem.slot_of(assignment)].append(lit)
    for lits in slots.values():
        if len(lits) > 1:
            model.exclusive(None, lits)


def team(model: RosterModel) -> None:
    """Work of each team flows to the demand rows that the team may serve; pinned work that no row asks for flows nowhere."""
    problem = model.problem
    pinned = set(problem.pinned)
    cells: dict[tuple[int, int], list[tuple[bool, Assignment, Lit]]] = defaultdict(list)
    for assignment, lit in model.assignments():
        cells[assignment.day, assignment.service].append((assignment not in pinned, assignment, lit))
    for cell, work in cells.items():
        rows = problem.demand_by_cell.get(cell, ())
        fixed = [assignment.employee for _, assignment, lit in sorted(work, key=lambda w: w[:2]) if model.is_fixed(lit)]
        useless = [employee for employee, row in zip(fixed, match_cell(problem, rows, fixed), strict=True) if row is None]
        teams: dict[str, list[Term]] = defaultdict(list)
        for _, assignment, lit in work:
            teams[problem.employees[assignment.employee].team].append((1, lit))
        for employee in useless:
            teams[problem.employees[employee].team].append((-1, 1))
        for name, supply in teams.items():
            open_to = [row for row in rows if problem.demand[row].most and name in problem.demand_teams[problem.demand[row].team].served_by]
            _flow(model, open_to, supply)


def demand(model: RosterModel) -> None:
    """No row is served by more than its most; what it misses or has over costs, at priority 0."""
    problem = model.problem
    for number, row in enumerate(problem.demand):
        part = Part("demand", Message("{service}: no more people than asked", service=problem.services[row.service].code))
        serving = model.flows[number]
        model.linear(part, serving, most=row.most)
        model.beyond(0, row.weight_under, serving, row.required, above=False)
        model.beyond(0, row.weight_over, serving, row.required, above=True)


def pairs(model: RosterModel) -> None:
    """The two halves of a paired service are worked by the same employee on the same day; a pinned half may stand alone."""
    for assignment, lit in list(model.assignments()):
        second_half, first_half = model.problem.services[assignment.service].second_half, model.problem.first_half.get(assignment.service)
        for other in (second_half, first_half):
            if other is not None and not model.is_fixed(lit):
                model.not_all(None, [(lit, True), (model.lit(assignment._replace(service=other)), False)], tolerant=True)


def blocking(model: RosterModel) -> None:
    """Nobody works in a slot that a duty of hers blocks."""
    problem = model.problem
    for duty, lit in list(model.assignments()):
        if duty.service in problem.rules_of:
            who = problem.names[duty.employee]
            said = Message("{who} rests after {service}", who=who, service=problem.services[duty.service].code)
            part = Part("blocking", said, duty.employee)
            for slot in problem.blocked_by(duty):
                model.apart(part, [lit], model.slot(slot))


def forbidden_successors(model: RosterModel) -> None:
    """Nobody works a service the day after one that it must not follow; the last day before the roster counts."""
    forbidden = {number: service.forbidden_successors for number, service in enumerate(model.problem.services)}
    if not any(forbidden.values()):
        return
    for employee in model.employees:
        who = model.problem.names[employee]
        part = Part("forbidden_successors", Message("services that must not follow each other, for {who}", who=who), employee)
        for day in range(-1, model.problem.day_count - 1):
            keep_apart(model, part, model.at(employee, day), model.at(employee, day + 1), forbidden)


def _limit(quantity: Quantity) -> Unit:
    def unit(model: RosterModel) -> None:
        concerned = set(model.employees)
        for limit in model.problem.limits_of[quantity]:
            if limit.hard and limit.employee in concerned:
                relaxed = model.mode is Mode.RELAXED and quantity is not Quantity.REST_MINUTES
                post_limit(model, limit, (RELAXED_LIMITS, 1) if relaxed else None)

    unit.__name__ = "limit_" + quantity.replace(" ", "_")
    unit.__doc__ = f"Hard limits of {quantity}. Rest is never given up, not even where other limits are relaxed."
    return unit


CONSTRAINTS: tuple[Unit, ...] = (
    open_slots,
    capacity,
    one_service_a_slot,
    team,
    demand,
    pairs,
    blocking,
    forbidden_successors,
    *(_limit(quantity) for quantity in Quantity),
)


def _stretches(slots: Collection[Slot]) -> Iterator[tuple[int, range, tuple[int, ...]]]:
    """Slots as (employee, days in a row, dayparts of each of them)."""
    stretch: tuple[int, range, tuple[int, ...]] | None = None
    for (employee, day), of_day in groupby(sorted(slots), key=lambda slot: (slot.employee, slot.day)):
        dayparts = tuple(slot.daypart for slot in of_day)
        if stretch is not None and stretch == (employee, range(stretch[1].start, day), dayparts):
            stretch = (employee, range(stretch[1].start, day + 1), dayparts)
            continue
        if stretch is not None:
            yield stretch
        stretch = (employee, range(day, day + 1), dayparts)
    if stretch is not None:
        yield stretch


def _when(problem: Problem, days: range, dayparts: tuple[int, ...]) -> Message:
    first, last = problem.date_of(days[0]), problem.date_of(days[-1])
    when = Message("on {date}", date=first) if first == last else Message("from {first} to {last}", first=first, last=last)
    if len(dayparts) == len(problem.dayparts):
        return when
    return Message("{when} {dagdelen}", when=when, dagdelen=joined(problem.dayparts[daypart] for daypart in dayparts))


def _flow(model: RosterModel, rows: list[int], supply: list[Term]) -> None:
    if len(rows) == 1:
        model.flows[rows[0]] += supply
    elif rows and variables_of(lit for _, lit in supply):
        expression, _ = model.sum(supply)
        flows = [model.cp.new_int_var(0, min(model.problem.demand[row].most, len(supply)), "") for row in rows]
        model.cp.add(sum(flows) >= expression) if model.mode is Mode.CONFLICT else model.cp.add(sum(flows) == expression)
        for row, flow in zip(rows, flows, strict=True):
            model.flows[row].append((1, flow))
    elif rows:
        served = sum(weight * lit for weight, lit in supply if isinstance(lit, int))
        flows = [model.cp.new_int_var(0, served, "") for _ in rows]
        model.cp.add(sum(flows) == served)
        for row, flow in zip(rows, flows, strict=True):
            model.flows[row].append((1, flow))
