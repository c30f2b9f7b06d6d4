-- Plans that were asked for, worked off one at a time.

create table public.roster_plans (
  id             uuid primary key,
  roster_id      uuid not null references public.rosters (id) on delete cascade,
  actor          text not null check (char_length(actor) between 1 and 200),
  options        jsonb not null,
  state          text not null default 'waiting' check (state in ('waiting', 'running', 'done', 'failed', 'cancelled')),
  asked_at       timestamptz not null default clock_timestamp(),
  started_at     timestamptz,
  ended_at       timestamptz,
  cancelled_by   text,
  worker         uuid,
  beat_at        timestamptz,
  progress       jsonb,
  result         jsonb,
  error          jsonb,
  request_digest text not null
);
comment on table public.roster_plans is 'A queue: one plan is running, and one is waiting or running for a roster. beat_at: the last sign of life of its worker.';
create unique index roster_plans_one_a_roster on public.roster_plans (roster_id) where state in ('waiting', 'running');
create unique index roster_plans_one_running on public.roster_plans (state) where state = 'running';
create index on public.roster_plans (roster_id, asked_at);
alter table public.roster_plans enable row level security;

create function public.lock_plans() returns void
language sql volatile
set search_path = public, pg_temp
as $$
  select pg_advisory_xact_lock(hashtextextended('plans:' || current_schema(), 0))
$$;
comment on function public.lock_plans is 'One transaction at a time decides what becomes of the queue.';

create function public.plan_document(p_plan public.roster_plans, p_with_result boolean default true) returns jsonb
language sql stable
set search_path = public, pg_temp
as $$
  select jsonb_build_object(
    'id', p_plan.id, 'roster_id', p_plan.roster_id, 'actor', p_plan.actor, 'options', p_plan.options, 'state', p_plan.state,
    'asked_at', p_plan.asked_at, 'started_at', p_plan.started_at, 'ended_at', p_plan.ended_at, 'cancelled_by', p_plan.cancelled_by,
    'progress', p_plan.progress, 'result', case when p_with_result then p_plan.result end, 'error', p_plan.error)
$$;
comment on function public.plan_document is 'A plan as an answer.';

create function public.plan_under_way(p_roster_ids uuid[]) returns jsonb
language plpgsql volatile
set search_path = public, pg_temp
as $$
begin
  -- Held to the end of the transaction: whoever asks for a plan sees what became of the roster.
  perform lock_plans();
  return (select jsonb_build_object('outcome', 'under_way', 'plan', plan_document(p, false)) from roster_plans as p
          where roster_id = any (p_roster_ids) and state in ('waiting', 'running') order by asked_at, id limit 1);
end
$$;
comment on function public.plan_under_way is 'The refusal of what cannot be done while one of these rosters is being planned; null when none is.';

create function public.is_silent(p_plan public.roster_plans, p_stale_seconds double precision) returns boolean
language sql volatile
set search_path = public, pg_temp
as $$
  -- Whichever way: a clock that was set back must not keep the plan of a dead worker.
  select abs(extract(epoch from clock_timestamp() - p_plan.beat_at)) > p_stale_seconds
$$;
comment on function public.is_silent is 'Whether the worker of a running plan has given no sign of life for so long.';

create function public.ask_plan_v1(p_request jsonb) returns jsonb
language plpgsql volatile
set search_path = public, pg_temp
set lock_timeout = '5s'
as $$
-- p_request: {id, roster_id, actor, options}. Outcomes: asked; and with nothing changed: under_way (with that plan), busy, unknown_roster,
-- final_roster, plan_id_reused.
declare
  request     jsonb := document_of(p_request);
  v_roster_id uuid := request ->> 'roster_id';
  v_digest    text := md5(request::text);
  v_plan      roster_plans;
  v_answer    jsonb;
begin
  perform lock_plans();
  select * into v_plan from roster_plans where id = (request ->> 'id')::uuid;
  if found then
    return case when v_plan.request_digest = v_digest then jsonb_build_object('outcome', 'asked', 'plan', plan_document(v_plan))
                else '{"outcome": "plan_id_reused"}' end;
  elsif exists (select from roster_changes where id = (request ->> 'id')::uuid) then  -- which would be taken for what the plan wrote
    return '{"outcome": "plan_id_reused"}';
  elsif not exists (select from rosters where id = v_roster_id) then
    return '{"outcome": "unknown_roster"}';
  elsif exists (select from rosters where id = v_roster_id and status = 'final') then
    return '{"outcome": "final_roster"}';
  end if;
  v_answer := plan_under_way(array[v_roster_id]);
  if v_answer is not null then
    return v_answer;
  end if;
  insert into roster_plans (id, roster_id, actor, options, request_digest)
  values ((request ->> 'id')::uuid, v_roster_id, request ->> 'actor', request -> 'options', v_digest)
  returning * into v_plan;
  return jsonb_build_object('outcome', 'asked', 'plan', plan_document(v_plan));
exception
  when lock_not_available or deadlock_detected then
    return '{"outcome": "busy"}';
  when foreign_key_violation then  -- deleted at this moment
    return '{"outcome": "unknown_roster"}';
end
$$;
comment on function public.ask_plan_v1 is 'Puts a plan in the queue.';

