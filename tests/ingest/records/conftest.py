"""A database with a table that the transforms of these tests write."""

from __future__ import annotations

import pytest

from greedy.database import DBConnector
from tests.ingest.records.made import THINGS


@pytest.fixture
async def things(db: DBConnector) -> DBConnector:
    await db.execute(THINGS)
    return db
