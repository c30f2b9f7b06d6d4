"""The server around a database: what may be done there, databases made, swapped and dropped. Over a connection to another database."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

import structlog

from greedy.database.connector import DBConnector
from greedy.database.errors import AuthenticationError, DatabaseError
from greedy.database.executor import Executor
from greedy.database.identifiers import NAME_BYTES, quoted
from greedy.database.sync.errors import RestoreError
from greedy.database.sync.programs import with_database

log = structlog.get_logger()

MAINTENANCE_DATABASE = "template1"  # there on every server, and never the one that is restored
FRESH_NAME = re.compile(r"greedy_restore_[0-9a-f]{12}")
STAND_IN = "greedy: stands in for a missing role during a restore"
RESTORE_LOCK = 7_206_518_390_113  # any number of our own: one restore a server at a time
STATEMENT_TIMEOUT_SECONDS = 60.0  # CREATE and DROP DATABASE copy and remove files
IN_USE_SECONDS = 60.0  # so long sessions of others are asked to end
IN_USE_SQLSTATE = "55006"


@dataclass(frozen=True)
class Target:
    """The database that is to be replaced, and its server. `owner` is None where the database does not exist; `user` is who asks."""

    database: str
    user: str
    owner: str | None
    server_version: str
    server_major: int
    superuser: bool
    roles: frozenset[str]

    def missing_roles(self, named: Sequence[str]) -> list[str]:
        """Roles that this server does not have."""
        return [name for name in named if name not in self.roles]


class Maintenance:
    """Work on the databases of a server.

    Parameters
    ----------
    url
        URL of any database of the server. It is not connected to itself.
    """

    def __init__(self, url: str) -> None:
        self._url = with_database(url, MAINTENANCE_DATABASE)
        self._db = DBConnector(self._url, min_size=1, max_size=4)
        self.server = self._db.server

    @asynccontextmanager
    async def locked(self) -> AsyncIterator[None]:
        """Be the only restore on this server."""
        async with self._db, self._db.connection() as connection:
            if not await connection.execute("select pg_try_advisory_lock($1)", [RESTORE_LOCK], fetch_val=True):
                raise RestoreError(f"another restore runs on {self.server}", next_step="wait for its end")
            yield

    async def target(self, database: str) -> Target:
        """Look at a database from outside.

        Raises
        ------
        RestoreError
            This user may not replace it, or nobody should.
        """
        async with self._db.connection() as connection:
            row = await connection.execute(TARGET, [database], fetch_row=True)
        assert row is not None  # noqa: S101  we exist
        if row["supabase"] and not row["superuser"]:
            raise RestoreError(
                f"the database {database} of {self.server} cannot be replaced: Supabase does not let its users rename databases",
                next_step="use the backups of the Supabase dashboard, or restore into another PostgreSQL with --database",
            )
        if row["is_template"] or database == MAINTENANCE_DATABASE:
            raise RestoreError(f"{database} is a template database", next_step="give another database with --database")
        if not (row["superuser"] or row["may_create"]) or row["owns"] is False:
            what = f"is not the owner of {database}" if row["owns"] is False else "may not create databases"
            raise RestoreError(
                f"{row['me']} {what}, so the database cannot be replaced on {self.server}",
                next_step=f"give the URL of a superuser, or: alter role {quoted(row['me'])} createdb, and make it the database's owner",
            )
        return Target(database, row["me"], row["owner"], row["version"], row["number"] // 10000, row["superuser"], frozenset(row["roles"]))

    async def remove_left(self) -> None:
        """Remove what restores that were killed have left."""
        databases = [row["datname"] for row in await self._db.execute("select datname from pg_database", fetch_all=True)]
        for name in filter(FRESH_NAME.fullmatch, databases):
            log.info("restore.remove_unfinished", database=name)
            await self.drop(name)
        left = "select rolname from pg_roles where shobj_description(oid, 'pg_authid') = $1"
        for row in await self._db.execute(left, [STAND_IN], fetch_all=True):
            log.info("restore.remove_unfinished", role=row["rolname"])
            await self._db.execute(f"drop role {quoted(row['rolname'])}")

    @asynccontextmanager
    async def fresh_database(self, target: Target) -> AsyncIterator[str]:
        """Make an empty database like the target, for the length of a block. It stays when it was swapped in."""
        name = f"greedy_restore_{uuid4().hex[:12]}"
        like = await self._db.execute(LIKE, [target.database], fetch_row=True) if target.owner else None
        try:
            options = "" if like is None else " ".join(f"{option} {value}" for option, value in like["options"])
            await self._db.execute(
                f"create database {quoted(name)} template template0 {options}", timeout_seconds=STATEMENT_TIMEOUT_SECONDS
            )
            yield name
        finally:
            # A name of 12 random digits is never that of another one.
            await asyncio.shield(self.drop(name))

    @asynccontextmanager
    async def stand_ins(self, roles: Sequence[str], database_url: str) -> AsyncIterator[None]:
        """Let roles that this server lacks exist for the length of a block, without rights of their own. What they were given goes too."""
        async with self._db.transaction() as connection:
            for role in roles:
                await connection.execute(f"create role {quoted(role)} nologin")
                await connection.execute(f"comment on role {quoted(role)} is '{STAND_IN}'")
        try:
            yield
        finally:
            if roles:
                async with DBConnector(database_url, min_size=1) as db:
                    await db.execute(f"drop owned by {', '.join(map(quoted, roles))}")
                await self._db.execute(f"drop role {', '.join(map(quoted, roles))}")

    async def copy_settings(self, source: str, target: str) -> None:
        """Give a database the settings and the right to connect that another one has."""
        statements = await self._db.execute(SETTINGS, [source, target], fetch_all=True)
        async with self._db.transaction() as connection:
            for row in statements:
                await connection.execute(row["statement"])

    async def swap(self, fresh: str, target: Target) -> str | None:
        """Put a fresh database in the target's place, in one transaction, and return the name under which the old one is kept.

        Renaming locks the database: whoever connects meanwhile waits. So sessions can be ended without new ones coming.
        """
        kept = await self._kept_name(target.database) if target.owner else None
        deadline = asyncio.get_running_loop().time() + IN_USE_SECONDS
        while True:
            try:
                async with self._db.transaction() as connection:
                    if kept is not None:
                        async with self._sessions_ended(target.database):
                            await connection.execute(f"alter database {quoted(target.database)} rename to {quoted(kept)}")
                    await connection.execute(f"alter database {quoted(fresh)} rename to {quoted(target.database)}")
            except DatabaseError as exc:
                if exc.sqlstate != IN_USE_SQLSTATE:
                    raise
                if asyncio.get_running_loop().time() > deadline:
                    raise RestoreError(
                        f"{target.database} is still in use after {IN_USE_SECONDS:.0f} seconds; nothing was changed",
                        details=[exc.message, *exc.details, *await self._users(target.database)],
                        next_step="end these sessions, and restore again",
                    ) from exc
            else:
                return kept

    async def drop(self, database: str) -> None:
        """Drop a database, its sessions with it, if it exists."""
        await self._db.execute(f"drop database if exists {quoted(database)} with (force)", timeout_seconds=STATEMENT_TIMEOUT_SECONDS)

    async def _kept_name(self, database: str) -> str:
        there = {row["datname"] for row in await self._db.execute("select datname from pg_database", fetch_all=True)}
        name = f"{_stem(database)}_before_{datetime.now(UTC):%Y%m%dT%H%M%SZ}"
        return next(f"{name}{suffix}" for suffix in ("", *(f"_{number}" for number in range(2, 1000))) if f"{name}{suffix}" not in there)

    @asynccontextmanager
    async def _sessions_ended(self, database: str) -> AsyncIterator[None]:
        ending = asyncio.create_task(self._end_sessions(database))
        try:
            yield
        finally:
            ending.cancel()
            await asyncio.gather(ending, return_exceptions=True)

    async def _end_sessions(self, database: str) -> None:
        while True:
            try:
                await self._db.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = $1", [database])
            except AuthenticationError as exc:  # a session of somebody mightier; the swap says who that is
                log.debug("restore.sessions", reason=exc.message)
            await asyncio.sleep(0.02)

    async def _users(self, database: str) -> list[str]:
        sql = "select coalesce(usename, backend_type) as who, count(*) from pg_stat_activity where datname = $1 group by 1 order by 1"
        return [f"{row['count']} sessions of {row['who']}" for row in await self._db.execute(sql, [database], fetch_all=True)]


async def kept_databases(db: Executor, database: str) -> list[tuple[str, int]]:
    """Old databases that restores of this one have kept, with their size in bytes, oldest first."""
    pattern = f"^{re.escape(_stem(database))}{KEPT_NAME}$"
    return [(row["datname"], row["bytes"]) for row in await db.execute(KEPT, [pattern], fetch_all=True)]


KEPT_NAME = r"_before_\d{8}T\d{6}Z(_\d{1,3})?"


def _stem(database: str) -> str:
    """As much of a name as leaves room for what is put behind it."""
    return database.encode()[: NAME_BYTES - len("_before_20261121T100000Z_999")].decode(errors="ignore")


# The size of a database is told to those who may connect to it.
KEPT = """
select datname, case when has_database_privilege(oid, 'connect') then pg_database_size(oid) end as bytes
from pg_database where datname ~ $1 order by 1
"""

TARGET = """
select current_user as me, me.rolsuper as superuser, me.rolcreatedb as may_create, current_setting('server_version') as version,
       current_setting('server_version_num')::int as number, exists (select from pg_roles where rolname = 'supabase_admin') as supabase,
       owner.rolname as owner, case when d.oid is not null then me.rolsuper or pg_has_role(d.datdba, 'member') end as owns,
       coalesce(d.datistemplate, false) as is_template, (select array_agg(rolname) from pg_roles) as roles
