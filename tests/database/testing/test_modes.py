"""Test modes: what each lets a test do, and what it leaves behind."""

from __future__ import annotations

import pytest

from greedy.database.connector import DBConnector
from greedy.database.errors import QueryError
from greedy.database.testing.modes import TestMode, test_session
from greedy.database.testing.seed import load_seed_data
from greedy.errors import InputError, SettingsError
from tests.database.testing.test_seed import SEED

COUNT = "select count(*) from employees"


def test_the_environment_names_the_mode(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("GREEDY_TEST_MODE", raising=False)
    assert TestMode.from_environment() is TestMode.MOCK
    monkeypatch.setenv("GREEDY_TEST_MODE", " E2E ")
    assert TestMode.from_environment() is TestMode.E2E
    monkeypatch.setenv("GREEDY_TEST_MODE", "prod")
    with pytest.raises(SettingsError, match="GREEDY_TEST_MODE is 'prod'") as caught:
        TestMode.from_environment()
    assert caught.value.next_step == "set it to one of production, e2e, mock"


async def test_production_reads_and_the_server_refuses_every_write(db: DBConnector) -> None:
    await load_seed_data(db, SEED)
    async with test_session(db, TestMode.PRODUCTION) as session:
        assert len(await session.operator.fetch("employees")) == 2
        for write in (session.operator.delete("employees", all_rows=True), session.connection.execute("truncate rosters cascade")):
            with pytest.raises(QueryError, match="read-only transaction"):
                async with session.connection.transaction():
                    await write
        with pytest.raises(InputError, match="nothing is made up in production"):
            _ = session.generator
    assert await db.execute(COUNT, fetch_val=True) == 2


async def test_mock_makes_rows_up_and_leaves_none(db: DBConnector, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GREEDY_TEST_MODE", "mock")
    async with test_session(db, seed=4) as session:
        rows = await session.generator.insert_related_rows("rosters", children={"roster_assignments": 3})
        assert len(await session.operator.fetch("employees")) == len(rows["employees"]) > 0
        assert await db.execute(COUNT, fetch_val=True) == 0
    assert await db.execute(COUNT, fetch_val=True) == 0


async def test_e2e_commits_and_cleans_up_after_and_before(marked: DBConnector) -> None:
    protected = (await load_seed_data(marked, SEED)).protected
    await marked.execute("insert into employees (id, voornaam, team) values ('left behind by a killed test', 'X', 'Groen')")
    before = await marked.execute("select e::text || e.xmin from employees e where id = 'E1'", fetch_val=True)
    with pytest.raises(RuntimeError, match="in the middle"):
        async with test_session(marked, TestMode.E2E, protected=protected) as session:
            assert [row["id"] for row in await session.operator.fetch("employees")] == ["E1"]
            await session.generator.insert_related_rows("rosters", children={"roster_assignments": 3})
            assert await marked.execute(COUNT, fetch_val=True) > 1
            raise RuntimeError("in the middle")
    assert await marked.execute("select e::text || e.xmin from employees e", fetch_val=True) == before
    assert await marked.execute(COUNT, fetch_val=True) == 1


async def test_e2e_on_a_database_that_is_not_marked_does_not_begin(db: DBConnector) -> None:
    await load_seed_data(db, SEED)
    began = False
    with pytest.raises(InputError, match="not marked as a database for tests"):
        async with test_session(db, TestMode.E2E):
            began = True
    assert (began, await db.execute(COUNT, fetch_val=True)) == (False, 2)
