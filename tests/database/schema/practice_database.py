"""Databases that a practice had before, with the rows of the sample in tables of its own."""

from __future__ import annotations

from pathlib import Path

import asyncpg

from greedy.database.embedded.server import EmbeddedServer
from greedy.sample import SAMPLE_DIR
from tests.databases import numbers
from tests.supabase_project import make_default_privileges

PRACTICE = (Path(__file__).parent / "practice.sql").read_text(encoding="utf-8")
TABLES = ("employees", "service_types", "rosters", "roster_period_staffing_dagdelen", "roster_employee_services", "roster_assignments")
CONTENT = "select md5(coalesce(string_agg(row_text, E'\\n' order by row_text collate \"C\"), '')) from (select (t.*)::text as row_text from {} as t) as r"


async def practice_database(server: EmbeddedServer, *changes: str, schema: str = "public") -> str:
    """The URL of a database with a practice's tables and rows in a schema, and not a migration; `changes` are made at the end."""
    name = f"practice_{next(numbers)}"
    admin = await asyncpg.connect(server.url("postgres"))
    await admin.execute(f"create database {name}")
    await admin.close()
    connection = await asyncpg.connect(server.url(name))
    await make_default_privileges(connection)
    await connection.execute(f'create schema if not exists "{schema}"; set search_path = "{schema}"')
    await connection.execute(PRACTICE)
    for table in TABLES:
        file = SAMPLE_DIR / f"{table}.csv"
        columns = file.read_text(encoding="utf-8").splitlines()[0].split(",")
        await connection.copy_to_table(table, source=file, columns=columns, schema_name=schema, format="csv", header=True)
    await connection.execute("insert into wensen select 1, id, 'EMP001' from rosters")
    for change in changes:
        await connection.execute(change)
    await connection.close()
    return server.url(name)


async def rows_of_practice(url: str, schema: str = "public") -> dict[str, str]:
    """A digest of all rows by table, in the columns that the practice's tables have, found before anything is migrated."""
    connection = await asyncpg.connect(url)
    found = {}
    for table in (*TABLES, "wensen"):
        columns = await connection.fetchval(
            "select string_agg(quote_ident(attname), ', ' order by attnum) from pg_attribute "
            "where attrelid = $1::regclass and attnum > 0 and not attisdropped "
            # what the migrations add
            "and not (attname like 'blocked_by_%' or attname = 'created_at' and $2 <> 'rosters')", f'"{schema}".{table}', table)  # fmt: skip
        rows = f'(select {columns} from "{schema}".{table})'
        found[table] = await connection.fetchval(CONTENT.format(rows))
    await connection.close()
    return found
