"""What a workbook holds once it is read: rows with their places, their references resolved to keys."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from greedy.formats.tables import PracticeTables
from greedy.ingest.workbook.faults import CellFault, WorkbookError
from greedy.model.message import Message


@dataclass(frozen=True, eq=False)
class PlacedRow:
    """A row of a sheet.

    Parameters
    ----------
    entity
        Entity type; of our own ones the table.
    row
        Number of the row, from 1, as a spreadsheet shows it.
    values
        By column of the table; a column whose cell is empty is left out. A reference holds the key of the row that it means. When that is
        a row of this workbook whose key the database will make, it holds that row itself, which stands before this one.
    columns
        Field to the letter of its column. Parts of an object stand by their own (`structureel_nbh.ma`), and the object by its first.
    headers
        Field to the header of its column.
    """

    entity: str
    sheet: str
    row: int
    values: dict[str, object]
    columns: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    def fault(self, field: str | None, message: Message) -> CellFault:
        """A fault in the cell of a field; None, or a field that has no column: in the row as a whole."""
        field = field or ""
        return CellFault(self.sheet, self.row, self.columns.get(field, ""), self.headers.get(field, ""), message)


def folded(name: str) -> str:
    """A name as it is compared: without case, and with single spaces."""
    return " ".join(name.split()).casefold()


@dataclass(frozen=True)
class Known:
    """Rows that the database holds already, by the names that a workbook can give them; for references. See `Known.of`.

    Parameters
    ----------
    keys
        Entity to the key of each folded name that one row alone bears.
    firsts
        Entity to the first name of each key, for columns that hold a name and no key (`Column.by_key`).
    shared
        Entity to the folded names that several rows bear.
    """

    keys: Mapping[str, Mapping[str, Hashable]] = field(default_factory=dict)
    firsts: Mapping[str, Mapping[Hashable, str]] = field(default_factory=dict)
    shared: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(cls, rows: Iterable[tuple[str, Hashable, Sequence[str | None]]]) -> Known:
        """From rows as (entity, key, names in the order of the layout's `known_by`; None where it has no such name)."""
        bearers: dict[str, dict[str, dict[Hashable, None]]] = defaultdict(lambda: defaultdict(dict))
        firsts: dict[str, dict[Hashable, str]] = defaultdict(dict)
        for entity, key, names in rows:
            firsts[entity][key] = next((name for name in names if name), str(key))
            for name in filter(None, names):
                bearers[entity][folded(name)][key] = None
        return cls(
            {entity: {name: next(iter(keys)) for name, keys in names.items() if len(keys) == 1} for entity, names in bearers.items()},
            dict(firsts),
            {entity: frozenset(name for name, keys in names.items() if len(keys) > 1) for entity, names in bearers.items()},
        )


NOTHING = Known()


@dataclass(frozen=True)
class WorkbookContent:
    """A workbook without faults.

    Parameters
    ----------
    rows
        Entity to its rows, parents first, of all sheets read: those too that are only there for the names in them.
    chosen
        Entities that are to be imported.
    notes
        What whoever made it should know: sheets and columns that were passed over, macros that were not run.
    practice
        The chosen rows as tables, and the rows that they refer to; None when no roster is chosen.
    """

    path: Path
    rows: Mapping[str, list[PlacedRow]]
    chosen: frozenset[str]
    notes: tuple[str, ...] = ()
    practice: PracticeTables | None = None

    def tables(self) -> PracticeTables:
        """The roster with all that belongs to it.

        Raises
        ------
        WorkbookError
            No roster was chosen.
        """
        if self.practice is None:
            raise WorkbookError(
                self.path,
                [CellFault("", 0, "", "", Message("no roster was read from it"))],
                next_step=Message("give a workbook with a sheet Rooster, and choose that sheet"),
            )
        return self.practice

    def chosen_rows(self) -> list[PlacedRow]:
        """What is to be imported, parents first."""
        return [row for entity, rows in self.rows.items() if entity in self.chosen for row in rows]
