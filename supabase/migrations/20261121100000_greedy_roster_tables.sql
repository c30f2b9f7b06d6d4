-- The tables of a practice and its rosters. Table, column and code names are the practice's own (Dutch).
-- Row level security is on from the first day, without policies: nobody but the owner and service roles reads or writes.
--
-- A database may hold some of these tables already, with rows. They are set aside here, the tables are made as in an empty database, and at
-- the end of this file each one that was set aside takes the place of the new one and gets what it lacks. Its rows are not touched. What
-- does not fit is listed, all of it, and nothing has changed then: this file is one transaction.

create function public.set_aside_tables() returns void
language plpgsql
set search_path = public, pg_temp
set lock_timeout = '200ms'
as $$
declare
  v_tables constant text[] := '{employees,service_types,service_blocking_rules,rosters,roster_period_staffing_dagdelen,
    roster_employee_services,roster_assignments,roster_writes}';
  -- What else the migrations make: names that nobody else may have here.
  v_relations constant text[] := '{roster_slot_counts,roster_service_coverage,roster_employee_service_usage,slot_content,slot_blocker,
    employees_pkey,service_types_pkey,service_types_code_key,service_types_id_dagdeel_key,service_blocking_rules_pkey,rosters_pkey,
    roster_period_staffing_dagdelen_pkey,roster_period_staffing_dagdel_roster_id_date_dagdeel_team_s_key,roster_employee_services_pkey,
    roster_employee_services_employee_id_idx,roster_assignments_pkey,roster_assignments_roster_id_employee_id_date_dagdeel_key,
    roster_assignments_employee_id_idx,roster_writes_pkey,roster_writes_roster_id_written_at_idx,absences,absences_pkey,
    absences_employee_id_idx,roster_changes,roster_changes_pkey,roster_changes_number_key,roster_changes_undoes_key,
    roster_changes_roster_id_number_idx,roster_changes_number_seq,roster_plans,
    roster_plans_pkey,roster_plans_one_a_roster,roster_plans_one_running,roster_plans_roster_id_asked_at_idx,roster_publications,
    roster_publications_pkey,roster_publications_change_id_key,roster_copies,roster_copies_pkey,roster_copies_original_id_idx}';
  v_functions constant text[] := '{access_faults_v1,access_v1,applied_migrations_v1,apply_absences_v1,apply_access_v1,count_slots_v1,database_facts_v1,
    has_stale_blocks,import_roster,import_roster_v1,is_structurally_absent,is_weekly_absence,keep_blocking_true,keep_rows_in_roster,
    list_rosters_v1,list_triggers_v1,load_roster_v1,lock_roster,lock_roster_of_new_slot,make_source_records,own_history_v1,
    probe_blocking_v1,refresh_blocking,refresh_blocking_of_absence,refresh_blocking_of_rules,refuse_dates_outside_roster,refuse_demand_in_other_dagdeel,roster_employee_ids,
    roster_input_digest,roster_service_ids,sync_blocked_slots,verify_roster_v1,write_roster_v1,
    ask_plan_v1,beat_plan_v1,cancel_plan_v1,change_document,change_slots_v1,claim_plan_v1,conflicts_of_slots,content_of_slot,
    copy_document,copy_roster_v1,delete_copy_v1,difference_of_slots,digests_of_slots,end_plan_v1,entered_slots,faults_of_slots,get_change_v1,get_plan_v1,
    begin_change,document_of,entered_digest,get_copy_v1,is_silent,keep_change,keep_plan,original_of_v1,plan_under_way,
    list_changes_v1,list_copies_v1,list_plans_v1,list_publications_v1,lock_plans,lock_rosters,
    mark_of_roster,plan_document,publication_document,publish_roster_v1,put_slots,reopen_roster_v1,roster_demand_digest,roster_news_v1,
    roster_state_v1,rows_of_slots,slots_of_change,state_of_roster,take_over_copy_v1}';
  v_triggers constant text[] := '{date_in_roster_after_insert,date_in_roster_after_update,dagdeel_of_service_after_insert,
    dagdeel_of_service_after_update,keep_blocking_true_after_delete,keep_blocking_true_after_insert,keep_blocking_true_after_update,
    keep_rows_in_roster,lock_roster_before_insert,refresh_blocking_after_delete,refresh_blocking_after_insert,
    refresh_blocking_after_update}';
  v_home   constant oid := to_regnamespace(quote_ident(current_schema()));
  v_there  text[];
  v_faults text[];
  v_table  text;
