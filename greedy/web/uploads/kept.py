"""Workbooks that planners sent in. They lie in the data directory until they are imported, so that a restart loses none."""

from __future__ import annotations

import shutil
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import BinaryIO
from uuid import UUID, uuid4

from pydantic import BaseModel, ValidationError

from greedy.errors import CallerError, GreedyError, InputError
from greedy.model.message import Message, reworded

KEPT_SECONDS = 24 * 3600
MOST_KEPT = 20  # of one planner
MOST_BYTES = 20_000_000
CHUNK_BYTES = 1 << 20
LONGEST_NAME = 200
WORKBOOK, MARKED, ABOUT = "workbook.xlsx", "marked.xlsx", "about.json"


class Upload(BaseModel):
    """A workbook that was sent in: `name` as the planner calls it, `owner` who sent it."""

    id: UUID
    name: str
    owner: str
    folder: Path

    @property
    def path(self) -> Path:
        """The workbook."""
        return self.folder / WORKBOOK

    @property
    def marked(self) -> Path:
        """The copy in which its faults are marked, when it has any."""
        return self.folder / MARKED

    def told(self, error: GreedyError) -> GreedyError:
        """An error about the file, in which it is called as the planner calls it."""

        def renamed(text: str) -> str:
            return reworded(text, lambda words: words.replace(str(self.path), self.name))

        error.message = renamed(error.message)
        error.details = tuple(renamed(line) for line in error.details)
        error.next_step = renamed(error.next_step) if error.next_step else None
        error.args = (error.message,)
        return error


class Uploads:
    """The workbooks in a folder, which nobody but this program reads.

    Parameters
    ----------
    folder
        Where they lie; it is made when the first one comes.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def keep(self, name: str, owner: str, content: BinaryIO) -> Upload:
        """Keep a workbook, and throw away those of more than a day ago, and the oldest of who has too many.

        Raises
        ------
        InputError
            It is empty, or larger than a workbook is.
        """
        self._clear(owner)
        number = uuid4()
        upload = Upload(id=number, name=display_name(name), owner=owner, folder=self._folder / str(number))
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        upload.folder.mkdir(mode=0o700)
        try:
            self._write(upload, content)
            (upload.folder / ABOUT).write_text(upload.model_dump_json(), encoding="utf-8")
        except (InputError, OSError):
            self.remove(upload)
            raise
        return upload

    def find(self, number: UUID, owner: str) -> Upload:
        """A workbook of this planner's.

        Raises
        ------
        CallerError
            There is none: it was imported, too old, or somebody else's.
        """
        upload = self._read(self._folder / str(number))
        if upload is None or upload.owner != owner:
            gone = Message("This workbook is no longer here: it was imported, or sent more than a day ago.")
            raise CallerError(gone, next_step=Message("Upload it again."))
        return upload

    def remove(self, upload: Upload) -> None:
        """Throw a workbook away."""
        shutil.rmtree(upload.folder, ignore_errors=True)

    def _write(self, upload: Upload, content: BinaryIO) -> None:
        size = 0
        with upload.path.open("xb") as file:
            for chunk in _chunks(content):
                size += len(chunk)
                if size > MOST_BYTES:
                    raise too_large(upload.name)
                file.write(chunk)
        if not size:
            empty = Message("{name} is empty, a file of 0 bytes", name=upload.name)
            raise InputError(empty, next_step=Message("choose a workbook (.xlsx)"))

    def _clear(self, owner: str) -> None:
        oldest, own = time.time() - KEPT_SECONDS, []
        for folder in self._folder.glob("*"):
            with suppress(FileNotFoundError):  # another upload clears too, or an import is done
                sent = folder.stat().st_mtime
                if sent < oldest:
                    shutil.rmtree(folder, ignore_errors=True)
                elif (upload := self._read(folder)) is not None and upload.owner == owner:
                    own.append((sent, folder))
        for _, folder in sorted(own, reverse=True)[MOST_KEPT - 1 :]:
            shutil.rmtree(folder, ignore_errors=True)

    def _read(self, folder: Path) -> Upload | None:
        try:
            return Upload.model_validate_json((folder / ABOUT).read_bytes())
        except (OSError, ValidationError):
            return None


def display_name(name: str) -> str:
    """A file name as a planner sees it: its last part, printable, not too long."""
    last = name.replace("\\", "/").rpartition("/")[2]
    legible = "".join(character for character in last if character.isprintable())
    return legible[-LONGEST_NAME:].strip() or "workbook.xlsx"


def too_large(name: str) -> InputError:
    """The error of a file that is larger than is taken."""
    most = MOST_BYTES // 1_000_000
    return InputError(
        Message("{name} has more than {most} MB; no roster needs as much, and nothing was imported", name=name, most=most),
        next_step=Message("remove pictures from it, and sheets that are not needed"),
    )


def _chunks(content: BinaryIO) -> Iterator[bytes]:
    while chunk := content.read(CHUNK_BYTES):
        yield chunk
