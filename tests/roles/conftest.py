"""A roster with something in every table, and connections that look at it as each role."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import uuid4

import asyncpg
import pytest

from greedy.database.connector import DBConnector
from greedy.database.embedded.server import EmbeddedServer
from greedy.formats.tables import PracticeTables
from greedy.store.plans import PlanRequest
from greedy.store.postgres import PostgresStore
from tests.databases import make_template


async def fill(db: DBConnector, sample: PracticeTables) -> None:
    """The sample, and a line in the ledger: no table is empty."""
    store = PostgresStore(db)
    await store.import_tables(sample)
    await db.execute(
        "insert into roster_writes (run_id, part, roster_id, request_digest, answer) values ($1, 'roster', $2, '', '{}')",
        [uuid4(), sample.roster.id],
    )
    await store.copies.make(uuid4(), sample.roster.id, "Wat als?", "Anna")
    await store.plans.ask(PlanRequest(id=uuid4(), roster_id=sample.roster.id, actor="Anna"))
    await db.execute(
        "insert into roster_publications (roster_id, number, change_id, actor, slots) values ($1, 1, $2, 'Anna', '[]')",
        [sample.roster.id, uuid4()],
    )
    await db.execute("insert into absences values ('hr', '1', 0, 'EMP003', '2025-12-08', 'O', '2025-12-08', 'A', null)")


@pytest.fixture(scope="session")
def with_everything(server: EmbeddedServer, sample: PracticeTables) -> str:
    """A database in which no table is empty; that of a test is a copy of it."""

    async def prepare(url: str) -> None:
        async with DBConnector(url, min_size=1) as db:
            await fill(db, sample)

    return make_template(server, "template_with_everything", prepare)


@pytest.fixture
def template(with_everything: str) -> str:
    """Of that one."""
    return with_everything


@pytest.fixture
def filled(database_url: str, sample: PracticeTables) -> PracticeTables:
    """The roster that is in the database of this test."""
    return sample


@pytest.fixture(scope="session")
def shared_url(server: EmbeddedServer, with_everything: str) -> str:
    """URL of a copy for all tests that leave nothing behind."""
    return server.url(make_template(server, "with_everything", of=with_everything))


@pytest.fixture
async def connection(shared_url: str) -> AsyncIterator[asyncpg.Connection]:
    """A connection of the owner's to it, in a transaction that is undone."""
    connection = await asyncpg.connect(shared_url)
    attempt = connection.transaction()
    await attempt.start()
    yield connection
    await attempt.rollback()
    await connection.close()