begin
  v_there := array(select relname::text from pg_class where relnamespace = v_home and relkind = 'r' and relname = any (v_tables) order by 1);
  v_faults := array(
    select format('%s %s: this name is needed',
             case when c.relkind in ('i', 'I') then 'index' when c.relkind = 'c' then 'type' when c.relkind = 'S' then 'sequence'
                  when c.relkind in ('v', 'm') then 'view' else 'table' end, c.relname)
    from pg_class as c left join pg_index as i on i.indexrelid = c.oid left join pg_class as own on own.oid = i.indrelid
    where c.relnamespace = v_home
      and (c.relname = any (v_tables) and c.relkind <> 'r' or c.relname = any (v_relations) and coalesce(own.relname <> all (v_there), true))
    union all
    select format('type %s: this name is needed', typname) from pg_type
    where typnamespace = v_home and typtype in ('d', 'e', 'r') and typname = any (v_tables || v_relations)
    union all
    select distinct format('function %s: this name is needed', proname) from pg_proc where pronamespace = v_home and proname = any (v_functions)
    union all
    select format('trigger %s of table %s: this name is needed', tgname, relname)
    from pg_trigger as t join pg_class as c on c.oid = t.tgrelid
    where c.relnamespace = v_home and relname = any (v_there) and tgname = any (v_triggers) and not tgisinternal
    union all
    select format('table %s belongs to %s: alter table %1$I owner to %3$I', relname, pg_get_userbyid(relowner), current_user)
    from pg_class where relnamespace = v_home and relname = any (v_there) and pg_get_userbyid(relowner) <> current_user
    union all
    select format('table %s has forced row level security: alter table %1$I no force row level security', relname)
    from pg_class where relnamespace = v_home and relname = any (v_there) and relforcerowsecurity
    union all
    select format('table %s has the rule %s, which is not supported', relname, rulename)
    from pg_rewrite as r join pg_class as c on c.oid = r.ev_class where c.relnamespace = v_home and relname = any (v_there)
    union all
    select format('table %s inherits, or is inherited from, which is not supported', relname)
    from pg_class where relnamespace = v_home and relname = any (v_there)
      and exists (select from pg_inherits where pg_class.oid in (inhrelid, inhparent))
    order by 1);
  if v_faults <> '{}' then
    -- In the message, as the Supabase CLI shows nothing else.
    raise exception using errcode = 'GR422',
      message = array_to_string('nothing was changed; rename, move or mend these, then migrate again:'::text || v_faults, E'\n- ');
  end if;

  if v_there <> '{}' then
    -- All or none: a wait that ends before others would call it a deadlock, lets go of what it has, and begins elsewhere.
    for v_attempt in 1 .. 50 loop
      begin
        execute (select format('lock table %s in access exclusive mode', string_agg(quote_ident(t), ', ' order by random())) from unnest(v_there) as t);
        exit;
      exception when lock_not_available then
        if v_attempt = 50 then
          raise;
        end if;
        perform pg_sleep(0.1);
      end;
    end loop;
    create schema greedy_set_aside;
    foreach v_table in array v_there loop
      execute format('alter table %I set schema greedy_set_aside', v_table);
    end loop;
  end if;
end
$$;
select public.set_aside_tables();

create function public.is_weekly_absence(absence jsonb) returns boolean
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  -- {"ma": ["O", "M"], "wo": ["A"]}: keys are weekdays, values are arrays of dagdelen.
  select jsonb_typeof(absence) = 'object'
     and not exists (
       select from jsonb_each(absence) as weekday
       where weekday.key not in ('ma', 'di', 'wo', 'do', 'vr', 'za', 'zo')
          or jsonb_typeof(weekday.value) <> 'array'
          or not weekday.value <@ '["O", "M", "A"]')
$$;
comment on function public.is_weekly_absence is 'True when a jsonb value has the shape of employees.structureel_nbh.';

create table public.employees (
  id              text primary key check (id ~ '^[^[:cntrl:]]{1,64}$'),
  voornaam        text not null check (char_length(voornaam) between 1 and 2000),
  achternaam      text not null default '' check (char_length(achternaam) <= 2000),
  email           text check (email like '%_@_%'),
  team            text not null check (team in ('Groen', 'Oranje', 'Overig')),
  dienstverband   text,
  aantalwerkdagen integer check (aantalwerkdagen between 0 and 366),
  structureel_nbh jsonb not null default '{}' check (public.is_weekly_absence(structureel_nbh)),
  actief          boolean not null default true,
  created_at      timestamptz not null default now()
);
comment on table public.employees is 'Who can be planned.';

