"""Statements with bound arguments, a transaction with a savepoint in it, and what an error tells."""

from __future__ import annotations

from datetime import date

from greedy.database.connector import DBConnector
from greedy.database.errors import QueryError
from greedy.database.examples import Say

INSERT = "insert into rosters (naam, start_date, end_date) values ($1, $2, $3)"


async def main(db: DBConnector, _url: str, say: Say) -> None:
    """Write two rosters; the second, refused one is undone alone."""
    async with db.transaction(isolation="repeatable_read") as connection:
        await connection.execute(INSERT, ["winter", date(2026, 1, 5), date(2026, 2, 8)])
        try:
            async with connection.transaction():  # a savepoint
                await connection.execute(INSERT, ["backwards", date(2026, 2, 8), date(2026, 1, 5)])
        except QueryError as exc:
            say(f"refused: SQLSTATE {exc.sqlstate}, constraint {exc.constraint}, worth another try: {exc.retryable}")
    names = await db.execute("select naam from rosters", fetch_all=True)
    say(f"rosters: {[row['naam'] for row in names]}")
    row = await db.execute("select naam, end_date - start_date + 1 as days from rosters", fetch_row=True)
    say(f"first row: {dict(row) if row else None}")
    count = await db.execute("select count(*) from rosters where naam = $1", ["winter"], fetch_val=True)
    say(f"a value: {count}")
