"""Both ways to the store of a test's database, and the time of a call over REST."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from urllib.parse import urlsplit

import pytest

from greedy.store import supabase
from greedy.store.supabase import SupabaseStore, open_supabase
from tests.supabase_project import RestServer
from tests.timing import PATIENCE_SECONDS


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


class TimeOfCalls:
    """The time of a call over REST is over when a test says so, and not before, however slow the machine is."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._calls: list[tuple[asyncio.AbstractEventLoop, asyncio.Timeout]] = []
        monkeypatch.setattr(supabase, "asyncio", SimpleNamespace(timeout=self._timeout))

    def end(self) -> None:
        """It is over for the last one that was begun. May be called from any thread, once for each call."""
        loop, call = self._calls[-1]
        loop.call_soon_threadsafe(lambda: call.reschedule(loop.time()))

    def _timeout(self, seconds: float) -> asyncio.Timeout:
        assert seconds == supabase.CALL_SECONDS
        self._calls.append((asyncio.get_running_loop(), asyncio.timeout(PATIENCE_SECONDS)))
        return self._calls[-1][1]
