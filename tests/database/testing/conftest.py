"""A database that is marked for tests."""

from __future__ import annotations

import pytest

from greedy.database.connector import DBConnector
from greedy.database.testing.marking import mark_for_tests


@pytest.fixture
async def marked(db: DBConnector) -> DBConnector:
    """A migrated, empty database that says of itself that its rows may go."""
    await mark_for_tests(db, await db.execute("select current_database()::text", fetch_val=True))
    return db
