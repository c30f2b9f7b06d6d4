"""Rows of a sheet of a workbook."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from greedy.errors import InputError
from greedy.ingest.sources.base import FaultyRecord
from greedy.ingest.sources.rows import FoundRow, Naming


def read_sheet(path: Path, naming: Naming, *, sheet: str | None = None) -> Iterator[FoundRow | FaultyRecord]:  # noqa: ARG001
    """The rows of a sheet; the first one when none is named."""
    raise InputError(f"{path}: workbooks cannot be read yet", next_step="save the sheet as CSV UTF-8")
