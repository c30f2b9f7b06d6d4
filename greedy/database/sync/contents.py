"""What a database holds, as a manifest tells it: schemas, histories of migrations, rows, definitions, roles."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeAlias

from greedy.database.errors import SchemaError
from greedy.database.executor import Executor
from greedy.database.identifiers import quoted
from greedy.database.schema.migrations import HISTORY, HISTORY_SCHEMA, migrations
from greedy.database.schema.registry import own_schemas
from greedy.database.sync.dump_file import AppliedMigration, Definitions

Histories: TypeAlias = dict[str, tuple[AppliedMigration, ...]]


async def dumped_schemas(db: Executor, chosen: Sequence[str] = ()) -> list[str]:
    """Schemas that a dump holds: all but the server's, Supabase's and extensions' own, or the chosen ones with their history.

    Raises
    ------
    SchemaError
        A chosen one is not there, or not for a dump.
    """
    found = await own_schemas(db)
    if unknown := [name for name in chosen if name not in found]:
        raise SchemaError(
            f"{db.server} has no schema {unknown[0]!r:.80} that could be dumped", details=[f"schemas: {', '.join(found) or 'none'}"]
        )
    wanted = {*chosen, *([HISTORY_SCHEMA] if "public" in chosen else [])} if chosen else set(found)
    return [name for name in found if name in wanted]


async def used_schemas(db: Executor, schemas: Sequence[str]) -> list[str]:
    """Those of these schemas that have tables."""
    return [row["nspname"] for row in await db.execute(USED_SCHEMAS, [list(schemas)], fetch_all=True)]


async def histories(db: Executor, schemas: Sequence[str]) -> Histories:
    """The history of migrations of each schema that has one, oldest first. That of `public` lies where the Supabase CLI keeps it."""
    found: Histories = {}
    for row in await db.execute(HISTORY_TABLES, [list(schemas), HISTORY], fetch_all=True):
        of = "public" if row["nspname"] == HISTORY_SCHEMA else row["nspname"]
        lines = f"select version, name from {quoted(row['nspname'])}.{quoted(HISTORY)} order by version"  # noqa: S608  quoted
        found[of] = tuple(AppliedMigration(**line) for line in await db.execute(lines, fetch_all=True))
    return found


def migrated_schemas(found: Histories) -> list[str]:
    """Schemas with tables of this program: its migrations are in their history, whatever else is."""
    return [schema for schema, history in found.items() if any(map(_ours, history))]


def newer_migrations(found: Histories) -> list[str]:
    """Versions in these histories that only a newer version of this program can have applied."""
    known = {migration.version for migration in migrations()}
    return sorted({one.version for history in found.values() for one in history if _ours(one)} - known)


def _ours(migration: AppliedMigration) -> bool:
    return (migration.name or "").startswith("greedy_")


async def row_counts(db: Executor, schemas: Sequence[str]) -> dict[str, int]:
    """Rows of every table, counted, by quoted `schema.table`."""
    names = [row["name"] for row in await db.execute(TABLES, [list(schemas)], fetch_all=True)]
    return {name: await db.execute(f"select count(*) from only {name}", fetch_val=True) for name in names}  # noqa: S608  quoted by the server


async def definitions(db: Executor, schemas: Sequence[str]) -> dict[str, Definitions]:
    """What the schemas are made of, by kind: tables, views, constraints, indexes, triggers, functions, types, policies, grants to all."""
    # Names in definitions are written out in full when nothing is on the search path.
    async with db.transaction() as connection:
        before = await connection.execute("select current_setting('search_path')", fetch_val=True)
        await connection.execute("select set_config('search_path', '', true)")
        rows = await connection.execute(DEFINITIONS, [list(schemas)], fetch_all=True)
        await connection.execute("select set_config('search_path', $1, true)", [before])
    return {row["kind"]: Definitions(count=row["count"], sha256=row["sha256"]) for row in rows}


async def named_roles(db: Executor, schemas: Sequence[str]) -> list[str]:
    """Roles without which grants and policies of these schemas cannot be restored."""
    return [row["rolname"] for row in await db.execute(ROLES, [list(schemas)], fetch_all=True)]


async def own_extensions(db: Executor, schemas: Sequence[str]) -> list[str]:
    """Extensions that were installed into one of these schemas."""
    sql = "select extname from pg_extension join pg_namespace n on n.oid = extnamespace where n.nspname = any($1) order by 1"
    return [row["extname"] for row in await db.execute(sql, [list(schemas)], fetch_all=True)]


USED_SCHEMAS = """
select distinct n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any($1) and c.relkind in ('r', 'p') order by 1
"""

HISTORY_TABLES = """
select n.nspname from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any($1) and c.relname = $2 and c.relkind = 'r'
  and 3 = (select count(*) from pg_attribute a where a.attrelid = c.oid and a.attname in ('version', 'name', 'statements'))
order by 1
"""

TABLES = """
select format('%I.%I', n.nspname, c.relname) as name from pg_class c join pg_namespace n on n.oid = c.relnamespace
where n.nspname = any($1) and c.relkind = 'r'
  and not exists (select from pg_depend d where d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype = 'e')
