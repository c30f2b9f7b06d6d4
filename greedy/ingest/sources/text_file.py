"""Text files whose encoding is known and not guessed: by their mark, else UTF-8, else as the caller says."""

from __future__ import annotations

import codecs
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TextIO

import structlog

from greedy.errors import InputError

log = structlog.get_logger()

MARKS = (  # that of UTF-32 begins with that of UTF-16
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
WORKBOOK_MARKS = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")
BLOCK = 1 << 20
LONGEST_LINE = 1_000_000


@contextmanager
def open_text(path: Path, encoding: str | None = None) -> Iterator[TextIO]:
    """Open a text file after it was read once to its end: a byte that the encoding does not have is found before anything is used.

    Parameters
    ----------
    encoding
        Of a file without a mark; None for UTF-8. A mark at the beginning of the file says more than this.

    Raises
    ------
    InputError
        There is no such file, it cannot be read, it is no text, or a byte of it is not of the encoding; the message says which byte.
    """
    if not path.is_file():
        raise InputError(f"there is no file {path}", next_step="give the file that the system wrote")
    try:
        with path.open("rb") as file:
            begin = file.read(BLOCK)
            _refuse_other(path, begin)
            mark, chosen = next(((mark, name) for mark, name in MARKS if begin.startswith(mark)), (b"", encoding or "utf-8"))
            if not (mark or encoding) and begin.count(0) > len(begin) // 10:
                raise InputError(
                    f"{path} is not utf-8 text: it is full of NULs",
                    next_step="save it as UTF-8, or say its encoding (utf-16-le, for example)",
                )
            _check(path, file, chosen, len(mark), told=bool(mark or encoding))
            log.info(
                "source.encoding", file=path.name, encoding=chosen, known_by="its mark" if mark else "setting" if encoding else "default"
            )
            file.seek(len(mark))
            yield io.TextIOWrapper(file, chosen, newline="")
    except OSError as exc:
        raise InputError(f"{path} cannot be read: {exc.strerror}", next_step="make it readable") from exc


def lines_of(path: Path, file: TextIO) -> Iterator[str]:
    """The lines of a text, with their ends, none of which fills the memory.

    Raises
    ------
    InputError
        A line is longer than a million characters.
    """
    number = 0
    while line := file.readline(LONGEST_LINE + 1):
        number += 1
        if len(line) > LONGEST_LINE:
            raise InputError(
                f"{path.name}:{number}: the line is longer than {LONGEST_LINE} characters", next_step="see whether this is the right file"
            )
        yield line


def _refuse_other(path: Path, begin: bytes) -> None:
    if not begin:
        raise InputError(f"{path} is empty", next_step="export it again")
    if begin.startswith(WORKBOOK_MARKS):
        raise InputError(f"{path} is a workbook and no text, whatever its name says", next_step="call it .xlsx, or save it as CSV UTF-8")


def _check(path: Path, file: io.BufferedReader, encoding: str, begin: int, *, told: bool) -> None:
    """Read the file to its end in its encoding."""
    try:
        "".encode(encoding)  # refuses codecs that are none of text
        decoder = codecs.getincrementaldecoder(encoding)()
    except (LookupError, UnicodeError):
        raise InputError(f"no encoding is called {encoding!r:.40}", next_step="utf-8, cp1252 and utf-16 are usual ones") from None
    file.seek(begin)
    position, line, ended = begin, 1, False
    while not ended:
        kept = len(decoder.getstate()[0])
        block = file.read(BLOCK)
        ended = not block
        try:
            text = decoder.decode(block, final=ended)
        except UnicodeDecodeError as exc:
            at, line = position - kept + exc.start, line + exc.object[: exc.start].count(b"\n")
            raise InputError(
                f"{path} is not {encoding} text: byte {at} (0x{exc.object[exc.start]:02X}, in line {line})",
                next_step="give the encoding in which it was written"
                if told
                else "save it as CSV UTF-8, or say its encoding, if that is another (cp1252, for example)",
            ) from None
        except UnicodeError as exc:  # of the encoding, and of no byte
            raise InputError(f"{path} is not {encoding} text: {exc}", next_step="give the encoding in which it was written") from None
        position, line = position + len(block), line + text.count("\n")
