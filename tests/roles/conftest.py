"""A roster with something in every table, and connections that look at it as each role."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from greedy.database.connector import DBConnector
from greedy.formats.tables import PracticeTables
from greedy.store.postgres import PostgresStore


@pytest.fixture
async def filled(db: DBConnector, store: PostgresStore, sample: PracticeTables) -> PracticeTables:
    """The sample, and a line in the ledger: no table is empty."""
    await store.import_tables(sample)
    await db.execute(
        "insert into roster_writes (run_id, part, roster_id, request_digest, answer) values ($1, 'roster', $2, '', '{}')",
        [uuid4(), sample.roster.id],
    )
    await db.execute("insert into absences values ('hr', '1', 0, 'EMP003', '2025-12-08', 'O', '2025-12-08', 'A', null)")
    return sample


@pytest.fixture
async def connection(database_url: str, filled: PracticeTables) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the owner's to it, in a transaction."""
    connection = await asyncpg.connect(database_url)
    async with connection.transaction():
        yield connection
    await connection.close()
