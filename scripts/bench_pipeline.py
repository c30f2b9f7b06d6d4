"""Time the five phases of the job, on a server of the benchmark's own.

Prints one JSON document: for each roster the phases in milliseconds and the peak memory of the process. The first run writes every row;
the later ones find nothing to change (median); the last one comes after every other capability was changed. The first write is compared
with a bare COPY of the same rows into a table without keys, triggers or checks, in the same run.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from greedy.database.connector import DBConnector
from greedy.database.embedded.server import EmbeddedServer
from greedy.database.schema.migrations import migrate
from greedy.formats.practice_csv import read_practice
from greedy.formats.tables import PracticeTables
from greedy.generate.config import GeneratorConfig
from greedy.generate.practice import generate_practice
from greedy.log import configure_logging
from greedy.pipeline import RunDocument, SolveOptions, run_roster
from greedy.sample import SAMPLE_DIR
from greedy.store.postgres import PostgresStore

CASES = {
    "sample 14 x 5": lambda seed: read_practice(SAMPLE_DIR),  # noqa: ARG005  the sample has no seed
    "synthetic 140 x 13": lambda seed: generate_practice(GeneratorConfig(employees=140, weeks=13, seed=seed), open_slots=True),
}

# Every other capability one up or down: about half of the roster comes out otherwise.
FILL_ALONE = SolveOptions(method="greedy")  # what is timed is the pipeline; bench_solver measures solvers
CHANGE_CAPABILITIES = """
update roster_employee_services
set aantal = greatest(0, aantal + case when hashtext(employee_id || service_id) % 2 = 0 then 1 else -1 end)
where roster_id = $1
"""


def main() -> None:
    """Run every case in a process of its own, so that each has its own peak memory."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="runs after the first (default 5)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the synthetic roster (default 0)")
    parser.add_argument("--case", choices=CASES, help="this case alone, in this process")
    parser.add_argument("--url", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    configure_logging("WARNING")
    if arguments.case and arguments.url:
        print(json.dumps(asyncio.run(measure(arguments.case, arguments.url, arguments.runs, arguments.seed))))
        return
    with tempfile.TemporaryDirectory(prefix="greedy-bench-") as folder:
        server = EmbeddedServer(Path(folder) / "data")
        try:
            url = server.start()
            cases = [arguments.case] if arguments.case else list(CASES)
            print(json.dumps({"cases": [in_a_process(case, url, arguments.runs, arguments.seed) for case in cases]}, indent=2))
        finally:
            server.stop()


def in_a_process(case: str, url: str, runs: int, seed: int) -> dict[str, object]:
    """Measure one case in a child process."""
    command = [sys.executable, __file__, "--case", case, "--url", url, "--runs", str(runs), "--seed", str(seed)]
    result: dict[str, object] = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout)
    return result


async def measure(case: str, url: str, runs: int, seed: int) -> dict[str, object]:
    """Load the case into the database and run the job on it."""
    tables: PracticeTables = CASES[case](seed)
    async with DBConnector(url, min_size=1) as db:
        await migrate(db)
        store = PostgresStore(db)
        started = time.perf_counter()
        await store.import_tables(tables)
        import_ms = (time.perf_counter() - started) * 1000
        documents: list[RunDocument] = []
        totals: list[float] = []
        copies: list[float] = []
        for _ in range(runs + 1):
            started = time.perf_counter()
            outcome = await run_roster(store, tables.roster.id, options=FILL_ALONE)
            totals.append((time.perf_counter() - started) * 1000)
            documents.append(outcome.document)
            copies.append(await bare_copy_ms(db))
        await db.execute(CHANGE_CAPABILITIES, [tables.roster.id])
        started = time.perf_counter()
        changed = (await run_roster(store, tables.roster.id, options=FILL_ALONE)).document
        changed_ms = (time.perf_counter() - started) * 1000
    first, later = documents[0], documents[1:]
    median = {name: round(statistics.median(d.phases_ms[name] for d in later), 1) for name in first.phases_ms}
    return {
        "case": case,
        "slots": len(tables.roster_assignments),
        "coverage": first.coverage.model_dump(),
        "fill_ms": round(statistics.median(d.solver.seconds for d in documents) * 1000, 1),
        "import_ms": round(import_ms, 1),
        "first_run": {"total_ms": round(totals[0], 1), "phases_ms": first.phases_ms},
        "later_runs": {"total_ms": round(statistics.median(totals[1:]), 1), "phases_ms": median},
        "changed_run": {"total_ms": round(changed_ms, 1), "phases_ms": changed.phases_ms},
        "bare_copy_ms": round(statistics.median(copies), 1),
        "first_write_over_bare_copy": round(first.phases_ms["write"] / statistics.median(copies), 1),
        "all_passed": all(d.verification is not None and d.verification["all_passed"] for d in [*documents, changed]),
        "peak_memory_mb": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024),
    }


async def bare_copy_ms(db: DBConnector) -> float:
    """Milliseconds to COPY all active and blocked rows, ready-made, into a bare table."""
    async with db.transaction() as connection:
        rows = await connection.execute("select * from roster_assignments where status in (1, 2)", fetch_all=True)
        await connection.execute("create temp table bare on commit drop as table roster_assignments with no data")
        records = [tuple(row) for row in rows]
        started = time.perf_counter()
        await connection.copy_in("bare", records, columns=list(rows[0].keys()))
        return (time.perf_counter() - started) * 1000


if __name__ == "__main__":
    main()
