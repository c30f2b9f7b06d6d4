"""What holds for rows of rosters: their roster is there, is not final, is locked before its rows are changed, and its history says so."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

import sqlalchemy as sa

from greedy.database.rows.storage import UnfitError, format_for_storage
from greedy.ingest.workbook.faults import CellFault
from greedy.ingest.workbook.rows import PlacedRow
from greedy.ingest.writing.entities import OURS, EntityType
from greedy.ingest.writing.violations import findings
from greedy.ingest.writing.writer import DatabaseWriter
from greedy.model.message import Message

ROSTERS = "rosters"
_STATE = sa.text("select roster_state_v1(cast(:roster as uuid)) ->> 'digest', cast(entered_slots(cast(:roster as uuid)) as text)")
_KEEP = sa.text(
    "select keep_change(gen_random_uuid(), id, 'import', cast(:actor as text), '', "
    "difference_of_slots(cast(cast(:slots as text) as jsonb), entered_slots(id))) from rosters "
    "where id = cast(:roster as uuid) and roster_state_v1(id) ->> 'digest' is distinct from cast(:digest as text)"
)


def roster_column(one: EntityType) -> str | None:
    """The column by which rows of ours belong to a roster."""
    if OURS.get(one.name) is not one:
        return None
    return next((column for column, parent in one.parents.items() if parent == ROSTERS), None)


@dataclass(frozen=True)
class Before:
    """What a locked roster held before rows of it came.

    `digest`: of all that it holds; None of a new one. `slots`: work, absence and notes, as the database gives them.
    """

    roster_id: UUID
    digest: str | None
    slots: str


async def lock_rosters(writer: DatabaseWriter, rows: Sequence[PlacedRow]) -> tuple[list[Before], list[CellFault]]:
    """Lock the rosters of these rows, in the order of their ids. What they hold, and which cannot be changed, once for each sheet."""
    of_roster: dict[UUID, dict[str, PlacedRow]] = defaultdict(dict)
    brought = set()
    faults = []
    for row in rows:
        column = "id" if row.entity == ROSTERS else roster_column(OURS[row.entity])
        if column is None:
            continue
        value = row.values.get(column)
        if column != "id" and value is None:
            nowhere = Message("nothing says of which roster these rows are; give the workbook its sheet Rooster")
            return [], [CellFault(row.sheet, 0, "", "", nowhere)]
        try:
            roster_id = format_for_storage(value, "uuid")
        except UnfitError:
            faults.append(row.fault(column, Message("{value} is not the id of a roster", value=format(repr(value), ".80"))))
            continue
        if isinstance(roster_id, UUID):
            of_roster[roster_id].setdefault(row.sheet, row)
            if row.entity == ROSTERS:
                brought.add(roster_id)
    if not of_roster or faults:
        return [], faults
    connection = await writer.connection()
    with findings(writer.server):
        table = (await writer.table(ROSTERS)).columns
        chosen = sa.select(table["id"], table["status"]).where(table["id"].in_(list(of_roster))).order_by(table["id"])
        # The row first, as whoever changes the roster's dates has it before she waits for the roster.
        there = {found.id: found.status for found in await connection.execute(chosen.with_for_update(key_share=True))}
        for roster_id in sorted(of_roster):
            await connection.execute(sa.text("select lock_roster(cast(:roster as uuid))"), {"roster": roster_id})
        before = [Before(roster_id, *(await connection.execute(_STATE, {"roster": roster_id})).one()) for roster_id in sorted(of_roster)]
    for roster_id, sheets in of_roster.items():
        why = None
        if there.get(roster_id) == "final":
            why = Message("roster {roster} is final: it is not changed", roster=roster_id)
        elif roster_id not in there and roster_id not in brought:
            why = Message("the database has no roster {roster}; import the whole workbook, with its sheet Rooster", roster=roster_id)
        faults += [CellFault(sheet, 0, "", "", why) for sheet in sheets if why]
    return before, faults


async def keep_imports(writer: DatabaseWriter, rosters: Sequence[Before], actor: str) -> None:
    """Leave a line in the history of each of these rosters that is not what it was before."""
    connection = await writer.connection()
    with findings(writer.server):
        for one in rosters:
            await connection.execute(_KEEP, {"roster": one.roster_id, "digest": one.digest, "slots": one.slots, "actor": actor})
