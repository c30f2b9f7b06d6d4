"""DatabaseSyncManager: dumps of a database, and databases from dumps."""

from __future__ import annotations

import asyncio
import hashlib
import re
import shutil
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

from greedy.database.server_url import describe_server
from greedy.database.sync.dump_file import CHUNK, DumpFile, Manifest, opened_dump
from greedy.database.sync.dumping import write_dump
from greedy.database.sync.errors import DumpError, ProgramError
from greedy.database.sync.job import Job
from greedy.database.sync.new_file import closing_quietly, new_file, unfinished_file
from greedy.database.sync.programs import database_of, feed, output, pick_program, running
from greedy.database.sync.remote import Remote
from greedy.database.sync.repository import Repository
from greedy.database.sync.restoring import Confirm, Restored, restore_dump
from greedy.database.sync.status import DatabaseStatus, database_status

TIMEOUT_SECONDS = 3600.0
SUFFIX = ".dump"
COMMITTED_NAME = "greedy.dump"
# Lines of a dump written out as SQL that differ from one time to the next.
ALWAYS_NEW = (b"\\restrict ", b"\\unrestrict ", b"-- Dumped ", b"-- Started on ", b"-- Completed on ")


@dataclass(frozen=True)
class Dump:
    """A dump that was made."""

    path: Path
    bytes: int
    manifest: Manifest


@dataclass(frozen=True)
class Committed:
    """A dump under git. `commit` is None when nothing has changed since the last one; `first` when it was not under git before."""

    path: Path
    commit: str | None
    first: bool


