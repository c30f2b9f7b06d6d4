"""Errors of the driver and the server in the project's words, with what the server said and never with a value of the caller's."""

from __future__ import annotations

import datetime as dt
from uuid import UUID

import asyncpg
import pytest

from greedy.database.connector import DBConnector
from greedy.database.errors import (
    AuthenticationError,
    ColumnMatchError,
    ConnectionError,
    DatabaseError,
    QueryError,
    SchemaError,
    ServerFacts,
    from_driver,
)
from greedy.errors import CallerError, GreedyError, OutsideError


def server_error(sqlstate: str, message: str = "it said so", **fields: str) -> asyncpg.PostgresError:
    return asyncpg.PostgresError.new({"S": "ERROR", "C": sqlstate, "M": message, **fields})


@pytest.mark.parametrize(
    ("sqlstate", "kind", "retryable"),
    [
        ("08006", ConnectionError, True),
        ("08P01", ConnectionError, True),
        ("22001", QueryError, False),
        ("23505", QueryError, False),
        ("25006", QueryError, False),
        ("25P03", ConnectionError, True),
        ("25P04", ConnectionError, True),
        ("28000", AuthenticationError, False),
        ("28P01", AuthenticationError, False),
        ("3F000", SchemaError, False),
        ("40001", QueryError, True),
        ("40P01", QueryError, True),
        ("42501", AuthenticationError, False),
        ("42601", QueryError, False),
        ("42703", SchemaError, False),
        ("42883", SchemaError, False),
        ("42P01", SchemaError, False),
        ("53100", QueryError, False),
        ("53200", QueryError, True),
        ("53300", ConnectionError, True),
        ("55P03", QueryError, True),
        ("57014", QueryError, False),
        ("57P01", ConnectionError, True),
        ("57P02", ConnectionError, True),
        ("57P03", ConnectionError, True),
        ("57P04", ConnectionError, False),
        ("57P05", ConnectionError, True),
        ("P0001", QueryError, False),
        ("XX000", QueryError, False),
        ("ZZ999", QueryError, False),
    ],
)
def test_the_code_of_the_server_decides(sqlstate: str, kind: type[DatabaseError], retryable: bool) -> None:
    error = from_driver(server_error(sqlstate, D="a detail", H="a hint", n="a_key", t="a_table", c="a_column"), server="here")
    assert type(error) is kind
    assert (error.sqlstate, error.retryable) == (sqlstate, retryable)
    assert (error.detail, error.hint, error.constraint, error.table, error.column) == ("a detail", "a hint", "a_key", "a_table", "a_column")
    assert "here" in error.message
    assert "it said so" in error.message


def test_every_class_says_what_the_server_said_and_whose_turn_it_is() -> None:
    said = ServerFacts("23505", "key", "table", "column", "detail", "hint", 409, 2.5)
    for kind in (ConnectionError, AuthenticationError, QueryError, SchemaError):
        error = kind("what", said=said, retryable=True)
        assert isinstance(error, DatabaseError)
        assert isinstance(error, GreedyError)
        assert isinstance(error, CallerError) is not isinstance(error, OutsideError)
        assert tuple(getattr(error, fact) for fact in ServerFacts._fields) == tuple(said)
        assert (error.next_step, error.details, error.retryable) == ("hint", ("detail",), True)
        assert kind("what").sqlstate is None
    miss = ColumnMatchError("no", table="t", wanted="x", columns=["a"], nearest=["a"])
    assert isinstance(miss, SchemaError)
    assert (miss.table, miss.column, miss.sqlstate, miss.retryable, miss.details) == ("t", "x", None, False, ("columns of t: a",))


