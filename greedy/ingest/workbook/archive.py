"""A workbook as the archive that it is: unpacked once and counted before anything reads it."""

from __future__ import annotations

import copy
import io
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, TYPE_CHECKING
from xml.etree.ElementTree import ParseError

from defusedxml.common import DefusedXmlException
from defusedxml.ElementTree import fromstring

from greedy.errors import InputError
from greedy.model.message import Message

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

# A workbook of 140 employees and 26 weeks, every slot a row, unpacks to 30 MB in 20 parts: ten times that and more is let pass.
LARGEST_UNPACKED_BYTES = 500_000_000
LARGEST_INDEX_BYTES = 20_000_000  # of a part that is read whole: the list of the sheets, the formats
MOST_PARTS = 5_000
# Tables shrink to a tenth, blank formatted rows to a fiftieth; what shrinks to less, and is not small, was made to harm.
HIGHEST_RATIO = 200
SMALL_BYTES = 20_000_000
CHUNK_BYTES = 1 << 20
DECLARATION = b"<!DOCTYPE"
NO_ARCHIVE = Message("File is not a zip file")  # as zipfile says of one that was cut off

SAVE_AS = Message("open it in Excel or LibreOffice, save it as an Excel workbook (.xlsx), and import that")
UNZIP_FAULTS = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, OSError, RuntimeError, ValueError)


class Archive:
    """An archive that is whole, and that does not unpack to more than a workbook does.

    Parts are found by their names in lower case, with forward slashes.

    Raises
    ------
    InputError
        It is damaged, encrypted, or made to harm.
    """

    def __init__(self, path: Path, content: bytes) -> None:
        self.path = path
        try:
            self._file = zipfile.ZipFile(io.BytesIO(content))
            self.parts = self._looked_through()
        except UNZIP_FAULTS as exc:
            why = str(exc) or type(exc).__name__
            raise damaged(path, NO_ARCHIVE if why == NO_ARCHIVE else why) from exc

    def open(self, part: str) -> IO[bytes]:
        """The content of a part, unpacked as it is read."""
        return self._file.open(self.parts[part])

    def tree(self, part: str) -> Element | None:
        """A part that is XML and small; None when there is no such part.

        Raises
        ------
        InputError
            It is no XML.
        """
        if part not in self.parts:
            return None
        if self.parts[part].file_size > LARGEST_INDEX_BYTES:
            raise self._bomb(Message("a part {part} of more than {most} MB", part=part, most=LARGEST_INDEX_BYTES // 1_000_000))
        try:
            tree: Element = fromstring(self._file.read(self.parts[part]), forbid_dtd=True)
        except (ParseError, DefusedXmlException, LookupError, *UNZIP_FAULTS) as exc:
            raise damaged(self.path, Message("{part}: {why}", part=part, why=exc)) from exc
        return tree

    def _looked_through(self) -> dict[str, zipfile.ZipInfo]:
        """The parts by name. Each is unpacked and thrown away: what an archive says of its own sizes need not be true."""
        members = self._file.infolist()
        if len(members) > MOST_PARTS:
            raise self._bomb(Message("{count} parts, at most {most}", count=len(members), most=MOST_PARTS))
        packed = sum(member.compress_size for member in members)
        self._refuse_if_too_much(sum(member.file_size for member in members), packed)
        parts: dict[str, zipfile.ZipInfo] = {}
        unpacked = 0
        for member in members:
            name = member.filename.replace("\\", "/").lower().removeprefix("/")
            if name in parts:
                raise damaged(self.path, Message("it has two parts {part}", part=member.filename))
            if member.flag_bits & 1:
                raise InputError(
                    Message("{path} is encrypted; nothing was imported", path=self.path),
                    next_step=Message("remove the password, and save it anew"),
                )
            parts[name] = member
            before, start = b"", unpacked
            for chunk in self._unpacked(member):
                unpacked += len(chunk)
                self._refuse_if_too_much(unpacked, packed)
                if DECLARATION in before[-len(DECLARATION) :] + chunk:
                    message = Message(
                        "{path} has declarations of its own in {part}, which no spreadsheet program writes; nothing was imported",
                        path=self.path,
                        part=member.filename,
                    )
                    raise InputError(message, next_step=SAVE_AS)
                before = chunk
            if unpacked - start != member.file_size:
                raise damaged(self.path, Message("{part} is not as large as it says", part=member.filename))
        return parts

    def _unpacked(self, member: zipfile.ZipInfo) -> Iterator[bytes]:
        # A copy that claims more than can be: reading goes on to the true end, and the checksum is compared there.
        member = copy.copy(member)
        member.file_size = 2 * LARGEST_UNPACKED_BYTES
        with self._file.open(member) as file:
            while chunk := file.read(CHUNK_BYTES):
                yield chunk

    def _refuse_if_too_much(self, unpacked: int, packed: int) -> None:
        if unpacked > LARGEST_UNPACKED_BYTES:
            raise self._bomb(Message("more than {most} MB", most=LARGEST_UNPACKED_BYTES // 1_000_000))
        if unpacked > max(SMALL_BYTES, packed * HIGHEST_RATIO):
            raise self._bomb(Message("more than {times} times its size", times=HIGHEST_RATIO))

    def _bomb(self, to_what: Message) -> InputError:
        return InputError(
            Message("{path} unpacks to {size}, as no real workbook does; nothing was imported", path=self.path, size=to_what),
            next_step=SAVE_AS,
        )


def damaged(path: Path, why: str) -> InputError:
    """The error of a file that began as a workbook and does not go on as one."""
    return InputError(
        Message("{path} is damaged or was not copied to its end ({why}); nothing was imported", path=path, why=why),
        next_step=Message("copy it again; or open it in Excel, let that repair it, and save it anew"),
    )
