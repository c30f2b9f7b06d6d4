"""Keys of rows whose sheet leaves them out: made from what does not change, so that the same workbook again means the same rows."""

from __future__ import annotations

from collections import defaultdict
from uuid import UUID, uuid5

import inflection

from greedy.ingest.workbook.assembly import SheetRows
from greedy.ingest.workbook.layout import SheetLayout
from greedy.ingest.workbook.rows import Known, PlacedRow, folded
from greedy.model.message import Message

LONGEST_NUMBER = 64
NAMESPACE = UUID("5d1f7a0e-6c53-4c0e-9a57-0d0c2b1e6f11")
EMPLOYEE_NAME = ("voornaam", "achternaam")


def name_of(row: PlacedRow, fields: tuple[str, ...]) -> str:
    """What stands in these fields of a row, joined by spaces; empty when nothing does."""
    return " ".join(str(row.values[field]) for field in fields if field in row.values)


class Keys:
    """The keys of the rows of one sheet."""

    def __init__(self, layout: SheetLayout, sheet: SheetRows, known: Known) -> None:
        self._layout = layout
        self._sheet = sheet
        self._known = known

    def assign(self) -> None:
        """Give each row without a key the one that the database has for its name, else a new one where we know how to make it."""
        key = self._layout.key
        if key is None:
            return
        made: dict[object, list[PlacedRow]] = defaultdict(list)
        for row in self._sheet.rows:
            if key in row.values or key in self._sheet.faulty.get(row, ()):
                continue
            found = self._known_key(row) or self._new_key(row)
            if found is not None:
                row.values[key] = found
                made[found].append(row)
        if self._layout.entity == "employees":
            self._blame_clashes(made)

    def _blame_clashes(self, made: dict[object, list[PlacedRow]]) -> None:
        """Two employees of one name come out with one number. Other doubles are told by what they have twice."""
        without = {row for rows in made.values() for row in rows}
        given = {row.values["id"]: row for row in self._sheet.rows if "id" in row.values and row not in without}
        for key, rows in made.items():
            first = given.get(key, rows[0])
            for row in rows:
                if row is not first:
                    told = {"row": first.row, "key": key}
                    message = Message(
                        "cannot be told from row {row}: without a number both are {key}; give each a number of its own", **told
                    )
                    self._sheet.blame(row, "id", message)

    def _known_key(self, row: PlacedRow) -> object:
        if self._layout.entity == "rosters":
            return None  # two rosters may bear one name
        for fields in self._layout.known_by:
            name = folded(name_of(row, fields))
            if not name or not self._sheet.faulty.get(row, set()).isdisjoint(fields):
                continue
            if name in self._known.shared.get(self._layout.entity, ()):
                message = Message("several in the database are called {name}; write which, by its key", name=name_of(row, fields))
                self._sheet.blame(row, self._layout.key, message)
                return None
            if name in self._known.keys.get(self._layout.entity, {}):
                return self._known.keys[self._layout.entity][name]
        return None

    def _new_key(self, row: PlacedRow) -> object:
        match self._layout.entity:
            case "rosters" if {"start_date", "end_date"} <= row.values.keys():
                return uuid5(NAMESPACE, "\n".join(str(row.values.get(field, "")) for field in ("naam", "start_date", "end_date")))
            case "service_types" if "code" in row.values:
                return uuid5(NAMESPACE, f"service {row.values['code']}")
            case "employees" if "voornaam" in row.values:
                slug = inflection.parameterize(name_of(row, EMPLOYEE_NAME))[:LONGEST_NUMBER]
                if not slug:
                    self._sheet.blame(row, "id", Message("no number can be made from {name}; give one", name=name_of(row, EMPLOYEE_NAME)))
                return slug or None
        return None
