"""Rows of several sheets as one whole: parents before children, and names resolved to the keys of the rows that they mean."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter

from greedy.errors import InputError
from greedy.ingest.workbook.assembly import SheetRows
from greedy.ingest.workbook.keys import Keys, name_of
from greedy.ingest.workbook.layout import Column, Kind, SheetLayout
from greedy.ingest.workbook.rows import Known, PlacedRow, folded
from greedy.ingest.workbook.sheet_scan import Broken
from greedy.ingest.workbook.values import nearest, shown
from greedy.model.message import Message

OF_ROSTER = "roster_id"
MOST_HINTS = 200  # each costs some milliseconds, and nobody reads more


def parents_first(layouts: Sequence[SheetLayout]) -> list[SheetLayout]:
    """The layouts in an order in which each comes after all that it refers to; otherwise as they come.

    Raises
    ------
    InputError
        Some refer to each other in a circle.
    """
    by_entity = {layout.entity: layout for layout in layouts}
    sorter = TopologicalSorter({layout.entity: [other for other in parents_of(layout) if other in by_entity] for layout in layouts})
    try:
        sorter.prepare()
    except CycleError as exc:
        raise InputError(
            Message("these entity types refer to each other in a circle: {circle}", circle=" > ".join(exc.args[1])),
            next_step=Message("leave one of the references out"),
        ) from None
    ordered: list[SheetLayout] = []
    while sorter.is_active():
        ready = sorted(sorter.get_ready(), key=[*by_entity].index)
        ordered.extend(by_entity[entity] for entity in ready)
        sorter.done(*ready)
    return ordered


def parents_of(layout: SheetLayout) -> list[str]:
    """Entity types that rows of a layout refer to, without itself."""
    parents = {column.refers_to for column in layout.columns if column.refers_to} - {layout.entity}
    if belongs_to_roster(layout):
        parents.add("rosters")
    return sorted(parents)


def needed_for(entities: Iterable[str], layouts: Sequence[SheetLayout]) -> set[str]:
    """Entity types and all that they refer to, near and far."""
    by_entity = {layout.entity: layout for layout in layouts}
    found: set[str] = set()
    waiting = [entity for entity in entities if entity in by_entity]
    while waiting:
        entity = waiting.pop()
        if entity not in found:
            found.add(entity)
            waiting.extend(parent for parent in parents_of(by_entity[entity]) if parent in by_entity)
    return found


def belongs_to_roster(layout: SheetLayout) -> bool:
    """Whether rows belong to a roster without naming it: it is the one of the workbook."""
    return (
        layout.model is not None and OF_ROSTER in layout.model.model_fields and all(column.field != OF_ROSTER for column in layout.columns)
    )


class Hierarchy:
    """Resolves the rows of a workbook, in place.

    Parameters
    ----------
    sheets
        Entity to its rows; of every sheet that was read.
    unread
        Entities whose sheet has faults of its own: what refers to them is not blamed.
    """

    def __init__(self, sheets: Mapping[str, SheetRows], known: Known, unread: Collection[str]) -> None:
        self._sheets = sheets
        self._known = known
        self._unread = unread
        self._names: dict[str, list[dict[str, list[PlacedRow]]]] = {}
        self._unknown = 0
        self._resolved: dict[tuple[str, str], PlacedRow | Hashable | Broken] = {}

    def resolve(self, layout: SheetLayout) -> list[PlacedRow]:
        """Give the rows of a sheet their keys, and their references the keys that they mean; after the sheets that they refer to.

        The rows come back with parents before children, where they refer to each other.
        """
        sheet = self._sheets[layout.entity]
        Keys(layout, sheet, self._known).assign()
        self._names[layout.entity] = self._index(layout, sheet)
        own: dict[PlacedRow, PlacedRow] = {}
        for column in layout.columns:
            if column.kind is Kind.REFERENCE and column.refers_to:
                own.update(self._resolve_column(sheet, column))
        if belongs_to_roster(layout):
            self._give_roster(sheet)
        return _own_parents_first(sheet, own)

    def _index(self, layout: SheetLayout, sheet: SheetRows) -> list[dict[str, list[PlacedRow]]]:
        """For each way to name a row: folded name to the rows."""
        indexes: list[dict[str, list[PlacedRow]]] = []
        for fields in layout.known_by:
            index: dict[str, list[PlacedRow]] = defaultdict(list)
            for row in sheet.rows:
                if name := name_of(row, fields):
                    index[folded(name)].append(row)
            indexes.append(dict(index))
        return indexes

    def _resolve_column(self, sheet: SheetRows, column: Column) -> dict[PlacedRow, PlacedRow]:
        """Resolve a column of references; the rows of the same sheet that rows refer to."""
        assert column.refers_to is not None  # noqa: S101  for the type checker
        own: dict[PlacedRow, PlacedRow] = {}
        for row in sheet.rows:
            name = row.values.get(column.field)
            if not isinstance(name, str):
                continue
            meant = self._meant(column.refers_to, name)
            key = None if isinstance(meant, Broken) else self._key(column, meant)
            if key is None:  # of nobody, or of a row that has a fault itself
                sheet.blame(row, column.field, meant.message or None if isinstance(meant, Broken) else None)
                del row.values[column.field]
                continue
            row.values[column.field] = key
            if isinstance(meant, PlacedRow) and column.refers_to == row.entity and meant is not row:
                own[row] = meant
        return own

    def _meant(self, entity: str, name: str) -> PlacedRow | Hashable | Broken:
        """The row of the workbook, or the key in the database, that a name means. `Broken` without a message: better not told."""
        memo = (entity, name)
        if memo not in self._resolved:
            self._resolved[memo] = self._look_up(entity, name)
        return self._resolved[memo]

    def _look_up(self, entity: str, name: str) -> PlacedRow | Hashable | Broken:
        wanted = folded(name)
        sheet = self._sheets.get(entity)
        title = sheet.rows[0].sheet if sheet and sheet.rows else entity
        for fields, index in zip(sheet.table.layout.known_by if sheet else (), self._names.get(entity, ()), strict=False):
            rows = index.get(wanted, [])
            rows = [row for row in rows if name_of(row, fields) == name] or rows  # `dio` beside `DIO`
            # One key twice is a fault of those rows, and told there.
            if rows and len({self._key_of(row) or row for row in rows}) == 1:
                return rows[0]
            if rows:
                where = ", ".join(str(row.row) for row in rows[:5])
                return Broken(
                    Message(
                        "{value} is the name of several in {sheet} (rows {rows}); write which, by its {column}",
                        value=shown(name),
                        sheet=title,
                        rows=where,
                        column=self._first_title(entity),
                    )
                )
        if wanted in self._known.shared.get(entity, ()):
            return Broken(
                Message(
                    "{value} is the name of several in the database; write which, by its {column}",
                    value=shown(name),
                    column=self._first_title(entity),
                )
            )
        found = self._known.keys.get(entity, {}).get(wanted)
        if found is not None:
            return found
        if entity in self._unread or self._may_mean_a_faulty_row(entity, wanted):
            return Broken(Message(""))
        self._unknown += 1
        hint = nearest(name, self._all_names(entity)) if self._unknown <= MOST_HINTS else ""
        return Broken(Message("{value} is not in {sheet}{hint}", value=shown(name), sheet=title, hint=hint))

    def _key(self, column: Column, meant: PlacedRow | Hashable) -> object:
        """What a column holds for a row that it refers to."""
        assert column.refers_to is not None  # noqa: S101  for the type checker
        if not isinstance(meant, PlacedRow):
            return self._known.firsts.get(column.refers_to, {}).get(meant, meant) if column.by_key else meant
        layout = self._sheets[column.refers_to].table.layout
        if column.by_key:
            return name_of(meant, layout.known_by[0])
        key = self._key_of(meant)
        return meant if key is None and layout.model is None else key

    def _key_of(self, row: PlacedRow) -> Hashable:
        key = self._sheets[row.entity].table.layout.key
        found = row.values.get(key) if key else None
        return found if isinstance(found, Hashable) else None

    def _give_roster(self, sheet: SheetRows) -> None:
        rosters = self._sheets.get("rosters")
        rows = rosters.rows if rosters else []
        for row in sheet.rows:
            if len(rows) == 1 and (key := self._key_of(rows[0])):
                row.values[OF_ROSTER] = key
            else:
                sheet.blame(row, None, None)
        if sheet.rows and not rows and "rosters" not in self._unread:
            first = sheet.rows[0]
            sheet.faults.append(
                first.fault(None, Message("its rows belong to a roster, and no sheet Rooster says to which; add that sheet with one row"))
            )

    def _may_mean_a_faulty_row(self, entity: str, wanted: str) -> bool:
        """Whether a name can be that of a row whose name cannot be read; by the part of it that can."""
        sheet = self._sheets.get(entity)
        if sheet is None:
            return False
        for row, faulty in sheet.faulty.items():
            for fields in sheet.table.layout.known_by:
                if not faulty.isdisjoint(fields):
                    rest = [folded(str(row.values[field])) for field in fields if field not in faulty and field in row.values]
                    if not rest or any(part in wanted for part in rest):
                        return True
        return False

    def _all_names(self, entity: str) -> list[str]:
        sheet = self._sheets.get(entity)
        ways = sheet.table.layout.known_by if sheet else ()
        of_workbook = [name for row in (sheet.rows if sheet else ()) for fields in ways if (name := name_of(row, fields))]
        return [*self._known.keys.get(entity, ()), *of_workbook]  # of one that both have, the workbook's is the one as people write it

    def _first_title(self, entity: str) -> str:
        sheet = self._sheets.get(entity)
        if sheet is None:
            return Message("key")
        first = sheet.table.layout.known_by[0][0]
        return next(column.label(sheet.table.language) for column in sheet.table.layout.columns if column.field == first)


def _own_parents_first(sheet: SheetRows, own: Mapping[PlacedRow, PlacedRow]) -> list[PlacedRow]:
    """The rows of a sheet, each after the row of the same sheet that it refers to; otherwise as they come."""
    ordered: dict[PlacedRow, None] = {}
    for row in sheet.rows:
        line = [row]
        while (parent := own.get(line[-1])) is not None and parent not in ordered:
            if parent in line:
                sheet.blame(row, None, Message("refers to itself in a circle, over row {row}", row=parent.row))
                break
            line.append(parent)
        ordered.update(dict.fromkeys(reversed(line)))
    return list(ordered)
