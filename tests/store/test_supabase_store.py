"""What is special about the way over REST: the limits of a call, what crosses in it, and which schemas it reaches."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from uuid import uuid4

import pytest

from greedy.database.errors import UNKNOWN_OUTCOME, ConnectionError
from greedy.errors import SettingsError
from greedy.formats.tables import PracticeTables
from greedy.store import calls
from greedy.store.base import RosterWrite
from greedy.store.postgres import PostgresStore
from greedy.store.supabase import SupabaseStore, open_supabase
from tests.stores import TimeOfCalls
from tests.supabase_project import Project
from tests.timing import PATIENCE_SECONDS

KEY = "sb_secret_abcdefghijklmnop"
Answering = Callable[[asyncio.StreamWriter], Awaitable[None]]


@pytest.fixture
async def rest(project: Project) -> AsyncIterator[SupabaseStore]:
    """The store of this test's project."""
    async with open_supabase(project.url, project.secret_key, "public") as client:
        yield SupabaseStore(client)


@asynccontextmanager
async def answering(answer: Answering) -> AsyncIterator[SupabaseStore]:
    """A store over a server of its own, which answers each request, one a connection, in its own way."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            await reader.readuntil(b"\r\n\r\n")
            await answer(writer)
            await reader.read()
        except ConnectionResetError:
            pass  # the client has gone, as it should
        finally:
            writer.close()

    server = await asyncio.start_server(serve, "127.0.0.1")
    host, port = server.sockets[0].getsockname()
    async with server, open_supabase(f"http://{host}:{port}", KEY, "public") as client:
        yield SupabaseStore(client)


async def never(writer: asyncio.StreamWriter) -> None:
    """Nothing."""


async def in_drops(writer: asyncio.StreamWriter) -> None:
    """Each wait is short, and the end does not come."""
    writer.write(b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 100000\r\n\r\n")
    for _ in range(5):
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("answer", [never, in_drops])
async def test_a_call_ends_in_time_whatever_the_server_does_and_is_tried_once_more(
    answer: Answering, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(calls, "RETRY_SECONDS", 0.0)
    time_of_calls, asked = TimeOfCalls(monkeypatch), []

    async def answer_and_wait(writer: asyncio.StreamWriter) -> None:
        asked.append(writer)
        await answer(writer)
        time_of_calls.end()

    write = RosterWrite(run_id=uuid4(), part="roster", roster_id=uuid4(), input_digest="", expected=[])
    async with answering(answer_and_wait) as store, asyncio.timeout(PATIENCE_SECONDS):
        with pytest.raises(ConnectionError, match="gave no answer in time") as caught:
            await store.write(write)
    assert (caught.value.retryable, UNKNOWN_OUTCOME in caught.value.message, len(asked)) == (True, True, 2)


async def test_both_ways_read_the_same(rest: SupabaseStore, store: PostgresStore, sample: PracticeTables) -> None:
    odd = 'Zoë "de" \\ O\'Brien \\u0041 \u2028 \U0001f600\ttab\nline'
    employees = [row.model_copy(update={"achternaam": odd}) for row in sample.employees]
    await rest.import_tables(sample.model_copy(update={"employees": employees}))
    roster_id = sample.roster.id
    loaded = await rest.load(roster_id, include_open=True)
    assert loaded == await store.load(roster_id, include_open=True)
    assert {row.achternaam for row in loaded.employees} == {odd}
    assert len(loaded.roster_assignments) == 1470  # more than the rows that a REST server gives
    assert await rest.verify(roster_id) == await store.verify(roster_id)
    assert await rest.counts(roster_id) == await store.counts(roster_id)
    assert await rest.list_rosters() == await store.list_rosters()
    assert await rest.triggers() == await store.triggers()
    assert await rest.applied_migrations() == await store.applied_migrations() != []


async def test_what_was_written_one_way_is_known_the_other(rest: SupabaseStore, store: PostgresStore, sample: PracticeTables) -> None:
    assert await rest.import_tables(sample)
    assert not await store.import_tables(sample)
    digest = (await store.load(sample.roster.id)).input_digest
    expected = [
        {"employee_id": row.employee_id, "date": row.date, "dagdeel": row.dagdeel, "status": row.status, "service_id": row.service_id}
        for row in sample.roster_assignments
        if row.status in (1, 3)
    ]
    write = RosterWrite.model_validate(
        {"run_id": uuid4(), "part": "roster", "roster_id": sample.roster.id, "input_digest": digest, "expected": expected, "active": []}
    )
    first, second = await rest.write(write), await store.write(write)
    assert (first.repeated, second.repeated) == (False, True)
    assert second == first.model_copy(update={"repeated": True})


@pytest.mark.parametrize("schema", ["Praktijk Zuid, é", "één", "a,b"])
async def test_a_schema_that_no_header_can_name_is_told(schema: str) -> None:
    with pytest.raises(SettingsError, match="cannot be reached over REST") as caught:
        async with open_supabase("http://127.0.0.1:1", KEY, schema):
            pass
    assert "DATABASE_URL" in (caught.value.next_step or "")
