"""A written roster to start from."""

from __future__ import annotations

from uuid import UUID

import pytest

from greedy.formats.practice import to_problem
from greedy.formats.tables import PracticeTables
from greedy.model.problem import Problem
from greedy.solve.fill import fill
from greedy.store.postgres import PostgresStore
from greedy.workspace import Workspace


@pytest.fixture
async def roster_id(store: PostgresStore, sample: PracticeTables) -> UUID:
    """The sample roster, in the database and not yet planned."""
    await store.import_tables(sample)
    return sample.roster.id


@pytest.fixture
async def problem(store: PostgresStore, roster_id: UUID) -> Problem:
    """The sample as loaded from the database."""
    return to_problem(await store.load(roster_id))


@pytest.fixture
def workspace(problem: Problem) -> Workspace:
    """The sample, filled."""
    workspace = Workspace(problem)
    fill(workspace)
    return workspace
