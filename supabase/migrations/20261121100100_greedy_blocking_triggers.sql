-- Triggers that keep blocking true: while a duty with blocking rules is ACTIVE, the slots that its rules name are not OPEN.
-- Statement-level, because the program writes in batches.

create function public.lock_roster(p_roster_id uuid) returns void
language plpgsql volatile
set search_path = pg_catalog, pg_temp
as $$
begin
  -- A transaction lock: safe behind a connection pooler. The setting spares asking for it again for every row.
  if current_setting('greedy.locked_roster', true) is distinct from p_roster_id::text then
    perform pg_advisory_xact_lock(hashtextextended('roster:' || p_roster_id, 0));
    perform set_config('greedy.locked_roster', p_roster_id::text, true);
  end if;
end
$$;
comment on function public.lock_roster is
  'One transaction at a time changes the slots of a roster. Take it before the first change, then two of them never wait for each other.';

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
-- A slot and the duty that blocks it.
create type public.slot_blocker as (
  roster_id uuid, employee_id text, date date, dagdeel text, by_date date, by_dagdeel text, by_service_id uuid);

create function public.sync_blocked_slots(touched public.slot_content[]) returns void
language plpgsql volatile
set search_path = public, pg_temp
-- A look-up in the index for each slot, however large the array and whatever the planner knew of the table when it made its plan.
set enable_nestloop = on
set enable_seqscan = off
as $$
-- touched: slots to bring in line, each once (their status and service are not read).
declare
  ruled slot_blocker[];
begin
  -- Each slot with the duty that blocks it, null if none does; when several do, the first by date, dagdeel and service is on record.
  -- Absence goes before blocking, and nothing lies outside the roster.
  ruled := array(
    select (t.roster_id, t.employee_id, t.date, t.dagdeel, duty.date, duty.dagdeel, duty.service_id)::slot_blocker
    from unnest(touched) as t
    left join lateral (
      select a.date, a.dagdeel, a.service_id
      from service_blocking_rules as r
      join roster_assignments as a
        on a.service_id = r.service_id and a.status = 1 and a.roster_id = t.roster_id and a.employee_id = t.employee_id
           and a.date = t.date - r.dag_offset
      join rosters on rosters.id = t.roster_id and t.date between rosters.start_date and rosters.end_date
      join employees on employees.id = t.employee_id
      where r.dagdeel = t.dagdeel and not is_structurally_absent(employees.structureel_nbh, t.date, t.dagdeel)
      order by a.date, position(a.dagdeel in 'OMA'), a.service_id
      limit 1) as duty on true);

  -- A block of the program or of these triggers follows the duty that blocks the slot now; without one the slot becomes OPEN. So does the
  -- block of anybody else when the duty of this roster that it names is gone. Rest that others keep for other reasons stays.
  update roster_assignments as slot
  set status = case when b.by_date is null then 0 else 2 end,
      blocked_by_date = b.by_date,
      blocked_by_dagdeel = b.by_dagdeel,
      blocked_by_service_id = b.by_service_id,
      source = case when b.by_date is null then null else 'trigger' end,
      notes = case when slot.notes like 'Blocked by %' then null else slot.notes end
  from unnest(ruled) as b
  where slot.roster_id = b.roster_id and slot.employee_id = b.employee_id and slot.date = b.date and slot.dagdeel = b.dagdeel
    and slot.status = 2
    and (slot.blocked_by_date, slot.blocked_by_dagdeel, slot.blocked_by_service_id) is distinct from (b.by_date, b.by_dagdeel, b.by_service_id)
    and (slot.source in ('trigger', 'greedy-blocking')
         or exists (select from rosters where id = slot.roster_id and slot.blocked_by_date between start_date and end_date)
            and not exists (
              select from roster_assignments as duty
              where duty.roster_id = slot.roster_id and duty.employee_id = slot.employee_id and duty.date = slot.blocked_by_date
                and duty.dagdeel = slot.blocked_by_dagdeel and duty.service_id = slot.blocked_by_service_id and duty.status = 1));

  -- OPEN slots under a duty become BLOCKED; a slot without a row gets one. ACTIVE and UNAVAILABLE are never overwritten.
  insert into roster_assignments
    (roster_id, employee_id, date, dagdeel, status, source, blocked_by_date, blocked_by_dagdeel, blocked_by_service_id)
  select roster_id, employee_id, date, dagdeel, 2, 'trigger', by_date, by_dagdeel, by_service_id from unnest(ruled) where by_date is not null
  on conflict (roster_id, employee_id, date, dagdeel) do update
  set status = 2, source = 'trigger', blocked_by_date = excluded.blocked_by_date,
      blocked_by_dagdeel = excluded.blocked_by_dagdeel, blocked_by_service_id = excluded.blocked_by_service_id
  where roster_assignments.status = 0;
