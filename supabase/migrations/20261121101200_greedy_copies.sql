-- Copies, to try something in.

create table public.roster_copies (
  copy_id        uuid primary key references public.rosters (id) on delete cascade,
  original_id    uuid not null references public.rosters (id) on delete cascade,
  actor          text not null check (char_length(actor) between 1 and 200),
  made_at        timestamptz not null default clock_timestamp(),
  slots          jsonb not null check (jsonb_typeof(slots) = 'array'),
  digest         text not null,
  check (copy_id <> original_id)
);
comment on table public.roster_copies is 'Which rosters are copies, and of what. slots, digest: what the original held when the copy was made.';
create index on public.roster_copies (original_id);
alter table public.roster_copies enable row level security;

create function public.roster_demand_digest(p_roster_id uuid) returns text
language sql stable
set search_path = public, pg_temp
as $$
  -- Hashed once more, as in digests_of_slots.
  select concat_ws(' ', r.start_date, r.end_date,
    (select sum(hashtextextended(hash_record_extended(row(date, dagdeel, team, service_id, status, aantal), 0)::text, 0))
     from roster_period_staffing_dagdelen where roster_id = r.id and aantal > 0 and status <> 'MAG_NIET'),
    (select sum(hashtextextended(hash_record_extended(row(employee_id, service_id, aantal, actief), 1)::text, 0))
     from roster_employee_services where roster_id = r.id))
  from rosters as r where r.id = p_roster_id
$$;
comment on function public.roster_demand_digest is 'Changes when the dates, the demand or the capabilities of a roster change.';

create function public.entered_digest(p_roster_id uuid) returns text
language sql stable
set search_path = public, pg_temp
as $$
  select roster_demand_digest(p_roster_id) || ' / ' || md5(digests_of_slots(p_roster_id, '{0,1,3}')::text)
$$;
comment on function public.entered_digest is 'Changes when anything changes that a copy takes from its original, rest aside.';

create function public.copy_document(p_copy public.roster_copies) returns jsonb
language sql stable
set search_path = public, pg_temp
as $$
  select jsonb_build_object(
    'copy_id', p_copy.copy_id, 'original_id', p_copy.original_id, 'actor', p_copy.actor, 'made_at', p_copy.made_at,
    'naam', (select naam from rosters where id = p_copy.copy_id),
    'original_changed', p_copy.digest <> entered_digest(p_copy.original_id))
$$;
comment on function public.copy_document is 'A copy as an answer.';

create function public.get_copy_v1(p_copy_id uuid) returns jsonb
language sql stable
set search_path = public, pg_temp
as $$
  select copy_document(c) from roster_copies as c where copy_id = p_copy_id
$$;
comment on function public.get_copy_v1 is 'What a roster is a copy of, and since when; null when it is none.';

create function public.original_of_v1(p_roster_id uuid) returns jsonb
language sql stable
set search_path = public, pg_temp
as $$
  select to_jsonb(original_id) from roster_copies where copy_id = p_roster_id
$$;
comment on function public.original_of_v1 is 'The roster that this one is a copy of; null when it is none.';

create function public.lock_rosters(p_one uuid, p_other uuid) returns void
language plpgsql volatile
set search_path = public, pg_temp
as $$
begin
  -- In one order, so that two transactions over the same rosters cannot wait for each other.
  perform lock_roster(least(p_one, p_other));
  perform lock_roster(greatest(p_one, p_other));
end
$$;
comment on function public.lock_rosters is 'As lock_roster, of two.';

create function public.copy_roster_v1(p_request jsonb) returns jsonb
language plpgsql volatile
set search_path = public, pg_temp
set lock_timeout = '5s'
set statement_timeout = '60s'
as $$
-- p_request: {copy_id, roster_id, naam, actor}. Outcomes: made; and with nothing changed: busy, unknown_roster, copy_id_reused,
-- change_id_reused.
declare
  request   jsonb := document_of(p_request);
  v_copy_id uuid := request ->> 'copy_id';
  v_id      uuid := request ->> 'roster_id';
  v_digest  text := md5(request::text);
  v_answer  jsonb;
  v_made    roster_copies;
