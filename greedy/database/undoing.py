"""A transaction that is tried and never stands, with the constraints that would be looked at when it commits."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from greedy.database.connection import DBConnection
from greedy.database.executor import Executor
from greedy.database.identifiers import qualified

DEFERRABLE = """
select k.conname::text as name, k.condeferred as deferred
from pg_constraint k join pg_namespace n on n.oid = k.connamespace where n.nspname = $1 and k.condeferrable and k.conparentid = 0
order by k.conname
"""


class UndoError(Exception):
    """Ends a transaction that has to be rolled back."""


@asynccontextmanager
async def undone(db: Executor, *, readonly: bool = False) -> AsyncIterator[DBConnection]:
    """A connection in a transaction that is rolled back at the end of the block, whatever happens in it."""
    try:
        async with db.transaction(readonly=readonly) as connection:
            yield connection
            raise UndoError  # noqa: TRY301  it ends the transaction, and nothing else
    except UndoError:
        pass


async def look_at_constraints(connection: DBConnection, schema: str, *, stay: bool = False) -> None:
    """Have the server check now what it would check at the end of the transaction.

    With `stay` it also checks at once whatever comes after. They are named one by one, for constraints of others are not ours.
    """
    found = await connection.execute(DEFERRABLE, [schema], fetch_all=True)
    if found:
        await connection.execute(f"set constraints {', '.join(qualified(row['name'], schema) for row in found)} immediate")
    later = [qualified(row["name"], schema) for row in found if row["deferred"]]
    if later and not stay:
        await connection.execute(f"set constraints {', '.join(later)} deferred")
