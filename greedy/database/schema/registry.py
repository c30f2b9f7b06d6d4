"""SchemaRegistry: tables, columns, keys and checks, read from the database itself, so that nobody writes them down twice."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import Literal, NamedTuple

from pydantic import TypeAdapter

from greedy.database.columns import likely
from greedy.database.errors import QueryError, SchemaError, ServerFacts
from greedy.database.executor import Executor
from greedy.database.identifiers import quoted
from greedy.database.schema.names import SUPABASE


class TableName(NamedTuple):
    """A table and its schema."""

    schema: str
    table: str

    def __str__(self) -> str:
        return f"{self.schema}.{self.table}"


@dataclass(frozen=True, slots=True)
class Column:
    """One column.

    `type` is PostgreSQL's own spelling (`uuid`, `character varying(20)`, `text[]`), `family` its kind, `labels` those of an enum in order,
    or of an array of them.
    `generated`: its values are always the server's (`generated always`), and none may be given. `default` is SQL, None without one; of an
    identity column it is how it is generated. `base_type` is the type without length and with its schema where that is not PostgreSQL's
    own, of a domain what it stands on; `base_family` is the kind of that.
    """

    name: str
    type: str
    family: Literal["base", "enum", "domain", "array", "composite", "range"]
    nullable: bool
    default: str | None
    generated: bool
    labels: tuple[str, ...]
    base_type: str
    base_family: Literal["base", "enum", "array", "composite", "range"]


@dataclass(frozen=True, slots=True)
class ForeignKey:
    """`columns` of the table that has it refer to `target_columns` of `target`, pairwise. `on_delete`: what becomes of the row."""

    name: str
    columns: tuple[str, ...]
    target: TableName
    target_columns: tuple[str, ...]
    on_delete: Literal["no action", "restrict", "cascade", "set null", "set default"]


@dataclass(frozen=True, slots=True)
class Unique:
    """A primary key or unique constraint, or a unique index without condition or expression."""

    name: str
    columns: tuple[str, ...]
    primary: bool


@dataclass(frozen=True, slots=True)
class Check:
    """A check constraint; `definition` is its SQL, `CHECK (...)`."""

    name: str
    columns: tuple[str, ...]
    definition: str


@dataclass(frozen=True)
class Table:
    """One table, partitioned table or view.

    `copyable`: COPY does the same as INSERT here. It does not on a view, and not where rules or row level security decide about rows.
    """

    name: TableName
    kind: Literal["table", "view"]
    columns: tuple[Column, ...]
    uniques: tuple[Unique, ...]
    foreign_keys: tuple[ForeignKey, ...]
    checks: tuple[Check, ...]
    copyable: bool

    @cached_property
    def column(self) -> dict[str, Column]:
        """Columns by name, in the table's order."""
        return {column.name: column for column in self.columns}

    @property
    def primary_key(self) -> tuple[str, ...]:
        """Columns of the primary key, empty without one."""
        return next((unique.columns for unique in self.uniques if unique.primary), ())

    @cached_property
    def statements(self) -> dict[object, object]:
        """What was built for this table; it goes when the table is read anew."""
        return {}


