"""The law of working time as constraints, where it is enforced: one unit a rule, of the same name as in `greedy.model.working_time`."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable

from ortools.sat.python import cp_model

from greedy.model.clock import is_night
from greedy.model.excess import rest_between
from greedy.model.law import WorkingTime
from greedy.model.message import Message
from greedy.model.problem import Assignment
from greedy.model.working_time import calendar_weeks, close_pairs, ends_late, pairs_of_free_days, rests_in, worked
from greedy.solve.cpsat.model import Lit, Part, RosterModel, Term, variables_of


class Person:
    """An employee's possible work under the law. `part`: all rules of the law for her, as one part."""

    def __init__(self, model: RosterModel, law: WorkingTime, employee: int) -> None:
        problem = model.problem
        self.model, self.law, self.employee = model, law, employee
        self.part = Part("working_time", Message("the law of working time for {who}", who=problem.names[employee]), employee)
        self.days = range(-problem.history_days, problem.day_count)
        self.all_work = [Assignment(employee, day, service) for day in self.days for service in model.at(employee, day)]
        self.work = worked(problem, self.all_work)
        self.nights = frozenset(n for n, service in enumerate(problem.services) if is_night(service) and not service.standby)
        self.standby = frozenset(n for n, service in enumerate(problem.services) if service.standby)

    def lit(self, assignment: Assignment) -> Lit:
        """Whether she works it."""
        return self.model.lit(assignment)

    def minutes(self, days: range) -> list[Term]:
        """Worked minutes of some days."""
        services = self.model.problem.services
        return [(services[a.service].minutes, self.lit(a)) for a in self.work if a.day in days]

    def fixed(self, work: list[Assignment]) -> list[Assignment]:
        """What of some work stands."""
        return [a for a in work if self.model.is_fixed(self.lit(a))]

    def nothing_more(self, days: range, work: list[Assignment]) -> None:
        """Fixed work alone breaks a rule on these days: no other work is put there."""
        self.model.linear(self.part, [(1, self.lit(a)) for a in work if a.day in days and not self.model.is_fixed(self.lit(a))], most=0)


Unit = Callable[[Person], None]


def post_law(model: RosterModel) -> None:
    """The law as hard rules, where it is enforced."""
    law = model.problem.working_time
    if law is not None and law.enforce:
        for employee in model.employees:
            person = Person(model, law, employee)
            for unit in LAW_CONSTRAINTS:
                unit(person)


def shift(person: Person) -> None:
    """Worked minutes of a day."""
    for day in range(person.model.problem.day_count):
        person.model.linear(person.part, person.minutes(range(day, day + 1)), most=person.law.norm("shift"))


def night_shift(person: Person) -> None:
    """Worked minutes of a day with a night service: the day without one has so much more room as no service could fill."""
    services = person.model.problem.services
    for day in range(person.model.problem.day_count):
        most, minutes = person.law.norm("night_shift"), person.minutes(range(day, day + 1))
        for night in person.nights.intersection(person.model.at(person.employee, day)):
            lit = person.model.at(person.employee, day)[night]
            others = [
                (services[s].minutes, other)
                for s, other in person.model.at(person.employee, day).items()
                if s != night and not services[s].standby
            ]
            room = max(0, sum(weight for weight, _ in minutes) - most)
            fixed = sum(weight for weight, other in others if person.model.is_fixed(other))
            own = services[night].minutes
            if person.model.is_fixed(lit):
                person.model.linear(person.part, [(own, lit), *others], most=most)
            elif own + fixed > most:
                person.model.linear(person.part, [(1, lit)], most=0)
            elif room:
                person.model.linear(person.part, [*others, (own + room, lit)], most=most + room)


def daily_rest(person: Person) -> None:
    """Rest shorter than the short rest never; shorter than the daily rest at most once in 7 days."""
    model, short = person.model, defaultdict(list)
    for first, second in close_pairs(model.problem, person.work, person.law.norm("daily_rest")):
        if rest_between(model.problem, first, second) >= person.law.norm("short_daily_rest"):
            short[second.day].append(model.both(person.lit(first), person.lit(second)))
        elif second.day >= 0:
            model.apart(person.part, [person.lit(first)], [person.lit(second)])
    on = {day: model.any_of(lits) for day, lits in short.items()}
    for last in range(model.problem.day_count):
        model.linear(person.part, [(1, on[day]) for day in range(last - 6, last + 1) if day in on], most=1)


