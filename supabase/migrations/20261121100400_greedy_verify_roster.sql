-- FASE 4C: facts about the triggers and a written roster. Judged by the program, which knows what it predicted.

create function public.probe_blocking_v1() returns jsonb
language plpgsql volatile
set search_path = public, pg_temp
as $$
-- Writes duties into a roster of its own, looks at what the triggers made of them, and rolls everything back.
-- {ran: n slots that the rules name, missing: [..], unexpected: [..], overwritten: [..], not_freed: n, outside_refused: true}
declare
  v_roster_id uuid := gen_random_uuid();
  v_employee_id text := 'probe-' || v_roster_id;
  v_first date := date '2001-01-01';
  v_last date := v_first + 22;  -- day 8 in the middle leaves room for offsets of up to 7 days on both sides
  v_duty record;
  v_answer jsonb := '{"ran": 0, "missing": [], "unexpected": [], "overwritten": [], "not_freed": 0, "outside_refused": false}';
  v_found jsonb;
begin
  begin
    insert into rosters (id, naam, start_date, end_date) values (v_roster_id, 'probe', v_first, v_last);
    insert into employees (id, voornaam, team) values (v_employee_id, 'Probe', 'Overig');
    begin
      insert into roster_assignments (roster_id, employee_id, date, dagdeel, status) values (v_roster_id, v_employee_id, v_last + 1, 'O', 3);
    exception when check_violation then
      v_answer := v_answer || '{"outside_refused": true}';
    end;
    for v_duty in
      select s.id, s.code, s.dagdeel, day, freed_by
      from service_types as s cross join (values (v_first + 8, 'update'), (v_last, 'delete')) as cases(day, freed_by)
      where s.id in (select service_id from service_blocking_rules)
      order by s.code, day
    loop
      insert into roster_assignments (roster_id, employee_id, date, dagdeel, service_id, status, source)
      values (v_roster_id, v_employee_id, v_duty.day, v_duty.dagdeel, v_duty.id, 1, 'probe');
      with ruled as (
        select v_duty.day + r.dag_offset as date, r.dagdeel from service_blocking_rules as r
        where r.service_id = v_duty.id and v_duty.day + r.dag_offset between v_first and v_last),
      made as (
        select a.date, a.dagdeel from roster_assignments as a
        where a.roster_id = v_roster_id and a.status = 2 and a.blocked_by_date = v_duty.day and a.blocked_by_service_id = v_duty.id)
      select jsonb_build_object(
        'ran', (select count(*) from ruled),
        'missing', coalesce((select jsonb_agg(format('%s day %s %s', v_duty.code, m.date - v_duty.day, m.dagdeel))
                             from (table ruled except table made) as m), '[]'),
        'unexpected', coalesce((select jsonb_agg(format('%s day %s %s', v_duty.code, m.date - v_duty.day, m.dagdeel))
                                from (table made except table ruled) as m), '[]')) into v_found;
      if v_duty.freed_by = 'update' then
        update roster_assignments set status = 0, service_id = null, source = null where roster_id = v_roster_id and status = 1;
      else
        delete from roster_assignments where roster_id = v_roster_id and status = 1;
      end if;
      v_answer := v_answer || jsonb_build_object(
        'ran', (v_answer ->> 'ran')::bigint + (v_found ->> 'ran')::bigint,
        'missing', (v_answer -> 'missing') || (v_found -> 'missing'),
        'unexpected', (v_answer -> 'unexpected') || (v_found -> 'unexpected'),
        'not_freed', (v_answer ->> 'not_freed')::bigint
                     + (select count(*) from roster_assignments where roster_id = v_roster_id and status = 2));
      delete from roster_assignments where roster_id = v_roster_id;
    end loop;

    -- Absence and work that stand where a duty blocks are never overwritten. The work is of services without rules, so that it blocks nothing.
    for v_duty in
      select s.id, s.code, s.dagdeel, v_first + 8 as day, status
      from service_types as s cross join (values (1), (3)) as kinds(status)
      where s.id in (select service_id from service_blocking_rules)
      order by s.code, status
    loop
      insert into roster_assignments (roster_id, employee_id, date, dagdeel, status, service_id)
      select v_roster_id, v_employee_id, v_duty.day + r.dag_offset, r.dagdeel, v_duty.status, work.id
      from service_blocking_rules as r
      left join lateral (
        select id from service_types as w
        where v_duty.status = 1 and w.dagdeel = r.dagdeel and w.id not in (select service_id from service_blocking_rules)
        order by w.code limit 1) as work on true
      where r.service_id = v_duty.id and (v_duty.status = 3 or work.id is not null);
      insert into roster_assignments (roster_id, employee_id, date, dagdeel, status, service_id)
      values (v_roster_id, v_employee_id, v_duty.day, v_duty.dagdeel, 1, v_duty.id);
      v_answer := v_answer || jsonb_build_object('overwritten', (v_answer -> 'overwritten') || (
        select coalesce(jsonb_agg(format('status %s under %s day %s %s', v_duty.status, v_duty.code, r.dag_offset, r.dagdeel)), '[]')
        from service_blocking_rules as r
        join roster_assignments as a
          on a.roster_id = v_roster_id and a.date = v_duty.day + r.dag_offset and a.dagdeel = r.dagdeel and a.status = 2
        where r.service_id = v_duty.id
          and (v_duty.status = 3 or exists (
            select from service_types as w where w.dagdeel = r.dagdeel and w.id not in (select service_id from service_blocking_rules)))));
      delete from roster_assignments where roster_id = v_roster_id;
    end loop;
    raise exception using errcode = 'GR000';
  exception when sqlstate 'GR000' then
    null;  -- the probe's rows are gone; what it saw stays in the variables
  end;
  return v_answer;
