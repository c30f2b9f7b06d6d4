"""SQLite as a sink: a file that is made anew, or a session that the caller has open."""

from __future__ import annotations

import os
import sqlite3
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Any

from sqlalchemy import URL, event
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool

from greedy.errors import InputError
from greedy.formats.files import replacing
from greedy.generate.config import GeneratorConfig
from greedy.generate.sinks.base import Chunk, Write, Wrote, as_it_is
from greedy.generate.sinks.ending import to_its_end
from greedy.generate.sinks.faults import findings
from greedy.generate.sinks.places import refuse_missing_folder
from greedy.generate.sinks.sqlite_rows import check_references, insert, make_indexes, make_tables
from greedy.generate.tables import TABLES, Batch

APPLICATION_ID = 0x47524459  # "GRDY", in the header of each file that is made here
# Nobody sees the file before it is whole and on the disk, so SQLite need not wait for the disk.
PRAGMAS = ("foreign_keys = on", "synchronous = off", "cache_size = -32768", f"application_id = {APPLICATION_ID}")


async def add_rows(session: AsyncSession, table: str, batches: Iterable[Batch]) -> int:
    """Add rows of one table without a commit, and tell how many they are. The table and those that it refers to are made when missing.

    Raises
    ------
    GreedyError
        The session is rolled back then.
    """
    name, parents = name_of(session), [reference.table for reference in TABLES[table].references]
    rows: Counter[str] = Counter()
    try:
        with findings(name):
            connection = await to_its_end(_begun(session, [*parents, table]))
        for batch in batches:
            await insert(connection, batch, name, lambda to, count: rows.update({to: count}))
        with findings(name):
            await to_its_end(_ended(connection, [table]))
    except BaseException:
        await session.rollback()
        raise
    return rows.total()


class SqliteSession:
    """A session over SQLite that the caller has open: used as it is, committed at the end, rolled back on any error.

    Tables that are missing are made.
    """

    prepared = staticmethod(as_it_is)

    def __init__(self, session: AsyncSession, name: str | None = None) -> None:
        self._session = session
        self.name = name or name_of(session)

    @asynccontextmanager
    async def opened(self, _: GeneratorConfig, wrote: Wrote) -> AsyncIterator[Write]:
        """See `Sink`."""

        async def write(chunk: Chunk) -> None:
            for batch in chunk.batches:
                await insert(connection, batch, self.name, wrote)

        try:
            with findings(self.name):
                connection = await to_its_end(_begun(self._session, TABLES))
            yield write
            with findings(self.name):
                await to_its_end(_ended(connection, TABLES))
                await to_its_end(self._session.commit())
        except BaseException:
            await self._session.rollback()
            raise


class SqliteFile:
    """A file that is made beside `path` and renamed at the end.

    Parameters
    ----------
    path
        Must not exist.
    replace
        It may be a file that the generator made before; that is replaced.
    """

    prepared = staticmethod(as_it_is)

    def __init__(self, path: Path, *, replace: bool = False) -> None:
        self.path, self._replace = path, replace
        self.name = f"SQLite {path}"

    @asynccontextmanager
    async def opened(self, config: GeneratorConfig, wrote: Wrote) -> AsyncIterator[Write]:
        """See `Sink`."""
        with findings(self.name):
            self._refuse_unfit()
            with replacing(self.path) as unfinished:
                unfinished.touch(0o644)  # where that fails, the system itself says why, and no thread of a driver has begun
                async with session_over(unfinished) as session, SqliteSession(session, self.name).opened(config, wrote) as write:
                    yield write
                _onto_disk(unfinished)
                self._refuse_unfit()

    def _refuse_unfit(self) -> None:
        refuse_missing_folder(self.path, self.name)
        if not self.path.exists():
            self._refuse_leftovers()
            return
        if not self._replace:
            raise InputError(f"{self.path} exists already", next_step="give another file; --force replaces one that the generator made")
        if not self.path.is_file() or _application_id(self.path) != APPLICATION_ID:
            raise InputError(f"{self.path} was not made by the generator, and is not replaced", next_step="give another file")
        with closing(sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=rw", uri=True, timeout=0, isolation_level=None)) as connection:
            connection.execute("begin exclusive")  # raises when another program uses it

    def _refuse_leftovers(self) -> None:
        """A journal of a file that is gone would be taken for the new one's, and undo it."""
        for ending in ("-journal", "-wal"):
            leftover = self.path.with_name(self.path.name + ending)
            if leftover.exists():
                raise InputError(f"{leftover} is left of an earlier database", next_step="delete it, or give another file")


@asynccontextmanager
async def session_over(path: Path) -> AsyncIterator[AsyncSession]:
    """A session over a new file."""
    engine = create_async_engine(URL.create("sqlite+aiosqlite", database=str(path)), poolclass=NullPool, hide_parameters=True)

    @event.listens_for(engine.sync_engine, "connect")
    def _prepare(connection: Any, _: object) -> None:  # noqa: ANN401  the driver's, behind an adapter
        cursor = connection.cursor()
        for pragma in PRAGMAS:
            cursor.execute(f"pragma {pragma}")
        cursor.close()

    try:
        async with AsyncSession(engine) as session:
            yield session
    finally:
        await engine.dispose()


def name_of(session: AsyncSession) -> str:
    """What a session leads to, for people.

    Raises
    ------
    InputError
        Not to SQLite.
    """
    with findings("the session"):
        engine = session.get_bind().engine
    if engine.dialect.name != "sqlite":
        raise InputError(
            f"the session leads to {engine.dialect.name}, and only SQLite is written to through a session",
            next_step="give a PostgreSQL database as a DBConnector: database=...",
        )
    return f"SQLite {engine.url.database or 'in memory'}"


async def _begun(session: AsyncSession, tables: Collection[str]) -> AsyncConnection:
    """Its connection, in a transaction and with tables.

    By itself the driver begins a transaction at the first INSERT: too late for tables, which could not be undone.
    """
    connection = await session.connection()
    driver = (await connection.get_raw_connection()).driver_connection
    if driver is not None and not driver.in_transaction:
        await connection.exec_driver_sql("begin immediate")
    await make_tables(connection, tables)
    return connection


async def _ended(connection: AsyncConnection, tables: Collection[str]) -> None:
    """Do what comes after the rows."""
    await make_indexes(connection, tables)
    await check_references(connection, tables)


def _application_id(path: Path) -> int:
    with path.open("rb") as file:
        header = file.read(100)
    return int.from_bytes(header[68:72], "big") if header.startswith(b"SQLite format 3\x00") else 0


def _onto_disk(path: Path) -> None:
    with path.open("rb") as file:
        os.fsync(file.fileno())
