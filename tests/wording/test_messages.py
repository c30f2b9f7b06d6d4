"""Sentences of the model and the solver are messages through and through: nothing in them is English but what a catalogue knows."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from enum import StrEnum

from hypothesis import given, settings

from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables
from greedy.model.law import WorkingTime
from greedy.model.limits import Quantity
from greedy.model.message import Message, joined, listed
from greedy.model.objective import cost_items
from greedy.model.problem import Assignment, Problem
from greedy.model.roster import Roster
from greedy.model.rules import check
from greedy.model.working_time import working_time_findings
from greedy.solve.conflicts import conflicts_of
from greedy.solve.explain import explain_open_demand
from greedy.solve.solve import solve
from greedy.wording import ENGLISH, words_of
from tests.build import rich_problems

DUTCH = words_of("nl")


def sentences(problem: Problem, roster: Roster) -> Iterator[str]:
    """Everything that the model and the solver say of a roster."""
    violations = check(problem, roster)
    yield from (one.message for one in violations)
    yield from (one.message for one in working_time_findings(problem, roster))
    yield from (one.message for one in cost_items(problem, roster))
    for conflict in conflicts_of(problem, roster, violations):
        yield from (conflict.message, *conflict.parts)
    for one in explain_open_demand(problem, roster):
        yield from (one.smallest_change, *one.blocked_by, *one.limits_reached)


def plain_texts(message: str) -> Iterator[str]:
    """The texts in a message that stay as they are in every language."""
    assert isinstance(message, Message), message
    for value in message.fields.values():
        if isinstance(value, Message):
            yield from plain_texts(value)
        elif isinstance(value, str) and not isinstance(value, StrEnum):
            yield value


def names_in(problem: Problem) -> set[str]:
    """What is the practice's own: names, codes, and the numbers of a team."""
    names = {*problem.names, *(employee.team for employee in problem.employees)}
    names |= {service.code for service in problem.services} | {team.code for team in problem.demand_teams}
    teams = {employee.team for employee in problem.employees}
    counted = {f"{team} {number}" for team in teams for number in range(len(problem.employees) + 1)}
    return names | set(problem.dayparts) | {limit.name for limit in problem.limits} | counted


@given(rich_problems())
@settings(max_examples=40)
def test_all_that_is_said_of_any_roster_can_be_said_in_another_language(problem: Problem) -> None:
    problem = replace(problem, working_time=WorkingTime(enforce=True))
    everything = Roster.of(
        {Assignment(e, d, s) for e in range(len(problem.employees)) for d in range(problem.day_count) for s in range(len(problem.services))}
    )
    for roster in (solve(problem, "greedy").roster, everything, Roster.of(())):
        for said in sentences(problem, roster):
            assert set(plain_texts(said)) <= names_in(problem), said
            assert DUTCH.say(said)


def test_a_message_is_its_english_text_and_says_the_same_in_dutch(sample: PracticeTables) -> None:
    problem = to_problem(sample)
    work = problem.describe(Assignment(0, 0, 0))
    assert work == f"{problem.employees[0].name} {problem.services[0].code} 2025-11-24" == ENGLISH.say(work)
    said = Message("{duty} blocks {work}", duty=work, work="{nothing}")
    assert DUTCH.say(said) == f"{problem.employees[0].name} {problem.services[0].code} ma 24-11-2025 blokkeert {{nothing}}"
    assert DUTCH.say(pickle.loads(pickle.dumps(said))) == DUTCH.say(said)  # noqa: S301  our own bytes


def test_lists_and_numbers_are_said_in_the_language_too() -> None:
    said = Message("{who} works {number} {what}, a fair share is {fair}", who="A", number=3, what=joined(["DIO", "DDO"]), fair=1.5)
    assert said == "A works 3 DIO and DDO, a fair share is 1.5"
    assert DUTCH.say(said) == "A werkt 3 DIO en DDO, een eerlijk deel is 1,5"
    assert DUTCH.say(Message("{quantity} of {services}", quantity=Quantity.DAYS, services="RO")) == "dagen van RO"
    assert (listed([]), listed(["A"]), listed(["A", "B", "C"])) == ("", "A", "A, B, C")
    assert (DUTCH.say(""), DUTCH.say(listed([])), DUTCH.say("nobody knows this")) == ("", "", "nobody knows this")


def test_dates_are_written_as_each_language_does() -> None:
    day = date(2025, 11, 24)
    assert (DUTCH.day(day), DUTCH.short_day(day), DUTCH.short_date(day)) == ("maandag 24 november 2025", "ma 24 nov", "ma 24-11-2025")
    assert (DUTCH.month(day), ENGLISH.month(day)) == ("november 2025", "November 2025")
    assert (ENGLISH.day(day), ENGLISH.short_day(day), ENGLISH.weekday(day)) == ("Monday 24 November 2025", "Mon 24 Nov", "Mon")
    assert (DUTCH.number(94.25), ENGLISH.number(94.25)) == ("94,25", "94.25")