order by 1
"""

DEFINITIONS = """
with space as (
  select oid, nspname, nspacl, nspowner from pg_namespace where nspname = any($1)
), class as (
  select c.*, format('%I.%I', nspname, relname) as name from pg_class c join space on space.oid = relnamespace
), routine as (
  select p.*, format('%I.%I(%s)', nspname, proname, pg_get_function_identity_arguments(p.oid)) as name
  from pg_proc p join space on space.oid = pronamespace
), object(kind, name, definition) as (
  select case when relkind in ('v', 'm') then 'views' when relkind = 'S' then 'sequences' else 'tables' end, name,
         concat_ws(' ', relkind, relpersistence, relrowsecurity, relforcerowsecurity, array_to_string(reloptions, ','),
                   case when relkind in ('v', 'm') then pg_get_viewdef(oid) end,
                   (select string_agg(concat_ws(' ', attname, format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated,
                                                pg_get_expr(adbin, adrelid)), ', ' order by attnum)
                    from pg_attribute left join pg_attrdef on adrelid = attrelid and adnum = attnum
                    where attrelid = class.oid and attnum > 0 and not attisdropped))
  from class where relkind in ('r', 'p', 'v', 'm', 'S', 'f')
  union all
  -- Whether a column may be null stands with its table, whichever way the server keeps it.
  select 'constraints', conrelid::regclass || ' ' || conname, pg_get_constraintdef(k.oid)
  from pg_constraint k join class on class.oid = conrelid where contype not in ('n', 't')
  union all
  select 'indexes', indexrelid::regclass::text, pg_get_indexdef(indexrelid) from pg_index join class on class.oid = indrelid
  where class.relkind <> 't'
  union all
  select 'triggers', tgrelid::regclass || ' ' || tgname, concat_ws(' ', pg_get_triggerdef(t.oid), tgenabled)
  from pg_trigger t join class on class.oid = tgrelid where not tgisinternal
  union all
  select 'functions', name, case when prokind in ('f', 'p') then pg_get_functiondef(oid) end from routine
  union all
  select 'types', format('%I.%I', nspname, typname),
         concat_ws(' ', typtype, (select string_agg(enumlabel, ',' order by enumsortorder) from pg_enum where enumtypid = t.oid))
  from pg_type t join space on space.oid = typnamespace
  where typtype in ('e', 'd', 'r') or typrelid in (select oid from class where relkind = 'c')
  union all
  select 'policies', polrelid::regclass || ' ' || polname,
         concat_ws(' ', polcmd, polpermissive, pg_get_expr(polqual, polrelid), pg_get_expr(polwithcheck, polrelid))
  from pg_policy join class on class.oid = polrelid
  union all
  -- Grants to everybody; those to single roles depend on which roles a server has.
  select 'grants to everybody', granted.name, string_agg(privilege_type, ',' order by privilege_type)
  from (select name, coalesce(proacl, acldefault('f', proowner)) from routine
        union all select name, coalesce(relacl, acldefault('r', relowner)) from class where relkind in ('r', 'p', 'v', 'm', 'f')
        union all select nspname, coalesce(nspacl, acldefault('n', nspowner)) from space) as granted(name, acl),
       aclexplode(acl)
  where grantee = 0 group by 1, 2
)
select kind, count(*) as count, encode(sha256(convert_to(
         string_agg(concat_ws(' ', name, definition), E'\\n' order by name collate "C", definition collate "C"), 'UTF8')), 'hex') as sha256
from object group by kind order by kind
"""

# An owner is named by grants only where she has other rights on her own object than owners have.
ROLES = """
with space as (
  select oid, nspacl, nspowner from pg_namespace where nspname = any($1)
), granted(acl, kind, owner) as (
  select nspacl, 'n', nspowner from space
  union all select relacl, case relkind when 'S' then 's' else 'r' end, relowner from pg_class join space on space.oid = relnamespace
  union all select proacl, 'f', proowner from pg_proc join space on space.oid = pronamespace
  union all select typacl, 'T', typowner from pg_type join space on space.oid = typnamespace
), role(oid) as (
  select r from granted, aclexplode(acl), unnest(array[grantee, grantor]) as r where r <> owner
  union select owner from granted
        where acl is not null and (select count(*) from aclexplode(acl) where grantee = owner)
                               <> (select count(*) from aclexplode(acldefault(kind::"char", owner)) where grantee = owner)
  union select grantee from pg_attribute a join pg_class c on c.oid = attrelid join space on space.oid = relnamespace, aclexplode(attacl)
  union select r from pg_default_acl join space on space.oid = defaclnamespace, aclexplode(defaclacl),
               unnest(array[grantee, defaclrole]) as r
  union select r from pg_policy join pg_class c on c.oid = polrelid join space on space.oid = relnamespace, unnest(polroles) as r
)
select rolname from role join pg_roles using (oid) where rolname !~ '^pg_' order by 1
"""
