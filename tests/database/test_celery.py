"""with_db_connection under Celery: eager, and in a real worker with processes and with threads."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from greedy.database.connector import DBConnector
from greedy.database.injection import shared_loop
from tests.database import celery_app
from tests.timing import PATIENCE_SECONDS

ROOT = Path(__file__).parents[2]


@pytest.fixture
async def marks(db: DBConnector) -> DBConnector:
    """A connector to a database with a table of its own."""
    await db.execute("create table marks (n int primary key, process int)")
    return db


async def numbers(db: DBConnector) -> list[int]:
    return [row["n"] for row in await db.execute("select n from marks order by n", fetch_all=True)]


async def test_a_task_runs_eagerly_where_an_event_loop_runs(
    marks: DBConnector, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TASKS_DATABASE_URL", database_url)
    app = celery_app.make_app(tmp_path)
    app.conf.task_always_eager = True
    try:
        assert celery_app.mark.delay(1).get(timeout=PATIENCE_SECONDS) == 1
        failed = celery_app.mark.delay(2, fail=True)
        with pytest.raises(RuntimeError, match="2 fails"):
            failed.get(timeout=PATIENCE_SECONDS)
        assert await numbers(marks) == [1]
    finally:
        shared_loop.stop()
        app.close()


@pytest.mark.parametrize("pool", ["prefork", "threads"])
async def test_a_worker_commits_what_succeeds_and_rolls_back_what_fails(
    marks: DBConnector, database_url: str, tmp_path: Path, pool: str
) -> None:
    app = celery_app.make_app(tmp_path)
    environment = {**os.environ, "TASKS_DATABASE_URL": database_url, "TASKS_FOLDER": str(tmp_path), "PYTHONPATH": str(ROOT)}
    command = ["-m", "celery", "-A", "tests.database.celery_app", "worker", "--pool", pool, "--concurrency", "2"]
    quiet = ["--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel", "WARNING"]
    tasks = [celery_app.mark.apply_async((n,), {"fail": n % 3 == 0}) for n in range(12)]  # first: a worker might read a half one
    with (tmp_path / "worker.log").open("wb") as log:
        worker = subprocess.Popen([sys.executable, *command, *quiet], env=environment, cwd=tmp_path, stdout=log, stderr=log)  # noqa: ASYNC220
    try:

        def outcome(task: Any) -> str:
            try:
                return str(task.get(timeout=PATIENCE_SECONDS, interval=0.05))
            except RuntimeError as error:
                return str(error)

        outcomes = await asyncio.to_thread(lambda: [outcome(task) for task in tasks])
        assert outcomes == [f"{n} fails" if n % 3 == 0 else str(n) for n in range(12)]
        assert await numbers(marks) == [n for n in range(12) if n % 3]
        if pool == "prefork":
            assert await marks.execute("select count(*) from marks where process = $1", [worker.pid], fetch_val=True) == 0
    finally:
        worker.terminate()
        ended = await asyncio.to_thread(worker.wait, PATIENCE_SECONDS)
        app.close()
    assert ended == 0, (tmp_path / "worker.log").read_text()
