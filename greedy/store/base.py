"""What a store of rosters does, and the documents that it takes and gives."""

from __future__ import annotations

import datetime as dt
from typing import Literal, Protocol
from uuid import UUID

from pydantic import BaseModel, ConfigDict, Field

from greedy.errors import CallerError, OutsideError
from greedy.formats.tables import AssignmentRow, Dagdeel, PracticeTables
from greedy.model.problem import SlotStatus


class UnknownRosterError(CallerError):
    """No roster has this id."""


class RosterExistsError(CallerError):
    """The roster is in the database already, and says something else."""


class SharedDataDiffersError(CallerError):
    """Employees, services or rules, which other rosters use too, say something else in the database."""


class FinalRosterError(CallerError):
    """The roster is final: the program does not change it."""


class RosterConflictError(CallerError):
    """The planner changed the roster between load and write; nothing was written. `details` lists the slots."""


class RunIdReusedError(CallerError):
    """Another write was made under this run id."""


class RosterBusyError(OutsideError):
    """Somebody holds slots of the roster in an open transaction."""


class Document(BaseModel):
    """Base of what goes to and comes from the database."""

    model_config = ConfigDict(frozen=True)


class RosterSummary(Document):
    """A roster in a list."""

    id: UUID
    naam: str
    start_date: dt.date
    end_date: dt.date
    status: str


class RosterState(Document):
    """A roster at a moment. `digest` names all that it holds, input and slots; `changed_at` is the last line of its history, if any."""

    status: Literal["draft", "in_progress", "final"]
    digest: str
    changed_at: dt.datetime | None


class RosterMark(Document):
    """Names what a roster holds, by part: `slots` those of each employee, by her id, and `frame` all the rest."""

    frame: str
    slots: dict[str, str]


class RosterNews(Document):
    """What a roster holds, for somebody who may hold an earlier state of it.

    `mark` names it, for the next time. `tables`: the whole roster, where more than slots differs from what was held; otherwise None, and
    `rows` are those of the employees whose slots differ, all of each.
    """

    state: RosterState
    mark: RosterMark
    tables: PracticeTables | None = None
    rows: list[AssignmentRow] = Field(default_factory=list)


class SlotDocument(Document):
    """A slot by its natural key within the roster."""

    employee_id: str
    date: dt.date
    dagdeel: Dagdeel


class ExpectedSlot(SlotDocument):
    """A slot that is not the program's to change, as the plan saw it: pinned, unavailable, or blocked from outside the roster."""

    status: SlotStatus
    service_id: UUID | None = None


class ActiveSlot(SlotDocument):
    """A slot with work. `source` is filled when it was read."""

    service_id: UUID
    source: str | None = None


class BlockedSlotDocument(SlotDocument):
    """A slot that a duty blocks. `notes` is filled when it is written."""

    blocked_by_date: dt.date
    blocked_by_dagdeel: Dagdeel
    blocked_by_service_id: UUID
    notes: str | None = None


Part = Literal["assignments", "blocking", "roster"]


class RosterWrite(Document):
    """One write, all or nothing. `active` (4A) and `blocked` (4B) become exactly the program's rows; None leaves them as they are.

    The same `run_id` and `part` again gets the stored answer and changes nothing. The history keeps it as a change of `actor` with the id
    `run_id`.
    """

    run_id: UUID
    part: Part
    roster_id: UUID
    input_digest: str
    expected: list[ExpectedSlot]
    active: list[ActiveSlot] | None = None
    blocked: list[BlockedSlotDocument] | None = None
    actor: str = "greedy"


class PartAnswer(Document):
    """Rows that stand as asked, rows that had to be changed for it, earlier assignments of the program that went."""

    written: int
    changed: int
    released: int = 0
    duration_ms: float


class WriteAnswer(Document):
    """What a write did. `repeated`: it had been done before. `waited_ms`: for another writer of this roster."""

    run_id: UUID
    roster_id: UUID
    repeated: bool
    waited_ms: float
    assignments: PartAnswer | None = None
    blocking: PartAnswer | None = None


class SlotCounts(Document):
    """Rows of a roster by status."""

    active: int
    active_by_program: int
    blocked: int
    unavailable: int
    open_rows: int


class TriggerFact(Document):
    """A trigger of the schema."""

    table: str
    name: str
    enabled: bool
    function: str


class ProbeFact(Document):
    """What the triggers made of duties in a transaction that was rolled back.

    `ran`: slots that the rules name. `missing`, `unexpected`: slots blocked otherwise than ruled. `overwritten`: absence or work that a
    duty took. `not_freed`: slots that stayed blocked without a duty. `outside_refused`: a row outside the dates was refused.
    """

    ran: int
    missing: list[str]
    unexpected: list[str]
    overwritten: list[str]
    not_freed: int
    outside_refused: bool


class VerificationFacts(Document):
    """What the database holds for a roster, and what its triggers do."""

    roster_id: UUID
    counts: SlotCounts
    triggers: list[TriggerFact]
    probe: ProbeFact
    active: list[ActiveSlot]
    blocked: list[BlockedSlotDocument]
    duplicates: int
    outside_dates: int


class Store(Protocol):
    """A database that holds rosters. Every method is one round trip and one transaction."""

    async def list_rosters(self) -> list[RosterSummary]:
        """All rosters, oldest first."""
        ...

    async def load(self, roster_id: UUID, *, include_open: bool = False) -> PracticeTables:
        """A roster and all that belongs to it; rows that say nothing only with `include_open`. Raises UnknownRosterError."""
        ...

    async def import_tables(self, tables: PracticeTables, *, replace: bool = False, actor: str = "greedy") -> bool:
        """Bring a roster in. True: it was imported. False: it was there already, the same. The history keeps it as a change of `actor`.

        Raises RosterExistsError, SharedDataDiffersError, FinalRosterError, RosterBusyError, InputError when the database refuses a row.
        """
        ...

    async def write(self, write: RosterWrite) -> WriteAnswer:
        """FASE 4A and 4B, all or nothing.

        Raises UnknownRosterError, FinalRosterError, RosterConflictError, RunIdReusedError, RosterBusyError.
        """
        ...

    async def verify(self, roster_id: UUID) -> VerificationFacts:
        """Facts for FASE 4C. Raises UnknownRosterError."""
        ...

    async def triggers(self) -> list[TriggerFact]:
        """The triggers of the schema."""
        ...

    async def counts(self, roster_id: UUID) -> SlotCounts:
        """Rows by status. Raises UnknownRosterError."""
        ...
