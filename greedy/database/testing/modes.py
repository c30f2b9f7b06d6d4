"""Test modes: what a test may do to the database that it runs on."""

# ruff: noqa: PT028  `test_session` is no test

from __future__ import annotations

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum

from greedy.database.executor import Executor
from greedy.database.rows.operator import DBOperator
from greedy.database.schema.registry import SchemaRegistry
from greedy.database.testing.cleanup import cleanup_non_protected
from greedy.database.testing.marking import require_marked
from greedy.database.testing.mock_data import MockDataGenerator
from greedy.database.testing.protected import ProtectedRows
from greedy.database.testing.transactions import rolled_back
from greedy.errors import InputError, SettingsError

VARIABLE = "GREEDY_TEST_MODE"


class TestMode(StrEnum):
    """`production`: reads only, the server refuses every write. `e2e`: writes stay until the end, on a database that was marked for tests.
    `mock`: made-up rows in a transaction that is rolled back.
    """

    __test__ = False

    PRODUCTION = "production"
    E2E = "e2e"
    MOCK = "mock"

    @classmethod
    def from_environment(cls) -> TestMode:
        """The mode that GREEDY_TEST_MODE names; mock without it.

        Raises
        ------
        SettingsError
            It names no mode.
        """
        name = os.environ.get(VARIABLE, "").strip().lower() or cls.MOCK
        try:
            return cls(name)
        except ValueError:
            raise SettingsError(f"{VARIABLE} is {name!r:.40}", next_step=f"set it to one of {', '.join(cls)}") from None


@dataclass(frozen=True)
class TestSession:
    """What a test works with: where statements run, an operator on it, and made-up rows unless in production."""

    __test__ = False

    mode: TestMode
    connection: Executor
    operator: DBOperator
    made_up: MockDataGenerator | None

    @property
    def generator(self) -> MockDataGenerator:
        """Made-up rows.

        Raises
        ------
        InputError
            This is production.
        """
        if self.made_up is None:
            raise InputError("nothing is made up in production mode", next_step=f"{VARIABLE}=mock")
        return self.made_up


@asynccontextmanager
async def test_session(
    db: Executor,
    mode: TestMode | None = None,
    *,
    seed: int = 0,
    protected: ProtectedRows | None = None,
    schema: str | None = None,
) -> AsyncIterator[TestSession]:
    """A session of one test, in a mode.

    Parameters
    ----------
    db
        Connector or connection.
    mode
        Without it, that of the environment.
    seed
        Of the made-up rows.
    protected
        Rows that the cleaning up after `e2e` leaves alone. It also runs before, for a test that was killed could not clean up.
    schema
        Schema that is cleaned and made up for, without it the connection's own.

    Raises
    ------
    InputError
        `e2e` on a database that was not marked for tests.
    """
    mode = mode or TestMode.from_environment()
    registry = SchemaRegistry(db)
    if mode is TestMode.E2E:
        await require_marked(db)
        await cleanup_non_protected(db, protected=protected, schema=schema)
        try:
            yield TestSession(mode, db, DBOperator(db, registry), MockDataGenerator(db, seed=seed, schema=schema))
        finally:
            await cleanup_non_protected(db, protected=protected, schema=schema)
        return
    async with rolled_back(db, readonly=mode is TestMode.PRODUCTION) as connection:
        made_up = MockDataGenerator(connection, seed=seed, schema=schema) if mode is TestMode.MOCK else None
        yield TestSession(mode, connection, DBOperator(connection), made_up)


setattr(test_session, "__test__", False)  # noqa: B010  nothing that pytest should collect
