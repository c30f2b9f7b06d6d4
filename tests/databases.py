"""Databases of the tests' own: copies of a template. To import a roster or to migrate a schema takes five times as long as to copy the result."""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import asyncpg

from greedy.database.embedded.server import EmbeddedServer
from greedy.database.injection import shared_loop

MIGRATED = "template_greedy"
numbers = itertools.count()


@asynccontextmanager
async def copy_of(server: EmbeddedServer, template: str) -> AsyncIterator[str]:
    """URL of a copy, which goes in the end."""
    name = f"test_{next(numbers)}"
    admin = await asyncpg.connect(server.url("postgres"))
    try:
        await admin.execute(_copy(name, template))
        yield server.url(name)
        shared_loop.stop()  # what synchronous callers opened would connect again and again, to nothing
        await admin.execute(f"drop database {name} with (force)")
    finally:
        await admin.close()


def make_template(
    server: EmbeddedServer, name: str, prepare: Callable[[str], Awaitable[object]] | None = None, *, of: str = MIGRATED
) -> str:
    """A copy in which `prepare`, which gets its URL, has done its work, and to which nobody is connected any more; its name."""

    async def make() -> None:
        admin = await asyncpg.connect(server.url("postgres"))
        await admin.execute(_copy(name, of))
        await admin.close()
        if prepare is not None:
            await prepare(server.url(name))

    asyncio.run(make())
    return name


def _copy(name: str, template: str) -> str:
    return f"create database {name} template {template} strategy file_copy"  # through the log a copy, and its end, cost twice as much
