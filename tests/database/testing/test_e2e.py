"""All registered end-to-end tests, and the registry itself."""

from __future__ import annotations

import asyncio

import pytest

from greedy.database.connector import DBConnector
from greedy.database.testing.e2e import E2ERegistry
from greedy.database.testing.modes import TestMode, TestSession
from greedy.database.testing.seed import load_seed_data
from greedy.errors import InputError
from tests.database.testing.e2e_practice import practice_tests
from tests.database.testing.test_seed import SEED
from tests.timing import PATIENCE_SECONDS


@pytest.mark.parametrize("mode", [TestMode.MOCK, TestMode.E2E, TestMode.PRODUCTION])
async def test_all_of_the_practice_pass_in_every_mode(marked: DBConnector, mode: TestMode) -> None:
    protected = (await load_seed_data(marked, {"employees": SEED["employees"][:1]})).protected
    summary = await practice_tests.run(marked, mode, protected=protected)
    assert summary.failed == 0, str(summary)
    assert summary.passed == (1 if mode is TestMode.PRODUCTION else 4)
    for table, left in (("employees", 1), ("rosters", 0), ("roster_assignments", 0)):
        assert await marked.execute(f"select count(*) from {table}", fetch_val=True) == left


async def test_a_run_goes_on_after_a_failure_and_tells_of_each(db: DBConnector) -> None:
    registry = E2ERegistry()

    @registry.add(name="writes")
    async def writes(session: TestSession) -> None:
        await session.connection.execute("insert into employees (id, voornaam, team) values ('E1', 'A', 'Groen')")

    @registry.add(requires=["employees"])
    async def sees_nothing_of_it(session: TestSession) -> None:
        assert await session.connection.execute("select count(*) from employees", fetch_val=True) == 0

    @registry.add(name="wrong", modes=[TestMode.MOCK])
    async def wrong(session: TestSession) -> None:
        assert await session.connection.execute("select 1", fetch_val=True) == 2, "one is not two"

    @registry.add(name="refused by the server")
    async def refused(session: TestSession) -> None:
        await session.connection.execute("insert into employees (id) values (null)")

    @registry.add(name="slow", timeout_seconds=0.1)
    async def slow(session: TestSession) -> None:
        await session.connection.execute("select pg_sleep(600)", fetch_val=True)

    @registry.add(name="needs more", requires=["employes"])
    async def needs_more(session: TestSession) -> None: ...

    @registry.add(name="last")
    async def last(session: TestSession) -> None:
        await asyncio.sleep(0)

    summary = await registry.run(db, TestMode.MOCK)
    assert [(one.name, one.passed) for one in summary.results] == [
        ("writes", True), ("sees_nothing_of_it", True), ("wrong", False), ("refused by the server", False), ("slow", False),
        ("needs more", False), ("last", True),
    ]  # fmt: skip
    assert (summary.passed, summary.failed) == (3, 4)
    errors = {one.name: one.error for one in summary.results if one.error}
    assert errors["wrong"].startswith("AssertionError: one is not two")
    assert errors["refused by the server"].startswith("QueryError: ")
    assert errors["slow"] == "it took longer than 0.1 s"
    assert "has no table 'employes'. Did you mean: employees?" in errors["needs more"]
    assert str(summary).splitlines()[-1].startswith("3 passed, 4 failed in ")
    assert all(one.seconds < PATIENCE_SECONDS for one in summary.results)
    unmarked = await registry.run(db, TestMode.E2E, names=["writes"])
    assert "not marked as a database for tests" in (unmarked.results[0].error or "")
    assert await db.execute("select count(*) from employees", fetch_val=True) == 0


def test_tests_are_selected_by_name_and_mode() -> None:
    registry = E2ERegistry()

    async def nothing(session: TestSession) -> None: ...

    registry.add(name="a", modes=[TestMode.PRODUCTION])(nothing)
    registry.add(name="b")(nothing)
    assert [test.name for test in registry] == ["a", "b"]
    assert [test.name for test in registry.select(mode=TestMode.MOCK)] == ["b"]
    assert [test.name for test in registry.select(names=["a"])] == ["a"]
    with pytest.raises(InputError, match="no end-to-end test c") as caught:
        registry.select(names=["c"])
    assert caught.value.next_step == "there are: a, b"
    with pytest.raises(InputError, match="'a' already"):
        registry.add(name="a")(nothing)
    with pytest.raises(InputError, match="no mode"):
        registry.add(name="d", modes=[])(nothing)
