"""The database functions over Supabase's REST, by the async client of supabase-py."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import TypeVar
from urllib.parse import urlsplit

import httpx
from pydantic import BaseModel, TypeAdapter

import supabase
from greedy.errors import SettingsError
from greedy.store.functions import FunctionStore
from greedy.store.project_address import check_project
from greedy.store.rest_errors import translated
from greedy.store.rest_transport import rest_client

CONNECT_SECONDS = 10.0
# More than the 60 s after which our functions end by themselves: when this is over, no attempt is still at work.
CALL_SECONDS = 90.0

Answer = TypeVar("Answer")


class SupabaseFunctions:
    """Functions of the schema that a client is set to."""

    def __init__(self, client: supabase.AsyncClient) -> None:
        self._client = client

    @property
    def server(self) -> str:
        """The project's host."""
        return urlsplit(str(self._client.supabase_url)).netloc

    async def call(self, function: str, arguments: Mapping[str, object], answer: TypeAdapter[Answer]) -> Answer:
        """Call a function of ours once; see `Functions`."""
        # A document as JSON text within the JSON of the request, which the functions unwrap: 12 ms for 5,500 assignments here, where an
        # object, which becomes Python's dicts first, takes 26.
        given = {name: value.model_dump_json() if isinstance(value, BaseModel) else value for name, value in arguments.items()}
        with translated(self.server, function):
            try:
                async with asyncio.timeout(CALL_SECONDS):  # of a client's own time-outs none limits the whole call
                    response = await self._client.rpc(function, given).execute()
            except TimeoutError:
                raise httpx.ReadTimeout(f"no answer in {CALL_SECONDS:.0f} s") from None
        return answer.validate_python(response.data)


class SupabaseStore(FunctionStore):
    """Rosters in a Supabase project that is migrated."""

    def __init__(self, client: supabase.AsyncClient) -> None:
        super().__init__(SupabaseFunctions(client))


@asynccontextmanager
async def open_supabase(url: str | None, key: str | None, schema: str) -> AsyncIterator[supabase.AsyncClient]:
    """A client of a project's REST, for `SupabaseFunctions` or `SupabaseStore`. Nothing is sent yet.

    Raises
    ------
    SettingsError
        Address or key cannot be right, or REST cannot be asked for this schema.
    """
    project = check_project(url, key)
    _check_header(schema)
    async with rest_client(httpx.Timeout(CALL_SECONDS, connect=CONNECT_SECONDS)) as http:
        options = supabase.AsyncClientOptions(schema=schema, auto_refresh_token=False, persist_session=False, httpx_client=http)
        yield supabase.AsyncClient(project.url, project.key, options)


def _check_header(schema: str) -> None:
    """The name of the schema goes in a header, and stands in the project's settings between commas."""
    if not schema.isascii() or not schema.isprintable() or "," in schema or schema != schema.strip():
        raise SettingsError(
            f"the schema {schema!r} cannot be reached over REST: only ASCII without commas can",
            next_step="set DATABASE_URL to the project's session pooler address (postgresql://...:5432/postgres)",
        )
