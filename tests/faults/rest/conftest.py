"""The command line over a Supabase project whose answers are spoilt on the way, and what the database holds meanwhile."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from typing import Any

import asyncpg
import pytest
import structlog
import typer.main
from tenacity import wait_none

from greedy.cli.main import main
from greedy.database import retry
from greedy.database.connector import DBConnector
from greedy.database.embedded.server import EmbeddedServer
from greedy.formats.tables import PracticeTables
from greedy.store import calls
from greedy.store.postgres import PostgresStore
from tests.databases import make_template
from tests.faults.kill_writes import STATE
from tests.faults.rest.proxy import Proxy, spoiling
from tests.stores import TimeOfCalls
from tests.supabase_project import Project

ROSTER = "8e91579a-21c3-439e-90c1-91728c541241"
DATED = ("roster_period_staffing_dagdelen", "roster_assignments")
made_once = cache(typer.main.get_command)


@dataclass(frozen=True)
class Done:
    """How a command ended."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        return json.loads(self.out)

    @property
    def events(self) -> list[dict[str, Any]]:
        return [json.loads(line) for line in self.err.splitlines() if line.startswith("{")]


Greedy = Callable[..., Done]


@pytest.fixture(scope="session")
def week(sample: PracticeTables) -> PracticeTables:
    """The first week of the sample roster: most of a run over the whole of it would be spent on solving it."""
    roster = sample.roster.model_copy(update={"end_date": sample.roster.start_date + timedelta(days=6)})
    rows = {name: [row for row in getattr(sample, name) if row.date <= roster.end_date] for name in DATED}
    return sample.model_copy(update={"rosters": [roster], **rows})


@pytest.fixture(scope="session")
def with_week(server: EmbeddedServer, week: PracticeTables) -> str:
    """The template that holds it."""

    async def prepare(url: str) -> None:
        async with DBConnector(url, min_size=1) as db:
            await PostgresStore(db).import_tables(week)

    return make_template(server, "template_with_week", prepare)


@pytest.fixture
def template(with_week: str) -> str:
    """Of a database with a week."""
    return with_week


@pytest.fixture
def proxy(project: Project) -> Iterator[Proxy]:
    """A way to the REST server on which answers are spoilt; the project holds a roster."""
    with spoiling(project.url) as spoilt:
        yield spoilt


@pytest.fixture(autouse=True)
def _commands_made_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """The framework makes all commands anew for each call, which a process does once."""
    monkeypatch.setattr(typer.main, "get_command", made_once)


@pytest.fixture
def without_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    """Between two attempts no longer than the server asks for."""
    monkeypatch.setattr(retry, "backoff", wait_none())


@pytest.fixture
def greedy(
    proxy: Proxy,
    without_pauses: None,
    project: Project,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
) -> Iterator[Greedy]:
    """The command with nothing but the two settings. Whatever it does, the key is in nothing that it says, not even at the lowest log level."""
    monkeypatch.setenv("SUPABASE_URL", proxy.url)
    monkeypatch.setenv("SUPABASE_KEY", project.secret_key)
    monkeypatch.setenv("LOG_LEVEL", "DEBUG")
    caplog.set_level(logging.DEBUG)

    def run(*arguments: str) -> Done:
        capfd.readouterr()
        with pytest.raises(SystemExit) as ended:
            main(list(arguments))
        out, err = capfd.readouterr()
        said = out + err + caplog.text
        for key in (project.secret_key, project.publishable_key, project.jwt_secret):
            assert key.removeprefix("sb_secret_").removeprefix("sb_publishable_") not in said
        if "--debug" not in arguments:
            assert "Traceback" not in said
        return Done(int(ended.value.code or 0), out, err)

    terminated = signal.getsignal(signal.SIGTERM)
    yield run
    signal.signal(signal.SIGTERM, terminated)
    structlog.reset_defaults()  # its stderr is closed with the test


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is tried more than twice."""
    monkeypatch.setattr(calls, "RETRY_SECONDS", 0.0)


@pytest.fixture
def hasty(proxy: Proxy, monkeypatch: pytest.MonkeyPatch) -> None:
    """The time of a call is over when its answer fails to come."""
    proxy.on_silence = TimeOfCalls(monkeypatch).end


@dataclass(frozen=True)
class Eye:
    """A second pair of eyes: a connection of its own for each look."""

    database_url: str

    def state(self) -> str:
        """The whole roster as one value."""
        return str(asyncio.run(self._look(STATE, ROSTER)))

    def writes(self) -> int:
        """How often it was written."""
        return int(asyncio.run(self._look("select count(*) from roster_writes")))

    def slots(self, roster: str) -> int:
        """How many rows a roster has."""
        return int(asyncio.run(self._look("select count(*) from roster_assignments where roster_id = $1", roster)))

    async def _look(self, sql: str, *arguments: object) -> Any:
        connection = await asyncpg.connect(self.database_url)
        try:
            return await connection.fetchval(sql, *arguments)
        finally:
            await connection.close()


@pytest.fixture
def eye(project: Project) -> Eye:
    return Eye(project.database_url)