end
$$;
comment on function public.sync_blocked_slots is 'Makes BLOCKED what duties block and frees what no duty blocks any more, in set-based statements.';

create function public.refresh_blocking(p_roster_id uuid) returns void
language plpgsql volatile
set search_path = public, pg_temp
as $$
begin
  perform lock_roster(p_roster_id);
  perform sync_blocked_slots(array(
    select (a.roster_id, a.employee_id, a.date + r.dag_offset, r.dagdeel, null, null)::slot_content
    from roster_assignments as a join service_blocking_rules as r on r.service_id = a.service_id
    where a.roster_id = p_roster_id and a.status = 1
    union
    select (roster_id, employee_id, date, dagdeel, null, null)::slot_content
    from roster_assignments where roster_id = p_roster_id and status = 2));
end
$$;
comment on function public.refresh_blocking is 'Brings all blocked slots of a roster in line with its duties and the rules.';

create function public.has_stale_blocks(p_roster_id uuid) returns boolean
language sql stable
set search_path = public, pg_temp
set enable_nestloop = off  -- all blocks of the roster against all its duties at once
as $$
  select exists (
    select from roster_assignments as slot join employees as e on e.id = slot.employee_id
    where slot.roster_id = p_roster_id and slot.status = 2 and slot.source in ('trigger', 'greedy-blocking')
      and (is_structurally_absent(e.structureel_nbh, slot.date, slot.dagdeel)
           or (slot.employee_id, slot.date, slot.dagdeel, slot.blocked_by_date, slot.blocked_by_service_id) not in (
             select a.employee_id, a.date + r.dag_offset, r.dagdeel, a.date, a.service_id
             from roster_assignments as a join service_blocking_rules as r on r.service_id = a.service_id
             where a.roster_id = p_roster_id and a.status = 1)))
$$;
comment on function public.has_stale_blocks is 'Whether a block of the program or the triggers names a duty that does not block it.';

create function public.keep_blocking_true() returns trigger
language plpgsql volatile security definer  -- whoever may change a slot: its blocks follow, whatever rows of others she may see
set search_path = public, pg_temp
as $$
declare
  gone    slot_content[] := '{}';
  arrived slot_content[] := '{}';
  moved   slot_content[] := '{}';
  touched slot_content[];
  changed_roster uuid;
