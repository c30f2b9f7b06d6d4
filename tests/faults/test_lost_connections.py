"""Connections lost at any moment while planners work: what was answered stands, once, and nothing else does."""

from __future__ import annotations

import asyncio
from uuid import uuid4

import pytest

from greedy.database.connector import DBConnector
from greedy.formats.tables import PracticeTables
from greedy.store import calls
from greedy.store.changes import ChangeAnswer, ChangeRequest
from greedy.store.postgres import PostgresStore
from tests.contract.test_changes import AWAY, OPEN, content, request, slot
from tests.timing import PATIENCE_SECONDS, until

PLANNERS = {"Anna": "EMP001", "Bea": "EMP003", "Cato": "EMP005"}
CHANGES = 4
KILLS = 8
TERMINATED = """
select pg_terminate_backend(pid) from pg_stat_activity
where datname = current_database() and state = 'active' and pid <> pg_backend_pid()
"""


async def test_what_was_answered_stands_whatever_connections_are_lost(
    store: PostgresStore, sample: PracticeTables, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "RETRY_SECONDS", PATIENCE_SECONDS)  # one may be hit again and again
    await store.import_tables(sample)
    before = await content(store, sample.roster.id)
    answered: list[tuple[ChangeRequest, ChangeAnswer]] = []

    async def work(actor: str, who: str) -> None:
        stands = OPEN
        for number in range(CHANGES):
            asked = request(sample, slot(OPEN if number % 2 else AWAY, stands, who=who), actor=actor)
            made = await store.changes.make(asked)
            stands = made.change.slots[0].after
            answered.append((asked, made))
            copy = await store.copies.make(uuid4(), sample.roster.id, "Wat als?", actor)
            await store.copies.delete(copy.copy_id, actor)

    async def kill() -> None:
        async with DBConnector(database_url, min_size=1) as other:
            for _ in range(KILLS):
                so_far = len(answered)
                await other.execute(TERMINATED)
                await until(lambda so_far=so_far: _is(len(answered) > so_far or len(answered) == CHANGES * len(PLANNERS)))

    await asyncio.gather(kill(), *(work(*planner) for planner in PLANNERS.items()))
    for asked, made in answered:
        again = await store.changes.make(asked)
        assert again.repeated
        assert again.change.slots == made.change.slots
    history = await store.changes.list(sample.roster.id, limit=100)
    assert {one.id for one in history if one.kind == "edit"} == {asked.id for asked, _ in answered}
    kinds = [one.kind for one in history]
    assert {kind: kinds.count(kind) for kind in kinds} == {"import": 1} | dict.fromkeys(("edit", "copy", "delete"), len(answered))
    assert await content(store, sample.roster.id) == before
    assert [roster.id for roster in await store.list_rosters()] == [sample.roster.id]


async def _is(fact: bool) -> bool:
    return fact
