"""DBConnector: errors in the project's words, no password in any of them, and transactions that roll back."""

from __future__ import annotations

import asyncpg
import pytest
from pytest_mock import MockerFixture

from greedy.database.connector import DBConnector, describe_server
from greedy.database.embedded.server import EmbeddedServer
from greedy.database.errors import AuthenticationError, ConnectionError, QueryError, SchemaError
from greedy.errors import CallerError, SettingsError


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("postgresql://anna:secret@db.example:5432/roster", "anna@db.example:5432/roster"),
        ("postgres://db.example/roster", "db.example/roster"),
        ("postgresql://a%40b:s%3Acret@h/d", "a@b@h/d"),
        ("postgresql://root@/greedy?host=/var/lib/greedy", "database greedy in /var/lib/greedy"),
    ],
)
def test_a_server_is_described_without_its_password(url: str, shown: str) -> None:
    assert describe_server(url) == shown


@pytest.mark.parametrize("url", ["", "mysql://x/y", "postgresql://h:port/d", "not a url", "https://x.supabase.co"])
def test_other_urls_are_refused_without_being_repeated(url: str) -> None:
    with pytest.raises(SettingsError, match="not one of PostgreSQL"):
        DBConnector(url)


@pytest.mark.parametrize(
    "url", ["postgresql://u:12/secretpw@127.0.0.1/db", "postgresql://u:1?secretpw@127.0.0.1/db", "postgresql://u:1#secretpw@h/db"]
)
def test_a_password_that_is_not_encoded_is_never_taken_for_something_else(url: str) -> None:
    with pytest.raises(SettingsError, match="special characters") as caught:
        DBConnector(url)
    assert "secretpw" not in str(caught.value)


async def test_what_the_driver_says_of_a_lost_connection_may_be_tried_again(db: DBConnector, mocker: MockerFixture) -> None:
    await db.execute("select 1", fetch_val=True)
    mocker.patch.object(asyncpg.Connection, "fetchval", side_effect=asyncpg.InternalClientError("cannot switch to state 15"))
    with pytest.raises(ConnectionError) as caught:
        await db.execute("select 1", fetch_val=True)
    assert caught.value.retryable


async def test_an_unreachable_server_is_told_and_may_be_tried_again() -> None:
    async with DBConnector("postgresql://anna:secret@127.0.0.1:1/roster", min_size=1) as db:
        with pytest.raises(ConnectionError, match="cannot reach anna@127.0.0.1:1/roster") as caught:
            await db.execute("select 1", fetch_val=True)
    assert caught.value.retryable
    assert "secret" not in str(caught.value)


async def test_a_missing_database_and_a_wrong_user_are_the_callers(server: EmbeddedServer) -> None:
    for url in (server.url("nothing_here"), server.url().replace("postgresql://", "postgresql://not_")):
        async with DBConnector(url, min_size=1) as db:
            with pytest.raises(AuthenticationError):
                await db.execute("select 1", fetch_val=True)
    assert issubclass(AuthenticationError, CallerError)


async def test_errors_carry_what_the_server_said(db: DBConnector) -> None:
    with pytest.raises(QueryError) as caught:
        await db.execute("insert into rosters (start_date, end_date) values ('2025-01-02', '2025-01-01')")
    assert (caught.value.sqlstate, caught.value.constraint, caught.value.retryable) == ("23514", "rosters_check", False)
    with pytest.raises(SchemaError, match="does not fit"):
        await db.execute("select * from no_such_table", fetch_all=True)


async def test_a_transaction_is_rolled_back_by_any_error(db: DBConnector) -> None:
    with pytest.raises(RuntimeError, match="stop"):
        async with db.transaction() as connection:
            await connection.execute("insert into rosters (start_date, end_date) values ('2025-01-01', '2025-01-02')")
            raise RuntimeError("stop")
    assert await db.execute("select count(*) from rosters", fetch_val=True) == 0


async def test_a_closed_connector_says_so(db: DBConnector) -> None:
    assert await db.execute("select 1", fetch_val=True) == 1
    await db.close()
    with pytest.raises(ConnectionError, match="is closed"):
        await db.execute("select 2", fetch_val=True)


async def test_a_statement_that_takes_too_long_is_told(database_url: str) -> None:
    async with DBConnector(database_url, min_size=1, timeout_seconds=0.1) as db:
        with pytest.raises(ConnectionError, match="no answer in time"):
            await db.execute("select pg_sleep(600)", fetch_val=True)