begin
  -- Rows whose content did not change drop out, so that the updates of this very trigger end the recursion.
  if tg_op = 'INSERT' then
    arrived := array(select (roster_id, employee_id, date, dagdeel, status, service_id)::slot_content from new_rows);
  elsif tg_op = 'DELETE' then
    gone := array(select (roster_id, employee_id, date, dagdeel, status, service_id)::slot_content from old_rows);
  else
    gone := array(
      select (roster_id, employee_id, date, dagdeel, status, service_id)::slot_content from old_rows
      except select (roster_id, employee_id, date, dagdeel, status, service_id)::slot_content from new_rows);
    arrived := array(
      select (roster_id, employee_id, date, dagdeel, status, service_id)::slot_content from new_rows
      except select (roster_id, employee_id, date, dagdeel, status, service_id)::slot_content from old_rows);
    moved := array(
      select (roster_id, employee_id, date, dagdeel, null, null)::slot_content from new_rows where status = 2
      except select (roster_id, employee_id, date, dagdeel, null, null)::slot_content from old_rows);
  end if;
  if gone = '{}' and arrived = '{}' then
    return null;
  end if;

  -- Locked in one order, so that two transactions over the same rosters cannot wait for each other.
  for changed_roster in
    select distinct roster_id from (select roster_id from unnest(gone) union all select roster_id from unnest(arrived)) as c
    order by roster_id
  loop
    perform lock_roster(changed_roster);
  end loop;

  touched := array(
    -- what duties block that came or went
    select (c.roster_id, c.employee_id, c.date + r.dag_offset, r.dagdeel, null, null)::slot_content
    from (select * from unnest(gone) union all select * from unnest(arrived)) as c
    join service_blocking_rules as r on r.service_id = c.service_id
    where c.status = 1
    union
    -- slots that came free, and may lie under a duty
    select (roster_id, employee_id, date, dagdeel, null, null)::slot_content from unnest(arrived) where status = 0
    union
    select (roster_id, employee_id, date, dagdeel, null, null)::slot_content from unnest(gone) where status <> 0
    union
    -- blocked slots that were moved to where their duty may not block
    select m from unnest(moved) as m);

  if touched <> '{}' then
    perform sync_blocked_slots(touched);
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

create function public.lock_roster_of_new_slot() returns trigger
language plpgsql volatile security definer
set search_path = public, pg_temp
as $$
begin
  perform lock_roster(new.roster_id);
  return new;
end
$$;
comment on function public.lock_roster_of_new_slot is
  'Trigger: a new slot waits for the roster before it takes its place in the index, so that it and a write never wait for each other.';

create trigger lock_roster_before_insert before insert on public.roster_assignments
  for each row when (current_setting('greedy.locked_roster', true) is distinct from new.roster_id::text)
  execute function public.lock_roster_of_new_slot();

create function public.refresh_blocking_of_rules() returns trigger
language plpgsql volatile security definer
set search_path = public, pg_temp
as $$
declare
  changed uuid[] := '{}';
begin
  if tg_op <> 'INSERT' then
    changed := changed || array(select service_id from old_rows);
  end if;
  if tg_op <> 'DELETE' then
    changed := changed || array(select service_id from new_rows);
    if exists (select from new_rows as n join service_types as s on s.id = n.service_id where n.dag_offset = 0 and n.dagdeel = s.dagdeel) then
      raise check_violation using message = 'a service would block its own slot',
        constraint = 'service_blocking_rules_not_itself', table = tg_table_name, schema = tg_table_schema;
    end if;
  end if;
  if changed <> '{}' then
    perform refresh_blocking(roster_id) from (
      select distinct a.roster_id from roster_assignments as a join rosters on rosters.id = a.roster_id and rosters.status <> 'final'
      where a.status = 1 and a.service_id = any (changed) order by a.roster_id) as r;
  end if;
  return null;
end
$$;
comment on function public.refresh_blocking_of_rules is 'Trigger: changed rules hold for the duties that stand already; final rosters stay as they are.';

create trigger refresh_blocking_after_insert after insert on public.service_blocking_rules
  referencing new table as new_rows for each statement execute function public.refresh_blocking_of_rules();
create trigger refresh_blocking_after_update after update on public.service_blocking_rules
  referencing old table as old_rows new table as new_rows for each statement execute function public.refresh_blocking_of_rules();
create trigger refresh_blocking_after_delete after delete on public.service_blocking_rules
  referencing old table as old_rows for each statement execute function public.refresh_blocking_of_rules();

