"""What holds for rows of rosters: their roster is there, is not final, and is locked before its rows are changed."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from uuid import UUID

import sqlalchemy as sa

from greedy.database.rows.storage import UnfitError, format_for_storage
from greedy.ingest.workbook.faults import CellFault
from greedy.ingest.workbook.rows import PlacedRow
from greedy.ingest.writing.entities import OURS, EntityType
from greedy.ingest.writing.violations import findings
from greedy.ingest.writing.writer import DatabaseWriter

ROSTERS = "rosters"


def roster_column(one: EntityType) -> str | None:
    """The column by which rows of ours belong to a roster."""
    if OURS.get(one.name) is not one:
        return None
    return next((column for column, parent in one.parents.items() if parent == ROSTERS), None)


async def lock_rosters(writer: DatabaseWriter, rows: Sequence[PlacedRow]) -> list[CellFault]:
    """Lock the rosters of these rows, in the order of their ids, and say which cannot be changed, once for each sheet."""
    of_roster: dict[UUID, dict[str, PlacedRow]] = defaultdict(dict)
    brought = set()
    faults = []
    for row in rows:
        column = "id" if row.entity == ROSTERS else roster_column(OURS[row.entity])
        if column is None:
            continue
        value = row.values.get(column)
        if column != "id" and value is None:
            return [CellFault(row.sheet, 0, "", "", "nothing says of which roster these rows are; give the workbook its sheet Rooster")]
        try:
            roster_id = format_for_storage(value, "uuid")
        except UnfitError:
            faults.append(row.fault(column, f"{value!r:.80} is not the id of a roster"))
            continue
        if isinstance(roster_id, UUID):
            of_roster[roster_id].setdefault(row.sheet, row)
            if row.entity == ROSTERS:
                brought.add(roster_id)
    if not of_roster or faults:
        return faults
    connection = await writer.connection()
    with findings(writer.server):
        table = (await writer.table(ROSTERS)).columns
        chosen = sa.select(table["id"], table["status"]).where(table["id"].in_(list(of_roster))).order_by(table["id"])
        # The row first, as whoever changes the roster's dates has it before she waits for the roster.
        there = {found.id: found.status for found in await connection.execute(chosen.with_for_update(key_share=True))}
        for roster_id in sorted(of_roster):
            await connection.execute(sa.text("select lock_roster(cast(:roster as uuid))"), {"roster": roster_id})
    for roster_id, sheets in of_roster.items():
        why = None
        if there.get(roster_id) == "final":
            why = f"roster {roster_id} is final: it is not changed"
        elif roster_id not in there and roster_id not in brought:
            why = f"the database has no roster {roster_id}; import the whole workbook, with its sheet Rooster"
        faults += [CellFault(sheet, 0, "", "", why) for sheet in sheets if why]
    return faults
