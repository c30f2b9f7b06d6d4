"""What the API takes and gives, beyond the documents of the store and the report."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from typing import Annotated
from uuid import UUID

from pydantic import Field

from greedy.desk.candidates import Candidate
from greedy.desk.edits import Edit, Seen, seen_in
from greedy.desk.opened import OpenRoster
from greedy.desk.outlook import Outlook
from greedy.model.problem import Slot
from greedy.report.grid import CellKind
from greedy.store.base import Document, SlotDocument
from greedy.store.changes import SlotChange
from greedy.store.plans import PlanOptions
from greedy.web.context import NO_NUL
from greedy.wording import Words

Note = Annotated[str, Field(max_length=2000, pattern=NO_NUL)]
RosterName = Annotated[str, Field(min_length=1, max_length=200, pattern=NO_NUL)]


class Problem(Document):
    """Why a request was not done (RFC 9457). `next_step`: what can be done about it; `details`: one line a fault."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    details: list[str] | None = None
    next_step: str | None = None


class Named(Document):
    """An employee or a team."""

    id: str
    name: str
    team: str


class Service(Document):
    """A service. `begin` and `end` are minutes after midnight; beyond 1440 it ends on the next day."""

    code: str
    dagdeel: str
    begin: int
    end: int


class SlotState(SlotDocument):
    """A slot that is not empty. `seen` is what an edit of it says to have seen."""

    seen: Seen
    note: str | None


class OpenShift(Document):
    """Demand that is not met."""

    date: dt.date
    service_code: str
    team: str
    missing: int


class RosterDocument(Document):
    """A roster as it stands. `digest` names its state."""

    id: UUID
    name: str
    status: str
    digest: str
    changed_at: dt.datetime | None
    start_date: dt.date
    end_date: dt.date
    employees: list[Named]
    services: list[Service]
    slots: list[SlotState]
    open: list[OpenShift]
    violations: list[str]


class ChangeOrder(Document):
    """An edit to be made. The same `id` again is the same change."""

    id: UUID
    edit: Edit


class Order(Document):
    """Something to be done once. The same `id` again is the same."""

    id: UUID


class PlanOrder(Order):
    """A plan to be made."""

    options: PlanOptions = PlanOptions()


class PublishOrder(Order):
    """A publication. `expected_state`: the digest of the roster as it was looked at."""

    note: Note | None = None
    expected_state: Annotated[str, Field(max_length=200, pattern=NO_NUL)]


class CopyOrder(Order):
    """A copy to be made. `id`: that of the copy."""

    name: RosterName


class TakeOverOrder(Order):
    """A copy whose work is to become the original's. `although_changed`: also when the original was changed since the copy was made."""

    although_changed: bool = False


class ImportDocument(Document):
    """What an import did, or with `dry_run` would do. `is_new`: whether anything was not in the database as it stands in the workbook."""

    is_new: bool
    roster_id: UUID | None
    sheets: dict[str, dict[str, int]]
    notes: list[str]


class ExceededLine(Document):
    """A service that an employee would work more often than her capability says."""

    employee_id: str
    service_code: str
    times: int
    most: int


class OutlookDocument(Document):
    """What an edit would do. `impossible`: why it cannot be made at all, which leaves the rest empty."""

    is_clean: bool
    impossible: list[str]
    changes: list[SlotChange]
    broken: list[str]
    mended: list[str]
    findings: list[str]
    required: int
    covered_before: int
    covered_after: int
    blocked: list[SlotDocument]
    freed: list[SlotDocument]
    exceeded: list[ExceededLine]


class CandidateDocument(Document):
    """An employee for an open shift, the best first. `obstacle`: what stands in her way, None when nothing does."""

    employee_id: str
    name: str
    team: str
    fits: bool
    obstacle: str | None
    detail: str
    remedy: list[str]
    reasons: list[str]
    cautions: list[str]


def roster_document(opened: OpenRoster, words: Words) -> RosterDocument:
    """A roster for a program."""
    problem, row = opened.problem, opened.tables.roster
    return RosterDocument(
        id=opened.roster_id,
        name=opened.name,
        status=opened.status,
        digest=opened.digest,
        changed_at=opened.changed_at,
        start_date=row.start_date,
        end_date=row.end_date,
        employees=[Named(id=one.id, name=one.name, team=one.team) for one in problem.employees],
        services=[
            Service(code=one.code, dagdeel=problem.dayparts[one.daypart], begin=one.begin_minute, end=one.begin_minute + one.minutes)
            for one in problem.services
        ],
        slots=_slots(opened),
        open=[
            OpenShift(
                date=problem.date_of(problem.demand[number].day),
                service_code=problem.services[problem.demand[number].service].code,
                team=problem.demand_teams[problem.demand[number].team].code,
                missing=missing,
            )
            for number, missing in opened.missing.items()
        ],
        violations=[words.say(one.message) for one in opened.violations],
    )


def outlook_document(opened: OpenRoster, outlook: Outlook, words: Words) -> OutlookDocument:
    """What an edit would do, for a program."""
    problem = opened.problem
    return OutlookDocument(
        is_clean=outlook.is_clean,
        impossible=[words.say(one) for one in outlook.impossible],
        changes=list(outlook.changes),
        broken=[words.say(one.message) for one in outlook.broken],
        mended=[words.say(one.message) for one in outlook.mended],
        findings=[words.say(one.message) for one in outlook.findings],
        required=outlook.required,
        covered_before=outlook.covered_before,
        covered_after=outlook.covered_after,
        blocked=_keys(opened, outlook.blocked),
        freed=_keys(opened, outlook.freed),
        exceeded=[
            ExceededLine(
                employee_id=problem.employees[one.employee].id,
                service_code=problem.services[one.service].code,
                times=one.times,
                most=one.most,
            )
            for one in outlook.exceeded
        ],
    )


def candidate_document(opened: OpenRoster, one: Candidate, words: Words) -> CandidateDocument:
    """A candidate for a program."""
    who = opened.problem.employees[one.employee]
    return CandidateDocument(
        employee_id=who.id,
        name=who.name,
        team=who.team,
        fits=one.fits,
        obstacle=None if one.obstacle is None else one.obstacle.value,
        detail=words.say(one.detail),
        remedy=[words.say(line) for line in one.remedy],
        reasons=[words.say(line) for line in one.reasons],
        cautions=[words.say(line.message) for line in one.cautions],
    )


def _slots(opened: OpenRoster) -> list[SlotState]:
    cells = [
        (Slot(employee, day, part), cell)
        for employee, days in enumerate(opened.grid.cells)
        for day, parts in enumerate(days)
        for part, cell in enumerate(parts)
        if cell.kind is not CellKind.OPEN
    ]
    return [
        SlotState.model_validate(_key(opened, slot) | {"seen": seen_in(opened, slot), "note": cell.note or None}) for slot, cell in cells
    ]


def _keys(opened: OpenRoster, slots: Iterable[Slot]) -> list[SlotDocument]:
    return [SlotDocument.model_validate(_key(opened, slot)) for slot in slots]


def _key(opened: OpenRoster, slot: Slot) -> dict[str, object]:
    return dict(zip(("employee_id", "date", "dagdeel"), opened.key(slot), strict=True))
