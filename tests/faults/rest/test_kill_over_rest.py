"""The program killed while it writes over REST, and the database's side of the REST server killed: the old roster or the new one."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from uuid import UUID

import asyncpg
import pytest

from greedy.database.embedded.server import EmbeddedServer
from greedy.formats.practice import to_problem
from greedy.persist import BatchWriter
from greedy.solve.fill import fill
from greedy.store import calls
from greedy.store.supabase import SupabaseStore, open_supabase
from greedy.workspace import Workspace
from tests.faults import kill_writes
from tests.faults.rest.conftest import ROSTER
from tests.faults.rest.proxy import Proxy, after_commit, dropped
from tests.supabase_project import Project, RestServer
from tests.timing import PATIENCE_SECONDS

KILLS = 24
ROUNDS = 10
WRITERS = "from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and state = 'active' and query like '%write_roster_v1%'"
AT_WORK, TERMINATE = f"select count(*) {WRITERS}", f"select count(pg_terminate_backend(pid)) {WRITERS}"


@pytest.fixture
def template(with_sample: str) -> str:
    """Of a database with the whole sample, whose write lasts long enough to be hit."""
    return with_sample


@pytest.mark.kill
async def test_a_killed_process_leaves_the_old_roster_or_the_new_one(proxy: Proxy, project: Project) -> None:
    command = [sys.executable, kill_writes.__file__, project.database_url, ROSTER, str(KILLS), "20251124", project.url, project.secret_key]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=5 * PATIENCE_SECONDS)
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout.splitlines()[-1])
    assert (counts["kills"], counts["mixed"]) == (KILLS, 0)
    # The kills fell within the write, up to its end, or this test would prove nothing.
    assert counts["old"] > 0
    assert counts["new"] + counts["finished"] > 0


@pytest.mark.kill
@pytest.mark.parametrize("killed", ["the REST server", "its backend in the database"])
async def test_what_is_killed_on_the_way_leaves_all_or_nothing_and_the_run_is_written_once(
    server: EmbeddedServer, tmp_path: Path, proxy: Proxy, project: Project, killed: str
) -> None:
    hits = 0
    async with _workspace(proxy, project) as (store, workspace), _looking(project) as direct:
        for number in range(10 * ROUNDS):
            if number >= ROUNDS and hits:
                break  # on a busy machine one looks too late at times
            # One REST server for each round: the driver of this one does not outlive the loss of a backend.
            crashing = RestServer(server, tmp_path / "crashing.log")
            proxy.upstream = await crashing.open_again(project)
            writing = asyncio.create_task(BatchWriter(workspace, store, run_id=UUID(int=number + 1)).write_roster())
            while not writing.done():
                await asyncio.sleep(0.002 * (number % ROUNDS))
                if await direct.fetchval(TERMINATE if killed.startswith("its") else AT_WORK):
                    hits += 1
                    break
            crashing.kill()
            proxy.upstream = project.url  # as a gateway does when one of its servers is gone
            assignments, _ = await writing
            assert (assignments["error"], assignments["written"]) == (None, len(workspace.planned()))
            assert await direct.fetchval("select count(*) from roster_writes") == number + 1
            assert await direct.fetchval("select count(*) from roster_assignments where source = 'greedy'") == len(workspace.planned())
    assert hits > 0


@asynccontextmanager
async def _workspace(proxy: Proxy, project: Project) -> AsyncIterator[tuple[SupabaseStore, Workspace]]:
    async with open_supabase(proxy.url, project.secret_key, "public") as client:
        store = SupabaseStore(client)
        workspace = Workspace(to_problem(await store.load(UUID(ROSTER))))
        fill(workspace)
        yield store, workspace


@asynccontextmanager
async def _looking(project: Project) -> AsyncIterator[asyncpg.Connection]:
    connection = await asyncpg.connect(project.database_url)
    yield connection
    await connection.close()


@pytest.mark.usefixtures("without_pauses")
async def test_many_answers_lost_after_the_commit_are_written_once_each(
    proxy: Proxy, project: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "RETRY_SECONDS", PATIENCE_SECONDS)  # for four attempts, however long each takes
    async with _workspace(proxy, project) as (store, workspace), _looking(project) as direct:
        for _ in range(ROUNDS):
            proxy.plan("write_roster_v1", dropped, after_commit(dropped), after_commit(dropped))
            assignments, _ = await BatchWriter(workspace, store).write_roster()
            assert (assignments["error"], assignments["written"]) == (None, len(workspace.planned()))
        assert await direct.fetchval("select count(*) from roster_writes") == ROUNDS
    assert proxy.calls.count("write_roster_v1") == 4 * ROUNDS
