"""Time what `greedy generate` writes beside the bare way in, on the same rows and in one run. Prints one JSON document.

For SQLite and PostgreSQL, in turn, the best of --rounds:

bare         the rows lie ready in memory: one executemany (sqlite3) or COPY (asyncpg) a table, and one commit. In SQLite into the same
             tables with the same pragmas; in PostgreSQL into some with the same columns, keys and checks, but no foreign keys or triggers
same_tables  of PostgreSQL: COPY of the ready rows into the very tables, whose foreign keys and triggers look at every row
ready_made   the sink, with the same rows ready in memory
generated    the command, which generates the rows. `seconds` are its own count; `whole_seconds` those of its process, with its start;
             `peak_mib` is the most memory that it and the processes it started had together, counted again where they share it

A folder of CSV files has no bare way. With --target there is only the command to SQLite, for 100,000 employees in 5,000 practices unless
told otherwise. The database is a server of the benchmark's own, which waits for the disk as a practice's does; its memory is not counted.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager, closing
from itertools import chain
from pathlib import Path
from typing import Any

import psutil
from sqlalchemy.schema import CreateIndex, CreateTable

from greedy.database import DBConnector, migrate
from greedy.database.embedded.server import EmbeddedServer
from greedy.generate.config import GeneratorConfig
from greedy.generate.making.chunks import chunk_of
from greedy.generate.people.chunk_ranges import chunks_of
from greedy.generate.sinks.base import Chunk, Sink
from greedy.generate.sinks.postgresql import PostgreSQLSink, rows_of
from greedy.generate.sinks.sqlite import PRAGMAS, SqliteFile
from greedy.generate.sinks.sqlite_rows import DIALECT, SQL_TABLES, bound, insert_text
from greedy.generate.sinks.synthetic_schema import IN_PRACTICE
from greedy.generate.tables import TABLES
from greedy.log import configure_logging

Rows = dict[str, list[tuple[Any, ...]]]
Times = dict[str, list[dict[str, float]]]

ROOT = Path(__file__).resolve().parents[1]
TIMEOUT_SECONDS = 900
EMPTY = """
drop schema if exists synthetic cascade; drop schema if exists bare cascade;
truncate rosters, employees, service_types, service_blocking_rules, roster_employee_services, roster_period_staffing_dagdelen,
  roster_assignments, roster_writes, absences;
checkpoint
"""


async def main() -> None:
    """Measure what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--practices", type=int, help="how many (default 500, with --target 5000)")
    parser.add_argument("--employees", type=int, help="of all practices (default 10000, with --target 100000)")
    parser.add_argument("--weeks", type=int, default=5, help="of each roster (default 5)")
    parser.add_argument("--rounds", type=int, default=3, help="of each way, of which the best counts (default 3)")
    parser.add_argument("--target", action="store_true", help="the command to SQLite alone, once")
    given = parser.parse_args()
    configure_logging("ERROR")
    practices, employees = (5_000, 100_000) if given.target else (500, 10_000)
    config = GeneratorConfig(practices=given.practices or practices, employees=given.employees or employees, weeks=given.weeks)
    sizes = {"practices": config.practices, "employees": config.employees, "weeks": config.weeks}
    with tempfile.TemporaryDirectory(prefix="greedy-bench-") as folder:
        found = target(config, Path(folder)) if given.target else await side_by_side(config, given.rounds, Path(folder))
    print(json.dumps({**sizes, "cores": os.cpu_count(), **found}, indent=2))


def target(config: GeneratorConfig, folder: Path) -> dict[str, Any]:
    """The command to SQLite."""
    file = folder / "practices.db"
    found = command(config, "--to", f"sqlite:///{file}")
    return {"sqlite": {"generated": found, "file_mib": file.stat().st_size >> 20}}


async def side_by_side(config: GeneratorConfig, rounds: int, folder: Path) -> dict[str, Any]:
    """All ways in turn."""
    started = time.perf_counter()
    chunks = [Chunk(practices, tuple(chunk_of(config, practices))) for practices in chunks_of(config)]
    making = time.perf_counter() - started
    rows = sum(len(batch) for chunk in chunks for batch in chunk.batches)
    return {
        "rows": rows,
        "generation": {"seconds": round(making, 2), "rows_per_second": round(rows / making)},
        "sqlite": report(await over_sqlite(config, chunks, rounds, folder), rows),
        "csv": report(over_csv(config, rounds, folder), rows),
        "postgresql": report(await over_postgresql(config, chunks, rounds, folder), rows),
    }


async def over_sqlite(config: GeneratorConfig, chunks: Sequence[Chunk], rounds: int, folder: Path) -> Times:
    """The three ways to a file."""
    rows: Rows = {name: [] for name in TABLES}
    for batch in chain.from_iterable(chunk.batches for chunk in chunks):
        rows[batch.table.name].extend(chain.from_iterable(bound(batch).batches()))
    file = folder / "x.db"
    times: Times = {"bare": [], "ready_made": [], "generated": []}
    for _ in range(rounds):
        times["bare"].append(timed(lambda: bare_sqlite(file, rows)))
        file.unlink()
        times["ready_made"].append(await awaited(through(SqliteFile(file), config, chunks)))
        file.unlink()
        times["generated"].append(command(config, "--to", f"sqlite:///{file}"))
        file.unlink()
    return times


