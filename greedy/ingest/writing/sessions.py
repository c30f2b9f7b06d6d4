"""Sessions of SQLAlchemy: over PostgreSQL through our own way to connect, or over a file of SQLite."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

from sqlalchemy import event
from sqlalchemy.engine import Connection
from sqlalchemy.exc import ArgumentError, NoSuchModuleError
from sqlalchemy.ext.asyncio import AsyncEngine, AsyncSession, create_async_engine
from sqlalchemy.pool import NullPool

from greedy.database.connector import DBConnector
from greedy.errors import SettingsError


@asynccontextmanager
async def open_session(database: DBConnector | str) -> AsyncIterator[AsyncSession]:
    """A session with one connection of its own. What was not committed at the end of the block is rolled back.

    Parameters
    ----------
    database
        A connector, whose address, schema and kind of pooler count, while its pool is not touched; or the URL of SQLite,
        `sqlite+aiosqlite:///file.db`.

    Raises
    ------
    SettingsError
        The URL is none of SQLite.
    """
    engine = _over_sqlite(database) if isinstance(database, str) else _over_postgresql(database)
    try:
        async with AsyncSession(engine, expire_on_commit=False) as session:
            yield session
    finally:
        await engine.dispose()


def server_of(session: AsyncSession) -> str:
    """Which database a session is of, without its password."""
    bind = session.get_bind()
    engine = bind.engine if isinstance(bind, Connection) else bind
    if engine.dialect.name == "sqlite":
        return f"SQLite database {engine.url.database or 'in memory'}"
    return str(engine.pool.logging_name or "") or engine.url.render_as_string(hide_password=True)


def _over_postgresql(db: DBConnector) -> AsyncEngine:
    setup = db.transaction_setup
    # Behind a transaction pooler no statement outlives its transaction, and names of those of others are none of ours.
    pooled: dict[str, Any] = {"prepared_statement_cache_size": 0, "prepared_statement_name_func": lambda: f"greedy_{uuid4().hex}"}
    engine = create_async_engine(
        "postgresql+asyncpg://",
        async_creator=db.driver_connection,
        connect_args={} if setup is None else pooled,
        poolclass=NullPool,
        pool_logging_name=db.server,
        hide_parameters=True,
    )
    if setup:

        @event.listens_for(engine.sync_engine, "begin")
        def _set_up(connection: Connection) -> None:
            connection.exec_driver_sql(setup)

    return engine


def _over_sqlite(url: str) -> AsyncEngine:
    try:
        engine = create_async_engine(url, hide_parameters=True)
    except (ArgumentError, NoSuchModuleError, ModuleNotFoundError, ValueError):
        engine = None
    if engine is None or engine.dialect.name != "sqlite":
        raise SettingsError(
            "this is no URL of an SQLite database",
            next_step="write it as sqlite+aiosqlite:///file.db; a PostgreSQL database is given as a DBConnector",
        )
    return engine
