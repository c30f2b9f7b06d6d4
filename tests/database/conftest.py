"""What the tests of the connector share."""

from __future__ import annotations

import pytest

from greedy.database.connector import DBConnector


@pytest.fixture
async def things(db: DBConnector) -> DBConnector:
    """A connector to a database with a table of its own."""
    await db.execute("create table things (id int primary key, name text, weight numeric, tags text[])")
    return db
