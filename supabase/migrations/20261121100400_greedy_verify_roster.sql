-- FASE 4C: facts about the triggers and a written roster. Judged by the program, which knows what it predicted.

create function public.probe_blocking_v1() returns jsonb
language plpgsql volatile
set search_path = public, pg_temp
as $$
-- Writes duties into a roster of its own, looks at what the triggers made of them, and rolls everything back.
-- {ran: n rules, missing: [..], unexpected: [..], not_freed: n}; empty lists mean that the triggers do what the rules say.
declare
  v_roster_id uuid := gen_random_uuid();
  v_first date := date '2001-01-01';  -- a Monday; the days before day 8 and after day 15 catch offsets of up to 7 days
  v_duty record;
  v_missing jsonb := '[]';
  v_unexpected jsonb := '[]';
  v_not_freed bigint := 0;
  v_ran bigint := 0;
  v_found jsonb;
begin
  begin
    insert into rosters (id, naam, start_date, end_date) values (v_roster_id, 'probe', v_first, v_first + 22);
    insert into employees (id, voornaam, team) values ('probe-' || v_roster_id, 'Probe', 'Overig');
    -- In the middle of the roster, and on its last day: nothing may be blocked outside the dates.
    for v_duty in
      select s.id, s.code, s.dagdeel, day from service_types as s cross join (values (v_first + 8), (v_first + 22)) as days(day)
      where s.id in (select service_id from service_blocking_rules)
      order by s.code, day
    loop
      insert into roster_assignments (roster_id, employee_id, date, dagdeel, service_id, status, source)
      values (v_roster_id, 'probe-' || v_roster_id, v_duty.day, v_duty.dagdeel, v_duty.id, 1, 'probe');
      with ruled as (
        select v_duty.day + r.dag_offset as date, r.dagdeel from service_blocking_rules as r
        where r.service_id = v_duty.id and v_duty.day + r.dag_offset between v_first and v_first + 22
          and not (r.dag_offset = 0 and r.dagdeel = v_duty.dagdeel)),
      made as (
        select a.date, a.dagdeel from roster_assignments as a
        where a.roster_id = v_roster_id and a.status = 2 and a.blocked_by_date = v_duty.day and a.blocked_by_service_id = v_duty.id)
      select jsonb_build_object(
        'ran', (select count(*) from ruled),
        'missing', coalesce((select jsonb_agg(format('%s day %s %s', v_duty.code, m.date - v_duty.day, m.dagdeel))
                             from (table ruled except table made) as m), '[]'),
        'unexpected', coalesce((select jsonb_agg(format('%s day %s %s', v_duty.code, m.date - v_duty.day, m.dagdeel))
                                from (table made except table ruled) as m), '[]')) into v_found;
      v_ran := v_ran + (v_found ->> 'ran')::bigint;
      v_missing := v_missing || (v_found -> 'missing');
      v_unexpected := v_unexpected || (v_found -> 'unexpected');
      update roster_assignments set status = 0, service_id = null, source = null where roster_id = v_roster_id and status = 1;
      v_not_freed := v_not_freed + (select count(*) from roster_assignments where roster_id = v_roster_id and status = 2);
      delete from roster_assignments where roster_id = v_roster_id;
    end loop;
    raise exception using errcode = 'GR000';
  exception when sqlstate 'GR000' then
    null;  -- the probe's rows are gone; what it saw stays in the variables
  end;
  return jsonb_build_object('ran', v_ran, 'missing', v_missing, 'unexpected', v_unexpected, 'not_freed', v_not_freed);
end
$$;
comment on function public.probe_blocking_v1 is 'Tries the blocking triggers in a subtransaction that is rolled back.';

create function public.verify_roster_v1(p_roster_id uuid) returns jsonb
language sql volatile
set search_path = public, pg_temp
as $$
  select jsonb_build_object(
    'roster_id', p_roster_id,
    'counts', (select to_jsonb(c) - 'roster_id' from roster_slot_counts as c where c.roster_id = p_roster_id),
    'triggers', (
      select coalesce(jsonb_agg(jsonb_build_object('name', t.tgname, 'enabled', t.tgenabled in ('O', 'A'),
                                                   'function', p.proname) order by t.tgname), '[]')
      from pg_trigger as t join pg_proc as p on p.oid = t.tgfoid
      where t.tgrelid = 'roster_assignments'::regclass and not t.tgisinternal),
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
  public.roster_input_digest, public.load_roster_v1, public.list_rosters_v1, public.import_roster_v1, public.write_roster_v1,
  public.probe_blocking_v1, public.verify_roster_v1
from public;
