"""Desks over a real database."""

from __future__ import annotations

import pytest

from greedy.desk import Desk
from greedy.desk.opened import OpenRoster
from greedy.formats.tables import PracticeTables
from greedy.store.postgres import PostgresStore
from tests.desk.rosters import filled


@pytest.fixture(scope="session")
def planned(sample: PracticeTables) -> PracticeTables:
    """The sample, planned by the greedy fill."""
    return filled(sample)


@pytest.fixture
async def desk(store: PostgresStore, planned: PracticeTables) -> Desk:
    """A desk over a database that holds the sample, planned by the greedy fill."""
    await store.import_tables(planned)
    return Desk(store)


@pytest.fixture
async def opened(desk: Desk, sample: PracticeTables) -> OpenRoster:
    """It lies open."""
    return await desk.open(sample.roster.id)