class SchemaRegistry:
    """What the database says of its tables. A schema is read once, in one round trip, and kept until `forget`.

    Parameters
    ----------
    db
        Connector or connection to ask.
    """

    def __init__(self, db: Executor) -> None:
        self._db = db
        self._schemas: dict[str, dict[str, Table]] = {}

    def on(self, db: Executor) -> SchemaRegistry:
        """The same knowledge, shared, which asks `db` from now on."""
        other = SchemaRegistry(db)
        other._schemas = self._schemas
        return other

    async def tables(self, schema: str | None = None) -> dict[str, Table]:
        """Tables and views of a schema by name, in alphabetical order. Without `schema` those of the connection's own.

        Raises
        ------
        SchemaError
            There is no such schema, or none that this user can see.
        """
        schema = self._db.schema if schema is None else schema
        if schema not in self._schemas:
            _ = quoted(schema)
            text = await self._db.execute(CATALOGUE, [schema], fetch_val=True)
            if text is None:
                raise SchemaError(
                    f"{self._db.server} has no schema {schema!r}",
                    next_step="greedy db schema list",
                    said=ServerFacts(sqlstate="3F000"),
                )
            self._schemas[schema] = {table.name.table: table for table in TABLES.validate_json(text)}
        return self._schemas[schema]

    async def table(self, name: str, schema: str | None = None) -> Table:
        """One table or view.

        Raises
        ------
        SchemaError
            There is none of this name; the message names the nearest.
        """
        if not isinstance(name, str) or not isinstance(schema, str | None):
            raise QueryError(f"{(name, schema)!r:.80} are no names of a table and a schema")
        known = self._schemas.get(self._db.schema if schema is None else schema)
        if known is not None and name in known:
            return known[name]
        tables = await self.tables(schema)
        if name not in tables:
            near = likely(name, tables)
            raise SchemaError(
                f"schema {self._db.schema if schema is None else schema!r} of {self._db.server} has no table {name!r:.80}"
                + (f". Did you mean: {', '.join(near)}?" if near else ""),
                details=[f"tables: {', '.join(tables) or 'none'}"],
                said=ServerFacts(sqlstate="42P01", table=name),
            )
        return tables[name]

    async def in_order(self, schema: str | None = None) -> list[Table]:
        """Tables, without views: whoever is referred to goes before whoever refers, so that rows can be inserted in this order.

        A table that refers to itself, or tables that refer to each other, stand in alphabetical order among themselves.
        """
        tables = {name: table for name, table in (await self.tables(schema)).items() if table.kind == "table"}
        needs = {
            name: sorted(
                {key.target.table for key in table.foreign_keys if key.target.table != name and key.target.schema == table.name.schema}
            )
            for name, table in tables.items()
        }
        while True:
            try:
                return [tables[name] for name in TopologicalSorter(needs).static_order()]
            except CycleError as exc:
                cycle = exc.args[1]
                needs[cycle[1]].remove(cycle[0])

    async def referring_to(self, target: TableName) -> list[tuple[Table, ForeignKey]]:
        """Foreign keys of the target's own schema that refer to it, with the tables that have them."""
        tables = await self.tables(target.schema)
        return [(table, key) for table in tables.values() for key in table.foreign_keys if key.target == target]

    def forget(self) -> None:
        """Read anew when next asked: after a change of the schema."""
        self._schemas.clear()


async def own_schemas(db: Executor) -> list[str]:
    """All schemas of a database by name but the server's, Supabase's and extensions' own."""
    return [row["nspname"] for row in await db.execute(OWN_SCHEMAS, [list(SUPABASE)], fetch_all=True)]


OWN_SCHEMAS = """
select nspname from pg_namespace n
where nspname !~ '^pg_' and nspname <> 'information_schema' and nspname <> all ($1)
  and not exists (select from pg_depend d where d.classid = 'pg_namespace'::regclass and d.objid = n.oid and d.deptype = 'e')
order by 1
"""

TABLES = TypeAdapter(list[Table])

