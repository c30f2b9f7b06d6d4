"""Compare DBConnector and DBOperator with bare asyncpg, in one process, on the same rows and the same server, turn by turn.

Bare is what one would write by hand for exactly this table: a pool, ready SQL, COPY for inserts, arrays or a temporary table for
upserts. Both begin with the rows as a list of dicts and end with asyncpg's records. Prints one JSON document: a line for each operation
and size with the medians in milliseconds, their ratio, the target, and `ok`. Half of the rows of an upsert are there already.

The server of the benchmark's own does not wait for the disk (fsync off), so that what is left is the work of the two. Exit code 1 when a
target was missed.
"""

# ruff: noqa: S608  the SQL is put together from the constants below

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from operator import itemgetter
from pathlib import Path
from random import Random
from uuid import UUID

import asyncpg

from greedy.database.connector import DBConnector
from greedy.database.embedded.server import EmbeddedServer
from greedy.database.rows.operator import DBOperator
from greedy.log import configure_logging

Row = dict[str, object]

TARGETS = {"single": 1.2, "bulk": 1.1}
SMALL = 100  # rows
REPEATS = {1: 2_000, 100: 300, 10_000: 15, 1_000_000: 3}
SCHEMA = "greedy_bench"
TYPES = {"id": "uuid", "name": "text", "hours": "integer", "day": "date", "made_at": "timestamptz", "share": "double precision"}
TABLE = f"{SCHEMA}.shifts"
NAMES = ", ".join(TYPES)
STAGED_ROWS = 5_000  # from here on a temporary table is the faster way for upserts by hand, too

CREATE = f"""
create schema {SCHEMA};
create table {TABLE} ({", ".join(f"{name} {kind}" for name, kind in TYPES.items())}, primary key (id))
"""
OVERWRITE = f"on conflict (id) do update set {', '.join(f'{name} = excluded.{name}' for name in TYPES if name != 'id')}"
INSERT_ONE = f"insert into {TABLE} ({NAMES}) values ($1, $2, $3, $4, $5, $6)"
INSERT_ARRAYS = f"insert into {TABLE} ({NAMES}) select * from unnest({', '.join(f'${n}::{t}[]' for n, t in enumerate(TYPES.values(), 1))})"
STAGE = f"create temp table stage ({', '.join(f'{name} {kind}' for name, kind in TYPES.items())}) on commit drop"


class Bare:
    """What one would write by hand."""

    def __init__(self, pool: asyncpg.Pool) -> None:
        self.pool = pool

    async def execute(self, _: list[Row]) -> object:
        return await self.pool.fetchval("select $1::int", 1)

    async def insert(self, rows: list[Row]) -> object:
        if len(rows) == 1:
            return await self.pool.fetchrow(f"{INSERT_ONE} returning *", *rows[0].values())
        async with self.pool.acquire() as connection:
            records = map(itemgetter(*TYPES), rows)
            return await connection.copy_records_to_table("shifts", schema_name=SCHEMA, columns=list(TYPES), records=records)

    async def upsert(self, rows: list[Row]) -> object:
        if len(rows) == 1:
            return await self.pool.fetchrow(f"{INSERT_ONE} {OVERWRITE} returning *", *rows[0].values())
        if len(rows) < STAGED_ROWS:
            return await self.pool.execute(f"{INSERT_ARRAYS} {OVERWRITE}", *[list(map(itemgetter(name), rows)) for name in TYPES])
        async with self.pool.acquire() as connection, connection.transaction():
            await connection.execute(STAGE)
            await connection.copy_records_to_table("stage", columns=list(TYPES), records=map(itemgetter(*TYPES), rows))
            return await connection.execute(f"insert into {TABLE} ({NAMES}) select {NAMES} from stage {OVERWRITE}")

    async def fetch(self, rows: list[Row]) -> object:
        if len(rows) == 1:
            return await self.pool.fetchrow(f"select * from {TABLE} where id = $1", rows[0]["id"])
        return await self.pool.fetch(f"select * from {TABLE}")


class Ours:
    """The same through the database service."""

    def __init__(self, db: DBConnector) -> None:
        self.db = db
        self.operator = DBOperator(db)

    async def execute(self, _: list[Row]) -> object:
        return await self.db.execute("select $1::int", [1], fetch_val=True)

    async def insert(self, rows: list[Row]) -> object:
        return await self.operator.insert("shifts", rows[0] if len(rows) == 1 else rows, schema=SCHEMA)

    async def upsert(self, rows: list[Row]) -> object:
        return await self.operator.upsert("shifts", rows[0] if len(rows) == 1 else rows, schema=SCHEMA)

    async def fetch(self, rows: list[Row]) -> object:
        if len(rows) == 1:
            return await self.operator.get_by_uuid("shifts", rows[0]["id"], schema=SCHEMA)
        return await self.operator.fetch("shifts", schema=SCHEMA)


