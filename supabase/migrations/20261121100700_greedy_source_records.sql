-- Source records: what other systems say, as they say it (schema bronze), and the runs that read it and bring it here (schema meta).
-- Both schemas are shared by the practices of a database: `practice` is the name of a practice's schema. The first migration of a practice
-- makes them, those of the others find them, and so does a practice that was restored without them. Nothing is changed where something else
-- stands under one of these names.

create function public.make_source_records() returns void
language plpgsql
set search_path = public, pg_temp
set client_min_messages = warning
as $$
declare
  v_faults text[];
begin
  with wanted(name, columns) as (values
    ('meta.ingestion_runs', 'run_id uuid, practice text, step text, source_system text, entity_type text, started_at timestamptz,
      completed_at timestamptz, status text, processed int8, created int8, updated int8, skipped int8, faulty int8, gone int8,
      error_message text, metadata jsonb'),
    ('meta.faulty_records', 'run_id uuid, number int8, place text, external_id text, message text'),
    ('meta.entity_quality', 'practice text, entity_type text, entity_key text, score numeric, flags _text, run_id uuid,
      assessed_at timestamptz'),
    ('bronze.raw_entities', 'practice text, source_system text, entity_type text, external_id text, entity_key text, raw_data jsonb,
      content_hash bytea, enriched_data jsonb, modified_at timestamptz, ingested_at timestamptz, change_no int8, gone_at timestamptz,
      run_id uuid'),
    ('bronze.change_numbers', '')
  ), found as (
    select name, columns, c.oid, relkind from wanted left join pg_class as c on c.oid = to_regclass(name)
  )
  select array_agg(fault order by fault) into v_faults from (
    select format('%s is missing, beside others of its kind', name) as fault from found
    where oid is null and exists (select from found where oid is not null)
    union all
    select format('%s: this name is needed', name) from found
    where relkind <> case when columns = '' then 'S'::"char" else 'r' end
    union all
    select format('table %s has no column %s', name, column_and_type)
    from found cross join regexp_split_to_table(columns, ',\s+') as column_and_type
    where relkind = 'r' and not exists (
      select from pg_attribute join pg_type as t on t.oid = atttypid
      where attrelid = found.oid and attnum > 0 and not attisdropped and attname || ' ' || typname = column_and_type)) as f;
  if v_faults is not null then
    raise exception using errcode = 'GR422',
      message = array_to_string('nothing was changed; rename, move or mend these, then migrate again:'::text || v_faults, E'\n- ');
  end if;
  if to_regclass('bronze.raw_entities') is not null then
    return;
  end if;

  create schema if not exists meta;
  create table meta.ingestion_runs (
    run_id        uuid primary key,
    practice      text not null,
    step          text not null check (step in ('ingest', 'enrich', 'transform')),
    source_system text not null check (char_length(source_system) between 1 and 64),
    entity_type   text not null check (char_length(entity_type) between 1 and 64),
    started_at    timestamptz not null default clock_timestamp(),
    completed_at  timestamptz,
    status        text not null default 'running' check (status in ('running', 'completed', 'failed')),
    processed     bigint not null default 0,
    created       bigint not null default 0,
    updated       bigint not null default 0,
    skipped       bigint not null default 0,
    faulty        bigint not null default 0,
    gone          bigint not null default 0,
    error_message text,
    metadata      jsonb not null default '{}' check (jsonb_typeof(metadata) = 'object'),
    check ((status = 'running') = (completed_at is null)),
    check (status <> 'failed' or error_message is not null),
    check (least(processed, created, updated, skipped, faulty, gone) >= 0)
  );
  comment on table meta.ingestion_runs is
    'Runs over source records. source_system is * where all are merged. skipped: unchanged. A completed transform keeps its watermark in metadata.';
  create unique index ingestion_runs_one_running on meta.ingestion_runs (practice, step, source_system, entity_type) where status = 'running';
  create index ingestion_runs_last on meta.ingestion_runs (practice, step, source_system, entity_type, started_at);

  create table meta.faulty_records (
    run_id      uuid not null references meta.ingestion_runs on delete cascade,
    number      bigint not null,
    place       text not null,
    external_id text,
    message     text not null,
    primary key (run_id, number)
  );
  comment on table meta.faulty_records is 'Records that a run could not use. Of a transform external_id is the key of the entity, which the next run tries again.';

  create table meta.entity_quality (
    practice    text not null,
    entity_type text not null,
    entity_key  text not null,
    score       numeric(3, 2) not null check (score between 0 and 1),
    flags       text[] not null default '{}',
    run_id      uuid not null references meta.ingestion_runs,
    assessed_at timestamptz not null default now(),
    primary key (practice, entity_type, entity_key)
  );
  comment on table meta.entity_quality is 'How well the sources speak of an entity: from 1.00, less for each flag.';

  create schema if not exists bronze;
  create sequence bronze.change_numbers;
  create table bronze.raw_entities (
    practice      text not null,
    source_system text not null check (char_length(source_system) between 1 and 64),
    entity_type   text not null check (char_length(entity_type) between 1 and 64),
    -- Both lengths are what an index can hold, whatever the characters.
    external_id   text not null check (char_length(external_id) between 1 and 400),
    entity_key    text not null check (char_length(entity_key) between 1 and 500),
    raw_data      jsonb not null check (jsonb_typeof(raw_data) = 'object'),
    content_hash  bytea not null check (octet_length(content_hash) = 32),
    enriched_data jsonb not null default '{}' check (jsonb_typeof(enriched_data) = 'object'),
    modified_at   timestamptz,
    ingested_at   timestamptz not null default now(),
    change_no     bigint not null default nextval('bronze.change_numbers'),
    gone_at       timestamptz,
    run_id        uuid not null references meta.ingestion_runs,
    primary key (practice, source_system, entity_type, external_id)
  );
  alter sequence bronze.change_numbers owned by bronze.raw_entities.change_no;
  comment on table bronze.raw_entities is
    'What a system says of an entity. enriched_data: what second systems say of it, by their name. change_no is new with every change.';
  -- What tells most comes first: no plan then goes by the practice alone, while the server knows nothing yet of a table that was just filled.
  create index raw_entities_changes on bronze.raw_entities (change_no, entity_type, practice);
  create index raw_entities_keys on bronze.raw_entities (entity_key, entity_type, practice);

  alter table meta.ingestion_runs enable row level security;
  alter table meta.faulty_records enable row level security;
  alter table meta.entity_quality enable row level security;
  alter table bronze.raw_entities enable row level security;
end
$$;
comment on function public.make_source_records is 'The schemas that practices share and their tables, where they are missing.';

-- Raw records are personal data: who has signed in reads runs and qualities, and nothing else of these two schemas.
create or replace function public.access_v1() returns table (kind text, name text, authenticated text[], service_role text[])
language sql immutable
set search_path = public, pg_temp
as $$
  select 'table', t, '{SELECT}'::text[], '{SELECT,INSERT,UPDATE,DELETE}'::text[] from unnest(array[
    'public.employees', 'public.service_types', 'public.service_blocking_rules', 'public.rosters',
    'public.roster_period_staffing_dagdelen', 'public.roster_employee_services', 'public.roster_assignments', 'public.roster_writes',
    'meta.ingestion_runs', 'meta.entity_quality']) as t
  union all
  select 'table', t, '{}', '{SELECT,INSERT,UPDATE,DELETE}' from unnest(array['bronze.raw_entities', 'meta.faulty_records']) as t
  union all
  select 'sequence', 'bronze.change_numbers', '{}', '{USAGE}'
  union all
  select 'schema', 'bronze', '{}', '{USAGE}'
  union all
  select 'schema', 'meta', '{USAGE}', '{USAGE}'
  union all
  select 'view', v, '{SELECT}', '{SELECT}' from unnest(array[
    'public.roster_slot_counts', 'public.roster_service_coverage', 'public.roster_employee_service_usage']) as v
  union all
  -- What the job calls, and what that calls with the rights of the job.
  select 'function', f, '{}', '{EXECUTE}' from unnest(array[
    'public.load_roster_v1', 'public.list_rosters_v1', 'public.count_slots_v1', 'public.import_roster_v1', 'public.write_roster_v1',
    'public.verify_roster_v1', 'public.probe_blocking_v1', 'public.list_triggers_v1', 'public.applied_migrations_v1',
    'public.database_facts_v1', 'public.access_v1', 'public.access_faults_v1', 'public.own_history_v1',
    'public.import_roster', 'public.lock_roster', 'public.sync_blocked_slots', 'public.refresh_blocking', 'public.has_stale_blocks',
    'public.roster_employee_ids', 'public.roster_service_ids', 'public.roster_input_digest',
    'public.is_weekly_absence', 'public.is_structurally_absent']) as f
  union all
  -- Triggers run whoever may execute them; access is for the owner to give.
  select 'function', f, '{}', '{}' from unnest(array[
    'public.keep_blocking_true', 'public.lock_roster_of_new_slot', 'public.refresh_blocking_of_rules', 'public.refresh_blocking_of_absence',
    'public.refuse_dates_outside_roster', 'public.refuse_demand_in_other_dagdeel', 'public.keep_rows_in_roster',
    'public.make_source_records', 'public.apply_access_v1']) as f
  union all
  select 'type', t, '{}', '{}' from unnest(array['public.slot_content', 'public.slot_blocker']) as t
$$;
comment on function public.access_v1 is 'All tables, views, functions and types of this program, and what the roles may do with each.';

create or replace function public.access_faults_v1() returns table (role text, fault text)
language sql stable
set search_path = public, pg_temp
as $$
  with access as (
    select a.kind, a.name, r.role, r.allowed,
           case when a.kind = 'schema' then to_regnamespace(a.name)::oid
                when a.kind = 'function' then a.name::regproc::oid else to_regclass(a.name)::oid end as thing
    from access_v1() as a
    cross join lateral (values ('anon', '{}'), ('authenticated', a.authenticated), ('service_role', a.service_role)) as r(role, allowed)
    where a.kind <> 'type' and to_regrole(r.role) is not null
  ), held as (
    select access.*, p.privilege, p.privilege = any (allowed) as wanted,
           -- A right on one column is one too many as well.
           case when kind = 'function' then has_function_privilege(role, thing, p.privilege)
                when kind = 'schema' then has_schema_privilege(role, thing, p.privilege)
                when kind = 'sequence' then has_sequence_privilege(role, thing, p.privilege)
                when p.by_column and p.privilege <> all (allowed) then has_any_column_privilege(role, thing, p.privilege)
                else has_table_privilege(role, thing, p.privilege) end as there,
           case when kind = 'function' then has_function_privilege(role, thing, p.privilege || ' WITH GRANT OPTION')
                when kind = 'schema' then has_schema_privilege(role, thing, p.privilege || ' WITH GRANT OPTION')
                when kind = 'sequence' then has_sequence_privilege(role, thing, p.privilege || ' WITH GRANT OPTION')
                when p.by_column then has_any_column_privilege(role, thing, p.privilege || ' WITH GRANT OPTION')
                else has_table_privilege(role, thing, p.privilege || ' WITH GRANT OPTION') end as may_give
    from access join (values ('function', 'EXECUTE', false), ('schema', 'USAGE', false), ('schema', 'CREATE', false),
                             ('sequence', 'USAGE', false), ('sequence', 'SELECT', false), ('sequence', 'UPDATE', false),
                             ('relation', 'SELECT', true), ('relation', 'INSERT', true),
                             ('relation', 'UPDATE', true), ('relation', 'REFERENCES', true), ('relation', 'DELETE', false),
                             ('relation', 'TRUNCATE', false), ('relation', 'TRIGGER', false), ('relation', 'MAINTAIN', false))
           as p(of_kind, privilege, by_column) on of_kind = case when kind in ('table', 'view') then 'relation' else kind end
    where p.privilege <> 'MAINTAIN' or current_setting('server_version_num')::int >= 170000
  )
  select role, format('%s %s on %s %s', case when wanted <> there then case when wanted then 'lacks' else 'has' end else 'may give others' end,
                      privilege, kind, case when kind = 'function' then thing::regproc::text
                                            when kind = 'schema' then thing::regnamespace::text else thing::regclass::text end)
  from held where wanted <> there or may_give
  union all
  select role, 'has no policy to read table ' || thing::regclass
  from access where kind = 'table' and role = 'authenticated' and 'SELECT' = any (allowed) and not exists (
    select from pg_policy where polrelid = thing and polname = 'authenticated_reads' and polcmd = 'r' and to_regrole(role) = any (polroles)
      and pg_get_expr(polqual, polrelid) = 'true')
  union all
  select role, 'lacks USAGE on sequence ' || s.oid::regclass
  from access join pg_depend as d on (refclassid, refobjid, deptype) = ('pg_class'::regclass, thing, 'a') and classid = 'pg_class'::regclass
  join pg_class as s on s.oid = d.objid and relkind = 'S'
  where kind = 'table' and role = 'service_role' and not has_sequence_privilege(role, s.oid, 'USAGE')
    and not exists (select from access as listed where listed.kind = 'sequence' and listed.thing = s.oid)
  union all
  select role, format('%s %s on the schema', case when there then 'has' else 'lacks' end, privilege)
  from (select distinct role from access) as r cross join (values ('USAGE'), ('CREATE')) as p(privilege)
  cross join lateral (select has_schema_privilege(role, current_schema(), privilege)) as h(there)
  -- Whoever creates here can put things in the way of what runs with its owner's rights. That anon sees the main schema is for others to say.
  where there <> (privilege = 'USAGE' and role <> 'anon') and (privilege = 'CREATE' or role <> 'anon' or own_history_v1() is not null)
$$;
comment on function public.access_faults_v1 is 'Where the roles may do more or less than they should; nothing when all is well or there are no such roles.';

create or replace function public.apply_access_v1() returns void
language plpgsql volatile
set search_path = public, pg_temp
set client_min_messages = warning
as $$
declare
  v_thing record;
  v_role  text;
begin
  perform make_source_records();
  for v_thing in
    select case kind when 'view' then 'table' else kind end as kind, name,
           jsonb_build_object('authenticated', authenticated, 'service_role', service_role) as allowed
    from access_v1()
    union all
    select 'table', own_history_v1()::text, '{}' where own_history_v1() is not null
  loop
    execute format('revoke all on %s %s from public', v_thing.kind, v_thing.name);
    foreach v_role in array '{anon,authenticated,service_role}'::text[] loop
      continue when to_regrole(v_role) is null;
      execute format('revoke all on %s %s from %I cascade', v_thing.kind, v_thing.name, v_role);
      if jsonb_array_length(v_thing.allowed -> v_role) > 0 then
        execute format('grant %s on %s %s to %I',
          (select string_agg(p, ', ') from jsonb_array_elements_text(v_thing.allowed -> v_role) as p), v_thing.kind, v_thing.name, v_role);
      end if;
    end loop;
  end loop;
  -- Only where one is missing or another: making one waits for all who use the table, and practices share some.
  for v_thing in select substr(fault, 29) as name from access_faults_v1() where fault like 'has no policy to read table %' loop
    execute format('drop policy if exists authenticated_reads on %s', v_thing.name);
    execute format('create policy authenticated_reads on %s for select to authenticated using (true)', v_thing.name);
  end loop;

  -- Adopted tables may have columns that count.
  for v_thing in select substr(fault, 25) as name from access_faults_v1() where fault like 'lacks USAGE on sequence %' loop
    execute format('grant usage on sequence %s to service_role', v_thing.name);
  end loop;
  foreach v_role in array '{anon,authenticated,service_role}'::text[] loop
    continue when to_regrole(v_role) is null;
    execute format('revoke create on schema %I from public', current_schema());
    execute format('revoke create on schema %I from %I cascade', current_schema(), v_role);
    if v_role <> 'anon' and not has_schema_privilege(v_role, current_schema(), 'USAGE') then
      execute format('grant usage on schema %I to %I', current_schema(), v_role);
    -- The schema of a practice is nobody else's; in the main one other programs may have things for anon.
    elsif v_role = 'anon' and own_history_v1() is not null then
      execute format('revoke all on schema %I from anon cascade', current_schema());
      execute format('revoke all on schema %I from public', current_schema());
    end if;
  end loop;
end
$$;
comment on function public.apply_access_v1 is
  'Gives the roles exactly their rights. Call it after the roles were made later than the schema; greedy db migrate does.';

select public.apply_access_v1();
notify pgrst, 'reload schema';
