"""Names of schemas, tables and columns, made safe to stand in SQL."""

from __future__ import annotations

from collections.abc import Iterable

from greedy.database.errors import QueryError

NAME_BYTES = 63  # PostgreSQL cuts longer names off without a word, and would then mean another thing


def listed(names: str | Iterable[str]) -> tuple[str, ...]:
    """Names as a tuple; a text is one name.

    Raises
    ------
    QueryError
        It is no list of texts.
    """
    if isinstance(names, str):
        return (names,)
    found = tuple(names) if isinstance(names, Iterable) else ()
    if not isinstance(names, Iterable) or not all(isinstance(name, str) for name in found):
        raise QueryError(f"{names!r:.80} is no list of names")
    return found


def quoted(name: str) -> str:
    """`name` as a quoted identifier: it can only ever be read as a name.

    Raises
    ------
    QueryError
        No name: empty, not text, with a NUL or a lone surrogate in it, or longer than 63 bytes of UTF-8.
    """
    if not isinstance(name, str) or not name or "\0" in name:
        raise QueryError(f"{name!r:.80} is not a name of a schema, table or column")
    try:
        size = len(name.encode())
    except UnicodeEncodeError:
        raise QueryError(f"{name!r:.80} is not a name of a schema, table or column") from None
    if size > NAME_BYTES:
        raise QueryError(f"the name {name[:30]!r}... has {size} bytes; PostgreSQL keeps {NAME_BYTES}")
    return '"' + name.replace('"', '""') + '"'


def qualified(table: str, schema: str | None = None) -> str:
    """`"schema"."table"`, or `"table"` alone where the search path shall find it."""
    return quoted(table) if schema is None else f"{quoted(schema)}.{quoted(table)}"
