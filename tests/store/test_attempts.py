"""A call whose answer is lost on the way is made again, and the database's answer to the second one tells what the first one did."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import TypeVar
from uuid import uuid4

import pytest
from pydantic import TypeAdapter

from greedy.database.connector import DBConnector
from greedy.database.errors import AuthenticationError, ConnectionError, QueryError, lost
from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables
from greedy.model.problem import SlotStatus
from greedy.persist.request import write_request
from greedy.solve.fill import fill
from greedy.store import calls
from greedy.store.changes import ChangeRequest, SlotChange, SlotContent
from greedy.store.functions import FunctionStore
from greedy.store.postgres import PostgresFunctions, PostgresStore
from greedy.workspace import Workspace
from tests.timing import PATIENCE_SECONDS

Answer = TypeVar("Answer")
LOST = ConnectionError("lost in the middle", retryable=True)


async def _nothing() -> None: ...


class Lossy:
    """The real functions, behind a line on which the next answers are lost after the call was done."""

    def __init__(self, db: DBConnector, *failures: Exception) -> None:
        self.failures = list(failures)
        self.called: list[str] = []
        self._functions = PostgresFunctions(db)
        self.server = self._functions.server
        self.afterwards: Callable[[], Awaitable[object]] = _nothing

    async def call(self, function: str, arguments: Mapping[str, object], answer: TypeAdapter[Answer]) -> Answer:
        self.called.append(function)
        found = await self._functions.call(function, arguments, answer)
        await self.afterwards()
        if self.failures:
            raise self.failures.pop(0)
        return found


async def test_an_import_whose_answer_was_lost_was_done(db: DBConnector, sample: PracticeTables) -> None:
    line = Lossy(db, LOST)
    assert await FunctionStore(line).import_tables(sample)
    assert line.called == ["import_roster_v1", "import_roster_v1", "load_roster_v1"]
    assert not await FunctionStore(Lossy(db)).import_tables(sample)


async def test_a_write_whose_answers_were_lost_is_done_once(
    db: DBConnector, store: PostgresStore, sample: PracticeTables, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "RETRY_SECONDS", PATIENCE_SECONDS)  # for three attempts, however long each takes
    await store.import_tables(sample)
    workspace = Workspace(to_problem(await store.load(sample.roster.id)))
    fill(workspace)
    line = Lossy(db, LOST, LOST)
    answer = await FunctionStore(line).write(write_request(workspace, uuid4(), "roster"))
    assert answer.assignments is not None
    assert (answer.repeated, answer.assignments.written) == (True, len(workspace.planned()))
    assert line.called == ["write_roster_v1"] * 3
    assert await db.execute("select count(*) from roster_writes", fetch_val=True) == 1
    assert await db.execute("select count(*) from roster_assignments where source = 'greedy'", fetch_val=True) == len(workspace.planned())


async def test_every_read_is_made_again(db: DBConnector, store: PostgresStore, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    roster_id = sample.roster.id
    line = Lossy(db)
    over = FunctionStore(line)
    for read in (
        lambda: over.load(roster_id),
        lambda: over.verify(roster_id),
        lambda: over.counts(roster_id),
        over.list_rosters,
        over.triggers,
        over.applied_migrations,
    ):
        line.failures, line.called = [LOST], []
        assert await read()
        assert len(line.called) == 2


async def test_what_cannot_succeed_later_is_not_made_again(db: DBConnector, store: PostgresStore, sample: PracticeTables) -> None:
    line = Lossy(db, QueryError("no"), LOST)
    with pytest.raises(QueryError, match="no"):
        await FunctionStore(line).import_tables(sample)
    assert line.called == ["import_roster_v1"]


@pytest.mark.parametrize("step", ["write", "import"])
@pytest.mark.parametrize("then", ["busy", "refused"])
async def test_after_a_lost_answer_nobody_says_that_nothing_was_done(
    db: DBConnector, store: PostgresStore, sample: PracticeTables, monkeypatch: pytest.MonkeyPatch, step: str, then: str
) -> None:
    """Between the first attempt, which was committed, and the second a planner opens a transaction; or the key is taken away."""
    await store.import_tables(sample)
    workspace = Workspace(to_problem(await store.load(sample.roster.id)))
    fill(workspace)
    monkeypatch.setattr(calls, "RETRY_SECONDS", 0.0)
    for function in ("write_roster_v1", "import_roster_v1"):
        await db.execute(f"alter function {function} set lock_timeout = '100ms'")
    line = Lossy(db, lost("127.0.0.1", "reset"), *([AuthenticationError("does not accept the key")] if then == "refused" else []))
    over = FunctionStore(line)
    async with db.connection() as planner, planner.transaction():
        if then == "busy":
            line.afterwards = lambda: planner.execute("select lock_roster($1)", [sample.roster.id])
        with pytest.raises(ConnectionError, match="nobody knows whether it was done") as caught:
            await (over.write(write_request(workspace, uuid4(), "roster")) if step == "write" else over.import_tables(sample, replace=True))
    assert caught.value.retryable
    assert len(line.called) == 2
    (detail,) = caught.value.details
    assert detail.startswith("tried again: ")
    assert {"busy": "is changing roster", "refused": "does not accept the key"}[then] in detail
    assert (await store.counts(sample.roster.id)).active_by_program == (len(workspace.planned()) if step == "write" else 0)


async def test_a_change_whose_answer_was_lost_is_made_once(db: DBConnector, store: PostgresStore, sample: PracticeTables) -> None:
    await store.import_tables(sample)
    day = sample.roster.start_date
    slot = SlotChange(employee_id="EMP003", date=day, dagdeel="A", before=SlotContent(), after=SlotContent(status=SlotStatus.UNAVAILABLE))
    answer = await FunctionStore(Lossy(db, LOST)).changes.make(
        ChangeRequest(id=uuid4(), roster_id=sample.roster.id, actor="Anna", slots=[slot])
    )
    assert answer.repeated
    assert [change.kind for change in await store.changes.list(sample.roster.id)] == ["edit", "import"]
