-- FASE 4A and 4B: a whole roster in one transaction, or nothing.

create function public.write_roster_v1(p_request jsonb) returns jsonb
language plpgsql volatile
set search_path = public, pg_temp
-- The planner takes a JSON document for 100 rows, whatever its size, and would compare thousands with thousands one by one.
set enable_nestloop = off
set lock_timeout = '10s'
as $$
-- p_request: {run_id, part, roster_id, input_digest,
--   expected: [{employee_id, date, dagdeel, status, service_id}]  the slots of others as the plan saw them: pinned, unavailable, blocked,
--   active:   [{employee_id, date, dagdeel, service_id}] or null  4A: the program's status 1 rows become exactly these,
--   blocked:  [{employee_id, date, dagdeel, blocked_by_date, blocked_by_dagdeel, blocked_by_service_id, notes}] or null  4B}
-- The answer always has an outcome: written, conflict, busy, unknown_roster, final_roster, run_id_reused.
-- Only 'written' changed anything. Refusals are answers and not errors, because errors lose their details on the way through REST.
declare
  -- A jsonb argument arrives as a JSON string behind some REST servers.
  request   jsonb := case jsonb_typeof(p_request) when 'string' then (p_request #>> '{}')::jsonb else p_request end;
  v_run_id    uuid := request ->> 'run_id';
  v_part      text := request ->> 'part';
  v_roster_id uuid := request ->> 'roster_id';
  v_digest    text := md5(request::text);
  v_answer    jsonb;
  v_conflicts jsonb;
  v_started   timestamptz := clock_timestamp();
  v_locked    timestamptz;
  v_asked     bigint;
  v_released  bigint;
  v_changed   bigint;
begin
  begin
    perform lock_roster(v_roster_id);
  exception when lock_not_available then
    return jsonb_build_object('outcome', 'busy');
  end;
  v_locked := clock_timestamp();

  select answer into v_answer from roster_writes where run_id = v_run_id and part = v_part and request_digest = v_digest;
  if found then
    return v_answer || '{"repeated": true}';
  end if;
  v_answer := jsonb_build_object('outcome', 'written', 'repeated', false, 'run_id', v_run_id, 'part', v_part, 'roster_id', v_roster_id,
                                 'waited_ms', extract(epoch from v_locked - v_started) * 1000);
  if exists (select from roster_writes where run_id = v_run_id and part = v_part) then
    return v_answer || '{"outcome": "run_id_reused"}';
  elsif not exists (select from rosters where id = v_roster_id) then
    return v_answer || '{"outcome": "unknown_roster"}';
  elsif exists (select from rosters where id = v_roster_id and status = 'final') then
    return v_answer || '{"outcome": "final_roster"}';
  end if;

  begin
    -- Locked without waiting: a planner who holds one of these rows waits for lock_roster, so waiting here could never end.
    perform from rosters where id = v_roster_id for key share nowait;
    perform from roster_assignments where roster_id = v_roster_id for update nowait;

    -- The plan was made for these slots of others and this demand; if they changed meanwhile, it is not a plan for this roster.
    -- Structural absence needs no row of its own, and the digest covers it.
    select jsonb_agg(c order by c ->> 'employee_id', c ->> 'date', c ->> 'dagdeel') into v_conflicts
    from (
      select jsonb_build_object('employee_id', employee_id, 'date', date, 'dagdeel', dagdeel,
               'expected_status', coalesce(e.status, 0), 'found_status', coalesce(f.status, 0),
               'expected_service_id', e.service_id, 'found_service_id', f.service_id) as c
      from (select x.* from jsonb_to_recordset(request -> 'expected') as x(
                employee_id text, date date, dagdeel text, status smallint, service_id uuid)
              left join employees on employees.id = x.employee_id
            where not (x.status = 3 and coalesce(is_structurally_absent(employees.structureel_nbh, x.date, x.dagdeel), false))) as e
      full join (select a.employee_id, a.date, a.dagdeel, a.status, a.service_id
                 from roster_assignments as a join employees on employees.id = a.employee_id
                 where a.roster_id = v_roster_id
                   and (a.status = 1 and a.source is distinct from 'greedy'
                        or a.status = 2 and coalesce(a.source, '') not in ('trigger', 'greedy-blocking') and not exists (
                          select from roster_assignments as duty
                          where (duty.roster_id, duty.employee_id, duty.date, duty.dagdeel, duty.service_id, duty.status) =
                                (a.roster_id, a.employee_id, a.blocked_by_date, a.blocked_by_dagdeel, a.blocked_by_service_id, 1))
                        or a.status = 3 and not is_structurally_absent(employees.structureel_nbh, a.date, a.dagdeel))) as f
        using (employee_id, date, dagdeel)
      where (e.status, e.service_id) is distinct from (f.status, f.service_id)) as difference;
    if roster_input_digest(v_roster_id) is distinct from request ->> 'input_digest' then
      v_conflicts := coalesce(v_conflicts, '[]') || '[{"input": "demand, capabilities, services or rules changed"}]';
    end if;
    if v_conflicts is not null then
      raise exception using errcode = 'GR409';
    end if;
    -- Blocks of the program or the triggers that have lost their reason do not stand in the way of the new roster.
    if has_stale_blocks(v_roster_id) then
      perform refresh_blocking(v_roster_id);
    end if;

    if jsonb_typeof(request -> 'active') = 'array' then
      -- Own rows that the new roster does not have, or has otherwise, go first: their blocks are freed by the trigger.
      update roster_assignments as slot
      set status = 0, service_id = null, source = null
      where slot.roster_id = v_roster_id and slot.status = 1 and slot.source = 'greedy'
        and not exists (
          select from jsonb_to_recordset(request -> 'active') as x(employee_id text, date date, dagdeel text, service_id uuid)
          where (x.employee_id, x.date, x.dagdeel, x.service_id) = (slot.employee_id, slot.date, slot.dagdeel, slot.service_id));
      get diagnostics v_released = row_count;

      v_asked := jsonb_array_length(request -> 'active');
      insert into roster_assignments as slot (roster_id, employee_id, date, dagdeel, service_id, status, source)
      select v_roster_id, employee_id, date, dagdeel, service_id, 1, 'greedy'
      from jsonb_to_recordset(request -> 'active') as x(employee_id text, date date, dagdeel text, service_id uuid)
      where not exists (
        select from roster_assignments as same
        where same.roster_id = v_roster_id and same.status = 1 and same.source = 'greedy'
          and (same.employee_id, same.date, same.dagdeel, same.service_id) = (x.employee_id, x.date, x.dagdeel, x.service_id))
      order by employee_id, date, dagdeel
      on conflict (roster_id, employee_id, date, dagdeel) do update
      set service_id = excluded.service_id, status = 1, source = 'greedy', created_at = now()
      where slot.status = 0;
      get diagnostics v_changed = row_count;

      -- Every row asked for stands there now, or the slot was not OPEN.
      select jsonb_agg(jsonb_build_object('employee_id', x.employee_id, 'date', x.date, 'dagdeel', x.dagdeel,
               'expected_status', 0, 'found_status', slot.status, 'expected_service_id', null, 'found_service_id', slot.service_id)
             order by x.employee_id, x.date, x.dagdeel) into v_conflicts
      from jsonb_to_recordset(request -> 'active') as x(employee_id text, date date, dagdeel text, service_id uuid)
      join roster_assignments as slot on slot.roster_id = v_roster_id
        and (slot.employee_id, slot.date, slot.dagdeel) = (x.employee_id, x.date, x.dagdeel)
      where (slot.status, slot.service_id, slot.source) is distinct from (1, x.service_id, 'greedy');
      if v_conflicts is not null then
        raise exception using errcode = 'GR409';
      end if;
      v_answer := v_answer || jsonb_build_object('assignments', jsonb_build_object(
        'written', v_asked, 'changed', v_changed, 'released', v_released,
        'duration_ms', extract(epoch from clock_timestamp() - v_locked) * 1000));
      v_locked := clock_timestamp();
    end if;

    if jsonb_typeof(request -> 'blocked') = 'array' then
      -- Blocks as the duties say, whether or not the triggers did their work. Rows that they made are adopted: the same row, now with the
      -- program's source and notes.
      if has_stale_blocks(v_roster_id) then
        perform refresh_blocking(v_roster_id);
      end if;
      v_asked := jsonb_array_length(request -> 'blocked');
      insert into roster_assignments as slot
        (roster_id, employee_id, date, dagdeel, status, source, notes, blocked_by_date, blocked_by_dagdeel, blocked_by_service_id)
      select v_roster_id, employee_id, date, dagdeel, 2, 'greedy-blocking', notes, blocked_by_date, blocked_by_dagdeel, blocked_by_service_id
      from jsonb_to_recordset(request -> 'blocked') as x(
        employee_id text, date date, dagdeel text, notes text, blocked_by_date date, blocked_by_dagdeel text, blocked_by_service_id uuid)
      order by employee_id, date, dagdeel
      on conflict (roster_id, employee_id, date, dagdeel) do update
      set status = 2, source = excluded.source, blocked_by_date = excluded.blocked_by_date,
          notes = case when slot.notes is null or slot.notes like 'Blocked by %' then excluded.notes else slot.notes end,
          blocked_by_dagdeel = excluded.blocked_by_dagdeel, blocked_by_service_id = excluded.blocked_by_service_id
      where slot.status in (0, 2)
        and (slot.status, slot.source, slot.blocked_by_date, slot.blocked_by_dagdeel, slot.blocked_by_service_id)
            is distinct from (2, excluded.source, excluded.blocked_by_date, excluded.blocked_by_dagdeel, excluded.blocked_by_service_id);
      get diagnostics v_changed = row_count;

      select jsonb_agg(jsonb_build_object('employee_id', x.employee_id, 'date', x.date, 'dagdeel', x.dagdeel,
               'expected_status', 2, 'found_status', slot.status, 'expected_service_id', null, 'found_service_id', slot.service_id)
             order by x.employee_id, x.date, x.dagdeel) into v_conflicts
      from jsonb_to_recordset(request -> 'blocked') as x(employee_id text, date date, dagdeel text)
      join roster_assignments as slot on slot.roster_id = v_roster_id
        and (slot.employee_id, slot.date, slot.dagdeel) = (x.employee_id, x.date, x.dagdeel)
      where slot.status <> 2;
      if v_conflicts is not null then
        raise exception using errcode = 'GR409';
      end if;
      v_answer := v_answer || jsonb_build_object('blocking', jsonb_build_object(
        'written', v_asked, 'changed', v_changed,
        'duration_ms', extract(epoch from clock_timestamp() - v_locked) * 1000));
    end if;
  -- These two conditions alone, so that nothing else is swallowed; what the block did is rolled back with them.
  exception
    when sqlstate 'GR409' then
      return v_answer - 'assignments' - 'blocking' || jsonb_build_object('outcome', 'conflict', 'conflicts', v_conflicts);
    when lock_not_available then
      return v_answer - 'assignments' - 'blocking' || jsonb_build_object('outcome', 'busy');
  end;

  insert into roster_writes (run_id, part, roster_id, request_digest, answer)
  values (v_run_id, v_part, v_roster_id, v_digest, v_answer);
  return v_answer;
end
$$;
comment on function public.write_roster_v1 is
  'Writes the program''s part of a roster, all or nothing. Overwrites only OPEN slots and the program''s own earlier rows.';
