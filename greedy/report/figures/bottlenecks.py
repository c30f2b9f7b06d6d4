"""Where there is no room: services that are asked for as often as the staff may work them, and dagdelen with no more people than work."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from greedy.model.message import Message, listed
from greedy.model.problem import Problem, Slot
from greedy.report.counts import Bottleneck
from greedy.wording import Words

MOST_OF_A_KIND = 10
TIGHT_PERCENT = 75  # of what is possible, where shifts are open


def bottlenecks(problem: Problem, assigned: Sequence[int], words: Words) -> list[Bottleneck]:
    """The bottlenecks of a roster: first those with open shifts, then those where most is asked beyond what is possible.

    Parameters
    ----------
    problem
        What is asked.
    assigned
        Demand row -> shifts of it that are worked.
    words
        Language of the messages.
    """
    found = [*_tightest(_services(problem, assigned, words)), *_tightest(_dagdelen(problem, assigned, words))]
    return sorted(found, key=_order)


def _tightest(some: Iterator[Bottleneck]) -> list[Bottleneck]:
    return sorted(filter(_is_tight, some), key=_order)[:MOST_OF_A_KIND]


def _is_tight(one: Bottleneck) -> bool:
    return one.asked >= one.possible or (one.open > 0 and 100 * one.asked >= TIGHT_PERCENT * one.possible)


def _order(one: Bottleneck) -> tuple[bool, int, int]:
    return not one.open, one.possible - one.asked, -one.open


def _services(problem: Problem, assigned: Sequence[int], words: Words) -> Iterator[Bottleneck]:
    """Each service, and each of its demand teams where there are several."""
    rows: dict[int, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
    for number, demand in enumerate(problem.demand):
        if demand.required:
            rows[demand.service][demand.team].append(number)
    for service, by_team in sorted(rows.items()):
        yield _service(problem, assigned, words, service, None, [row for some in by_team.values() for row in some])
        if len(by_team) > 1:
            yield from (_service(problem, assigned, words, service, team, some) for team, some in sorted(by_team.items()))


def _service(problem: Problem, assigned: Sequence[int], words: Words, service: int, team: int | None, rows: Sequence[int]) -> Bottleneck:
    served_by = {one for row in rows for one in problem.demand_teams[problem.demand[row].team].served_by}
    able = {
        employee: most
        for (employee, one), most in sorted(problem.capabilities.items())
        if one == service and problem.employees[employee].active and problem.employees[employee].team in served_by
    }
    asked = sum(problem.demand[row].required for row in rows)
    possible = sum(able.values()) if problem.services[service].active else 0
    missing = asked - sum(assigned[row] for row in rows)
    code, team_code = problem.services[service].code, None if team is None else problem.demand_teams[team].code
    message = Message(
        "{what}: {asked} asked, the staff may work {possible}, {open} open",
        what=code if team_code is None else f"{code} {team_code}",
        asked=asked,
        possible=possible,
        open=missing,
    )
    return Bottleneck(
        kind="service",
        service_code=code,
        team=team_code,
        date=None,
        dagdeel=None,
        asked=asked,
        possible=possible,
        open=missing,
        employees=[problem.names[employee] for employee in able],
        message=words.say(message),
    )


def _dagdelen(problem: Problem, assigned: Sequence[int], words: Words) -> Iterator[Bottleneck]:
    """Each day and dagdeel: how many people are there, whatever else they work on other days."""
    rows: dict[tuple[int, int], list[int]] = defaultdict(list)
    for number, demand in enumerate(problem.demand):
        if demand.required:
            rows[demand.day, problem.services[demand.service].daypart].append(number)
    able_to = _able_to(problem)
    away = problem.unavailable | problem.blocked
    for (day, daypart), some in sorted(rows.items()):
        kinds = {(problem.demand[row].service, problem.demand[row].team) for row in some}
        able = {employee for kind in kinds for employee in able_to[kind]}
        absent = sorted(employee for employee in able if Slot(employee, day, daypart) in away)
        asked, possible = sum(problem.demand[row].required for row in some), len(able) - len(absent)
        missing = asked - sum(assigned[row] for row in some)
        date, dagdeel = problem.date_of(day), problem.dayparts[daypart]
        names = [problem.names[employee] for employee in absent]
        what = {"date": date, "dagdeel": dagdeel, "asked": asked, "possible": possible, "open": missing}
        message = Message("{date} {dagdeel}: {asked} asked, {possible} there, {open} open", **what)
        if names:
            message = Message("{what}; absent: {who}", what=message, who=listed(names))
        yield Bottleneck(
            kind="dagdeel",
            service_code=None,
            team=None,
            date=date,
            dagdeel=dagdeel,
            asked=asked,
            possible=possible,
            open=missing,
            employees=names,
            message=words.say(message),
        )


def _able_to(problem: Problem) -> dict[tuple[int, int], set[int]]:
    """(service, demand team) -> who may work it at all."""
    able: dict[tuple[int, int], set[int]] = defaultdict(set)
    for (employee, service), most in problem.capabilities.items():
        who = problem.employees[employee]
        if most and who.active and problem.services[service].active:
            for number, team in enumerate(problem.demand_teams):
                if who.team in team.served_by:
                    able[service, number].add(employee)
    return able
