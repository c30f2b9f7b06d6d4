"""Rows tried on the database: what it has against them, and which of them it takes."""

# ruff: noqa: S608  statements are made of quoted names; values are bound

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from greedy.database.connection import DBConnection
from greedy.database.errors import DatabaseError, QueryError
from greedy.database.identifiers import qualified, quoted
from greedy.database.schema.registry import Table
from greedy.database.testing.documents import recordset, rows_as_json

Row = dict[str, Any]


async def refusal_of(connection: DBConnection, table: Table, rows: Sequence[Row]) -> DatabaseError | None:
    """Insert rows; what the database has against them, if anything."""
    try:
        async with connection.transaction() as attempt:
            await insert(attempt, table, rows)
    except QueryError as exc:
        if exc.retryable:
            raise
        return exc
    return None


async def accepted(connection: DBConnection, table: Table, rows: list[Row]) -> list[Row]:
    """Insert those of the rows that the database takes: all in one statement, else each half by itself."""
    if not rows or await refusal_of(connection, table, rows) is None:
        return rows
    half = len(rows) // 2
    return await accepted(connection, table, rows[:half]) + await accepted(connection, table, rows[half:]) if half else []


async def insert(connection: DBConnection, table: Table, rows: Sequence[Row]) -> None:
    """Insert rows with the same columns in one statement, numbers of identity columns included."""
    columns = list(rows[0])
    named = ", ".join(quoted(column) for column in columns)
    plain = [
        {c: json.loads(v) if isinstance(v, str) and table.column[c].base_type in ("json", "jsonb") else v for c, v in row.items()}
        for row in rows
    ]
    await connection.execute(
        f"insert into {qualified(*reversed(table.name))} ({named}) overriding system value select {named} from {recordset(table, columns)}",
        [rows_as_json(plain)],
    )
