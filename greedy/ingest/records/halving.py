"""Finding the few that the database refuses among many that it takes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVar

from greedy.database import DBConnection, QueryError

Item = TypeVar("Item")

# Data that do not fit: malformed values, broken constraints, too large, and what this program's own functions refuse.
DATA_FAULTS = ("22", "23", "54", "GR", "P0001")


async def by_halves(
    connection: DBConnection, items: Sequence[Item], write: Callable[[DBConnection, Sequence[Item]], Awaitable[None]]
) -> list[tuple[Item, str]]:
    """Write items, in savepoints, without those that the database refuses, and return these with what it said.

    `write` is called for all of them, and when that fails for each half: about 2 log2(n) times for one bad one.
    """
    if not items:
        return []
    try:
        async with connection.transaction() as savepoint:
            await write(savepoint, items)
    except QueryError as exc:
        if not (exc.sqlstate or "").startswith(DATA_FAULTS):
            raise
        if len(items) == 1:
            return [(items[0], _said(exc))]
        middle = len(items) // 2
        return [*await by_halves(connection, items[:middle], write), *await by_halves(connection, items[middle:], write)]
    return []


def _said(exc: QueryError) -> str:
    """What the database said, but for the whole row, which is personal."""
    detail = exc.detail if exc.detail and not exc.detail.startswith("Failing row contains") else None
    return ": ".join(filter(None, (exc.message, detail)))
