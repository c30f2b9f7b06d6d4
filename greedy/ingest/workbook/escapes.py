"""Characters that a workbook, or whoever reads one for people, does not keep: written as `_x0020_`, as Excel itself does, and read back."""

from __future__ import annotations

import re

# The last is an underscore that would begin an escape, also when an escape comes next.
# XML cannot hold these, and reads a carriage return as a new line. Excel undoes these escapes before it shows the text.
_UNSTORED = re.compile(r"[\x00-\x08\x0b-\x1f]|_(?=x[0-9A-Fa-f]{4})")
# What reading takes for a slip of the hand, and what XML cannot hold in any way. These escapes are seen.
_UNREAD = re.compile(r"^\s+|\s+$|[\r\xa0\u200b-\u200d\u2060\ufeff\ufffe\uffff]|_(?=x[0-9A-Fa-f]{4})")
_ESCAPE = re.compile(r"_x((?![dD][89a-fA-F])[0-9A-Fa-f]{4})_")


def stored(text: str) -> str:
    """A text as it stands in the XML of a workbook, so that reading gives exactly this text."""
    return _UNSTORED.sub(_escapes, _UNREAD.sub(_escapes, text))


def unescaped(text: str) -> str:
    """A text of a cell as it was before it was written."""
    return _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)), text) if "_x" in text else text


def _escapes(found: re.Match[str]) -> str:
    return "".join(f"_x{ord(character):04X}_" for character in found[0])
