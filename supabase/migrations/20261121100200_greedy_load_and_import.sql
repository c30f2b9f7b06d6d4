-- A roster out of the database in one round trip, and into it in one transaction.

create function public.roster_employee_ids(p_roster_id uuid) returns setof text
language sql stable
set search_path = public, pg_temp
as $$
  select employee_id from roster_employee_services where roster_id = p_roster_id
  union select employee_id from roster_assignments where roster_id = p_roster_id
$$;
comment on function public.roster_employee_ids is 'Who belongs to a roster: everybody with a capability or a slot in it.';

create function public.roster_service_ids(p_roster_id uuid) returns setof uuid
language sql stable
set search_path = public, pg_temp
as $$
  with used as (
    select service_id from roster_employee_services where roster_id = p_roster_id
    union select service_id from roster_period_staffing_dagdelen where roster_id = p_roster_id
    union select service_id from roster_assignments where roster_id = p_roster_id and status = 1)
  select service_id from used
  union select pair.id from used join service_types as s on s.id = used.service_id
    join service_types as pair on pair.code = s.gekoppeld_aan or pair.gekoppeld_aan = s.code
$$;
comment on function public.roster_service_ids is 'What a roster speaks of: every service in it, and the other half of each pair.';

create function public.roster_input_digest(p_roster_id uuid) returns text
language sql stable
set search_path = public, pg_temp
as $$
  select md5(concat_ws(E'\n',
    (select concat_ws('|', start_date, end_date) from rosters where id = p_roster_id),
    (select string_agg(concat_ws('|', date, dagdeel, team, service_id, status, aantal), E'\n' order by date, dagdeel, team, service_id)
       from roster_period_staffing_dagdelen where roster_id = p_roster_id and aantal > 0 and status <> 'MAG_NIET'),
    (select string_agg(concat_ws('|', employee_id, service_id, aantal, actief), E'\n' order by employee_id, service_id)
       from roster_employee_services where roster_id = p_roster_id),
    (select string_agg(concat_ws('|', id, voornaam, achternaam, team, actief, coalesce(aantalwerkdagen, -1), structureel_nbh), E'\n' order by id)
       from employees where id in (select roster_employee_ids(p_roster_id))),
    (select string_agg(concat_ws('|', s.id, s.code, s.dagdeel, s.begintijd, s.eindtijd, s.duur_minuten, s.is_system,
                                 coalesce(s.gekoppeld_aan, '-'), s.actief,
                                 (select string_agg(concat_ws(' ', b.dag_offset, b.dagdeel), ',' order by b.dag_offset, b.dagdeel)
                                    from service_blocking_rules b where b.service_id = s.id)), E'\n' order by s.id)
       from service_types s where s.id in (select roster_service_ids(p_roster_id)))))
$$;
comment on function public.roster_input_digest is 'Changes when anything changes that a plan depends on, the slots themselves aside.';

create function public.load_roster_v1(p_roster_id uuid, p_include_open boolean default false) returns jsonb
language sql stable
set search_path = public, pg_temp
as $$
  -- One jsonb scalar: a set of rows would be cut at 1,000 by the REST server. Null when the roster does not exist.
  select jsonb_build_object(
    'input_digest', roster_input_digest(p_roster_id),
    'rosters', jsonb_build_array(to_jsonb(r) - 'created_at'),
    'employees', (
      select coalesce(jsonb_agg(to_jsonb(e) - 'created_at' order by e.id), '[]') from employees e
      where e.id in (select roster_employee_ids(r.id))),
    'service_types', (
      select coalesce(jsonb_agg(to_jsonb(s) - 'created_at' order by s.code), '[]') from service_types s
      where s.id in (select roster_service_ids(r.id))),
    'service_blocking_rules', (
      select coalesce(jsonb_agg(to_jsonb(b) order by b.service_id, b.dag_offset, b.dagdeel), '[]') from service_blocking_rules b
      where b.service_id in (select roster_service_ids(r.id))),
    'roster_employee_services', (
      select coalesce(jsonb_agg(to_jsonb(c) - 'created_at' order by c.employee_id, c.service_id), '[]')
      from roster_employee_services c where c.roster_id = r.id),
    'roster_period_staffing_dagdelen', (
      select coalesce(jsonb_agg(to_jsonb(d) - 'created_at' order by d.date, d.dagdeel, d.team, d.service_id), '[]')
      from roster_period_staffing_dagdelen d
      where d.roster_id = r.id and (p_include_open or d.aantal > 0 and d.status <> 'MAG_NIET')),
    'roster_assignments', (
      select coalesce(jsonb_agg(to_jsonb(a) - 'created_at' order by a.employee_id, a.date, a.dagdeel), '[]')
      from roster_assignments a where a.roster_id = r.id and (p_include_open or a.status <> 0)))
  from rosters r where r.id = p_roster_id
