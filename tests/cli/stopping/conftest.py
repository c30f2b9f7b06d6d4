"""Runs of the sample roster, to be stopped."""

from __future__ import annotations

import functools
import socket
from collections.abc import AsyncIterator, Iterator

import pytest

from greedy.formats.tables import PracticeTables
from tests.cli.stopping.running import Gate, Run, Running
from tests.databases import MIGRATED
from tests.supabase_project import Project


@pytest.fixture
def template(with_sample: str, request: pytest.FixtureRequest) -> str:
    """Of a database with the sample roster, where the test runs it."""
    return with_sample if "run" in request.fixturenames else MIGRATED


@pytest.fixture
async def gate(database_url: str) -> AsyncIterator[Gate]:
    async with Gate(database_url) as gate:
        yield gate


@pytest.fixture
def begun() -> Iterator[list[Running]]:
    begun: list[Running] = []
    yield begun
    for one in begun:
        with one.process as process:  # its pipes are closed too
            process.kill()


@pytest.fixture
def run(database_url: str, sample: PracticeTables, begun: list[Running]) -> Run:
    """Runs the sample roster, which is in the database, over a connection."""

    def start(*arguments: str, **how: str | int) -> Running:
        begun.append(Running(str(sample.roster.id), *arguments, **{"DATABASE_URL": database_url, **how}))  # type: ignore[arg-type]
        return begun[-1]

    return start


@pytest.fixture
def silent_server() -> Iterator[socket.socket]:
    """A server that takes connections and never says a word."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        yield listener


@pytest.fixture(params=["over a connection", "over REST"])
def either_run(run: Run, project: Project, request: pytest.FixtureRequest) -> Run:
    """Runs it over a connection, or over the REST of a project that has this database."""
    if request.param == "over a connection":
        return run
    return functools.partial(run, DATABASE_URL="", SUPABASE_URL=project.url, SUPABASE_KEY=project.secret_key)
