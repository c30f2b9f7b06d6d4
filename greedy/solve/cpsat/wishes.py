"""What costs, as the model sees it: one unit a wish, of the same name as in `greedy.model.wish_costs`, and requests and soft limits."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Mapping

from greedy.model.clock import is_night, week_of
from greedy.model.objective import matches
from greedy.model.problem import Assignment
from greedy.model.wish_costs import balanced_teams, is_preferred, plannable, weeks_of
from greedy.model.wishes import Wish, WishKind
from greedy.solve.cpsat.limits import post_limit, weekends
from greedy.solve.cpsat.model import RosterModel, Term

Unit = Callable[[RosterModel, Wish], None]


def post_costs(model: RosterModel) -> None:
    """Every cost but that of demand, which the unit `demand` posts."""
    for request in model.problem.requests:
        day = model.at(request.employee, request.day)
        granted = model.any_of([lit for service, lit in day.items() if matches(model.problem, request, service)])
        model.cost_if_all(request.priority, request.weight, [(granted, not request.wanted)])
    for limit in model.problem.limits:
        if limit.weight is not None:
            post_limit(model, limit, (limit.priority, limit.weight))
    for wish in model.problem.wishes:
        WISHES[wish.kind](model, wish)


def preferred_services(model: RosterModel, wish: Wish) -> None:
    """Each shift of an employee with preferred services that is none of them."""
    for assignment, lit in model.assignments():
        preferred = model.problem.employees[assignment.employee].preferred
        if preferred and not is_preferred(model.problem, preferred, assignment.service):
            model.cost(wish.priority, wish.weight, lit)


def even_weeks(model: RosterModel, wish: Wish) -> None:
    """Each whole shift by which a week differs from an even share."""
    shifts: dict[int, dict[object, list[Term]]] = defaultdict(lambda: defaultdict(list))
    for a, lit in model.assignments():
        shifts[a.employee][week_of(model.problem.date_of(a.day))].append((1, lit))
    for employee, days in weeks_of(model.problem).items():
        total = [term for week in shifts[employee].values() for term in week]
        whole = sum(days.values())
        for week, length in days.items():
            here = _times(shifts[employee][week], 100 * whole)
            _whole_units(model, wish, [*here, *_times(total, -length * (100 + wish.tolerance_percent))], 100 * whole)
            _whole_units(
                model,
                wish,
                [*_times(total, length * (100 - wish.tolerance_percent)), *_times(shifts[employee][week], -100 * whole)],
                100 * whole,
            )


def senior_first(model: RosterModel, wish: Wish) -> None:
    """Each shift of a service that asks for seniority, worked by somebody who is not senior; none while nobody is."""
    if not any(model.problem.employees[employee].senior for employee in plannable(model.problem)):
        return
    for assignment, lit in model.assignments():
        if model.problem.services[assignment.service].asks_seniority and not model.problem.employees[assignment.employee].senior:
            model.cost(wish.priority, wish.weight, lit)


def team_balance(model: RosterModel, wish: Wish) -> None:
    """The most shifts of one team less the fewest of another, less one, in each day and daypart."""
    teams = balanced_teams(model.problem)
    counts: dict[tuple[int, int], dict[str, list[Term]]] = defaultdict(lambda: defaultdict(list))
    for a, lit in model.assignments():
        slot = counts[a.day, model.problem.services[a.service].daypart]
        slot[model.problem.employees[a.employee].team].append((1, lit))
    for slot in counts.values():
        longest = max(len(terms) for terms in slot.values())
        uneven = model.cp.new_int_var(0, longest, "")
        for one in teams:
            for other in teams:
                if one != other and slot[one]:
                    more, _ = model.sum([*slot[one], *_times(slot[other], -1)])
                    model.cp.add(uneven >= more - 1)
        model.cost(wish.priority, wish.weight, uneven)


def variety(model: RosterModel, wish: Wish) -> None:
    """The same service on two days in a row, second halves left out."""
    for a, lit in model.assignments():
        if a.service not in model.problem.first_half:
            before = model.lit(Assignment(a.employee, a.day - 1, a.service))
            model.cost_if_all(wish.priority, wish.weight, [(before, True), (lit, True)])


def fair_weekends(model: RosterModel, wish: Wish) -> None:
    """Weekends beyond a fair share."""
    known = weekends(model, range(-model.problem.history_days, model.problem.day_count)).values()
    _fair(model, wish, {e: [(1, model.any_of([model.on(e, day, None) for day in of])) for of in known] for e in plannable(model.problem)})


def fair_nights(model: RosterModel, wish: Wish) -> None:
    """Night services beyond a fair share."""
    _fair(model, wish, _counted(model, {number for number, service in enumerate(model.problem.services) if is_night(service)}))


def fair_shifts(model: RosterModel, wish: Wish) -> None:
    """Shifts beyond a fair share."""
    _fair(model, wish, _counted(model, set(range(len(model.problem.services)))))


def stability(model: RosterModel, wish: Wish) -> None:
    """Assignments of the earlier roster that are gone."""
    for assignment in sorted(model.problem.previous):
        model.cost_if_all(wish.priority, wish.weight, [(model.lit(assignment), False)])


WISHES: Mapping[WishKind, Unit] = {
    WishKind.PREFERRED_SERVICES: preferred_services,
    WishKind.EVEN_WEEKS: even_weeks,
    WishKind.SENIOR_FIRST: senior_first,
    WishKind.TEAM_BALANCE: team_balance,
    WishKind.VARIETY: variety,
    WishKind.FAIR_WEEKENDS: fair_weekends,
    WishKind.FAIR_NIGHTS: fair_nights,
    WishKind.FAIR_SHIFTS: fair_shifts,
    WishKind.STABILITY: stability,
}


def _fair(model: RosterModel, wish: Wish, counts: Mapping[int, list[Term]]) -> None:
    contracts = {employee: model.problem.employees[employee].contract for employee in counts}
    whole = sum(contracts.values())
    if not whole:
        return
    total = model.cp.new_int_var(0, sum(len(terms) for terms in counts.values()), "")
    expression, _ = model.sum([term for terms in counts.values() for term in terms])
    model.cp.add(total == expression)
    for employee, terms in counts.items():
        share = (-contracts[employee] * (100 + wish.tolerance_percent), total)
        _whole_units(model, wish, [*_times(terms, 100 * whole), share], 100 * whole)


def _counted(model: RosterModel, services: set[int]) -> dict[int, list[Term]]:
    days = range(-model.problem.history_days, model.problem.day_count)
    return {
        e: [(1, lit) for day in days for service, lit in model.at(e, day).items() if service in services] for e in plannable(model.problem)
    }


def _whole_units(model: RosterModel, wish: Wish, terms: list[Term], unit: int) -> None:
    """Each whole `unit` in a sum of terms costs."""
    most = sum(max(0, weight) * (lit if isinstance(lit, int) else 1) for weight, lit in terms) // unit
    if most > 0:
        units = model.cp.new_int_var(0, most, "")
        expression, _ = model.sum(terms)
        model.cp.add(unit * units >= expression - unit + 1)
        model.cost(wish.priority, wish.weight, units)


def _times(terms: list[Term], factor: int) -> list[Term]:
    return [(weight * factor, lit) for weight, lit in terms]
