"""A database with the sample roster, a manager for it, and a dump of it."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from greedy.database.connector import DBConnector
from greedy.database.embedded.server import EmbeddedServer
from greedy.database.sync import DatabaseSyncManager
from greedy.formats.tables import PracticeTables
from greedy.store.postgres import PostgresStore
from tests.databases import MIGRATED, numbers
from tests.supabase_project import ROLES
from tests.timing import PATIENCE_SECONDS

TABLES = """
select format('%I.%I', schemaname, tablename) from pg_tables
where schemaname !~ '^pg_' and schemaname <> 'information_schema' order by 1
"""
DEFAULTS = ";".join(
    f"alter default privileges in schema public revoke all on {things} from {', '.join(ROLES)}"
    for things in ("tables", "sequences", "functions")
)


async def content(url: str) -> dict[str, list[str]]:
    """Every row of every table, as text."""
    connection = await asyncpg.connect(url)
    try:
        names = [row[0] for row in await connection.fetch(TABLES)]
        return {name: [row[0] for row in await connection.fetch(f"select t::text from {name} t order by 1")] for name in names}
    finally:
        await connection.close()


async def ask(url: str, sql: str, *args: object) -> Any:
    """One value."""
    connection = await asyncpg.connect(url)
    try:
        return await connection.fetchval(sql, *args)
    finally:
        await connection.close()


async def run(url: str, sql: str) -> None:
    """Statements, each on its own."""
    connection = await asyncpg.connect(url)
    try:
        for statement in sql.split(";"):
            await connection.execute(statement)
    finally:
        await connection.close()


class Killer:
    """Kills a step after so many seconds, as often as one likes. True when it was killed, False when it had ended by then."""

    def __init__(self, step: str, url: str, path: Path) -> None:
        command = [sys.executable, "-m", "tests.database.sync.killer", step, url, str(path)]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)

    def __call__(self, seconds: float) -> bool:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        print(seconds, file=self._process.stdin, flush=True)
        return {"killed\n": True, "ended\n": False}[self._process.stdout.readline()]

    def moments(self, count: int) -> Iterator[float]:
        """So many moments within the step, from its first to its last; then again and further apart, as it takes longer on a slow machine."""
        started = time.perf_counter()
        assert not self(PATIENCE_SECONDS)
        seconds = time.perf_counter() - started
        return (seconds * (number % count) / count * (1 + number // count) for number in range(5 * count))

    def __enter__(self) -> Killer:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()


async def databases(server: EmbeddedServer) -> set[str]:
    """Names of all databases."""
    connection = await asyncpg.connect(server.url("template1"))
    try:
        return {row[0] for row in await connection.fetch("select datname from pg_database")}
    finally:
        await connection.close()


async def forget_role(server: EmbeddedServer, role: str) -> None:
    """Drop a role and what it has in any database."""
    template1 = server.url("template1")
    where = """select coalesce(array_agg(distinct datname::text), '{}') from pg_shdepend as s join pg_database as d on d.oid = s.dbid
               where s.refclassid = 'pg_authid'::regclass and s.refobjid = (select oid from pg_roles where rolname = $1)"""
    if await ask(template1, "select true from pg_roles where rolname = $1", role):
        for name in {*await ask(template1, where, role), "template1"}:
            await run(server.url(name), f'reassign owned by "{role}" to current_user; drop owned by "{role}"')
        await run(template1, f'drop role "{role}"')


async def untouched(server: EmbeddedServer, loaded_url: str, before: tuple[set[str], dict[str, list[str]]]) -> bool:
    return before == (await databases(server), await content(loaded_url))


@pytest.fixture(scope="session")
def sample_template(server: EmbeddedServer, sample: PracticeTables) -> str:
    """Name of a database with the sample roster, to be copied."""

    async def make() -> None:
        await run(server.url("template1"), f"create database template_sample template {MIGRATED}")
        # Default privileges are those of one role: nobody else may restore them.
        await run(server.url("template_sample"), DEFAULTS)
        async with DBConnector(server.url("template_sample"), min_size=1) as db:
            await PostgresStore(db).import_tables(sample)

    asyncio.run(make())
    return "template_sample"


@pytest.fixture
async def loaded_url(server: EmbeddedServer, sample_template: str) -> AsyncIterator[str]:
    """URL of a database with the sample roster."""
    name = f"sync_{next(numbers)}"
    await run(server.url("template1"), f"create database {name} template {sample_template}")
    yield server.url(name)
    await run(server.url("template1"), f"drop database {name} with (force)")


@pytest.fixture
async def manager(loaded_url: str, server: EmbeddedServer, tmp_path: Path) -> AsyncIterator[DatabaseSyncManager]:
    """For the database with the sample roster. What its restores keep is dropped at the end."""
    before = await databases(server)
    yield DatabaseSyncManager(loaded_url, dumps_dir=tmp_path / "dumps")
    for name in await databases(server) - before:
        await run(server.url("template1"), f'drop database "{name}" with (force)')


@pytest.fixture
async def dump_path(manager: DatabaseSyncManager, tmp_path: Path) -> Path:
    """A dump of the sample roster."""
    return (await manager.dump(tmp_path / "sample.dump")).path
