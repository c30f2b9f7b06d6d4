"""The dump file: a tar archive with `manifest.json`, `archive.pgdump` (of pg_dump, custom format) and `SHA256`, in this order.

`SHA256` seals everything before the archive, the manifest in it seals the archive: a change of any byte of the file is found. The manifest
stands first, so that it can be read without the rest. It is written last, into a place that was kept free for it: a dump is written
once, as it comes.
"""

from __future__ import annotations

import hashlib
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import IO

from pydantic import BaseModel, ConfigDict, ValidationError

from greedy.database.sync.errors import DumpError

FORMAT = 1
BLOCK = 512  # bytes; the unit of tar
CHUNK = 1 << 20  # bytes read and written at a time
MANIFEST_LIMIT = 64 << 20  # bytes; nobody has so many tables
MANIFEST_NAME, ARCHIVE_NAME, SEAL_NAME = "manifest.json", "archive.pgdump", "SHA256"
LONGEST = {"archive_bytes": 2**63 - 1, "archive_sha256": "0" * 64}


class AppliedMigration(BaseModel):
    """One line of a schema's history of migrations."""

    model_config = ConfigDict(frozen=True)

    version: str
    name: str | None


class Definitions(BaseModel):
    """The objects of one kind (tables, triggers, ...): how many, and a digest of their definitions."""

    model_config = ConfigDict(frozen=True)

    count: int
    sha256: str


class Manifest(BaseModel):
    """What a dump holds.

    `rows` has exact counts by quoted `schema.table`, `migrations` the history of each schema that has one, `definitions` the objects by
    kind, `roles` the roles that its grants and policies name. `archive_sha256` is the digest of the archive alone.
    """

    model_config = ConfigDict(frozen=True)

    format: int
    program_version: str
    created_at: datetime
    database: str
    server_version: str
    server_major: int
    pg_dump_major: int
    schema_version: str | None
    migrations: dict[str, tuple[AppliedMigration, ...]]
    schemas: tuple[str, ...]
    rows: dict[str, int]
    roles: tuple[str, ...]
    definitions: dict[str, Definitions]
    archive_bytes: int = 0
    archive_sha256: str = ""


