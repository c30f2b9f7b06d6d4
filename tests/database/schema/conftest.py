"""Databases with schemas of practices."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

import asyncpg
import pytest

from greedy.database.connector import DBConnector
from greedy.database.embedded.server import EmbeddedServer
from greedy.database.schema.setup import SchemaSetup
from tests.databases import numbers

TENANT = "Praktijk Zuid, é"


@pytest.fixture
async def empty_url(server: EmbeddedServer) -> str:
    """A database without anything in it."""
    name = f"schemas_{next(numbers)}"
    admin = await asyncpg.connect(server.url("postgres"))
    await admin.execute(f"create database {name}")
    await admin.close()
    return server.url(name)


@pytest.fixture
async def tenant(database_url: str, db: DBConnector) -> AsyncIterator[DBConnector]:
    """A project schema beside a migrated public."""
    await SchemaSetup(db).ensure_project_schema(TENANT)
    async with DBConnector(database_url, min_size=1, max_size=5, schema=TENANT) as connector:
        yield connector


@pytest.fixture(scope="session")
def both_url(server: EmbeddedServer) -> str:
    """One database for all tests that change nothing for good."""
    name = f"schemas_{next(numbers)}"

    async def make() -> None:
        admin = await asyncpg.connect(server.url("postgres"))
        await admin.execute(f"create database {name} template template_greedy")
        await admin.close()
        async with DBConnector(server.url(name), min_size=1) as db:
            await SchemaSetup(db).ensure_project_schema(TENANT)

    asyncio.run(make())
    return server.url(name)
