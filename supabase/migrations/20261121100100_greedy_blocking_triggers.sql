-- Triggers that keep blocking true: while a duty with blocking rules is ACTIVE, the slots that its rules name are not OPEN.
-- Statement-level, because the program writes in batches.

create function public.lock_roster(p_roster_id uuid) returns void
language sql volatile
set search_path = pg_catalog, pg_temp
as $$
  -- One writer at a time changes the slots of a roster. A transaction lock: safe behind a connection pooler.
  select pg_advisory_xact_lock(hashtextextended('roster:' || p_roster_id, 0))
$$;
comment on function public.lock_roster is 'Waits until no other transaction changes the slots of this roster.';

create function public.is_structurally_absent(absence jsonb, day date, dagdeel text) returns boolean
language sql immutable parallel safe
set search_path = pg_catalog, pg_temp
as $$
  select coalesce(absence -> (array['ma', 'di', 'wo', 'do', 'vr', 'za', 'zo'])[extract(isodow from day)::int] ? dagdeel, false)
$$;
comment on function public.is_structurally_absent is 'True when employees.structureel_nbh makes this dagdeel of this date unavailable.';

-- What matters to blocking in a row of roster_assignments.
create type public.slot_content as (
  roster_id uuid, employee_id text, date date, dagdeel text, status smallint, service_id uuid);

create function public.sync_blocked_slots(gone public.slot_content[], touched public.slot_content[]) returns void
language plpgsql volatile
set search_path = public, pg_temp
set enable_nestloop = on  -- a look-up in the index for each slot, whatever the caller prefers
as $$
-- gone: duties that are no longer ACTIVE. touched: slots to bring in line (their status and service are not read).
-- A slot has one blocker on record even when several duties block it: the first by date, dagdeel and service.
begin
  -- What a vanished duty blocked is taken over by another duty that blocks it too, or becomes OPEN. Only what it blocked.
  with blocker as (
    select distinct on (t.roster_id, t.employee_id, t.date, t.dagdeel)
           t.roster_id, t.employee_id, t.date, t.dagdeel,
           a.date as by_date, a.dagdeel as by_dagdeel, a.service_id as by_service_id
    from unnest(touched) as t
    left join (service_blocking_rules as r join roster_assignments as a on a.service_id = r.service_id and a.status = 1)
      on r.dagdeel = t.dagdeel and a.roster_id = t.roster_id and a.employee_id = t.employee_id
         and a.date = t.date - r.dag_offset
    order by t.roster_id, t.employee_id, t.date, t.dagdeel, a.date, position(a.dagdeel in 'OMA'), a.service_id)
  update roster_assignments as slot
  set status = case when b.by_date is null then 0 else 2 end,
      blocked_by_date = b.by_date,
      blocked_by_dagdeel = b.by_dagdeel,
      blocked_by_service_id = b.by_service_id,
      source = case when b.by_date is null then null else 'trigger' end,
      notes = case when slot.notes like 'Blocked by %' then null else slot.notes end
  from blocker as b
  where (slot.roster_id, slot.employee_id, slot.date, slot.dagdeel) = (b.roster_id, b.employee_id, b.date, b.dagdeel)
    and slot.status = 2
    and exists (
      select from unnest(gone) as g
      where g.roster_id = slot.roster_id and g.employee_id = slot.employee_id and g.date = slot.blocked_by_date
        and g.dagdeel = slot.blocked_by_dagdeel and g.service_id = slot.blocked_by_service_id);

  -- OPEN slots under a duty become BLOCKED; a slot without a row gets one. ACTIVE and UNAVAILABLE are never overwritten.
  insert into roster_assignments
    (roster_id, employee_id, date, dagdeel, status, source, blocked_by_date, blocked_by_dagdeel, blocked_by_service_id)
  select distinct on (t.roster_id, t.employee_id, t.date, t.dagdeel)
         t.roster_id, t.employee_id, t.date, t.dagdeel, 2, 'trigger', a.date, a.dagdeel, a.service_id
  from unnest(touched) as t
  join service_blocking_rules as r on r.dagdeel = t.dagdeel
  join roster_assignments as a
    on a.service_id = r.service_id and a.status = 1 and a.roster_id = t.roster_id and a.employee_id = t.employee_id
       and a.date = t.date - r.dag_offset
  join rosters on rosters.id = t.roster_id and t.date between rosters.start_date and rosters.end_date
  join employees on employees.id = t.employee_id
  where not is_structurally_absent(employees.structureel_nbh, t.date, t.dagdeel)
  order by t.roster_id, t.employee_id, t.date, t.dagdeel, a.date, position(a.dagdeel in 'OMA'), a.service_id
  on conflict (roster_id, employee_id, date, dagdeel) do update
  set status = 2, source = 'trigger', blocked_by_date = excluded.blocked_by_date,
      blocked_by_dagdeel = excluded.blocked_by_dagdeel, blocked_by_service_id = excluded.blocked_by_service_id
  where roster_assignments.status = 0;
end
$$;
comment on function public.sync_blocked_slots is 'Makes BLOCKED what duties block and frees what vanished duties blocked, in set-based statements.';

create function public.keep_blocking_true() returns trigger
language plpgsql volatile
set search_path = public, pg_temp
as $$
declare
  gone    slot_content[] := '{}';
  arrived slot_content[] := '{}';
  touched slot_content[];
  changed_roster uuid;
