"""What a schema holds, in PostgreSQL's own words, so that two schemas can be compared word by word.

Definitions are read with the schema alone on the search path: names of its own then stand in them without it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from greedy.database.schema.migrations import looking_in
from greedy.database.schema.names import PUBLIC

if TYPE_CHECKING:
    from greedy.database.connection import DBConnection

OWNER, EVERYBODY = "the owner", "everybody"


@dataclass(frozen=True)
class Thing:
    """A table, column, trigger and so on. `parent` is that of a part: (what, name). `facts`: what is compared, by attribute."""

    what: str
    name: str
    parent: tuple[str, str] | None
    facts: dict[str, str | None]


Catalogue = dict[tuple[str, str], Thing]


async def read_catalogue(
    connection: DBConnection, schema: str, *, as_schema: str | None = None, shared: Mapping[str, str] | None = None
) -> Catalogue:
    """All things of a schema by what they are and their name, those of extensions left out.

    Parameters
    ----------
    connection
        In a transaction.
    schema
        Which schema.
    as_schema
        Read it as if it had this name: the schema that it is compared with.
    shared
        The other names that the schemas which practices share have for now.
    """
    async with looking_in(connection, schema):
        text: str = await connection.execute(CATALOGUE, [schema, (as_schema or schema) != PUBLIC], fetch_val=True)
    for name, other in (shared or {}).items():
        text = text.replace(other, name)
    if as_schema is not None:
        rendered = await connection.execute("select format('%I', $1::text)", [as_schema], fetch_val=True)
        # The first as a migration has it, the second as PostgreSQL writes it in the settings of a function.
        quoted = rendered if as_schema == PUBLIC else f'"{as_schema}"'
        text = text.replace(f'\\"{schema}\\"', json.dumps(quoted)[1:-1]).replace(schema, json.dumps(rendered)[1:-1])
    return {(row["what"], row["name"]): Thing(**{**row, "parent": row["parent"] and tuple(row["parent"])}) for row in json.loads(text)}


async def copy_default_privileges(connection: DBConnection, schema: str, into: str) -> None:
    """Whatever is made in `into` from now on gets the rights that it would get in `schema`, as by `alter default privileges`."""
    for row in await connection.execute(DEFAULT_PRIVILEGES, [schema, into], fetch_all=True):
        await connection.execute(row["sql"])


DEFAULT_PRIVILEGES = """
select format('alter default privileges in schema %I grant %s on %s to %s%s', $2::text, privilege_type,
  case defaclobjtype when 'r' then 'tables' when 'S' then 'sequences' when 'f' then 'functions' else 'types' end,
  case grantee when 0 then 'public' else quote_ident(pg_get_userbyid(grantee)) end,
  case when is_grantable then ' with grant option' else '' end) as sql
from pg_default_acl, aclexplode(defaclacl)
where defaclnamespace = to_regnamespace(quote_ident($1))
  -- of whoever made our tables there
  and defaclrole = (select mode() within group (order by relowner) from pg_class where relnamespace = defaclnamespace and relkind = 'r')
