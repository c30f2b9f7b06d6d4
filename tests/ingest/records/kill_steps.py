"""Kill a process in the middle of its steps, again and again; the next run must complete the work, without doubles.

    python kill_steps.py DATABASE_URL KILLS SEED

Each round has other records: some new, some changed, some gone. A child ingests and transforms them and is killed; then both steps are run
to their end, and bronze and the table must hold what the source says. Prints a JSON line. A process of its own, since it forks.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))
from greedy.database import DBConnector
from greedy.ingest.records.steps import RunUnderWayError, StepOptions, ingest, transform
from greedy.log import configure_logging
from tests.ingest.records.made import Made, Things, record

RECORDS = 150
OPTIONS = StepOptions(batch_size=10, accept_gone=True)


async def steps(url: str, source: dict[int, str]) -> None:
    """Both, as soon as the server has noticed that the one before is dead."""
    async with DBConnector(url, min_size=1) as db:
        made = Made([record(number, name) for number, name in source.items()])
        for step in (lambda: ingest(db, made, OPTIONS), lambda: transform(db, Things(), OPTIONS)):
            for _ in range(1000):
                try:
                    await step()
                    break
                except RunUnderWayError:
                    await asyncio.sleep(0.01)
            else:
                raise TimeoutError


async def check(url: str, source: dict[int, str]) -> None:
    async with DBConnector(url, min_size=1) as db:
        rows = await db.execute(
            "select external_id, raw_data ->> 'name' as name, gone_at is not null as gone from bronze.raw_entities", fetch_all=True
        )
        said = {f"T{number:06}": name for number, name in source.items()}
        assert {row["external_id"]: row["name"] for row in rows if not row["gone"]} == said
        things = {row["key"]: row["name"] for row in await db.execute("select key, name from things", fetch_all=True)}
        assert {key: name for key, name in things.items() if name != "gone"} == said
        assert set(things) == {row["external_id"] for row in rows}
        assert await db.execute("select count(*) from meta.ingestion_runs where status = 'running'", fetch_val=True) == 0


async def dead_steps(url: str) -> list[str]:
    """In which steps runs were found dead."""
    async with DBConnector(url, min_size=1) as db:
        sql = "select step from meta.ingestion_runs where error_message = 'it was ended without a word'"
        return [row["step"] for row in await db.execute(sql, fetch_all=True)]


def fork_and_kill(url: str, source: dict[int, str], after_seconds: float) -> None:
    child = os.fork()
    if child == 0:
        asyncio.run(steps(url, source))
        os._exit(0)
    time.sleep(after_seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def main() -> None:
    configure_logging("ERROR")
    url, kills, chance = sys.argv[1], int(sys.argv[2]), random.Random(int(sys.argv[3]))
    source = dict.fromkeys(range(RECORDS), "first")
    asyncio.run(steps(url, source))
    seconds = 0.3
    dead: list[str] = []
    rounds = 0
    # A busy machine is at times faster than was thought: then more rounds, until both steps were met.
    while rounds < kills or (set(dead) != {"ingest", "transform"} and rounds < 5 * kills):
        for number in chance.sample(range(RECORDS), RECORDS // 3):
            if chance.random() < 0.3:
                source.pop(number, None)
            else:
                source[number] = f"round {rounds}"
        fork_and_kill(url, source, (rounds % kills + chance.random()) / kills * seconds)  # from its first moment to its last
        started = time.perf_counter()
        asyncio.run(steps(url, source))
        seconds = max(seconds * 0.5, time.perf_counter() - started)
        asyncio.run(check(url, source))
        dead = asyncio.run(dead_steps(url))
        rounds += 1
    print(json.dumps({"kills": rounds, "in_ingest": dead.count("ingest"), "in_transform": dead.count("transform")}))


if __name__ == "__main__":
    main()
