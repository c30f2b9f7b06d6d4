"""Runs exclude each other, and what was ended at any moment is completed by the next one, without doubles."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest

from greedy.database import DatabaseError, DBConnector
from greedy.errors import InputError
from greedy.ingest.records.runs import Run, RunKind, RunLostError, run_of
from greedy.ingest.records.steps import RunUnderWayError, StepOptions, ingest, transform
from greedy.ingest.sources.base import FaultyRecord, SourceRecord
from tests.ingest.records.made import Made, Things, record, records, runs
from tests.ingest.records.test_ingest import SMALL, counted
from tests.timing import PATIENCE_SECONDS, until_sessions_wait

KILLS = 12
KIND = RunKind("public", "ingest", "hr", "things")
INSERT = (
    "insert into meta.ingestion_runs (run_id, practice, step, source_system, entity_type) values ($1, 'public', 'ingest', 'hr', 'things')"
)


@pytest.mark.parametrize("dry_run", [False, True])
async def test_two_of_one_source_exclude_each_other(db: DBConnector, dry_run: bool) -> None:
    async with run_of(db, KIND, dry_run=dry_run) as run:
        for options in (SMALL, StepOptions(dry_run=True)):
            with pytest.raises(RunUnderWayError) as caught:
                await ingest(db, Made(records(1)), options)
            assert caught.value.retryable
            assert str(caught.value).startswith("another ingest of things of hr for public is under way: ")
            assert (str(run.run_id) in str(caught.value)) is not dry_run
        assert counted(await ingest(db, Made(records(1), system="pay"))) == (1, 0, 0, 0, 0)
        assert counted(await ingest(db, Made(records(1), entity_type="others"))) == (1, 0, 0, 0, 0)
    assert counted(await ingest(db, Made(records(1)))) == (1, 0, 0, 0, 0)


@pytest.mark.parametrize("name", ["", " hr", "h\0r", "h\nr", "x" * 65])
async def test_names_that_cannot_be(db: DBConnector, name: str) -> None:
    for source in (Made([], system=name), Made([], entity_type=name)):
        with pytest.raises(InputError, match="cannot be the name of a"):
            await ingest(db, source)


async def test_many_at_once(things: DBConnector, database_url: str) -> None:
    """Some do the work and the others say that it is being done."""
    async with DBConnector(database_url, min_size=1, max_size=12) as db:
        for source in (Made(records(300)), Made(records(300, T000001="x"))):
            done = await asyncio.gather(*(ingest(db, source, SMALL) for _ in range(6)), return_exceptions=True)
            assert {type(one).__name__ for one in done} <= {"RunSummary", "RunUnderWayError"}
            assert sum(not isinstance(one, BaseException) for one in done) >= 1
    assert await things.execute("select count(*), count(distinct external_id) from bronze.raw_entities", fetch_row=True) == (300, 300)
    assert {status for _, status in await runs(things)} == {"completed"}


async def test_a_run_that_ended_without_a_word_is_marked(db: DBConnector) -> None:
    await db.execute(INSERT, [uuid4()])
    assert counted(await ingest(db, Made(records(2)))) == (2, 0, 0, 0, 0)
    row = await db.execute(
        "select status, error_message, completed_at is null from meta.ingestion_runs order by started_at", fetch_row=True
    )
    assert row is not None
    assert tuple(row) == ("failed", "it was ended without a word", False)


async def test_a_run_that_lost_its_place_commits_nothing(db: DBConnector) -> None:
    run: Run
    with pytest.raises(RunLostError, match="another run has taken its place"):
        async with run_of(db, KIND, dry_run=False) as run:
            await db.execute("update meta.ingestion_runs set status = 'failed', completed_at = now(), error_message = 'dead'")
            async with run.batch() as connection:
                await connection.execute("create table never (x int)")
    assert await db.execute("select to_regclass('never') is null", fetch_val=True)
    assert await db.execute("select error_message from meta.ingestion_runs", fetch_val=True) == "dead"


async def test_only_what_completes_a_run_waits_for_the_disk(db: DBConnector) -> None:
    async with run_of(db, KIND, dry_run=False) as run, run.batch() as connection:
        assert await connection.execute("show synchronous_commit", fetch_val=True) == "off"
    assert await db.execute("show synchronous_commit", fetch_val=True) != "off"


async def test_a_successor_waits_for_the_batch_of_the_run_that_it_replaces(db: DBConnector, database_url: str) -> None:
    """The connection with the lock is lost in the middle of a batch; that batch is committed before the successor begins, or never."""
    async with DBConnector(database_url, min_size=1) as other:
        with pytest.raises(DatabaseError):
            async with run_of(db, KIND, dry_run=False) as run:
                pid = await run.guard.execute("select pg_backend_pid()", fetch_val=True)
                async with run.batch() as connection:
                    await run._store(connection)
                    await other.execute("select pg_terminate_backend($1, 60000)", [pid])  # and wait until it has gone
                    successor = asyncio.create_task(ingest(other, Made(records(2))))
                    await until_sessions_wait(db)
                    assert not successor.done()
                assert counted(await successor) == (2, 0, 0, 0, 0)
                async with run.batch() as connection:
                    await connection.execute("create table never (x int)")
    assert await db.execute("select to_regclass('never') is null", fetch_val=True)
    assert [status for _, status in await runs(db)] == ["failed", "completed"]


async def test_a_run_that_is_cut_off_is_marked(db: DBConnector) -> None:
    begun = asyncio.Event()

    async def work() -> None:
        async with run_of(db, KIND, dry_run=False):
            begun.set()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await begun.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await db.execute("select status || error_message from meta.ingestion_runs", fetch_val=True) == "failedinterrupted"
    assert counted(await ingest(db, Made(records(2)))) == (2, 0, 0, 0, 0)


async def test_faults_are_forgotten_in_the_end(db: DBConnector) -> None:
    faulty = [FaultyRecord("x:1", "why", "T000001"), FaultyRecord("x:2", "why", "T000002")]
    first = await ingest(db, Made([record(0), *faulty]))
    await ingest(db, Made([record(0), *faulty]))
    count = "select count(*) from meta.faulty_records"
    assert await db.execute(count, fetch_val=True) == 4
    await db.execute("update meta.ingestion_runs set completed_at = now() - interval '91 days' where run_id = $1", [first.run_id])
    await ingest(db, Made([record(0), *faulty]))
    assert await db.execute(count, fetch_val=True) == 4


async def test_backends_that_are_ended_at_any_moment(things: DBConnector, database_url: str) -> None:
    async with DBConnector(database_url, min_size=1) as other:
        for number in range(12):
            source = Made(records(200, **{f"T{place:06}": f"v{number}" for place in range(number, 200, 10)}))

            async def both(source: Made = source) -> None:
                async with DBConnector(database_url, min_size=1) as db:
                    await ingest(db, source, SMALL)
                    await transform(db, Things(), SMALL)

            task = asyncio.create_task(both())
            await asyncio.sleep(0.008 * number)
            await other.execute(
                "select pg_terminate_backend(pid, 60000) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() limit $1",
                [1 + number % 2],
            )
            await asyncio.gather(task, return_exceptions=True)
            await both()
            found = await other.execute("select key, name from things", fetch_all=True)
            assert {row["key"]: row["name"] for row in found} == {one.external_id: one.data["name"] for one in source.records}  # type: ignore[union-attr]


@pytest.mark.kill
async def test_a_killed_process_is_completed_by_the_next_run(things: DBConnector, database_url: str) -> None:
    script = Path(__file__).with_name("kill_steps.py")
    command = [sys.executable, str(script), database_url, str(KILLS), "20261121"]
    done = await asyncio.to_thread(
        subprocess.run, command, capture_output=True, text=True, timeout=5 * PATIENCE_SECONDS, cwd=Path(__file__).parents[3]
    )
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout.splitlines()[-1])
    assert counts["kills"] >= KILLS
    # The kills fell within the steps, or this test would prove nothing.
    assert counts["in_ingest"] > 0
    assert counts["in_transform"] > 0


def slow(count: int) -> Iterator[SourceRecord]:
    """Records that nobody holds."""
    return (record(number, f"{number:01000}") for number in range(count))


MEMORY = """
import asyncio, sys
from greedy.database import DBConnector
from greedy.ingest.records.steps import StepOptions, ingest, transform
from tests.ingest.records.made import Made, Things
from tests.ingest.records.test_runs import slow
from tests.timing import peak_mib

async def main():
    async with DBConnector(sys.argv[1], min_size=1) as db:
        await ingest(db, Made(slow(int(sys.argv[2]))))
        await transform(db, Things())

asyncio.run(main())
print(peak_mib())
"""


async def test_memory_does_not_grow_with_the_source(things: DBConnector, database_url: str) -> None:
    async def peak_with(count: int) -> float:
        await things.execute("truncate things, bronze.raw_entities, meta.entity_quality; truncate meta.ingestion_runs cascade")
        command = [sys.executable, "-c", MEMORY, database_url, str(count)]
        done = await asyncio.to_thread(
            subprocess.run, command, capture_output=True, text=True, timeout=5 * PATIENCE_SECONDS, cwd=Path(__file__).parents[3]
        )
        assert done.returncode == 0, done.stderr
        return float(done.stdout.split()[-1])

    small, large = await peak_with(2_000), await peak_with(20_000)
    assert large < small + 8, f"{small:.0f} MiB for 2,000 records, {large:.0f} for 20,000"