class DatabaseSyncManager:
    """Dump, restore and copy one database.

    Parameters
    ----------
    url
        `postgresql://...` of the database. Restoring needs its owner with the right to create databases, or a superuser.
    dumps_dir
        Folder for dumps without a path, and for what comes from another machine. Made when needed.
    timeout_seconds
        How long pg_dump, pg_restore or ssh may run.
    progress
        Told in a few words what is being done, often.
    """

    def __init__(
        self,
        url: str,
        *,
        dumps_dir: Path,
        timeout_seconds: float = TIMEOUT_SECONDS,
        progress: Callable[[str], None] = lambda _: None,
    ) -> None:
        self.server = describe_server(url)
        self.database = database_of(url)
        self.dumps_dir = dumps_dir
        self._job = Job(url, self.server, self.database, timeout_seconds, progress)

    async def dump(self, path: Path | None = None, *, schemas: Sequence[str] = (), force: bool = False, compress: bool = True) -> Dump:
        """Write a dump into one file, whole or not at all, readable by its owner alone.

        Parameters
        ----------
        path
            The file; without it, a dated one in the folder for dumps.
        schemas
            Only these, instead of all but the server's and Supabase's own.
        force
            Replace the file if it exists.
        compress
            Off: a larger file, whose versions git stores in little room.

        Raises
        ------
        DumpError
            The file exists already, or its folder cannot be written to.
        ProgramError
            There is no pg_dump for this server, it failed, or the disk is full.
        """
        if path is None:
            path = self._made_dumps_dir() / f"{self._stem}{datetime.now(UTC):%Y%m%dT%H%M%S.%fZ}{SUFFIX}"
        with new_file(path, force=force) as file:
            manifest = await write_dump(self._job, file, schemas, compress=compress)
            size = file.seek(0, 2)
        return Dump(path, size, manifest)

    async def dump_to(self, stream: IO[bytes], *, schemas: Sequence[str] = ()) -> Manifest:
        """Write a dump into a stream, once it is complete. Until then it lies in a temporary file without a name."""
        file = tempfile.TemporaryFile()  # noqa: SIM115  closed by the next line
        with closing_quietly(file):
            manifest = await write_dump(self._job, file, schemas, compress=True)
            file.seek(0)
            await asyncio.to_thread(shutil.copyfileobj, file, stream, CHUNK)
            stream.flush()
        return manifest

    async def restore(
        self, path: Path, *, drop_old: bool = False, allow_missing_schemas: bool = False, confirm: Confirm | None = None
    ) -> Restored:
        """Replace the database by a dump. The old one stays under a dated name.

        The dump goes into a fresh database of the same server, is compared with its manifest there, and migrated up to this program. Then
        both databases are renamed in one transaction. Sessions on the old one are ended, and find the new one when they connect again.
        Killed at any moment, the old database is in place and whole, or the new one is.

        Parameters
        ----------
        path
            A file that `dump` made.
        drop_old
            Drop the old database at the end.
        allow_missing_schemas
            Also when the database has schemas with tables that the dump does not have. They stay in the old database alone.
        confirm
            Asked when everything has been checked and nothing is changed yet; False ends the restore.

        Raises
        ------
        DumpError
            The file is damaged, cut off, foreign, or newer than this program.
        RestoreError
            The database cannot be replaced, or what was restored is not what was dumped. The database is as it was.
        """
        with opened_dump(path) as file:
            return await restore_dump(
                self._job, file, str(path), drop_old=drop_old, allow_missing_schemas=allow_missing_schemas, confirm=confirm
            )

    async def sync_from(
        self, remote: Remote, *, drop_old: bool = False, allow_missing_schemas: bool = False, confirm: Confirm | None = None
    ) -> Restored:
        """Replace the database by that of another machine: dumped there, fetched over ssh, checked, and restored as by `restore`.

        Raises
        ------
        RemoteError
            The other machine cannot be reached, or its program failed.
        DumpError
            What came is not a whole dump.
        """
        with unfinished_file(self._made_dumps_dir()) as (file, path):
            await remote.dump_into(
                file,
                progress=lambda count: self._job.progress(f"receiving: {count / 1e6:.1f} MB"),
                timeout_seconds=self._job.timeout_seconds,
            )
            file.flush()
            try:
                with opened_dump(path) as received:
                    await asyncio.to_thread(received.check)
            except DumpError as exc:
                what = exc.message.replace(str(path), f"what {remote.destination} sent")
                raise DumpError(f"{what}; nothing has changed here", next_step="see what `greedy db dump -` writes there") from exc
            return await self.restore(path, drop_old=drop_old, allow_missing_schemas=allow_missing_schemas, confirm=confirm)

    async def dump_and_commit(self, folder: Path, *, message: str | None = None) -> Committed:
        """Write a dump into a folder under git, and commit that file alone. Nothing happens when the database has not changed.

        Raises
        ------
        RepositoryError
            There is no repository, or it cannot take a commit as it is now.
        """
        repository = Repository(folder)
        await repository.check()
        path = repository.folder / COMMITTED_NAME
        first = not await repository.knows(COMMITTED_NAME)
        with new_file(path, force=True) as file:
            manifest = await write_dump(self._job, file, (), compress=False)
            if await self._same_content(path, file):
                with path.open("rb") as old:
                    file.seek(0)
                    await asyncio.to_thread(shutil.copyfileobj, old, file, CHUNK)
                    file.truncate()
        text = message or f"Dump of {self.database}: {sum(manifest.rows.values())} rows, schema {manifest.schema_version}"
        return Committed(path, await repository.commit(COMMITTED_NAME, text), first)

    def dumps(self) -> list[Path]:
        """Dated dumps of this database in the folder for dumps, oldest first."""
        name = re.compile(re.escape(self._stem) + r"\d{8}T\d{6}(\.\d{6})?Z" + re.escape(SUFFIX))
        return sorted(path for path in self.dumps_dir.glob(f"*{SUFFIX}") if name.fullmatch(path.name))

    def keep_last(self, count: int) -> list[Path]:
        """Remove all but the newest dated dumps of this database, and return what was removed."""
        removed = self.dumps()[: -max(count, 1)]
        for path in removed:
            path.unlink(missing_ok=True)
        return removed

    async def status(self) -> DatabaseStatus:
        """Server, size, rows by table, and the databases that restores have kept."""
        return await database_status(self._job)

    @property
    def _stem(self) -> str:
        return re.sub(r"[^A-Za-z0-9_-]", "_", self.database) + "-"

    def _made_dumps_dir(self) -> Path:
        try:
            self.dumps_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
        except OSError as exc:
            raise DumpError(f"cannot make the folder {self.dumps_dir}: {exc.strerror}", next_step="set GREEDY_DATA_DIR") from exc
        return self.dumps_dir

    async def _same_content(self, path: Path, file: IO[bytes]) -> bool:
        """Whether the dump at `path` would restore the same as the one in `file`. Two dumps of one state differ in their dates."""
        new = await self._content_digest(DumpFile(file, "the new dump"))
        try:
            with opened_dump(path) as old:
                return await self._content_digest(old) == new
        except DumpError:
            return False  # not there, damaged, or not of this program: the new one takes its place

    async def _content_digest(self, dump: DumpFile) -> str:
        digest = hashlib.sha256()

        async def read() -> None:
            rest = b""
            async for chunk in output(pg_restore):
                *lines, rest = (rest + chunk).split(b"\n")
                for line in lines:
                    if not line.startswith(ALWAYS_NEW):
                        digest.update(line + b"\n")

        program = pick_program("pg_restore", at_least=dump.manifest.pg_dump_major)
        async with running(
            [str(program.path), "--file=-"], variables={}, feed=True, timeout_seconds=self._job.timeout_seconds
        ) as pg_restore:
            await asyncio.gather(feed(pg_restore, dump.chunks()), read())
            if await pg_restore.ended():
                raise ProgramError(f"pg_restore {program.version} cannot read the dump", details=pg_restore.lines()[-8:])
        return digest.hexdigest()
