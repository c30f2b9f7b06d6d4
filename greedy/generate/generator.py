"""Synthetic practices, generated and written."""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import AsyncGenerator, Sequence
from contextlib import aclosing
from pathlib import Path

from sqlalchemy.ext.asyncio import AsyncSession

from greedy.database import DBConnector
from greedy.errors import CallerError, InputError, OutsideError
from greedy.generate.by_table import TableByTable
from greedy.generate.config import GeneratorConfig
from greedy.generate.making.chunks import Made
from greedy.generate.making.workers import FEWEST_CHUNKS, made_ahead, made_here
from greedy.generate.people.chunk_ranges import chunks_of
from greedy.generate.sinks.base import Sink
from greedy.generate.sinks.csv_folder import CsvFolder
from greedy.generate.sinks.running import Progress, RunningSink, Tell, ended_together
from greedy.generate.sinks.sqlite import SqliteSession
from greedy.generate.summary import GenerationSummary
from greedy.generate.tables import TABLES


class MasterDataGenerator(TableByTable):
    """Practices with their people, rosters and demand, and for each roster a planted solution, so that its best coverage is known.

    Parameters
    ----------
    config
        Sizes and the seed. The same values give the same rows, in the same order, to every sink.
    """

    def __init__(self, config: GeneratorConfig) -> None:
        self.config = config

    async def generate_all_master_data_async(
        self,
        session: AsyncSession | None = None,
        export_csv: bool = False,
        output_dir: Path | None = None,
        parallel: bool = True,
        *,
        database: DBConnector | None = None,
        tell: Tell | None = None,
    ) -> GenerationSummary:
        """Write all tables, to one sink or to several at the same time.

        Parameters
        ----------
        session
            Over SQLite. Missing tables are made; committed once, at the end, and rolled back on any error.
        export_csv, output_dir
            Whether to make a folder of CSV files, and which; it must not exist, or be empty.
        parallel
            Make rows ahead in processes of their own.
        database
            PostgreSQL, in one transaction; see `greedy.generate.sinks.postgresql`.
        tell
            Told of a table, its rows so far, and how many there will be (None where that is not known).

        Returns
        -------
        GenerationSummary
            With a sink that failed while another did not: that one's `failed` says why, and it holds nothing of this generation.

        Raises
        ------
        InputError
            No sink, a place that cannot be written to, or a configuration that cannot be: nothing was written anywhere.
        GreedyError
            No sink is left that has not failed; this is the first one's error.
        """
        sinks: list[Sink] = []
        if session is not None:
            sinks.append(SqliteSession(session))
        if database is not None:
            from greedy.generate.sinks.postgresql import PostgreSQLSink

            sinks.append(PostgreSQLSink(database))
        if export_csv != (output_dir is not None):
            raise InputError(
                f"{'no' if export_csv else 'an'} output_dir with export_csv={export_csv}", next_step="give both, or neither of them"
            )
        if output_dir is not None:
            sinks.append(CsvFolder(output_dir))
        return await self.generate(sinks, parallel=parallel, tell=tell)

    def generate_all_master_data(self, output_dir: Path) -> GenerationSummary:
        """Write a folder of CSV files, for callers without an event loop.

        Raises
        ------
        InputError
            The folder cannot be written to, or the caller has an event loop: there, await `generate_all_master_data_async`.
        """
        try:
            asyncio.get_running_loop()
        except RuntimeError:
            return asyncio.run(self.generate_all_master_data_async(export_csv=True, output_dir=output_dir))
        raise InputError(
            "generate_all_master_data was called within an event loop, which it would hold up",
            next_step="await generate_all_master_data_async(export_csv=True, output_dir=...) there",
        )

    async def generate(self, sinks: Sequence[Sink], *, parallel: bool = True, tell: Tell | None = None) -> GenerationSummary:
        """Write all tables to these sinks at the same time; see `generate_all_master_data_async`."""
        if not sinks:
            raise InputError(
                "nowhere to write to", next_step="give a session of SQLite, an output_dir with export_csv, a database, or several of them"
            )
        started = time.monotonic()
        chunks = chunks_of(self.config)
        progress = Progress(self.config, tell)
        progress.running = running = [RunningSink(sink, self.config, progress.told) for sink in sinks]
        make = made_ahead if parallel and len(chunks) >= FEWEST_CHUNKS else made_here
        try:
            rows, required, best = await _write(running, make(self.config, chunks, tuple(sink.prepared for sink in sinks)))
        except MemoryError as exc:
            raise OutsideError("memory ran out", next_step="run it again with parallel=False (--no-parallel), or fewer weeks") from exc
        return GenerationSummary(
            rows={name: rows[name] for name in TABLES},
            practices=rows["practices"],
            employees=rows["employees"],
            rosters=rows["rosters"],
            required=required,
            best=best,
            shortage=required - best,
            seconds=time.monotonic() - started,
            sinks=[one.summary() for one in running],
        )


async def _write(running: Sequence[RunningSink], parts: AsyncGenerator[Made, None]) -> tuple[Counter[str], int, int]:
    """Bring all parts to all sinks; how many rows of each table they held, shifts asked for, and shifts that can be filled.

    Raises
    ------
    GreedyError
        Of making the parts, of opening a sink that the caller has to mend, or of the first sink when all have failed.
    """
    rows: Counter[str] = Counter()
    required = best = 0
    async with ended_together(one.run() for one in running), aclosing(parts):
        for one in running:
            await one.opened.wait()
        for one in running:
            if isinstance(one.failed, CallerError):
                raise one.failed
        async for made in parts:
            rows.update(made.rows)
            required, best = required + made.required, best + made.best
            for one, part in zip(running, made.parts, strict=True):
                await one.put(part)
            _go_on_without_failed(running)
        for one in running:
            await one.end()
    _go_on_without_failed(running)
    return rows, required, best


def _go_on_without_failed(running: Sequence[RunningSink]) -> None:
    """Raise the first failure when no sink is left."""
    failures = [one.failed for one in running if one.failed is not None]
    if len(failures) == len(running):
        raise failures[0]
    for one in running:
        one.tell_failure()
