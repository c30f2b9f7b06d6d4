"""PostgresStore: the store contract over a direct connection."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from pydantic import BaseModel, TypeAdapter, ValidationError

from greedy.database.connector import DBConnector
from greedy.database.errors import QueryError
from greedy.database.retry import RETRY_SECONDS, retrying
from greedy.errors import InputError
from greedy.formats.tables import PracticeTables
from greedy.store.answers import brings_nothing_new, read_import_answer, read_write_answer, unknown_roster
from greedy.store.base import RosterExistsError, RosterSummary, RosterWrite, SlotCounts, TriggerFact, VerificationFacts, WriteAnswer

CONSTRAINT_CLASS = "23"  # SQLSTATE class of violated constraints: what was given is at fault

Answer = TypeVar("Answer", bound=BaseModel)


class PostgresStore:
    """Rosters in a PostgreSQL database that is migrated. Documents cross as JSON text, one call a method."""

    def __init__(self, db: DBConnector) -> None:
        self._db = db

    async def list_rosters(self) -> list[RosterSummary]:
        """All rosters, oldest first."""
        text = await self._db.execute("select list_rosters_v1()::text", fetch_val=True)
        return TypeAdapter(list[RosterSummary]).validate_json(text)

    async def load(self, roster_id: UUID, *, include_open: bool = False) -> PracticeTables:
        """A roster and all that belongs to it, in one round trip."""
        text = await self._db.execute("select load_roster_v1($1, $2)::text", [roster_id, include_open], fetch_val=True)
        if text is None:
            raise unknown_roster(roster_id, await self.list_rosters())
        try:
            return PracticeTables.model_validate_json(text)
        except ValidationError as exc:
            faults = [f"{'.'.join(str(part) for part in error['loc'])}: {error['msg']}" for error in exc.errors(include_url=False)]
            raise InputError(f"roster {roster_id} in {self._db.server} has faults", details=faults) from None

    async def import_tables(self, tables: PracticeTables, *, replace: bool = False) -> bool:
        """Bring a roster in, all or nothing."""
        document = tables.model_dump_json(exclude={"input_digest"})
        async for attempt in retrying(RETRY_SECONDS):
            with attempt:
                try:
                    text = await self._db.execute("select import_roster_v1($1::text::jsonb, $2)::text", [document, replace], fetch_val=True)
                except QueryError as exc:
                    if not (exc.sqlstate or "").startswith(CONSTRAINT_CLASS):
                        raise
                    raise InputError(
                        f"nothing was loaded: {exc.message}",
                        details=exc.details,
                        next_step="mend these rows",
                    ) from exc
                try:
                    read_import_answer(text, tables)
                except RosterExistsError:
                    if brings_nothing_new(tables, await self.load(tables.roster.id, include_open=True)):
                        return False
                    raise
        return True

    async def write(self, write: RosterWrite) -> WriteAnswer:
        """FASE 4A and 4B. Tried again with the same run id after a drop or while the roster is busy; the ledger knows what happened.

        Raises the errors of `Store.write`, and those of the connection after RETRY_SECONDS.
        """
        document = write.model_dump_json()
        async for attempt in retrying(RETRY_SECONDS):
            with attempt:
                text = await self._db.execute("select write_roster_v1($1::text::jsonb)::text", [document], fetch_val=True)
                answer = read_write_answer(text, write)
        return answer

    async def verify(self, roster_id: UUID) -> VerificationFacts:
        """Facts for FASE 4C."""
        text = await self._db.execute("select verify_roster_v1($1)::text", [roster_id], fetch_val=True)
        return await self._read(VerificationFacts, text, roster_id)

    async def triggers(self) -> list[TriggerFact]:
        """The triggers of the schema."""
        text = await self._db.execute("select list_triggers_v1()::text", fetch_val=True)
        return TypeAdapter(list[TriggerFact]).validate_json(text)

    async def counts(self, roster_id: UUID) -> SlotCounts:
        """Rows by status."""
        text = await self._db.execute(
            "select to_jsonb(c)::text from roster_slot_counts as c where roster_id = $1", [roster_id], fetch_val=True
        )
        return await self._read(SlotCounts, text, roster_id)

    async def _read(self, model: type[Answer], text: str | None, roster_id: UUID) -> Answer:
        if text is None or '"counts": null' in text:
            raise unknown_roster(roster_id, await self.list_rosters())
        return model.model_validate_json(text)
