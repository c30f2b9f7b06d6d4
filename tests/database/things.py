"""A table of its own for a test, and how many rows are in it."""

from __future__ import annotations

from greedy.database.connector import DBConnector


async def count(db: DBConnector) -> int:
    return int(await db.execute("select count(*) from things", fetch_val=True))