create function public.claim_plan_v1(p_worker uuid, p_stale_seconds double precision default 30) returns jsonb
language plpgsql volatile
set search_path = public, pg_temp
set lock_timeout = '5s'
as $$
declare
  v_plan roster_plans;
begin
  perform lock_plans();
  update roster_plans as p set state = 'cancelled', ended_at = clock_timestamp()
  where state = 'running' and cancelled_by is not null and is_silent(p, p_stale_seconds);

  select * into v_plan from roster_plans where state = 'running';
  if not found then
    select * into v_plan from roster_plans where state = 'waiting' order by asked_at, id limit 1;
  elsif v_plan.worker <> p_worker and not is_silent(v_plan, p_stale_seconds) then
    return null;
  end if;
  -- Its own plan again, whose answer was lost, goes on as it is.
  update roster_plans
  set state = 'running', beat_at = clock_timestamp(), worker = p_worker,
      started_at = case when worker = p_worker then started_at else clock_timestamp() end,
      progress = case when worker = p_worker then progress end
  where id = v_plan.id
  returning * into v_plan;
  return case when found then plan_document(v_plan) end;
exception
  when lock_not_available or deadlock_detected then
    return null;
end
$$;
comment on function public.claim_plan_v1 is
  'The plan that a worker is to work on: the oldest one that waits, or the running one when its worker has given no sign of life; null otherwise.';

create function public.beat_plan_v1(p_id uuid, p_worker uuid, p_progress jsonb default null) returns jsonb
language sql volatile
set search_path = public, pg_temp
set lock_timeout = '5s'
as $$
  with beat as (
    update roster_plans
    set beat_at = clock_timestamp(),
        progress = coalesce(nullif(document_of(p_progress), 'null'), progress)
    where id = p_id and worker = p_worker and state = 'running'
    returning cancelled_by)
  select jsonb_build_object('yours', exists (select from beat), 'cancel_by', (select cancelled_by from beat))
$$;
comment on function public.beat_plan_v1 is 'A sign of life of a worker, and how far it is. It learns whether the plan is still its own, and who wants it cancelled.';

create function public.end_plan_v1(p_request jsonb) returns jsonb
language plpgsql volatile
set search_path = public, pg_temp
set lock_timeout = '5s'
as $$
-- p_request: {id, worker, state, result, error}; state waiting gives the plan back. {"yours": false} when another worker has it, or nobody.
declare
  request jsonb := document_of(p_request);
  v_state text := request ->> 'state';
  v_plan  roster_plans;
begin
  perform lock_plans();
  select * into v_plan from roster_plans where id = (request ->> 'id')::uuid;
  if v_plan.state = 'running' and v_plan.worker = (request ->> 'worker')::uuid then
    if v_state = 'waiting' and v_plan.cancelled_by is not null then
      v_state := 'cancelled';
    end if;
    update roster_plans
    set state = v_state, ended_at = case when v_state <> 'waiting' then clock_timestamp() end,
        started_at = case when v_state <> 'waiting' then started_at end, progress = case when v_state <> 'waiting' then progress end,
        result = nullif(request -> 'result', 'null'), error = nullif(request -> 'error', 'null')
    where id = v_plan.id;
    return '{"yours": true}';
  end if;
  -- Said before, and the answer was lost.
  return jsonb_build_object('yours', coalesce(v_plan.worker = (request ->> 'worker')::uuid and v_plan.state in (v_state, 'cancelled'), false));
exception
  when lock_not_available or deadlock_detected then
    return '{"busy": true, "yours": true}';
end
$$;
comment on function public.end_plan_v1 is 'What became of the plan that a worker was working on.';

create function public.cancel_plan_v1(p_id uuid, p_actor text, p_stale_seconds double precision default 30) returns jsonb
language plpgsql volatile
set search_path = public, pg_temp
set lock_timeout = '5s'
as $$
declare
  v_plan roster_plans;
begin
  perform lock_plans();
  update roster_plans set cancelled_by = coalesce(cancelled_by, p_actor) where id = p_id and state in ('waiting', 'running');
  -- The worker of a running plan ends it, so that nothing is half done; unless there is none any more.
  update roster_plans as p set state = 'cancelled', ended_at = clock_timestamp()
  where id = p_id and (state = 'waiting' or state = 'running' and is_silent(p, p_stale_seconds));
  select * into v_plan from roster_plans where id = p_id;
  return case when found then plan_document(v_plan) end;
end
$$;
comment on function public.cancel_plan_v1 is 'Cancels a plan that waits, and asks the worker of a running one to end it; null when there is no such plan.';

create function public.get_plan_v1(p_id uuid) returns jsonb
language sql stable
set search_path = public, pg_temp
as $$
  select plan_document(p) from roster_plans as p where id = p_id
$$;
comment on function public.get_plan_v1 is 'One plan; null when there is none with this id.';

create function public.list_plans_v1(p_roster_id uuid default null, p_limit integer default 20) returns jsonb
language sql stable
set search_path = public, pg_temp
as $$
  select coalesce(jsonb_agg(line order by asked_at desc, id), '[]')
  from (select asked_at, id, plan_document(p, false) as line from roster_plans as p
        where p_roster_id is null or roster_id = p_roster_id order by asked_at desc, id limit least(p_limit, 1000)) as lines
$$;
comment on function public.list_plans_v1 is 'Plans of a roster or of all, newest first, without their results.';
