"""A generation to PostgreSQL by the sink alone, chunk after chunk, and what a database holds afterwards."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from greedy.database import DBConnector
from greedy.generate.config import GeneratorConfig
from greedy.generate.making.chunks import chunk_of
from greedy.generate.sinks.base import Chunk, Write
from greedy.generate.sinks.postgresql import PostgreSQLSink
from greedy.generate.tables import TABLES

TWO_PRACTICES = GeneratorConfig(practices=2, employees=16, weeks=1, seed=7)
OTHER_SEED = TWO_PRACTICES.model_copy(update={"seed": 8})
BESIDE = ("regions", "practices", "teams", "contracts", "wishes", "planted_rosters", "planted_assignments")
SCHEMAS = "select nspname::text from pg_namespace where nspname like 'synthetic%'"


def chunk(config: GeneratorConfig, number: int) -> Chunk:
    """One practice alone."""
    practices = range(number, number + 1)
    return Chunk(practices, tuple(chunk_of(config, practices)))


def nothing(table: str, rows: int) -> None:
    """Told of each batch that was written."""


@asynccontextmanager
async def writing(db: DBConnector) -> AsyncIterator[Write]:
    """Within the sink, after its first practice."""
    async with PostgreSQLSink(db).opened(TWO_PRACTICES, nothing) as write:
        await write(chunk(TWO_PRACTICES, 0))
        yield write


async def written(db: DBConnector, config: GeneratorConfig = TWO_PRACTICES, *, add: bool = False) -> Counter[str]:
    """Write all practices, and return how many rows of each table the sink says it wrote."""
    counts: Counter[str] = Counter()

    def wrote(table: str, rows: int) -> None:
        counts[table] += rows

    async with PostgreSQLSink(db, add=add).opened(config, wrote) as write:
        for number in range(config.practices):
            await write(chunk(config, number))
    return counts


def place(table: str, schema: str = "public") -> str:
    """Where a table of the generator's lies, for SQL."""
    beside = "synthetic" if schema == "public" else f"synthetic_{schema}"
    return f'"{beside if table in BESIDE else schema}".{table}'


async def row_counts(db: DBConnector) -> dict[str, int]:
    """Rows of each table that the sink writes to, those that are there."""
    found = {}
    for table in TABLES:
        if await db.execute("select to_regclass($1) is not null", [place(table, db.schema)], fetch_val=True):
            found[table] = await db.execute(f"select count(*) from {place(table, db.schema)}", fetch_val=True)
    return found
