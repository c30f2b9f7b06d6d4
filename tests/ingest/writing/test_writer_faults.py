"""What becomes of a transaction whose connection, task or process ends in its middle; and behind a pooler, in a schema of its own."""

from __future__ import annotations

import asyncio
import random
import sqlite3
import subprocess
import sys
import traceback
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession

from greedy.database.connector import DBConnector
from greedy.database.errors import ConnectionError
from greedy.errors import OutsideError, SettingsError
from greedy.ingest.writing.entities import EntityType, EntityTypes
from greedy.ingest.writing.sessions import open_session
from greedy.ingest.writing.violations import UniqueViolation
from greedy.ingest.writing.writer import DatabaseWriter
from tests.database.test_pooler import pooler_url  # noqa: F401  a fixture
from tests.timing import until

THINGS = EntityTypes([EntityType("things", "things", id_prefix="t")])
DDL = "create table things (id text primary key, name text unique)"


@pytest.fixture
async def things(db: DBConnector) -> DBConnector:
    await db.execute(DDL)
    return db


async def count(db: DBConnector) -> int:
    return await db.execute("select count(*) from things", fetch_val=True)


async def backend(session: AsyncSession) -> int:
    return (await session.execute(sa.text("select pg_backend_pid()"))).scalar_one()


async def test_a_connection_that_is_lost_takes_all_with_it(things: DBConnector) -> None:
    async with open_session(things) as session:
        writer = DatabaseWriter(session, THINGS)
        await writer.insert_entity("things", {"name": "a"})
        await things.execute("select pg_terminate_backend($1, 60000)", [await backend(session)])
        with pytest.raises(OutsideError):
            await writer.batch_insert_entities("things", [{"name": f"{n}"} for n in range(500)])
        with pytest.raises(OutsideError) as caught:
            await writer.commit_transaction()
        assert "rolled back" in caught.value.message
        assert await count(things) == 0
        await writer.insert_entity("things", {"name": "b"})  # and on it goes, with a new connection
        await writer.commit_transaction()
        assert writer.get_summary() == {"things": 1}
    assert await count(things) == 1


async def test_a_commit_without_an_answer_says_that_nobody_knows(things: DBConnector) -> None:
    await things.execute(
        """create function wait() returns trigger language plpgsql as 'begin perform pg_sleep(600); return null; end';
        create constraint trigger slow after insert on things deferrable initially deferred for each row execute function wait()"""
    )
    async with open_session(things) as session:
        writer = DatabaseWriter(session, THINGS)
        await writer.insert_entity("things", {"name": "a"})
        pid = await backend(session)
        committing = asyncio.create_task(writer.commit_transaction())
        await until(
            lambda: things.execute("select 1 from pg_stat_activity where pid = $1 and wait_event = 'PgSleep'", [pid], fetch_val=True)
        )
        await things.execute("select pg_terminate_backend($1)", [pid])
        with pytest.raises(ConnectionError, match="nobody knows whether it was committed"):
            await committing


async def test_a_cancelled_call_leaves_nothing_of_itself(things: DBConnector) -> None:
    async with open_session(things) as session:
        writer = DatabaseWriter(session, THINGS)
        await writer.insert_entity("things", {"name": "kept"})
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.2):
                await writer.batch_insert_entities("things", [{"name": f"{n}"} for n in range(200_000)])
        assert writer.get_summary() == {"things": 1}
        try:
            await writer.commit_transaction()
        except OutsideError:
            assert await count(things) == 0
        else:
            assert await count(things) == 1


@pytest.mark.parametrize("kind", ["postgresql", "sqlite"])
async def test_a_killed_process_leaves_nothing(things: DBConnector, database_url: str, tmp_path: Path, kind: str) -> None:
    file = tmp_path / "things.db"
    with sqlite3.connect(file) as connection:
        connection.execute(DDL)
    where = database_url if kind == "postgresql" else f"sqlite+aiosqlite:///{file}"
    chance = random.Random(6)
    for _ in range(2 if kind == "postgresql" else 1):
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(Path(__file__).parent / "write_on.py"), where, stdout=subprocess.PIPE
        )
        assert process.stdout is not None
        assert await process.stdout.readline() == b"writing\n"
        await asyncio.sleep(chance.random() * 0.3)
        process.kill()
        await process.wait()
        if kind == "postgresql":
            assert await count(things) == 0
        else:
            with sqlite3.connect(file) as connection:
                assert connection.execute("select count(*) from things").fetchone() == (0,)


