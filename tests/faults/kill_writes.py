"""Kill a process in the middle of writing a roster, again and again, and look at what the database holds.

    python kill_writes.py DATABASE_URL ROSTER_ID KILLS SEED [SUPABASE_URL SUPABASE_KEY]

It writes over a direct connection, or over REST when a project is given, and always looks over a connection of its own. Two rosters take turns. After each kill the database must hold exactly one of them. Prints a JSON line: kills, old, new, mixed, finished.
The server looks every millisecond whether its client is still there, so that a kill stops the write where it is; otherwise the server would
finish the statement unseen. Run as a process of its own, since it forks: a fork starts at once, so that the moments of the kills lie within the write.
"""

from __future__ import annotations

import asyncio
import json
import os
import random
import signal
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from uuid import UUID

import asyncpg

from greedy.database.connector import DBConnector
from greedy.formats.practice import to_problem
from greedy.log import configure_logging
from greedy.model.problem import Problem
from greedy.model.roster import Roster
from greedy.persist import BatchWriter
from greedy.solve.fill import fill
from greedy.store.base import Store
from greedy.store.postgres import PostgresStore
from greedy.store.supabase import SupabaseStore, open_supabase
from greedy.workspace import Workspace

STATE = """
select md5(string_agg(concat_ws('|', employee_id, date, dagdeel, status, service_id, source, notes, blocked_by_date), E'\\n'
                      order by employee_id, date, dagdeel))
from roster_assignments where roster_id = $1
"""


@asynccontextmanager
async def opened(url: str, *project: str) -> AsyncIterator[Store]:
    """The store that is written to."""
    if project:
        async with open_supabase(*project, schema="public") as client:
            yield SupabaseStore(client)
    else:
        async with DBConnector(url, min_size=1) as db:
            yield PostgresStore(db)


async def load(url: str, roster_id: UUID) -> Problem:
    async with opened(url) as store:
        return to_problem(await store.load(roster_id))


async def write(workspace: Workspace, *where: str) -> None:
    async with opened(*where) as store:
        assignments, _ = await BatchWriter(workspace, store).write_roster()
        assert assignments["error"] is None, assignments


async def state(url: str, roster_id: UUID) -> str:
    """What the database holds, once the backends of killed clients are gone."""
    connection = await asyncpg.connect(url)
    try:
        # A backend whose client was killed goes on with its statement until it wants to answer.
        others = "select count(*) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and state <> 'idle'"
        while await connection.fetchval(others):
            await asyncio.sleep(0.005)
        return str(await connection.fetchval(STATE, roster_id))
    finally:
        await connection.close()


async def watch_clients(url: str) -> None:
    """From the next connection on, a statement whose client is gone is stopped."""
    connection = await asyncpg.connect(url)
    database = await connection.fetchval("select current_database()")
    await connection.execute(f"alter database {database} set client_connection_check_interval = '1ms'")
    await connection.close()


def fork_and_kill(workspace: Workspace, after_seconds: float, *where: str) -> bool:
    """Write in a child and kill it. True: the child was still at it."""
    child = os.fork()
    if child == 0:
        asyncio.run(write(workspace, *where))
        os._exit(0)
    time.sleep(after_seconds)
    os.kill(child, signal.SIGKILL)
    _, status = os.waitpid(child, 0)
    return os.WIFSIGNALED(status)


def main() -> None:
    configure_logging("WARNING")  # to stderr: a child that is killed within a line must not spoil the one that counts
    url, roster_id, kills, seed, *project = sys.argv[1], UUID(sys.argv[2]), int(sys.argv[3]), int(sys.argv[4]), *sys.argv[5:]
    where = (url, *project)
    chance = random.Random(seed)
    problem = asyncio.run(load(url, roster_id))
    full = Workspace(problem)
    fill(full)
    system = {number for number, service in enumerate(problem.services) if service.is_system}
    part = Workspace(problem, Roster.of(a for a in full.freeze().assignments if a in problem.pinned or a.service in system))
    states, seconds = {}, {}
    for name, workspace in (("full", full), ("part", part), ("full", full)):
        started = time.perf_counter()
        asyncio.run(write(workspace, *where))
        seconds[name] = time.perf_counter() - started
        states[name] = asyncio.run(state(url, roster_id))
    assert states["full"] != states["part"]
    asyncio.run(watch_clients(url))
    held = "full"
    counts = {"kills": 0, "old": 0, "new": 0, "mixed": 0, "finished": 0}
    while counts["kills"] < kills:
        other, workspace = ("part", part) if held == "full" else ("full", full)
        # The moments follow the machine, which may be faster or slower by now than it was.
        if not fork_and_kill(workspace, chance.uniform(0.0, 2.0) * seconds[other], *where):
            counts["finished"] += 1
            seconds[other] *= 0.9
            held = other
            continue
        counts["kills"] += 1
        found = asyncio.run(state(url, roster_id))
        if found == states[held]:
            counts["old"] += 1
            seconds[other] *= 1.1
        elif found == states[other]:
            counts["new"] += 1
            held = other
        else:
            counts["mixed"] += 1
            break
    print(json.dumps(counts))


if __name__ == "__main__":
    main()
