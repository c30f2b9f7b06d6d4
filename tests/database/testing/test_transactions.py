"""Nothing that happens in a test's transaction stays."""

from __future__ import annotations

import inspect
from collections.abc import AsyncIterator

import pytest

from greedy.database.connection import DBConnection
from greedy.database.connector import DBConnector
from greedy.database.errors import QueryError
from greedy.database.testing.transactions import TestTransactionManager, rolled_back, with_transaction
from greedy.errors import InputError

INSERT = "insert into employees (id, voornaam, team) values ($1, 'Anna', 'Groen')"
COUNT = "select count(*) from employees"


async def test_what_is_written_is_seen_inside_and_gone_after(db: DBConnector) -> None:
    async with TestTransactionManager(db) as transaction:
        await transaction.connection.execute(INSERT, ["E1"])
        assert await transaction.connection.execute(COUNT, fetch_val=True) == 1
    assert await db.execute(COUNT, fetch_val=True) == 0


async def test_savepoints_by_name_are_gone_back_to_and_released(db: DBConnector) -> None:
    async with TestTransactionManager(db) as transaction:
        run = transaction.connection.execute
        await transaction.savepoint("empty")
        await run(INSERT, ["E1"])
        await transaction.savepoint('one "and only"')
        await run(INSERT, ["E2"])
        await transaction.rollback_to('one "and only"')
        assert await run(COUNT, fetch_val=True) == 1
        with pytest.raises(QueryError):
            await run(INSERT, ["E1"])
        await transaction.rollback_to('one "and only"')
        await run(INSERT, ["E3"])
        await transaction.release('one "and only"')
        assert (await run(COUNT, fetch_val=True), transaction.savepoints) == (2, ("empty",))
        await transaction.savepoint("later")
        await transaction.rollback_to("empty")
        assert (await run(COUNT, fetch_val=True), transaction.savepoints) == (0, ("empty",))
        for unknown in (transaction.rollback_to, transaction.release):
            with pytest.raises(InputError, match="no savepoint 'later'") as caught:
                await unknown("later")
            assert caught.value.next_step == "savepoints: empty"
        with pytest.raises(InputError, match="a savepoint 'empty' already"):
            await transaction.savepoint("empty")
    with pytest.raises(InputError, match="not open"):
        await transaction.savepoint("after")


async def test_an_error_in_the_block_leaves_and_undoes(db: DBConnector) -> None:
    with pytest.raises(RuntimeError, match="stop"):
        async with TestTransactionManager(db) as transaction:
            await transaction.connection.execute(INSERT, ["E1"])
            raise RuntimeError("stop")
    with pytest.raises(QueryError, match="division"):
        async with rolled_back(db) as connection:
            await connection.execute("select 1/0")
    assert await db.execute(COUNT, fetch_val=True) == 0


@pytest.mark.parametrize("end", ["commit", "end", "prepare transaction 'x'", "select 1; commit"])
async def test_the_server_refuses_to_commit_it(db: DBConnector, end: str) -> None:
    with pytest.raises(QueryError):
        async with rolled_back(db) as connection:
            await connection.execute(INSERT, ["E1"])
            await connection.execute(end)
    assert await db.execute(COUNT, fetch_val=True) == 0


async def test_a_test_that_ends_its_transaction_is_told(db: DBConnector) -> None:
    with pytest.raises(QueryError, match="ended its transaction itself"):
        async with rolled_back(db) as connection:
            await connection.execute("rollback")


@pytest.mark.parametrize("savepoints", [0, 2])
@pytest.mark.parametrize("end", ["rollback", "rollback; begin"])
async def test_a_managed_one_that_is_ended_is_told_with_savepoints_too(db: DBConnector, savepoints: int, end: str) -> None:
    with pytest.raises(QueryError, match="ended its transaction itself"):
        async with TestTransactionManager(db) as transaction:
            for number in range(savepoints):
                await transaction.savepoint(f"s{number}")
            await transaction.connection.execute(end)
            await transaction.connection.execute(INSERT, ["E1"])
    assert await db.execute("select 1", fetch_val=True) == 1


