"""Reads a workbook: from a file to rows without faults."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from greedy.ingest.workbook.layout import PRACTICE, WISHES, SheetLayout
from greedy.ingest.workbook.rows import NOTHING, Known, WorkbookContent

Tell = Callable[[int, int], None]


def read_workbook(
    path: Path,
    *,
    layouts: Sequence[SheetLayout] = (*PRACTICE, WISHES),
    sheets: Sequence[str] = (),
    known: Known = NOTHING,
    tell: Tell | None = None,
) -> WorkbookContent:
    """Read a workbook.

    Parameters
    ----------
    layouts
        Sheets that it can have, parents before children.
    sheets
        Names of those that are to be imported, however they are written; the others are read for the names in them. None: all.
    known
        Rows that the database holds already, which its rows may refer to.
    tell
        Is told how many rows were read, and of how many.

    Raises
    ------
    WorkbookError
        With every fault of every sheet.
    """
    raise NotImplementedError
