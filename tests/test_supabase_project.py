"""The REST server of the tests itself."""

from __future__ import annotations

import asyncio
from urllib.parse import urlsplit

import asyncpg
import httpx
import pytest

from tests.supabase_project import RestServer
from tests.timing import PATIENCE_SECONDS


async def test_a_database_is_closed_whatever_is_under_way(rest_server: RestServer, database_url: str) -> None:
    connection = await asyncpg.connect(database_url)
    await connection.execute("create function wait() returns jsonb language sql as $$ select to_jsonb(pg_sleep(100)::text) $$")
    database = urlsplit(database_url).path.lstrip("/")
    project = await rest_server.open(database)
    async with httpx.AsyncClient(base_url=project.url, headers={"apikey": project.secret_key}, timeout=PATIENCE_SECONDS) as client:
        asked = asyncio.create_task(client.post("/rest/v1/rpc/wait", json={}))
        async with asyncio.timeout(PATIENCE_SECONDS):
            while not await connection.fetchval("select count(*) from pg_stat_activity where wait_event = 'PgSleep'"):
                await asyncio.sleep(0.02)
        async with asyncio.timeout(PATIENCE_SECONDS):
            await rest_server.close(database)
        with pytest.raises(httpx.TransportError):
            await asked
    await connection.close()
    again = await rest_server.open(database)
    assert again.url != project.url
    await rest_server.close(database)
