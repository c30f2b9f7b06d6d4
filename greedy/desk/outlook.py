"""What a change would do, before it is made: rules, coverage, rest, capabilities and the law of working time."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

from greedy.desk.edits import NOTHING_CHANGES, Edit, asked_changes, obstacles
from greedy.desk.opened import OpenRoster, with_rows
from greedy.formats.tables import AssignmentRow
from greedy.model.message import Message
from greedy.model.problem import Slot, SlotStatus
from greedy.model.roster import Roster, blocked_slots
from greedy.model.rules import Violation
from greedy.model.working_time import Finding, working_time_findings
from greedy.store.changes import SlotChange

Broken = TypeVar("Broken", Violation, Finding)


class CellCoverage(NamedTuple):
    """Shifts of a service on a day: asked for, and worked before and after."""

    day: int
    service: int
    required: int
    before: int
    after: int


class Exceeded(NamedTuple):
    """An employee would work a service more often than her capability allows."""

    employee: int
    service: int
    times: int
    most: int


@dataclass(frozen=True)
class Outlook:
    """What a change would do.

    `impossible`: why it cannot be made at all; everything else is empty then. `changes`: the slots that change, pairs included. `broken`
    and `mended`: rules that would be broken anew or worse, and that would be kept again. `findings`: what the law of working time would
    not allow then, the first of each rule and employee; it is told, and not enforced. `required`, `covered_before`, `covered_after`:
    shifts of the whole roster; `coverage`: those of the services and days that it changes. `blocked`, `freed`: other slots that would
    become rest, and that would be free again. `exceeded`: capabilities that it would exceed.
    """

    impossible: tuple[Message, ...] = ()
    changes: tuple[SlotChange, ...] = ()
    broken: tuple[Violation, ...] = ()
    mended: tuple[Violation, ...] = ()
    findings: tuple[Finding, ...] = ()
    required: int = 0
    covered_before: int = 0
    covered_after: int = 0
    coverage: tuple[CellCoverage, ...] = ()
    blocked: tuple[Slot, ...] = ()
    freed: tuple[Slot, ...] = ()
    exceeded: tuple[Exceeded, ...] = ()

    @property
    def is_clean(self) -> bool:
        """Whether it can be made, and breaks nothing."""
        return not (self.impossible or self.broken or self.findings)


def look_ahead(opened: OpenRoster, edit: Edit) -> Outlook:
    """What an edit would do to a roster.

    Raises
    ------
    RosterConflictError
        In a slot stands something else than the planner saw.
    InputError
        The roster has no such employee, date or service.
    """
    if reasons := obstacles(opened, edit):
        return Outlook(impossible=reasons)
    changes = asked_changes(opened, edit)
    return outlook_of(opened, changes) if changes else Outlook(impossible=(NOTHING_CHANGES,))


def outlook_of(opened: OpenRoster, changes: Sequence[SlotChange]) -> Outlook:
    """What changes of slots would do."""
    after = changed(opened, changes)
    slots = {opened.slot(one.employee_id, one.date, one.dagdeel) for one in changes}
    employees = {slot.employee for slot in slots}
    rest_before, rest_after = _rest(opened, employees), _rest(after, employees)
    broken, mended = _difference(opened.violations, after.violations)
    findings, _ = _difference(_findings(opened, employees), _findings(after, employees))
    first_of_each = {(one.rule, one.assignments[0].employee): one for one in reversed(findings)}
    return Outlook(
        changes=tuple(changes),
        broken=broken,
        mended=mended,
        findings=tuple(first_of_each[key] for key in sorted(first_of_each, key=lambda key: (key[1], key[0]))),
        required=opened.problem.required,
        covered_before=opened.problem.required - sum(opened.missing.values()),
        covered_after=opened.problem.required - sum(after.missing.values()),
        coverage=_coverage(opened, after),
        blocked=tuple(sorted(rest_after - rest_before - slots)),
        freed=tuple(sorted(rest_before - rest_after - slots)),
        exceeded=_exceeded(opened, after, employees),
    )


def changed(opened: OpenRoster, changes: Sequence[SlotChange]) -> OpenRoster:
    """The roster as it will be, its rest included as the triggers of the database keep it."""
    employees = {change.employee_id for change in changes}
    rows = {key: row for key, row in opened.rows.items() if row.employee_id in employees}
    gone = set()
    for change in changes:
        key = (change.employee_id, change.date, change.dagdeel)
        if change.before.service_id is not None and change.before.service_id != change.after.service_id:
            gone.add((*key, change.before.service_id))
        row = AssignmentRow(
            roster_id=opened.roster_id, **change.model_dump(include={"employee_id", "date", "dagdeel"}), **dict(change.after)
        )
        rows[key] = row
    kept = [
        row
        for row in rows.values()
        if row.status is not SlotStatus.BLOCKED
        or (row.employee_id, row.blocked_by_date, row.blocked_by_dagdeel, row.blocked_by_service_id) not in gone
    ]
    return with_rows(opened, employees, kept)


def _difference(before: Sequence[Broken], after: Sequence[Broken]) -> tuple[tuple[Broken, ...], tuple[Broken, ...]]:
    """What is broken anew or worse, and what is so no more. What is only less broken is in neither."""
    stood, stands = {(one.rule, one.message) for one in before}, {(one.rule, one.message) for one in after}
    came = [one for one in after if (one.rule, one.message) not in stood]
    went = [one for one in before if (one.rule, one.message) not in stands]
    return (
        tuple(one for one in came if not any(_is_more(other, one) for other in went)),
        tuple(one for one in went if not any(_is_more(other, one) or _is_more(one, other) for other in came)),
    )


def _is_more(one: Broken, other: Broken) -> bool:
    """Whether the same rule is broken in one by all the work of the other and more."""
    return one.rule == other.rule and bool(other.assignments) and set(one.assignments) > set(other.assignments)


def _of(roster: Roster, employees: Collection[int]) -> Roster:
    return Roster(tuple(one for one in roster.assignments if one.employee in employees))


def _rest(opened: OpenRoster, employees: Collection[int]) -> set[Slot]:
    return {block.slot for block in blocked_slots(opened.problem, _of(opened.roster, employees))}


def _findings(opened: OpenRoster, employees: Collection[int]) -> list[Finding]:
    return [one for one in working_time_findings(opened.under_law, opened.roster, employees) if one.assignments]


def _coverage(before: OpenRoster, after: OpenRoster) -> tuple[CellCoverage, ...]:
    cells = {
        (before.problem.demand[row].day, before.problem.demand[row].service) for row, _ in before.missing.items() ^ after.missing.items()
    }
    lines = []
    for day, service in sorted(cells):
        rows = before.problem.demand_by_cell[day, service]
        required = sum(before.problem.demand[row].required for row in rows)
        worked = [required - sum(one.missing.get(row, 0) for row in rows) for one in (before, after)]
        lines.append(CellCoverage(day, service, required, *worked))
    return tuple(line for line in lines if line.before != line.after)


def _exceeded(before: OpenRoster, after: OpenRoster, employees: Collection[int]) -> tuple[Exceeded, ...]:
    worked, works = (Counter((a.employee, a.service) for a in _of(one.roster, employees).assignments) for one in (before, after))
    capabilities = after.problem.capabilities
    return tuple(
        Exceeded(employee, service, times, most)
        for (employee, service), times in sorted(works.items())
        if (most := capabilities.get((employee, service))) is not None and times > max(most, worked[employee, service])
    )
