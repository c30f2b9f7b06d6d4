-- Absences that other systems know of, leave and illness, and the slots that they make UNAVAILABLE.

create table public.absences (
  source_system text not null check (source_system ~ '^[^[:cntrl:]]{1,64}$'),
  external_id   text not null,
  number        integer not null check (number >= 0),
  employee_id   text not null references public.employees (id) on delete cascade,
  first_date    date not null,
  first_dagdeel text not null check (first_dagdeel in ('O', 'M', 'A')),
  last_date     date not null,
  last_dagdeel  text not null check (last_dagdeel in ('O', 'M', 'A')),
  reason        text check (char_length(reason) <= 2000),
  primary key (source_system, external_id, number),
  check ((first_date, position(first_dagdeel in 'OMA')) <= (last_date, position(last_dagdeel in 'OMA')))
);
comment on table public.absences is
  'When an employee is absent: all slots from the first to the last, both included. number counts the ranges of one record of the source.';
create index on public.absences (employee_id);
alter table public.absences enable row level security;

create function public.apply_absences_v1(p_roster_id uuid default null) returns jsonb
language plpgsql volatile
set search_path = public, pg_temp
-- The planner takes an array for few rows, whatever its size, and would compare thousands with thousands one by one.
set enable_nestloop = off
set lock_timeout = '5s'
set statement_timeout = '60s'
as $$
-- For every roster, or for one: {rosters: n, busy: [roster_id], unavailable: n, opened: n, gave_way: [slot], conflicts: [slot, why]}
-- OPEN slots and rest under an absence become UNAVAILABLE, with source 'absence'; the program's work there becomes so too, and the other half
-- of its pair OPEN. Slots of that source that no absence covers any more become OPEN, and the triggers block them where a duty does.
-- What planners pinned there stays, and is a conflict each time; so is, behind those, work in a final roster, of which nothing changes.
-- A roster that somebody is changing at this moment is left as it is: busy.
declare
  v_roster_id uuid;
  v_roster    rosters;
  v_absent    slot_content[];  -- slots under an absence
  v_over      slot_content[];  -- slots that were
  v_yielding  slot_content[];  -- work that gives way
  v_missing   slot_content[];  -- slots that are to become UNAVAILABLE
  v_found     jsonb;
  v_answer    jsonb := '{"rosters": 0, "busy": [], "unavailable": 0, "opened": 0, "gave_way": [], "conflicts": []}';
