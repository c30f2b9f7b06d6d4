"""The store contract holds over a direct connection and over REST, in `public` and in the schema of a practice."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from functools import cache

import pytest

from greedy.database.connector import DBConnector
from greedy.database.embedded.server import EmbeddedServer
from greedy.database.schema.setup import SchemaSetup
from greedy.store.base import Store
from greedy.store.postgres import PostgresStore
from tests.databases import MIGRATED, make_template, numbers
from tests.stores import store_over_rest

WAYS = {
    "direct": ("direct", "public"),
    "direct-schema": ("direct", "Praktijk Zuid, é"),
    "rest": ("rest", "public"),
    "rest-schema": ("rest", "praktijk_zuid"),  # the REST server of the tests takes no other kind of name
}


@pytest.fixture(params=WAYS)
def way(request: pytest.FixtureRequest) -> tuple[str, str]:
    """How the store reaches its database, and which schema it uses."""
    return WAYS[request.param]


@pytest.fixture(scope="session")
def with_schema(server: EmbeddedServer) -> Callable[[str], str]:
    """The template of a database that has the schema of a practice."""

    @cache
    def template(schema: str) -> str:
        async def prepare(url: str) -> None:
            async with DBConnector(url, min_size=1, schema=schema) as db:
                await SchemaSetup(db).ensure_project_schema(schema)

        return make_template(server, f"template_with_schema_{next(numbers)}", prepare)

    return template


@pytest.fixture
def template(way: tuple[str, str], with_schema: Callable[[str], str]) -> str:
    """Of a database with the schema that the store uses."""
    _, schema = way
    return MIGRATED if schema == "public" else with_schema(schema)


@pytest.fixture
async def db(way: tuple[str, str], database_url: str) -> AsyncIterator[DBConnector]:
    """A second pair of eyes: a connector to the store's schema, empty at first. Whatever is done in a practice's, public stays empty."""
    _, schema = way
    async with DBConnector(database_url, min_size=1, max_size=5, schema=schema) as connector:
        yield connector
        if schema != "public":
            rows = "select (select count(*) from public.rosters) + (select count(*) from public.employees)"
            assert await connector.execute(rows, fetch_val=True) == 0


@pytest.fixture
async def store(request: pytest.FixtureRequest, way: tuple[str, str], db: DBConnector, database_url: str) -> AsyncIterator[Store]:
    """The store."""
    transport, schema = way
    if transport == "direct":
        yield PostgresStore(db)
        return
    if schema != "public":
        # The REST server of the tests, unlike PostgREST, wants some right to every table of a schema that it serves.
        await db.execute("grant references on schema_migrations to authenticator")
    async with store_over_rest(request.getfixturevalue("rest_server"), database_url, schema) as store:
        yield store