begin
  perform lock_rosters(v_copy_id, v_id);
  v_answer := begin_change(v_copy_id, v_digest, v_id);
  if v_answer ->> 'outcome' = 'made' then
    select * into v_made from roster_copies where copy_id = v_copy_id;
    return case when found then jsonb_build_object('outcome', 'made', 'copy_made', copy_document(v_made))
                else '{"outcome": "copy_id_reused"}' end;  -- deleted since
  elsif v_answer is not null then
    return v_answer;
  end if;

  insert into rosters (id, naam, start_date, end_date, status)
  select v_copy_id, request ->> 'naam', start_date, end_date, 'draft' from rosters where id = v_id;
  insert into roster_employee_services (roster_id, employee_id, service_id, aantal, actief)
  select v_copy_id, employee_id, service_id, aantal, actief from roster_employee_services where roster_id = v_id;
  insert into roster_period_staffing_dagdelen (roster_id, date, dagdeel, team, service_id, status, aantal)
  select v_copy_id, date, dagdeel, team, service_id, status, aantal from roster_period_staffing_dagdelen where roster_id = v_id;
  insert into roster_assignments (roster_id, employee_id, date, dagdeel, service_id, status, source, notes,
                                  blocked_by_date, blocked_by_dagdeel, blocked_by_service_id)
  select v_copy_id, employee_id, date, dagdeel, service_id, status, source, notes, blocked_by_date, blocked_by_dagdeel, blocked_by_service_id
  from roster_assignments where roster_id = v_id;
  -- The triggers look at duties and at slots that came free; a block whose rule is gone is neither.
  if has_stale_blocks(v_copy_id) then
    perform refresh_blocking(v_copy_id);
  end if;
  insert into roster_copies (copy_id, original_id, actor, slots, digest)
  values (v_copy_id, v_id, request ->> 'actor', entered_slots(v_id), entered_digest(v_id))
  returning * into v_made;
  perform keep_change(v_copy_id, v_id, 'copy', request ->> 'actor', v_digest, '[]', request ->> 'naam');
  return jsonb_build_object('outcome', 'made', 'copy_made', copy_document(v_made));
exception
  when lock_not_available or deadlock_detected then
    return '{"outcome": "busy"}';
  when unique_violation then
    return '{"outcome": "copy_id_reused"}';
end
$$;
comment on function public.copy_roster_v1 is 'A roster with all that it holds under another id, as a draft. The history of the original has the line.';

create function public.list_copies_v1(p_roster_id uuid default null) returns jsonb
language sql stable
set search_path = public, pg_temp
as $$
  select coalesce(jsonb_agg(copy_document(c) order by made_at, copy_id), '[]')
  from roster_copies as c where p_roster_id is null or original_id = p_roster_id
$$;
comment on function public.list_copies_v1 is 'The copies of a roster or of all, oldest first.';

create function public.take_over_copy_v1(p_request jsonb) returns jsonb
language plpgsql volatile
set search_path = public, pg_temp
set lock_timeout = '5s'
set statement_timeout = '60s'
as $$
-- p_request: {id, copy_id, actor, although_changed}. Outcomes: made; and with nothing changed: conflict (what changed in the original since),
-- input_differs, under_way (with a plan of one of the two), busy, unknown_copy, final_roster, change_id_reused.
declare
  request     jsonb := document_of(p_request);
  v_id        uuid := request ->> 'id';
  v_copy_id   uuid := request ->> 'copy_id';
  v_digest    text := md5(request::text);
  v_original  uuid := (select original_id from roster_copies where copy_id = v_copy_id);
  v_copy      roster_copies;
  v_stands    jsonb;
  v_changes   jsonb;
  v_conflicts jsonb;
  v_answer    jsonb;