$$;
comment on function public.load_roster_v1 is
  'Everything a plan needs, as one document. Rows that say nothing (OPEN slots, demand for nobody) only when asked for.';

create function public.list_rosters_v1() returns jsonb
language sql stable
set search_path = public, pg_temp
as $$
  select coalesce(jsonb_agg(jsonb_build_object(
    'id', id, 'naam', naam, 'start_date', start_date, 'end_date', end_date, 'status', status) order by start_date, naam, id), '[]')
  from rosters
$$;
comment on function public.list_rosters_v1 is 'The rosters of this database, oldest first.';

create function public.import_roster_v1(p_tables jsonb, p_replace boolean default false) returns jsonb
language plpgsql volatile
set search_path = public, pg_temp
as $$
declare
  -- A jsonb argument arrives as a JSON string behind some REST servers.
  tables jsonb := case jsonb_typeof(p_tables) when 'string' then (p_tables #>> '{}')::jsonb else p_tables end;
  v_roster_id uuid := tables #>> '{rosters,0,id}';
  counts jsonb := '{}';
  v_differs jsonb;
  v_service record;
  n bigint;
begin
  perform lock_roster(v_roster_id);
  -- Services are known by their code: where the database has one under another id, the tables follow.
  for v_service in
    select given ->> 'id' as given_id, s.id::text as own_id
    from jsonb_array_elements(tables -> 'service_types') as given join service_types as s on s.code = given ->> 'code'
    where s.id::text <> given ->> 'id'
  loop
    tables := replace(tables::text, v_service.given_id, v_service.own_id)::jsonb;
  end loop;
  if exists (select from rosters where id = v_roster_id) then
    if not p_replace then
      return jsonb_build_object('outcome', 'exists', 'roster_id', v_roster_id);
    elsif exists (select from rosters where id = v_roster_id and status = 'final') then
      return jsonb_build_object('outcome', 'final', 'roster_id', v_roster_id);
    end if;
    begin
      perform from roster_assignments where roster_id = v_roster_id for update nowait;
    exception when lock_not_available then
      return jsonb_build_object('outcome', 'busy', 'roster_id', v_roster_id);
    end;
    delete from roster_assignments where roster_id = v_roster_id;
    delete from roster_period_staffing_dagdelen where roster_id = v_roster_id;
    delete from roster_employee_services where roster_id = v_roster_id;
    -- What earlier runs wrote is gone, so a repeat of one of them must write again.
    delete from roster_writes where roster_id = v_roster_id;
  end if;

  if not p_replace then
    -- Employees, services and rules serve other rosters too: another content is never taken over unasked.
    select jsonb_agg(what order by what) into v_differs from (
      select 'employee ' || e.id as what
      from employees as e join jsonb_to_recordset(tables -> 'employees') as x(
        id text, voornaam text, achternaam text, email text, team text, dienstverband text, aantalwerkdagen int, structureel_nbh jsonb,
        actief boolean) using (id)
      where (e.voornaam, e.achternaam, e.email, e.team, e.dienstverband, e.aantalwerkdagen, e.structureel_nbh, e.actief) is distinct from
            (x.voornaam, coalesce(x.achternaam, ''), x.email, x.team, x.dienstverband, x.aantalwerkdagen, coalesce(x.structureel_nbh, '{}'),
             coalesce(x.actief, true))
      union all
      select 'service ' || s.code
      from service_types as s join jsonb_to_recordset(tables -> 'service_types') as x(
        id uuid, code text, naam text, dagdeel text, begintijd time, eindtijd time, duur_minuten int, is_system boolean,
        blokkeert_volgdag boolean, gekoppeld_aan text, actief boolean) using (id)
      where (s.code, s.naam, s.dagdeel, s.begintijd, s.eindtijd, s.duur_minuten, s.is_system, s.blokkeert_volgdag, s.gekoppeld_aan, s.actief)
            is distinct from
            (x.code, x.naam, x.dagdeel, x.begintijd, x.eindtijd, x.duur_minuten, coalesce(x.is_system, false),
             coalesce(x.blokkeert_volgdag, false), x.gekoppeld_aan, coalesce(x.actief, true))
      union all
      select distinct 'blocking rules of ' || s.code
      from (select service_id, dag_offset, dagdeel from service_blocking_rules) as b
      full join jsonb_to_recordset(tables -> 'service_blocking_rules') as x(service_id uuid, dag_offset smallint, dagdeel text)
        using (service_id, dag_offset, dagdeel)
      join service_types as s on s.id = service_id
      where (b.dagdeel is null or x.dagdeel is null)
        and service_id in (select (given ->> 'id')::uuid from jsonb_array_elements(tables -> 'service_types') as given)
    ) as differing;
    if v_differs is not null then
      return jsonb_build_object('outcome', 'differs', 'roster_id', v_roster_id, 'differs', v_differs);
    end if;
  end if;

  insert into rosters (id, naam, start_date, end_date, status)
  select id, coalesce(naam, ''), start_date, end_date, status
  from jsonb_to_recordset(tables -> 'rosters') as x(id uuid, naam text, start_date date, end_date date, status text)
  on conflict (id) do update set naam = excluded.naam, start_date = excluded.start_date, end_date = excluded.end_date, status = excluded.status;

  insert into employees (id, voornaam, achternaam, email, team, dienstverband, aantalwerkdagen, structureel_nbh, actief)
  select id, voornaam, coalesce(achternaam, ''), email, team, dienstverband, aantalwerkdagen, coalesce(structureel_nbh, '{}'), coalesce(actief, true)
  from jsonb_to_recordset(tables -> 'employees') as x(
    id text, voornaam text, achternaam text, email text, team text, dienstverband text, aantalwerkdagen int, structureel_nbh jsonb, actief boolean)
  order by id
  on conflict (id) do update set voornaam = excluded.voornaam, achternaam = excluded.achternaam, email = excluded.email, team = excluded.team,
    dienstverband = excluded.dienstverband, aantalwerkdagen = excluded.aantalwerkdagen, structureel_nbh = excluded.structureel_nbh,
    actief = excluded.actief;
  get diagnostics n = row_count;
  counts := counts || jsonb_build_object('employees', n);

  insert into service_types (id, code, naam, dagdeel, begintijd, eindtijd, duur_minuten, is_system, blokkeert_volgdag, gekoppeld_aan, actief)
  select id, code, naam, dagdeel, begintijd, eindtijd, duur_minuten, coalesce(is_system, false), coalesce(blokkeert_volgdag, false),
         gekoppeld_aan, coalesce(actief, true)
  from jsonb_to_recordset(tables -> 'service_types') as x(
    id uuid, code text, naam text, dagdeel text, begintijd time, eindtijd time, duur_minuten int, is_system boolean,
    blokkeert_volgdag boolean, gekoppeld_aan text, actief boolean)
  order by id
  on conflict (id) do update set code = excluded.code, naam = excluded.naam, dagdeel = excluded.dagdeel, begintijd = excluded.begintijd,
    eindtijd = excluded.eindtijd, duur_minuten = excluded.duur_minuten, is_system = excluded.is_system,
    blokkeert_volgdag = excluded.blokkeert_volgdag, gekoppeld_aan = excluded.gekoppeld_aan, actief = excluded.actief;
  get diagnostics n = row_count;
  counts := counts || jsonb_build_object('service_types', n);

  -- The rules of the services in these tables become exactly the rules in these tables.
  delete from service_blocking_rules as b
  where b.service_id in (select (s ->> 'id')::uuid from jsonb_array_elements(tables -> 'service_types') as s)
    and not exists (
      select from jsonb_to_recordset(tables -> 'service_blocking_rules') as x(service_id uuid, dag_offset smallint, dagdeel text)
      where (x.service_id, x.dag_offset, x.dagdeel) = (b.service_id, b.dag_offset, b.dagdeel));
  insert into service_blocking_rules (service_id, dag_offset, dagdeel)
  select service_id, dag_offset, dagdeel
  from jsonb_to_recordset(tables -> 'service_blocking_rules') as x(service_id uuid, dag_offset smallint, dagdeel text)
  on conflict do nothing;

  insert into roster_employee_services (roster_id, employee_id, service_id, aantal, actief)
  select v_roster_id, employee_id, service_id, aantal, coalesce(actief, true)
  from jsonb_to_recordset(tables -> 'roster_employee_services') as x(employee_id text, service_id uuid, aantal smallint, actief boolean);
  get diagnostics n = row_count;
  counts := counts || jsonb_build_object('roster_employee_services', n);

  insert into roster_period_staffing_dagdelen (id, roster_id, date, dagdeel, team, service_id, status, aantal)
  -- A row id that another roster has already, as in a copy of its files, gives way to a new one.
  select case when taken.id is null then coalesce(x.id, gen_random_uuid()) else gen_random_uuid() end,
         v_roster_id, x.date, x.dagdeel, x.team, x.service_id, x.status, x.aantal
  from jsonb_to_recordset(tables -> 'roster_period_staffing_dagdelen') as x(
    id uuid, date date, dagdeel text, team text, service_id uuid, status text, aantal smallint)
  left join roster_period_staffing_dagdelen as taken on taken.id = x.id;
  get diagnostics n = row_count;
  counts := counts || jsonb_build_object('roster_period_staffing_dagdelen', n);

  insert into roster_assignments (id, roster_id, employee_id, date, dagdeel, service_id, status, source, notes,
                                  blocked_by_date, blocked_by_dagdeel, blocked_by_service_id)
  select case when taken.id is null then coalesce(x.id, gen_random_uuid()) else gen_random_uuid() end,
         v_roster_id, x.employee_id, x.date, x.dagdeel, x.service_id, x.status, x.source, x.notes,
         x.blocked_by_date, x.blocked_by_dagdeel, x.blocked_by_service_id
  from jsonb_to_recordset(tables -> 'roster_assignments') as x(
    id uuid, employee_id text, date date, dagdeel text, service_id uuid, status smallint, source text, notes text,
    blocked_by_date date, blocked_by_dagdeel text, blocked_by_service_id uuid)
  left join roster_assignments as taken on taken.id = x.id;
  get diagnostics n = row_count;
  counts := counts || jsonb_build_object('roster_assignments', n);

  return jsonb_build_object('outcome', 'imported', 'roster_id', v_roster_id, 'rows', counts);
end
$$;
comment on function public.import_roster_v1 is
  'Practice tables into the database. Outcomes: imported; and with nothing changed: exists, differs (shared data), final, busy.
With p_replace the first two are overwritten.';