create table public.service_types (
  id                uuid primary key default gen_random_uuid(),
  code              text not null unique check (code ~ '^[A-Za-z0-9_-]{1,16}$'),
  naam              text not null check (char_length(naam) between 1 and 2000),
  dagdeel           text not null check (dagdeel in ('O', 'M', 'A')),
  begintijd         time not null check (begintijd < '24:00'),
  eindtijd          time not null check (eindtijd < '24:00'),
  duur_minuten      integer not null check (duur_minuten between 1 and 1440),
  is_system         boolean not null default false,
  blokkeert_volgdag boolean not null default false,
  gekoppeld_aan     text references public.service_types (code) deferrable initially deferred,
  actief            boolean not null default true,
  created_at        timestamptz not null default now(),
  unique (id, dagdeel),
  check (gekoppeld_aan <> code)
);
comment on table public.service_types is 'What is worked. gekoppeld_aan: the code of the second half that the same employee works the same day.';

create table public.service_blocking_rules (
  service_id uuid not null references public.service_types (id) on delete cascade,
  dag_offset smallint not null check (dag_offset between -7 and 7),
  dagdeel    text not null check (dagdeel in ('O', 'M', 'A')),
  primary key (service_id, dag_offset, dagdeel)
);
comment on table public.service_blocking_rules is
  'An active service on a date blocks this dagdeel of date + dag_offset for the employee. Model, trigger and verification all read this table.';

create table public.rosters (
  id         uuid primary key default gen_random_uuid(),
  naam       text not null default '' check (char_length(naam) <= 2000),
  start_date date not null,
  end_date   date not null,
  status     text not null default 'draft' check (status in ('draft', 'in_progress', 'final')),
  created_at timestamptz not null default now(),
  check (end_date >= start_date),
  check (end_date - start_date < 732)
);
comment on table public.rosters is 'One planning period; end_date is inclusive, two years at the most.';

create table public.roster_period_staffing_dagdelen (
  id         uuid primary key default gen_random_uuid(),
  roster_id  uuid not null references public.rosters (id) on delete cascade,
  date       date not null,
  dagdeel    text not null check (dagdeel in ('O', 'M', 'A')),
  team       text not null check (team in ('GRO', 'ORA', 'TOT')),
  service_id uuid not null references public.service_types (id),
  status     text not null check (status in ('MOET', 'MAG', 'MAG_NIET', 'AANGEPAST')),
  aantal     smallint not null check (aantal between 0 and 9),
  created_at timestamptz not null default now(),
  unique (roster_id, date, dagdeel, team, service_id)
);
comment on table public.roster_period_staffing_dagdelen is 'Demand. Rows of one date, dagdeel and service share the staff; MAG_NIET or aantal 0 asks for nobody.';

create table public.roster_employee_services (
  roster_id   uuid not null references public.rosters (id) on delete cascade,
  employee_id text not null references public.employees (id),
  service_id  uuid not null references public.service_types (id),
  aantal      smallint not null check (aantal between 0 and 999),
  actief      boolean not null default true,
  created_at  timestamptz not null default now(),
  primary key (roster_id, employee_id, service_id)
);
comment on table public.roster_employee_services is 'Capability: at most aantal times this service in this roster.';

create table public.roster_assignments (
  id                    uuid primary key default gen_random_uuid(),
  roster_id             uuid not null references public.rosters (id) on delete cascade,
  employee_id           text not null references public.employees (id),
  date                  date not null,
  dagdeel               text not null check (dagdeel in ('O', 'M', 'A')),
  service_id            uuid,
  status                smallint not null default 0 check (status between 0 and 3),
  source                text check (char_length(source) <= 2000),
  notes                 text check (char_length(notes) <= 2000),
  blocked_by_date       date,
  blocked_by_dagdeel    text check (blocked_by_dagdeel in ('O', 'M', 'A')),
  blocked_by_service_id uuid,
  created_at            timestamptz not null default now(),
  unique (roster_id, employee_id, date, dagdeel),
  -- A service is only ever worked in its own dagdeel.
  foreign key (service_id, dagdeel) references public.service_types (id, dagdeel),
  foreign key (blocked_by_service_id, blocked_by_dagdeel) references public.service_types (id, dagdeel),
  check ((status = 1) = (service_id is not null)),
  check (num_nonnulls(blocked_by_date, blocked_by_dagdeel, blocked_by_service_id) = case when status = 2 then 3 else 0 end)
);
comment on table public.roster_assignments is 'The content of a slot: 0 OPEN (or no row), 1 ACTIVE, 2 BLOCKED, 3 UNAVAILABLE.';

