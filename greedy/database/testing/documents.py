"""Rows as one JSON document, and the SQL that reads it back: one argument, whatever the number of rows and columns."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from datetime import timedelta
from ipaddress import IPv4Network, IPv6Network

import asyncpg
from pydantic_core import to_json

from greedy.database.identifiers import quoted
from greedy.database.schema.registry import Table


def rows_as_json(rows: Iterable[Mapping[str, object]]) -> str:
    """An array of objects, each value in a form that PostgreSQL reads."""
    return to_json([{name: _plain(value) for name, value in row.items()} for row in rows], fallback=str).decode()


def recordset(table: Table, columns: Collection[str], argument: int = 1, *, alias: str = "given") -> str:
    """SQL of the rows in argument `$n`, with the columns' own types; domains as what they stand on, so that they refuse nothing yet."""
    types = ", ".join(f"{quoted(name)} {_type(table, name)}" for name in columns)
    return f"jsonb_to_recordset(${argument}::text::jsonb) as {alias}({types})"


def _type(table: Table, name: str) -> str:
    column = table.column[name]
    return column.base_type if column.family == "domain" else column.type


def _plain(value: object) -> object:
    match value:
        case bytes():
            return "\\x" + value.hex()
        case timedelta():
            return f"{value.days} days {value.seconds} seconds {value.microseconds} microseconds"
        case asyncpg.Range() if value.isempty:
            return "empty"
        case asyncpg.Range():
            return "".join(("[" if value.lower_inc else "(", _end(value.lower), ",", _end(value.upper), "]" if value.upper_inc else ")"))
        case IPv4Network() | IPv6Network():
            return str(value)
        case list() | tuple():
            return [_plain(each) for each in value]
        case _:
            return value


def _end(value: object) -> str:
    return "" if value is None else f'"{value}"'
