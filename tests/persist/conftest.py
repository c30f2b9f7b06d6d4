"""A written roster to start from."""

from __future__ import annotations

from collections.abc import AsyncIterator
from uuid import UUID

import pytest

from greedy.database.connector import DBConnector
from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables
from greedy.model.problem import Problem
from greedy.solve.fill import fill
from greedy.store.base import Store
from greedy.store.postgres import PostgresStore
from greedy.workspace import Workspace
from tests.stores import store_over_rest


@pytest.fixture
def template(with_sample: str) -> str:
    """Of a database with the sample."""
    return with_sample


@pytest.fixture(params=["direct", "rest"])
async def store(request: pytest.FixtureRequest, db: DBConnector, database_url: str) -> AsyncIterator[Store]:
    """What is written and verified is the same over a direct connection and over REST."""
    if request.param == "direct":
        yield PostgresStore(db)
        return
    async with store_over_rest(request.getfixturevalue("rest_server"), database_url) as store:
        yield store


@pytest.fixture
def roster_id(sample: PracticeTables) -> UUID:
    """The sample roster, in the database and not yet planned."""
    return sample.roster.id


@pytest.fixture
async def problem(store: Store, roster_id: UUID) -> Problem:
    """The sample as loaded from the database."""
    return to_problem(await store.load(roster_id))


@pytest.fixture
def workspace(problem: Problem) -> Workspace:
    """The sample, filled."""
    workspace = Workspace(problem)
    fill(workspace)
    return workspace
