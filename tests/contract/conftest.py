"""The store contract holds in `public` and in the schema of a practice."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from greedy.database.connector import DBConnector
from greedy.database.schema.setup import SchemaSetup

PROJECT = "Praktijk Zuid, é"


@pytest.fixture(params=["public", PROJECT])
async def db(request: pytest.FixtureRequest, database_url: str) -> AsyncIterator[DBConnector]:
    """A connector to an empty schema; whatever is done in a project schema, public stays empty."""
    async with DBConnector(database_url, min_size=1, max_size=5, schema=request.param) as connector:
        if request.param == PROJECT:
            await SchemaSetup(connector).ensure_project_schema(PROJECT)
        yield connector
        if request.param == PROJECT:
            rows = "select (select count(*) from public.rosters) + (select count(*) from public.employees)"
            assert await connector.execute(rows, fetch_val=True) == 0