begin
  -- Rows whose content did not change drop out, so that the updates of this very trigger end the recursion.
  if tg_op = 'INSERT' then
    select array_agg((roster_id, employee_id, date, dagdeel, status, service_id)::slot_content) into arrived from new_rows;
  elsif tg_op = 'DELETE' then
    select array_agg((roster_id, employee_id, date, dagdeel, status, service_id)::slot_content) into gone from old_rows;
  else
    select array_agg((c.roster_id, c.employee_id, c.date, c.dagdeel, c.status, c.service_id)::slot_content) into gone
    from (select roster_id, employee_id, date, dagdeel, status, service_id from old_rows
          except select roster_id, employee_id, date, dagdeel, status, service_id from new_rows) as c;
    select array_agg((c.roster_id, c.employee_id, c.date, c.dagdeel, c.status, c.service_id)::slot_content) into arrived
    from (select roster_id, employee_id, date, dagdeel, status, service_id from new_rows
          except select roster_id, employee_id, date, dagdeel, status, service_id from old_rows) as c;
  end if;
  if gone is null and arrived is null or gone = '{}' and arrived is null or gone is null and arrived = '{}' then
    return null;
  end if;

  -- Locked in one order, so that two transactions over the same rosters cannot wait for each other.
  for changed_roster in
    select distinct roster_id from (select roster_id from unnest(gone) union all select roster_id from unnest(arrived)) as c
    order by roster_id
  loop
    perform lock_roster(changed_roster);
  end loop;

  select array_agg(distinct (t.roster_id, t.employee_id, t.date, t.dagdeel, null, null)::slot_content) into touched
  from (
    -- what duties block that came or went
    select c.roster_id, c.employee_id, c.date + r.dag_offset as date, r.dagdeel
    from (select * from unnest(gone) union all select * from unnest(arrived)) as c
    join service_blocking_rules as r on r.service_id = c.service_id
    where c.status = 1
    union all
    -- slots that came free, and may lie under a duty
    select roster_id, employee_id, date, dagdeel from unnest(arrived) where status = 0
    union all
    select roster_id, employee_id, date, dagdeel from unnest(gone) where status <> 0
  ) as t;

  if touched is not null then
    perform sync_blocked_slots(
      array(select g from unnest(gone) as g where (g).status = 1), touched);
  end if;
  return null;
end
$$;
comment on function public.keep_blocking_true is 'Trigger: blocked slots follow the duties of roster_assignments.';

create trigger keep_blocking_true_after_insert after insert on public.roster_assignments
  referencing new table as new_rows for each statement execute function public.keep_blocking_true();
create trigger keep_blocking_true_after_update after update on public.roster_assignments
  referencing old table as old_rows new table as new_rows for each statement execute function public.keep_blocking_true();
create trigger keep_blocking_true_after_delete after delete on public.roster_assignments
  referencing old table as old_rows for each statement execute function public.keep_blocking_true();

create function public.refuse_dates_outside_roster() returns trigger
language plpgsql volatile
set search_path = public, pg_temp
as $$
declare
  stray record;
begin
  select n.*, r.start_date, r.end_date into stray
  from new_rows as n join rosters as r on r.id = n.roster_id
  where n.date not between r.start_date and r.end_date
  order by n.date, n.dagdeel limit 1;
  if found then
    raise check_violation using
      message = format('%s: date %s lies outside the roster (%s to %s)', tg_table_name, stray.date, stray.start_date, stray.end_date),
      constraint = tg_table_name || '_date_in_roster', table = tg_table_name, schema = tg_table_schema;
  end if;
  return null;
end
$$;
comment on function public.refuse_dates_outside_roster is 'Trigger: rows of a roster lie within its dates.';

create trigger date_in_roster_after_insert after insert on public.roster_assignments
  referencing new table as new_rows for each statement execute function public.refuse_dates_outside_roster();
create trigger date_in_roster_after_update after update on public.roster_assignments
  referencing new table as new_rows for each statement execute function public.refuse_dates_outside_roster();
create trigger date_in_roster_after_insert after insert on public.roster_period_staffing_dagdelen
  referencing new table as new_rows for each statement execute function public.refuse_dates_outside_roster();
create trigger date_in_roster_after_update after update on public.roster_period_staffing_dagdelen
  referencing new table as new_rows for each statement execute function public.refuse_dates_outside_roster();

create function public.keep_rows_in_roster() returns trigger
language plpgsql volatile
set search_path = public, pg_temp
as $$
begin
  perform lock_roster(new.id);
  if exists (select from roster_assignments where roster_id = new.id and date not between new.start_date and new.end_date)
     or exists (select from roster_period_staffing_dagdelen where roster_id = new.id and date not between new.start_date and new.end_date)
  then
    raise check_violation using
      message = format('roster %s has rows outside %s to %s', new.id, new.start_date, new.end_date),
      hint = 'Delete those rows first.',
      constraint = 'rosters_rows_in_dates', table = tg_table_name, schema = tg_table_schema;
  end if;
  -- A longer roster has slots that its duties block already.
  perform sync_blocked_slots('{}', array(
    select distinct (a.roster_id, a.employee_id, a.date + r.dag_offset, r.dagdeel, null, null)::slot_content
    from roster_assignments as a join service_blocking_rules as r on r.service_id = a.service_id
    where a.roster_id = new.id and a.status = 1));
  return null;
end
$$;
comment on function public.keep_rows_in_roster is 'Trigger: changed dates of a roster keep its rows inside and its blocked slots complete.';

create trigger keep_rows_in_roster after update of start_date, end_date on public.rosters
  for each row when (old.start_date <> new.start_date or old.end_date <> new.end_date)
  execute function public.keep_rows_in_roster();
