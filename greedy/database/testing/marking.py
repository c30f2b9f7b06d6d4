"""Databases that say of themselves that tests may delete their rows. Without it, nothing here deletes anything that stays deleted."""

from __future__ import annotations

from greedy.database.executor import Executor
from greedy.database.identifiers import qualified
from greedy.database.schema.migrations import HISTORY
from greedy.database.schema.registry import SchemaRegistry, own_schemas
from greedy.errors import InputError, SettingsError

COMMENT = "select shobj_description(oid, 'pg_database') from pg_database where datname = current_database()"


def mark_text(database: str) -> str:
    """The comment of a database that is marked. It names the database, so that it does not hold for a copy under another name."""
    return f"greedy: tests may delete the rows of {database}"


async def mark_for_tests(db: Executor, database: str, *, rows_may_be_deleted: bool = False) -> None:
    """Mark a database as one for tests, in a comment on it; a comment that it had is replaced.

    Parameters
    ----------
    db
        Connector or connection, as the owner of the database.
    database
        The name of that very database, so that nobody marks another one by a wrong DATABASE_URL.
    rows_may_be_deleted
        It holds rows already, and these may go too.

    Raises
    ------
    SettingsError
        This is another database, or it holds rows, in whichever schema, and nobody said that they may go.
    """
    own = await db.execute("select current_database()::text", fetch_val=True)
    if own != database:
        raise SettingsError(f"{db.server} is the database {own!r}, not {database!r:.80}", next_step="check the database URL")
    if not rows_may_be_deleted:
        registry = SchemaRegistry(db)
        # The mark is the database's: it holds for the schemas of all practices in it.
        for table in [table for schema in await own_schemas(db) for table in (await registry.tables(schema)).values()]:
            held = f"select exists (select from {qualified(*reversed(table.name))})"  # noqa: S608  a quoted name
            if table.kind == "table" and table.name.table != HISTORY and await db.execute(held, fetch_val=True):
                raise SettingsError(
                    f"{db.server} is not marked for tests: its table {table.name} holds rows, and tests may delete them",
                    next_step="take an empty database; or, if all its rows may go, say rows_may_be_deleted=True",
                )
    sql = await db.execute("select format('comment on database %I is %L', current_database(), $1::text)", [mark_text(own)], fetch_val=True)
    await db.execute(sql)


async def require_marked(db: Executor) -> None:
    """Refuse a database that is not marked for tests.

    Raises
    ------
    InputError
        It is not, or it is a copy of one that was, under another name.
    """
    own = await db.execute("select current_database()::text", fetch_val=True)
    if await db.execute(COMMENT, fetch_val=True) != mark_text(own):
        raise InputError(
            f"{db.server} is not marked as a database for tests, so nothing in it is deleted",
            next_step=f"if it is one: mark_for_tests(db, {own!r}); or use another GREEDY_TEST_MODE",
        )
