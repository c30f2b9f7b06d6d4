"""What a planner can do, with the people, dates and services that it is about."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence

from greedy.model.changes import OneMore
from greedy.model.message import Message, either, joined, listed
from greedy.model.problem import Problem
from greedy.model.result import OpenDemand
from greedy.report.counts import Bottleneck
from greedy.wording import Words

SHOWN_NAMES = 3


def recommendations(problem: Problem, open_demand: Sequence[OpenDemand], tight: Sequence[Bottleneck], words: Words) -> list[str]:
    """A line for each open demand row, and one for each service that the staff may work less often than it is asked for."""
    return [words.say(message) for message in (*_of_open_demand(problem, open_demand), *_of_services(tight))]


def _of_open_demand(problem: Problem, open_demand: Sequence[OpenDemand]) -> Iterator[Message]:
    for one in open_demand:
        demand = problem.demand[one.row]
        service = problem.services[demand.service]
        what = Message(
            "{service} {team} on {date} {dagdeel}",
            service=service.code,
            team=problem.demand_teams[demand.team].code,
            date=problem.date_of(demand.day),
            dagdeel=problem.dayparts[service.daypart],
        )
        if one.free:
            yield Message("{what}: can be given to {who} as the roster stands", what=what, who=_some(problem, one.free))
        elif one.moves_alone:
            yield Message("{what}: {change}", what=what, change=one.smallest_change)
        elif one.one_more:
            services, who = _easiest(one.one_more)
            codes = joined(problem.services[service].code for service in services)
            yield Message("{what}: allow one more {service} for {who}", what=what, service=codes, who=_some(problem, who))
        elif one.reasons:
            reason = max(one.reasons, key=lambda obstacle: one.reasons[obstacle])
            yield Message(
                "{what}: {change} ({reason}: {number})",
                what=what,
                change=one.smallest_change,
                number=one.reasons[reason],
                reason=reason,
            )
        else:
            yield Message("{what}: {change}", what=what, change=one.smallest_change)


def _of_services(tight: Sequence[Bottleneck]) -> Iterator[Message]:
    for one in tight:
        if one.kind == "service" and one.team is None and one.asked > one.possible:
            counts = {"service": one.service_code, "asked": one.asked, "possible": one.possible, "more": one.asked - one.possible}
            if one.employees:
                yield Message(
                    "{service}: {asked} asked, all together may work {possible}: allow {more} more, for {who}",
                    **counts,
                    who=_names(one.employees),
                )
            else:
                yield Message(
                    "{service}: {asked} asked, and nobody who may serve it is qualified", service=one.service_code, asked=one.asked
                )


def _easiest(one_more: Sequence[OneMore]) -> tuple[tuple[int, ...], list[int]]:
    """The fewest services of which one more would do, and the employees for whom; of as few those that would do for most."""
    who: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for change in one_more:
        who[change.services].append(change.employee)
    return min(who.items(), key=lambda one: (len(one[0]), -len(one[1]), one[0]))


def _some(problem: Problem, employees: Sequence[int]) -> Message:
    return _names([problem.names[employee] for employee in employees])


def _names(names: Sequence[str]) -> Message:
    others = len(names) - SHOWN_NAMES
    if others > 0:
        return Message("{names} or {number} more", names=listed(names[:SHOWN_NAMES]), number=others)
    return either([listed(names[:-1]), names[-1]]) if len(names) > 1 else listed(names)
