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

SAVE_AS = "open it in Excel or LibreOffice, save it as an Excel workbook (.xlsx), and import that"
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
            raise damaged(path, str(exc) or type(exc).__name__) from exc

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
            raise self._bomb(f"a part {part} of more than {LARGEST_INDEX_BYTES // 1_000_000} MB")
        try:
            tree: Element = fromstring(self._file.read(self.parts[part]), forbid_dtd=True)
        except (ParseError, DefusedXmlException, LookupError, *UNZIP_FAULTS) as exc:
            raise damaged(self.path, f"{part}: {exc}") from exc
        return tree

    def _looked_through(self) -> dict[str, zipfile.ZipInfo]:
        """The parts by name. Each is unpacked and thrown away: what an archive says of its own sizes need not be true."""
        members = self._file.infolist()
        if len(members) > MOST_PARTS:
            raise self._bomb(f"{len(members)} parts, at most {MOST_PARTS}")
        packed = sum(member.compress_size for member in members)
        self._refuse_if_too_much(sum(member.file_size for member in members), packed)
        parts: dict[str, zipfile.ZipInfo] = {}
        unpacked = 0
        for member in members:
            name = member.filename.replace("\\", "/").lower().removeprefix("/")
            if name in parts:
                raise damaged(self.path, f"it has two parts {member.filename}")
            if member.flag_bits & 1:
                raise InputError(f"{self.path} is encrypted; nothing was imported", next_step="remove the password, and save it anew")
            parts[name] = member
            before, start = b"", unpacked
            for chunk in self._unpacked(member):
                unpacked += len(chunk)
                self._refuse_if_too_much(unpacked, packed)
                if DECLARATION in before[-len(DECLARATION) :] + chunk:
                    message = f"{self.path} has declarations of its own in {member.filename}, which no spreadsheet program writes"
                    raise InputError(f"{message}; nothing was imported", next_step=SAVE_AS)
                before = chunk
            if unpacked - start != member.file_size:
                raise damaged(self.path, f"{member.filename} is not as large as it says")
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
            raise self._bomb(f"more than {LARGEST_UNPACKED_BYTES // 1_000_000} MB")
        if unpacked > max(SMALL_BYTES, packed * HIGHEST_RATIO):
            raise self._bomb(f"more than {HIGHEST_RATIO} times its size")

    def _bomb(self, to_what: str) -> InputError:
        return InputError(f"{self.path} unpacks to {to_what}, as no real workbook does; nothing was imported", next_step=SAVE_AS)


def damaged(path: Path, why: str) -> InputError:
    """The error of a file that began as a workbook and does not go on as one."""
    return InputError(
        f"{path} is damaged or was not copied to its end ({why}); nothing was imported",
        next_step="copy it again; or open it in Excel, let that repair it, and save it anew",
    )
