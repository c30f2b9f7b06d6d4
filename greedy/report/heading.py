"""What stands above a roster, on paper and in a workbook."""

from __future__ import annotations

from collections.abc import Iterator
from zoneinfo import ZoneInfo

from greedy.model.message import Message
from greedy.model.message import Message as _
from greedy.report.grid import GridDay
from greedy.report.model import Report
from greedy.report.view import ReportView
from greedy.wording import Words


def period(first: GridDay, last: GridDay, words: Words) -> str:
    """`ma 24 nov – zo 28 dec 2025`; both years where they differ; one day alone where there is no other."""
    if first.date == last.date:
        return f"{words.short_day(first.date)} {first.date.year}"
    year = f" {first.date.year}" if first.date.year != last.date.year else ""
    return f"{words.short_day(first.date)}{year} – {words.short_day(last.date)} {last.date.year}"


def most_covered(report: Report) -> Message:
    """What no roster covers more than; a roster that covers more breaks rules for it, and that is said beside it."""
    count, broken = report.coverage, len(report.violations)
    if count.assigned <= count.upper_bound:
        return _("no roster covers more than {number}", number=count.upper_bound)
    told = {"number": count.upper_bound, "assigned": count.assigned, "broken": broken}
    if broken == 1:
        return _("no roster that keeps the rules covers more than {number}; this one covers {assigned} and breaks a rule", **told)
    return _("no roster that keeps the rules covers more than {number}; this one covers {assigned} and breaks rules {broken} times", **told)


def about(view: ReportView, words: Words) -> Iterator[str]:
    """How far the roster is, how full it is, and when this was said, as clocks in the practice showed it."""
    count = view.report.coverage
    yield words.say({"draft": _("Draft"), "in_progress": _("In progress"), "final": _("Final")}[view.status])
    yield words.say(_("{assigned} of {needed} shifts are worked", assigned=count.assigned, needed=count.needed))
    yield words.moment(view.generated_at.astimezone(ZoneInfo(view.grid.problem.timezone)))