create function public.refresh_blocking_of_absence() returns trigger
language plpgsql volatile security definer
set search_path = public, pg_temp
as $$
begin
  perform refresh_blocking(roster_id) from (
    select distinct a.roster_id from roster_assignments as a
    join rosters on rosters.id = a.roster_id and rosters.status <> 'final'
    join new_rows as n on n.id = a.employee_id
    join old_rows as o on o.id = n.id and o.structureel_nbh <> n.structureel_nbh
    order by a.roster_id) as r;
  return null;
end
$$;
comment on function public.refresh_blocking_of_absence is 'Trigger: a changed weekly absence holds for the slots that are blocked already; final rosters stay as they are.';

create trigger refresh_blocking_after_update after update on public.employees
  referencing old table as old_rows new table as new_rows
  for each statement execute function public.refresh_blocking_of_absence();

create function public.refuse_dates_outside_roster() returns trigger
language plpgsql volatile security definer
set search_path = public, pg_temp
as $$
declare
  stray record;
begin
  -- First the lock: the roster's dates may be changing in another transaction at this moment.
  perform lock_roster(roster_id) from (select distinct roster_id from new_rows order by roster_id) as r;
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

create function public.refuse_demand_in_other_dagdeel() returns trigger
language plpgsql volatile security definer
set search_path = public, pg_temp
as $$
declare
  stray record;
begin
  select n.date, n.dagdeel, s.code, s.dagdeel as own into stray
  from new_rows as n join service_types as s on s.id = n.service_id
  where n.aantal > 0 and n.status <> 'MAG_NIET' and n.dagdeel <> s.dagdeel limit 1;
  if found then
    raise check_violation using
      message = format('demand on %s %s for %s, which is a service of dagdeel %s', stray.date, stray.dagdeel, stray.code, stray.own),
      constraint = tg_table_name || '_dagdeel_of_service', table = tg_table_name, schema = tg_table_schema;
  end if;
  return null;
end
$$;
comment on function public.refuse_demand_in_other_dagdeel is
  'Trigger: a service is asked for in its own dagdeel. Rows that ask for nobody may stand anywhere, so a foreign key cannot say it.';

create trigger dagdeel_of_service_after_insert after insert on public.roster_period_staffing_dagdelen
  referencing new table as new_rows for each statement execute function public.refuse_demand_in_other_dagdeel();
create trigger dagdeel_of_service_after_update after update on public.roster_period_staffing_dagdelen
  referencing new table as new_rows for each statement execute function public.refuse_demand_in_other_dagdeel();

create function public.keep_rows_in_roster() returns trigger
language plpgsql volatile security definer
set search_path = public, pg_temp
as $$
begin
  perform lock_roster(new.id);
  -- Rest that the program or the triggers keep goes with the days; they would bring it back if somebody else deleted it.
  delete from roster_assignments
  where roster_id = new.id and status = 2 and source in ('trigger', 'greedy-blocking') and date not between new.start_date and new.end_date;
  if exists (select from roster_assignments where roster_id = new.id and date not between new.start_date and new.end_date)
     or exists (select from roster_period_staffing_dagdelen where roster_id = new.id and date not between new.start_date and new.end_date)
  then
    raise check_violation using
      message = format('roster %s has rows outside %s to %s', new.id, new.start_date, new.end_date),
      hint = 'Delete those rows first.',
      constraint = 'rosters_rows_in_dates', table = tg_table_name, schema = tg_table_schema;
  end if;
  -- A longer roster has slots that its duties block already.
  perform refresh_blocking(new.id);
  return null;
end
$$;
comment on function public.keep_rows_in_roster is 'Trigger: changed dates of a roster keep its rows inside and its blocked slots complete.';

create trigger keep_rows_in_roster after update of start_date, end_date on public.rosters
  for each row when (old.start_date <> new.start_date or old.end_date <> new.end_date)
  execute function public.keep_rows_in_roster();