create table public.roster_writes (
  run_id         uuid not null,
  part           text not null check (part in ('assignments', 'blocking', 'roster')),
  roster_id      uuid not null references public.rosters (id) on delete cascade,
  request_digest text not null,
  answer         jsonb not null,
  written_at     timestamptz not null default now(),
  primary key (run_id, part)
);
comment on table public.roster_writes is 'Run ledger: a repeated write with the same run_id gets the stored answer and changes nothing.';
create index on public.roster_writes (roster_id, written_at);

create index on public.roster_assignments (employee_id);
create index on public.roster_employee_services (employee_id);

alter table public.employees enable row level security;
alter table public.service_types enable row level security;
alter table public.service_blocking_rules enable row level security;
alter table public.rosters enable row level security;
alter table public.roster_period_staffing_dagdelen enable row level security;
alter table public.roster_employee_services enable row level security;
alter table public.roster_assignments enable row level security;
alter table public.roster_writes enable row level security;

create function public.parts_of_table(p_table regclass) returns table (part text, definition text)
language sql
set search_path = public, pg_temp
as $$
  select format('column %s.%s', relname, attname),
         concat_ws(' ', format_type(atttypid, atttypmod), attnotnull, attidentity, attgenerated, attcollation, pg_get_expr(adbin, adrelid))
  from pg_class as c join pg_attribute on attrelid = c.oid left join pg_attrdef on (adrelid, adnum) = (attrelid, attnum)
  where c.oid = p_table and attnum > 0 and not attisdropped
  union all
  select format('constraint %s.%s', relname, conname), pg_get_constraintdef(k.oid, true)
  from pg_class as c join pg_constraint as k on conrelid = c.oid where c.oid = p_table and contype in ('p', 'u', 'c', 'f', 'x')
  union all
  select format('index %s', i.relname), pg_get_indexdef(i.oid, 0, true) from pg_index join pg_class as i on i.oid = indexrelid
  where indrelid = p_table and not exists (select from pg_constraint where conindid = indexrelid and conrelid = indrelid)
  union all
  select format('trigger %s.%s', relname, tgname), pg_get_triggerdef(t.oid, true)
  from pg_class as c join pg_trigger as t on tgrelid = c.oid where c.oid = p_table and not tgisinternal
  union all
  select format('policy %s.%s', relname, polname), ''
  from pg_class as c join pg_policy on polrelid = c.oid where c.oid = p_table
$$;

