"""The wishes for the whole roster, each as the units that it costs: one wish, one function, and one table where all are read aloud.

Only what lies a whole shift or weekend beyond a share costs, so that what cannot be divided costs nothing.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Mapping
from datetime import date

from greedy.model.clock import is_night, week_of, weekend_of
from greedy.model.message import Message, listed
from greedy.model.problem import Assignment, Problem
from greedy.model.roster import Roster
from greedy.model.wishes import Wish, WishKind

Units = Iterator[tuple[int, Message]]
WishCost = Callable[[Problem, Roster, Wish], Units]


def preferred_services(problem: Problem, roster: Roster, wish: Wish) -> Units:  # noqa: ARG001
    """SC1: one for each shift of an employee with preferred services that is none of them. A second half counts as its first half."""
    for assignment in roster.assignments:
        preferred = problem.employees[assignment.employee].preferred
        if preferred and not is_preferred(problem, preferred, assignment.service):
            yield 1, Message("{work}: prefers other services", work=problem.describe(assignment))


def even_weeks(problem: Problem, roster: Roster, wish: Wish) -> Units:
    """SC2: one for each whole shift by which a calendar week differs from an even share, beyond `tolerance_percent` of that share.

    The share of a week: all her shifts, times the days of the week on which she is not absent all day, over all such days of the horizon.
    """
    weeks = weeks_of(problem)
    shifts: dict[tuple[int, date], int] = Counter((a.employee, week_of(problem.date_of(a.day))) for a in roster.assignments)
    totals = Counter(a.employee for a in roster.assignments)
    for employee, days in weeks.items():
        whole = sum(days.values())
        for week, length in days.items():
            here, share = shifts.get((employee, week), 0), totals[employee] * length
            above = (100 * whole * here - share * (100 + wish.tolerance_percent)) // (100 * whole)
            below = (share * (100 - wish.tolerance_percent) - 100 * whole * here) // (100 * whole)
            if above > 0 or below > 0:
                said = Message(
                    "{who} works {here} of {shifts} shifts in the week of {date}",
                    who=problem.names[employee],
                    here=here,
                    shifts=totals[employee],
                    date=week,
                )
                yield max(above, below), said


def senior_first(problem: Problem, roster: Roster, wish: Wish) -> Units:  # noqa: ARG001
    """SC4: one for each shift of a service that asks for seniority, worked by somebody who is not senior; none while nobody is."""
    if not any(problem.employees[employee].senior for employee in plannable(problem)):
        return
    for assignment in roster.assignments:
        if problem.services[assignment.service].asks_seniority and not problem.employees[assignment.employee].senior:
            yield 1, Message("{work}: asks for a senior employee", work=problem.describe(assignment))


def team_balance(problem: Problem, roster: Roster, wish: Wish) -> Units:  # noqa: ARG001
    """SC5: in each day and daypart, the most shifts of one team less the fewest of another, less one.

    Teams that may serve all demand are left out, unless that is every team.
    """
    teams = balanced_teams(problem)
    counts: dict[tuple[int, int], Counter[str]] = defaultdict(Counter)
    for a in roster.assignments:
        counts[a.day, problem.services[a.service].daypart][problem.employees[a.employee].team] += 1
    for (day, daypart), count in sorted(counts.items()):
        numbers = [count[team] for team in teams]
        if numbers and max(numbers) - min(numbers) > 1:
            teams_there = listed(f"{team} {count[team]}" for team in teams)
            said = Message("{date} {dagdeel}: {teams}", date=problem.date_of(day), dagdeel=problem.dayparts[daypart], teams=teams_there)
            yield max(numbers) - min(numbers) - 1, said


def variety(problem: Problem, roster: Roster, wish: Wish) -> Units:  # noqa: ARG001
    """SC6: one for each day on which an employee works a service that she worked the day before too; second halves are left out."""
    worked = {*problem.history, *roster.assignments}
    for a in roster.assignments:
        if a.service not in problem.first_half and Assignment(a.employee, a.day - 1, a.service) in worked:
            yield 1, Message("{work}: the same service as the day before", work=problem.describe(a))


def fair_weekends(problem: Problem, roster: Roster, wish: Wish) -> Units:
    """One for each whole weekend that an employee works beyond her fair share by contract, history counted."""
    weekends = {(a.employee, weekend_of(problem.date_of(a.day))) for a in (*problem.history, *roster.assignments)}
    return _fair(problem, wish, Counter(employee for employee, weekend in weekends if weekend is not None), Message("weekends"))


def fair_nights(problem: Problem, roster: Roster, wish: Wish) -> Units:
    """One for each whole night service that an employee works beyond her fair share by contract, history counted.

    A night service has more than an hour between 00:00 and 06:00, standby included.
    """
    at_night = {number for number, service in enumerate(problem.services) if is_night(service)}
    return _fair(
        problem, wish, Counter(a.employee for a in (*problem.history, *roster.assignments) if a.service in at_night), Message("nights")
    )


def fair_shifts(problem: Problem, roster: Roster, wish: Wish) -> Units:
    """One for each whole shift that an employee works beyond her fair share by contract, history counted."""
    return _fair(problem, wish, Counter(a.employee for a in (*problem.history, *roster.assignments)), Message("shifts"))


def stability(problem: Problem, roster: Roster, wish: Wish) -> Units:  # noqa: ARG001
    """One for each assignment of the earlier roster that is gone or given to somebody else."""
    for assignment in sorted(problem.previous.difference(roster.assignments)):
        yield 1, Message("{work} stood in the earlier roster", work=problem.describe(assignment))


WISH_COSTS: Mapping[WishKind, WishCost] = {
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


def is_preferred(problem: Problem, preferred: frozenset[int], service: int) -> bool:
    """Whether a service, or the first half that it belongs to, is among the preferred."""
    return service in preferred or problem.first_half.get(service) in preferred


def weeks_of(problem: Problem) -> Mapping[int, Mapping[date, int]]:
    """Employee who can be planned -> calendar week -> days of it in the horizon on which she is not absent all day."""
    absent = Counter((slot.employee, slot.day) for slot in problem.unavailable)
    weeks: dict[int, dict[date, int]] = {}
    for employee in plannable(problem):
        days: dict[date, int] = Counter()
        for day in range(problem.day_count):
            if absent[employee, day] < len(problem.dayparts):
                days[week_of(problem.date_of(day))] += 1
        weeks[employee] = days
    return weeks


def balanced_teams(problem: Problem) -> tuple[str, ...]:
    """Teams of employees that some demand is closed to; all teams when there is none."""
    teams = sorted({employee.team for employee in problem.employees if employee.active})
    some_closed = tuple(team for team in teams if any(team not in demand_team.served_by for demand_team in problem.demand_teams))
    return some_closed or tuple(teams)


def plannable(problem: Problem) -> tuple[int, ...]:
    """Active employees who may work something: those among whom work is shared."""
    able = {
        employee
        for (employee, service), most in problem.capabilities.items()
        if most > 0 and problem.employees[employee].active and problem.services[service].active
    }
    return tuple(sorted(able))


def _fair(problem: Problem, wish: Wish, counts: Mapping[int, int], what: Message) -> Units:
    staff = plannable(problem)
    contracts = sum(problem.employees[employee].contract for employee in staff)
    total = sum(counts.get(employee, 0) for employee in staff)
    if not contracts:
        return
    for employee in staff:
        share = total * problem.employees[employee].contract
        above = (100 * contracts * counts.get(employee, 0) - share * (100 + wish.tolerance_percent)) // (100 * contracts)
        if above > 0:
            said = Message(
                "{who} works {number} {what}, a fair share is {fair}",
                who=problem.names[employee],
                number=counts.get(employee, 0),
                what=what,
                fair=round(share / contracts, 1),
            )
            yield above, said
