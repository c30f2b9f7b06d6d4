"""A database as it is now, in figures."""

from __future__ import annotations

from dataclasses import dataclass

from greedy.database.connector import DBConnector
from greedy.database.sync import contents
from greedy.database.sync.job import Job
from greedy.database.sync.server import kept_databases

EXACT_COUNT_BYTES = 64 << 20  # larger tables are not counted


@dataclass(frozen=True)
class TableRows:
    """Rows of a table by quoted name; `exact` when they were counted, otherwise the server's estimate (-1: it has none)."""

    name: str
    rows: int
    exact: bool


@dataclass(frozen=True)
class KeptDatabase:
    """An old database that a restore has kept."""

    name: str
    bytes: int


@dataclass(frozen=True)
class DatabaseStatus:
    """Server, size, rows by table, and what restores have kept."""

    server: str
    server_version: str
    bytes: int
    tables: tuple[TableRows, ...]
    kept: tuple[KeptDatabase, ...]


async def database_status(job: Job) -> DatabaseStatus:
    """Look at a database. Changes nothing."""
    async with DBConnector(job.url, min_size=1, max_size=1) as db, db.transaction(readonly=True) as connection:
        tables = []
        for row in await connection.execute(TABLE_SIZES, [await contents.dumped_schemas(connection)], fetch_all=True):
            exact = row["bytes"] <= EXACT_COUNT_BYTES
            count = await connection.execute(f"select count(*) from only {row['name']}", fetch_val=True) if exact else row["estimate"]  # noqa: S608  quoted by the server
            tables.append(TableRows(row["name"], count, exact))
        return DatabaseStatus(
            server=job.server,
            server_version=await connection.execute("show server_version", fetch_val=True),
            bytes=await connection.execute("select pg_database_size(current_database())", fetch_val=True),
            tables=tuple(tables),
            kept=tuple(KeptDatabase(*found) for found in await kept_databases(connection, job.database)),
        )


TABLE_SIZES = """
select format('%I.%I', n.nspname, c.relname) as name, c.reltuples::bigint as estimate, pg_relation_size(c.oid) as bytes
from pg_class c join pg_namespace n on n.oid = c.relnamespace where n.nspname = any($1) and c.relkind = 'r' order by 1
"""
