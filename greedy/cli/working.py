"""The command that works off the plans that planners ask for: worker."""

from __future__ import annotations

import os
import threading
from typing import Annotated

import typer

from greedy.cli.console import DatabaseOption, ExitCode, SchemaOption, run_async
from greedy.cli.job import Job
from greedy.opening import open_store
from greedy.settings import load_settings
from greedy.stopping import Stop, Why


def worker(
    once: Annotated[bool, typer.Option("--once", help="End when no plan waits any more.")] = False,
    end_with_stdin: Annotated[
        bool, typer.Option("--end-with-stdin", help="End when standard input does, and so with the process that started this one.")
    ] = False,
    database: DatabaseOption = None,
    schema: SchemaOption = None,
) -> int:
    """Work off the plans that planners ask for on the page, one at a time, until it is ended. `greedy serve` starts one by itself.

    Ended by SIGINT or SIGTERM, it finishes a write that has begun; a plan before that is left to the next worker.
    """
    from greedy.desk.worker import work_off

    settings = load_settings()

    async def work(stop: Stop) -> None:
        async with open_store(settings, database, schema) as store:
            _tell(f"working off the plans of {store.server}")
            await work_off(store, stop=stop, tell=_tell, once=once)

    with Job() as job:
        if end_with_stdin:
            threading.Thread(target=_end_with_stdin, args=(job.stop,), daemon=True).start()
        run_async(work(job.stop))
    return ExitCode.DONE


def _end_with_stdin(stop: Stop) -> None:
    while os.read(0, 4096):  # not through sys.stdin, which a thread that waits in it keeps from being closed
        pass
    stop.ask(Why.TERMINATED)


def _tell(line: str) -> None:
    print(line, flush=True)
