"""Both ways to the store of a test's database."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from urllib.parse import urlsplit

from greedy.store.supabase import SupabaseStore, open_supabase
from tests.supabase_project import RestServer


@asynccontextmanager
async def store_over_rest(rest_server: RestServer, database_url: str, schema: str = "public") -> AsyncIterator[SupabaseStore]:
    """A store over the REST of a project with this database, which is migrated; `schema` is one that it exposes."""
    database = urlsplit(database_url).path.lstrip("/")
    project = await rest_server.open(database, schemas=list({"public": None, schema: None}))
    try:
        async with open_supabase(project.url, project.secret_key, schema) as client:
            yield SupabaseStore(client)
    finally:
        await rest_server.close(database)
