"""Time both stores side by side: directly, and over the REST of a Supabase project, on servers of the benchmark's own.

Prints one JSON document: for each roster what each call takes in milliseconds over each way (median), and how much more that is over REST.
`write` is the first write of a plan into a roster that holds none yet, `write_again` the same plan under a new run id, `repeat` the same
call with the same run id, which the ledger answers. Each of them waits for the disk, as a practice's own database does.

The REST server is that of the tests: PostgREST's protocol, in Node on this machine. No network lies between.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import statistics
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import uuid4

import asyncpg

from greedy.database.connector import DBConnector
from greedy.database.embedded.server import EmbeddedServer
from greedy.database.schema.migrations import migrate
from greedy.formats.practice import to_problem
from greedy.formats.practice_csv import read_practice
from greedy.formats.tables import PracticeTables
from greedy.generate.config import GeneratorConfig
from greedy.generate.practice import generate_practice
from greedy.log import configure_logging
from greedy.persist import TriggerVerifier
from greedy.persist.request import write_request
from greedy.sample import SAMPLE_DIR
from greedy.solve.fill import fill
from greedy.store.base import RosterWrite, Store
from greedy.store.postgres import PostgresStore
from greedy.workspace import Workspace

sys.path.insert(0, str(Path(__file__).parents[1]))
from tests.stores import store_over_rest
from tests.supabase_project import RestServer, make_default_privileges, make_roles

DATABASE = "bench"
CASES = {
    "227": lambda: read_practice(SAMPLE_DIR),
    "5600": lambda: generate_practice(GeneratorConfig(employees=140, weeks=13), open_slots=True),
    # OPEN slots need no rows, and two years of them would take longer to bring in than all that is measured.
    "50000": lambda: generate_practice(GeneratorConfig(employees=200, weeks=104, demand=2)),
}
EMPTY = """
update roster_assignments set status = 0, service_id = null, source = null where roster_id = $1 and source = 'greedy'
"""


def main() -> None:
    """Measure every case."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="runs of each call over each way (default 5)")
    parser.add_argument("--case", choices=CASES, help="this case alone: its shifts, about")
    arguments = parser.parse_args()
    configure_logging("ERROR")
    cases = [arguments.case] if arguments.case else list(CASES)
    print(json.dumps({"cases": asyncio.run(measured(cases, arguments.runs))}, indent=2))


async def measured(cases: list[str], runs: int) -> list[dict[str, object]]:
    """Every case, one after the other, in one database."""
    async with stores() as (db, ways):
        return [await measure(db, ways, case, runs) for case in cases]


@asynccontextmanager
async def stores() -> AsyncIterator[tuple[DBConnector, dict[str, Store]]]:
    """A migrated database with the roles of a hosted project, and both ways to it."""
    with tempfile.TemporaryDirectory(prefix="greedy-bench-") as folder:
        server = EmbeddedServer(Path(folder) / "data")
        try:
            await make_database(server)
            rest_server = RestServer(server, Path(folder) / "rest.log")
            try:
                async with DBConnector(server.url(DATABASE), min_size=1) as db:
                    await migrate(db)
                    async with store_over_rest(rest_server, server.url(DATABASE)) as rest:
                        yield db, {"direct": PostgresStore(db), "rest": rest}
            finally:
                rest_server.stop()
        finally:
            server.stop()


async def make_database(server: EmbeddedServer) -> None:
    """An empty database as a hosted project has it."""
    server.start()
    await make_roles(server)
    connection = await asyncpg.connect(server.url("postgres"))
    await connection.execute(f"create database {DATABASE}")
    await connection.close()
    connection = await asyncpg.connect(server.url(DATABASE))
    await make_default_privileges(connection)
    await connection.close()


async def measure(db: DBConnector, ways: dict[str, Store], case: str, runs: int) -> dict[str, object]:
    """Every call over each way in turn, so that both meet the same machine and the same tables."""
    tables: PracticeTables = CASES[case]()
    roster_id = tables.roster.id
    times: dict[str, dict[str, list[float]]] = {}

    async def timed(way: str, call: str, work: Awaitable[object]) -> None:
        started = time.perf_counter()
        await work
        times.setdefault(call, {}).setdefault(way, []).append((time.perf_counter() - started) * 1000)

    await ways["direct"].import_tables(tables)
    await db.execute("analyze")  # as autovacuum does within a minute
    workspace = Workspace(to_problem(await ways["direct"].load(roster_id)))
    fill(workspace)
    for _ in range(runs):
        for way, store in ways.items():
            await db.execute(EMPTY, [roster_id])
            request = requested(workspace)
            await timed(way, "write", store.write(request))
            await timed(way, "repeat", store.write(request))
            await timed(way, "write_again", store.write(requested(workspace)))
            await timed(way, "verify", TriggerVerifier(workspace, store).verify_all_triggers())
            await timed(way, "load", store.load(roster_id))
    await passed(ways, workspace)
    await db.execute("delete from rosters where id = $1", [roster_id])
    request = requested(workspace)
    return {
        "case": case,
        "slots": len(tables.roster_assignments),
        "active": len(request.active or []),
        "blocked": len(request.blocked or []),
        "request_bytes": len(request.model_dump_json()),
        "calls": {call: compared(by_way) for call, by_way in times.items()},
    }


def requested(workspace: Workspace) -> RosterWrite:
    """The write of a new run."""
    return write_request(workspace, uuid4(), "roster")


async def passed(ways: dict[str, Store], workspace: Workspace) -> None:
    """Nothing that is wrong is worth timing."""
    for way, store in ways.items():
        result = await TriggerVerifier(workspace, store).verify_all_triggers()
        if not result["all_passed"]:
            raise SystemExit(f"{way}: the verification failed: {result}")


def compared(by_way: dict[str, list[float]]) -> dict[str, float]:
    """Medians of both ways, and their ratio."""
    median = {way: statistics.median(values) for way, values in by_way.items()}
    shown = {f"{way}_ms": round(value, 1) for way, value in median.items()}
    return {**shown, "rest_over_direct": round(median["rest"] / median["direct"], 2)}


if __name__ == "__main__":
    main()
