"""FunctionStore: the store contract over the versioned functions of the database, whichever way they are called."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Annotated, Protocol, TypeVar
from uuid import UUID

from pydantic import Field, TypeAdapter, ValidationError

from greedy.database.errors import (
    ConnectionError,  # noqa: A004  the project's own
    DatabaseError,
    QueryError,
)
from greedy.database.retry import RETRY_SECONDS, retrying
from greedy.errors import InputError
from greedy.formats.tables import PracticeTables
from greedy.store.answers import ImportOutcome, WriteOutcome, brings_nothing_new, read_import_answer, read_write_answer, unknown_roster
from greedy.store.base import (
    Document,
    RosterBusyError,
    RosterExistsError,
    RosterSummary,
    RosterWrite,
    SlotCounts,
    TriggerFact,
    VerificationFacts,
    WriteAnswer,
)

Answer = TypeVar("Answer")


class Functions(Protocol):
    """The functions of a migrated database, which each answer with one jsonb scalar: one call, one round trip, one transaction."""

    @property
    def server(self) -> str:
        """Which server, for messages; without secrets."""
        ...

    async def call(self, function: str, arguments: Mapping[str, object], answer: TypeAdapter[Answer]) -> Answer:
        """Call a function once.

        Parameters
        ----------
        function
            Its name.
        arguments
            By the names of its parameters. A pydantic model is a jsonb document.
        answer
            What reads the answer; SQL's null reads as None.

        Raises
        ------
        DatabaseError
            The call failed.
        pydantic.ValidationError
            `answer` cannot read what came back.
        """
        ...


class _NoFacts(Document):
    """What verify_roster_v1 says of a roster that is not there."""

    counts: None


_ROSTERS = TypeAdapter(list[RosterSummary])
_TABLES = TypeAdapter(PracticeTables | None)
_IMPORT = TypeAdapter(ImportOutcome)
_WRITE = TypeAdapter(WriteOutcome)
_FACTS: TypeAdapter[VerificationFacts | _NoFacts] = TypeAdapter(Annotated[VerificationFacts | _NoFacts, Field(union_mode="left_to_right")])
_TRIGGERS = TypeAdapter(list[TriggerFact])
_COUNTS = TypeAdapter(SlotCounts | None)
_VERSIONS = TypeAdapter(list[str])


class FunctionStore:
    """Rosters in a database that is migrated.

    Every method may be repeated without harm (reads; an import, which finds its own rows; a write, whose run id is in the ledger), so each
    is tried again for RETRY_SECONDS while it fails with an error that is `retryable`. Then that error is raised.
    """

    def __init__(self, functions: Functions) -> None:
        self._functions = functions

    @property
    def server(self) -> str:
        """Which server, for messages."""
        return self._functions.server

    async def list_rosters(self) -> list[RosterSummary]:
        """All rosters, oldest first."""
        return await self._read("list_rosters_v1", {}, _ROSTERS)

    async def load(self, roster_id: UUID, *, include_open: bool = False) -> PracticeTables:
        """A roster and all that belongs to it, in one round trip."""
        tables = await _repeated(lambda: self._load(roster_id, include_open=include_open))
        if tables is None:
            raise unknown_roster(roster_id, await self.list_rosters())
        return tables

    async def import_tables(self, tables: PracticeTables, *, replace: bool = False) -> bool:
        """Bring a roster in, all or nothing."""
        attempts = 0

        async def once() -> bool:
            nonlocal attempts
            attempts += 1
            outcome = await self._call("import_roster_v1", {"p_tables": tables, "p_replace": replace}, _IMPORT)
            try:
                read_import_answer(outcome, tables)
            except RosterExistsError:
                existing = await self._load(tables.roster.id, include_open=True)
                if existing is None or not brings_nothing_new(tables, existing):
                    raise
                return attempts > 1  # an attempt whose answer was lost has brought it in
            return True

        return await _done_once(once)

    async def write(self, write: RosterWrite) -> WriteAnswer:
        """FASE 4A and 4B. Tried again with the same run id after a drop or while the roster is busy; the ledger knows what happened."""

        async def once() -> WriteAnswer:
            return read_write_answer(await self._call("write_roster_v1", {"p_request": write}, _WRITE), write)

        return await _done_once(once)

    async def verify(self, roster_id: UUID) -> VerificationFacts:
        """Facts for FASE 4C."""
        facts = await self._read("verify_roster_v1", {"p_roster_id": roster_id}, _FACTS)
        if isinstance(facts, _NoFacts):
            raise unknown_roster(roster_id, await self.list_rosters())
        return facts

    async def triggers(self) -> list[TriggerFact]:
        """The triggers of the schema."""
        return await self._read("list_triggers_v1", {}, _TRIGGERS)

    async def counts(self, roster_id: UUID) -> SlotCounts:
        """Rows by status."""
        counts = await self._read("count_slots_v1", {"p_roster_id": roster_id}, _COUNTS)
        if counts is None:
            raise unknown_roster(roster_id, await self.list_rosters())
        return counts

    async def applied_migrations(self) -> list[str]:
        """Versions of this program's migrations in the history of the schema."""
        return await self._read("applied_migrations_v1", {}, _VERSIONS)

    async def _load(self, roster_id: UUID, *, include_open: bool) -> PracticeTables | None:
        arguments = {"p_roster_id": roster_id, "p_include_open": include_open}
        try:
            return await self._functions.call("load_roster_v1", arguments, _TABLES)
        except ValidationError as exc:
            raise InputError(f"roster {roster_id} in {self.server} has faults", details=_faults(exc)) from None

    async def _read(self, function: str, arguments: Mapping[str, object], answer: TypeAdapter[Answer]) -> Answer:
        return await _repeated(lambda: self._call(function, arguments, answer))

    async def _call(self, function: str, arguments: Mapping[str, object], answer: TypeAdapter[Answer]) -> Answer:
        try:
            return await self._functions.call(function, arguments, answer)
        except ValidationError as exc:
            message = f"{self.server} answered {function} with something that this program does not understand"
            raise QueryError(message, details=_faults(exc), next_step="greedy doctor") from None


async def _repeated(once: Callable[[], Awaitable[Answer]]) -> Answer:
    async for attempt in retrying(RETRY_SECONDS):
        with attempt:
            answer = await once()
    return answer


async def _done_once(once: Callable[[], Awaitable[Answer]]) -> Answer:
    """As `_repeated`, for what changes the database. An error after an answer that was lost does not hide that loss."""
    loss: DatabaseError | None = None

    async def attempt() -> Answer:
        nonlocal loss
        try:
            return await once()
        except DatabaseError as exc:
            loss = exc if exc.outcome_unknown else loss
            raise

    try:
        return await _repeated(attempt)
    except (DatabaseError, RosterBusyError) as exc:
        if loss is None or exc is loss:
            raise
        details = [f"tried again: {exc.message}"]
        raise ConnectionError(loss.message, next_step=loss.next_step, details=details, retryable=True) from exc


def _faults(exc: ValidationError) -> list[str]:
    return [
        f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}" for error in exc.errors(include_url=False, include_input=False)
    ]
