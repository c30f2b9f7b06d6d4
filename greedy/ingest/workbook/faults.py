"""What is wrong in a workbook, and where."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from greedy.errors import InputError
from greedy.model.message import Message


@dataclass(frozen=True, order=True)
class CellFault:
    """A fault and its place, as a spreadsheet shows it.

    Parameters
    ----------
    sheet
        Name of the sheet; empty when the file as a whole is meant.
    row
        Number of the row, from 1; 0 when the sheet as a whole is meant.
    column
        Letter of the column; empty when the row as a whole is meant.
    header
        What stands at the head of that column.
    """

    sheet: str
    row: int
    column: str
    header: str
    message: Message

    def __str__(self) -> str:
        """As `told`, in English."""
        return str(self.told)

    @property
    def told(self) -> Message:
        """`Medewerkers!E5 (Team): 'Grön' is none of Groen, Oranje, Overig`"""
        cell = f"{self.column}{self.row}" if self.row else self.column
        where = "!".join(part for part in (self.sheet, cell) if part)
        if not where:
            return self.message
        return Message("{where}: {message}", where=f"{where} ({self.header})" if self.header else where, message=self.message)


class WorkbookError(InputError):
    """A workbook that cannot be used, with all its faults."""

    def __init__(self, path: Path, faults: Sequence[CellFault], *, next_step: str) -> None:
        told = Message("{path} has 1 fault; nothing was imported", path=path)
        if len(faults) != 1:
            told = Message("{path} has {count} faults; nothing was imported", path=path, count=len(faults))
        super().__init__(told, details=[fault.told for fault in in_order(faults)], next_step=next_step)
        self.path = path
        self.faults = tuple(in_order(faults))


def in_order(faults: Iterable[CellFault]) -> list[CellFault]:
    """Sheet by sheet in the order in which they came, each from top to bottom and from left to right."""
    faults = list(faults)
    sheets = {name: number for number, name in enumerate(dict.fromkeys(fault.sheet for fault in faults))}
    return sorted(faults, key=lambda fault: (sheets[fault.sheet], fault.row, len(fault.column), fault.column))