begin
  perform lock_rosters(v_copy_id, v_original);
  v_answer := begin_change(v_id, v_digest, v_original);
  if v_answer ->> 'outcome' = 'unknown_roster' then
    return '{"outcome": "unknown_copy"}';
  elsif v_answer is not null then
    return v_answer;
  end if;
  perform from rosters where id = v_copy_id for share nowait;
  select * into v_copy from roster_copies where (copy_id, original_id) = (v_copy_id, v_original);
  if not found then  -- any more, at this moment
    return jsonb_build_object('outcome', 'busy', 'roster_id', v_original);
  end if;
  v_answer := plan_under_way(array[v_original, v_copy_id]);
  if v_answer is not null then
    return v_answer;
  end if;
  if exists (select from rosters where id = v_original and status = 'final') then
    return jsonb_build_object('outcome', 'final_roster', 'roster_id', v_original);
  elsif roster_demand_digest(v_original) <> roster_demand_digest(v_copy.copy_id) then
    return jsonb_build_object('outcome', 'input_differs', 'roster_id', v_original);
  end if;
  v_stands := entered_slots(v_original);
  v_changes := difference_of_slots(v_stands, entered_slots(v_copy.copy_id));
  if not coalesce((request ->> 'although_changed')::boolean, false) then
    -- What would be lost: changed since, and not to what the copy holds, as an earlier take-over did.
    v_conflicts := conflicts_of_slots(v_original, (
      select coalesce(jsonb_agg(c), '[]') from jsonb_array_elements(difference_of_slots(v_copy.slots, v_stands)) as c
      where c - 'before' - 'after' in (select d - 'before' - 'after' from jsonb_array_elements(v_changes) as d)));
    if v_conflicts is not null then
      return jsonb_build_object('outcome', 'conflict', 'roster_id', v_original, 'conflicts', v_conflicts);
    end if;
  end if;
  return keep_change(v_id, v_original, 'take_over', request ->> 'actor', v_digest, put_slots(v_original, v_changes),
                     (select naam from rosters where id = v_copy.copy_id));
exception
  when lock_not_available or deadlock_detected then
    return jsonb_build_object('outcome', 'busy', 'roster_id', v_original);
  when unique_violation then
    return '{"outcome": "change_id_reused"}';
end
$$;
comment on function public.take_over_copy_v1 is 'Work and absence of a copy become those of its original, all or nothing.';

create function public.delete_copy_v1(p_request jsonb) returns jsonb
language plpgsql volatile
set search_path = public, pg_temp
set lock_timeout = '5s'
set statement_timeout = '60s'
as $$
-- p_request: {copy_id, actor}. Outcomes: made; and with nothing changed: under_way (with its plan), busy, unknown_copy, final_roster.
declare
  request   jsonb := document_of(p_request);
  v_copy_id uuid := request ->> 'copy_id';
  v_id      uuid := md5('delete ' || v_copy_id)::uuid;
  v_copy    roster_copies;
  v_naam    text;
  v_answer  jsonb;
begin
  v_answer := begin_change(v_id, v_copy_id::text, v_copy_id);
  if v_answer ->> 'outcome' = 'made' then
    return v_answer;
  end if;
  select * into v_copy from roster_copies where copy_id = v_copy_id;
  if not found then
    return '{"outcome": "unknown_copy"}';
  end if;
  v_answer := plan_under_way(array[v_copy_id]);
  if v_answer is not null then
    return v_answer;
  end if;
  select naam into v_naam from rosters where id = v_copy_id for update nowait;
  if exists (select from rosters where id = v_copy_id and status = 'final') then
    return '{"outcome": "final_roster"}';
  end if;
  perform from roster_assignments where roster_id = v_copy_id for update nowait;
  -- Copies of this copy are copies of its original then.
  update roster_copies set original_id = v_copy.original_id where original_id = v_copy_id;
  delete from rosters where id = v_copy_id;
  return keep_change(v_id, v_copy.original_id, 'delete', request ->> 'actor', v_copy_id::text, '[]', v_naam);