create function public.mend_of_type(p_table regclass, p_column text, p_own text, p_wanted text, p_default text) returns text
language sql
set search_path = public, pg_temp
as $$
  -- What stands in the way of another type: foreign keys that this migration makes again are dropped in passing, all else is named.
  with own as (
    select a.*, relname, relnamespace, w.atttypid as wanted
    from pg_attribute as a join pg_class as c on c.oid = a.attrelid
    join pg_attribute as w on w.attrelid = to_regclass(quote_ident(relname)) and w.attname = a.attname
    where a.attrelid = p_table and a.attname = p_column
  ), dependent as (
    select d.classid, d.objid, k.conname, r.relname as of_table, contype = 'f' and r.relnamespace = own.relnamespace and not exists (
             select from pg_attribute as u where u.attrelid = conrelid and u.attnum = any (conkey) and not exists (
               select from pg_attribute as w where w.attrelid = to_regclass(quote_ident(r.relname)) and w.attname = u.attname)) as made_again
    from own join pg_depend as d on refclassid = 'pg_class'::regclass and (refobjid, refobjsubid) = (attrelid, attnum)
    left join pg_constraint as k on d.classid = 'pg_constraint'::regclass and k.oid = d.objid
    left join pg_class as r on r.oid = conrelid
    where contype = 'f' or d.classid in ('pg_rewrite'::regclass, 'pg_policy'::regclass, 'pg_trigger'::regclass, 'pg_proc'::regclass)
       or d.classid = 'pg_attrdef'::regclass and exists (select from pg_attrdef as g where g.oid = d.objid and (adrelid, adnum) <> (attrelid, attnum))
       -- Checks and indexes follow by themselves, unless they name the type.
       or d.classid <> 'pg_attrdef'::regclass and exists (
         select from pg_depend as t where (t.classid, t.objid) = (d.classid, d.objid) and (t.refclassid, t.refobjid) = ('pg_type'::regclass, atttypid))
  )
  select format('%1$s.%2$s is %3$s instead of %4$s%5$s: %6$s%7$salter table %1$I alter column %2$I type %4$s using %8$s', relname, p_column, p_own, p_wanted,
    ' (first drop, and make again afterwards, ' || (
      select string_agg(distinct regexp_replace(pg_describe_object(classid, objid, 0), 'greedy_set_aside\.|^rule _RETURN on ', '', 'g'), ', ')
      from dependent where made_again is not true) || ')',
    (select string_agg(distinct format('alter table %I drop constraint if exists %I; ', of_table, conname), '') from dependent where made_again),
    case when attidentity <> '' then format('alter table %I alter column %I drop identity; ', relname, p_column)
         when atthasdef and (p_default is not null or p_wanted <> 'text') then format('alter table %I alter column %I drop default; ', relname, p_column)
    end,
    case when wanted = 'uuid'::regtype and atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
           then format('lpad(to_hex(%I), 32, ''0'')::uuid', p_column)
         when p_wanted = 'text' or exists (select from pg_cast where (castsource, casttarget) = (atttypid, wanted))
           then format('%I::%s', p_column, p_wanted)
         else format('%I::text::%s', p_column, p_wanted) end)
  from own
$$;

create function public.adopt_tables() returns void
language plpgsql
set search_path = public, pg_temp
set client_min_messages = warning
as $$
declare
  v_home   constant oid := to_regnamespace(quote_ident(current_schema()));
  v_aside  constant oid := to_regnamespace('greedy_set_aside');
  v_adopted text[];
  v_faults text[] := '{}';
  v_unfit  text[] := '{}';  -- table.column: nothing more is tried with these
  v_keyless text[] := '{}';
  v_wanted jsonb;           -- constraints of the new tables
  v_indexes jsonb;
  v_parts  jsonb;
  v_column record;
  v_part   record;
  v_table  text;
  v_rows   bigint;
  v_name   text;
  v_kept   text[];
