"""One import of rows of workbooks: what each becomes in the database, and the keys of those that others refer to."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from greedy.database.rows.storage import UnfitError
from greedy.ingest.rows.matching import Difference, Standing, Stored, differences, field_of, kept, key_of, standing
from greedy.ingest.rows.roster_rules import ROSTERS, Before, lock_rosters, roster_column
from greedy.ingest.workbook.faults import CellFault
from greedy.ingest.workbook.layout import WISHES
from greedy.ingest.workbook.rows import PlacedRow
from greedy.ingest.workbook.values import shown
from greedy.ingest.writing.entities import OURS, EntityType
from greedy.ingest.writing.reflected import EntityTable
from greedy.ingest.writing.violations import Finding, Violation, findings
from greedy.ingest.writing.writer import DatabaseWriter
from greedy.loggable import format_for_log
from greedy.model.message import Message

ROWS_AT_ONCE = 1000  # of an insert; with a fault among them, so many are tried again without it
FEW_ROWS = 50  # of an insert where some are not taken: each of those costs as much again
MOST_FAULTS = 200  # that the database finds: nobody mends more at once


@dataclass(frozen=True)
class Tally:
    """Rows of one entity type: inserted, found equal, changed."""

    new: int = 0
    same: int = 0
    changed: int = 0


class RowImport:
    """One import: the keys of rows as they become known, and what was found."""

    def __init__(self, writer: DatabaseWriter, rows: Sequence[PlacedRow], context: Iterable[PlacedRow], *, replace: bool) -> None:
        self.writer = writer
        self.rows: dict[str, list[PlacedRow]] = defaultdict(list)
        for row in _with_those_referred_to(row for row in [*rows, *context] if row.entity != WISHES.entity):
            self.rows[row.entity].append(row)
        self.chosen = set(rows)
        self.replace = replace
        self.faults: list[CellFault] = []
        self.rosters: list[Before] = []  # as they were
        self.replaced: list[CellFault] = []
        self.differing = False
        self.counts: dict[str, dict[str, int]] = {}
        self._ids: dict[PlacedRow, Any] = {}
        self._unusable: set[PlacedRow] = set()
        self._moved: dict[tuple[str, Any], Any] = {}  # ids of the workbook whose rows have other ids in the database

    @property
    def tallies(self) -> dict[str, Tally]:
        """What became of the rows, by entity type."""
        return {name: Tally(**counts) for name, counts in self.counts.items()}

    @property
    def next_step(self) -> str:
        """What whoever made the workbook can do about the faults."""
        if self.differing:
            return Message("mend the cells; or say --replace where the workbook is right")
        return Message("mend the cells, and import it again")

    async def run(self) -> None:
        """All entity types, parents first."""
        for name in self.rows:
            _ = self.writer.types[name]
        if self.writer.types.get(ROSTERS) is OURS[ROSTERS]:
            chosen = [row for rows in self.rows.values() for row in rows if row in self.chosen]
            self.rosters, self.faults = await lock_rosters(self.writer, chosen)
            if self.faults:
                return
        for name, one in self.writer.types.items():
            rest = self.rows.get(name, [])
            if self.chosen.intersection(rest):
                self.counts[name] = {"new": 0, "same": 0, "changed": 0}
            while rest:  # once, but for rows that belong to others of the same table
                ready = [row for row in rest if all(self._is_settled(parent) for parent in _referred_to(row))] or rest
                await self._settle(await self.writer.table(name), ready)
                done = set(ready)
                rest = [row for row in rest if row not in done] if one.refers_to_itself else []

    def _is_settled(self, row: PlacedRow) -> bool:
        return row in self._ids or row in self._unusable

    async def _settle(self, table: EntityTable, rows: Sequence[PlacedRow]) -> None:
        """Rows whose parents are known: look each up, and insert or change it."""
        read = {row: values for row in rows if (values := self._values(table, row)) is not None}
        connection = await self.writer.connection()
        try:
            with findings(self.writer.server):
                there = await standing(connection, table, list(read.values()))
        except Finding as exc:  # a value that cannot even be looked for
            raise exc.told(table, table.type.name) from exc.__cause__
        new: list[tuple[PlacedRow, dict[str, Any]]] = []
        changes: list[tuple[PlacedRow, Stored, dict[str, Any]]] = []
        first: dict[Any, PlacedRow] = {}
        for row, values in read.items():
            found = self._found(table, row, values, there)
            if row in self._unusable:
                continue
            identity = key_of(table, values) or _identity(table.type, values)
            if row in self.chosen and identity is not None and (other := first.setdefault(identity, row)) is not row:
                self._refuse(row, None, Message("it is the same row as row {row}", row=other.row))
            elif found is not None:
                self._remember(table, row, values, _identity(table.type, found))
                if row in self.chosen:
                    self._compare(table, row, values, found, changes)
            elif row in self.chosen:
                new.append((row, values))
            elif (own := _identity(table.type, values)) is not None:
                self._ids[row] = own  # of a sheet that is not imported; the database says whether it is right
            else:
                self._unusable.add(row)
        await self._write(table, new, changes)

    def _values(self, table: EntityTable, row: PlacedRow) -> dict[str, Any] | None:
        """What a row says, as its columns take it, with the ids that its parents have in the database; None when it cannot be used."""
        values: dict[str, Any] = {}
        fits = True
        for name, given in row.values.items():
            value = given
            if isinstance(value, PlacedRow):
                if value not in self._ids:
                    fits = False
                    if not self._faulty(value):
                        told = {"row": value.row, "sheet": value.sheet}
                        self._refuse(row, name, Message("row {row} of {sheet} is not in the database; import that sheet too", **told))
                    continue
                value = self._ids[value]
            try:
                stored = table.stored(name, value) if name in table.columns else table.stored(table.column_named(name), value)
            except UnfitError as exc:
                self._refuse(row, name, table.unfit(name, value, exc))
                fits = False
                continue
            parent = table.type.parents.get(name)
            values[name] = stored if parent is None else self._moved.get((parent, stored), stored)
        if not fits:
            self._unusable.add(row)
            return None
        return values

    def _faulty(self, row: PlacedRow) -> bool:
        """Whether something was said of a row already, so that nothing more has to be of those that refer to it."""
        return row in self._unusable and row in self.chosen

    def _found(self, table: EntityTable, row: PlacedRow, values: dict[str, Any], there: Standing) -> Stored | None:
        """The row of the database that this is. An id that is that of a row of another roster gives way to a new one."""
        one = table.type
        key = key_of(table, values)
        by_key = there.by_key.get(key) if key is not None else None
        if one.id_column is None:
            return by_key
        by_id = there.by_id.get(kept(table, one.id_column, values.get(one.id_column)))
        roster = roster_column(one)
        if by_id is not None and roster is not None and by_id[roster] != values.get(roster):
            values.pop(one.id_column)
            by_id = None
        if by_key is not None and by_id is not None and by_key[one.id_column] != by_id[one.id_column]:
            shown = ", ".join(format_for_log(part) for part in key or ())
            message = Message("{what} is another row in the database, with the id {id}", what=shown, id=by_key[one.id_column])
            self._refuse(row, one.key[-1], message)
            return None
        return by_key if by_key is not None else by_id

    def _remember(self, table: EntityTable, row: PlacedRow, values: Mapping[str, Any], identity: Any) -> None:  # noqa: ANN401
        self._ids[row] = identity
        own = _identity(table.type, values)
        if own is not None and own != identity:
            self._moved[table.type.name, own] = identity

    def _compare(
        self,
        table: EntityTable,
        row: PlacedRow,
        values: dict[str, Any],
        found: Stored,
        changes: list[tuple[PlacedRow, Stored, dict[str, Any]]],
    ) -> None:
        differing = list(differences(table, row, values, found))
        if not differing:
            self.counts[row.entity]["same"] += 1
            return
        self.differing = True
        told = [row.fault(field_of(row, one.column), _told(one)) for one in differing]
        if not self.replace:
            self.faults += told
            self._unusable.add(row)
            return
        self.replaced += told
        self.counts[row.entity]["changed"] += 1
        changes.append((row, {name: found[name] for name in table.type.identity}, {one.column: one.here for one in differing}))

    async def _write(
        self,
        table: EntityTable,
        new: Sequence[tuple[PlacedRow, dict[str, Any]]],
        changes: Sequence[tuple[PlacedRow, Stored, dict[str, Any]]],
    ) -> None:
        name = table.type.name

        async def insert(some: Sequence[tuple[PlacedRow, dict[str, Any]]]) -> None:
            ids = await self.writer.batch_insert_entities(name, [values for _, values in some])
            for (row, _), made in zip(some, ids, strict=True):
                self._ids[row] = made
            self.counts[name]["new"] += len(some)

        async def change(some: Sequence[tuple[PlacedRow, Stored, dict[str, Any]]]) -> None:
            await self.writer.batch_update_entities(name, [(where, values) for _, where, values in some])

        for first in range(0, len(changes), ROWS_AT_ONCE):
            await self._without_faulty(change, changes[first : first + ROWS_AT_ONCE])
        for first in range(0, len(new), ROWS_AT_ONCE):
            await self._without_faulty(insert, new[first : first + ROWS_AT_ONCE])

    async def _without_faulty(self, write: Any, rows: Sequence[Any]) -> None:  # noqa: ANN401
        """Write rows; those that the database does not take become faults, and the others are tried again."""
        rest = list(rows)
        while rest and len(self.faults) < MOST_FAULTS:
            try:
                await write(rest)
            except Violation as exc:
                if exc.row is None:
                    raise
                if len(rest) > FEW_ROWS:
                    for first in range(0, len(rest), FEW_ROWS):
                        await self._without_faulty(write, rest[first : first + FEW_ROWS])
                    return
                row: PlacedRow = rest.pop(exc.row)[0]
                self._refuse(row, next((column for column in reversed(exc.columns) if field_of(row, column)), None), exc.reason)
            else:
                return

    def _refuse(self, row: PlacedRow, column: str | None, message: Message) -> None:
        self._unusable.add(row)
        self.faults.append(row.fault(field_of(row, column), message))


def _referred_to(row: PlacedRow) -> Iterator[PlacedRow]:
    return (value for value in row.values.values() if isinstance(value, PlacedRow))


def _with_those_referred_to(rows: Iterable[PlacedRow]) -> list[PlacedRow]:
    """The rows and whatever they refer to, each once."""
    found: dict[PlacedRow, None] = {}
    rest = list(rows)[::-1]
    while rest:
        row = rest.pop()
        if row not in found:
            found[row] = None
            rest += _referred_to(row)
    return list(found)


def _identity(one: EntityType, values: Mapping[str, Any]) -> Any:  # noqa: ANN401
    """The id of a row, or the values of its key; None when it has none."""
    if one.id_column is not None:
        return values.get(one.id_column)
    key = tuple(values.get(column) for column in one.key)
    return None if None in key else key


def _told(one: Difference) -> Message:
    return Message("{here} here, {there} in the database", here=_shown(one.here), there=_shown(one.there))


def _shown(value: object) -> str:
    if value is None:
        return Message("empty")
    return format_for_log(value, max_characters=80) if isinstance(value, (dict, list)) else shown(value)
