"""The rows of a generation as dicts, for tests."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from greedy.generate.tables import Batch


def rows_by_table(batches: Iterable[Batch]) -> dict[str, list[dict[str, Any]]]:
    """Rows of each table, in the order of the batches."""
    found: dict[str, list[dict[str, Any]]] = {}
    for batch in batches:
        names = batch.table.columns
        found.setdefault(batch.table.name, []).extend(dict(zip(names, row, strict=True)) for row in zip(*batch.columns, strict=True))
    return found