begin
  if v_aside is null then
    return;
  end if;
  v_adopted := array(select relname::text from pg_class where relnamespace = v_aside and relkind = 'r' order by 1);

  -- Columns, while the old table and the new one stand side by side.
  for v_column in
    select old.oid::regclass as old_table, new.relname::text as table_name, w.attname as name, w.attnotnull as required,
           format_type(w.atttypid, w.atttypmod) as type, pg_get_expr(d.adbin, d.adrelid) as default_value,
           h.attname is not null as there, format_type(h.atttypid, h.atttypmod) as own_type, h.attnotnull as own_required,
           h.atthasdef as own_default, h.attgenerated <> '' or h.attidentity = 'a' as own_generated, h.atttypmod - 4 as own_length,
           w.atttypid = h.atttypid
             or w.atttypid = 'text'::regtype and h.atttypid = 'varchar'::regtype
             or w.atttypid in ('int2'::regtype, 'int4'::regtype) and h.atttypid in ('int2'::regtype, 'int4'::regtype, 'int8'::regtype)
             or w.atttypid = 'timestamptz'::regtype and h.atttypid = 'timestamp'::regtype as fits
    from pg_class as new
    join pg_class as old on old.relname = new.relname and old.relnamespace = v_aside
    join pg_attribute as w on w.attrelid = new.oid and w.attnum > 0
    left join pg_attrdef as d on (d.adrelid, d.adnum) = (w.attrelid, w.attnum)
    left join pg_attribute as h on h.attrelid = old.oid and h.attname = w.attname and not h.attisdropped
    where new.relnamespace = v_home and new.relkind = 'r'
    order by new.relname, w.attnum
  loop
    v_name := v_column.table_name || '.' || v_column.name;
    execute format('select count(*) from %s', v_column.old_table) into v_rows;
    if not v_column.there then
      if v_column.required and v_column.default_value is null and v_rows > 0 then
        v_faults := v_faults || format('%s is missing, and no default is right for %s rows: add it as %s and fill it', v_name, v_rows, v_column.type);
        v_unfit := v_unfit || v_name;
      else
        execute format('alter table %s add column %I %s %s %s', v_column.old_table, v_column.name, v_column.type,
          'default ' || v_column.default_value, case when v_column.required then 'not null' end);
      end if;
      continue;
    end if;
    if not v_column.fits then
      v_faults := v_faults || mend_of_type(v_column.old_table, v_column.name, v_column.own_type, v_column.type, v_column.default_value);
      v_unfit := v_unfit || v_name;
      continue;
    end if;
    if v_column.own_generated then
      v_faults := v_faults || format('%s is generated, and has to take values', v_name);
    elsif v_name in ('roster_assignments.source', 'roster_assignments.notes') and v_column.own_length between 0 and 99 then
      v_faults := v_faults || format('%s is too short for what the program notes: alter table %I alter column %I type %s',
        v_name, v_column.table_name, v_column.name, v_column.type);
    end if;
    if v_column.own_required and not v_column.required then
      v_faults := v_faults || format('%s has to allow null: alter table %I alter column %I drop not null',
        v_name, v_column.table_name, v_column.name);
    elsif v_column.required and not v_column.own_required then
      execute format('select count(*) from %s where %I is null', v_column.old_table, v_column.name) into v_rows;
      if v_rows > 0 then
        v_faults := v_faults || format('%s is null in %s rows: update %I set %I = %s where %4$I is null', v_name, v_rows,
          v_column.table_name, v_column.name, coalesce(v_column.default_value, '...'));
      else
        execute format('alter table %s alter column %I set not null', v_column.old_table, v_column.name);
      end if;
    end if;
    if v_column.default_value is not null and not v_column.own_default then
      execute format('alter table %s alter column %I set default %s', v_column.old_table, v_column.name, v_column.default_value);
    end if;
  end loop;
  v_faults := v_faults || array(
    select format('%s.%s is required, and the program does not know it: alter table %1$I alter column %2$I drop not null, or give it a default',
                  old.relname, h.attname)
    from pg_class as old join pg_attribute as h on h.attrelid = old.oid and h.attnum > 0 and not h.attisdropped
    where old.relnamespace = v_aside and old.relkind = 'r' and h.attnotnull and not h.atthasdef and h.attidentity = ''
      and not exists (select from pg_attribute as w join pg_class as new on new.oid = w.attrelid
                      where new.relnamespace = v_home and new.relname = old.relname and w.attname = h.attname)
    order by 1);

  v_wanted := (
    select jsonb_agg(jsonb_build_object(
      'table_name', c.relname, 'name', conname, 'kind', contype, 'definition', pg_get_constraintdef(k.oid),
      'columns', (select array_agg(attname order by nr) from unnest(conkey) with ordinality as u(attnum, nr)
                  join pg_attribute as a on a.attrelid = conrelid and a.attnum = u.attnum),
      'target', r.relname, 'target_columns', (
        select array_agg(attname order by nr) from unnest(confkey) with ordinality as u(attnum, nr)
        join pg_attribute as a on a.attrelid = confrelid and a.attnum = u.attnum),
      'condition', pg_get_expr(conbin, conrelid)) order by position(contype::text in 'pucf'), c.relname, conname)
    from pg_constraint as k join pg_class as c on c.oid = k.conrelid left join pg_class as r on r.oid = k.confrelid
    where c.relnamespace = v_home and contype in ('p', 'u', 'c', 'f') and (c.relname = any (v_adopted) or r.relnamespace = v_home and r.relname = any (v_adopted)));
  v_indexes := (
    select jsonb_agg(jsonb_build_object('table_name', c.relname, 'definition', pg_get_indexdef(indexrelid), 'columns', indkey::text,
      'first', (select attname from pg_attribute where attrelid = c.oid and attnum = indkey[0])))
    from pg_index join pg_class as c on c.oid = indrelid
    where c.relnamespace = v_home and c.relname = any (v_adopted) and not exists (select from pg_constraint where conindid = indexrelid));
  v_parts := (
    select jsonb_agg(jsonb_build_object('table_name', c.relname, 'part', part, 'definition', definition))
    from pg_class as c cross join parts_of_table(c.oid) where c.relnamespace = v_home and c.relname = any (v_adopted));

  -- The old tables take the place of the new ones, which are empty.
  foreach v_table in array v_adopted loop
    execute format('drop table %I cascade', v_table);
    execute format('alter table greedy_set_aside.%I set schema %I', v_table, current_schema());
    execute format('alter table %I enable row level security', v_table);
  end loop;
  drop schema greedy_set_aside;

  for v_part in
    select * from jsonb_to_recordset(v_wanted) as x(
      table_name text, name text, kind text, definition text, columns text[], target text, target_columns text[], condition text)
  loop
    continue when exists (select from unnest(v_part.columns) as c where v_part.table_name || '.' || c = any (v_unfit))
      or exists (select from unnest(v_part.target_columns) as c where v_part.target || '.' || c = any (v_unfit))
      or has_equal_constraint(v_part.table_name::regclass, v_part.name, v_part.kind, v_part.columns, v_part.definition);
    v_rows := count_breaking_rows(v_part.table_name, v_part.kind, v_part.columns, v_part.target, v_part.target_columns, v_part.condition);
    if v_rows > 0 then
      v_faults := v_faults || format('%s: %s rows break %s', v_part.table_name, v_rows, regexp_replace(v_part.definition, '\s+', ' ', 'g'));
    end if;
    -- A table without its key cannot be referred to.
    if v_rows > 0 or v_part.target || v_part.target_columns::text = any (v_keyless) then
      v_keyless := v_keyless || (v_part.table_name || v_part.columns::text);
      continue;
    end if;
    -- Another key of the practice stays the primary one.
    if v_part.kind = 'p' and exists (select from pg_index where indrelid = v_part.table_name::regclass and indisprimary) then
      v_part.definition := replace(v_part.definition, 'PRIMARY KEY', 'UNIQUE');
    end if;
    if exists (select from pg_constraint where conrelid = v_part.table_name::regclass and conname = v_part.name)
       or v_part.kind in ('p', 'u') and to_regclass(quote_ident(v_part.name)) is not null then
      v_part.name := left(v_part.name, 56) || '_greedy';
    end if;
    execute format('alter table %I add constraint %I %s', v_part.table_name, v_part.name, v_part.definition);
  end loop;

  -- What the triggers ask of rows from now on.
  if v_faults = '{}' then
    foreach v_table in array '{roster_assignments,roster_period_staffing_dagdelen}'::text[] loop
      execute format('select count(*) from %I as d join rosters as r on r.id = d.roster_id where d.date not between r.start_date and r.end_date',
        v_table) into v_rows;
      if v_rows > 0 then
        v_faults := v_faults || format('%s: %s rows lie outside the dates of their roster', v_table, v_rows);
      end if;
    end loop;
    select count(*) into v_rows
    from roster_period_staffing_dagdelen as d join service_types as s on s.id = d.service_id
    where d.aantal > 0 and d.status <> 'MAG_NIET' and d.dagdeel <> s.dagdeel;
    if v_rows > 0 then
      v_faults := v_faults || format('roster_period_staffing_dagdelen: %s rows ask for a service in another dagdeel than its own', v_rows);
    end if;
  end if;
  if v_faults <> '{}' then
    raise exception using errcode = 'GR422',
      message = array_to_string('nothing was changed; mend what does not fit, then migrate again:'::text || v_faults, E'\n- ');
  end if;

  for v_part in select * from jsonb_to_recordset(v_indexes) as x(table_name text, definition text, columns text, first text) loop
    if not exists (
      select from pg_index where indrelid = v_part.table_name::regclass and indisvalid and indpred is null and indkey[0] = (
        select attnum from pg_attribute where attrelid = indrelid and attname = v_part.first)) then
      execute v_part.definition;
    end if;
  end loop;

  -- The rules that every practice begins with. Blocks that duties lack are made when their roster is next written: no row changes here.
  if not 'service_blocking_rules' = any (v_adopted) then
    insert into service_blocking_rules (service_id, dag_offset, dagdeel)
    select id, day, slot from service_types cross join (values (0, 'M'), (1, 'O'), (1, 'M')) as blocked(day, slot)
    where code in ('DIO', 'DDO') and dagdeel = 'O';
  end if;

  -- What the practice has otherwise than the program would make it, for those who compare the two.
  foreach v_table in array v_adopted loop
    v_kept := array(
      select distinct part
      from (select part, definition from parts_of_table(v_table::regclass)) as own
      full join (select part, definition from jsonb_to_recordset(v_parts) as x(table_name text, part text, definition text)
                 where table_name = v_table) as ours using (part)
      where own.definition is distinct from ours.definition order by part);
    execute format('comment on table %I is %L', v_table,
      concat_ws(E'\n', obj_description(v_table::regclass, 'pg_class'), 'Adopted with its own: ' || to_jsonb(v_kept)::text));
  end loop;
