"""The process killed between any two lines, and the connection lost at any moment: the old roster or the new one, never a mixture."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path
from uuid import UUID

import pytest
from pytest_mock import MockerFixture

from greedy.database.connector import DBConnector
from greedy.database.errors import ConnectionError as LostError
from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables
from greedy.persist import BatchWriter
from greedy.solve.fill import fill
from greedy.store import calls
from greedy.store.postgres import PostgresStore
from greedy.workspace import Workspace
from tests.timing import PATIENCE_SECONDS

KILLS = 40


@pytest.fixture
async def workspace(store: PostgresStore, sample: PracticeTables) -> Workspace:
    await store.import_tables(sample)
    workspace = Workspace(to_problem(await store.load(sample.roster.id)))
    fill(workspace)
    return workspace


@pytest.mark.kill
async def test_a_killed_process_leaves_the_old_roster_or_the_new_one(database_url: str, workspace: Workspace) -> None:
    script = Path(__file__).with_name("kill_writes.py")
    command = [sys.executable, str(script), database_url, workspace.roster_id, str(KILLS), "20251124"]
    done = await asyncio.to_thread(subprocess.run, command, capture_output=True, text=True, timeout=5 * PATIENCE_SECONDS)
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout.splitlines()[-1])
    assert (counts["kills"], counts["mixed"]) == (KILLS, 0)
    # The kills fell within the write, up to its end, or this test would prove nothing.
    assert counts["old"] > 0
    assert counts["new"] + counts["finished"] > 0


async def test_a_backend_that_is_terminated_is_written_again_and_once(
    db: DBConnector, store: PostgresStore, workspace: Workspace, database_url: str
) -> None:
    async with DBConnector(database_url, min_size=1) as other:
        for round_number in range(20):
            writing = asyncio.create_task(BatchWriter(workspace, store, run_id=UUID(int=round_number + 1)).write_roster())
            await asyncio.sleep(0.001 * round_number)
            await other.execute(
                "select pg_terminate_backend(pid) from pg_stat_activity where query like '%write_roster_v1%' and pid <> pg_backend_pid()"
            )
            assignments, blocking = await writing
            assert (assignments["error"], assignments["written"]) == (None, len(workspace.planned()))
            assert blocking["written"] == len(workspace.predicted_blocks())
        assert await other.execute("select count(*) from roster_writes", fetch_val=True) == 20
        assert await other.execute("select count(*) from roster_assignments where source = 'greedy'", fetch_val=True) == len(
            workspace.planned()
        )


async def test_an_answer_lost_after_the_commit_is_asked_for_again(
    db: DBConnector, store: PostgresStore, workspace: Workspace, mocker: MockerFixture
) -> None:
    real = db.execute
    calls = []

    async def lost_once(sql: str, args: list[object], **how: bool) -> object:
        answer = await real(sql, args, **how)
        calls.append(sql)
        if len(calls) == 1:
            raise LostError("the connection dropped after the commit", retryable=True)
        return answer

    mocker.patch.object(db, "execute", side_effect=lost_once)
    assignments, _ = await BatchWriter(workspace, store).write_roster()
    assert len(calls) == 2
    assert (assignments["error"], assignments["written"]) == (None, len(workspace.planned()))
    assert await real("select count(*) from roster_writes", fetch_val=True) == 1


async def test_an_error_in_the_middle_rolls_everything_back(
    db: DBConnector, store: PostgresStore, workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    await db.execute(
        "create function fail_late() returns trigger language plpgsql as $$ begin raise exception 'disk full' using errcode = '53100'; end $$;"
        "create trigger fail_late before insert on roster_writes for each row execute function fail_late()"
    )
    before = await db.execute("select jsonb_agg(to_jsonb(a) order by id)::text from roster_assignments a", fetch_val=True)
    monkeypatch.setattr(calls, "RETRY_SECONDS", 0.2)
    assignments, blocking = await BatchWriter(workspace, store).write_roster()
    assert assignments["error"] is not None
    assert "disk full" in assignments["error"]
    assert (assignments["failed"], blocking["failed"]) == (len(workspace.planned()), len(workspace.predicted_blocks()))
    assert await db.execute("select jsonb_agg(to_jsonb(a) order by id)::text from roster_assignments a", fetch_val=True) == before
