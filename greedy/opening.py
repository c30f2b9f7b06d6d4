"""Which database a command uses, and the store over it."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from greedy.database.connector import DBConnector
from greedy.database.schema.migrations import migrate, refuse_other, require_migrated, status_of
from greedy.database.schema.names import PUBLIC, check_project_schema
from greedy.errors import SettingsError
from greedy.store.postgres import PostgresStore

if TYPE_CHECKING:
    from greedy.database.embedded.server import EmbeddedServer
    from greedy.settings import Settings
    from greedy.store.functions import FunctionStore


def embedded_server(settings: Settings) -> EmbeddedServer:
    """The embedded server of the settings' data directory, not yet started."""
    if sys.platform == "win32":
        raise SettingsError("the embedded database runs on Linux and macOS", next_step="set DATABASE_URL to a PostgreSQL database")
    from greedy.database.embedded.server import EmbeddedServer

    return EmbeddedServer(settings.data_dir)


def over_rest(settings: Settings, database_url: str | None = None) -> bool:
    """Whether a command's database is a Supabase project over REST: there is no URL of a database, and a setting of the project."""
    return database_url is None and settings.database_url is None and bool(settings.supabase_url or settings.supabase_key)


def chosen_url(settings: Settings, database_url: str | None = None) -> str | None:
    """URL of the database that a command connects to: `database_url` or DATABASE_URL; None for the embedded one.

    Raises
    ------
    SettingsError
        There is no such database: only Supabase over REST is set, or nothing on Railway, where the embedded one would be lost.
    """
    if database_url is not None and not database_url.strip():
        raise SettingsError(
            "--database is empty",
            next_step="give a URL; or leave it out, which means DATABASE_URL, else SUPABASE_URL, else the embedded one",
        )
    if over_rest(settings, database_url):
        raise SettingsError(
            "this command connects to PostgreSQL itself, and only SUPABASE_URL and SUPABASE_KEY are set, which serve "
            "run, load, import, export, rosters, verify, report and doctor",
            next_step="set DATABASE_URL, or give --database: the project's session pooler address (postgresql://...:5432/postgres)",
        )
    url = database_url or (settings.database_url.get_secret_value() if settings.database_url else None)
    if url is None and settings.on_railway:
        raise SettingsError(
            "there is no database: on Railway the embedded one would be lost with the container",
            next_step="set SUPABASE_URL and SUPABASE_KEY, or DATABASE_URL, for this service",
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
        There is no such database; see `chosen_url`.
    SchemaError
        No practice can have a schema of this name; or, of the embedded database, none has.
    """
    schema = _checked_schema(settings, schema)
    url = chosen_url(settings, database_url)
    embedded = url is None
    async with DBConnector(url or embedded_server(settings).start(), min_size=1, schema=schema) as db:
        if embedded:
            await migrate(db)
        yield db


@asynccontextmanager
async def open_store(settings: Settings, database_url: str | None = None, schema: str | None = None) -> AsyncIterator[FunctionStore]:
    """The store of a command, over a schema that is exactly this program's.

    Over a connection where there is a URL (see `open_database`), else over the REST of the Supabase project in SUPABASE_URL.
    """
    if over_rest(settings, database_url):
        async with _open_project(settings, _checked_schema(settings, schema)) as store:
            yield store
        return
    async with open_database(settings, database_url, schema) as db:
        await require_migrated(db)
        yield PostgresStore(db)


@asynccontextmanager
async def _open_project(settings: Settings, schema: str) -> AsyncIterator[FunctionStore]:
    from greedy.store.supabase import SupabaseStore, open_supabase  # takes half a second

    key = settings.supabase_key.get_secret_value() if settings.supabase_key else None
    async with open_supabase(settings.supabase_url, key, schema) as client:
        store = SupabaseStore(client)
        refuse_other(store.server, schema, status_of(await store.applied_migrations()), direct=False)
        yield store


def _checked_schema(settings: Settings, schema: str | None) -> str:
    schema = schema or settings.database_schema
    return schema if schema == PUBLIC else check_project_schema(schema)
