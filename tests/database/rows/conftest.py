"""An operator on a table of every kind of column."""

from __future__ import annotations

import pytest

from greedy.database.connector import DBConnector
from greedy.database.rows.operator import DBOperator
from tests.database.rows.things import TABLES


@pytest.fixture
async def op(db: DBConnector) -> DBOperator:
    await db.execute(TABLES)
    return DBOperator(db)
