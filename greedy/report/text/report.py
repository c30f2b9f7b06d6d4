"""The report for a terminal: plain text, no colours."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence

from greedy.model.message import Message
from greedy.report.heading import most_covered
from greedy.report.model import CoverageCount, Report
from greedy.report.text.away import away_lines
from greedy.report.text.comparison import comparison_lines
from greedy.report.text.lines import wrapped
from greedy.report.text.table import harmless, table
from greedy.wording import Words, words_of

SHOWN_NAMES = 2
SHOWN_PLACES = 10


def render_text(report: Report, *, words: Words | None = None) -> str:
    """The whole report as text, ending in a line break; sentences are wrapped at 80 columns, tables are as wide as they must be.

    `words`: of the report's own language by default.
    """
    return "\n".join(harmless(line) for line in _Text(report, words or words_of(report.metadata.language)).lines()) + "\n"


class _Text:
    """The report section by section; each begins with an empty line, and one that has nothing to tell is left out."""

    def __init__(self, report: Report, words: Words) -> None:
        self.report = report
        self.words = words

    def say(self, template: str, **fields: object) -> str:
        return self.words.say(Message(template, **fields))

    def lines(self) -> Iterator[str]:
        for sentences in (self.head, self.rules, self.conflicts):
            yield from wrapped(sentences())
        for tables in (self.coverage, self.employees, self.fairness):
            yield from tables()
        for sentences in (self.open_demand, self.bottlenecks, self.wishes, self.comparison, self.away, self.recommendations):
            yield from wrapped(sentences())

    def head(self) -> Iterator[str]:
        report, count, slots = self.report, self.report.coverage, self.report.slots
        dates = self.say("{first} to {last}", first=report.start_date, last=report.end_date)
        yield f"{report.name or report.roster_id}   {dates}   {self._weeks()}"
        yield self.say(
            "{status}: {assigned} of {needed} shifts, {percent} %, {open} open",
            status=self.words.say(report.status),
            assigned=count.assigned,
            needed=count.needed,
            percent=count.percent,
            open=count.open,
        )
        yield self.words.say(most_covered(report))
        yield from self.solver()
        if report.changes:
            yield self.say("against the earlier roster: {kept} kept, {gone} gone, {new} new", **report.changes.model_dump())
        if (when := report.metadata.generated_at) is not None:
            yield self.say("made {when} by greedy {version}", when=self.words.moment(when), version=report.metadata.program_version)
        yield ""
        yield self.say(
            "slots: {total} = {active} worked ({pinned} pinned) + {blocked} blocked + {unavailable} unavailable + {open} open",
            **slots.model_dump(),
        )

    def solver(self) -> Iterator[str]:
        solver = self.report.solver
        if solver is None:
            return
        yield self.say(
            "solver {name}: {status}, cost {cost}, bound {bound}, {seconds} s",
            name=solver.name,
            status=self.words.say(solver.status),
            cost=solver.objective,
            bound=solver.bound,
            seconds=round(solver.seconds, 1),
        )
        if solver.incident:
            yield self.say("attention: {what}", what=solver.incident)

    def rules(self) -> Iterator[str]:
        report = self.report
        yield ""
        if report.violations:
            yield self.say("broken rules: {number}", number=len(report.violations))
            alone = " " + self.say("(pinned work alone)")
            yield from (f"  {self.words.say(one.rule)}: {one.message}{alone if one.pinned else ''}" for one in report.violations)
        else:
            yield self.say("rules: {number} checked without the solver, none broken", number=len(report.rules))
        if report.law is None:
            return
        if report.working_time:
            yield self.say("against the law of working time: {number}", number=len(report.working_time))
            yield from (f"  {self.words.say(one.rule)} ({one.source}): {one.message}" for one in report.working_time)
        else:
            yield self.say("law of working time: {number} rules checked, no findings", number=len(report.law))

    def conflicts(self) -> Iterator[str]:
        if not self.report.conflicts:
            return
        yield ""
        yield self.say("what stands against each other:")
        for conflict in self.report.conflicts:
            yield f"  {conflict.message}"
            yield from (f"    {part}" for part in conflict.parts)

    def coverage(self) -> Iterator[str]:
        report = self.report
        yield from self._counts(self.say("service"), [(one.code, one) for one in report.services])
        yield from self._counts(self.say("team"), [(one.code, one) for one in report.teams])
        yield from self._counts(self.say("week"), [(f"{one.year}-W{one.week:02}", one) for one in report.weeks])
        yield from self._counts(self.say("day, where shifts are open"), [(self._date(one.date), one) for one in report.days if one.open])

    def employees(self) -> Iterator[str]:
        head = [self.say("employee"), self.say("team"), self.say("shifts"), self.say("days"), self.say("weekends"), self.say("nights")]
        head += [self.say("system"), self.say("hours")]
        yield ""
        rows = [
            [
                one.name or one.employee_id,
                one.team,
                *map(str, (one.shifts, one.days, one.weekends, one.nights, one.system_shifts)),
                self._tenths(one.hours),
            ]
            for one in self.report.employees
        ]
        yield from table(head, rows, left=2)

    def fairness(self) -> Iterator[str]:
        if not self.report.fairness:
            return
        head = [
            self.say("per employee"),
            self.say("mean"),
            self.say("deviation"),
            self.say("least"),
            self.say("most"),
            self.say("most for"),
        ]
        rows = [
            [
                self.words.say(one.kind),
                *map(self._tenths, (one.mean, one.deviation, one.least, one.most)),
                self._names(one.most_for) if one.most > one.least else "",
            ]
            for one in self.report.fairness
        ]
        yield ""
        yield from table(head, rows)

    def open_demand(self) -> Iterator[str]:
        if not self.report.open_demand:
            return
        yield ""
        yield self.say("open shifts: {number}", number=self.report.coverage.open)
        for line in self.report.open_demand:
            what = {"date": line.date, "dagdeel": line.dagdeel, "team": line.team, "service": line.service_code}
            yield "  " + self.say("{date} {dagdeel} {team} {service}: {number} missing", **what, number=line.missing)
            if line.reasons:
                yield "    " + ", ".join(f"{count} {self.words.say(reason)}" for reason, count in line.reasons.items())
            if line.blocked_by:
                yield "    " + self.say("blocked by {duties}", duties=", ".join(line.blocked_by))
            if line.limits_reached:
                yield "    " + self.say("limits reached: {limits}", limits=", ".join(line.limits_reached))
            if line.smallest_change:
                yield "    " + self.say("would fill it: {change}", change=line.smallest_change)

    def bottlenecks(self) -> Iterator[str]:
        if not self.report.bottlenecks:
            return
        yield ""
        yield self.say("bottlenecks:")
        yield from (f"  {one.message}" for one in self.report.bottlenecks)

    def wishes(self) -> Iterator[str]:
        wishes = [line for line in self.report.gave_way if line.priority]
        if not wishes:
            return
        yield ""
        yield self.say("wishes that gave way:")
        for wish in wishes:
            yield "  " + self.say(
                "priority {priority}, {term}: cost {cost}", priority=wish.priority, term=self.words.say(wish.term), cost=wish.cost
            )
            yield from (f"    {place}" for place in wish.where[:SHOWN_PLACES])
            if len(wish.where) > SHOWN_PLACES:
                yield "    " + self.say("and {number} more", number=len(wish.where) - SHOWN_PLACES)

    def comparison(self) -> Iterator[str]:
        if self.report.comparison is not None:
            yield ""
            yield from comparison_lines(self.report.comparison, self.words)

    def away(self) -> Iterator[str]:
        report = self.report
        yield from away_lines(self.say("unavailable:"), report.unavailable, report, self.words)
        yield from away_lines(self.say("blocked for rest:"), report.blocked, report, self.words)

    def recommendations(self) -> Iterator[str]:
        if self.report.recommendations:
            yield ""
            yield self.say("what would help, each by itself:")
            yield from (f"  {line}" for line in self.report.recommendations)

    def _counts(self, title: str, rows: Sequence[tuple[str, CoverageCount]]) -> Iterator[str]:
        if not rows:
            return
        yield ""
        head = [title, self.say("needed"), self.say("assigned"), self.say("open"), "%"]
        yield from table(head, [[name, str(one.needed), str(one.assigned), str(one.open), self._tenths(one.percent)] for name, one in rows])

    def _tenths(self, value: float) -> str:
        return f"{value:.1f}".replace(".", "," if self.words.language == "nl" else ".")

    def _date(self, date: dt.date) -> str:
        return self.say("{date}", date=date)

    def _names(self, names: Sequence[str]) -> str:
        others = len(names) - SHOWN_NAMES
        shown = ", ".join(names[:SHOWN_NAMES])
        return self.say("{names} and {number} more", names=shown, number=others) if others > 0 else shown

    def _weeks(self) -> str:
        weeks = self.report.weeks
        first, last = weeks[0].week, weeks[-1].week
        return self.say("week {number}", number=first) if len(weeks) == 1 else self.say("weeks {first} to {last}", first=first, last=last)
