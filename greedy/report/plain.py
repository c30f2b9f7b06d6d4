"""Text of others as one plain line: for files in which a line break, a control character or a turn of direction would mean something."""

from __future__ import annotations

import re

_BREAKS = re.compile(r"[\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")
# Lone halves of a pair, which no file can hold, and what is no character at all.
_NOTHING = re.compile(r"[\ud800-\udfff\ufffe\uffff]")
# Marks that turn the direction of all that follows, also of text that is not theirs. Letters know their direction by themselves.
_TURNS = re.compile(r"[\u202a-\u202e\u2066-\u2069]")


def without_turns(text: str) -> str:
    """A text without marks of direction, so that what stands beside a name is read as it was written."""
    return _TURNS.sub("", text)


def one_line(text: str) -> str:
    """A text without line breaks, control characters and marks of direction; otherwise as it is, whatever its script."""
    return _BREAKS.sub(" ", _NOTHING.sub("\N{REPLACEMENT CHARACTER}", without_turns(text))).strip()