exception when lock_not_available or deadlock_detected then
  return '{"outcome": "busy"}';
end
$$;
comment on function public.delete_copy_v1 is 'Deletes a copy, and no other roster.';

-- Who may do what with this and the three before it; the rest as before.
create or replace function public.access_v1() returns table (kind text, name text, authenticated text[], service_role text[])
language sql immutable
set search_path = public, pg_temp
as $$
  select 'table', t, '{SELECT}'::text[], '{SELECT,INSERT,UPDATE,DELETE}'::text[] from unnest(array[
    'public.employees', 'public.service_types', 'public.service_blocking_rules', 'public.rosters',
    'public.roster_period_staffing_dagdelen', 'public.roster_employee_services', 'public.roster_assignments', 'public.roster_writes',
    'public.roster_changes', 'public.roster_plans', 'public.roster_publications', 'public.roster_copies',
    'meta.ingestion_runs', 'meta.entity_quality']) as t
  union all
  -- Raw records are personal, and the reason of an absence can be that somebody is ill.
  select 'table', t, '{}', '{SELECT,INSERT,UPDATE,DELETE}' from unnest(array['public.absences', 'bronze.raw_entities', 'meta.faulty_records']) as t
  union all
  select 'sequence', s, '{}', '{USAGE}' from unnest(array['public.roster_changes_number_seq', 'bronze.change_numbers']) as s
  union all
  select 'schema', 'bronze', '{}', '{USAGE}'
  union all
  select 'schema', 'meta', '{USAGE}', '{USAGE}'
  union all
  select 'view', v, '{SELECT}', '{SELECT}' from unnest(array[
    'public.roster_slot_counts', 'public.roster_service_coverage', 'public.roster_employee_service_usage']) as v
  union all
  -- What the job and the planners' page call, and what that calls with their rights.
  select 'function', f, '{}', '{EXECUTE}' from unnest(array[
    'public.load_roster_v1', 'public.list_rosters_v1', 'public.count_slots_v1', 'public.import_roster_v1', 'public.write_roster_v1',
    'public.verify_roster_v1', 'public.probe_blocking_v1', 'public.list_triggers_v1', 'public.applied_migrations_v1',
    'public.database_facts_v1', 'public.access_v1', 'public.access_faults_v1', 'public.own_history_v1',
    'public.import_roster', 'public.lock_roster', 'public.sync_blocked_slots', 'public.refresh_blocking', 'public.has_stale_blocks',
    'public.roster_employee_ids', 'public.roster_service_ids', 'public.roster_input_digest',
    'public.is_weekly_absence', 'public.is_structurally_absent', 'public.apply_absences_v1',
    'public.change_slots_v1', 'public.list_changes_v1', 'public.get_change_v1', 'public.roster_state_v1', 'public.roster_news_v1',
    'public.content_of_slot', 'public.change_document', 'public.begin_change', 'public.keep_change', 'public.conflicts_of_slots',
    'public.faults_of_slots', 'public.put_slots', 'public.keep_plan', 'public.slots_of_change', 'public.digests_of_slots',
    'public.mark_of_roster', 'public.state_of_roster', 'public.rows_of_slots',
    'public.entered_slots', 'public.difference_of_slots', 'public.ask_plan_v1', 'public.claim_plan_v1', 'public.beat_plan_v1',
    'public.end_plan_v1', 'public.cancel_plan_v1', 'public.get_plan_v1', 'public.list_plans_v1', 'public.publish_roster_v1',
    'public.reopen_roster_v1', 'public.list_publications_v1', 'public.copy_roster_v1', 'public.list_copies_v1',
    'public.take_over_copy_v1', 'public.delete_copy_v1', 'public.lock_plans', 'public.plan_document', 'public.publication_document',
    'public.roster_demand_digest', 'public.entered_digest', 'public.copy_document', 'public.lock_rosters', 'public.document_of',
    'public.is_silent', 'public.get_copy_v1', 'public.original_of_v1', 'public.plan_under_way']) as f
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
