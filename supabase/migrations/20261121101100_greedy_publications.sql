-- Publications: what colleagues were told.

create table public.roster_publications (
  roster_id    uuid not null references public.rosters (id) on delete cascade,
  number       integer not null check (number > 0),
  change_id    uuid not null unique,
  published_at timestamptz not null default clock_timestamp(),
  actor        text not null check (char_length(actor) between 1 and 200),
  note         text check (char_length(note) <= 2000),
  slots        jsonb not null check (jsonb_typeof(slots) = 'array'),
  services     jsonb not null default '[]' check (jsonb_typeof(services) = 'array'),
  primary key (roster_id, number)
);
comment on table public.roster_publications is
  'The work of a roster as it was published, and the services in it as they were then. change_id: its line in the history.';
alter table public.roster_publications enable row level security;

create function public.publication_document(p_publication public.roster_publications, p_with_slots boolean) returns jsonb
language sql stable
set search_path = public, pg_temp
as $$
  select jsonb_build_object(
    'roster_id', p_publication.roster_id, 'number', p_publication.number, 'published_at', p_publication.published_at,
    'actor', p_publication.actor, 'note', p_publication.note, 'slots', case when p_with_slots then p_publication.slots else '[]' end,
    'people', (
      select coalesce(jsonb_object_agg(id, btrim(concat_ws(' ', voornaam, achternaam))), '{}') from employees
      where p_with_slots and id in (select jsonb_path_query(p_publication.slots, '$[*].employee_id') #>> '{}')),
    'services', case when p_with_slots then p_publication.services else '[]' end)
$$;
comment on function public.publication_document is
  'A publication as an answer. Names are not kept in it: people are told as they are now, and not at all when they are gone.';

create function public.publish_roster_v1(p_request jsonb) returns jsonb
language plpgsql volatile
set search_path = public, pg_temp
set lock_timeout = '5s'
set statement_timeout = '60s'
as $$
-- p_request: {id, roster_id, actor, expected_state, note}. Outcomes: published; and with nothing changed: conflict (with the last line of the
-- history), under_way (with a plan, which could not be written any more), busy, unknown_roster, final_roster, change_id_reused.
declare
  request     jsonb := document_of(p_request);
  v_id        uuid := request ->> 'id';
  v_roster_id uuid := request ->> 'roster_id';
  v_digest    text := md5(request::text);
  v_made      roster_publications;
  v_answer    jsonb;
begin
  v_answer := begin_change(v_id, v_digest, v_roster_id);
  if v_answer ->> 'outcome' = 'made' then
    select * into v_made from roster_publications where change_id = v_id;
    return case when found then jsonb_build_object('outcome', 'published', 'publication', publication_document(v_made, true))
                else '{"outcome": "unknown_roster"}' end;  -- deleted since
  elsif v_answer is not null then
    return v_answer;
  end if;
  -- A roster that came here as a final one was never published here.
  if exists (select from rosters where id = v_roster_id and status = 'final')
     and exists (select from roster_publications where roster_id = v_roster_id) then
    return '{"outcome": "final_roster"}';
  end if;
  v_answer := plan_under_way(array[v_roster_id]);
  if v_answer is not null then
    return v_answer;
  elsif roster_state_v1(v_roster_id) ->> 'digest' is distinct from request ->> 'expected_state' then
    select change_document(c, 0) into v_answer from roster_changes as c where roster_id = v_roster_id order by number desc limit 1;
    return jsonb_build_object('outcome', 'conflict', 'change', v_answer);
  end if;

  update rosters set status = 'final' where id = v_roster_id;
  insert into roster_publications (roster_id, number, change_id, actor, note, slots, services)
  -- Numbers go on where a roster of the same id, which was deleted, had come: its calendars are replaced by those of this one then.
  select v_roster_id, 1 + greatest((select max(number) from roster_publications where roster_id = v_roster_id),
                                   (select count(*) from roster_changes where roster_id = v_roster_id and kind = 'publish')), v_id,
         request ->> 'actor', request ->> 'note', (
           select coalesce(jsonb_agg(jsonb_build_object('employee_id', employee_id, 'date', date, 'dagdeel', dagdeel, 'service_id', service_id,
                    'source', source) order by employee_id, date, position(dagdeel in 'OMA')), '[]')
           from roster_assignments where roster_id = v_roster_id and status = 1), (
           select coalesce(jsonb_agg(to_jsonb(s) - 'created_at' order by code), '[]') from service_types as s
           where id in (select service_id from roster_assignments where roster_id = v_roster_id and status = 1))
  returning * into v_made;
  perform keep_change(v_id, v_roster_id, 'publish', request ->> 'actor', v_digest, '[]', request ->> 'note');
  return jsonb_build_object('outcome', 'published', 'publication', publication_document(v_made, true));
exception
  when lock_not_available or deadlock_detected then
    return '{"outcome": "busy"}';
  when unique_violation then
    return '{"outcome": "change_id_reused"}';
end
$$;
comment on function public.publish_roster_v1 is 'Keeps the work of a roster as it stands, and makes the roster final.';

create function public.reopen_roster_v1(p_request jsonb) returns jsonb
language plpgsql volatile
set search_path = public, pg_temp
set lock_timeout = '5s'
as $$
-- p_request: {id, roster_id, actor}. Outcomes: made; and with nothing changed: not_final, busy, unknown_roster, change_id_reused.
declare
  request     jsonb := document_of(p_request);
  v_id        uuid := request ->> 'id';
  v_roster_id uuid := request ->> 'roster_id';
  v_digest    text := md5(request::text);
  v_answer    jsonb;
begin
  v_answer := begin_change(v_id, v_digest, v_roster_id);
  if v_answer is not null then
    return v_answer;
  end if;
  update rosters set status = 'in_progress' where id = v_roster_id and status = 'final';
  if not found then
    return '{"outcome": "not_final"}';
  end if;
  -- Rules and absences may have changed while nothing was allowed to.
  perform refresh_blocking(v_roster_id);
  return keep_change(v_id, v_roster_id, 'reopen', request ->> 'actor', v_digest);
exception
  when lock_not_available or deadlock_detected then
    return '{"outcome": "busy"}';
  when unique_violation then
    return '{"outcome": "change_id_reused"}';
end
$$;
comment on function public.reopen_roster_v1 is 'Makes a final roster one that can be planned again; what was published stays.';

create function public.list_publications_v1(p_roster_id uuid, p_with_slots boolean default false) returns jsonb
language sql stable
set search_path = public, pg_temp
as $$
  select coalesce(jsonb_agg(publication_document(p, p_with_slots) order by number), '[]') from roster_publications as p where roster_id = p_roster_id
$$;
comment on function public.list_publications_v1 is 'The publications of a roster, first one first.';