class DumpWriter:
    """Writes a dump into an open file that can seek: the manifest's place, then the archive in chunks, then all the rest."""

    def __init__(self, file: IO[bytes], manifest: Manifest) -> None:
        self._file = file
        self._manifest = manifest
        self._bytes = 0
        self._digest = hashlib.sha256()
        longest = len(manifest.model_copy(update=LONGEST).model_dump_json().encode())
        self._room = -(-longest // BLOCK) * BLOCK
        file.seek(BLOCK + self._room + BLOCK)

    def write(self, chunk: bytes) -> None:
        """The next bytes of the archive."""
        self._digest.update(chunk)
        self._bytes += len(chunk)
        self._file.write(chunk)

    def finish(self) -> Manifest:
        """Seal the dump, and return its manifest as it was written."""
        manifest = self._manifest.model_copy(update={"archive_bytes": self._bytes, "archive_sha256": self._digest.hexdigest()})
        text = manifest.model_dump_json().encode().ljust(self._room)
        head = _header(MANIFEST_NAME, len(text)) + text + _header(ARCHIVE_NAME, self._bytes)
        self._file.write(bytes(-self._bytes % BLOCK) + _seal(head))
        self._file.seek(0)
        self._file.write(head)
        return manifest


class DumpFile:
    """An open dump whose head has been checked: the manifest can be believed, the archive not before `check` or `chunks` is through.

    Raises
    ------
    DumpError
        It is no dump of this program, cut off, damaged, or of a newer program.
    """

    def __init__(self, file: IO[bytes], name: str) -> None:
        self._file = file
        self._name = name
        self.bytes = file.seek(0, 2)
        file.seek(0)
        if not self.bytes:
            raise DumpError(f"{name} is empty", next_step="greedy db dump makes a dump")
        head = file.read(BLOCK)
        if head.startswith(b"PGDMP"):
            raise DumpError(f"{name} is a dump of pg_dump itself, without a manifest", next_step="restore it with pg_restore")
        room = _size_of(head, MANIFEST_NAME)
        if room is None or room % BLOCK or room > MANIFEST_LIMIT:
            raise DumpError(f"{name} is not a dump of this program", next_step="greedy db dump makes a dump")
        text = file.read(room)
        head += text + file.read(BLOCK)
        if len(head) < BLOCK + room + BLOCK:
            raise DumpError(f"{name} is cut off within its manifest, after {self.bytes} bytes", next_step="use another dump")
        self.manifest = self._read_manifest(text)
        archive = self.manifest.archive_bytes
        expected = len(head) + archive + -archive % BLOCK + len(_seal(b""))
        if self.bytes < expected:
            raise DumpError(f"{name} is cut off: it has {self.bytes} of {expected} bytes", next_step="copy it again, or use another dump")
        if self.bytes > expected:
            raise DumpError(
                f"{name} is damaged: it has {self.bytes - expected} bytes too many at its end",
                next_step="copy it again, or use another dump",
            )
        self._begin = len(head)
        file.seek(self._begin + archive)
        if file.read() != bytes(-archive % BLOCK) + _seal(head):
            raise self._damaged("its manifest or its end differs from the checksum")

    def chunks(self) -> Iterator[bytes]:
        """The archive; DumpError instead of its last chunk when it differs from the checksum."""
        digest = hashlib.sha256()
        self._file.seek(self._begin)
        left = self.manifest.archive_bytes
        while left:
            chunk = self._file.read(min(CHUNK, left))
            digest.update(chunk)
            left -= len(chunk)
            if not chunk or (not left and digest.hexdigest() != self.manifest.archive_sha256):
                raise self._damaged("its archive differs from the checksum")
            yield chunk

    def check(self) -> Manifest:
        """Read it through, and return the manifest of a dump that is whole."""
        for _ in self.chunks():
            pass
        return self.manifest

    def _read_manifest(self, text: bytes) -> Manifest:
        try:
            manifest = Manifest.model_validate_json(text)
        except ValidationError:
            # A later format may have another manifest: its number is all that can be asked of it.
            if (number := _Format.of(text)) and number > FORMAT:
                raise self._newer(number) from None
            raise self._damaged("its manifest cannot be read") from None
        if manifest.format != FORMAT:
            raise self._newer(manifest.format)
        return manifest

    def _newer(self, number: int) -> DumpError:
        return DumpError(
            f"{self._name} has format {number}, and this program reads format {FORMAT}: a newer program made it",
            next_step="update this program",
        )

    def _damaged(self, what: str) -> DumpError:
        return DumpError(f"{self._name} is damaged: {what}", next_step="copy it again, or use another dump")


@contextmanager
def opened_dump(path: Path) -> Iterator[DumpFile]:
    """Open a dump and check its head."""
    try:
        if path.exists() and not path.is_file():
            raise DumpError(f"{path} is not a file", next_step="give a file that greedy db dump made")
        file = path.open("rb")
    except OSError as exc:
        raise DumpError(f"cannot read {path}: {exc.strerror}", next_step="give a file that greedy db dump made") from exc
    with file:
        yield DumpFile(file, str(path))


class _Format(BaseModel):
    format: int

    @classmethod
    def of(cls, text: bytes) -> int | None:
        try:
            return cls.model_validate_json(text).format
        except ValidationError:
            return None


def _header(name: str, size: int) -> bytes:
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode = size, 0o600
    return entry.tobuf(tarfile.GNU_FORMAT)


def _size_of(header: bytes, name: str) -> int | None:
    """Size of a tar entry, None when this is not the header of `name`."""
    try:
        entry = tarfile.TarInfo.frombuf(header, "utf-8", "strict")
    except (tarfile.TarError, UnicodeDecodeError):
        return None
    return entry.size if entry.name == name and header == _header(name, entry.size) else None


def _seal(head: bytes) -> bytes:
    text = f"{hashlib.sha256(head).hexdigest()}\n".encode()
    return _header(SEAL_NAME, len(text)) + text.ljust(BLOCK, b"\0") + bytes(2 * BLOCK)
