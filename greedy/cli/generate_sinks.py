"""Where `greedy generate` writes to, from its options."""

from __future__ import annotations

import os
import shlex
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from functools import partial
from pathlib import Path
from typing import Any

from greedy.database.server_url import describe_server
from greedy.errors import InputError
from greedy.generate.config import GeneratorConfig
from greedy.generate.sinks.base import Chunk, Sink, Write, Wrote, as_it_is
from greedy.generate.sinks.csv_folder import CsvFolder, roster_folder
from greedy.generate.sinks.postgresql import PostgreSQLSink
from greedy.generate.sinks.sqlite import SqliteFile
from greedy.opening import open_database
from greedy.settings import Settings, load_settings

SQLITE = ("sqlite:///", "sqlite+aiosqlite:///")
THE_THREE = (
    "greedy generate --to sqlite:///practices.db                     one SQLite file",
    "greedy generate --csv practices                                 a folder of CSV files, one folder a roster",
    "greedy generate --database postgresql://user@host/database      a PostgreSQL database, after greedy db migrate",
)


class Watched:
    """A sink, how many rosters it has taken, whether it has taken everything for good, and commands that then may follow.

    `next_steps` makes them from the id of a roster, and of how many.
    """

    def __init__(self, sink: Sink, next_steps: Callable[[str, int], list[str]]) -> None:
        self.rosters = 0
        self.finished = False
        self.next_steps = next_steps
        self._sink = sink

    @property
    def name(self) -> str:
        """As the sink calls itself."""
        return self._sink.name

    @property
    def prepared(self) -> Callable[[Chunk], Any]:
        """As the sink wants it."""
        return self._sink.prepared

    @asynccontextmanager
    async def opened(self, config: GeneratorConfig, wrote: Wrote) -> AsyncIterator[Write]:
        """See `Sink`."""

        def count(table: str, rows: int) -> None:
            if table == "rosters":
                self.rosters += rows
            wrote(table, rows)

        async with self._sink.opened(config, count) as write:
            yield write
        self.finished = True


class DatabaseSink:
    """PostgreSQL at a URL, connected to when the sink is opened: when that fails, other sinks go on."""

    prepared = staticmethod(as_it_is)

    def __init__(self, settings: Settings, url: str, schema: str | None, *, add: bool) -> None:
        self.name = f"PostgreSQL {describe_server(url)}"
        self._settings, self._url, self._schema, self._add = settings, url, schema, add

    @asynccontextmanager
    async def opened(self, config: GeneratorConfig, wrote: Wrote) -> AsyncIterator[Write]:
        """See `Sink`."""
        async with (
            open_database(self._settings, self._url, self._schema) as database,
            PostgreSQLSink(database, add=self._add).opened(config, wrote) as write,
        ):
            yield write


def chosen_sinks(to: str | None, csv: Path | None, database: str | None, schema: str | None, *, add: bool, force: bool) -> list[Watched]:
    """The sinks of a command, none of them open yet.

    Raises
    ------
    InputError
        There is none, or options that do not fit each other.
    SettingsError
        The URL is not one of PostgreSQL.
    """
    if to is None and csv is None and database is None:
        raise InputError("nowhere to write to", details=THE_THREE, next_step="give one of these, or several")
    if database is None:
        for option, given in (("--schema", schema), ("--add", add)):
            if given:
                raise InputError(f"{option} is for a PostgreSQL database, and none is given", next_step="give --database URL too")
    sinks: list[Watched] = []
    if to is not None:
        path = sqlite_path(to)
        sinks.append(Watched(SqliteFile(path, replace=force), partial(_after_sqlite, shlex.quote(str(path)))))
    if csv is not None:
        for other in (Path.cwd(), *([] if to is None else [sqlite_path(to)])):
            if Path(os.path.realpath(other)).is_relative_to(os.path.realpath(csv)):
                raise InputError(f"--csv {csv}: a folder is to be made there", next_step="give another one, which does not exist yet")
        first = shlex.quote(str(roster_folder(csv, 0)))
        sinks.append(Watched(CsvFolder(csv, replace=force), partial(_after_csv, first)))
    if database is not None:
        where = " --database URL" + (f" --schema {shlex.quote(schema)}" if schema else "")
        sinks.append(Watched(DatabaseSink(load_settings(), database, schema, add=add), partial(_after_database, where)))
    return sinks


def _after_sqlite(path: str, roster_id: str, count: int) -> list[str]:
    which = f" --roster {roster_id}" if count > 1 else ""
    return [f"greedy check {path} {path}{which}", f"greedy load {path}{which}"]


def _after_csv(folder: str, _roster_id: str, _count: int) -> list[str]:
    return [f"greedy check {folder} {folder}/planted.json", f"greedy solve {folder} --planning {folder}/planning.toml"]


def _after_database(where: str, roster_id: str, _count: int) -> list[str]:
    return [f"greedy run {roster_id}{where}"]


def sqlite_path(url: str) -> Path:
    """The file of `sqlite:///x.db`, which lies in the current folder, or of `sqlite:////folder/x.db`; a plain path is taken as well.

    Raises
    ------
    InputError
        It is the URL of something else.
    """
    start = next((start for start in SQLITE if url.startswith(start)), None)
    path = url.removeprefix(start or "")
    if path in ("", ":memory:") or "://" in path or path.startswith("sqlite:"):
        raise InputError(
            f"--to {url.partition(':')[0] + ':...' if ':' in url else repr(url)}: this is for a SQLite file",
            next_step="write it as sqlite:///x.db, or as sqlite:////folder/x.db; a PostgreSQL database goes with --database",
        )
    return Path(path)


def what_was_written(sinks: Iterable[Watched]) -> str:
    """What stands in the sinks of a generation that was cut off."""
    finished = [sink.name for sink in sinks if sink.finished]
    return f"{' and '.join(finished)} had been written, and nothing else" if finished else "nothing was written"
