"""The same rows again are the same, also where PostgreSQL keeps a value otherwise than it was given."""

from __future__ import annotations

from decimal import Decimal

import pytest

from greedy.database.connector import DBConnector
from greedy.ingest.rows.importing import RowsOutcome, Tally, import_rows
from greedy.ingest.workbook.faults import WorkbookError
from greedy.ingest.writing.entities import EntityType, EntityTypes
from greedy.ingest.writing.sessions import open_session
from tests.ingest.rows.test_rows import sheet

DDL = """
create table things (id uuid primary key default gen_random_uuid(), code char(6), size numeric(6, 2), price numeric(6, 2), share real,
  whole double precision, moment timestamptz, data jsonb, unique (code, size));
create table codes (id char(6) primary key, note text);
"""
TYPES = EntityTypes([EntityType("things", "things", key=("code", "size")), EntityType("codes", "codes")])
THING = {
    "code": "ab",
    "size": Decimal("1.005"),
    "price": Decimal("-7.125"),
    "share": 0.1,
    "whole": 0.1,
    "moment": "2026-01-01T10:00+02:00",
    "data": {"b": 1, "a": [1, 2.5]},
}


async def bring(db: DBConnector, entity: str, row: dict[str, object], *, replace: bool = False) -> RowsOutcome:
    async with open_session(db) as session:
        return await import_rows(session, TYPES, sheet(entity, [row]), replace=replace)


async def test_the_same_again_is_the_same_and_other_values_are_not(db: DBConnector) -> None:
    await db.execute(DDL)
    assert (await bring(db, "things", THING)).entities == {"things": Tally(new=1)}
    assert tuple(await db.execute("select size, price from things", fetch_row=True)) == (Decimal("1.01"), Decimal("-7.13"))
    for same in (
        THING,
        THING | {"size": 1.01, "price": Decimal("-7.13"), "moment": "2026-01-01T08:00Z", "data": {"a": [1.0, 2.5], "b": 1}},
    ):
        assert (await bring(db, "things", same)).entities == {"things": Tally(same=1)}
    for other in ({"price": -7.12}, {"share": 0.1001}, {"whole": 0.1001}, {"moment": "2026-01-01T08:00:01Z"}, {"data": {"b": 2}}):
        with pytest.raises(WorkbookError, match="has 1 fault"):
            await bring(db, "things", THING | other)
        assert (await bring(db, "things", THING | other, replace=True)).entities == {"things": Tally(changed=1)}
        assert (await bring(db, "things", THING, replace=True)).entities == {"things": Tally(changed=1)}
    assert (await bring(db, "things", THING | {"code": "AB"})).entities == {"things": Tally(new=1)}


async def test_an_id_that_is_filled_with_spaces_is_found(db: DBConnector) -> None:
    await db.execute(DDL)
    await bring(db, "codes", {"id": "ab", "note": "1"})
    assert (await bring(db, "codes", {"id": "ab", "note": "1"})).entities == {"codes": Tally(same=1)}
    assert (await bring(db, "codes", {"id": "ab", "note": "2"}, replace=True)).entities == {"codes": Tally(changed=1)}
    assert await db.execute("select note from codes", fetch_val=True) == "2"
