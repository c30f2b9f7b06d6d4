"""Lines of text that fit a terminal."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Iterator

COLUMNS = 80
UNBROKEN = "\N{NO-BREAK SPACE}"  # a space at which no line ends


def wrapped(lines: Iterable[str]) -> Iterator[str]:
    """Lines of at most 80 columns; what goes on stands two columns further in. Words are never cut."""
    for line in lines:
        further = " " * (2 + len(line) - len(line.lstrip(" ")))
        parts = textwrap.wrap(line, COLUMNS, subsequent_indent=further, break_long_words=False, break_on_hyphens=False)
        yield from (part.replace(UNBROKEN, " ") for part in parts or [""])
