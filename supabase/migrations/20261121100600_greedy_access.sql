-- Who may do what. anon: nothing. authenticated: reads. service_role, the planning job: reads, writes and executes. Everybody else: nothing.
-- On a server without these roles there is nothing to do until somebody makes them.

create function public.access_v1() returns table (kind text, name text, authenticated text[], service_role text[])
language sql immutable
set search_path = public, pg_temp
as $$
  select 'table', t, '{SELECT}'::text[], '{SELECT,INSERT,UPDATE,DELETE}'::text[] from unnest(array[
    'public.employees', 'public.service_types', 'public.service_blocking_rules', 'public.rosters',
    'public.roster_period_staffing_dagdelen', 'public.roster_employee_services', 'public.roster_assignments', 'public.roster_writes']) as t
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
    'public.apply_access_v1']) as f
  union all
  select 'type', t, '{}', '{}' from unnest(array['public.slot_content', 'public.slot_blocker']) as t
$$;
comment on function public.access_v1 is 'All tables, views, functions and types of this program, and what the roles may do with each.';

create function public.access_faults_v1() returns table (role text, fault text)
language sql stable
set search_path = public, pg_temp
as $$
  with access as (
    select a.kind, a.name, r.role, r.allowed,
           case when a.kind in ('table', 'view') then a.name::regclass::oid else a.name::regproc::oid end as thing
    from access_v1() as a
    cross join lateral (values ('anon', '{}'), ('authenticated', a.authenticated), ('service_role', a.service_role)) as r(role, allowed)
    where a.kind <> 'type' and to_regrole(r.role) is not null
  ), held as (
    select access.*, p.privilege, p.privilege = any (allowed) as wanted,
           -- A right on one column is one too many as well.
           case when kind = 'function' then has_function_privilege(role, thing, p.privilege)
                when p.by_column and p.privilege <> all (allowed) then has_any_column_privilege(role, thing, p.privilege)
                else has_table_privilege(role, thing, p.privilege) end as there,
           case when kind = 'function' then has_function_privilege(role, thing, p.privilege || ' WITH GRANT OPTION')
                when p.by_column then has_any_column_privilege(role, thing, p.privilege || ' WITH GRANT OPTION')
                else has_table_privilege(role, thing, p.privilege || ' WITH GRANT OPTION') end as may_give
    from access join (values ('function', 'EXECUTE', false), ('relation', 'SELECT', true), ('relation', 'INSERT', true),
                             ('relation', 'UPDATE', true), ('relation', 'REFERENCES', true), ('relation', 'DELETE', false),
                             ('relation', 'TRUNCATE', false), ('relation', 'TRIGGER', false), ('relation', 'MAINTAIN', false))
           as p(of_kind, privilege, by_column) on (of_kind = 'function') = (kind = 'function')
    where p.privilege <> 'MAINTAIN' or current_setting('server_version_num')::int >= 170000
  )
  select role, format('%s %s on %s %s', case when wanted <> there then case when wanted then 'lacks' else 'has' end else 'may give others' end,
                      privilege, kind, case when kind = 'function' then thing::regproc::text else thing::regclass::text end)
  from held where wanted <> there or may_give
  union all
  select role, 'has no policy to read table ' || thing::regclass
  from access where kind = 'table' and role = 'authenticated' and not exists (
    select from pg_policy where polrelid = thing and polname = 'authenticated_reads' and polcmd = 'r' and to_regrole(role) = any (polroles)
      and pg_get_expr(polqual, polrelid) = 'true')
  union all
  select role, 'lacks USAGE on sequence ' || s.oid::regclass
  from access join pg_depend as d on (refclassid, refobjid, deptype) = ('pg_class'::regclass, thing, 'a') and classid = 'pg_class'::regclass
  join pg_class as s on s.oid = d.objid and relkind = 'S'
  where kind = 'table' and role = 'service_role' and not has_sequence_privilege(role, s.oid, 'USAGE')
  union all
  select role, format('%s %s on the schema', case when there then 'has' else 'lacks' end, privilege)
  from (select distinct role from access) as r cross join (values ('USAGE'), ('CREATE')) as p(privilege)
  cross join lateral (select has_schema_privilege(role, current_schema(), privilege)) as h(there)
  -- Whoever creates here can put things in the way of what runs with its owner's rights. That anon sees the main schema is for others to say.
  where there <> (privilege = 'USAGE' and role <> 'anon') and (privilege = 'CREATE' or role <> 'anon' or own_history_v1() is not null)
$$;
comment on function public.access_faults_v1 is 'Where the roles may do more or less than they should; nothing when all is well or there are no such roles.';

create function public.apply_access_v1() returns void
language plpgsql volatile
set search_path = public, pg_temp
set client_min_messages = warning
as $$
declare
  v_thing record;
  v_role  text;
begin
  for v_thing in
    select case kind when 'view' then 'table' else kind end as kind, kind = 'table' as has_rows, name,
           jsonb_build_object('authenticated', authenticated, 'service_role', service_role) as allowed
    from access_v1()
    union all
    select 'table', false, own_history_v1()::text, '{}' where own_history_v1() is not null
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
    if v_thing.has_rows and to_regrole('authenticated') is not null then
      execute format('drop policy if exists authenticated_reads on %s', v_thing.name);
      execute format('create policy authenticated_reads on %s for select to authenticated using (true)', v_thing.name);
    end if;
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

create function public.database_facts_v1() returns jsonb
language sql volatile
set search_path = public, pg_temp
as $$
  select jsonb_build_object(
    'server_version', current_setting('server_version'),
    'now', clock_timestamp(),
    'role', current_user,
    'bypasses_rls', (select rolbypassrls or rolsuper from pg_roles where rolname = current_user),
    'statement_timeout_ms', (select setting::bigint from pg_settings where name = 'statement_timeout'),
    'migrations', applied_migrations_v1(),
    'triggers', list_triggers_v1(),
    'row_level_security', (
      select jsonb_object_agg(relname, relrowsecurity) from access_v1() join pg_class as c on c.oid = to_regclass(name) where kind = 'table'),
    'access_faults', (
      select coalesce(jsonb_agg(jsonb_build_object('role', role, 'fault', fault) order by role, fault), '[]') from access_faults_v1()))
$$;
comment on function public.database_facts_v1 is 'What greedy doctor asks: server, clock, role, limits, migrations, triggers, row level security, faults of access.';

select public.apply_access_v1();
notify pgrst, 'reload schema';
