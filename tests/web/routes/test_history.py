"""The history of a roster as a page."""

from __future__ import annotations

from typing import get_args

from greedy.database.connector import DBConnector
from greedy.store.changes import ChangeKind
from tests.web.routes.conftest import AtWork, said


async def test_changes_of_every_kind_are_told(planner: AtWork, db: DBConnector, roster: str) -> None:
    for kind in get_args(ChangeKind):
        await db.execute(
            "insert into roster_changes (id, roster_id, kind, actor, undoes, slot_count, request_digest) "
            "values (gen_random_uuid(), $1, $2, 'Anna', case when $2 = 'undo' then gen_random_uuid() end, 0, '')",
            [roster, kind],
        )
    history = await planner.get(f"/rosters/{roster}/history")
    assert history.status_code == 200
    assert all(words in said(history) for words in ("Copy deleted", "Absences brought in", "Imported"))