def bare_sqlite(file: Path, rows: Rows) -> None:
    """The tables and pragmas of the sink."""
    with closing(sqlite3.connect(file, isolation_level=None)) as connection:
        for pragma in PRAGMAS:
            connection.execute(f"pragma {pragma}")
        connection.execute("begin")
        for name, own in rows.items():
            connection.execute(str(CreateTable(SQL_TABLES[name]).compile(dialect=DIALECT)))
            connection.executemany(insert_text(name), own)
        for index in chain.from_iterable(table.indexes for table in SQL_TABLES.values()):
            connection.execute(str(CreateIndex(index).compile(dialect=DIALECT)))
        connection.execute("commit")


def over_csv(config: GeneratorConfig, rounds: int, folder: Path) -> Times:
    """The command to a folder."""
    times = []
    for _ in range(rounds):
        times.append(command(config, "--csv", str(folder / "csv")))
        shutil.rmtree(folder / "csv")
    return {"generated": times}


async def over_postgresql(config: GeneratorConfig, chunks: Sequence[Chunk], rounds: int, folder: Path) -> Times:
    """The four ways to a database."""
    rows: Rows = {name: [] for name in TABLES}
    for batch in chain.from_iterable(chunk.batches for chunk in chunks):
        rows[batch.table.name].extend(rows_of(batch))
    times: Times = {"bare": [], "same_tables": [], "ready_made": [], "generated": []}
    async with database(folder) as (url, db):
        for _ in range(rounds):
            times["ready_made"].append(await awaited(through(PostgreSQLSink(db), config, chunks)))
            await make_bare(db)
            times["bare"].append(await awaited(copied(db, rows, dict.fromkeys(TABLES, "bare"))))
            await db.execute("truncate synthetic.regions cascade; truncate employees, rosters, service_types cascade; checkpoint")
            own = {name: "public" if name in IN_PRACTICE else "synthetic" for name in TABLES}
            times["same_tables"].append(await awaited(copied(db, rows, own)))
            await db.execute(EMPTY)
            times["generated"].append(await asyncio.to_thread(command, config, "--database", url))
            await db.execute(EMPTY)
    return times


@asynccontextmanager
async def database(folder: Path) -> AsyncIterator[tuple[str, DBConnector]]:
    """A migrated database on a server of its own."""
    server = EmbeddedServer(folder / "data")
    try:
        url = server.start()
        async with DBConnector(url, min_size=1, timeout_seconds=TIMEOUT_SECONDS) as db:
            await migrate(db)
            yield url, db
    finally:
        server.stop()


async def make_bare(db: DBConnector) -> None:
    """Tables like the sink's, without foreign keys and triggers."""
    await db.execute("create schema bare")
    for name in TABLES:
        schema = "public" if name in IN_PRACTICE else "synthetic"
        await db.execute(f"create table bare.{name} (like {schema}.{name} including all)")
    await db.execute("checkpoint")


async def copied(db: DBConnector, rows: Rows, schemas: dict[str, str]) -> None:
    """COPY, one a table, and one commit."""
    async with db.transaction() as connection:
        for name, own in rows.items():
            await connection.copy_in(name, own, columns=TABLES[name].columns, schema=schemas[name], timeout_seconds=TIMEOUT_SECONDS)


def not_told(_table: str, _rows: int) -> None:
    """Nobody listens."""


async def through(sink: Sink, config: GeneratorConfig, chunks: Sequence[Chunk]) -> None:
    """Chunks that lie ready into a sink."""
    async with sink.opened(config, not_told) as write:
        for chunk in chunks:
            await write(sink.prepared(chunk))


def command(config: GeneratorConfig, *where: str) -> dict[str, float]:
    """`greedy generate` in a process of its own."""
    sizes = ("--practices", config.practices, "--employees", config.employees, "--weeks", config.weeks)
    started, peak = time.perf_counter(), 0
    with subprocess.Popen(
        [sys.executable, "-m", "greedy", "generate", *map(str, sizes), *where, "--json"],
        stdout=subprocess.PIPE,
        text=True,
        cwd=ROOT,
        env={**os.environ, "LOG_LEVEL": "ERROR"},
    ) as process:
        while process.poll() is None:
            peak = max(peak, memory_bytes(process.pid))
            time.sleep(0.05)
        output = process.communicate()[0]
    if process.returncode:
        sys.exit(f"greedy generate ended with {process.returncode}: {output}")
    whole = time.perf_counter() - started
    seconds = json.loads(output)["seconds"]
    return {"seconds": round(seconds, 2), "whole_seconds": round(whole, 2), "peak_mib": peak >> 20}


def memory_bytes(pid: int) -> int:
    """Of a process and all that it started."""
    found = 0
    try:
        process = psutil.Process(pid)
        for one in (process, *process.children(recursive=True)):
            found += one.memory_info().rss
    except psutil.NoSuchProcess:  # it has ended in the meantime
        pass
    return found


def timed(work: Callable[[], None]) -> dict[str, float]:
    """Seconds that it takes."""
    gc.collect()
    started = time.perf_counter()
    work()
    return {"seconds": time.perf_counter() - started}


async def awaited(work: Awaitable[None]) -> dict[str, float]:
    """Seconds that it takes."""
    gc.collect()
    started = time.perf_counter()
    await work
    return {"seconds": time.perf_counter() - started}


def report(times: Times, rows: int) -> dict[str, Any]:
    """The best of each way, and how many times as long as the bare way it takes."""
    best = {way: min(rounds, key=lambda one: one["seconds"]) for way, rounds in times.items()}
    found: dict[str, Any] = {
        way: {**{name: round(value, 2) for name, value in one.items()}, "rows_per_second": round(rows / one["seconds"])}
        for way, one in best.items()
    }
    if "bare" in best:
        found |= {f"{way}_to_bare": round(one["seconds"] / best["bare"]["seconds"], 2) for way, one in best.items() if way != "bare"}
    return found


if __name__ == "__main__":
    asyncio.run(main())