async def test_sqlite_that_another_process_writes_to_is_told(tmp_path: Path) -> None:
    file = tmp_path / "things.db"
    with sqlite3.connect(file, isolation_level=None) as other:
        other.execute(DDL)
        other.execute("begin immediate")
        async with open_session(f"sqlite+aiosqlite:///{file}?timeout=0.1") as session:
            with pytest.raises(ConnectionError, match=r"SQLite database .*things.db is locked by another process") as caught:
                await DatabaseWriter(session, THINGS).insert_entity("things", {"name": "a"})
            assert caught.value.retryable
        other.execute("rollback")


@pytest.mark.parametrize("schema", ["public", "Tenant 1"])
async def test_it_writes_behind_a_transaction_pooler(pooler_url: str, things: DBConnector, schema: str) -> None:  # noqa: F811
    if schema != "public":
        await things.execute(f'create schema "{schema}"; create table "{schema}".things (like things including all)')

    async def write(number: int) -> None:
        async with DBConnector(pooler_url, transaction_pooler=True, schema=schema, min_size=0) as pooled, open_session(pooled) as session:
            writer = DatabaseWriter(session, THINGS, batch_size=7)
            for turn in range(3):
                await writer.batch_insert_entities("things", [{"name": f"{number} {turn} {n}"} for n in range(20)])
                with pytest.raises(UniqueViolation):
                    await writer.insert_entity("things", {"name": f"{number} {turn} 3"})
                await writer.commit_transaction()

    await asyncio.gather(*(write(number) for number in range(8)))
    assert await things.execute(f'select count(*) from "{schema}".things', fetch_val=True) == 480
    assert await count(things) == (480 if schema == "public" else 0)


async def test_a_schema_of_its_own_is_the_only_one_that_it_sees(things: DBConnector, database_url: str) -> None:
    await things.execute("create schema zuid; create table zuid.things (id uuid primary key, name text not null)")
    async with DBConnector(database_url, min_size=0, schema="zuid") as zuid, open_session(zuid) as session:
        writer = DatabaseWriter(session, THINGS)
        assert not (await writer.table("things")).columns["name"].nullable
        await DatabaseWriter(session, EntityTypes([EntityType("things", "things")])).insert_entity("things", {"name": "a"})
        await session.commit()
    assert await count(things) == 0


async def test_no_password_in_any_error(things: DBConnector) -> None:
    secret = "ge" + "heim"  # or the traceback would show this line
    async with (
        DBConnector(f"postgresql://anna:{secret}@127.0.0.1:1/nowhere", min_size=0) as unreachable,
        open_session(unreachable) as session,
    ):
        with pytest.raises(ConnectionError, match="anna@127.0.0.1:1/nowhere") as caught:
            await DatabaseWriter(session, THINGS).insert_entity("things", {"name": "a"})
        assert secret not in "".join(traceback.format_exception(caught.value))
    with pytest.raises(SettingsError) as refused:
        async with open_session(f"postgresql+asyncpg://anna:{secret}@127.0.0.1/x"):
            pass
    assert secret not in "".join(traceback.format_exception(refused.value))


async def test_values_are_in_no_traceback_of_sqlalchemy(things: DBConnector) -> None:
    async with open_session(things) as session:
        writer = DatabaseWriter(session, THINGS)
        secret = "of " + "somebody"
        rows: list[dict[str, Any]] = [{"id": "x", "name": secret}] * 2
        with pytest.raises(UniqueViolation) as caught:
            await writer.batch_insert_entities("things", rows)
        assert secret not in "".join(traceback.format_exception(caught.value))