def weekly_rest(person: Person) -> None:
    """In every 7 known days lies an unbroken rest: one that begins with these days or with the end of some work."""
    model, problem, least = person.model, person.model.problem, person.law.norm("weekly_rest")
    spans = [(problem.instants[a.service, a.day], a.day, person.lit(a)) for a in person.work]
    free_from: dict[int, cp_model.IntVar | None] = {}

    def rest_from(instant: int, day: int) -> cp_model.IntVar | None:
        if instant not in free_from:
            meets = [lit for span, at, lit in spans if abs(at - day) < 6 and span.begin < instant + least and span.end > instant]
            if any(isinstance(lit, int) and lit for lit in meets):
                free_from[instant] = None
            else:
                free = free_from[instant] = model.cp.new_bool_var("")
                model.cp.add_bool_and([lit.negated() for lit in variables_of(meets)]).only_enforce_if(free)
        return free_from[instant]

    fixed = person.fixed(person.work)
    for start in range(person.days.start, problem.day_count - 6):
        if start + 6 < 0:
            continue
        if max(rests_in(problem, fixed, start, 7)) < least:
            person.nothing_more(range(start - 2, start + 7), person.work)
            continue
        begin, end = problem.midnights[start], problem.midnights[start + 7]
        instants = {begin: start} | {span.end: at for span, at, _ in spans if begin <= span.end <= end - least}
        rests = [rest_from(instant, day) for instant, day in sorted(instants.items()) if instant <= end - least]
        model.clause(person.part, [rest for rest in rests if rest is not None])


def week(person: Person) -> None:
    """Worked minutes of a calendar week."""
    _weeks(person, 1, person.law.norm("week"))


def four_weeks(person: Person) -> None:
    """Worked minutes of any 4 calendar weeks in a row."""
    _weeks(person, 4, person.law.norm("four_weeks"))


def sixteen_weeks(person: Person) -> None:
    """Worked minutes of any 16 calendar weeks in a row."""
    _weeks(person, 16, person.law.norm("sixteen_weeks"))


def rest_after_night(person: Person) -> None:
    """Rest after a night shift that ends after 02:00."""
    for first, second in close_pairs(person.model.problem, person.work, person.law.norm("rest_after_night")):
        if second.day >= 0 and ends_late(person.model.problem, first.service):
            person.model.apart(person.part, [person.lit(first)], [person.lit(second)])


def rest_after_nights(person: Person) -> None:
    """Rest after the last of three or more night shifts in a row."""
    for first, second in close_pairs(person.model.problem, person.work, person.law.norm("rest_after_nights")):
        if second.day >= 0 and first.service in person.nights:
            series = [_night(person, first.day - back) for back in range(1, person.law.norm("night_series"))]
            together = [*series, person.lit(first), person.lit(second)]
            if not all(map(person.model.is_fixed, together)):
                lits = [(lit, True) for lit in together]
                person.model.not_all(person.part, [*lits, (_night(person, first.day + 1), False)], tolerant=False)


def nights_in_a_row(person: Person) -> None:
    """Night shifts on days in a row."""
    most = person.law.norm("nights_in_a_row")
    for last in range(person.model.problem.day_count):
        nights = [(_night(person, day), True) for day in range(last - most, last + 1)]
        person.model.not_all(person.part, nights, tolerant=True)


def standby_days(person: Person) -> None:
    """Days with standby in any 28 days."""
    for last in range(person.model.problem.day_count):
        days = [(1, _standby(person, day)) for day in range(last - 27, last + 1)]
        person.model.linear(person.part, days, most=person.law.norm("standby_days"))


def free_pairs(person: Person) -> None:
    """Twice two days in a row without work and standby, in any 28 known days with standby."""
    model, least = person.model, person.law.norm("free_pairs")
    fixed = person.fixed(person.all_work)
    for start in range(person.days.start, model.problem.day_count - 27):
        window = range(start, start + 28)
        standby = [_standby(person, day) for day in window]
        if start + 27 < 0 or not (variables_of(standby) or any(map(model.is_fixed, standby))):
            continue
        on_standby = any(a.day in window and a.service in person.standby for a in fixed)
        if on_standby and pairs_of_free_days({a.day for a in fixed}, window) < least:
            person.nothing_more(window, person.all_work)
            continue
        chosen = [model.cp.new_bool_var("") for _ in window[:-1]]
        for day, pair, following in zip(window, chosen, [*chosen[1:], None], strict=False):
            for free_day in (day, day + 1):
                model.not_all(None, [(pair, True), (model.on(person.employee, free_day, None), True)], tolerant=False)
            if following is not None:
                model.not_all(None, [(pair, True), (following, True)], tolerant=False)
        for lit in standby:
            model.linear(person.part, [*((1, pair) for pair in chosen), (-least, lit)], least=0)


LAW_CONSTRAINTS: tuple[Unit, ...] = (
    shift,
    night_shift,
    daily_rest,
    weekly_rest,
    week,
    four_weeks,
    sixteen_weeks,
    rest_after_night,
    rest_after_nights,
    nights_in_a_row,
    standby_days,
    free_pairs,
)


def _weeks(person: Person, count: int, most: int) -> None:
    weeks = calendar_weeks(person.model.problem)
    for place in range(len(weeks) - count + 1):
        days = range(weeks[place][1].start, weeks[place + count - 1][1].stop)
        if days.stop > 0:
            person.model.linear(person.part, person.minutes(days), most=most)


def _night(person: Person, day: int) -> Lit:
    return person.model.on(person.employee, day, person.nights)


def _standby(person: Person, day: int) -> Lit:
    return person.model.on(person.employee, day, person.standby)
