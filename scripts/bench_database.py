"""Compare DBConnector and DBOperator with bare asyncpg, in one process, on the same rows and the same server, turn by turn.

Bare is the best that one would write by hand for exactly this table: a pool whose commands have a time limit, ready SQL, and for many
rows COPY (insert), one array for each column (upsert) or COPY into a temporary table and one statement from there (upsert of 5,000 rows
and more). It checks nothing and can do nothing else. Both begin with the rows as a list of dicts, leave the same rows in the table, all
or none, and end with the same: asyncpg's record of one row, a list of them, or nothing but the end of it.

Turns are taken in fours: ours, bare, bare, ours, or the other way round. A four gives one ratio, of the two sums, and the ratio of a line
is the median of those: load that comes and goes hits both, or one four among many. Before each turn the table is brought to the same
state: for more than 100 rows truncated, with every second row of an upsert put back (of single rows, one of each two upserts finds its
row). The server of the benchmark's own does not wait for the disk (fsync off), so that what is left is the work of the two, and keeps to
other processors than the client, or the way that one of the two connections happens to be scheduled would count for more than anything
that is measured here.

Prints one JSON document: a line for each operation and size with the medians in milliseconds, their ratio, the middle half of the ratios,
the target, and `ok`; and the load of the machine. Exit code 1 when a target was missed.
"""

# ruff: noqa: S608  the SQL is put together from the constants below

from __future__ import annotations

import argparse
import asyncio
import gc
import json
import os
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
FOURS = {1: 500, 100: 150, 10_000: 40, 1_000_000: 3}
COMMAND_TIMEOUT_SECONDS = 60.0  # as ours has it
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
    parser.add_argument("--sizes", type=int, nargs="+", default=list(FOURS), help="numbers of rows (default: %(default)s)")
    parser.add_argument("--repeats", type=int, help="fours of turns of each (default: 500 of one row to 3 of a million)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the rows (default 0)")
    arguments = parser.parse_args()
    configure_logging("ERROR")
    with server(arguments.database) as url:
        lines = asyncio.run(measure(url, arguments.sizes, arguments.repeats, arguments.seed))
    ok = all(line["ok"] for line in lines)
    print(json.dumps({"lines": lines, "load": os.getloadavg(), "ok": ok}, indent=2))
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
            with other_processors():
                url = embedded.start()
            yield url
        finally:
            embedded.stop()


@contextmanager
def other_processors() -> Iterator[None]:
    """What is started in this block keeps to all processors but one, and this process to that one from then on, where the system can."""
    processors = os.sched_getaffinity(0) if hasattr(os, "sched_setaffinity") else {0}
    if len(processors) == 1:
        yield
        return
    ours = min(processors)
    os.sched_setaffinity(0, processors - {ours})
    try:
        yield
    finally:
        os.sched_setaffinity(0, {ours})


async def measure(url: str, sizes: list[int], repeats: int | None, seed: int) -> list[dict[str, object]]:
    """All operations in all sizes."""
    lines: list[dict[str, object]] = []
    random = Random(seed)
    async with (
        DBConnector(url, min_size=1, timeout_seconds=COMMAND_TIMEOUT_SECONDS) as db,
        asyncpg.create_pool(url, min_size=1, max_size=20, command_timeout=COMMAND_TIMEOUT_SECONDS) as pool,
        asyncpg.create_pool(url, min_size=1, max_size=1) as aside,  # what is not timed warms neither of the two up
    ):
        await aside.execute(f"drop schema if exists {SCHEMA} cascade")
        await aside.execute(CREATE)
        bare, ours, preparing = Bare(pool), Ours(db), Bare(aside)
        try:
            lines.append(await compare("execute", 1, repeats or FOURS[1], bare, ours, lambda _: nothing([])))
            for size in sizes:
                rows = made(size, random)
                fours = repeats or next((FOURS[limit] for limit in FOURS if size <= limit), 1)

                async def fresh(_: bool, rows: list[Row] = rows) -> list[Row]:
                    # A table that was just emptied is planned anew, which would be most of a small statement's time
                    if len(rows) > SMALL:
                        await aside.execute(f"truncate {TABLE}")
                        return rows
                    return [row | {"id": UUID(int=random.getrandbits(128))} for row in rows]

                async def half(second: bool, rows: list[Row] = rows) -> list[Row]:
                    rows = await fresh(second, rows)
                    there = rows[1::2] if len(rows) > 1 else rows[:second]
                    if there:
                        await preparing.insert(there)
                    return rows

                lines.append(await compare("insert", size, fours, bare, ours, fresh))
                await aside.execute(f"truncate {TABLE}")
                lines.append(await compare("upsert", size, fours, bare, ours, half))
                await aside.execute(f"truncate {TABLE}")
                await preparing.insert(rows)
                await aside.execute(f"vacuum analyze {TABLE}")
                lines.append(await compare("fetch", size, fours, bare, ours, lambda _, rows=rows: nothing(rows)))
                await aside.execute(f"truncate {TABLE}")
        finally:
            await aside.execute(f"drop schema {SCHEMA} cascade")
    return lines


async def nothing(rows: list[Row]) -> list[Row]:
    """The rows as they are."""
    return rows


async def compare(
    name: str, size: int, fours: int, bare: Bare, ours: Ours, before: Callable[[bool], Awaitable[list[Row]]]
) -> dict[str, object]:
    """Time both in fours of turns, each going first every other time; the first do not count. `before` is told whether it is the second
    of the two turns that each has."""
    spent: dict[object, list[float]] = {bare: [], ours: []}
    unmeasured = 10 if size <= SMALL else 1
    for four in range(fours + unmeasured):
        first, second = (bare, ours) if four % 2 else (ours, bare)
        for turn, who in enumerate((first, second, second, first)):
            if four < unmeasured and size > SMALL and turn > 1:
                continue  # warm by now
            rows = await before(turn > 1)
            work = getattr(who, name)
            if size > SMALL:
                gc.collect()
            started = time.perf_counter()
            await work(rows)
            if four >= unmeasured:
                spent[who].append(time.perf_counter() - started)
    ratios = [sum(spent[ours][n : n + 2]) / sum(spent[bare][n : n + 2]) for n in range(0, 2 * fours, 2)]
    bare_ms, ours_ms = (statistics.median(spent[who]) * 1000 for who in (bare, ours))
    target = TARGETS["single" if size == 1 else "bulk"]
    ratio = round(statistics.median(ratios), 3)
    low, _, high = statistics.quantiles(ratios, n=4, method="inclusive") if fours > 1 else ratios * 3
    print(
        f"{name:8}{size:>10,} rows  bare {bare_ms:10.3f} ms  ours {ours_ms:10.3f} ms  ratio {ratio:.3f} ({low:.3f} to {high:.3f})",
        file=sys.stderr,
        flush=True,
    )
    return {
        "operation": name,
        "rows": size,
        "bare_ms": round(bare_ms, 4),
        "ours_ms": round(ours_ms, 4),
        "ratio": ratio,
        "middle_half": [round(low, 3), round(high, 3)],
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
