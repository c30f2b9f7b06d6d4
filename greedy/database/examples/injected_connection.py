"""Functions that get their connection, in a transaction: awaited, or called by a task queue that knows no event loop."""

from __future__ import annotations

import asyncio
from datetime import date

from greedy.database.connection import DBConnection
from greedy.database.connector import DBConnector
from greedy.database.examples import Say
from greedy.database.injection import INJECTED, with_db_connection


async def main(db: DBConnector, url: str, say: Say) -> None:
    """Commit on success, roll back on error."""

    @with_db_connection(db)
    async def add_roster(name: str, *, fail: bool = False, connection: DBConnection = INJECTED) -> None:
        await connection.execute("insert into rosters (naam, start_date, end_date) values ($1, $2, $2)", [name, date(2026, 1, 5)])
        if fail:
            raise ValueError("changed my mind")

    await add_roster("kept")
    try:
        await add_roster("undone", fail=True)
    except ValueError as exc:
        say(f"rolled back: {exc}")

    @with_db_connection(lambda: DBConnector(url, min_size=1, schema=db.schema), blocking=True)
    async def names(*, connection: DBConnection = INJECTED) -> list[str]:
        return [row["naam"] for row in await connection.execute("select naam from rosters", fetch_all=True)]

    say(f"seen by a plain function in a thread: {await asyncio.to_thread(names)}")