def main() -> int:
    """Run what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--database", metavar="URL", help=f"a database to use; the schema {SCHEMA} is made in it and dropped again")
    parser.add_argument("--sizes", type=int, nargs="+", default=list(REPEATS), help="numbers of rows (default: %(default)s)")
    parser.add_argument("--repeats", type=int, help="turns of each (default: 2,000 of one row to 3 of a million)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the rows (default 0)")
    arguments = parser.parse_args()
    configure_logging("ERROR")
    with server(arguments.database) as url:
        lines = asyncio.run(measure(url, arguments.sizes, arguments.repeats, arguments.seed))
    ok = all(line["ok"] for line in lines)
    print(json.dumps({"lines": lines, "ok": ok}, indent=2))
    return 0 if ok else 1


@contextmanager
def server(url: str | None) -> Iterator[str]:
    """The database that was given, or one of the benchmark's own."""
    if url:
        yield url
        return
    with tempfile.TemporaryDirectory(prefix="greedy-bench-") as folder:
        options = {"fsync": "off", "full_page_writes": "off", "max_wal_size": "16GB", "checkpoint_timeout": "1h", "autovacuum": "off"}
        embedded = EmbeddedServer(Path(folder) / "data", options=options)
        try:
            yield embedded.start()
        finally:
            embedded.stop()


async def measure(url: str, sizes: list[int], repeats: int | None, seed: int) -> list[dict[str, object]]:
    """All operations in all sizes."""
    lines: list[dict[str, object]] = []
    random = Random(seed)
    async with (
        DBConnector(url, min_size=1) as db,
        asyncpg.create_pool(url, min_size=1, max_size=20) as pool,
        asyncpg.create_pool(url, min_size=1, max_size=1) as aside,  # what is not timed warms neither of the two up
    ):
        await aside.execute(f"drop schema if exists {SCHEMA} cascade")
        await aside.execute(CREATE)
        bare, ours, preparing = Bare(pool), Ours(db), Bare(aside)
        try:
            lines.append(await compare("execute", 1, repeats or REPEATS[1], bare, ours, lambda: nothing([])))
            for size in sizes:
                rows = made(size, random)
                times = repeats or next((REPEATS[limit] for limit in REPEATS if size <= limit), 1)

                async def fresh(rows: list[Row] = rows) -> list[Row]:
                    # A table that was just emptied is planned anew, which would be most of a small statement's time
                    if len(rows) > SMALL:
                        await aside.execute(f"truncate {TABLE}")
                        return rows
                    return [row | {"id": UUID(int=random.getrandbits(128))} for row in rows]

                async def half(rows: list[Row] = rows) -> list[Row]:
                    rows = await fresh(rows)
                    await preparing.insert(rows[1::2])
                    return rows

                lines.append(await compare("insert", size, times, bare, ours, fresh))
                lines.append(await compare("upsert", size, times, bare, ours, half))
                await aside.execute(f"truncate {TABLE}")
                await preparing.insert(rows)
                await aside.execute(f"vacuum analyze {TABLE}")
                lines.append(await compare("fetch", size, times, bare, ours, lambda rows=rows: nothing(rows)))
        finally:
            await aside.execute(f"drop schema {SCHEMA} cascade")
    return lines


async def nothing(rows: list[Row]) -> list[Row]:
    """The rows as they are."""
    return rows


async def compare(
    name: str, size: int, repeats: int, bare: Bare, ours: Ours, before: Callable[[], Awaitable[list[Row]]]
) -> dict[str, object]:
    """Time both, turn by turn, each going first every other time; the first turns do not count."""
    spent: dict[object, list[float]] = {bare: [], ours: []}
    unmeasured = 20 if size <= SMALL else 1
    for turn in range(repeats + unmeasured):
        for who in (bare, ours) if turn % 2 else (ours, bare):
            rows = await before()
            work = getattr(who, name)
            if size > SMALL:
                gc.collect()
            started = time.perf_counter()
            await work(rows)
            spent[who].append(time.perf_counter() - started)
    bare_ms, ours_ms = (statistics.median(spent[who][unmeasured:]) * 1000 for who in (bare, ours))
    target = TARGETS["single" if size == 1 else "bulk"]
    ratio = round(ours_ms / bare_ms, 3)
    print(f"{name:8}{size:>10,} rows  bare {bare_ms:10.3f} ms  ours {ours_ms:10.3f} ms  ratio {ratio}", file=sys.stderr, flush=True)
    return {
        "operation": name,
        "rows": size,
        "bare_ms": round(bare_ms, 4),
        "ours_ms": round(ours_ms, 4),
        "ratio": ratio,
        "target": target,
        "ok": ratio <= target,
    }


def made(size: int, random: Random) -> list[Row]:
    """Rows, ready-made."""
    start = datetime(2025, 1, 1, tzinfo=UTC)
    return [
        {
            "id": UUID(int=random.getrandbits(128)),
            "name": f"shift {number}",
            "hours": number % 40,
            "day": date(2025, 1, 1) + timedelta(days=number % 365),
            "made_at": start + timedelta(seconds=number),
            "share": random.random(),
        }
        for number in range(size)
    ]


if __name__ == "__main__":
    sys.exit(main())