begin
  for v_roster_id in
    select id from rosters where status <> 'final' and (p_roster_id is null or id = p_roster_id) order by id
  loop
    begin
      perform lock_roster(v_roster_id);
      select * into v_roster from rosters where id = v_roster_id and status <> 'final' for share nowait;
      continue when not found;

      v_absent := array(
        select distinct (v_roster_id, employee_id, day::date, dagdeel, null, null)::slot_content
        from absences
        join roster_employee_ids(v_roster_id) as member on member = employee_id
        cross join lateral generate_series(greatest(first_date, v_roster.start_date)::timestamp,
                                           least(last_date, v_roster.end_date)::timestamp, '1 day') as day
        cross join unnest(array['O', 'M', 'A']) with ordinality as part(dagdeel, place)
        where (day > first_date or place >= position(first_dagdeel in 'OMA'))
          and (day < last_date or place <= position(last_dagdeel in 'OMA')));
      v_over := array(
        select (roster_id, employee_id, date, dagdeel, status, service_id)::slot_content
        from roster_assignments as slot
        where roster_id = v_roster_id and status = 3 and source = 'absence'
          and not exists (select from unnest(v_absent) as a
                          where (a.employee_id, a.date, a.dagdeel) = (slot.employee_id, slot.date, slot.dagdeel)));
      v_yielding := array(
        with hit as (
          select slot.* from roster_assignments as slot join unnest(v_absent) as a using (employee_id, date, dagdeel)
          where slot.roster_id = v_roster_id and slot.status = 1 and slot.source = 'greedy')
        select (roster_id, employee_id, date, dagdeel, status, service_id)::slot_content from hit
        union
        select (half.roster_id, half.employee_id, half.date, half.dagdeel, half.status, half.service_id)::slot_content
        from hit join service_types as s on s.id = hit.service_id
        join service_types as pair on pair.code = s.gekoppeld_aan or pair.gekoppeld_aan = s.code
        join roster_assignments as half
          on (half.roster_id, half.employee_id, half.date, half.service_id) = (hit.roster_id, hit.employee_id, hit.date, pair.id)
        where half.status = 1 and half.source = 'greedy');
      -- Rest that comes back by itself makes room; other rest, as from the roster before, would be lost.
      v_missing := array(
        select a from unnest(v_absent) as a left join roster_assignments as slot
          on slot.roster_id = v_roster_id and (slot.employee_id, slot.date, slot.dagdeel) = (a.employee_id, a.date, a.dagdeel)
        where coalesce(slot.status, 0) = 0 or slot.status = 1 and slot.source = 'greedy'
           or slot.status = 2 and (slot.source in ('trigger', 'greedy-blocking') or exists (
                select from roster_assignments as duty
                where (duty.roster_id, duty.employee_id, duty.date, duty.dagdeel, duty.service_id, duty.status) =
                      (v_roster_id, slot.employee_id, slot.blocked_by_date, slot.blocked_by_dagdeel, slot.blocked_by_service_id, 1))));

      if v_over || v_missing <> '{}' then
        -- Locked without waiting: a planner who holds one of these rows waits for lock_roster, so waiting here could never end.
        perform from roster_assignments where roster_id = v_roster_id for update nowait;
        update roster_assignments as slot set status = 0, service_id = null, source = null
        from unnest(v_over || v_yielding) as s
        where slot.roster_id = v_roster_id and (slot.employee_id, slot.date, slot.dagdeel) = (s.employee_id, s.date, s.dagdeel);
        insert into roster_assignments as slot (roster_id, employee_id, date, dagdeel, status, source)
        select roster_id, employee_id, date, dagdeel, 3, 'absence' from unnest(v_missing) order by employee_id, date, dagdeel
        on conflict (roster_id, employee_id, date, dagdeel) do update
        set status = 3, source = 'absence', blocked_by_date = null, blocked_by_dagdeel = null, blocked_by_service_id = null,
            notes = case when slot.notes like 'Blocked by %' then null else slot.notes end
        where slot.status in (0, 2);
      end if;

      v_found := jsonb_build_object(
        'rosters', (v_answer ->> 'rosters')::bigint + 1,
        'unavailable', (v_answer ->> 'unavailable')::bigint + cardinality(v_missing),
        'opened', (v_answer ->> 'opened')::bigint + cardinality(v_over),
        'gave_way', (v_answer -> 'gave_way') || (
          select coalesce(jsonb_agg(jsonb_build_object('roster_id', y.roster_id, 'employee_id', y.employee_id, 'date', y.date,
                   'dagdeel', y.dagdeel, 'service_code', s.code) order by y.employee_id, y.date, position(y.dagdeel in 'OMA')), '[]')
          from unnest(v_yielding) as y join service_types as s on s.id = y.service_id));
      v_answer := v_answer || v_found;
    -- These conditions alone, so that nothing else is swallowed; what was done to this roster is rolled back with them.
    exception when lock_not_available or deadlock_detected then
      v_answer := jsonb_set(v_answer, '{busy}', (v_answer -> 'busy') || to_jsonb(v_roster_id));
    end;
  end loop;

  return v_answer || jsonb_build_object('conflicts', (
    select coalesce(jsonb_agg(jsonb_build_object('roster_id', r.id, 'employee_id', slot.employee_id, 'date', slot.date,
             'dagdeel', slot.dagdeel, 'service_code', s.code, 'why', case r.status when 'final' then 'final' else 'pinned' end)
           order by r.status = 'final', r.start_date, r.id, slot.employee_id, slot.date, position(slot.dagdeel in 'OMA')), '[]')
    from rosters as r join roster_assignments as slot on slot.roster_id = r.id join service_types as s on s.id = slot.service_id
    where (p_roster_id is null or r.id = p_roster_id) and slot.status = 1
      and exists (
        select from absences as a
        where a.employee_id = slot.employee_id and slot.date between a.first_date and a.last_date
          and (slot.date, position(slot.dagdeel in 'OMA')) between (a.first_date, position(a.first_dagdeel in 'OMA'))
                                                               and (a.last_date, position(a.last_dagdeel in 'OMA')))));
end
$$;
comment on function public.apply_absences_v1 is
  'Makes UNAVAILABLE what absences cover, and OPEN what they cover no more, in all rosters that are not final or in one.';

-- Who may do what with them; the rest as before.
create or replace function public.access_v1() returns table (kind text, name text, authenticated text[], service_role text[])
language sql immutable
set search_path = public, pg_temp
as $$
  select 'table', t, '{SELECT}'::text[], '{SELECT,INSERT,UPDATE,DELETE}'::text[] from unnest(array[
    'public.employees', 'public.service_types', 'public.service_blocking_rules', 'public.rosters',
    'public.roster_period_staffing_dagdelen', 'public.roster_employee_services', 'public.roster_assignments', 'public.roster_writes',
    'meta.ingestion_runs', 'meta.entity_quality']) as t
  union all
  -- Raw records are personal, and the reason of an absence can be that somebody is ill.
  select 'table', t, '{}', '{SELECT,INSERT,UPDATE,DELETE}' from unnest(array['public.absences', 'bronze.raw_entities', 'meta.faulty_records']) as t
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
    'public.is_weekly_absence', 'public.is_structurally_absent', 'public.apply_absences_v1']) as f
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

select public.apply_access_v1();
notify pgrst, 'reload schema';
