"""What changed, for whom, as lines of text."""

from __future__ import annotations

from collections.abc import Iterator

from greedy.model.message import Message
from greedy.report.comparison import Comparison, ComparisonLine
from greedy.wording import Words


def comparison_lines(found: Comparison, words: Words) -> Iterator[str]:
    """A line with the counts, then each employee with what changed for her."""
    yield words.say(comparison_head(found))
    for employee in found.employees:
        yield f"  {employee.name}:"
        yield from (f"    {words.say(line_in_words(line))}" for line in found.lines if line.employee_id == employee.employee_id)


def comparison_head(found: Comparison) -> Message:
    """`against the run before: 218 kept, 4 given to somebody else, 1 gone, 2 new; filled: 226, before 225; people with changes: 5`."""
    if found.same:
        return Message("against the run before: nothing changed")
    return Message(
        "against the run before: {kept} kept, {moved} given to somebody else, {gone} gone, {new} new; filled: {after}, before {before}; "
        "people with changes: {people}",
        kept=found.kept,
        moved=found.moved,
        gone=found.gone - found.moved,
        new=found.new - found.moved,
        people=len(found.employees),
        after=found.assigned_after,
        before=found.assigned_before,
    )


def line_in_words(line: ComparisonLine) -> Message:
    """`2025-11-24 O: DIO to Anna Mulder`, `2025-11-24 O: OSP instead of DIO`."""
    when = Message("{date} {dagdeel}", date=line.date, dagdeel=line.dagdeel)
    if line.change == "other":
        said = Message("{when}: {after} instead of {before}", when=when, after=line.after, before=line.before)
    elif line.change == "new":
        said = Message("{when}: {what} is new", when=when, what=line.after)
    else:
        said = Message("{when}: {what} is gone", when=when, what=line.before)
    if line.given_to is not None:
        said = Message("{what}, {service} given to {who}", what=said, service=line.before, who=line.given_to)
    if line.taken_from is not None:
        said = Message("{what}, {service} taken from {who}", what=said, service=line.after, who=line.taken_from)
    return said
