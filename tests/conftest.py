"""A real PostgreSQL for the tests: one embedded server a session, one database a test, copied from a migrated template."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from greedy.database.connector import DBConnector
from greedy.database.embedded.server import EmbeddedServer
from greedy.database.schema.migrations import migrate
from greedy.formats.practice_csv import read_practice
from greedy.formats.tables import PracticeTables
from greedy.sample import SAMPLE_DIR
from greedy.store.postgres import PostgresStore
from tests.databases import MIGRATED, copy_of, make_template
from tests.supabase_project import Project, RestServer, make_default_privileges, make_roles

# A busy machine is slow for a moment; that is no fault of what is tested. Nor does it depend on the day whether a change passes:
# the examples are the same each time. New ones: pytest --hypothesis-profile=explore -m hypothesis
patient = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.register_profile("explore", patient)
settings.register_profile("greedy", patient, derandomize=True)
settings.load_profile("greedy")


@pytest.fixture(autouse=True)
def _no_settings_from_outside(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """No test reads the settings of whoever runs it, nor writes to her data directory."""
    for name in ("DATABASE_URL", "SUPABASE_URL", "SUPABASE_KEY", "ROOSTER_ID", "LOG_LEVEL", "RAILWAY_ENVIRONMENT_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("GREEDY_DATA_DIR", str(tmp_path / "data"))


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedServer]:
    """A running server with a migrated template database. Not durable: a crash of the machine may lose test data. Nothing goes on in it but the tests."""
    server = EmbeddedServer(tmp_path_factory.mktemp("server"), options={"fsync": "off", "full_page_writes": "off", "autovacuum": "off"})
    server.start()
    asyncio.run(_make_template(server))
    yield server
    server.stop()


async def _make_template(server: EmbeddedServer) -> None:
    await make_roles(server)
    connection = await asyncpg.connect(server.url("postgres"))
    await connection.execute(f"create database {MIGRATED}")
    await connection.close()
    connection = await asyncpg.connect(server.url(MIGRATED))
    await make_default_privileges(connection)
    await connection.close()
    async with DBConnector(server.url(MIGRATED), min_size=1) as db:
        await migrate(db)


@pytest.fixture
def template() -> str:
    """Of which database that of a test is a copy: one that is migrated and empty, where a folder does not say another."""
    return MIGRATED


@pytest.fixture(scope="session")
def with_sample(server: EmbeddedServer, sample: PracticeTables) -> str:
    """The template that holds the sample roster."""

    async def prepare(url: str) -> None:
        async with DBConnector(url, min_size=1) as db:
            await PostgresStore(db).import_tables(sample)

    return make_template(server, "template_with_sample", prepare)


@pytest.fixture
async def database_url(server: EmbeddedServer, template: str) -> AsyncIterator[str]:
    """URL of a database of this test's own."""
    async with copy_of(server, template) as url:
        yield url


@pytest.fixture
async def sample_url(server: EmbeddedServer, with_sample: str) -> AsyncIterator[str]:
    """URL of a database of this test's own that holds the sample roster."""
    async with copy_of(server, with_sample) as url:
        yield url


@pytest.fixture
async def db(database_url: str) -> AsyncIterator[DBConnector]:
    """A connector to it."""
    async with DBConnector(database_url, min_size=1, max_size=5) as connector:
        yield connector


@pytest.fixture
def store(db: DBConnector) -> PostgresStore:
    """A store over it."""
    return PostgresStore(db)


@pytest.fixture(scope="session")
def rest_server(server: EmbeddedServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RestServer]:
    """A PostgREST-compatible server, the databases of which are opened when they are needed."""
    rest = RestServer(server, tmp_path_factory.mktemp("rest") / "server.log")
    yield rest
    rest.stop()


@pytest.fixture
async def project(rest_server: RestServer, database_url: str) -> AsyncIterator[Project]:
    """The database of this test behind a REST server, as a hosted project is."""
    database = urlsplit(database_url).path.lstrip("/")
    yield await rest_server.open(database)
    await rest_server.close(database)


@pytest.fixture(scope="session")
def sample() -> PracticeTables:
    """The bundled sample roster."""
    return read_practice(SAMPLE_DIR)
