"""Files that a browser saves."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from pathlib import Path
from urllib.parse import quote

from starlette.responses import Response

from greedy.ingest.workbook.layout import Language
from greedy.wording import Words

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
LONGEST_NAME = 180
NOT_IN_NAMES = frozenset('/\\:*?"<>|')


def as_file(content: bytes, name: str, media: str) -> Response:
    """A file to be saved, under any name that a roster can have."""
    legible = "".join(one if one.isprintable() and one not in NOT_IN_NAMES else "-" for one in name)
    stem, dot, suffix = legible.rpartition(".")
    legible = f"{stem[:LONGEST_NAME].strip(' .') or 'roster'}{dot}{suffix}"
    plain = "".join(one if one.isascii() and one != "%" else "-" for one in legible)
    disposition = f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(legible, safe='')}"
    return Response(content, media_type=media, headers={"Content-Disposition": disposition})


def workbook_bytes(write: Callable[[Path], None]) -> bytes:
    """The content of a workbook that is written to a path."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "workbook.xlsx"
        write(path)
        return path.read_bytes()


def sheet_language(words: Words) -> Language:
    """The language of a workbook's sheets for a reader."""
    return Language.NL if words.language == "nl" else Language.EN
