"""SQL as text: its literals, comments and arguments told apart from the rest."""

from __future__ import annotations

import re
from collections.abc import Sequence

from greedy.database.errors import QueryError

# What is cut off in its middle ends with the text.
TOKEN = re.compile(
    r"(?P<literal>[eE]'(?:[^'\\]|''|\\.)*(?:'|\Z)|'(?:[^']|'')*(?:'|\Z))"
    r"|(?P<name>\"(?:[^\"]|\"\")*\")"
    r"|(?P<dollar>\$\$.*?(?:\$\$|\Z)|\$(?P<tag>[^\W\d]\w*)\$.*?(?:\$(?P=tag)\$|\Z))"
    r"|(?P<comment>--[^\n]*|/\*.*?(?:\*/|\Z))"
    r"|(?P<argument>\$\d+)"
    r"|(?P<word>[^\W\d][\w$]*)"
    r"|(?P<number>\d[\w.]*)"
    r"|(?P<space>\s+)",
    re.DOTALL,
)


SHOWN_CHARACTERS = 500
READ_CHARACTERS = 4 * SHOWN_CHARACTERS


def normalised(sql: str) -> str:
    """The statement without its literals, comments and line breaks, at most `SHOWN_CHARACTERS`: the same for the same work."""

    def plain(match: re.Match[str]) -> str:
        match match.lastgroup:
            case "literal" | "dollar" | "number":
                return "?"
            case "comment" | "space":
                return " "
            case _:
                return match[0]

    text = " ".join(TOKEN.sub(plain, sql[:READ_CHARACTERS]).split())
    return text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"


def with_literals(sql: str, literals: Sequence[str]) -> str:
    """`sql` with the n-th literal, which has to be quoted already, in the place of each `$n`; never within text or a comment."""

    def put(match: re.Match[str]) -> str:
        if match.lastgroup == "comment" and "/*" in match[0][2:]:
            raise QueryError("a statement with nested comments cannot be copied with arguments", next_step="leave the comments out")
        return literals[int(match[0][1:]) - 1] if match.lastgroup == "argument" else match[0]

    return TOKEN.sub(put, sql)
