"""PostgreSQL: COPY into the tables of a practice's schema and of a schema beside it, all in one transaction."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Iterable, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from functools import partial
from typing import Any

from greedy.database import DBConnection, DBConnector, QueryError, qualified, quoted, require_migrated
from greedy.errors import InputError
from greedy.generate.config import GeneratorConfig
from greedy.generate.people.population import shared_batches
from greedy.generate.sinks.base import Chunk, Write, Wrote, as_it_is
from greedy.generate.sinks.shared_rows import SharedRows
from greedy.generate.sinks.synthetic_schema import SyntheticSchema
from greedy.generate.tables import Batch, Table

STATEMENT_SECONDS = 600.0
DUPLICATE_KEY = "23505"

# Their triggers lock the roster of each row until the transaction ends, and a server has room for some thousand locks.
LOCKED_BY_ROSTER = ("roster_period_staffing_dagdelen", "roster_assignments")

# The generator pauses to think, and nobody waits for this transaction.
NO_TIME_OUTS = """
select set_config(name, '0', true) from pg_settings
where name in ('statement_timeout', 'idle_in_transaction_session_timeout', 'transaction_timeout')
"""

STAGE = """
create temporary table {stage} (like {table} including defaults) on commit drop;
create index on {stage} (roster_id)
"""

# A roster that this transaction made is seen by nobody else: it counts as locked without the lock. It is the triggers' own mark.
FROM_STAGE = """
do $greedy$
declare v_roster_id uuid;
begin
  for v_roster_id in select distinct roster_id from {stage} order by 1 loop
    perform set_config('greedy.locked_roster', v_roster_id::text, true);
    insert into {table} ({columns}) select {columns} from {stage} where roster_id = v_roster_id;
  end loop;
  truncate {stage};