end
$$;

create function public.has_equal_constraint(p_table regclass, p_name text, p_kind text, p_columns text[], p_definition text) returns boolean
language sql
set search_path = public, pg_temp
as $$
  select case when p_kind in ('p', 'u') then exists (
      select from pg_index
      where indrelid = p_table and indisunique and indisvalid and indimmediate and indpred is null and indexprs is null
        and (select array_agg(attname::text order by attname) from pg_attribute
             where attrelid = p_table and attnum = any (indkey[0 : indnkeyatts - 1]))
            = (select array_agg(c order by c collate "C") from unnest(p_columns) as c))
    else exists (
      select from pg_constraint
      where conrelid = p_table and pg_get_constraintdef(oid) = p_definition
        -- Told to wait or not by its name.
        and (not condeferrable or conname = p_name)) end
$$;

create function public.count_breaking_rows(
  p_table text, p_kind text, p_columns text[], p_target text, p_target_columns text[], p_condition text) returns bigint
language plpgsql
set search_path = public, pg_temp
as $$
declare
  v_columns text := (select string_agg(format('t.%I', c), ', ') from unnest(p_columns) as c);
  v_count bigint;
begin
  if p_kind = 'c' then
    execute format('select count(*) from %I as t where not (%s)', p_table, p_condition) into v_count;
  elsif p_kind = 'f' then
    execute format('select count(*) from %I as t where num_nulls(%s) = 0 and not exists (select from %I as r where (%s) = (%2$s))',
      p_table, v_columns, p_target, (select string_agg(format('r.%I', c), ', ') from unnest(p_target_columns) as c)) into v_count;
  else
    execute format('select coalesce(sum(n - 1), 0) from (select count(*) as n from %I as t group by %s having count(*) > 1) as d',
      p_table, v_columns) into v_count;
  end if;
  return v_count;