# One row: all tables of a schema as one JSON array, null when there is no such schema.
CATALOGUE = """
with space as (
  select oid from pg_namespace where nspname = $1
), class as (
  select c.oid, c.relname, c.relkind, c.relhasrules
  from pg_class c join space on space.oid = c.relnamespace where c.relkind in ('r', 'p', 'v', 'm')
), names as (
  select a.attrelid, a.attnum, a.attname from pg_attribute a join class on class.oid = a.attrelid where a.attnum > 0 and not a.attisdropped
), types as (
  -- the type behind a type: of a domain, however deep, what it stands on
  with recursive step (oid, base, filled) as (
    select oid, oid, typnotnull from pg_type
    where oid in (select a.atttypid from pg_attribute a join class on class.oid = a.attrelid where not a.attisdropped)
    union all
    select step.oid, t.typbasetype, step.filled or b.typnotnull
    from step join pg_type t on t.oid = step.base join pg_type b on b.oid = t.typbasetype where t.typtype = 'd'
  )
  select step.oid, e.oid as element, step.filled,
         case when b.typcategory = 'A' then 'array' when b.typtype = 'e' then 'enum' when b.typtype = 'c' then 'composite'
              when b.typtype in ('r', 'm') then 'range' else 'base' end as family,
         case when s.nspname = 'pg_catalog' then format_type(e.oid, -1) else format('%I.%I', s.nspname, e.typname) end
         || case when e.oid <> b.oid then '[]' else '' end as sql
  from step join pg_type b on b.oid = step.base
  join pg_type e on e.oid = case when b.typcategory = 'A' and b.typarray = 0 then b.typelem else b.oid end
  join pg_namespace s on s.oid = e.typnamespace where b.typtype <> 'd'
), keys as (
  select k.conrelid, k.contype, k.conname, k.confrelid, k.confdeltype, k.oid,
         (select jsonb_agg(n.attname order by p.ord) from unnest(k.conkey) with ordinality p(num, ord)
          join names n on n.attrelid = k.conrelid and n.attnum = p.num) as columns,
         (select jsonb_agg(n.attname order by p.ord) from unnest(k.confkey) with ordinality p(num, ord)
          join pg_attribute n on n.attrelid = k.confrelid and n.attnum = p.num) as target_columns
  from pg_constraint k join class on class.oid = k.conrelid
  -- a key that refers to a partitioned table has a copy of itself for each partition
  where not exists (select from pg_constraint whole where whole.oid = k.conparentid and whole.conrelid = k.conrelid)
)
select case when exists (select from space) then (
  select coalesce(jsonb_agg(jsonb_build_object(
    'name', jsonb_build_array($1::text, class.relname),
    'kind', case when class.relkind in ('v', 'm') then 'view' else 'table' end,
    'copyable', class.relkind in ('r', 'p') and not class.relhasrules and not row_security_active(class.oid),
    'columns', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'name', a.attname,
        'type', format_type(a.atttypid, a.atttypmod),
        'family', case when t.typtype = 'd' then 'domain' else base.family end,
        'nullable', not (a.attnotnull or base.filled),
        'default', case when a.attidentity = 'd' then 'generated by default as identity'
                        when a.attidentity = 'a' then 'generated always as identity'
                        when a.attgenerated = '' then coalesce(pg_get_expr(d.adbin, d.adrelid), t.typdefault) end,
        'generated', a.attgenerated <> '' or a.attidentity = 'a',
        'labels', (select coalesce(jsonb_agg(e.enumlabel order by e.enumsortorder), '[]') from pg_enum e where e.enumtypid = base.element),
        'base_type', base.sql,
        'base_family', base.family
      ) order by a.attnum), '[]')
      from pg_attribute a join pg_type t on t.oid = a.atttypid join types base on base.oid = t.oid
      left join pg_attrdef d on d.adrelid = a.attrelid and d.adnum = a.attnum
      where a.attrelid = class.oid and a.attnum > 0 and not a.attisdropped),
    'uniques', (
      select coalesce(jsonb_agg(jsonb_build_object('name', i.relname, 'primary', x.indisprimary, 'columns', (
          select jsonb_agg(n.attname order by p.ord) from unnest(x.indkey) with ordinality p(num, ord)
          join names n on n.attrelid = class.oid and n.attnum = p.num where p.ord <= x.indnkeyatts)) -- those after are only included
          order by x.indisprimary desc, i.relname), '[]')
      from pg_index x join pg_class i on i.oid = x.indexrelid
      where x.indrelid = class.oid and x.indisunique and x.indisvalid and x.indpred is null and x.indexprs is null),
    'foreign_keys', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'name', k.conname, 'columns', k.columns, 'target', jsonb_build_array(s.nspname, t.relname), 'target_columns', k.target_columns,
        'on_delete', case k.confdeltype when 'c' then 'cascade' when 'r' then 'restrict' when 'n' then 'set null'
                                        when 'd' then 'set default' else 'no action' end) order by k.conname), '[]')
      from keys k join pg_class t on t.oid = k.confrelid join pg_namespace s on s.oid = t.relnamespace
      where k.conrelid = class.oid and k.contype = 'f'),
    'checks', (
      select coalesce(jsonb_agg(jsonb_build_object(
        'name', k.conname, 'columns', coalesce(k.columns, '[]'), 'definition', pg_get_constraintdef(k.oid)) order by k.conname), '[]')
      from keys k where k.conrelid = class.oid and k.contype = 'c')
  ) order by class.relname), '[]') from class)::text end
"""