from pg_roles me left join pg_database d on d.datname = $1 left join pg_roles owner on owner.oid = d.datdba
where me.rolname = current_user
"""

# Options of CREATE DATABASE, their values quoted. The names of the columns for the locale depend on the version.
LIKE = """
select array_agg(array[option, value]) as options from (
  select j.*, r.rolname from pg_database d join pg_roles r on r.oid = datdba, to_jsonb(d) as j where datname = $1) as d,
  lateral (values
    ('owner', quote_ident(rolname)),
    ('encoding', quote_literal(pg_encoding_to_char((j ->> 'encoding')::int))),
    ('locale_provider', case j ->> 'datlocprovider' when 'i' then 'icu' when 'b' then 'builtin' when 'c' then 'libc' end),
    ('lc_collate', quote_literal(j ->> 'datcollate')),
    ('lc_ctype', quote_literal(j ->> 'datctype')),
    (case j ->> 'datlocprovider' when 'i' then 'icu_locale' when 'b' then 'builtin_locale' end,
     quote_literal(coalesce(j ->> 'datlocale', j ->> 'daticulocale'))),
    ('connection limit', j ->> 'datconnlimit')) as o(option, value)
where option is not null and value is not null
"""

SETTINGS = """
select case when setrole = 0 then format('alter database %I set ', $2::text)
            else format('alter role %s in database %I set ', setrole::regrole, $2::text) end
       -- Lists are kept as they are written in SQL.
       || format(case when name in ('search_path', 'temp_tablespaces', 'local_preload_libraries', 'session_preload_libraries')
                      then '%I to %s' else '%I to %L' end, name, value) as statement
from pg_db_role_setting s join pg_database d on d.oid = setdatabase, unnest(setconfig) as setting,
     lateral (values (split_part(setting, '=', 1), substr(setting, position('=' in setting) + 1))) as one(name, value)
where d.datname = $1
union all
select format('revoke all on database %I from public', $2::text) from pg_database where datname = $1 and datacl is not null
union all
select format('grant %s on database %I to %s', privilege_type, $2::text, case grantee when 0 then 'public' else grantee::regrole::text end)
from pg_database, aclexplode(datacl) where datname = $1 and datacl is not null
union all
select format('comment on database %I is %L', $2::text, shobj_description(oid, 'pg_database'))
from pg_database where datname = $1 and shobj_description(oid, 'pg_database') is not null
"""
