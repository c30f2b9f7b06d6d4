"""FunctionStore: the store contract over the versioned functions of the database, whichever way they are called."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, TypeVar
from uuid import UUID

from pydantic import Field, TypeAdapter, ValidationError

from greedy.errors import InputError
from greedy.formats.tables import PracticeTables
from greedy.model.message import Message
from greedy.store.answers import (
    ImportOutcome,
    WriteOutcome,
    brings_nothing_new,
    faults_in,
    read_import_answer,
    read_write_answer,
    unknown_roster,
)
from greedy.store.base import (
    Document,
    RosterExistsError,
    RosterMark,
    RosterNews,
    RosterState,
    RosterSummary,
    RosterWrite,
    SlotCounts,
    TriggerFact,
    VerificationFacts,
    WriteAnswer,
)
from greedy.store.calls import Calls, Functions, done_once, repeated
from greedy.store.changes import Changes
from greedy.store.copies import Copies
from greedy.store.plans import PlanQueue
from greedy.store.publications import Publications

Answer = TypeVar("Answer")


class _NoFacts(Document):
    """What verify_roster_v1 says of a roster that is not there."""

    counts: None


_ROSTERS = TypeAdapter(list[RosterSummary])
_TABLES = TypeAdapter(PracticeTables | None)
_NEWS = TypeAdapter(RosterNews | None)
_IMPORT = TypeAdapter(ImportOutcome)
_WRITE = TypeAdapter(WriteOutcome)
_FACTS: TypeAdapter[VerificationFacts | _NoFacts] = TypeAdapter(Annotated[VerificationFacts | _NoFacts, Field(union_mode="left_to_right")])
_TRIGGERS = TypeAdapter(list[TriggerFact])
_COUNTS = TypeAdapter(SlotCounts | None)
_STATE = TypeAdapter(RosterState | None)
_VERSIONS = TypeAdapter(list[str])


class FunctionStore:
    """Rosters in a database that is migrated.

    Every method may be repeated without harm (reads; an import, which finds its own rows; a write, whose run id is in the ledger), so each
    is tried again for RETRY_SECONDS while it fails with an error that is `retryable`. Then that error is raised.
    """

    def __init__(self, functions: Functions) -> None:
        self._calls = Calls(functions)
        self.changes = Changes(self._calls)
        self.publications = Publications(self._calls)
        self.copies = Copies(self._calls)
        self.plans = PlanQueue(self._calls)

    @property
    def server(self) -> str:
        """Which server, for messages."""
        return self._calls.server

    async def list_rosters(self) -> list[RosterSummary]:
        """All rosters, oldest first."""
        return await self._calls.read("list_rosters_v1", {}, _ROSTERS)

    async def load(self, roster_id: UUID, *, include_open: bool = False) -> PracticeTables:
        """A roster and all that belongs to it, in one round trip."""
        tables = await repeated(lambda: self._load(roster_id, include_open=include_open))
        if tables is None:
            raise unknown_roster(roster_id, await self.list_rosters())
        return tables

    async def import_tables(self, tables: PracticeTables, *, replace: bool = False, actor: str = "greedy") -> bool:
        """Bring a roster in, all or nothing."""
        attempts = 0

        async def once() -> bool:
            nonlocal attempts
            attempts += 1
            outcome = await self._calls.once("import_roster_v1", {"p_tables": tables, "p_replace": replace, "p_actor": actor}, _IMPORT)
            try:
                read_import_answer(outcome, tables)
            except RosterExistsError:
                existing = await self._load(tables.roster.id, include_open=True)
                if existing is None or not brings_nothing_new(tables, existing):
                    raise
                return attempts > 1  # an attempt whose answer was lost has brought it in
            return True

        return await done_once(once)

    async def write(self, write: RosterWrite) -> WriteAnswer:
        """FASE 4A and 4B. Tried again with the same run id after a drop or while the roster is busy; the ledger knows what happened."""

        return await self._calls.change("write_roster_v1", {"p_request": write}, _WRITE, lambda answer: read_write_answer(answer, write))

    async def verify(self, roster_id: UUID) -> VerificationFacts:
        """Facts for FASE 4C."""
        facts = await self._calls.read("verify_roster_v1", {"p_roster_id": roster_id}, _FACTS)
        if isinstance(facts, _NoFacts):
            raise unknown_roster(roster_id, await self.list_rosters())
        return facts

    async def triggers(self) -> list[TriggerFact]:
        """The triggers of the schema."""
        return await self._calls.read("list_triggers_v1", {}, _TRIGGERS)

    async def counts(self, roster_id: UUID) -> SlotCounts:
        """Rows by status."""
        counts = await self._calls.read("count_slots_v1", {"p_roster_id": roster_id}, _COUNTS)
        if counts is None:
            raise unknown_roster(roster_id, await self.list_rosters())
        return counts

    async def state(self, roster_id: UUID) -> RosterState:
        """Which state of a roster the database holds; cheap beside loading it. Raises UnknownRosterError."""
        state = await self._calls.read("roster_state_v1", {"p_roster_id": roster_id}, _STATE)
        if state is None:
            raise unknown_roster(roster_id, await self.list_rosters())
        return state

    async def news(self, roster_id: UUID, seen: RosterMark | None = None) -> RosterNews:
        """What a roster holds at one moment: all of it, or, for who holds what the mark `seen` names, the slots that differ.

        Raises UnknownRosterError.
        """
        news = await repeated(lambda: self._rows_of(roster_id, "roster_news_v1", {"p_roster_id": roster_id, "p_seen": seen}, _NEWS))
        if news is None:
            raise unknown_roster(roster_id, await self.list_rosters())
        return news

    async def applied_migrations(self) -> list[str]:
        """Versions of this program's migrations in the history of the schema."""
        return await self._calls.read("applied_migrations_v1", {}, _VERSIONS)

    async def _load(self, roster_id: UUID, *, include_open: bool) -> PracticeTables | None:
        return await self._rows_of(roster_id, "load_roster_v1", {"p_roster_id": roster_id, "p_include_open": include_open}, _TABLES)

    async def _rows_of(self, roster_id: UUID, function: str, arguments: Mapping[str, object], answer: TypeAdapter[Answer]) -> Answer:
        """An answer with rows of a roster, which somebody else may have written."""
        try:
            return await self._calls.functions.call(function, arguments, answer)
        except ValidationError as exc:
            message = Message("roster {id} in {server} has faults", id=roster_id, server=self.server)
            raise InputError(message, details=faults_in(exc)) from None