end
$greedy$
"""


class PostgreSQLSink:
    """The tables of rosters in the connector's schema, which is migrated, and all others in a schema that is made where it is missing.

    Everything is in one transaction. The triggers and foreign keys of the database hold for every row.

    Parameters
    ----------
    database
        Gives one connection for as long as it takes. Its user has to own the tables of the schema, or to be free of row level security.
    add
        Whether synthetic people may join employees that no generator made.
    """

    prepared = staticmethod(as_it_is)

    def __init__(self, database: DBConnector, *, add: bool = False) -> None:
        self._database, self._add = database, add
        self.name = f"PostgreSQL {of_schema(database)}"

    @asynccontextmanager
    async def opened(self, config: GeneratorConfig, wrote: Wrote) -> AsyncIterator[Write]:
        """Around all writes; see `Sink`.

        Raises
        ------
        InputError
            The database has employees of this seed, employees that no generator made, or other services under the same codes.
        SchemaError
            It is not migrated, or what stands in the place of the other schema is not the generator's.
        QueryError
            Another generator is writing to this schema.
        """
        await require_migrated(self._database)
        async with _transaction(self._database) as connection:
            await connection.execute(NO_TIME_OUTS, fetch_all=True)
            await _claim(connection)
            synthetic = await SyntheticSchema.ready(connection)
            await _refuse_same_seed(connection, config.seed)
            if not self._add:
                await _refuse_others(connection, synthetic)
            shared = SharedRows(connection)
            for batch in shared_batches():
                await shared.new_ones(batch, synthetic.schema_of(batch.table))
            for table in LOCKED_BY_ROSTER:
                await connection.execute(STAGE.format(stage=_stage(table), table=qualified(table, connection.schema)))
            yield partial(_write, connection, synthetic, shared, wrote)
            await synthetic.finish(timeout_seconds=STATEMENT_SECONDS)


@asynccontextmanager
async def _transaction(database: DBConnector) -> AsyncIterator[DBConnection]:
    """A transaction whose commit, once begun, is waited for even by whoever is cancelled: so it is known what came of it."""
    async with AsyncExitStack() as stack:
        yield await stack.enter_async_context(database.transaction())
        commit = asyncio.ensure_future(stack.pop_all().aclose())
        try:
            await asyncio.shield(commit)
        except asyncio.CancelledError:
            await commit


async def _write(connection: DBConnection, synthetic: SyntheticSchema, shared: SharedRows, wrote: Wrote, chunk: Chunk) -> None:
    for batch in chunk.batches:
        table, schema = batch.table, synthetic.schema_of(batch.table)
        with _explained(connection, table):
            if shared.holds(table):
                count = await _copied(connection, table, schema, await shared.new_ones(batch, schema))
            elif table.name in LOCKED_BY_ROSTER:
                count = await _by_roster(connection, batch, schema)
            else:
                count = await _copied(connection, table, schema, rows_of(batch))
        wrote(table.name, count)


async def _copied(connection: DBConnection, table: Table, schema: str, rows: Iterable[tuple[object, ...]]) -> int:
    return await connection.copy_in(table.name, rows, columns=table.columns, schema=schema, timeout_seconds=STATEMENT_SECONDS)


async def _by_roster(connection: DBConnection, batch: Batch, schema: str) -> int:
    name, columns = batch.table.name, batch.table.columns
    count = await connection.copy_in(
        f"greedy_new_{name}", rows_of(batch), columns=columns, schema="pg_temp", timeout_seconds=STATEMENT_SECONDS
    )
    sql = FROM_STAGE.format(stage=_stage(name), table=qualified(name, schema), columns=", ".join(map(quoted, columns)))
    await connection.execute(sql, timeout_seconds=STATEMENT_SECONDS)
    return count


def _stage(table: str) -> str:
    return qualified(f"greedy_new_{table}", "pg_temp")


def rows_of(batch: Batch) -> Iterator[tuple[Any, ...]]:
    """Rows as the driver takes them: documents are text."""
    return zip(*(map(_json, values) if values and isinstance(values[0], dict) else values for values in batch.columns), strict=True)


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False)


async def _claim(connection: DBConnection) -> None:
    """One generator at a time: two of one seed would wait for each other's rows."""
    sql = "select pg_try_advisory_xact_lock(hashtextextended('generate:' || $1, 0))"
    if not await connection.execute(sql, [connection.schema], fetch_val=True):
        raise QueryError(
            f"another generator is writing to {of_schema(connection)}", next_step="try again when it has ended", retryable=True
        )


async def _refuse_same_seed(connection: DBConnection, seed: int) -> None:
    employees = qualified("employees", connection.schema)
    sql = f"select count(*) from {employees} where starts_with(id, $1)"  # noqa: S608  a quoted name
    if count := await connection.execute(sql, [f"S{seed}-"], fetch_val=True):
        raise InputError(
            f"{of_schema(connection)} has {count} employees of seed {seed} already; nothing was written",
            next_step="choose another --seed, or another --schema",
        )


async def _refuse_others(connection: DBConnection, synthetic: SyntheticSchema) -> None:
    employees, contracts = qualified("employees", connection.schema), qualified("contracts", synthetic.name)
    sql = f"select count(*) from {employees} where not exists (select from {contracts} where employee_id = id)"  # noqa: S608  quoted names
    if count := await connection.execute(sql, fetch_val=True):
        raise InputError(
            f"{of_schema(connection)} has {count} employees that no generator made; synthetic people are not mixed with them unasked",
            next_step="choose another --database or --schema; or --add, if they may stand side by side",
        )


@contextmanager
def _explained(connection: DBConnection, table: Table) -> Iterator[None]:
    """Within this block, a key that is there already is told as what it means."""
    try:
        yield
    except QueryError as exc:
        if exc.sqlstate != DUPLICATE_KEY:
            raise
        raise InputError(
            f"{table.name} in {of_schema(connection)} has rows of the generator's already; nothing was written there",
            details=[exc.detail] if exc.detail else (),
            next_step="choose another --seed, or another --schema",
        ) from exc


def of_schema(database: DBConnector | DBConnection) -> str:
    """The server, and the schema where it is not public, as messages name them."""
    return database.server if database.schema == "public" else f"schema {database.schema} of {database.server}"