@pytest.mark.parametrize(
    "exc", [ConnectionResetError("reset"), FileNotFoundError(2, "no socket"), TimeoutError(), asyncpg.InterfaceError("connection is closed"),
            asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"), asyncpg.InternalClientError("cannot switch to state 12")]
)  # fmt: skip
def test_whatever_the_connection_dies_of_may_be_tried_again(exc: Exception) -> None:
    error = from_driver(exc, server="here")
    assert isinstance(error, ConnectionError)
    assert error.retryable
    assert error.next_step


def test_a_missing_database_is_the_callers_and_one_that_is_being_replaced_is_not() -> None:
    missing, replaced = (from_driver(server_error("3D000", **detail), server="here") for detail in ({}, {"D": "just dropped or renamed"}))
    assert (type(missing), missing.retryable) == (AuthenticationError, False)
    assert (type(replaced), replaced.retryable) == (ConnectionError, True)


def test_a_server_that_is_full_names_what_can_be_lowered() -> None:
    assert "max_size" in str(from_driver(server_error("53300"), server="here").next_step)


def test_what_is_under_way_when_the_connection_goes_may_have_been_done() -> None:
    error = from_driver(asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"), server="here")
    assert "nobody knows whether it was done" in error.message


PRIVATE = "topsecret"


class Unprintable:
    def __repr__(self) -> str:
        return PRIVATE


@pytest.mark.parametrize(
    ("kind", "value"),
    [
        ("int", PRIVATE),
        ("int", 2**31),
        ("smallint", 10**6),
        ("bigint", 2**80),
        ("numeric", PRIVATE),
        ("float8", PRIVATE),
        ("uuid", PRIVATE),
        ("inet", PRIVATE),
        ("date", PRIVATE),
        ("timestamptz", PRIVATE),
        ("interval", PRIVATE),
        ("bool", PRIVATE),
        ("text", 5),
        ("int", f"expected str, got {PRIVATE}"),
        ("int", f"(expected str, got {PRIVATE.replace(' ', '.')})"),
        ("text", Unprintable()),
        ("text", f"{PRIVATE}\udc80"),
        ("bytea", PRIVATE),
        ("jsonb", {"a": PRIVATE}),
        ("int[]", PRIVATE),
        ("int[]", [1, PRIVATE]),
        ("text[]", [[PRIVATE], PRIVATE]),
        ("uuid[]", [PRIVATE]),
        ("int4range", PRIVATE),
        ("point", PRIVATE),
        ("bit(3)", PRIVATE),
    ],
)
async def test_an_argument_that_does_not_fit_is_named_and_never_shown(db: DBConnector, kind: str, value: object) -> None:
    with pytest.raises(QueryError, match=r"argument \$2 does not fit: ") as caught:
        await db.execute(f"select $1::int, $2::{kind}", [1, value], fetch_val=True)
    error = caught.value
    assert PRIVATE not in f"{error} {error.details} {error.next_step} {error.__cause__}"
    assert error.__suppress_context__
    assert not error.retryable


async def test_good_values_of_these_types_go_through(db: DBConnector) -> None:
    values = [1, UUID(int=5), dt.date(2026, 1, 2), ["a", None], {"a": 1}]
    with pytest.raises(QueryError, match=r"argument \$5"):
        await db.execute("select $1::int, $2::uuid, $3::date, $4::text[], $5::jsonb", values)
    assert await db.execute("select $1::int, $2::uuid, $3::date, $4::text[]", values[:4], fetch_row=True) == tuple(values[:4])


async def test_many_rows_say_which_row(db: DBConnector) -> None:
    error = from_driver(
        asyncpg.DataError(
            f"invalid input for query argument $1 in element #3 of executemany() sequence: '{PRIVATE}' (expected str, got int)"
        ),
        server="here",
    )
    assert error.message == "argument $1 of row 4 does not fit: expected str, got int"


async def test_the_wrong_number_of_arguments_is_told(db: DBConnector) -> None:
    with pytest.raises(QueryError, match="expects 2 arguments"):
        await db.execute("select $1::int, $2::int", [1], fetch_val=True)


async def test_a_violated_constraint_is_named(db: DBConnector) -> None:
    await db.execute("create table people (id int constraint people_key primary key, age int not null)")
    await db.execute("insert into people values (1, 2)")
    with pytest.raises(QueryError) as caught:
        await db.execute("insert into people values (1, 2)")
    assert (caught.value.sqlstate, caught.value.constraint, caught.value.table) == ("23505", "people_key", "people")
    assert caught.value.detail == "Key (id)=(1) already exists."
    with pytest.raises(QueryError) as caught:
        await db.execute("insert into people values (2, null)")
    assert (caught.value.sqlstate, caught.value.column) == ("23502", "age")
    with pytest.raises(SchemaError) as missing:
        await db.execute("select ages from people")
    assert (missing.value.sqlstate, missing.value.hint) == ("42703", 'Perhaps you meant to reference the column "people.age".')


async def test_time_outs_of_the_server_may_be_tried_again_and_a_cancelled_statement_not(db: DBConnector) -> None:
    with pytest.raises(QueryError, match="statement timeout") as caught:
        async with db.transaction() as connection:
            await connection.execute("set local statement_timeout = 20; select pg_sleep(600)")
    assert (caught.value.sqlstate, caught.value.retryable) == ("57014", True)
    with pytest.raises(QueryError, match="user request") as caught:
        await db.execute("select pg_cancel_backend(pg_backend_pid()), pg_sleep(600)")
    assert not caught.value.retryable