"""

# One JSON array. $1: schema; $2: whether the rights on the schema itself belong to it (those of public are the server's).
CATALOGUE = """
with space as (
  select n.oid, n.nspacl, n.nspowner,
         coalesce((select mode() within group (order by relowner) from pg_class where relnamespace = n.oid and relkind = 'r'),
                  n.nspowner) as owner
  from pg_namespace n where nspname = $1
), extension as (
  select classid, objid from pg_depend where deptype = 'e'
), class as (
  select c.*, case when relkind in ('v', 'm') then 'view' when relkind = 'S' then 'sequence' when relkind = 'c' then 'type'
                   else 'table' end as what
  from pg_class c join space on space.oid = c.relnamespace
  where c.relkind in ('r', 'p', 'f', 'v', 'm', 'S', 'c')
    and not exists (select from extension where classid = 'pg_class'::regclass and objid = c.oid)
), routine as (
  select p.*, p.proname || '(' || pg_get_function_identity_arguments(p.oid) || ')' as signature
  from pg_proc p join space on space.oid = p.pronamespace
  where not exists (select from extension where classid = 'pg_proc'::regclass and objid = p.oid)
), thing(what, name, parent, facts) as (
  select what, relname::text, null::text[], jsonb_strip_nulls(jsonb_build_object(
    'kind', case relkind when 'p' then 'partitioned' when 'f' then 'foreign' when 'm' then 'materialized' else 'plain' end,
    'persistence', case relpersistence when 'p' then 'permanent' when 'u' then 'unlogged' else 'temporary' end,
    'owner', case when relowner = space.owner then 'the owner' else pg_get_userbyid(relowner) end,
    'row level security', case when what = 'table' then case when relrowsecurity then 'on' else 'off' end end,
    'forced row level security', case when what = 'table' then case when relforcerowsecurity then 'on' else 'off' end end,
    'options', case when what = 'view' then coalesce((select string_agg(o, ', ' order by o) from unnest(reloptions) o), 'none') end,
    'definition', case when what = 'view' then pg_get_viewdef(class.oid, true) end))
    || jsonb_build_object('comment', obj_description(class.oid, 'pg_class'))
  from class, space

  union all
  select 'column', relname || '.' || attname, array[what, relname], jsonb_build_object(
    'type', format_type(atttypid, atttypmod),
    'nullable', case when attnotnull then 'no' else 'yes' end,
    'default', case when attgenerated = '' then pg_get_expr(adbin, adrelid, true) end,
    'generated', case attgenerated when '' then null when 's' then 'stored: ' else 'virtual: ' end || pg_get_expr(adbin, adrelid, true),
    'identity', case attidentity when 'a' then 'always' when 'd' then 'by default' end,
    'collation', (select collname from pg_collation k join pg_type t on t.oid = atttypid
                  where k.oid = attcollation and k.oid <> t.typcollation),
    'position', case when what = 'type' then attnum::text end,
    'comment', col_description(attrelid, attnum))
  from class join pg_attribute on attrelid = class.oid left join pg_attrdef on adrelid = attrelid and adnum = attnum
  where attnum > 0 and not attisdropped and what in ('table', 'type')

  union all
  select 'constraint', relname || '.' || conname, array[what, relname], jsonb_build_object(
    'definition', pg_get_constraintdef(k.oid, true),
    -- a foreign key works by triggers of its own
    'state', (select case when bool_and(tgenabled in ('O', 'A')) then 'on' else 'off' end from pg_trigger where tgconstraint = k.oid))
  from class join pg_constraint k on k.conrelid = class.oid where contype in ('p', 'u', 'f', 'c', 'x')

  union all
  select 'index', i.relname, array[what, class.relname], jsonb_build_object(
    'definition', pg_get_indexdef(i.oid, 0, true), 'unique', case when indisunique then 'yes' else 'no' end,
    'state', case when indisvalid and indisready then 'on' else 'off' end)
  from class join pg_index on indrelid = class.oid join pg_class i on i.oid = indexrelid
  where not exists (select from pg_constraint where conindid = indexrelid and contype in ('p', 'u', 'x') and conrelid = class.oid)

  union all
  select 'trigger', relname || '.' || tgname, array[what, relname], jsonb_build_object(
    'definition', pg_get_triggerdef(t.oid, true), 'function', (select proname from pg_proc where oid = tgfoid),
    'state', case tgenabled when 'O' then 'on' when 'A' then 'always' when 'R' then 'on replicas alone' else 'off' end)
  from class join pg_trigger t on tgrelid = class.oid where not tgisinternal

  union all
  select 'rule', relname || '.' || rulename, array[what, relname], jsonb_build_object(
    'definition', pg_get_ruledef(r.oid, true),
    'state', case ev_enabled when 'O' then 'on' when 'A' then 'always' when 'R' then 'on replicas alone' else 'off' end)
  from class join pg_rewrite r on ev_class = class.oid where rulename <> '_RETURN'

  union all
  select 'policy', relname || '.' || polname, array[what, relname], jsonb_build_object(
    'command', case polcmd when 'r' then 'select' when 'a' then 'insert' when 'w' then 'update' when 'd' then 'delete' else 'all' end,
    'permissive', case when polpermissive then 'yes' else 'no' end,
    'roles', (select string_agg(case r when 0 then 'everybody' else pg_get_userbyid(r) end, ', ' order by r) from unnest(polroles) r),
    'using', pg_get_expr(polqual, polrelid, true), 'check', pg_get_expr(polwithcheck, polrelid, true))
  from class join pg_policy on polrelid = class.oid

  union all
  select 'function', signature, null, jsonb_build_object(
    'kind', prokind, 'arguments', pg_get_function_arguments(routine.oid), 'result', pg_get_function_result(routine.oid),
    'language', lanname,
    'volatility', case provolatile when 'i' then 'immutable' when 's' then 'stable' else 'volatile' end,
    'security', case when prosecdef then 'definer' else 'invoker' end, 'parallel', proparallel, 'strict', proisstrict::text,
    'search_path', (select substr(s, 13) from unnest(proconfig) s where s like 'search_path=%'),
    'settings', (select string_agg(s, ', ' order by s) from unnest(proconfig) s where s not like 'search_path=%'),
    'body', coalesce(pg_get_function_sqlbody(routine.oid), prosrc),
    'owner', case when proowner = space.owner then 'the owner' else pg_get_userbyid(proowner) end,
    'comment', obj_description(routine.oid, 'pg_proc'))
  from space, routine join pg_language l on l.oid = prolang

  union all
  select 'type', typname, null, jsonb_build_object(
    'kind', case typtype when 'e' then 'enum' when 'd' then 'domain' else 'range' end,
    'labels', (select string_agg(enumlabel, ', ' order by enumsortorder) from pg_enum where enumtypid = t.oid),
    'base', case typtype when 'd' then format_type(typbasetype, typtypmod) when 'r' then (
      select format_type(rngsubtype, null) from pg_range where rngtypid = t.oid) end,
    'nullable', case when typtype = 'd' then case when typnotnull then 'no' else 'yes' end end, 'default', typdefault,
    'checks', (select string_agg(pg_get_constraintdef(k.oid, true), ', ' order by conname) from pg_constraint k
               where contypid = t.oid and contype = 'c'),
    'comment', obj_description(t.oid, 'pg_type'))
  from pg_type t join space on space.oid = typnamespace
  where typtype in ('e', 'd', 'r')
    and not exists (select from extension where classid = 'pg_type'::regclass and objid = t.oid)

  union all
  select 'grant', target || ' to ' || grantee, parent, jsonb_build_object('privileges', string_agg(privilege, ', ' order by privilege))
  from (
    select target, parent,
           privilege_type || case when is_grantable and a.grantee <> held.owner then ' with grant option' else '' end as privilege,
           case a.grantee when 0 then 'everybody' when held.owner then 'the owner' else pg_get_userbyid(a.grantee) end as grantee
    from (
      select what || ' ' || relname as target, array[what, relname] as parent, relowner as owner,
             coalesce(relacl, acldefault(case relkind when 'S' then 's' else 'r' end::"char", relowner)) as acl
      from class where relkind <> 'c'
      union all
      select 'column ' || relname || '.' || attname, array['column', relname || '.' || attname], relowner, attacl
      from class join pg_attribute on attrelid = class.oid where attacl is not null and attnum > 0 and not attisdropped
      union all
      select 'function ' || signature, array['function', signature], proowner, coalesce(proacl, acldefault('f', proowner)) from routine
      union all
      select 'schema', null, nspowner, coalesce(nspacl, acldefault('n', nspowner)) from space where $2
    ) as held, aclexplode(acl) as a
  ) as granted group by target, parent, grantee
)
select coalesce(jsonb_agg(jsonb_build_object('what', what, 'name', name, 'parent', parent, 'facts', facts)), '[]')::text from thing
"""
