"""Tasks for the tests of with_db_connection under Celery: imported by a real worker, whose broker is a folder."""

from __future__ import annotations

import os
from pathlib import Path

from celery import Celery, shared_task

from greedy.database.connection import DBConnection
from greedy.database.connector import DBConnector
from greedy.database.injection import INJECTED, with_db_connection


def make_app(folder: Path) -> Celery:
    """An application whose messages and results are files in `folder`."""
    for name in ("messages", "processed", "results"):
        (folder / name).mkdir(exist_ok=True)
    app = Celery("greedy_tests", set_as_current=True)
    app.conf.update(
        broker_url="filesystem://",
        broker_transport_options={
            "data_folder_in": str(folder / "messages"),
            "data_folder_out": str(folder / "messages"),
            "processed_folder": str(folder / "processed"),
            "control_folder": str(folder / "control"),
            "polling_interval": 0.05,
        },
        result_backend=f"file://{folder / 'results'}",
        worker_hijack_root_logger=False,
        broker_connection_retry_on_startup=True,
    )
    return app


def connector() -> DBConnector:
    """The connector of a worker, made in the process that needs it."""
    return DBConnector(os.environ["TASKS_DATABASE_URL"], min_size=1, max_size=4)


@shared_task
@with_db_connection(connector, blocking=True)
async def mark(n: int, *, fail: bool = False, connection: DBConnection = INJECTED) -> int:
    """Mark a number; `fail` after that."""
    await connection.execute("insert into marks values ($1, $2)", [n, os.getpid()])
    if fail:
        raise RuntimeError(f"{n} fails")
    return n


if "TASKS_FOLDER" in os.environ:  # in the worker
    app = make_app(Path(os.environ["TASKS_FOLDER"]))