async def test_it_opens_once_at_a_time_and_as_often_as_one_likes(db: DBConnector) -> None:
    transaction = TestTransactionManager(db)
    for _ in range(2):
        async with transaction:
            await transaction.savepoint("a")
            await transaction.connection.execute(INSERT, ["E1"])
            with pytest.raises(InputError, match="is open already"):
                async with transaction:
                    pass
            assert await transaction.connection.execute(COUNT, fetch_val=True) == 1
        assert transaction.savepoints == ()
        with pytest.raises(InputError, match="is not open"):
            await transaction.savepoint("b")
    async with db.connection() as connection:
        async with TestTransactionManager(connection) as inner:
            await inner.savepoint("a")
        async with connection.transaction():
            await connection.execute(INSERT, ["E2"])
    assert await db.execute(COUNT, fetch_val=True) == 1


async def test_inside_another_transaction_it_is_a_savepoint(db: DBConnector) -> None:
    async with db.transaction() as outer:
        await outer.execute(INSERT, ["E1"])
        async with rolled_back(outer) as connection:
            await connection.execute(INSERT, ["E2"])
        async with rolled_back(outer) as connection:
            await connection.execute(INSERT, ["E2"])
    assert await db.execute(COUNT, fetch_val=True) == 1


async def test_read_only_is_the_servers_to_keep(db: DBConnector) -> None:
    async with rolled_back(db, readonly=True) as connection:
        with pytest.raises(QueryError, match="read-only transaction"):
            async with connection.transaction():
                await connection.execute(INSERT, ["E1"])
        with pytest.raises(QueryError, match="read-write"):
            async with connection.transaction():
                await connection.execute("set transaction read write")


@pytest.fixture
@with_transaction("db")
async def employee(connection: DBConnection) -> AsyncIterator[tuple[DBConnection, str]]:
    await connection.execute(INSERT, ["E9"])
    yield connection, "E9"  # noqa: PT022  what is decorated has to yield


async def test_a_fixture_has_a_transaction_around_its_test(employee: tuple[DBConnection, str], db: DBConnector) -> None:
    connection, name = employee
    assert await connection.execute("select id from employees", fetch_val=True) == name
    assert await db.execute(COUNT, fetch_val=True) == 0


@with_transaction()
async def test_a_decorated_test_gets_a_connection_beside_its_fixtures(connection: DBConnection, tmp_path: object, db: DBConnector) -> None:
    await connection.execute(INSERT, ["E1"])
    assert tmp_path
    assert await db.execute(COUNT, fetch_val=True) == 0


class TestMethods:
    @pytest.mark.parametrize("name", ["E1", "E2"])
    @with_transaction(parameter="conn")
    async def test_a_method_too(self, conn: DBConnection, name: str) -> None:
        await conn.execute(INSERT, [name])
        assert await conn.execute(COUNT, fetch_val=True) == 1


async def test_a_decorated_function_undoes_whatever_it_does(db: DBConnector) -> None:
    seen = []

    @with_transaction(db)
    async def fails(connection: DBConnection, word: str) -> None:
        await connection.execute(INSERT, [word])
        seen.append(await connection.execute(COUNT, fetch_val=True))
        raise ValueError(word)

    assert list(inspect.signature(fails).parameters) == ["word"]
    with pytest.raises(ValueError, match="E1"):
        await fails(word="E1")
    assert (seen, await db.execute(COUNT, fetch_val=True)) == ([1], 0)


def test_what_cannot_have_a_connection_is_refused() -> None:
    with pytest.raises(InputError, match="is not async"):
        with_transaction()(lambda connection: connection)
    with pytest.raises(InputError, match="no parameter 'conn'"):
        with_transaction(parameter="conn")(employee_like)


async def employee_like(connection: DBConnection) -> None: ...