end
$$;

select public.adopt_tables();
drop function public.set_aside_tables, public.adopt_tables, public.mend_of_type, public.parts_of_table, public.has_equal_constraint, public.count_breaking_rows;

create view public.roster_slot_counts with (security_invoker = true) as
select r.id as roster_id,
       count(*) filter (where a.status = 1) as active,
       count(*) filter (where a.status = 1 and a.source = 'greedy') as active_by_program,
       count(*) filter (where a.status = 2) as blocked,
       count(*) filter (where a.status = 3) as unavailable,
       count(*) filter (where a.status = 0) as open_rows
from public.rosters r
left join public.roster_assignments a on a.roster_id = r.id
group by r.id;
comment on view public.roster_slot_counts is 'Rows of a roster by status, counted when asked.';

create view public.roster_service_coverage with (security_invoker = true) as
select needed.roster_id, s.code as service_code, needed.needed, coalesce(worked.assigned, 0) as assigned
from (
  select roster_id, service_id, sum(aantal) filter (where status <> 'MAG_NIET') as needed
  from public.roster_period_staffing_dagdelen group by roster_id, service_id) as needed
join public.service_types s on s.id = needed.service_id
left join (
  select roster_id, service_id, count(*) as assigned
  from public.roster_assignments where status = 1 group by roster_id, service_id) as worked
  using (roster_id, service_id);
comment on view public.roster_service_coverage is 'Shifts asked for and worked, by roster and service.';

create view public.roster_employee_service_usage with (security_invoker = true) as
select c.roster_id, c.employee_id, s.code as service_code, c.aantal, c.actief,
       count(a.id) as used, case when c.actief then c.aantal else 0 end - count(a.id) as remaining
from public.roster_employee_services c
join public.service_types s on s.id = c.service_id
left join public.roster_assignments a
  on a.roster_id = c.roster_id and a.employee_id = c.employee_id and a.service_id = c.service_id and a.status = 1
group by c.roster_id, c.employee_id, s.code, c.aantal, c.actief;
comment on view public.roster_employee_service_usage is 'Capacity asked of an employee and what is left of it.';
