"""Rows that no cleaning up may touch."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

Key = Mapping[str, object]


@dataclass
class ProtectedRows:
    """Whole tables, and rows by their key. Whatever a protected row refers to is protected with it, wherever it is asked.

    >>> protected = ProtectedRows().table("service_types").row("rosters", id=roster_id)
    """

    tables: dict[str, None] = field(default_factory=dict)
    keys: dict[str, list[dict[str, object]]] = field(default_factory=dict)

    def table(self, name: str) -> ProtectedRows:
        """Protect all rows of a table, those that are not there yet too."""
        self.tables[name] = None
        return self

    def row(self, table: str, /, **key: object) -> ProtectedRows:
        """Protect the row with this key, `id=...`."""
        return self.rows(table, [key])

    def rows(self, table: str, keys: Iterable[Key]) -> ProtectedRows:
        """Protect rows by their keys, each {column: value}."""
        self.keys.setdefault(table, []).extend(dict(key) for key in keys)
        return self

    def __or__(self, other: ProtectedRows) -> ProtectedRows:
        both = ProtectedRows(self.tables | other.tables, {name: list(keys) for name, keys in self.keys.items()})
        for name, keys in other.keys.items():
            both.rows(name, keys)
        return both
