"""Which database a command uses, and the store over it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from greedy.database.connector import DBConnector
from greedy.database.schema.migrations import migrate, require_migrated
from greedy.database.schema.names import PUBLIC, check_project_schema
from greedy.errors import SettingsError
from greedy.store.postgres import PostgresStore

if TYPE_CHECKING:
    from greedy.database.embedded.server import EmbeddedServer
    from greedy.settings import Settings


def embedded_server(settings: Settings) -> EmbeddedServer:
    """The embedded server of the settings' data directory, not yet started."""
    if sys.platform == "win32":
        raise SettingsError("the embedded database runs on Linux and macOS", next_step="set DATABASE_URL to a PostgreSQL database")
    from greedy.database.embedded.server import EmbeddedServer

    return EmbeddedServer(settings.data_dir)


def chosen_url(settings: Settings, database_url: str | None = None) -> str | None:
    """URL of a command's database: `database_url` or DATABASE_URL; None for the embedded one.

    Raises
    ------
    SettingsError
        The settings ask for what is not there: Supabase over REST, or the embedded database on Railway.
    """
    if database_url is not None and not database_url.strip():
        raise SettingsError("--database is empty", next_step="give a URL; or leave it out, which means DATABASE_URL, else the embedded one")
    url = database_url or (settings.database_url.get_secret_value() if settings.database_url else None)
    if url is None and (settings.supabase_url or settings.supabase_key):
        raise SettingsError(
            "SUPABASE_URL and SUPABASE_KEY are set, and this version does not speak Supabase's REST yet",
            next_step="set DATABASE_URL to the project's session pooler address (postgresql://...:5432/postgres)",
        )
    if url is None and settings.on_railway:
        raise SettingsError(
            "there is no database: on Railway the embedded one would be lost with the container",
            next_step="set DATABASE_URL for this service",
        )
    return url


@asynccontextmanager
async def open_database(settings: Settings, database_url: str | None = None, schema: str | None = None) -> AsyncIterator[DBConnector]:
    """Connect to the database of a command, migrated or not.

    `database_url` or DATABASE_URL, else the embedded database, which is started, and migrated as it is the program's own. `schema` or
    DATABASE_SCHEMA is where names are looked up.

    Raises
    ------
    SettingsError
        The settings ask for what is not there: Supabase over REST, or the embedded database on Railway.
    SchemaError
        No practice can have a schema of this name; or, of the embedded database, none has.
    """
    schema = schema or settings.database_schema
    if schema != PUBLIC:
        check_project_schema(schema)
    url = chosen_url(settings, database_url)
    embedded = url is None
    async with DBConnector(url or embedded_server(settings).start(), min_size=1, schema=schema) as db:
        if embedded:
            await migrate(db)
        yield db


@asynccontextmanager
async def open_store(settings: Settings, database_url: str | None = None, schema: str | None = None) -> AsyncIterator[PostgresStore]:
    """The store of a command, over a schema that is exactly this program's."""
    async with open_database(settings, database_url, schema) as db:
        await require_migrated(db)
        yield PostgresStore(db)
