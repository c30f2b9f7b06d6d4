"""Tables of plain text."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator, Sequence

WIDEST = 40
TURNING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # what would turn the rest of a line around


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, left: int = 1) -> Iterator[str]:
    """The lines of a table: the first `left` columns to the left, the others to the right; what is too wide is cut off."""
    cells = [[_cut(cell) for cell in row] for row in (head, *rows)]
    widths = [max(width_of(row[column]) for row in cells) for column in range(len(head))]
    for row in cells:
        yield "  ".join(_padded(cell, widths[column], left=column < left) for column, cell in enumerate(row)).rstrip()


def harmless(line: str) -> str:
    """A line without what a terminal would obey: control characters, and marks that turn the direction of writing."""
    return "".join("\N{REPLACEMENT CHARACTER}" if unicodedata.category(one) == "Cc" or one in TURNING else one for one in line)


def width_of(text: str) -> int:
    """Columns of a terminal that a text takes."""
    wide = sum(unicodedata.east_asian_width(one) in ("W", "F") for one in text)
    none = sum(unicodedata.category(one) in ("Mn", "Me", "Cf") for one in text)
    return len(text) + wide - none


def _cut(text: str) -> str:
    while width_of(text) > WIDEST:
        text = text[: max(1, len(text) - 1 - (width_of(text) - WIDEST) // 2 - 1)].rstrip() + "…"
    return text


def _padded(text: str, width: int, *, left: bool) -> str:
    space = " " * (width - width_of(text))
    return text + space if left else space + text