end
$$;
comment on function public.probe_blocking_v1 is 'Tries the blocking triggers in a subtransaction that is rolled back.';

create function public.list_triggers_v1() returns jsonb
language sql stable
set search_path = public, pg_temp
as $$
  select coalesce(jsonb_agg(jsonb_build_object('table', c.relname, 'name', t.tgname, 'enabled', t.tgenabled in ('O', 'A'),
                                               'function', p.proname) order by c.relname, t.tgname), '[]')
  from pg_trigger as t join pg_proc as p on p.oid = t.tgfoid join pg_class as c on c.oid = t.tgrelid
  where c.relnamespace = (select relnamespace from pg_class where oid = 'rosters'::regclass) and not t.tgisinternal
$$;
comment on function public.list_triggers_v1 is 'The triggers of this schema: on which table, calling what, and whether they are enabled.';

create function public.verify_roster_v1(p_roster_id uuid) returns jsonb
language sql volatile
set search_path = public, pg_temp
as $$
  select jsonb_build_object(
    'roster_id', p_roster_id,
    'counts', (select to_jsonb(c) - 'roster_id' from roster_slot_counts as c where c.roster_id = p_roster_id),
    'triggers', list_triggers_v1(),
    'probe', probe_blocking_v1(),
    'active', (
      select coalesce(jsonb_agg(jsonb_build_object('employee_id', employee_id, 'date', date, 'dagdeel', dagdeel,
               'service_id', service_id, 'source', source) order by employee_id, date, dagdeel), '[]')
      from roster_assignments where roster_id = p_roster_id and status = 1),
    'blocked', (
      select coalesce(jsonb_agg(jsonb_build_object('employee_id', employee_id, 'date', date, 'dagdeel', dagdeel,
               'blocked_by_date', blocked_by_date, 'blocked_by_dagdeel', blocked_by_dagdeel,
               'blocked_by_service_id', blocked_by_service_id) order by employee_id, date, dagdeel), '[]')
      from roster_assignments where roster_id = p_roster_id and status = 2),
    'duplicates', (
      select count(*) from (select from roster_assignments where roster_id = p_roster_id
                            group by employee_id, date, dagdeel having count(*) > 1) as d),
    'outside_dates', (
      select count(*) from roster_assignments as a join rosters as r on r.id = a.roster_id
      where r.id = p_roster_id and a.date not between r.start_date and r.end_date))
$$;
comment on function public.verify_roster_v1 is 'What the database holds for a roster, and what its triggers do. Changes nothing.';

-- These functions are for the planning job and its owner, not for everybody who can connect.
revoke execute on function
  public.lock_roster, public.sync_blocked_slots, public.keep_blocking_true, public.refuse_dates_outside_roster, public.keep_rows_in_roster,
  public.refresh_blocking, public.has_stale_blocks, public.lock_roster_of_new_slot, public.refresh_blocking_of_rules, public.refresh_blocking_of_absence,
  public.refuse_demand_in_other_dagdeel, public.roster_employee_ids, public.roster_service_ids, public.list_triggers_v1,
  public.roster_input_digest, public.load_roster_v1, public.list_rosters_v1, public.import_roster_v1, public.write_roster_v1,
  public.probe_blocking_v1, public.verify_roster_v1
from public;
