"""DatabaseWriter: rows of entity types into a database, all in one transaction, by names, with faults that say which row."""

from __future__ import annotations

import datetime as dt
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, AsyncTransaction

from greedy.errors import InputError
from greedy.ingest.writing.batches import Batch, Row, inserts, updates
from greedy.ingest.writing.entities import OURS, EntityTypes
from greedy.ingest.writing.reflected import EntityTable, reflect
from greedy.ingest.writing.sessions import server_of
from greedy.ingest.writing.violations import FAILURES, Finding, ForeignKeyViolation, Violation, failed_commit, findings


def utc_now() -> dt.datetime:
    """The time, with its zone."""
    return dt.datetime.now(dt.UTC)


class DatabaseWriter:
    """Rows into the tables of entity types, over PostgreSQL (asyncpg) or SQLite (aiosqlite). For one task at a time.

    Everything stands in the session's one transaction until `commit_transaction`. A call that fails leaves nothing of itself, however many
    rows it had, and what earlier calls wrote stays: whoever catches the error decides between `commit_transaction` and
    `rollback_transaction`. A session that is closed, a task that is cancelled or a process that is killed before the commit: nothing.

    Parameters
    ----------
    session
        Any AsyncSession; `greedy.ingest.writing.sessions.open_session` makes one. In SQLite the writer turns foreign keys on.
    types
        What can be written.
    batch_size
        Rows of one round trip.
    clock
        The time, with its zone, that `created_at` and `updated_at` get where a table has them and the data does not: one for each
        transaction.
    """

    def __init__(
        self, session: AsyncSession, types: EntityTypes = OURS, *, batch_size: int = 100, clock: Callable[[], dt.datetime] = utc_now
    ) -> None:
        if isinstance(batch_size, bool) or not isinstance(batch_size, int) or batch_size < 1:
            raise InputError(f"a batch of {batch_size!r:.40} rows cannot be", next_step="batch_size has to be at least 1")
        self.session = session
        self.types = types
        self.server = server_of(session)
        self._batch_size = batch_size
        self._clock = clock
        self._began: dt.datetime | None = None
        self._tables: dict[str, EntityTable] = {}
        self._counts = dict.fromkeys(types, 0)
        self._committed = dict(self._counts)

    async def insert_entity(self, entity_type: str, data: Row) -> Any:  # noqa: ANN401  an id is of its column's type
        """Insert a row, and return its id; of a type without an id column the values of its key. As `batch_insert_entities`."""
        return (await self.batch_insert_entities(entity_type, [data]))[0]

    async def batch_insert_entities(self, entity_type: str, rows: Iterable[Row]) -> list[Any]:
        """Insert rows, all or none of them, and return their ids in the order of the rows.

        Rows may have different columns, whose names may be nearly right (`clientId`); what a row leaves out is the database's default.
        An id that is left out or None becomes `<prefix>-<uuid>`, or a uuid where its column takes one, or else what the database makes.

        Raises
        ------
        ForeignKeyViolation, NotNullViolation, UniqueViolation, CheckViolation, ValueViolation, Violation
            The database does not take a row: which, and why. Violation: a trigger refuses it.
        ColumnMatchError, InputError
            A name of a column or of the entity type that is none.
        ConnectionError
            The connection was lost, and the transaction with it.
        """
        given = list(rows)
        table = await self.table(entity_type)
        ids: list[Any] = [None] * len(given)
        await self._write(table, inserts(table, given, size=self._batch_size, now=self._now()), given, ids)
        self._counts[entity_type] += len(given)
        return ids

    async def batch_update_entities(self, entity_type: str, changes: Sequence[tuple[Row, Row]]) -> None:
        """Give rows other values, all or none of them: each change is what tells a row apart (its id or key) and its new values.

        Raises as `batch_insert_entities`. A row that is not there is passed over.
        """
        table = await self.table(entity_type)
        batches = updates(table, changes, size=self._batch_size, now=self._now())
        await self._write(table, batches, [{**where, **values} for where, values in changes], None)

    async def check_constraints(self) -> None:
        """Have PostgreSQL check deferred constraints now instead of at the commit. SQLite checks its own only then.

        Raises
        ------
        Violation
            One of them is broken; the database does not say by which row.
        """
        connection = await self.connection()
        if connection.dialect.name != "postgresql":
            return
        try:
            with findings(self.server):
                async with _savepoint(connection):
                    await connection.exec_driver_sql("set constraints all immediate")
                await connection.exec_driver_sql("set constraints all deferred")
        except Finding as found:
            raise self._at_the_end(found) from found.__cause__

    async def commit_transaction(self) -> None:
        """Make all of it stand. When that fails, all of it is rolled back.

        Raises
        ------
        Violation
            A deferred constraint is broken.
        ConnectionError
            The connection was lost. If that was during the commit, nobody knows whether it was done, and the message says so.
        """
        try:
            await self.session.commit()
        except FAILURES as exc:
            found = failed_commit(exc, server=self.server)
            await self._roll_back()
            raise (self._at_the_end(found) if isinstance(found, Finding) else found) from exc
        self._committed, self._began = dict(self._counts), None

    async def rollback_transaction(self) -> None:
        """Undo all since the last commit, in the counts too."""
        with findings(self.server):
            await self._roll_back()

    def get_summary(self) -> dict[str, int]:
        """A copy of the counts: rows inserted, by entity type."""
        return dict(self._counts)

    def reset_counts(self) -> None:
        """Count from 0 again."""
        self._counts = dict.fromkeys(self.types, 0)
        self._committed = dict(self._counts)

    async def table(self, entity_type: str) -> EntityTable:
        """The table of an entity type, read from the database when first needed."""
        one = self.types[entity_type]
        if entity_type not in self._tables:
            connection = await self.connection()
            with findings(self.server):
                self._tables[entity_type] = await connection.run_sync(reflect, one)
        return self._tables[entity_type]

    async def connection(self) -> AsyncConnection:
        """The session's connection, in its transaction."""
        with findings(self.server):
            connection = await self.session.connection()
            if connection.dialect.name == "sqlite":
                driver: Any = (await connection.get_raw_connection()).driver_connection
                if driver.in_transaction:
                    if not (await connection.exec_driver_sql("pragma foreign_keys")).scalar():
                        raise InputError(
                            f"the session has begun a transaction in {self.server} in which foreign keys are off",
                            next_step="commit it or roll it back before the writer begins: only between transactions can it turn them on",
                        )
                else:
                    # Python's module begins one only before the first insert: a savepoint before that would be a transaction of its own.
                    await connection.exec_driver_sql("pragma foreign_keys = on")
                    await connection.exec_driver_sql("begin immediate")
        return connection

    def _now(self) -> dt.datetime:
        self._began = self._began or self._clock()
        return self._began

    async def _roll_back(self) -> None:
        self._counts, self._began = dict(self._committed), None
        await self.session.rollback()

    def _at_the_end(self, found: Finding) -> Violation:
        """Of a deferred constraint, of whose row nothing is known."""
        table = next((table for table in self._tables.values() if table.table.name == found.table), None)
        return found.told(table, table.type.name if table else found.table or "deferred")

    async def _write(self, table: EntityTable, batches: Iterator[Batch], rows: Sequence[Row], ids: list[Any] | None) -> None:
        """All batches or none."""
        connection = await self.connection()
        sent: list[Batch] = []
        try:
            with findings(self.server):
                async with _savepoint(connection):
                    for batch in batches:
                        sent.append(batch)
                        await _send(connection, batch, ids)
        except Finding as found:
            found, row = await self._faulty_row(connection, sent, found)
            values = {} if row is None else {table.column_named(name): value for name, value in rows[row].items()}
            if not found.columns and not found.constraint:
                look = self._leading_nowhere if found.kind is ForeignKeyViolation else self._not_fitting
                found.columns = await look(connection, table, values)
            raise found.told(table, table.type.name, row=row, count=len(rows), values=values) from found.__cause__

    async def _faulty_row(self, connection: AsyncConnection, sent: Sequence[Batch], found: Finding) -> tuple[Finding, int | None]:
        """Which row the database does not take, found by halving the batch, and what it says of that row alone."""
        *before, failed = sent
        low, high = 0, len(failed.rows)
        if high == 1:
            return found, failed.places[0]
        with findings(self.server):
            async with _savepoint(connection) as savepoint:
                for batch in before:
                    await _send(connection, batch)
                while high - low > 1:  # the rows below `low` are in again, and one below `high` is not taken
                    middle = (low + high) // 2
                    if await self._refused(connection, failed.part(low, middle)) is None:
                        low = middle
                    else:
                        high = middle
                alone = await self._refused(connection, failed.part(low, high))
                await savepoint.rollback()
        return (found, None) if alone is None else (alone, failed.places[low])

    async def _refused(self, connection: AsyncConnection, batch: Batch) -> Finding | None:
        """What the database has against a batch; without that, the batch stays."""
        try:
            with findings(self.server):
                async with _savepoint(connection):
                    await _send(connection, batch)
        except Finding as found:
            return found
        return None

    async def _leading_nowhere(self, connection: AsyncConnection, table: EntityTable, values: Mapping[str, object]) -> tuple[str, ...]:
        """The columns of the foreign key that a row breaks, where the database does not say which."""
        for columns, target, target_columns in table.foreign_keys:
            given = [values.get(column) for column in columns]
            if None in given:
                continue
            there = sa.table(target, *(sa.column(name) for name in target_columns))
            wanted = [there.c[name] == value for name, value in zip(target_columns, given, strict=True)]
            with findings(self.server):
                if (await connection.execute(sa.select(sa.literal(1)).select_from(there).where(*wanted))).first() is None:
                    return columns
        return ()

    async def _not_fitting(self, connection: AsyncConnection, table: EntityTable, values: Mapping[str, object]) -> tuple[str, ...]:
        """The column whose type does not take its value, where the database does not say which."""
        for column, value in values.items():
            kind = table.columns[column].type
            if isinstance(kind, sa.String) and kind.length is not None and isinstance(value, str) and len(value) > kind.length:
                return (column,)  # a cast would cut it off
            asked = sa.select(sa.cast(sa.literal(table.stored(column, value), kind), kind))
            if value is not None and await self._refused(connection, Batch(asked, (), ({},))):
                return (column,)
        return ()


async def _send(connection: AsyncConnection, batch: Batch, ids: list[Any] | None = None) -> None:
    """One batch to the database, and the ids of its rows to their places."""
    answer = await connection.execute(batch.statement, list(batch.rows))
    if ids is None:
        return
    made = [row[0] for row in answer] if batch.returns_ids else batch.ids
    for place, one in zip(batch.places, made, strict=True):
        ids[place] = one


@asynccontextmanager
async def _savepoint(connection: AsyncConnection) -> AsyncIterator[AsyncTransaction]:
    """What is done in this block is undone when it ends with any error, which always leaves as it is."""
    savepoint = await connection.begin_nested()
    try:
        yield savepoint
    except BaseException:
        try:
            await savepoint.rollback()
        except FAILURES:  # the connection is gone, or has to: what cannot be undone must not be committed
            await connection.invalidate()
        raise
    if savepoint.is_active:
        await savepoint.commit()
